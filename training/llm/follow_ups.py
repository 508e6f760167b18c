"""What people say next: references to pictures, words and requests of earlier turns."""

from collections.abc import Callable
from random import Random

from training.llm import bank, chains, elliptical, intents, talk
from training.llm.dialog import Dialog
from training.llm.intents import Drawn
from training.llm.references import reference


def _about_picture(
    section: str, run: Callable[[Dialog, Drawn, str], None]
) -> Callable[[Dialog], bool]:
    """A follow-up on one picture; False when the conversation has none to speak of."""

    def turn(d: Dialog) -> bool:
        found = reference(d)
        if found is None:
            return False
        word, handle = found
        drawn = Drawn(d.rng, ref=word)
        d.user(drawn.say(_frame(section, d.rng)))
        run(d, drawn, handle)
        d.report()
        return True

    return turn


def _frame(section: str, rng: Random) -> str:
    """A frame of the section, or a first request's with the reference put before it."""
    first = {"read_text": "ocr", "ask_image": "ask"}.get(section)
    if first is None or rng.random() < 0.5:
        return rng.choice(bank.sections("follow_ups")[section])
    bare = [frame for frame in bank.lines(first) if "{x}" not in frame]
    return "(就|看|){ref}(，|，|)" + rng.choice(bare)


def _read(d: Dialog, _: Drawn, handle: str) -> None:
    d.call(("read_text", {"image": handle}))


def _similar(d: Dialog, drawn: Drawn, handle: str) -> None:
    number = {"top_k": drawn.values["n"]} if "n" in drawn.values else {}
    d.call(("find_similar_images", {"image": handle, **number}))


def _ask(d: Dialog, drawn: Drawn, handle: str) -> None:
    d.call(("ask_image", {"image": handle, "question": intents.question(d, drawn)}))


def _edit(d: Dialog, drawn: Drawn, handle: str) -> None:
    d.call(("edit_image", {"image": handle, "instruction": _wanted(drawn)}))


def _wanted(drawn: Drawn) -> str:
    """The change and how much of what; all that was said where it has no slot of its own."""
    if "e" not in drawn.words:
        return drawn.core
    return f"更{drawn['mood']}一点，{drawn['e']}" if "mood" in drawn.words else drawn["e"]


def _score(d: Dialog, drawn: Drawn, handle: str) -> None:
    text = drawn.words.get("t") or drawn["english"]
    d.call(("score_image", {"image": handle, "text": text}))


def edit_focus(d: Dialog) -> bool:
    """A change without a word for the picture: it is the one last touched."""
    if not d.focus:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["edit_focus"])))
    _edit(d, drawn, d.focus)
    d.report()
    return True


def score_again(d: Dialog) -> bool:
    if not d.scored or d.scored != d.focus:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["score_again"])))
    _score(d, drawn, d.scored)
    d.report()
    return True


def score_prompt(d: Dialog) -> bool:
    if not d.prompt or not d.focus:
        return False
    d.user(Drawn(d.rng).say(d.rng.choice(bank.sections("follow_ups")["score_prompt"])))
    d.call(("score_image", {"image": d.focus, "text": d.prompt}))
    d.report()
    return True


def search_more(d: Dialog) -> bool:
    if not d.query:
        return False
    drawn = Drawn(d.rng, intents.MOST_FOUND)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["search_more"])))
    d.call(("search_images", {"query": d.query, "top_k": drawn.values["n"]}))
    d.report()
    return True


def search_change(d: Dialog) -> bool:
    if not d.query:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["search_change"])))
    d.call(("search_images", {"query": drawn["q"]}))
    d.report()
    return True


def draw_again(d: Dialog) -> bool:
    if not d.prompt:
        return False
    drawn = Drawn(d.rng, intents.MOST_DRAWN)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["generate_again"])))
    count = {"count": drawn.values["n"]} if "n" in drawn.values else {}
    d.call(("generate_image", {"prompt": d.prompt, **count}))
    d.report()
    return True


def draw_changed(d: Dialog) -> bool:
    if not d.prompt:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["generate_change"])))
    d.call(("generate_image", {"prompt": f"{d.prompt}，{drawn['change']}"}))
    d.report()
    return True


def draw_other(d: Dialog) -> bool:
    if not d.prompt:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["generate_subject"])))
    d.call(("generate_image", {"prompt": drawn["q"]}))
    d.report()
    return True


def speak_last(d: Dialog) -> bool:
    """Read out the words of the last turn: what was read, heard, answered or said."""
    words = d.said or ("" if d.done else d.messages[-1]["content"])
    if not words or len(words) > 120:
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.sections("follow_ups")["speak_last"])))
    d.call(("speak", intents.voiced(d, words)))
    d.report()
    d.said = ""
    return True


def draw_heard(d: Dialog) -> bool:
    if not (d.heard and d.said):
        return False
    d.user(Drawn(d.rng).say(d.rng.choice(bank.sections("follow_ups")["transcript_generate"])))
    d.call(("generate_image", {"prompt": d.said}))
    d.report()
    return True


def chat(d: Dialog) -> bool:
    """Words between requests; what 念出来 means is then what was just said."""
    d.rng.choices([talk.opinion, talk.knowledge, talk.fact, talk.about_tools], [5, 2, 2, 2])[0](d)
    d.said = ""
    return True


def new_request(d: Dialog) -> bool:
    d.rng.choice([intents.search, intents.draw, intents.speak, intents.search, chains.chain])(d)
    return True


def new_attachment(d: Dialog) -> bool:
    turn = d.rng.choice([intents.read, intents.change, intents.score, intents.ask, intents.similar])
    turn(d)
    return True


FOLLOW_UPS: list[tuple[Callable[[Dialog], bool], int]] = [
    (_about_picture("read_text", _read), 5),
    (_about_picture("find_similar_images", _similar), 5),
    (_about_picture("ask_image", _ask), 4),
    (_about_picture("edit_image", _edit), 5),
    (_about_picture("score_image", _score), 3),
    (edit_focus, 5),
    (elliptical.same_for_another, 14),
    (elliptical.ask_focus, 5),
    (elliptical.read_focus, 3),
    (elliptical.ask_aspect, 6),
    (elliptical.speak_another, 3),
    (score_again, 3),
    (score_prompt, 2),
    (search_more, 2),
    (search_change, 3),
    (draw_again, 3),
    (draw_changed, 4),
    (draw_other, 2),
    (speak_last, 4),
    (draw_heard, 2),
    (chat, 13),
    (new_request, 2),
    (new_attachment, 2),
]


def follow_up(d: Dialog) -> None:
    """One more turn that fits what the conversation has."""
    turns, weights = zip(*FOLLOW_UPS, strict=True)
    while not d.rng.choices(turns, weights)[0](d):
        pass
