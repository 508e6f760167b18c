"""The terminal against a real engine whose language model is scripted."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from api.client import Client, Step
from tests.api.conftest import Serve
from tests.fixtures.home import picture
from tools.labels import label_image, new_label, read_label
from ui.commands import app, evaluate
from ui.commands.live import arguments_of, times_of

SEARCH = ("search_images", '{"query": "红色", "top_k": 2}')


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return


def duomo(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def pictures(folder: Path) -> Path:
    folder.mkdir()
    for colour in ("red", "blue", "green"):
        (folder / f"{colour}.png").write_bytes(picture(colour))
    (folder / "broken.jpg").write_bytes(b"not a picture")
    return folder


def test_indexing_says_what_was_done_and_what_could_not_be_read(
    engine: Serve, tmp_path: Path
) -> None:
    engine()
    done = duomo("index", str(pictures(tmp_path / "mine")))
    assert done.exit_code == 0
    assert "新收录 3 张" in done.output
    assert "broken.jpg" in done.output


def test_searching_lists_paths_by_score(engine: Serve, tmp_path: Path) -> None:
    engine()
    duomo("index", str(pictures(tmp_path / "mine")))
    found = json.loads(duomo("search", "红色", "--top-k", "2", "--json").output)
    assert len(found) == 2
    assert found[0]["score"] >= found[1]["score"]
    assert Path(found[0]["path"]).parent == tmp_path / "mine"


def test_searching_by_a_picture_finds_the_picture_itself(engine: Serve, tmp_path: Path) -> None:
    engine()
    folder = pictures(tmp_path / "mine")
    duomo("index", str(folder))
    done = duomo("search", "--image", str(folder / "blue.png"), "--json")
    assert Path(json.loads(done.output)[0]["path"]).name == "blue.png"


def test_a_model_that_a_running_engine_holds_is_not_removed(engine: Serve) -> None:
    running = engine()
    running.client.wait_ready()
    weights = running.settings.home / "checkpoints" / "tiny-clip"
    with running.engine.residency.lease("clip"):
        result = duomo("models", "remove", "tiny-clip", "--yes")
    assert result.exit_code == 1
    assert "正在内存里使用" in result.output
    assert weights.exists()


def test_a_search_wants_words_or_a_picture(engine: Serve) -> None:
    engine()
    assert "二选一" in duomo("search").output


def test_asking_shows_the_step_the_answer_and_where_pictures_were_saved(
    engine: Serve, tmp_path: Path
) -> None:
    engine(SEARCH, "找到了两张。")
    duomo("index", str(pictures(tmp_path / "mine")))
    done = duomo("ask", "帮我找红色的图", "--output", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "搜索图片" in done.output
    assert "找到了两张。" in done.output
    assert sorted(path.name[:5] for path in (tmp_path / "out").iterdir()) == ["img-1", "img-2"]


def test_what_was_made_is_saved_with_a_mark_where_that_is_wanted(
    engine: Serve, tmp_path: Path
) -> None:
    engine(SEARCH, "找到了。", SEARCH, "找到了。")
    (tmp_path / "mine").mkdir()
    made = label_image(Image.new("RGB", (64, 48), "navy"), "PNG", new_label())
    (tmp_path / "mine" / "made.png").write_bytes(made)
    duomo("index", str(tmp_path / "mine"))
    for option, marked in (("--no-visible-label", False), ("--visible-label", True)):
        done = duomo("ask", "找图", "--output", str(tmp_path / option), option)
        assert done.exit_code == 0
        (saved,) = (tmp_path / option).iterdir()
        assert (saved.read_bytes() != made) is marked
        assert read_label(saved) == read_label(made)


SCORE = ("score_image", '{"image": "img-1", "text": "红色"}')


def asked_first(engine: Serve, tmp_path: Path, *words: str) -> Result:
    engine(SCORE, "好。", ask_before=("score_image",))
    (tmp_path / "红.png").write_bytes(picture("red"))
    return duomo("ask", "打分", "--image", str(tmp_path / "红.png"), *words)


def test_a_step_that_asks_is_refused_where_nobody_can_answer(engine: Serve, tmp_path: Path) -> None:
    done = asked_first(engine, tmp_path)
    assert done.exit_code == 1
    assert "--yes" in done.output


def test_yes_approves_what_asks(engine: Serve, tmp_path: Path) -> None:
    done = asked_first(engine, tmp_path, "--yes")
    assert done.exit_code == 0
    assert "✓ 图文评分" in done.output


def test_who_is_asked_at_the_terminal_changes_an_argument(
    engine: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.commands.approve.is_interactive", lambda: True)
    engine(SCORE, "好。", ask_before=("score_image",))
    (tmp_path / "红.png").write_bytes(picture("red"))
    words = ("ask", "打分", "--image", str(tmp_path / "红.png"))
    done = CliRunner().invoke(app, words, input="x\n2\nimg-1\n蓝色\n")
    assert done.exit_code == 0, done.output
    assert "✓ 图文评分  img-1，蓝色" in done.output


def test_a_broken_attachment_is_refused_in_plain_words(engine: Serve, tmp_path: Path) -> None:
    engine("好")
    broken = tmp_path / "x.png"
    broken.write_bytes(b"not a picture")
    done = duomo("ask", "看看", "--image", str(broken))
    assert done.exit_code == 1
    assert "✗" in done.output
    assert "Traceback" not in done.output


def test_a_run_that_is_stopped_says_so(engine: Serve, gate: threading.Event) -> None:
    running = engine(gate)
    asking: list[Result] = []
    thread = threading.Thread(target=lambda: asking.append(duomo("ask", "等一下")))
    thread.start()
    run = _first_run(running.client)
    running.client.cancel_run(run)
    thread.join(10)
    assert asking[0].exit_code == 130
    assert "已停止" in asking[0].output


def _first_run(client: Client) -> str:
    for _ in range(500):
        for conversation in client.conversations():
            for turn in client.transcript(conversation.id).turns:
                if turn.blocks:
                    return turn.run_id
        threading.Event().wait(0.02)
    raise AssertionError("no run began")


def test_evaluations_are_found_by_scanning() -> None:
    known = evaluate.evaluations()
    assert {"routing", "ocr"} <= known.keys()
    assert "report" not in known
    assert all(known.values())


def test_an_unknown_evaluation_names_those_there_are() -> None:
    done = duomo("eval", "nothing")
    assert done.exit_code == 1
    assert "routing" in done.output


def test_an_evaluation_reads_its_own_options() -> None:
    done = duomo("eval", "routing", "--help")
    assert done.exit_code == 0
    assert "--json" in done.output


def test_help_is_in_chinese() -> None:
    done = duomo("--help")
    assert "在终端里问一句" in done.output
    assert "选项" in done.output


def test_a_step_fits_one_line() -> None:
    step = Step(
        "1",
        "search_images",
        "done",
        '{"query": "拱\\u001b[31m桥", "top_k": 4, "filters": null}',
        queued_seconds=0.01,
        load_seconds=1.25,
        run_seconds=0.5,
    )
    assert arguments_of(step) == "拱[31m桥，4"
    assert times_of(step) == "载入 1.2 秒 · 运行 0.5 秒"
