"""What a timer of the page sends is a look, never a press."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from ui.web.presses import without_presses_of_a_timer


def sent(*, by_timer: bool) -> BackMsg:
    """A question with a file, a pressed button and a ticked box."""
    message = BackMsg()
    rerun = message.rerun_script
    rerun.is_auto_rerun, rerun.fragment_id = by_timer, "footer"
    question, button, box = (rerun.widget_states.widgets.add(id=name) for name in "abc")
    question.chat_input_value.data = "读一下上面的字"
    question.chat_input_value.file_uploader_state.uploaded_file_info.add(name="图.png")
    button.trigger_value = True
    box.bool_value = True
    return message


def test_a_timer_presses_nothing_and_keeps_what_lasts() -> None:
    message = BackMsg.FromString(
        without_presses_of_a_timer(sent(by_timer=True).SerializeToString())
    )
    assert [widget.id for widget in message.rerun_script.widget_states.widgets] == ["c"]
    assert message.rerun_script.fragment_id == "footer"


@pytest.mark.parametrize("other", [sent(by_timer=False), BackMsg(load_git_info=True)])
def test_what_a_person_sends_is_not_touched(other: BackMsg) -> None:
    assert without_presses_of_a_timer(other.SerializeToString()) == other.SerializeToString()


@pytest.mark.parametrize("broken", [b"", b"\xff\xfe no message"])
def test_what_is_no_message_is_left_to_be_refused(broken: bytes) -> None:
    assert without_presses_of_a_timer(broken) == broken
