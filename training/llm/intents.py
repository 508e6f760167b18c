"""One request, one tool: each function writes a turn into a dialog, answer and all."""

from collections.abc import Callable
from random import Random
from typing import Any

from tools.handles import Kind
from training.llm import bank, scenes, speech
from training.llm.dialog import Dialog

MOST_FOUND, MOST_DRAWN = 20, 8
_PICTURE = "这张 这张图 这张照片 这图 图 这个 它 这幅画 照片 这张图片 图片 这张截图 img-1 这幅"
ONE_PICTURE = f"{_PICTURE} 这 这张图里面 原图 附件 上传的图".split()
_SOUND = "这段录音 这条语音 这个音频 录音 语音 音频 这段话 这段 这个 aud-1 这段会议录音 这段采访"
ORDINALS = ["第一张", "第二张", "第三张", "第四张", "第五张", "第六张"]


class Drawn:
    """Slots of a frame as they were drawn: words for the user, values for the arguments."""

    def __init__(self, rng: Random, most: int = MOST_FOUND, **fixed: str) -> None:
        self.rng, self.most = rng, most
        self.words: dict[str, str] = dict(fixed)
        self.values: dict[str, Any] = {}
        self.core = ""  # the request alone, as written
        self._any = scenes.slot(rng)

    def say(self, frame: str) -> str:
        """The frame decided, its slots drawn, spoken by somebody."""
        decided = bank.expand(frame, self.rng)
        self.draw_all(decided)
        return speech.say(decided, self.words, self.rng)

    def draw_all(self, decided: str) -> None:
        """Draw what the decided frame needs and has not got."""
        for name in bank.slots_of(decided):
            if name not in self.words:
                self.words[name] = self._draw(name)
        self.core = bank.fill(decided, lambda name: self.words[name])

    def _draw(self, name: str) -> str:
        rng = self.rng
        if name == "n":
            text, self.values["n"] = scenes.number(rng, self.most)
            return text
        if name == "ns":
            _, self.values["n"] = scenes.number(rng, self.most)
            return f" {self.values['n']}"
        if name == "seed":
            self.values["seed"] = rng.randrange(rng.choice([10, 100, 100_000]))
            return str(self.values["seed"])
        if name == "size":
            self.values["size"] = rng.choice(bank.words("things")["sizes"])
            return str(self.values["size"]).replace("x", rng.choice(["x", "×", "*", "乘"]))
        return edit(rng) if name == "e" else self._any(name)

    def __getitem__(self, name: str) -> str:
        return self.words[name]


def edit(rng: Random) -> str:
    """A change asked of a picture."""
    frames = rng.sample(bank.lines("edits"), 2 if rng.random() < 0.25 else 1)
    return bank.fill(bank.expand("，".join(frames), rng), scenes.slot(rng))


def search(d: Dialog) -> None:
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.lines("search"))))
    d.call(("search_images", search_arguments(drawn)))
    d.report()


def manner(drawn: Drawn, *names: str) -> list[str]:
    """What was said beside the subject: style, mood, colour, time of day."""
    return [drawn.words[name] for name in names if name in drawn.words]


def search_arguments(drawn: Drawn) -> dict[str, Any]:
    wanted = "，".join([drawn["q"], *manner(drawn, "mood", "color", "time")])
    return {"query": wanted, **({"top_k": drawn.values["n"]} if "n" in drawn.values else {})}


def with_picture(bank_name: str) -> Callable[[Dialog], tuple[Drawn, str] | None]:
    """A turn about one of the attached pictures: its slots and the picture's handle."""

    def turn(d: Dialog) -> tuple[Drawn, str] | None:
        rng = d.rng
        many = rng.choices([1, 2, 3], [9, 2, 1])[0]
        missing = not d.images and rng.random() < 0.08
        kinds: list[Kind] = ["image"] * many
        handles = () if missing else d.attach(*kinds)
        which = rng.randrange(many)
        word = rng.choice(ONE_PICTURE[:-4]) if many == 1 else ORDINALS[which]
        if handles and rng.random() < 0.1:
            word = handles[which]
        drawn = Drawn(rng, x=word)
        frame = rng.choice(_frames(bank_name, only_named=many > 1))
        d.user(drawn.say(frame), handles)
        if missing:
            d.reply("no_image")
            return None
        return drawn, handles[which]

    return turn


def _frames(bank_name: str, only_named: bool) -> tuple[str, ...]:
    """With several pictures attached the frame has to name one; with one it may leave it out."""
    frames = bank.lines(bank_name)
    return tuple(f for f in frames if "{x}" in f.replace("|{x}", "")) if only_named else frames


def similar(d: Dialog) -> None:
    if turn := with_picture("similar")(d):
        drawn, handle = turn
        number = {"top_k": drawn.values["n"]} if "n" in drawn.values else {}
        d.call(("find_similar_images", {"image": handle, **number}))
        d.report()


def ask(d: Dialog) -> None:
    if turn := with_picture("ask")(d):
        drawn, handle = turn
        d.call(("ask_image", {"image": handle, "question": question(d, drawn)}))
        d.report()


def question(d: Dialog, drawn: Drawn) -> str:
    """The question as it was asked: without the story before it when it can be told apart."""
    text: str = d.messages[-1]["content"].rsplit("]", 1)[-1]
    return drawn.core if drawn.core in text else text[-60:]


def read(d: Dialog) -> None:
    if turn := with_picture("ocr")(d):
        d.call(("read_text", {"image": turn[1]}))
        d.report()


def score(d: Dialog) -> None:
    if turn := with_picture("score")(d):
        drawn, handle = turn
        d.call(("score_image", {"image": handle, "text": drawn["t"]}))
        d.report()


def change(d: Dialog) -> None:
    """Edit an attached picture."""
    if turn := with_picture("edit")(d):
        drawn, handle = turn
        d.call(("edit_image", {"image": handle, "instruction": drawn["e"]}))
        d.report()


def draw(d: Dialog) -> None:
    drawn = Drawn(d.rng, MOST_DRAWN)
    d.user(drawn.say(d.rng.choice(bank.lines("generate"))))
    d.call(("generate_image", draw_arguments(drawn)))
    d.report()


def draw_arguments(drawn: Drawn) -> dict[str, Any]:
    """In the order of the tool's schema; a style is part of the prompt."""
    style = "，".join(manner(drawn, "style", "mood", "color", "time"))
    given = {
        "prompt": drawn["p"] + (f"，{style}" if style else ""),
        "negative_prompt": drawn.words.get("neg"),
        "size": drawn.values.get("size"),
        "count": drawn.values.get("n"),
        "seed": drawn.values.get("seed"),
    }
    return {name: value for name, value in given.items() if value is not None}


def speak(d: Dialog) -> None:
    drawn = Drawn(d.rng)
    d.user(drawn.say(d.rng.choice(bank.lines("speak"))))
    d.call(("speak", voiced(d, drawn["s"])))
    d.report()


def voiced(d: Dialog, text: str) -> dict[str, str]:
    """Arguments of `speak`: a voice only when the request names one."""
    asked = d.messages[-1]["content"].replace(text, "")
    voice = next((v for v in ("女声", "男声") if v in asked), "")
    return {"text": text, **({"voice": voice} if voice else {})}


def recite(d: Dialog) -> None:
    """Read a poem aloud that is only named: the text comes from memory."""
    title, author, text = d.rng.choice(bank.lines("verses")).split("|")
    drawn = Drawn(d.rng, title=title, author=author)
    d.user(drawn.say(d.rng.choice(bank.lines("speak_verse"))))
    d.call(("speak", {"text": text}))
    d.report()


def transcribe(d: Dialog) -> None:
    rng = d.rng
    missing = not d.sounds and rng.random() < 0.08
    handles = () if missing else d.attach("audio")
    drawn = Drawn(rng, a=rng.choice(_SOUND.split()))
    d.user(drawn.say(rng.choice(bank.lines("transcribe"))), handles)
    if missing:
        d.reply("no_audio")
        return
    d.call(("transcribe_audio", {"audio": handles[0]}))
    d.report()


def drill(d: Dialog) -> None:
    """Nothing but copying: early in training it teaches to repeat an argument exactly."""
    rng = d.rng
    name, key, frames = rng.choice(
        [
            ("speak", "text", ("念：{w}", "读一下“{w}”", "{w}，念出来", "把“{w}”转成语音")),
            ("search_images", "query", ("搜 {w}", "找{w}的图", "帮我找{w}", "{w}的照片")),
            ("generate_image", "prompt", ("画{w}", "画一张{w}", "{w}，生成一张")),
        ]
    )
    words = scenes.gibberish(rng, longest=40)
    d.user(rng.choice(frames).replace("{w}", words))
    d.call((name, {key: words}))
    d.report()
