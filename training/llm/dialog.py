"""A conversation while it is written: messages, handles, what was found, said and last touched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tools.handles import Kind, handle_of, with_attachments
from tools.reports import reported
from training.llm import bank, canned
from training.llm.canned import Canned

SKILL = {
    "search_images": "按文字找图",
    "find_similar_images": "找相似的图",
    "ask_image": "看图回答",
    "read_text": "读图里的字",
    "generate_image": "画图",
    "edit_image": "改图",
    "transcribe_audio": "听写录音",
    "speak": "朗读",
    "score_image": "给图文打分",
}
Call = tuple[str, dict[str, Any]]


_FAILURES = 0.025  # of the calls


class TurnOver(Exception):
    """The plan cannot go on, which was said: a tool is not offered, or it failed."""


@dataclass
class Dialog:
    """`tools`: the names offered. Messages are OpenAI-style, arguments as objects."""

    tools: Collection[str]
    rng: Random
    messages: list[dict[str, Any]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    sounds: list[str] = field(default_factory=list)
    found: tuple[str, ...] = ()  # the list that 第二张 counts in
    focus: str = ""  # the picture that 它 means
    said: str = ""  # the words that 念出来 means
    query: str = ""
    prompt: str = ""
    scored: str = ""
    heard: bool = False
    done: list[tuple[str, dict[str, Any], Canned]] = field(default_factory=list)

    def attach(self, *kinds: Kind) -> tuple[str, ...]:
        """Handles of new attachments, in order; the next user turn must name them."""
        handles = tuple(self._new(kind) for kind in kinds)
        pictures = tuple(h for h in handles if h.startswith("img"))
        if pictures:
            self.focus = pictures[0] if len(pictures) == 1 else ""
            self.found = pictures
        return handles

    def user(self, text: str, attached: Sequence[str] = ()) -> None:
        self.done = []
        self.messages.append({"role": "user", "content": with_attachments(text, attached)})

    def call(self, *calls: Call) -> list[Canned]:
        """One step of the agent: the calls, then their results. `TurnOver` ends the turn early."""
        for name, _ in calls:
            if name not in self.tools:
                self._say_missing(name)
                raise TurnOver
        wire = [{"type": "function", "function": {"name": n, "arguments": a}} for n, a in calls]
        self.messages.append({"role": "assistant", "content": "", "tool_calls": wire})
        if len(calls) == 1 and self.rng.random() < _FAILURES:
            self._fail()
        return [self._result(name, arguments) for name, arguments in calls]

    def _fail(self) -> None:
        """The tool says what went wrong, and the answer passes it on."""
        error = self.rng.choice(bank.lines("errors"))
        self.messages.append({"role": "tool", "content": error})
        self.say(error)
        raise TurnOver

    def say(self, text: str) -> None:
        self.messages.append({"role": "assistant", "content": text})

    def _result(self, name: str, arguments: dict[str, Any]) -> Canned:
        result = canned.result(name, arguments, self._new, self.rng)
        self.messages.append({"role": "tool", "content": result.text})
        self.done.append((name, arguments, result))
        self._remember(name, arguments, result)
        return result

    def _remember(self, name: str, arguments: dict[str, Any], result: Canned) -> None:
        pictures = tuple(h for h in result.handles if h.startswith("img"))
        if pictures:
            self.found = pictures
            self.focus = pictures[0] if len(pictures) == 1 else ""
        elif "image" in arguments:
            self.focus = arguments["image"]
        if name in ("read_text", "ask_image", "transcribe_audio"):
            self.said = result.said
            self.heard = name == "transcribe_audio"
        self.query = arguments.get("query", self.query)
        self.prompt = arguments.get("prompt", self.prompt)
        self.scored = arguments["image"] if name == "score_image" else self.scored

    def _new(self, kind: Kind) -> str:
        kept = self.images if kind == "image" else self.sounds
        kept.append(handle_of(kind, len(kept) + 1))
        return kept[-1]

    def _say_missing(self, name: str) -> None:
        skills = "、".join(SKILL[tool] for tool in sorted(self.tools))
        can = f"，现在能{skills}" if skills else ""
        lead = "前面的做好了，但" if self.done else ""
        self.say(f"{lead}我现在还不会{SKILL[name]}。换成完整档（例如 12gb）就可以{can}。")

    def reply(self, bank_name: str) -> None:
        """Say a line of `replies.toml`."""
        self.say(self.rng.choice(bank.replies(bank_name)))

    def report(self) -> None:
        """The short answer after the tools of this turn: what came out of each."""
        self.say(reported((name, args, result.text) for name, args, result in self.done))
