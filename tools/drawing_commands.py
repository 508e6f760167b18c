"""The words of a prompt that only ask for the drawing: 帮我画一张, 生成图片：, draw a picture of.

What could be content stays: 画家, 画眉, 三张桌子, 设计师.
"""

import re

from tools.drawing_styles import BREAKS

EDGES = " \t\n，,、；;：:"  # what a word that went leaves at the ends
_POLITE = (
    r"(?:请你?|麻烦你?|劳驾|拜托你?|你?(?:帮|给|替|为)(?:我们?|忙)(?:一下)?|能不能|能否|可不可以|可以|你来?"
    r"|我?想要?|我要|我?需要|现在|再)[，,\s]*"
)
_ONE_SHEET = (
    r"(?:[二两三四五六七八\d]+[张幅](?=图|画[，,：:])|(?:一|1)?(?:幅|副|张(?!(?:[红黄蓝绿白黑紫橙粉灰棕]色?|[大小圆方旧木竹])*的?"
    r"(?:桌|床|椅|凳|弓|网|纸|嘴|脸|席|毯|皮|票|沙发|邮票|地图))))"
)
_NOUNS = "面家室像框布笔展廊卷舫眉册报板中里上质着的了画师院架纸轴符饼片风法作图幅外坛角屏皮"
_PAINT = (
    rf"(?:画(?![{_NOUNS}])|绘制|生成(?![式器的树者元中])|创作(?![者室的中间力品灵])"
    r"|文生图|生图|出图|画图|作画)"
)
_MAKE = r"(?:做|制作|设计|来|出|整|弄|要|想要|绘)"
_PICTURE = rf"(?:(?:的)?(?:图片?|图像|画|画面|插图|插画)(?=\s*[{BREAKS}]|\s*$))?"
_ABOUT = rf"[{BREAKS}\s]*(?:内容是|画面是|画的是|主题是|描述是)?[{BREAKS}\s]*"
_HEAD = re.compile(
    rf"^(?:{_POLITE})*(?:{_PAINT}(?:出|上|一下|下)?(?P<sheet>{_ONE_SHEET})?|{_MAKE}(?P<made>{_ONE_SHEET}))"
    rf"{_PICTURE}{_ABOUT}"
)
_TAIL = re.compile(
    rf"[{BREAKS}\s]+(?:{_POLITE})*(?:画|生成|绘制|出|来|做)"
    rf"(?:一下|出来|(?:一|1)?[张幅](?:图片?|画)?(?:出来)?|个?图)(?:吧|好吗|谢谢)?[。！!？?\s]*$"
    rf"|[{BREAKS}\s]+(?:谢谢你?|多谢|thanks|thank you)[。！!.\s]*$"
)
_OF_PICTURE = re.compile(r"的(?:图片?|图像|插图|插画)(?=[。！!\s]*$)")
_OF_STYLE = re.compile(r"(?<![上里中下边着前后])的(?=[^，,。；;：:、！!？?\s的]{1,6}画[。！!\s]*$)")
_ENGLISH = re.compile(
    r"^(?:please\s+|(?:can|could|would)\s+you\s+|help\s+me\s+|i(?:'d like| want)\s+you\s+to\s+)*"
    r"(?:draw|paint|generate|create|make|render|design)(?:\s+me|\s+us)?\s+"
    r"(?:(?:an?|one|the)\s+(?:picture|image|drawing|illustration|photo)\s+(?:of|with|showing)\s+"
    r"|(?=(?:an?|one|the|some|my|two|three|four|five|\d+)\s))",
    re.IGNORECASE,
)
_MARKER = re.compile(
    rf"(?:^|[{BREAKS}\s])\s*(?:请|要)?(?:(?:按照?|照着?|用|保持)?(?:我的)?原样(?:画|生成|出图)?"
    r"|(?:按照?|照着?|用)(?:我的)?原(?:文|话|句)(?:来?画|生成)?"
    r"|(?:请|你)?(?:不要|别|不用|无需)(?:改动?|修改|优化|润色|改写|动)(?:我的?|我写的)?(?:提示词|描述|原文|文字|词|话)"
    rf"|verbatim|as is|use my prompt as is)(?=\s*(?:[{BREAKS}\s]|$))",
    re.IGNORECASE,
)


def without_commands(text: str) -> str:
    """`text` without what asks for the drawing; again and again, as people say it twice."""
    while (shorter := _without_one(text)) != text:
        text = shorter
    return text


def without_marker(text: str) -> str:
    """`text` without 原样, 不要改我的提示词 … where they are a clause of their own."""
    bare = _MARKER.sub("", text)
    return bare.strip(EDGES) if bare != text else text


def _without_one(text: str) -> str:
    text = _TAIL.sub("", text)
    head = _HEAD.match(text) or _ENGLISH.match(text)
    if head is None:
        return text
    rest = text[head.end() :]
    if any(head.groupdict().values()):  # of a sheet of something: its last noun is the sheet's
        rest = _OF_STYLE.sub("，", _OF_PICTURE.sub("", rest))
    return rest
