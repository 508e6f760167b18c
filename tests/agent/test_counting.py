"""The number of pictures that a person named goes into the call."""

import json

import pytest

from agent.counting import asked_count, counted, uncounted
from agent.mending import mended
from agent.parsing import CallArguments, CallStart, Piece, Words
from tests.agent.calls import arguments_after

NUMBER = {"type": "integer", "maximum": 20}
FINDS = {"type": "object", "properties": {"top_k": NUMBER}}
COUNT = {"type": "integer", "maximum": 8, "default": 1}
DRAWS = {"type": "object", "properties": {"count": COUNT}}
TOOLS = [
    {"function": {"name": "search_images", "parameters": FINDS}},
    {"function": {"name": "generate_image", "parameters": DRAWS}},
]


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("找一张有桥的图", 1), ("给我来两张荷花", 2), ("搜 12 张猫", 12), ("要十幅水墨画", 10),
        ("找和第二张像的", None), ("帮我找几张有拱桥的图", None),
        ("最后一张再找几张类似的", None), ("和这两张像的找五张", 5), ("前三张哪张好", None),
        ("找有三只猫的图", None), ("", None), ("和第一张像的再找五张", 5),
    ],
)  # fmt: skip
def test_a_number_of_pictures_is_read(question: str, count: int | None) -> None:
    assert asked_count(question) == count


def told(question: str, name: str, *deltas: str) -> list[Piece]:
    pieces: list[Piece] = [CallStart(0, name), *(CallArguments(0, delta) for delta in deltas)]
    return list(mended(iter([*pieces, Words("好")]), counted(question, TOOLS)))


def test_a_call_that_says_no_number_gets_the_persons() -> None:
    out = told("找一张桥", "search_images", '{"que', 'ry": "桥"}')
    assert out == [
        CallStart(0, "search_images"),
        CallArguments(0, '{"query": "桥", "top_k": 1}'),
        Words("好"),
    ]


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("找一张桥", "search_images", '{"query": "桥", "top_k": 3}'),
        ("找一张桥", "ask_image", '{"image": "img-1"}'),
        ("找几张桥", "search_images", '{"query": "桥"}'),
        ("找99张桥", "search_images", '{"query": "桥"}'),
        ("找一张桥", "search_images", '{"query": "桥'),
        ("找一张桥", "search_images", "[]"),
    ],
)
def test_everything_else_stays_as_it_is(question: str, name: str, arguments: str) -> None:
    out = told(question, name, arguments)
    assert out == [CallStart(0, name), CallArguments(0, arguments), Words("好")]


def test_a_call_at_the_very_end_is_completed_too() -> None:
    pieces = [CallStart(0, "search_images"), CallArguments(0, '{"query": "桥"}')]
    out = list(mended(iter(pieces), counted("找一张桥", TOOLS)))
    assert out[-1] == CallArguments(0, '{"query": "桥", "top_k": 1}')


def test_a_tool_without_arguments_takes_no_number() -> None:
    now = {"function": {"name": "now", "parameters": {"type": "object"}}}
    assert counted("找一张桥", [now, *TOOLS]).keys() == {"search_images"}


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("画两张海边的灯塔", 2), ("再来三幅雪山", 3), ("给我生成 4 张头像", 4), ("画五张荷花", 5),
        ("画一间屋子，里面有三张椅子", None), ("画九张猫", None), ("画一张猫", None),
        ("照着这两张画", None),
    ],
)  # fmt: skip
def test_as_many_are_drawn_as_a_person_says(question: str, count: int | None) -> None:
    pieces = [CallStart(0, "generate_image"), CallArguments(0, '{"prompt": "海"}')]
    *_, last = mended(iter(pieces), counted(question, TOOLS))
    assert isinstance(last, CallArguments)
    assert json.loads(last.delta).get("count") == count


@pytest.mark.parametrize(
    ("question", "prompt", "count", "drawn"),
    [
        ("画三只小鸭子", "三只小鸭子", 3, None),
        ("画三只小鸭子", "小鸭子", 3, 3),  # perhaps meant so
        ("画三只小鸭子，要三张", "三只小鸭子", 3, 3),
        ("出2个方案，画两只鸭子", "两只鸭子", 2, 2),
        ("画三只小鸭子和两朵荷花", "三只小鸭子和两朵荷花", 4, 4),
    ],
)
def test_the_number_of_things_is_not_that_of_pictures(
    question: str, prompt: str, count: int, drawn: int | None
) -> None:
    mends = uncounted(question, {"generate_image": "prompt"})
    given = arguments_after(mends, "generate_image", prompt=prompt, count=count)
    assert given.get("count") == drawn
