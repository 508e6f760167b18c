"""Two banks of Chinese wording for the same facts: one to train with, one to evaluate with.

No frame of the held-out bank is in the training bank, so that an evaluation asks in words that no
training caption used. `{np}` stands for a noun phrase such as 三只红色的鸟.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Choices = Mapping[str, tuple[str, ...]]

NUMERALS = {1: "一", 2: "两", 3: "三", 4: "四", 5: "五"}


@dataclass(frozen=True)
class PhraseBank:
    """Wordings of every kind of fact. `nouns` says which names of a kind are used."""

    held_out: bool
    styles: Choices
    times: Choices
    seasons: Choices
    weathers: Choices
    places: Choices
    style_frames: tuple[str, ...]
    count_color: tuple[str, ...]  # {n} {m} {c} {name}
    count_color_person: tuple[str, ...]
    count_only: tuple[str, ...]
    color_only: tuple[str, ...]
    color_only_person: tuple[str, ...]
    sides: Choices
    rows: Choices
    plain: tuple[str, ...]
    short: tuple[str, ...]
    short_pair: tuple[str, ...]
    short_setting: tuple[str, ...]  # {s} is a time, season, weather, place or style
    sign: tuple[str, ...]


TRAIN = PhraseBank(
    held_out=False,
    styles={
        "ink": ("水墨画", "水墨", "水墨国画"),
        "oil": ("油画", "一张油画", "厚厚的油画"),
        "watercolor": ("水彩画", "水彩", "淡淡的水彩"),
        "cartoon": ("卡通画", "卡通", "动画片一样的卡通"),
        "papercut": ("剪纸", "剪纸画", "彩色剪纸"),
        "sketch": ("素描", "铅笔素描", "铅笔画", "黑白素描"),
    },
    times={
        "dawn": ("清晨", "早上", "早晨", "天刚亮", "日出时分"),
        "day": ("白天", "中午", "大白天", "正午"),
        "dusk": ("黄昏", "傍晚", "太阳落山时", "日落时", "夕阳下"),
        "night": ("夜晚", "晚上", "夜里", "深夜", "夜色中", "夜景"),
    },
    seasons={
        "spring": ("春天", "春日", "春季", "春天里"),
        "summer": ("夏天", "夏日", "夏季", "夏天里"),
        "autumn": ("秋天", "秋日", "秋季", "秋天里"),
        "winter": ("冬天", "冬日", "冬季", "寒冬"),
    },
    weathers={
        "sunny": ("晴天", "晴朗", "天气很好", "天气晴朗", "万里无云"),
        "cloudy": ("多云", "阴天", "云很多", "天阴着"),
        "rain": ("下雨", "下着雨", "雨天", "雨中", "细雨蒙蒙"),
        "snow": ("下雪", "下着雪", "雪天", "雪花飘飘", "大雪"),
        "fog": ("有雾", "雾天", "大雾", "雾蒙蒙的", "起雾了"),
    },
    places={
        "river": ("河边", "小河边", "江南水乡", "水乡", "流水边", "河岸"),
        "meadow": ("草地上", "草地", "田野里", "野外", "草原上"),
        "beach": ("海边", "沙滩上", "海滩", "大海边"),
        "street": ("街上", "马路上", "城市里", "大街上", "城市街道"),
        "town": ("古镇", "小镇里", "石板路上", "老街", "古镇里"),
        "table": ("桌上", "桌子上", "屋里", "窗前的桌子上", "室内"),
    },
    style_frames=("{s}", "一幅{s}", "{s}风格", "{s}风格的图", "这是{s}", "画风是{s}", "用{s}画的"),
    count_color=(
        "{n}{m}{c}色的{name}", "{n}{m}{c}{name}", "{n}{m}{c}色{name}", "{c}色的{n}{m}{name}",
    ),
    count_color_person=(
        "{n}{m}穿{c}色衣服的{name}", "穿{c}衣服的{n}{m}{name}", "{n}{m}{c}衣{name}",
    ),
    count_only=("{n}{m}{name}", "{n}{m}{name}", "{name}有{n}{m}"),
    color_only=("{c}色的{name}", "{c}{name}", "{c}颜色的{name}"),
    color_only_person=("穿{c}色衣服的{name}", "穿{c}衣服的{name}"),
    sides={
        "left": ("左边有{np}", "{np}在左边", "左侧有{np}", "画面左边是{np}", "左面有{np}"),
        "middle": ("中间有{np}", "{np}在中间", "中央有{np}", "画面中间是{np}"),
        "right": ("右边有{np}", "{np}在右边", "右侧有{np}", "画面右边是{np}", "右面有{np}"),
        "across": ("一排{np}", "{np}排成一排", "并排有{np}"),
    },
    rows={
        "sky": ("天上有{np}", "{np}在天上", "上面有{np}", "上方是{np}", "空中有{np}"),
        "far": ("远处有{np}", "远处是{np}", "背景是{np}", "远方有{np}"),
        "back": ("后面有{np}", "{np}在后面", "后方有{np}", "上方岸上有{np}"),
        "span": ("河上有{np}", "{np}横在河上", "{np}跨过流水"),
        "water": ("水面上有{np}", "{np}在水里", "水上有{np}", "水中有{np}"),
        "front": (
            "前面有{np}", "{np}在前面", "下面有{np}", "前景是{np}", "下方有{np}", "近处有{np}",
        ),
    },
    plain=("有{np}", "{np}", "画着{np}", "还有{np}", "可以看到{np}"),
    short=(
        "{np}", "有{np}的图", "有{np}的图片", "{np}的照片", "{np}的画", "找{np}", "画着{np}的图",
        "带{np}的图", "有{np}", "{np}图片", "几张有{np}的图", "里面有{np}的",
    ),
    short_pair=("{np}和{other}", "有{np}和{other}的图", "{np}，{other}", "{np}还有{other}"),
    short_setting=("{s}的{np}", "{np}，{s}", "{s}，{np}", "{s}有{np}", "{s}里的{np}", "{s}"),
    sign=("写着“{text}”的{name}", "{name}上写着{text}", "{name}，上面是“{text}”"),
)  # fmt: skip

HELD_OUT = PhraseBank(
    held_out=True,
    styles={
        "ink": ("水墨作品", "水墨味道的画"),
        "oil": ("油画作品", "油画味道的画"),
        "watercolor": ("水彩作品", "水彩味道的画"),
        "cartoon": ("卡通作品", "卡通味道的画"),
        "papercut": ("剪纸作品", "剪纸味道的画"),
        "sketch": ("素描作品", "铅笔素描稿"),
    },
    times={
        "dawn": ("大清早", "清晨时候", "早晨的时候"),
        "day": ("白天的时候", "中午时分", "白昼"),
        "dusk": ("黄昏时候", "傍晚时分", "夕阳西下"),
        "night": ("夜间", "夜幕下", "晚上的时候"),
    },
    seasons={
        "spring": ("正是春天", "春天的时候", "春光里"),
        "summer": ("正是夏天", "夏天的时候", "盛夏"),
        "autumn": ("正是秋天", "秋天的时候", "金秋"),
        "winter": ("正是冬天", "冬天的时候", "隆冬"),
    },
    weathers={
        "sunny": ("天很晴", "晴好的天气", "阳光晴朗"),
        "cloudy": ("天上云多", "阴云天", "多云天气"),
        "rain": ("雨在下", "下雨天", "雨水不断"),
        "snow": ("雪在下", "下雪天", "飘着雪"),
        "fog": ("雾气很大", "大雾天", "被雾罩着"),
    },
    places={
        "river": ("在河的旁边", "江南的水乡里", "一条小河旁"),
        "meadow": ("在一片草地上", "野外的草地", "田野之中"),
        "beach": ("在大海旁边", "海边的沙滩", "一片沙滩"),
        "street": ("在城市的街上", "城里的马路", "一条大街"),
        "town": ("在古镇老街", "石板铺的老街", "一座古镇里"),
        "table": ("在屋里的桌上", "一张桌子上面", "室内的桌子"),
    },
    style_frames=("看上去是{s}", "整体是{s}", "属于{s}"),
    count_color=("{n}{m}{c}颜色的{name}", "{name}{n}{m}，{c}色的", "一共{n}{m}{c}色{name}"),
    count_color_person=("{n}{m}身穿{c}色衣服的{name}", "{name}{n}{m}，穿着{c}色衣服"),
    count_only=("一共{n}{m}{name}", "{name}{n}{m}"),
    color_only=("{c}色{name}", "颜色是{c}色的{name}"),
    color_only_person=("身穿{c}色衣服的{name}", "{name}，穿着{c}色衣服"),
    sides={
        "left": ("靠左的地方有{np}", "左手边能看到{np}", "左半边画了{np}"),
        "middle": ("正中间能看到{np}", "中间的位置有{np}", "中部画了{np}"),
        "right": ("靠右的地方有{np}", "右手边能看到{np}", "右半边画了{np}"),
        "across": ("从左到右有{np}", "横着排开{np}"),
    },
    rows={
        "sky": ("天空里能看到{np}", "高高的天上有{np}", "顶上画了{np}"),
        "far": ("最远的地方有{np}", "背景里画了{np}", "远远地能看到{np}"),
        "back": ("靠后的地方有{np}", "后边画了{np}", "后头能看到{np}"),
        "span": ("河面上横着{np}", "流水上面有{np}", "水上架着{np}"),
        "water": ("水面能看到{np}", "河水海水里有{np}", "水面上画了{np}"),
        "front": ("靠前的地方有{np}", "前头能看到{np}", "前边画了{np}"),
    },
    plain=("能看到{np}", "画了{np}", "其中有{np}"),
    short=("含有{np}的画面", "我想看{np}", "哪张图里有{np}", "出现了{np}的图", "{np}有没有"),
    short_pair=("同时有{np}与{other}", "{np}跟{other}都有"),
    short_setting=("{s}时的{np}", "{np}（{s}）", "{s}能看到{np}"),
    sign=("{name}，写的字是“{text}”", "有“{text}”字样的{name}"),
)  # fmt: skip
