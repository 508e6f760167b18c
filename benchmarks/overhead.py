"""What the agent costs a step beside the model and the tool, against others, in one run.

    python -m benchmarks.overhead --peers PYTHON [--steps 6] [--turns 12]

`PYTHON` is the interpreter of an environment with `smolagents[openai]` and `qwen-agent`, which are
no dependencies of anything here. Each drives the same endpoint: a server in a process of its own
that answers at once with a call of `noop`, and with words after `--steps` calls. The time of a step
is what lies between two requests as the server sees them: from the last byte that it sent to the
moment the next request is read. So neither the server's own time nor the first request counts.
The tool does nothing. Ours streams, commits every event and keeps its memory on disk; both peers
keep theirs in RAM, and do not stream. LangChain's agent is shown alone too, which ours is built on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
import time
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles
from typing import Any, cast

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from evaluation.report import Report, Table

SERVER = r"""
import json, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
STEPS = int(sys.argv[1])
gaps, state = [], {"sent": None, "turn": 0, "n": 0}
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    def log_message(self, *_): ...
    def do_GET(self):
        self.whole(json.dumps(gaps).encode(), "application/json")
        gaps.clear(); state["sent"] = None; state["n"] = 0
    def do_POST(self):
        read = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if state["sent"] is not None and state["n"] % (STEPS + 1):
            gaps.append(read - state["sent"])
        done = state["n"] % (STEPS + 1) == STEPS
        state["n"] += 1
        name = "final_answer" if "final_answer" in str(body.get("tools")) else None
        args = {"number": state["n"]}
        if done and name:
            message = self.call("final_answer", {"answer": "done"})
        elif done:
            message = {"role": "assistant", "content": "done"}
        else:
            message = self.call("noop", args)
        stream = body.get("stream")
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        if not stream:
            reply = {"id": "x", "object": "chat.completion", "created": 1, "model": "m",
                     "choices": [{"index": 0, "message": message, "finish_reason": reason}],
                     "usage": usage}
            self.whole(json.dumps(reply).encode(), "application/json")
        else:
            head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            chunks = [{**head, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
                      {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
                      {**head, "choices": [], "usage": usage}]
            text = "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n"
            self.whole(text.encode(), "text/event-stream")
        state["sent"] = time.perf_counter()
    def call(self, name, args):
        call = {"index": 0, "id": f"call{state['n']:05d}", "type": "function",
                "function": {"name": name, "arguments": json.dumps(args)}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    def whole(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
class Threaded(__import__("socketserver").ThreadingMixIn, HTTPServer):
    daemon_threads = True
server = Threaded(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

SMOLAGENTS = """
    from importlib.metadata import version
    from smolagents import OpenAIServerModel, Tool, ToolCallingAgent, LogLevel

    class Noop(Tool):
        name = "noop"
        description = "Does nothing."
        inputs = {"number": {"type": "integer", "description": "any"}}
        output_type = "string"

        def forward(self, number: int) -> str:
            return "ok"

    model = OpenAIServerModel("m", api_base=URL, api_key="x")
    for _ in range(TURNS):
        agent = ToolCallingAgent([Noop()], model, max_steps=STEPS + 2, verbosity_level=LogLevel.OFF)
        agent.run("go")
    print("smolagents", version("smolagents"))
"""

QWEN_AGENT = """
    from importlib.metadata import version
    from qwen_agent.agents import FnCallAgent
    from qwen_agent.tools.base import BaseTool, register_tool

    @register_tool("noop")
    class Noop(BaseTool):
        description = "Does nothing."
        parameters = [{"name": "number", "type": "integer", "description": "any", "required": True}]

        def call(self, params, **kwargs):
            return "ok"

    llm = {"model": "m", "model_type": "oai", "model_server": URL, "api_key": "x",
           "generate_cfg": {"use_raw_api": True}}
    for _ in range(TURNS):
        for _ in FnCallAgent(llm=llm, function_list=["noop"]).run(
            [{"role": "user", "content": "go"}]
        ):
            pass
    print("Qwen-Agent", version("qwen-agent"))
"""


def ours(url: str, turns: int, steps: int) -> str:
    """The whole loop as the product runs it: event log, artifacts and memory on disk."""
    from agent.build import build_agent, open_memory
    from agent.endpoint import EndpointChatModel
    from agent.events import EventLog
    from agent.middleware import Limits
    from agent.runs import Runs
    from agent.tooling import Workshop, as_langchain
    from agent.wire import Endpoint, Wire
    from tools.artifacts import ArtifactStore
    from tools.context import ToolContext
    from tools.contract import Arguments, ToolOutput, tool

    class Number(Arguments):
        number: int

    @tool(title_zh="空", title_en="Nothing", icon="circle")
    def noop(arguments: Number, context: ToolContext) -> ToolOutput:
        """Does nothing."""
        del arguments, context
        return ToolOutput("ok")

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        events, artifacts = EventLog(home / "events.db"), ArtifactStore(home / "artifacts")
        wire = Wire(Endpoint(url, "m"), is_local=True)
        nothing = cast(Any, None)
        tools = as_langchain([noop], Workshop(artifacts, nothing, nothing))
        limits = Limits(model_calls=steps + 2, tool_calls=steps + 2)
        memory = open_memory(home / "memory.db")
        agent = build_agent(EndpointChatModel(wire=wire), tools, memory, limits)
        runs = Runs(events, artifacts, lambda: agent)
        for _ in range(turns):
            run_id = runs.start(events.conversations.create().id, "go")
            last = [stored.event for stored in events.follow(run_id)][-1]
            assert last["type"] == "RUN_FINISHED", last
        runs.close()
        wire.close()
        memory.close()
        events.close()
        artifacts.close()
    return f"Duomo {version('duomo')}, langgraph {version('langgraph')}"


def bare(url: str, turns: int, steps: int) -> str:
    """LangChain's agent with our model client and nothing else of ours: what it costs by itself."""
    from langchain.agents import create_agent
    from langchain_core.tools import StructuredTool

    from agent.endpoint import EndpointChatModel
    from agent.wire import Endpoint, Wire

    def noop(number: int) -> str:
        """Does nothing."""
        del number
        return "ok"

    wire = Wire(Endpoint(url, "m"), is_local=True)
    agent = create_agent(EndpointChatModel(wire=wire), [StructuredTool.from_function(noop)])
    config: RunnableConfig = {"recursion_limit": 3 * steps + 3}
    for _ in range(turns):
        agent.invoke({"messages": [HumanMessage("go")]}, config)
    wire.close()
    return f"LangChain {version('langchain')} with our client, no log, no memory"


def peer(python: str, program: str, url: str, turns: int, steps: int) -> str:
    """Run `program` in the peers' environment; its last line is its name and version."""
    head = f"URL, TURNS, STEPS = {url!r}, {turns}, {steps}\n"
    done = subprocess.run(
        [python, "-c", head + textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return done.stdout.strip().splitlines()[-1]


def gaps(url: str) -> list[float]:
    """Seconds of every step since the last question."""
    from urllib.request import urlopen

    with urlopen(url) as answer:  # noqa: S310 (our own server)
        found: list[float] = json.load(answer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peers", help="python with smolagents[openai] and qwen-agent")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--json", type=Path, default=None)
    a = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(a.steps)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    try:
        found = measure(url, a.peers, a.turns, a.steps)
    finally:
        server.kill()
    found.print()
    if a.json is not None:
        found.write_json(a.json)


def measure(url: str, peers: str | None, turns: int, steps: int) -> Report:
    began = time.monotonic()

    def row(name: str) -> list[str | float]:
        return [name, *_figures(gaps(url), steps)]

    own = row(ours(url, turns, steps))
    floor = row(bare(url, turns, steps))
    programs = (SMOLAGENTS, QWEN_AGENT) if peers else ()
    others = [row(peer(str(peers), program, url, turns, steps)) for program in programs]
    better = min((float(other[1]) for other in others), default=0.0)
    figures = {
        "ours_p50_ms": float(own[1]),
        "ours_p95_ms": float(own[2]),
        "langchain_p50_ms": float(floor[1]),
        "ratio": float(own[1]) / better if better else 0.0,
    }
    columns = ["agent", "p50 ms", "p95 ms", "steps"]
    title = f"a step, {turns} turns of {steps}, {time.monotonic() - began:.0f} s in all"
    return Report("overhead", figures, [Table(title, columns, [own, floor, *others])])


def _figures(seconds: list[float], warm: int) -> list[float]:
    """p50, p95 in ms; the first turn warms up and does not count."""
    kept = [1000 * second for second in seconds[warm:]]
    cuts = quantiles(kept, n=20)
    return [quantiles(kept, n=2)[0], cuts[-1], float(len(kept))]


if __name__ == "__main__":
    main()
