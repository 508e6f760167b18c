"""What people leave out because it was said before: the picture, or what to do with it."""

from training.llm import bank, intents
from training.llm.dialog import Dialog
from training.llm.intents import Drawn
from training.llm.references import reference

_AGAIN = frozenset({"ask_image", "read_text", "score_image"})  # asked of several pictures in turn
_TRIES = 4


def same_for_another(d: Dialog) -> bool:
    """“那第三张呢”: what was just asked of one picture, of another."""
    if len(d.done) != 1:
        return False
    [(name, arguments, _)] = d.done
    found = _another(d, arguments.get("image", "")) if name in _AGAIN else None
    if found is None:
        return False
    word, handle = found
    d.user(Drawn(d.rng, ref=word).say(_frame(d, "same")))
    d.call((name, {**arguments, "image": handle}))
    d.report()
    return True


def _another(d: Dialog, seen: str) -> tuple[str, str] | None:
    """Words for a picture that is not `seen`, and its handle."""
    tries = (reference(d) for _ in range(_TRIES))
    return next((found for found in tries if found and found[1] != seen), None)


def ask_focus(d: Dialog) -> bool:
    """A question without a word for the picture: it is the one last touched."""
    return bool(d.focus) and _ask(d, "ask_focus")


def ask_aspect(d: Dialog) -> bool:
    """“那颜色呢” after a question about the picture."""
    return _last_tool(d) == "ask_image" and _ask(d, "ask_aspect")


def _ask(d: Dialog, section: str) -> bool:
    """Always done, of the picture last touched."""
    drawn = Drawn(d.rng)
    d.user(drawn.say(_frame(d, section)))
    d.call(("ask_image", {"image": d.focus, "question": intents.question(d, drawn)}))
    d.report()
    return True


def read_focus(d: Dialog) -> bool:
    """“招牌上写着什么”."""
    if not d.focus:
        return False
    d.user(Drawn(d.rng).say(_frame(d, "read_focus")))
    d.call(("read_text", {"image": d.focus}))
    d.report()
    return True


def speak_another(d: Dialog) -> bool:
    """Other words, read aloud like the last."""
    if _last_tool(d) != "speak":
        return False
    drawn = Drawn(d.rng)
    d.user(drawn.say(_frame(d, "speak_another")))
    d.call(("speak", intents.voiced(d, drawn["s"])))
    d.report()
    return True


def _last_tool(d: Dialog) -> str:
    return d.done[-1][0] if d.done else ""


def _frame(d: Dialog, section: str) -> str:
    return d.rng.choice(bank.sections("elliptical")[section])
