"""What the starter is to read aloud reaches the voice as it was written, numbers and all."""

import json
from pathlib import Path

import pytest

from agent.chat_model import DuomoChatModel
from evaluation.routing import chat_model, evaluate, score
from evaluation.routing_backends import ChatModelBackend
from tools.registry import discover, schema

SEARCH = schema(discover()["search_images"])

READ = (
    ("读一下：改到 2026-12-03 14:30，费用￥3,600.00", "改到 2026-12-03 14:30，费用￥3,600.00"),
    ("请朗读“合计共 1,250.50 元，明天到”", "合计共 1,250.50 元，明天到"),
    ("念给我听：取件码 8-2-3071，18:00 前取", "取件码 8-2-3071，18:00 前取"),
    ("把“电话13800138000”念出来", "电话13800138000"),
)  # fmt: skip


def test_numbers_are_read_as_they_were_written(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    lines = [
        _case(f"r{n}", asked, "speak", {"arg": "text", "must_contain": [text]})
        for n, (asked, text) in enumerate(READ)
    ]
    lines.append(_case("s", "找一张有桥的图", "search_images", {"arg": "top_k", "equals": 1}))
    cases.write_text("\n".join(lines), "utf-8")
    backend = ChatModelBackend(chat_model("starter", str(tmp_path), True), "starter")
    results = evaluate(cases, backend)
    assert score(results)["argument_accuracy"] == pytest.approx(1.0)


def _case(name: str, asked: str, tool: str, check: dict[str, object]) -> str:
    turn = {"user": asked, "expect": [[tool]], "args": [{"tool": tool, **check}]}
    return json.dumps({"id": name, "kind": "speak", "turns": [turn]}, ensure_ascii=False)


def test_a_callers_own_search_is_called_as_the_model_has_it(tmp_path: Path) -> None:
    ours = chat_model("starter", str(tmp_path), True)
    assert isinstance(ours, DuomoChatModel)
    callers = ours.model_copy(update={"abilities": None})
    found = [model.bind(tools=[SEARCH]).invoke("找七张有桥的图") for model in (ours, callers)]
    calls = [call for message in found for call in message.tool_calls]
    assert [call["name"] for call in calls] == ["search_images"] * 2
    assert calls[0]["args"]["top_k"] == 7
    assert "top_k" not in calls[1]["args"]


@pytest.mark.parametrize("asked", ["来个水彩的老街雨景", "大声念出来，我不想看字：请出示健康码"])
def test_a_guess_for_words_gives_way_to_a_call(asked: str, tmp_path: Path) -> None:
    tools = [schema(tool) for _, tool in sorted(discover().items())]
    answer = chat_model("starter", str(tmp_path), True).bind(tools=tools).invoke(asked)
    assert len(answer.tool_calls) == 1
