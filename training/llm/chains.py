"""One request, several tools: a first clause, then clauses that work on what came before."""

import re
from random import Random
from typing import Any

from training.llm import bank, scenes, speech
from training.llm.dialog import Dialog
from training.llm.intents import ONE_PICTURE, Drawn, draw_arguments, search_arguments

_JOINTS = (
    "，再|，然后|，接着|，完了|，|，|，最后|，顺便|；|，之后|，弄完|，好了以后|，再给我| 然后 |，并"
)
_ABOUT_PICTURE = "read_text edit_image score_image ask_image find_similar_images speak_given"
_ABOUT_TEXT = "speak_text speak_text speak_text search_from_text generate_from_text"
_ABOUT_BOTH = "speak_text speak_text edit_image score_image generate_new"
_THEN = {  # what the next clause may be, by what the last one left
    "image": _ABOUT_PICTURE.split(),
    "text": _ABOUT_TEXT.split(),
    "both": _ABOUT_BOTH.split(),
    "sound": [],
}
_LEAVES = {"read_text": "both", "ask_image": "both", "transcribe_audio": "text"}
_SAID = {"speak_text": "speak", "search_from_text": "search_images"}
_SAID |= {"generate_from_text": "generate_image", "whole:speak": "speak"}  # words of a result
_TOOL = {"whole:ask": "ask_image", "redraw": "edit_image"}  # clauses not named like their tool
_ONE_WANTED = re.compile("一张|一幅|[找搜来挑]张")
_FIRST = [
    ("search_images", 5), ("generate_image", 5), ("read_text", 4), ("ask_image", 3),
    ("transcribe_audio", 4), ("edit_image", 3), ("find_similar_images", 3), ("score_image", 1),
]  # fmt: skip
_CHANGES = ["redraw", "redraw", "edit_image", "edit_image", "generate_new", ""]
_FROM_WORDS = ["generate_from_text", "generate_from_text", "search_from_text"]
_WHOLE: dict[str, tuple[int, list[list[str]]]] = {  # opening: its weight, what may come after it
    "search_images": (6, [["whole:ask"], _CHANGES]),
    "generate_image": (2, [["whole:ask"], _CHANGES]),
    "whole:ask": (4, [_CHANGES]),
    "transcribe_audio": (2, [_FROM_WORDS]),
    "read_text": (1, [_FROM_WORDS]),
}


class Plan:
    """Clauses of one request and the calls they mean, in order; calls run once it is all said."""

    def __init__(self, d: Dialog) -> None:
        self.d, self.rng = d, d.rng
        self.clauses: list[str] = []
        self.slots: dict[str, str] = {}
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.number = 0

    def clause(self, frame: str, **fixed: str) -> Drawn:
        """Add a clause; its slots get names of their own, so that clauses do not share them."""
        drawn = Drawn(self.rng, 8, **fixed)
        decided = bank.expand(frame, self.rng)
        drawn.draw_all(decided)
        self.number += 1
        unique = {name: f"{name}{self.number}_" for name in bank.slots_of(decided)}
        self.slots |= {unique[name]: drawn.words[name] for name in unique}
        self.clauses.append(bank.fill(decided, lambda name: "{" + unique[name] + "}"))
        return drawn

    def text(self) -> str:
        joined = self.clauses[0]
        for clause in self.clauses[1:]:
            joined += self.rng.choice(_JOINTS.split("|")) + clause
        return speech.say(joined, self.slots, self.rng)


def chain(d: Dialog) -> None:
    """Two to four steps; later arguments name what earlier steps made."""
    plan = Plan(d)
    [first] = d.rng.choices([name for name, _ in _FIRST], [weight for _, weight in _FIRST])
    attached, left = _open(plan, first)
    for _ in range(d.rng.choice([1, 1, 1, 2, 2, 3])):
        choices = [name for name in _THEN[left] if name.removesuffix("_text") != first]
        if not choices:
            break
        left = _continue(plan, d.rng.choice(choices))
    d.user(plan.text(), attached)
    _run(d, plan)
    d.report()


def whole_task(d: Dialog) -> None:
    """Found, drawn or brought along; what it shows or says; a picture made of it; read aloud."""
    plan, rng = Plan(d), d.rng
    [first] = rng.choices(list(_WHOLE), [weight for weight, _ in _WHOLE.values()])
    attached, _ = _open(plan, first)
    middle = [rng.choice(names) for names in _WHOLE[first][1]]
    if rng.random() < 0.15:
        middle.reverse()  # changed first, then looked at
    for name in filter(None, middle):
        _continue(plan, name)
    if len(plan.steps) < 3 or rng.random() < 0.7:
        _continue(plan, "whole:speak")
    d.user(plan.text(), attached)
    _run(d, plan)
    d.report()


def _open(plan: Plan, first: str) -> tuple[tuple[str, ...], str]:
    """The first clause: handles attached, and what it leaves for the next."""
    d, rng = plan.d, plan.rng
    frame = _frame(rng, "first", first)
    word = rng.choice(ONE_PICTURE[:6])
    drawn = plan.clause(frame, x=word, ref=word)
    attached: tuple[str, ...] = ()
    if first == "transcribe_audio":
        attached = d.attach("audio")
        arguments: dict[str, Any] = {"audio": attached[0]}
    elif first == "search_images":
        one = {"top_k": 1} if _ONE_WANTED.search(drawn.core) else {}
        arguments = {**search_arguments(drawn), **one}
    elif first == "generate_image":
        arguments = draw_arguments(drawn)
    else:
        attached = d.attach("image")
        arguments = {"image": attached[0], **_details(first, drawn)}
    plan.steps.append((_TOOL.get(first, first), arguments))
    return attached, _LEAVES.get(first, "image")


def _continue(plan: Plan, name: str) -> str:
    """Add the clause `name`; its arguments are settled when the earlier results are known."""
    last, given = plan.steps[-1]
    found = last in ("search_images", "find_similar_images") and given.get("top_k") != 1
    word, pick = _reference(plan.rng, several=found or given.get("count", 1) > 1)
    drawn = plan.clause(_frame(plan.rng, "then", name), ref=word)
    pick = pick if word in drawn.core else 0  # what was not said means the first
    if name in _SAID:
        plan.steps.append((_SAID[name], {"said": True}))
        return "sound" if _SAID[name] == "speak" else "image"
    if name == "speak_given":
        plan.steps.append(("speak", {"text": drawn["s"]}))
        return "sound"
    if name == "generate_new":
        plan.steps.append(("generate_image", draw_arguments(drawn)))
    else:
        plan.steps.append((_TOOL.get(name, name), {"pick": pick, **_details(name, drawn)}))
    return _LEAVES.get(name, "image")


def _frame(rng: Random, place: str, name: str) -> str:
    """A clause that is the `first` one or comes `then`; those of `whole:*` go anywhere."""
    key = name if name.startswith("whole:") else f"{place}:{name}"
    return rng.choice(bank.sections("chains")[key])


def _details(name: str, drawn: Drawn) -> dict[str, Any]:
    """What a tool that works on a picture is told beside the picture."""
    if name == "find_similar_images":
        return {"top_k": drawn.values["n"]} if "n" in drawn.values else {}
    if name == "edit_image":
        return {"instruction": drawn["e"]}
    if name == "redraw":
        return {"instruction": f"改成{drawn['view']}"}
    if name in ("ask_image", "whole:ask"):
        return {"question": drawn.core.removeprefix("先")}
    return {"text": drawn["t"]} if name == "score_image" else {}


_PICKS = [("第一张", 0), ("第一张", 0), ("最像的那张", 0), ("最符合的那张", 0), ("头一张", 0)]
_PICKS += [("第二张", 1), ("最后一张", -1), ("排第一的", 0), ("第一个", 0), ("最接近的那张", 0)]
_ONE = ["它", "它", "这张", "图", "这图", "画好的图", "结果", "那张", "新图", "图片"]


def _reference(rng: Random, several: bool) -> tuple[str, int]:
    """Words for one of the results and its place in the list."""
    return rng.choice(_PICKS) if several else (rng.choice(_ONE), 0)


def _run(d: Dialog, plan: Plan) -> None:
    """Make the calls one after the other, filling in handles and words from the results."""
    pictures: tuple[str, ...] = tuple(d.found)
    for name, arguments in plan.steps:
        settled = _settle(d, name, arguments, pictures)
        [result] = d.call((name, settled))
        made = tuple(h for h in result.handles if h.startswith("img"))
        pictures = made or ((settled["image"],) if "image" in settled else pictures)


def _settle(
    d: Dialog, name: str, arguments: dict[str, Any], pictures: tuple[str, ...]
) -> dict[str, Any]:
    """Arguments with the handle and the words that earlier results gave."""
    settled = {k: v for k, v in arguments.items() if k not in ("pick", "said")}
    if "pick" in arguments:
        place = arguments["pick"]
        fits = -len(pictures) <= place < len(pictures)
        settled = {"image": pictures[place if fits else 0], **settled}
    if "said" in arguments:
        settled[{"speak": "text", "search_images": "query"}.get(name, "prompt")] = d.said
    return settled


def both(d: Dialog) -> None:
    """Compare two attached pictures with the same words: two calls in one step."""
    rng = d.rng
    handles = d.attach("image", "image")
    plan = Plan(d)
    drawn = plan.clause(rng.choice(bank.sections("chains")["both"]))
    kind = rng.random()
    after = (
        plan.clause(rng.choice(bank.sections("chains")["both:then_edit"])) if kind < 0.25 else None
    )
    aloud = kind > 0.88
    if aloud:
        plan.clause(rng.choice(bank.sections("chains")["both:then_speak"]))
    d.user(plan.text(), handles)
    results = d.call(*(("score_image", {"image": h, "text": drawn["t"]}) for h in handles))
    best = handles[0] if results[0].score >= results[1].score else handles[1]
    verdict = _verdict(handles, [r.score for r in results])
    if after is not None:
        d.call(("edit_image", {"image": best, "instruction": after["e"]}))
        verdict += f"改好了，{d.images[-1]}。"
    if aloud:
        d.call(("speak", {"text": verdict}))
        verdict += f"读好了，{d.sounds[-1]}。"
    d.focus = best
    d.say(verdict)


def _verdict(handles: tuple[str, ...], scores: list[float]) -> str:
    first, second = scores
    if first == second:
        return f"两张一样，都是{first:.2f}。"
    order = (0, 1) if first > second else (1, 0)
    return f"{handles[order[0]]}更贴，{scores[order[0]]:.2f}比{scores[order[1]]:.2f}高。"


def each(d: Dialog) -> None:
    """Several pictures made or found, each compared with the same words in one step."""
    rng = d.rng
    plan = Plan(d)
    count = rng.choice([2, 2, 3, 4])
    text = f"{rng.choice(['两', '2'] if count == 2 else [str(count), scenes.numeral(count)])}张"
    if rng.random() < 0.7:
        drawn = plan.clause("(画|生成|出){n}{p}", n=text)
        step = ("generate_image", {"prompt": drawn["p"], "count": count})
    else:
        drawn = plan.clause("(找|搜){n}{q}的图", n=text)
        step = ("search_images", {"query": drawn["q"], "top_k": count})
    words = plan.clause(rng.choice(bank.sections("chains")["then:score_each"]))["t"]
    d.user(plan.text())
    [made] = d.call(step)
    d.call(*(("score_image", {"image": h, "text": words}) for h in made.handles))
    d.say("".join(f"{a['image']}是{r.score:.2f}，" for _, a, r in d.done[1:]).rstrip("，") + "。")


def draw_and_speak(d: Dialog) -> None:
    """A picture and a sentence that do not depend on each other."""
    plan = Plan(d)
    sections = bank.sections("chains")
    drawn = plan.clause(d.rng.choice(sections["first:generate_image"]))
    voice = plan.clause(d.rng.choice(sections["then:speak_given"]))
    d.user(plan.text())
    d.call(("generate_image", draw_arguments(drawn)))
    d.call(("speak", {"text": voice["s"]}))
    d.report()
