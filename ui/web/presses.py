"""A press counts once, also where it meets one of the looks that the page takes by itself.

Streamlit's page sends a press, or a question with its files, at the end of its event loop, and
forgets it then. A fragment's timer that comes first sends it along and does not forget it: what
was asked would be asked twice, the second time without its files (Streamlit 1.67,
`WidgetStateManager.scheduleFlush`). So what a timer sends is taken for a look, and for no press.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

_PRESSES = {"trigger_value", "string_trigger_value", "chat_input_value", "json_trigger_value"}


class Presses:
    """ASGI middleware around Streamlit's websocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def received() -> Message:
            message = await receive()
            if sent := message.get("bytes"):
                message = {**message, "bytes": without_presses_of_a_timer(sent)}
            return message

        await self._app(scope, received, send)


def without_presses_of_a_timer(sent: bytes) -> bytes:
    """`sent`, a serialized `BackMsg`, without the presses if a fragment's timer sent it. What is no
    such message is left to Streamlit to refuse."""
    try:
        message = BackMsg.FromString(sent)
    except DecodeError:
        return sent
    rerun = message.rerun_script
    if not rerun.is_auto_rerun:
        return sent
    widgets = rerun.widget_states.widgets
    lasting = [widget for widget in widgets if widget.WhichOneof("value") not in _PRESSES]
    del widgets[:]
    widgets.extend(lasting)
    shortened: bytes = message.SerializeToString()
    return shortened
