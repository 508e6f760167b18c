import re
from collections.abc import Iterator
from typing import Any

import pytest

from tools.contract import Arguments
from tools.handles import kind_of
from tools.registry import discover
from training.llm import bank, scenes
from training.llm.corpus import ALL, TODAY, conversation

SEEDS = range(600)
ATTACHED = re.compile(r"\[((?:img|aud)-\d+)\]")
HANDLE = re.compile(r"(?:img|aud)-\d+")


def calls_of(messages: list[dict[str, Any]]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Index of the message, tool name, arguments."""
    for index, message in enumerate(messages):
        for call in message.get("tool_calls", []):
            yield index, call["function"]["name"], call["function"]["arguments"]


def models() -> dict[str, type[Arguments]]:
    return {name: tool.arguments for name, tool in discover().items()}


def test_a_seed_gives_the_same_conversation_every_time() -> None:
    assert conversation(11, ALL).messages == conversation(11, ALL).messages


def test_every_call_is_valid_for_its_tool() -> None:
    arguments_of = models()
    for seed in SEEDS:
        for _, name, arguments in calls_of(conversation(seed, ALL).messages):
            arguments_of[name].model_validate(arguments)


def test_arguments_stand_in_the_order_of_the_schema() -> None:
    arguments_of = models()
    for seed in SEEDS:
        for _, name, arguments in calls_of(conversation(seed, ALL).messages):
            order = [field for field in arguments_of[name].model_fields if field in arguments]
            assert list(arguments) == order


def test_a_handle_is_named_only_after_it_appeared_and_with_its_kind() -> None:
    for seed in SEEDS:
        messages = conversation(seed, ALL).messages
        for index, _, arguments in calls_of(messages):
            known = handles_before(messages, index)
            for kind in ("image", "audio"):
                if kind in arguments:
                    assert kind_of(arguments[kind]) == kind
                    assert arguments[kind] in known


def handles_before(messages: list[dict[str, Any]], index: int) -> set[str]:
    known: set[str] = set()
    for message in messages[:index]:
        if message["role"] == "user":
            known |= set(ATTACHED.findall(message["content"]))
        if message["role"] == "tool":
            known |= set(HANDLE.findall(message["content"]))
    return known


@pytest.mark.parametrize(
    ("tool", "argument"), [("search_images", "query"), ("score_image", "text")]
)
def test_copied_arguments_were_said_before(tool: str, argument: str) -> None:
    for seed in SEEDS:
        messages = conversation(seed, ALL).messages
        for index, name, arguments in calls_of(messages):
            if name == tool:
                before = "".join(m["content"] for m in messages[:index]).replace("\n", "，")
                wanted = arguments[argument].replace('"', "“")
                assert wanted in before.replace('"', "“") or quoted_apart(wanted, before)


def quoted_apart(wanted: str, before: str) -> bool:
    """A prompt of several parts (`拱桥，水墨`) may have stood in another order."""
    return all(part in before for part in wanted.split("，"))


def test_no_call_of_a_tool_that_is_not_offered() -> None:
    for seed in SEEDS:
        assert all(name in TODAY for _, name, _ in calls_of(conversation(seed, TODAY).messages))


def test_a_missing_tool_is_said_plainly() -> None:
    texts = [m["content"] for seed in SEEDS for m in conversation(seed, TODAY).messages]
    assert any("我现在还不会画图。换成完整档（例如 12gb）就可以" in text for text in texts)


def test_every_turn_ends_with_words() -> None:
    for seed in SEEDS:
        messages = conversation(seed, ALL).messages
        ends = [m for m, after in zip(messages, [*messages[1:], None], strict=True)
                if after is None or after["role"] == "user"]  # fmt: skip
        assert all(m["role"] == "assistant" and m["content"] for m in ends)


def test_no_slot_or_choice_is_left_in_what_people_say() -> None:
    for seed in SEEDS:
        for message in conversation(seed, ALL).messages:
            if message["role"] == "user":
                assert not re.search(r"[{}|\ue000]", message["content"])


def test_frames_use_balanced_choices() -> None:
    for path in bank.PHRASES.glob("*.txt"):
        for line in bank.lines(path.stem):
            assert line.count("(") == line.count(")"), f"{path.name}: {line}"


@pytest.mark.parametrize(
    ("value", "written"), [(2, "二"), (10, "十"), (12, "十二"), (20, "二十"), (35, "三十五")]
)
def test_numbers_are_written_in_chinese(value: int, written: str) -> None:
    assert scenes.numeral(value) == written
