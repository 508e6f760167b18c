import json
from pathlib import Path

import pytest

from evaluation.routing import evaluate, main, report, score
from evaluation.routing_backends import ChatModelBackend, handles_of
from evaluation.routing_cases import (
    AssistantReply,
    Case,
    Message,
    Schema,
    ToolCall,
    Turn,
    load_cases,
    parse_hermes,
    run_case,
)
from evaluation.routing_keywords import KeywordBackend
from models.errors import InvalidRequest
from tests.fixtures import chat_server
from tools.registry import schemas

TOOLS: list[Schema] = list(schemas().values())
CASE = Case.model_validate(
    {
        "id": "t1",
        "kind": "multi_turn",
        "turns": [
            {
                "user": "找两张拱桥",
                "expect": [["search_images"]],
                "args": [
                    {"tool": "search_images", "arg": "query", "must_contain": ["桥"]},
                    {"tool": "search_images", "arg": "top_k", "equals": 2},
                ],
            },
            {
                "user": "读一下第二张上的字",
                "expect": [["read_text"], ["ask_image"]],
                "args": [{"tool": "read_text", "arg": "image", "equals": "img-2"}],
            },
            {"user": "谢谢", "expect": [[]]},
        ],
    }
)


class Scripted:
    """Gives its replies in order, and keeps what it was shown."""

    name = "scripted"

    def __init__(self, *replies: AssistantReply) -> None:
        self.replies = list(replies)
        self.seen: list[list[Message]] = []
        self.offered: list[Schema] = []

    def complete(self, messages: list[Message], tools: list[Schema]) -> AssistantReply:
        self.offered = tools
        self.seen.append(list(messages))
        return self.replies.pop(0)


def call(name: str, **arguments: object) -> AssistantReply:
    return AssistantReply("", [ToolCall(name, dict(arguments))])


def words(text: str) -> AssistantReply:
    return AssistantReply(text, [])


RIGHT = [
    call("search_images", query="拱桥", top_k=2),
    words("找到了"),
    call("read_text", image="img-2"),
    words("福"),
    words("不客气"),
]


def test_everything_right_scores_full() -> None:
    figures = score(run_case(CASE, Scripted(*RIGHT), TOOLS, ""))
    assert figures == {
        "turn_accuracy": 1.0,
        "argument_accuracy": 1.0,
        "case_accuracy": 1.0,
        "false_calls": 0.0,
        "malformed": 0.0,
        "cases": 1.0,
    }


def test_results_are_the_words_of_the_tools_and_numberhandles_of_on() -> None:
    backend = Scripted(*RIGHT)
    run_case(CASE, backend, TOOLS, "")
    results = [m["content"] for m in backend.seen[-1] if m["role"] == "tool"]
    assert results[0] == "找到2张图片：img-1、img-2"
    assert results[1].startswith("img-2里")


def test_a_wrong_handle_costs_the_arguments_but_not_the_route() -> None:
    wrong = [*RIGHT[:2], call("read_text", image="img-1"), *RIGHT[3:]]
    figures = score(run_case(CASE, Scripted(*wrong), TOOLS, ""))
    assert figures["turn_accuracy"] == 1.0
    assert figures["argument_accuracy"] == 0.5
    assert figures["case_accuracy"] == 0.0


def test_a_call_where_none_was_wanted_is_false() -> None:
    false = [*RIGHT[:4], call("speak", text="不客气"), words("好了")]
    figures = score(run_case(CASE, Scripted(*false), TOOLS, ""))
    assert figures["false_calls"] == 1.0
    assert figures["turn_accuracy"] == pytest.approx(2 / 3)


def test_going_in_circles_ends_the_turn() -> None:
    endless = Scripted(*[call("search_images", query="桥")] * 8, *RIGHT[2:])
    assert len(run_case(CASE, endless, TOOLS, "")[0].calls) == 8


def test_a_call_without_what_it_needs_gets_a_hint() -> None:
    backend = Scripted(call("search_images"), *RIGHT)
    run_case(CASE, backend, TOOLS, "")
    assert backend.seen[1][-1]["content"] == "缺少参数query。"


def test_attachments_stand_before_the_words() -> None:
    case = Case.model_validate(
        {"id": "t2", "kind": "ocr",
         "turns": [{"user": "读字", "attach": ["image", "audio"], "expect": [["read_text"]]}]}
    )  # fmt: skip
    backend = Scripted(words("好"))
    run_case(case, backend, TOOLS, "说明")
    assert [m["content"] for m in backend.seen[0]] == ["说明", "[img-1][aud-1]读字"]


def testhandles_of_are_read_from_attachments_and_results_alone() -> None:
    messages = [
        {"role": "user", "content": "[img-1]和img-9比呢"},
        {"role": "tool", "content": "找到1张图片：img-2"},
    ]
    assert handles_of(messages) == ["img-1", "img-2"]


@pytest.mark.parametrize(
    "text", ["<tool_call>\n{坏}", '<tool_call>\n{"name": "fly", "arguments": {}}\n</tool_call>']
)
def test_what_is_no_call_is_malformed(text: str) -> None:
    assert parse_hermes(text, {"speak"}) == AssistantReply("", [], malformed=True)


def test_words_and_several_calls_are_read() -> None:
    block = '<tool_call>\n{"name": "speak", "arguments": {"text": "好"}}\n</tool_call>'
    reply = parse_hermes(f"好的\n{block}\n{block}", {"speak"})
    assert reply == AssistantReply("好的", [ToolCall("speak", {"text": "好"})] * 2)


def test_the_report_compares_lists_kinds_and_misses(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(CASE.model_dump_json() + "\n", "utf-8")
    results = evaluate(path, KeywordBackend())
    found = report("keywords", results, {"other": score(results)})
    assert [table.title for table in found.tables] == ["backends", "by kind", "confusion", "misses"]
    assert found.figures["cases"] == 1
    assert len(found.tables[0].rows) == 2


def test_with_some_tools_only_the_cases_that_need_no_others_are_asked(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    drawn = Case(id="d", kind="draw", turns=[Turn(user="画塔", expect=[["generate_image"]])])
    either = Case(id="e", kind="ask", turns=[Turn(user="塔", expect=[["ask_image"], []])])
    path.write_text("\n".join(case.model_dump_json() for case in (drawn, either)), "utf-8")
    backend = Scripted(AssistantReply("好", []))
    assert [r.case.id for r in evaluate(path, backend, ["speak"])] == ["e"]
    assert [t["function"]["name"] for t in backend.offered] == ["speak"]


def test_a_tool_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="fly"):
        evaluate(tmp_path / "cases.jsonl", KeywordBackend(), ["speak", "fly"])


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('\n{"id": "x"}\n', "utf-8")
    with pytest.raises(InvalidRequest, match="第2行"):
        load_cases(path)


def test_a_langchain_model_is_asked_with_the_tools_bound() -> None:
    from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
    from langchain_core.messages import AIMessage

    class Binding(FakeMessagesListChatModel):
        def bind_tools(self, tools, **kwargs):  # type: ignore[no-untyped-def]
            assert [tool["function"]["name"] for tool in tools] == sorted(schemas())
            return self

    answer = AIMessage("", tool_calls=[{"name": "speak", "args": {"text": "好"}, "id": "1"}])
    backend = ChatModelBackend(Binding(responses=[answer]), "fake")
    reply = backend.complete([{"role": "user", "content": "念：好"}], TOOLS)
    assert reply.calls == [ToolCall("speak", {"text": "好"})]


def test_figures_are_written_as_flat_json(tmp_path: Path) -> None:
    results = run_case(CASE, Scripted(*RIGHT), TOOLS, "")
    report("scripted", results, {}).write_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["turn_accuracy"] == 1.0


def asked(text: str, *before: Message) -> list[tuple[str, object]]:
    reply = KeywordBackend().complete([*before, {"role": "user", "content": text}], TOOLS)
    return [(call.name, call.arguments) for call in reply.calls]


def test_keywords_read_numbers_quotes_and_which_picture_is_meant() -> None:
    found: Message = {"role": "tool", "content": "找到2张图片：img-1、img-2"}
    assert asked("找三张拱桥的图") == [("search_images", {"query": "找三张拱桥的图", "top_k": 3})]
    assert asked("念一下“春眠”") == [("speak", {"text": "春眠"})]
    assert asked("第一张上的字", found) == [("read_text", {"image": "img-1"})]
    assert asked("把这张换成夜景") == []  # there is no picture
    assert asked("[img-1]这是哪儿")[0][0] == "ask_image"


def test_the_confusion_shows_whole_sequences() -> None:
    twice = [*RIGHT[:2], call("read_text", image="img-2"), call("speak", text="福"), words("福")]
    table = report("s", run_case(CASE, Scripted(*twice, words("不")), TOOLS, ""), {}).tables[2]
    assert table.rows == [["read_text", "read_text + speak", 1]]


def test_a_server_of_others_is_measured_like_the_starter(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(CASE.model_copy(update={"turns": CASE.turns[:1]}).model_dump_json(), "utf-8")
    with chat_server.serving() as server:
        found = chat_server.call("search_images", '{"query": "拱桥", "top_k": 2}')
        server.replies = [
            chat_server.Chunks(*found, finish="tool_calls"),
            chat_server.words("找到了两张。"),
        ]
        main(cases, url=server.url, model="tiny", json=tmp_path / "figures.json")
        asked = server.requests[0]
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert figures["argument_accuracy"] == figures["case_accuracy"] == 1
    assert asked["temperature"] == 0
    assert {tool["function"]["name"] for tool in asked["tools"]} >= {"search_images", "speak"}


def test_a_server_without_a_models_name_is_refused_in_words(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(CASE.model_dump_json(), "utf-8")
    with pytest.raises(InvalidRequest, match="llm_model"):
        main(cases, url="http://127.0.0.1:1/v1")
