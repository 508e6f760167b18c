import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.drawing_prompts import optimise
from tools.drawing_styles import STYLES, find_style

STARTER = ("水墨", "油画", "水彩", "卡通", "剪纸", "素描")


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("生成一幅水墨画风格的江南水乡，有拱桥和垂柳", "江南水乡，有拱桥和垂柳，水墨画风格"),
        ("帮我生成三张图，画一只猫", "一只猫"),
        ("画一只猫", "一只猫"),
        ("帮我画一张猫", "猫"),
        ("请你给我画一幅桥上的猫。", "桥上的猫。"),
        ("能不能帮我画一幅卡通风格的小猫，背景是草地？", "小猫，背景是草地，卡通风格"),
        ("我想要一张晚上的桥", "晚上的桥"),
        ("生成一张图片，内容是：一只狗，谢谢", "一只狗"),
        ("三只红色的鸟，画出来", "三只红色的鸟"),
        ("画一张猫的图片", "猫"),
        ("画一幅江南水乡的水墨画", "江南水乡，水墨画风格"),
        ("用油画画一只猫", "一只猫，油画风格"),
        ("两只猫，要油画的感觉", "两只猫，油画风格"),
        ("风格是水彩，小船", "小船，水彩画风格"),
        ("油画，三只鸟，还是水彩画吧", "三只鸟，还是水彩画吧，油画风格"),
        ("油画，三只鸟，水彩", "油画，三只鸟，水彩画风格"),
        ("画一幅水墨画", "水墨画风格"),
        ("Please draw a picture of two birds, oil painting", "two birds, oil painting"),
        ("draw a cat on a bridge in watercolor style", "a cat on a bridge, watercolour painting"),
    ],
)  # fmt: skip
def test_commands_go_and_the_style_takes_its_form(prompt: str, text: str) -> None:
    assert optimise(prompt, known=STARTER).text == text


@pytest.mark.parametrize(
    "prompt",
    [
        "画家在画画",
        "画面中有一只猫",
        "画眉鸟在树上",
        "奶奶在剪纸",
        "墙上的油画",
        "用剪纸装饰的窗户",
        "卡通风车",
        "设计师的桌子",
        "我想念的故乡",
        "保持原样的老街",
        "来自远方的船",
        "三张桌子",
        "做作业的小孩",
        "paint cans on a shelf",
        "an oil lamp",
        "一位女子，赛博朋克风格",
    ],
)
def test_content_that_only_sounds_like_a_command_or_a_style_stays(prompt: str) -> None:
    found = optimise(prompt, known=STARTER)
    assert found.text == prompt
    assert found.style is None


def test_a_table_is_no_sheet() -> None:
    assert optimise("画三张桌子").text == "三张桌子"
    assert optimise("画一张红色的桌子").text == "一张红色的桌子"


@pytest.mark.parametrize("quoted", ["“画一张油画”", "「水墨风格」", '"draw a cat"', "『原样』"])
def test_quoted_text_is_nobodys_command(quoted: str) -> None:
    found = optimise(f"画一块写着{quoted}的牌子", known=STARTER)
    assert found.text == f"一块写着{quoted}的牌子"
    assert found.style is None
    assert not found.verbatim


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("原样，画一张水墨风格的猫", "画一张水墨风格的猫"),
        ("画一张猫，不要改我的提示词", "画一张猫"),
        ("画一张猫。按原文画！", "画一张猫！"),
        ("请按原样画：画一张猫，油画风", "画一张猫，油画风"),
        ("draw a cat, as is", "draw a cat"),
    ],
)
def test_verbatim_turns_it_off_and_goes(prompt: str, text: str) -> None:
    found = optimise(prompt)
    assert (found.text, found.verbatim) == (text, True)


def test_a_style_that_is_asked_for_beside_the_prompt_wins() -> None:
    found = optimise("一只猫，水墨画风格", style=STYLES["油画"], known=STARTER)
    assert (found.text, found.style) == ("一只猫，油画风格", "油画")
    assert optimise("原样，一只猫", style=STYLES["油画"]).text == "一只猫，油画风格"


def test_a_style_that_the_checkpoint_never_learned_is_told() -> None:
    found = optimise("一位女子，赛博朋克风格", known=STARTER)
    assert (found.style, found.unknown_style) == (None, "赛博朋克")
    assert optimise("一位女子，赛博朋克风格").style == "赛博朋克"


def test_words_of_quality_where_the_checkpoint_wants_them() -> None:
    found = optimise("画一只猫，细节丰富，水墨风", quality=True)
    assert found.text == "一只猫，水墨画风格，宣纸，浓淡晕染，留白，构图完整，细节丰富"
    english = optimise("a cat, oil painting", quality=True).text
    assert english.startswith("a cat, oil painting, thick brush strokes")


def test_a_checkpoint_without_english_gets_chinese_words() -> None:
    assert optimise("a cat, oil painting", languages=("zh",)).text == "a cat，油画风格"


@pytest.mark.parametrize(
    ("name", "style"),
    [("水墨", "水墨"), ("水墨风", "水墨"), ("油画风格", "油画"), ("Cartoon Style", "卡通"),
     ("oil painting", "油画"), ("国风", None), ("", None), ("风格", None)],
)  # fmt: skip
def test_styles_are_found_by_what_people_call_them(name: str, style: str | None) -> None:
    found = find_style(name)
    assert (found.name if found else None) == style


def test_no_two_styles_share_a_name() -> None:
    names = [name for style in STYLES.values() for name in style.called]
    assert len(names) == len(set(names))


FRAGMENTS = [
    *("画", "画一张", "帮我", "请", "生成", "一幅", "水墨", "水墨画", "油画风格", "的", "用"),
    *("，", "。", "：", " ", "、", "！", "猫", "桥上的鸟", "图", "图片", "谢谢", "画出来", "来"),
    *("“福”", '"x"', "“", "”", '"', "「画」", "赛博朋克", "draw ", "a picture of ", "cat"),
    *("风格是", "我要", "in oil style", "oil painting", "细节丰富", "宣纸", "要", "改成", "两张"),
    *("张", "\n"),
]  # fmt: skip
PROMPTS = st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join) | st.text(max_size=30)
OPTIONS = st.fixed_dictionaries(
    {
        "known": st.sampled_from([None, STARTER]),
        "quality": st.booleans(),
        "style": st.sampled_from([None, STYLES["油画"], STYLES["水墨"]]),
        "languages": st.sampled_from([("zh",), ("zh", "en")]),
    }
)


@settings(max_examples=400, deadline=None)
@given(PROMPTS, OPTIONS)
def test_twice_is_once(prompt: str, options: dict[str, object]) -> None:
    once = optimise(prompt, **options)  # type: ignore[arg-type]
    if not once.verbatim:
        again = optimise(once.text, **options)  # type: ignore[arg-type]
        assert again.text == once.text


@settings(max_examples=300, deadline=None)
@given(PROMPTS, st.text(alphabet="画一张水墨原样，福ab ", max_size=12), PROMPTS, OPTIONS)
def test_quoted_text_survives(
    before: str, quoted: str, after: str, options: dict[str, object]
) -> None:
    before, after = (
        text.translate(str.maketrans("", "", '“”「」『』‘’"')) for text in (before, after)
    )
    found = optimise(f"{before}“{quoted}”{after}", **options)  # type: ignore[arg-type]
    assert f"“{quoted}”" in found.text
