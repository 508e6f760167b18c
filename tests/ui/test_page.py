"""The page against a real engine whose language model is scripted; no browser."""

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ui.web
from tests.api.conftest import Running, Serve
from tests.fixtures.home import picture
from ui.web.pages.chat import HELD, TURNS
from ui.web.words import words

APP = Path(ui.web.__file__).parent / "entry" / "app.py"
SECONDS = 20.0


pytestmark = pytest.mark.usefixtures("nothing_cached")


def opened(conversation_id: str | None = None) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=SECONDS)
    if conversation_id is not None:
        page.query_params["c"] = conversation_id
    page.run()
    assert not page.exception
    return page


def ask(running: Running, question: str) -> str:
    """A finished turn, asked by someone else; its conversation."""
    conversation = running.client.create_conversation()
    run = running.client.start_run(conversation.id, question)
    for _ in running.client.run_events(run.run_id):
        pass
    return conversation.id


def written(page: AppTest) -> str:
    parts = [*page.markdown, *page.text, *page.caption, *page.error]
    return "\n".join(str(part.value) for part in parts)


def test_an_empty_conversation_offers_what_to_ask(engine: Serve) -> None:
    engine()
    page = opened()
    assert page.title[0].value == words()("welcome.title")
    assert any(button.label == "帮我找几张有拱桥的图" for button in page.button)


def test_a_suggestion_that_is_clicked_is_asked(engine: Serve) -> None:
    running = engine("这里没有桥。")
    page = opened()
    next(b for b in page.button if b.label == "帮我找几张有拱桥的图").click().run()
    [conversation] = running.client.conversations()
    assert page.query_params["c"] == conversation.id
    assert "帮我找几张有拱桥的图" in written(page)


def test_a_reload_shows_what_was_said(engine: Serve) -> None:
    running = engine("你好，我在。")
    page = opened(ask(running, "在吗"))
    assert "在吗" in written(page)
    assert "你好，我在。" in written(page)


def test_a_step_shows_its_tool_arguments_and_pictures(engine: Serve, tmp_path: Path) -> None:
    running = engine(("search_images", '{"query": "红色", "top_k": 1}'), "找到了。")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "red.png").write_bytes(picture("red"))
    running.client.index([tmp_path / "mine"])
    until_indexed(running)
    page = opened(ask(running, "帮我找红色的图"))
    [step] = page.expander
    assert "搜索图片" in step.label
    assert "红色" in step.label
    assert "画面" in step.markdown[0].value
    assert len(page.get("image")) == 1


def until_indexed(running: Running) -> None:
    for _ in range(500):
        job = running.client.index_job()
        if job is not None and job.state == "finished":
            return
        threading.Event().wait(0.02)
    raise AssertionError("not indexed")


def test_what_a_model_writes_loads_nothing(engine: Serve) -> None:
    running = engine("看 ![图](http://evil.example/x.png)")
    page = opened(ask(running, "![我](http://evil.example/y.png)"))
    assert "![" not in "\n".join(str(part.value) for part in page.markdown)
    labels = [button.label for button in page.button]
    assert not any("![" in label for label in labels)


def test_a_run_that_failed_says_why_in_chinese(engine: Serve) -> None:
    running = engine(RuntimeError("secret detail"))
    page = opened(ask(running, "你好"))
    assert page.error
    assert "secret" not in page.error[0].value


def test_a_running_turn_can_be_stopped(engine: Serve, gate: threading.Event) -> None:
    running = engine(gate)
    conversation = running.client.create_conversation()
    run = running.client.start_run(conversation.id, "等一下")
    page = opened(conversation.id)
    page.button(key=f"stop-{run.run_id}").click().run()
    for stored in running.client.run_events(run.run_id):
        last = stored
    assert last.event["outcome"]["type"] == "cancelled"
    page.run()
    assert words()("chat.cancelled") in written(page)


def test_a_conversation_that_is_gone_gives_way_to_a_new_one(engine: Serve) -> None:
    engine()
    page = opened("0" * 32)
    assert page.title[0].value == words()("welcome.title")
    assert "c" not in page.query_params


def test_an_engine_that_is_away_is_said_with_a_way_to_retry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DUOMO_HOME", str(tmp_path))
    monkeypatch.setenv("DUOMO_ENGINE_URL", "http://127.0.0.1:9")
    page = opened()
    assert page.subheader[0].value == words()("engine.away")
    assert any(button.label == words()("engine.retry") for button in page.button)


def test_a_question_is_asked_again_with_one_press(engine: Serve) -> None:
    running = engine("一。", "二。")
    conversation_id = ask(running, "你好")
    page = opened(conversation_id)
    [again] = [button for button in page.button if (button.key or "").startswith("again-")]
    again.click().run()
    assert not page.exception
    turns = running.client.transcript(conversation_id).turns
    assert [turn.text for turn in turns] == ["你好", "你好"]


def pressed(page: AppTest, key: str) -> AppTest:
    """After a press on the first button whose key begins so."""
    next(button for button in page.button if (button.key or "").startswith(key)).click().run()
    assert not page.exception
    return page


def test_a_long_conversation_shows_its_end_and_the_rest_on_request(engine: Serve) -> None:
    count = TURNS + HELD + 1
    running = engine(*[f"答{number}。" for number in range(count)])
    conversation_id = ask(running, "问0")
    for number in range(1, count):
        run = running.client.start_run(conversation_id, f"问{number}")
        list(running.client.run_events(run.run_id))
    page = opened(conversation_id)
    assert questions(page) == [f"问{number}" for number in range(HELD, count)]
    pressed(page, "earlier")
    assert questions(page) == [f"问{number}" for number in range(count)]


def questions(page: AppTest) -> list[str]:
    return [part.value for part in page.text if part.value.startswith("问")]


def test_a_turn_that_begins_stands_below_those_before_it(
    engine: Serve, gate: threading.Event
) -> None:
    running = engine("一。", gate)
    conversation_id = ask(running, "问0")
    running.client.start_run(conversation_id, "问1")
    page = opened(conversation_id)
    assert questions(page) == ["问0", "问1"]
    gate.set()


def test_an_earlier_question_is_answered_again_in_a_branch(engine: Serve) -> None:
    running = engine("一。", "二。", "三。")
    conversation_id = ask(running, "甲")
    list(running.client.run_events(running.client.start_run(conversation_id, "乙").run_id))
    page = pressed(opened(conversation_id), "again-")
    branch = page.query_params["c"]
    assert [turn.text for turn in running.client.transcript(branch).turns] == ["甲"]
    assert len(running.client.transcript(conversation_id).turns) == 2


def test_a_question_in_other_words_is_asked_in_a_branch_that_leads_back(engine: Serve) -> None:
    running = engine("一。", "二。")
    conversation_id = ask(running, "帮我找桥")
    page = pressed(opened(conversation_id), "reword-")
    page.text_area[0].set_value("帮我找塔")
    pressed(page, "edited-")
    branch = page.query_params["c"]
    assert [turn.text for turn in running.client.transcript(branch).turns] == ["帮我找塔"]
    assert [turn.text for turn in running.client.transcript(conversation_id).turns] == ["帮我找桥"]
    assert page.button(key="origin").label == "分自：帮我找桥"
    pressed(page, "origin")
    assert page.query_params["c"] == conversation_id
    assert not page.text_area


def test_a_branch_says_that_its_origin_is_gone(engine: Serve) -> None:
    running = engine("一。")
    conversation_id = ask(running, "甲")
    [turn] = running.client.transcript(conversation_id).turns
    branch = running.client.branch(conversation_id, turn.run_id)
    running.client.delete_conversation(conversation_id)
    assert words()("branch.gone") in written(opened(branch.id))


def test_thumbs_are_kept_shown_again_changed_and_taken_back(engine: Serve) -> None:
    running = engine("一。")
    conversation_id = ask(running, "甲")

    def verdicts() -> list[tuple[str, str]]:
        given = running.client.feedback(conversation_id).values()
        return [(one.verdict, one.note) for one in given]

    opened(conversation_id).feedback[0].set_value(0).run()
    assert verdicts() == [("down", "")]
    page = opened(conversation_id)
    assert page.feedback[0].value == 0
    assert words()("opinion.private") in written(page)
    page.text_area[0].set_value("太短")
    next(b for b in page.button if (b.key or "").startswith("save-")).click().run()
    page.feedback[0].set_value(1).run()
    assert verdicts() == [("up", "太短")]
    page.feedback[0].set_value(None).run()
    assert not page.exception
    assert verdicts() == []


def test_what_another_tab_said_of_an_answer_is_shown(engine: Serve) -> None:
    running = engine("一。")
    conversation_id = ask(running, "甲")
    [turn] = running.client.transcript(conversation_id).turns
    page = opened(conversation_id)
    running.client.give_feedback(turn.run_id, "up")
    page.run()
    assert page.feedback[0].value == 1


def test_the_page_says_when_words_leave_this_machine(engine: Serve) -> None:
    engine(llm_url="https://gpu.example/v1", llm_model="Qwen/Qwen3-8B")
    said = written(opened()) + "".join(str(w.value) for w in opened().warning)
    assert "gpu" in said
    assert "留在这台电脑上；对话" in said
    assert "一切都在这台电脑上" not in said
