"""The agent loop: chat model, call formats, tools as steps, event log, runs.

Nothing may leave the machine and nothing stored may run: both switches are read when LangChain
and LangGraph are imported, so they are set here, before any of their modules is.
"""

import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
for _switch in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"):
    os.environ[_switch] = "false"
