"""Words before a thing that say nothing one can draw: 一把**新买的**伞, 两只**胖乎乎的**猫.

Without them the text encoder takes such words for a part of the name: of 三把粉色撑开的伞 it lost
the number and the colour. None of the held-out names is made of these."""

from dataclasses import replace
from random import Random

from training.draw.prompts import Wish
from training.world.kinds import BY_KEY

_SHARE = 0.6  # of the things
_ADJECTIVES = (
    "可爱", "漂亮", "好看", "崭新", "破旧", "古老", "精致", "小巧", "巨大",
    "细小", "干净", "安静", "热闹", "神气", "结实", "柔软", "光滑", "粗糙",
    "鲜艳", "淡淡", "胖胖", "瘦瘦", "圆圆", "方方", "长长", "短短", "扁扁",
    "尖尖", "亮亮", "毛茸茸", "胖乎乎", "湿漉漉", "亮晶晶", "沉甸甸", "孤零零", "懒洋洋",
    "熟透", "刚买", "新做", "常见", "普通", "特别", "美丽", "迷人", "神秘",
    "快乐", "疲惫", "年轻", "有名", "传统", "手工", "木头", "石头", "铁皮",
    "竹编", "江边", "山里", "城里", "乡下", "门口", "窗前", "路旁",
)  # fmt: skip
_VERBS = (
    "放摆立停躺站坐跑走长画写洗切晒擦用买做带拿抱背推拉吹摇晃转滚亮暗湿干破修刷染贴包"
    "裹系绑堆藏露伸缩卷折装盛倒漏冒飘落掉爬睡醒笑叫看听等找"
)
_AFTER_VERBS = ("着", "好", "完", "开", "起来", "过", "出来", "上去")
_BEFORE_OBJECTS = ("", "着", "好", "满", "出", "了")
_OBJECTS = "水茶花草叶枝字画门窗灯火伞帽书布线绳旗铃盖脚手头尾翅皮毛光影风雨"


def described(wish: Wish, rng: Random) -> Wish:
    """`wish` with most of its things described in words that state nothing."""
    text = wish.text
    for thing in wish.things:
        name = _name_in(text, thing.kind)
        if name and rng.random() < _SHARE:
            text = text.replace(name, _description(rng) + name, 1)
    return replace(wish, text=text)


def _name_in(text: str, kind: str) -> str | None:
    """The longest of the kind's names that `text` has."""
    return max((name for name in BY_KEY[kind].names if name in text), key=len, default=None)


def _description(rng: Random) -> str:
    choice, verb = rng.random(), rng.choice(_VERBS)
    if choice < 0.4:
        return rng.choice(_ADJECTIVES) + "的"
    if choice < 0.6:
        return verb + rng.choice(_AFTER_VERBS) + "的"
    if choice < 0.85:
        return verb + rng.choice(_BEFORE_OBJECTS) + rng.choice(_OBJECTS) + "的"
    return rng.choice(_ADJECTIVES) + rng.choice(_OBJECTS) + rng.choice(("的", ""))
