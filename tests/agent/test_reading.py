"""What of a long conversation the model reads."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.digest import digest
from agent.reading import Reader, Room, first_kept
from agent.reference import with_ordinals
from agent.texts import excerpt

SYSTEM = SystemMessage("系统")


def characters(messages: Sequence[BaseMessage]) -> int:
    return sum(len(message.text) for message in messages)


def fit(messages: list[BaseMessage], limit: int) -> list[BaseMessage]:
    return Reader().fit(messages, characters, characters, Room(limit, limit, limit // 2))


def turn(n: int) -> list[BaseMessage]:
    """A search that finds two pictures."""
    call = {"name": "search_images", "args": {"query": f"画{n}"}, "id": f"call-{n}"}
    result = f"找到2张图片：img-{2 * n - 1}、img-{2 * n}"
    return [
        HumanMessage(f"找画{n}"),
        AIMessage("", tool_calls=[call]),
        ToolMessage(result, tool_call_id=f"call-{n}"),
        AIMessage("找到了。", id=f"answer-{n}"),
    ]


def conversation(turns: int) -> list[BaseMessage]:
    return [SYSTEM, *(message for n in range(1, turns + 1) for message in turn(n))]


def test_a_conversation_that_fits_is_read_whole() -> None:
    assert fit(conversation(3), 1000) == conversation(3)


@pytest.mark.parametrize("turns", [10, 61, 300])
def test_it_always_fits_and_begins_with_the_first_handles(turns: int) -> None:
    kept = fit([*conversation(turns), HumanMessage("最新")], 200)
    assert characters(kept) <= 200
    assert [m.type for m in kept[:2]] == ["system", "human"]
    assert "img-1至img-" in kept[1].text or "img-1、img-2" in kept[1].text
    assert kept[-1].text == "最新"


def test_a_call_and_its_result_stay_together_and_speakers_take_turns() -> None:
    for turns in range(1, 60):
        kept = fit(conversation(turns), 250)
        called = [c["id"] for m in kept if isinstance(m, AIMessage) for c in m.tool_calls]
        assert called == [m.tool_call_id for m in kept if isinstance(m, ToolMessage)]
        kinds = [message.type for message in kept[1:]]
        assert kinds == ["human", "ai", "tool", "ai"] * (len(kinds) // 4)


def test_the_prompt_keeps_its_beginning_for_most_turns() -> None:
    beginnings = [fit(conversation(turns), 400)[:2] for turns in range(20, 60)]
    changes = sum(a != b for a, b in pairwise(beginnings))
    assert 2 < changes < 10


def test_a_turn_that_grows_does_not_move_the_step_it_led_to() -> None:
    before = first_kept([50] * 9 + [10], 20, 450)
    assert first_kept([50] * 9 + [90], 20, 450) in (0, before)
    assert first_kept([50] * 9 + [90, 10], 20, 450) == first_kept([50] * 9 + [90], 20, 450)


def test_a_single_turn_that_is_too_long_says_what_it_leaves_out() -> None:
    call = {"name": "look", "args": {}, "id": "c"}
    long = ToolMessage("头" + "中" * 5000 + "尾", tool_call_id="c")
    *_, kept = fit([HumanMessage("看"), AIMessage("", tool_calls=[call]), long], 500)
    assert len(kept.text) < 500
    assert kept.text[0] == "头"
    assert kept.text[-1] == "尾"
    assert "略去" in kept.text


@pytest.mark.parametrize(
    ("words", "noted"),
    [
        ("找和最早那幅像的", "（最早那幅是img-1）找和最早那幅像的"),
        ("最开始的图上写了什么", "（最开始的图是img-1）最开始的图上写了什么"),
        ("最早那段录音说了什么", "最早那段录音说了什么"),  # there never was one
        ("一开始我就说过", "一开始我就说过"),
    ],
)
def test_the_first_picture_is_named_once_it_is_out_of_sight(words: str, noted: str) -> None:
    kept = fit([*conversation(60), HumanMessage(words)], 300)
    assert kept[-1].text == noted
    assert fit([*conversation(2), HumanMessage(words)], 300)[-1].text == words


FOUND = "找到3张图片：img-1、img-2、img-3"
BEFORE = [HumanMessage("找三张渔村"), ToolMessage(FOUND, tool_call_id="a"), AIMessage("好了")]
EDITED = [HumanMessage("换成夜晚"), ToolMessage("改好了：img-4", tool_call_id="b")]


@pytest.mark.parametrize(
    ("messages", "words", "note"),
    [
        (BEFORE, "第二张里有几条船", "（第二张是img-2）"),
        (BEFORE, "最后一张和第1幅像吗", "（第1幅是img-1，最后一张是img-3）"),
        (BEFORE, "倒数第二张呢", "（倒数第二张是img-2）"),
        (BEFORE, "第四张呢", ""),
        (BEFORE, "第二次来了", ""),
        ([*BEFORE, *EDITED], "第三张也一样", "（第三张是img-3）"),
        ([*BEFORE, *EDITED], "最后一张写了什么", ""),  # the last found, or the one made since?
        ([], "第一张写了什么", ""),
        ([], "[img-1][img-2]第二张写了什么", "（第二张是img-2）"),
    ],
)
def test_a_picture_spoken_of_by_its_place_is_named(
    messages: list[BaseMessage], words: str, note: str
) -> None:
    asked = [*messages, HumanMessage(words)]
    assert with_ordinals(asked)[-1].text == note + words
    assert with_ordinals(asked)[:-1] == messages
    assert fit(asked, 1000)[-1].text == words  # only where it is asked for


def test_a_digest_names_every_handle_and_cuts_none_in_half() -> None:
    many = "、".join(f"img-{n}" for n in range(1, 21))
    turns: list[list[BaseMessage]] = [
        [HumanMessage("[img-97][img-98]" + "很长的要求" * 9), ToolMessage("x", tool_call_id="a")],
        [HumanMessage("找"), ToolMessage(f"找到20张图片：{many}", tool_call_id="b")],
        [HumanMessage("念"), ToolMessage("字" * 38 + "img-99、aud-12", tool_call_id="c")],
        [HumanMessage("你好"), AIMessage("好")],
    ]
    told = digest(turns, 1000)
    assert "img-97、img-98" in told
    assert "img-1至img-20" in told
    assert "aud-12、" not in told
    assert "（img-99、aud-12）" in told
    assert "“你好”" in told


def test_where_room_is_short_small_talk_leaves_the_digest_first() -> None:
    chat = [[HumanMessage(f"说说第{n}件事"), AIMessage("好")] for n in range(50)]
    told = digest([turn(1), *chat, turn(2), turn(3), turn(4)], 80)
    assert "件事" not in told
    assert len(told) <= 100
    for handle in ("img-1", "img-8"):
        assert handle in told


def test_an_excerpt_says_how_much_it_leaves_out() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(3000))
    shown, left_out = excerpt(text, len, 300)
    head, _, tail = shown.partition(f"……（略去{left_out}字）……")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) + left_out == len(text)
    assert excerpt("短", len, 300) == ("短", 0)
