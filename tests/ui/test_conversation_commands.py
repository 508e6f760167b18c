"""`duomo conversations`: list, rename, export, delete and import, against a real engine."""

from pathlib import Path

from tests.api.conftest import Serve
from tests.ui.test_commands import duomo, in_a_folder_of_its_own

__all__ = ["in_a_folder_of_its_own"]


def test_a_conversation_is_renamed_exported_deleted_and_imported(engine: Serve) -> None:
    client = engine("你好，我在。").client
    conversation = client.create_conversation()
    run = client.start_run(conversation.id, "在吗")
    list(client.run_events(run.run_id))
    short = conversation.id[:8]
    assert "在吗" in duomo("conversations", "list").output
    assert duomo("conversations", "rename", short, "早上: 问好").exit_code == 0
    assert duomo("conversations", "export", short).exit_code == 0
    assert Path("早上 问好.zip").exists()
    assert "已经在那里" in duomo("conversations", "export", short).output.replace("\n", "")
    kept = duomo("conversations", "delete", short)
    assert kept.exit_code == 1
    assert "--yes" in kept.output
    assert duomo("conversations", "delete", short, "--yes").exit_code == 0
    assert client.conversations() == ()
    assert duomo("conversations", "import", "早上 问好.zip").exit_code == 0
    [back] = client.conversations()
    assert back.title == "早上: 问好"
    assert client.transcript(back.id).turns[0].answer == "你好，我在。"


def test_what_is_not_one_conversation_is_refused(engine: Serve) -> None:
    engine()
    Path("x.zip").write_bytes(b"PK")
    for words in (("rename", "ffff", "x"), ("export", ""), ("import", "x.zip")):
        refused = duomo("conversations", *words)
        assert refused.exit_code == 1
        assert "✗" in refused.output


def test_turns_are_shown_rated_and_branched_off(engine: Serve) -> None:
    client = engine("一。", "二。").client
    conversation = client.create_conversation()
    for question in ("甲", "乙"):
        list(client.run_events(client.start_run(conversation.id, question).run_id))
    short = conversation.id[:8]
    rated = duomo("conversations", "rate", short, "2", "--down", "--note", "太短")
    assert "👎 太短" in rated.output
    shown = duomo("conversations", "show", short).output
    places = [shown.index(words) for words in ("1  甲", "一。", "2  乙", "二。", "👎 太短")]
    assert places == sorted(places)
    assert duomo("conversations", "branch", short, "2", "--before").exit_code == 0
    [branch] = [one for one in client.conversations() if one.id != conversation.id]
    assert [turn.text for turn in client.transcript(branch.id).turns] == ["甲"]
    assert "只有 2 轮" in duomo("conversations", "rate", short, "3").output
