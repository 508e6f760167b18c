"""How people ask about a picture: frames of the training bank, and others for evaluation alone.

`{name}` is a thing, `{m}` its measure word, `{other}` another thing, `{where}` a part of the
picture. The two banks share no frame, and no opening.
"""

from collections.abc import Mapping

Frames = tuple[tuple[str, ...], tuple[str, ...]]  # (training, held out)
Places = Mapping[str, Frames]

OPENINGS: Frames = (
    ("", "", "", "", "请问", "请问，", "你看", "帮我看看，", "看一下，", "麻烦看看", "我想知道"),
    ("", "", "能告诉我吗，", "请看图："),
)
ENDINGS = ("？", "？", "？", "?", "")

SETTING: Mapping[str, Frames] = {
    "style": (
        (
            "这是什么风格的画", "这张图是怎么画的", "画风是什么", "这是什么画", "是什么风格",
            "这幅画是哪种风格", "用什么画法画的", "图片是什么画风", "这是油画还是水墨画",
            "这是哪种画", "这张画属于什么风格", "用什么手法画的", "图的风格",
        ),
        ("看得出是哪种画法吗", "这幅作品的绘画风格叫什么", "它画成了哪种风格"),
    ),
    "time": (
        (
            "图里是什么时候", "是白天还是晚上", "画的是一天里的什么时间", "现在是几点的样子",
            "是早上还是傍晚", "图里是什么时间", "是什么时间段", "天是亮的还是黑的",
            "画的是清晨、白天、黄昏还是夜晚", "这是一天中的什么时候", "是哪个时段",
        ),
        ("大概是几时的景色", "画面处在一天的哪个时间", "那是白天、夜里还是别的时候"),
    ),
    "season": (
        (
            "这是什么季节", "图里是哪个季节", "看起来是春夏秋冬哪一季", "是什么季节的景色",
            "现在是春天还是秋天", "画的是哪个季节", "是夏天还是冬天", "季节是什么", "是几月的样子",
            "图中的季节",
        ),
        ("画的是哪一季的景", "从画面看属于哪个季节", "四季里的哪一个"),
    ),
    "weather": (
        (
            "天气怎么样", "图里是什么天气", "在下雨吗，还是晴天", "天气如何", "是晴天还是阴天",
            "那天的天气", "是下雨、下雪还是晴天", "外面是什么天气", "什么天气", "图中的天气",
            "天气好不好", "画的是什么天气",
        ),
        ("那里天气如何", "画面里的天气是怎样的", "是个什么天"),
    ),
    "place": (
        (
            "这是在哪里", "图里是什么地方", "画的是什么场景", "这是什么地方", "在哪儿",
            "是在海边还是河边", "画的是哪里", "地点是哪里", "场景是什么", "这里是哪里",
            "是室内还是室外", "画的是什么地方的景色",
        ),
        ("这景是在哪儿", "画面展示的是哪种地方", "这一切发生在什么场所"),
    ),
}  # fmt: skip
COUNT: Frames = (
    (
        "有几{m}{name}", "图里一共有多少{m}{name}", "数一数，{name}有几{m}", "几{m}{name}",
        "多少{m}{name}", "{name}有多少", "图中有多少{name}", "有多少{m}{name}", "{name}一共几{m}",
        "你能数出几{m}{name}", "画了几{m}{name}", "{name}有几{m}", "总共有几{m}{name}",
        "数数{name}", "里面有几{m}{name}",
    ),
    ("{name}的数量是多少", "画面上的{name}共计几{m}", "看看{name}到底有几{m}"),
)  # fmt: skip
COLOR: Frames = (
    (
        "{name}是什么颜色的", "那{m}{name}什么颜色", "{name}的颜色", "{name}什么颜色",
        "{name}是哪种颜色", "图里的{name}是什么颜色", "{name}的颜色是什么", "{name}是啥颜色",
        "画的{name}是什么颜色", "{name}是红色的还是别的颜色", "什么颜色的{name}",
    ),
    ("{name}呈现哪种颜色", "画中{name}用了什么颜色", "{name}看上去是哪个颜色的"),
)  # fmt: skip
COLOR_PERSON: Frames = (
    (
        "{name}穿什么颜色的衣服",
        "{name}的衣服是什么颜色",
        "{name}穿的衣服什么颜色",
        "{name}身上穿的是什么颜色",
        "{name}穿着什么颜色的衣服",
        "{name}衣服的颜色",
    ),
    ("{name}身上衣服哪种颜色", "{name}的衣服看上去是哪个颜色的"),
)
EXISTS: Frames = (
    (
        "图里有{name}吗", "有没有{name}", "能看到{name}吗", "有{name}吗", "图中有没有{name}",
        "这张图里有{name}吗", "画了{name}吗", "看得到{name}吗", "里面有{name}吗",
        "画里有没有{name}", "{name}在图里吗", "有{name}没有", "可以看到{name}吗",
    ),
    ("画面中是否出现{name}", "是不是画着{name}", "这里头能找到{name}吗"),
)  # fmt: skip
WHERE: Frames = (
    (
        "{name}在哪里", "{name}在画面的什么位置", "哪边有{name}", "{name}在哪儿", "{name}在哪边",
        "{name}的位置", "{name}在图的哪里", "{name}在什么地方", "哪里有{name}", "{name}画在哪里",
        "{name}在图中什么位置", "{name}在左边还是右边",
    ),
    ("{name}处于图中何处", "从画面上看{name}位于哪个位置", "想找{name}该看哪一块"),
)  # fmt: skip
WHAT: Frames = (
    (
        "{where}有什么", "{where}是什么", "{where}画了什么", "{where}有什么东西",
        "图的{where}有什么", "看看{where}有什么", "{where}能看到什么", "{where}都有些什么",
        "画面{where}有什么", "{where}的是什么", "什么在{where}",
    ),
    ("{where}出现了什么", "你在{where}看见什么", "位于{where}的东西是什么"),
)  # fmt: skip
TEXT: Frames = (
    (
        "牌子上写着什么",
        "招牌上是什么字",
        "读一下图里的字",
        "牌子上写的什么",
        "招牌写了什么",
        "图里有什么字",
        "上面写着什么字",
        "牌匾上的字是什么",
        "图里的文字是什么",
        "念一下牌子上的字",
    ),
    ("牌上的字是哪几个", "把招牌的文字读出来", "那块牌写了哪些字"),
)
MORE: Frames = (
    (
        "{name}和{other}哪个多",
        "{name}多还是{other}多",
        "{name}和{other}哪种更多",
        "{name}跟{other}比，哪个多",
        "是{name}多还是{other}多",
        "比一比{name}和{other}，哪个多",
    ),
    ("{name}与{other}相比谁的数量大", "{name}、{other}，哪一样更多些"),
)
MORE_THAN: Frames = (
    (
        "{name}比{other}多吗",
        "{name}是不是比{other}多",
        "{name}的数量比{other}多吗",
        "{name}有没有{other}多",
        "{name}比{other}更多吗",
    ),
    ("{name}的数目超过{other}吗", "论数量{name}多过{other}吗"),
)
LEFT_OR_RIGHT: Frames = (
    (
        "{name}在{other}的左边还是右边",
        "{name}在{other}的哪一边",
        "{name}在{other}左边还是右边",
        "{name}在{other}的哪边",
        "跟{other}比，{name}在左边还是右边",
    ),
    ("{name}位于{other}的哪一侧", "以{other}为准，{name}靠左还是靠右"),
)
SAME_COLOR: Frames = (
    (
        "{name}和{other}颜色一样吗",
        "{name}和{other}是同一种颜色吗",
        "{name}跟{other}的颜色相同吗",
        "{name}和{other}颜色相同吗",
        "{name}与{other}是一个颜色吗",
    ),
    ("{name}、{other}两者同色吗", "{name}的颜色是否和{other}一致"),
)
UNKNOWN: Frames = (
    (
        "这是谁画的", "画家是谁", "这幅画叫什么名字", "接下来会发生什么", "这张图是哪年画的",
        "这幅画值多少钱", "{name}叫什么名字", "{name}多大了", "{name}多少钱", "{name}重多少",
        "为什么有{name}", "{name}是谁的", "{name}在想什么", "{name}从哪里来", "{name}要去哪里",
        "为什么画这张图", "图里的人叫什么", "画这幅画用了多久", "这里现在几度", "{name}有多高",
        "{name}明天还在吗", "昨天这里发生了什么", "作者是哪里人", "这张图是在哪一天画的",
        "{name}是什么时候来的", "{name}为什么是这个颜色", "{name}几岁", "这个地方住着多少人",
        "房子的主人是谁", "画里的故事是什么", "后来怎么样了", "{name}喜欢什么", "{name}贵不贵",
        "这是哪个城市", "这是哪个国家", "画外面有什么",
    ),
    (
        "作者叫什么名字", "之后会怎样", "{name}的价格是多少", "{name}的主人叫什么",
        "什么原因让{name}出现在这里", "这幅画创作于哪一年", "{name}今年几岁了",
    ),
)  # fmt: skip
DESCRIBE: Frames = (
    (
        "描述一下这张图", "图里有什么", "这张图画的是什么", "说说这张图", "介绍一下这张图",
        "详细描述这张图", "描述图片", "这张图里都有什么", "看看这张图", "图片内容是什么",
        "用三句话描述这张图", "描述这幅画", "你看到了什么", "仔细说说图里的内容",
    ),
    ("请讲讲画面内容", "把整幅画面说给我听", "画面上都看得见什么"),
)  # fmt: skip
DESCRIBE_BRIEFLY: Frames = (
    (
        "用一句话描述这张图",
        "一句话说说这张图",
        "简单描述一下",
        "简单说说图里有什么",
        "用一句话概括这张图",
        "简短地描述这幅画",
        "概括一下这张图",
        "给这张图写一句说明",
    ),
    ("拿一句话讲讲画面", "请用简短的一句话归纳画面"),
)

SIDE_PLACES: Mapping[str, Frames] = {
    "left": (("左边", "左侧", "左面"), ("左手边", "靠左的地方")),
    "middle": (("中间", "中央", "正中"), ("正中间", "中间的位置")),
    "right": (("右边", "右侧", "右面"), ("右手边", "靠右的地方")),
}
ROW_PLACES: Mapping[str, Frames] = {
    "sky": (("天上", "上方", "上面", "空中"), ("高高的天上", "顶上")),
    "far": (("远处", "远方", "背景里"), ("最远的地方",)),
    "back": (("后面", "后方"), ("靠后的地方", "后头")),
    "span": (("河上",), ("河面上",)),
    "water": (("水里", "水面上", "水上"), ("水面",)),
    "front": (("前面", "前景里", "近处", "下方"), ("靠前的地方", "前头")),
}


def all_frames() -> tuple[Frames, ...]:
    """Every pair of frames, for tests that the banks do not meet."""
    return (
        *SETTING.values(), COUNT, COLOR, COLOR_PERSON, EXISTS, WHERE, WHAT, TEXT, MORE, MORE_THAN,
        LEFT_OR_RIGHT, SAME_COLOR, UNKNOWN, DESCRIBE, DESCRIBE_BRIEFLY,
        *SIDE_PLACES.values(), *ROW_PLACES.values(),
    )  # fmt: skip
