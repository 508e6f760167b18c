"""More ways to say the same: the training bank, widened for prompts and instructions.

People ask for pictures in freer words than they search in. No frame here is one of the held-out
bank's, which stays what the figures are measured with."""

from collections.abc import Mapping
from dataclasses import replace

from training.world.phrases import TRAIN, Choices


def _joined(first: Choices, second: Choices) -> Choices:
    return {key: (*values, *second.get(key, ())) for key, values in first.items()}


_STYLES = {
    "ink": ("水墨风", "国画", "中国画", "水墨山水", "毛笔水墨"),
    "oil": ("油彩画", "厚涂油画", "布面油画", "油彩"),
    "watercolor": ("水彩风", "透明水彩", "淡彩", "水彩颜料"),
    "cartoon": ("漫画", "动画", "卡通风", "动漫", "卡通插画"),
    "papercut": ("剪纸风", "窗花", "纸雕", "红纸剪纸"),
    "sketch": ("铅笔", "铅笔稿", "黑白铅笔", "炭笔素描", "线描素描"),
}
_TIMES = {
    "dawn": ("清早", "一大早", "黎明", "早晨时分", "天亮时", "日出"),
    "day": ("午后", "白日", "大中午", "日间", "白天里", "上午"),
    "dusk": ("晚霞中", "天快黑时", "日暮", "落日", "黄昏时", "傍晚里"),
    "night": ("半夜", "入夜", "夜色里", "夜空下", "夜晚里", "夜", "晚间"),
}
_SEASONS = {
    "spring": ("春", "早春", "暮春", "春意", "春色", "春天来了"),
    "summer": ("夏", "初夏", "炎夏", "夏意", "夏天到了", "仲夏"),
    "autumn": ("秋", "深秋", "初秋", "秋意", "秋色", "秋天到了"),
    "winter": ("冬", "严冬", "冬季里", "冬天里", "初冬", "冬天到了"),
}
_WEATHERS = {
    "sunny": ("出太阳", "阳光很好", "大晴天", "阳光明媚", "天晴", "晴空"),
    "cloudy": ("阴沉沉", "乌云", "云多", "有云", "阴", "云层很厚", "天阴"),
    "rain": ("大雨", "小雨", "雨", "下起雨", "雨点", "在雨里", "细雨"),
    "snow": ("雪", "雪中", "小雪", "下起雪", "雪花", "在雪里", "雪景"),
    "fog": ("浓雾", "薄雾", "雾里", "雾", "大雾里", "雾气", "被雾笼罩"),
}
_PLACES = {
    "river": ("河畔", "小桥流水", "河道旁", "水边", "江边", "一条河边", "江南", "小河"),
    "meadow": ("草坪", "绿草地", "牧场", "原野", "一片草原", "田野", "郊外"),
    "beach": ("海岸", "海滨", "沙滩", "大海", "海滩边", "一片海边"),
    "street": ("马路边", "都市", "街头", "城市", "大马路", "街道上", "城里街上"),
    "town": ("古城", "古街", "小巷", "镇上", "老镇", "古老的小镇", "石板街"),
    "table": ("餐桌上", "木桌", "桌面上", "家里", "房间里", "窗边", "桌子", "屋子里"),
}
_SIDES = {
    "left": ("往左看有{np}", "左方{np}", "{np}位于左侧", "最左边是{np}", "左半部是{np}"),
    "middle": ("正中是{np}", "{np}位于中央", "中心有{np}", "当中有{np}", "中部是{np}"),
    "right": ("往右看有{np}", "右方{np}", "{np}位于右侧", "最右边是{np}", "右半部是{np}"),
    "across": ("排着{np}", "{np}横着排开来", "一字排开的{np}", "{np}排成一行", "整排{np}"),
}
_ROWS = {
    "sky": ("天空有{np}", "高处有{np}", "头顶是{np}", "天上飘着{np}", "{np}在空中"),
    "far": ("远远的{np}", "最远处是{np}", "远景是{np}", "天边有{np}", "{np}在远方"),
    "back": ("后排有{np}", "{np}在后方", "背后是{np}", "靠里有{np}", "后面站着{np}"),
    "span": ("架在河上的{np}", "{np}架在水面上", "横跨小河的{np}", "河上横跨{np}"),
    "water": ("水面漂着{np}", "河里有{np}", "{np}在水面上", "水里画着{np}", "水中央有{np}"),
    "front": ("前排有{np}", "眼前是{np}", "{np}在最前面", "画面前方有{np}", "最近处是{np}"),
}
WIDE = replace(
    TRAIN,
    styles=_joined(TRAIN.styles, _STYLES),
    times=_joined(TRAIN.times, _TIMES),
    seasons=_joined(TRAIN.seasons, _SEASONS),
    weathers=_joined(TRAIN.weathers, _WEATHERS),
    places=_joined(TRAIN.places, _PLACES),
    style_frames=(
        *TRAIN.style_frames, "{s}的风格", "{s}样式", "像{s}一样", "{s}效果", "画面是{s}",
        "采用{s}", "以{s}为风格", "整幅图用{s}", "看起来像{s}",
    ),
    count_color=(
        *TRAIN.count_color, "{n}{m}可爱的{c}{name}", "{name}，{n}{m}，{c}的",
        "{n}{m}{name}，全是{c}的", "{c}{c}的{name}{n}{m}", "{name}是{c}色的，有{n}{m}",
        "{c}色{name}共{n}{m}",
        "{n}{m}漂亮的{c}颜色{name}", "{n}{m}{name}都是{c}色", "总共{n}{m}{c}的{name}",
    ),
    count_color_person=(
        *TRAIN.count_color_person, "{n}{m}{name}穿着{c}衣服", "{c}色衣服的{name}{n}{m}",
        "{n}{m}{name}，衣服是{c}的", "{name}有{n}{m}，穿{c}衣", "总共{n}{m}穿{c}衣的{name}",
    ),
    count_only=(
        *TRAIN.count_only, "{n}{m}好看的{name}", "{name}共{n}{m}", "{n}{m}的{name}",
        "总共{n}{m}{name}", "{name}，{n}{m}", "{n}{m}大{name}", "正好{n}{m}{name}",
    ),
    color_only=(
        *TRAIN.color_only, "好看的{c}{name}", "{name}是{c}色的", "{c}{c}的{name}", "{name}，{c}色",
        "{c}的{name}", "全身{c}色的{name}",
    ),
    color_only_person=(
        *TRAIN.color_only_person, "穿着{c}衣的{name}", "{name}，衣服是{c}色", "{c}衣服的{name}",
        "{name}穿{c}色衣服",
    ),
    sides=_joined(TRAIN.sides, _SIDES),
    rows=_joined(TRAIN.rows, _ROWS),
    plain=(
        *TRAIN.plain, "画里有{np}", "看得见{np}", "出现{np}", "另外有{np}", "带着{np}",
        "还画了{np}",
    ),
    sign=(*TRAIN.sign, "{name}写着“{text}”", "有{text}两个字的{name}", "“{text}”{name}"),
)  # fmt: skip

# As in training.world.edits: the sort of a change -> frames.
INSTRUCTIONS: Mapping[str, tuple[str, ...]] = {
    "time": (
        "画面改为{s}", "调成{s}", "请变成{s}的景色", "换成{s}", "把它画成{s}", "时间调到{s}",
        "让画面是{s}", "现在要{s}", "改到{s}",
    ),
    "season": (
        "画面改为{s}", "调成{s}", "请变成{s}的样子", "换成{s}", "把它画成{s}", "季节调到{s}",
        "让画面是{s}", "现在要{s}", "换个季节，{s}", "换到{s}",
    ),
    "weather": (
        "画面改为{s}", "调成{s}", "请变成{s}", "换成{s}", "让它{s}", "天气调成{s}", "天气变{s}",
        "让画面是{s}", "现在要{s}", "天气要{s}",
    ),
    "style": (
        "画面改为{s}", "改画{s}", "请画成{s}", "转成{s}", "风格换作{s}吧", "变{s}风格",
        "用{s}来表现", "风格改成{s}", "再用{s}画一张", "整张变成{s}",
    ),
    "color": (
        "{name}涂成{c}色", "把{name}染成{c}色", "{name}变成{c}色", "{name}的颜色改成{c}",
        "给{name}换{c}色", "让{name}是{c}色的", "{name}颜色调成{c}色", "我要{c}色的{name}",
        "将{name}改为{c}色",
    ),
    "count": (
        "{name}变成{n}{m}", "要{n}{m}{name}", "{name}画{n}{m}", "{name}的数量变成{n}{m}",
        "让{name}有{n}{m}", "数量改一下，{name}{n}{m}", "将{name}改为{n}{m}",
        "{name}个数调成{n}{m}",
    ),
    "add": (
        "放上{np}", "画上{np}", "多画{np}", "再来{np}", "添上{np}", "补上{np}", "加进{np}",
        "给画里加{np}", "我还要{np}", "加{np}", "里面放{np}",
    ),
    "remove": (
        "删除{name}", "移走{name}", "抹去{name}", "拿走{name}", "让{name}不见", "把{name}去掉",
        "不画{name}了", "将{name}移除", "{name}不要了", "清除{name}",
        "把{name}擦除", "{name}没有了",
    ),
    "replace": (
        "{name}变成{np}", "{name}改画{np}", "不要{name}，要{np}", "把{name}变为{np}",
        "{name}替换为{np}", "将{name}换为{np}", "用{np}换掉{name}", "{name}的地方改放{np}",
        "拿{np}替换{name}",
    ),
}  # fmt: skip
