"""The kinds of things: names, measure words, colours, sizes, and where they may stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.world.colors import COLORS

Rows = Mapping[str, tuple[str, ...]]  # place -> rows

ANY = tuple(COLORS)
BRIGHT = ("红", "橙", "黄", "绿", "蓝", "紫", "粉", "白")
CLOTHES = ("红", "橙", "黄", "绿", "蓝", "紫", "粉", "黑")
FUR = ("白", "黑", "棕", "橙")


@dataclass(frozen=True)
class Kind:
    """One kind of thing.

    `names` are used in training captions, `held_out` only in evaluation. `rows` maps a place to
    the rows where the kind may stand. `height` is a share of the picture's side; `aspect` is
    width / height.
    """

    key: str
    names: tuple[str, ...]
    held_out: tuple[str, ...]
    measure: str
    family: str
    height: float
    aspect: float
    rows: Rows
    colors: tuple[str, ...] = ()
    max_count: int = 1
    verb: str = ""


_BANK: Rows = {"river": ("back",), "meadow": ("back",), "town": ("back",)}
_BANK_FRONT: Rows = {
    "river": ("back", "front"),
    "meadow": ("back", "front"),
    "town": ("back", "front"),
}
_GROUND: Rows = {
    "river": ("front",),
    "meadow": ("back", "front"),
    "beach": ("front",),
    "street": ("front",),
    "town": ("front",),
}
_SKY: Rows = dict.fromkeys(("river", "meadow", "beach", "street", "town"), ("sky",))
_TABLE: Rows = {"table": ("back", "front")}
_ROAD: Rows = {"street": ("front",), "town": ("front",), "meadow": ("front",)}
_PETS: Rows = {**_GROUND, "table": ("front",)}

KINDS: tuple[Kind, ...] = (
    # 江南 buildings and what hangs on them
    Kind("bridge", ("拱桥", "石拱桥", "石桥", "桥"), ("拱形石桥",), "座", "building", 0.21, 2.3,
         {"river": ("span",)}),
    Kind("house", ("白墙黑瓦的房子", "房子", "民居", "老房子"), ("白墙黑瓦的民居",), "座",
         "building", 0.24, 1.3, _BANK, max_count=3),
    Kind("pagoda", ("塔", "宝塔", "古塔"), ("高高的宝塔",), "座", "building", 0.42, 0.45, _BANK,
         max_count=2),
    Kind("pavilion", ("亭子", "凉亭"), ("古亭子",), "座", "building", 0.24, 1.1, _BANK_FRONT),
    Kind("tower", ("高楼", "大楼", "楼房"), ("高高的楼房",), "栋", "building", 0.44, 0.5,
         {"street": ("back",)}, max_count=5),
    Kind("lighthouse", ("灯塔",), ("海边灯塔",), "座", "building", 0.44, 0.4,
         {"beach": ("front",)}, ("红", "蓝", "白")),
    Kind("sign", ("招牌", "牌匾", "牌子"), ("木招牌",), "块", "object", 0.26, 1.2,
         {"river": ("front",), "meadow": ("front",), "town": ("back", "front"),
          "street": ("front",)}),
    Kind("lantern", ("灯笼",), ("挂着的灯笼",), "盏", "object", 0.17, 0.75,
         {"town": ("sky",), "table": ("sky",)}, ("红", "黄", "粉", "橙"), 5),
    # plants
    Kind("willow", ("柳树", "垂柳", "杨柳"), ("垂下来的柳树",), "棵", "plant", 0.46, 0.85,
         _BANK_FRONT, max_count=3),
    Kind("pine", ("松树", "青松"), ("高高的松树",), "棵", "plant", 0.38, 0.66,
         {"meadow": ("back", "front"), "river": ("back",), "beach": ("front",)}, max_count=5),
    Kind("blossom", ("桃树", "开花的树", "花树"), ("开满花的桃树",), "棵", "plant", 0.38, 0.95,
         _BANK_FRONT, ("粉", "白", "红"), 3),
    Kind("bamboo", ("竹子", "翠竹"), ("绿竹子",), "丛", "plant", 0.38, 0.7, _BANK_FRONT,
         max_count=3),
    Kind("palm", ("椰子树", "椰树"), ("高高的椰树",), "棵", "plant", 0.46, 0.8,
         {"beach": ("front",)}, max_count=3),
    Kind("lotus", ("荷花", "莲花"), ("开着的荷花",), "朵", "plant", 0.14, 1.25,
         {"river": ("water",)}, ("粉", "白", "红", "黄"), 5),
    Kind("flower", ("花", "小花", "鲜花"), ("花儿",), "朵", "plant", 0.17, 0.6,
         {"river": ("front",), "meadow": ("front",), "town": ("front",)}, BRIGHT, 5),
    # in the sky
    Kind("mountain", ("山", "高山", "山峰"), ("大山",), "座", "sky", 0.34, 1.6,
         {"river": ("far",), "meadow": ("far",), "beach": ("far",)}, max_count=3),
    Kind("moon", ("月亮", "明月"), ("圆月亮",), "轮", "sky", 0.13, 1.0, _SKY),
    Kind("sun", ("太阳", "红日"), ("圆太阳",), "轮", "sky", 0.14, 1.0, _SKY),
    Kind("bird", ("鸟", "小鸟", "飞鸟"), ("鸟儿",), "只", "animal", 0.10, 1.5, _SKY,
         ("红", "黄", "蓝", "白", "黑", "绿"), 5, "飞"),
    Kind("kite", ("风筝",), ("飞着的风筝",), "只", "object", 0.18, 0.7, _SKY, BRIGHT, 3, "飞"),
    Kind("balloon", ("热气球",), ("大热气球",), "个", "vehicle", 0.22, 0.75, _SKY, BRIGHT, 3, "飘"),
    Kind("plane", ("飞机",), ("一架架飞机",), "架", "vehicle", 0.13, 2.0, _SKY,
         ("白", "红", "蓝", "黄"), 3, "飞"),
    Kind("butterfly", ("蝴蝶",), ("花蝴蝶",), "只", "animal", 0.13, 1.2,
         {"meadow": ("sky",), "river": ("sky",), "town": ("sky",)},
         ("红", "橙", "黄", "蓝", "紫", "白"), 5, "飞"),
    # animals
    Kind("cat", ("猫", "小猫", "猫咪"), ("猫儿",), "只", "animal", 0.18, 0.85, _PETS, FUR, 5),
    Kind("dog", ("狗", "小狗"), ("狗狗",), "只", "animal", 0.18, 1.15, _GROUND, FUR, 5),
    Kind("rabbit", ("兔子", "小兔子"), ("兔儿",), "只", "animal", 0.16, 0.75,
         {"meadow": ("back", "front"), "river": ("front",)}, ("白", "黑", "棕"), 5),
    Kind("cow", ("牛", "水牛", "奶牛"), ("牛儿",), "头", "animal", 0.20, 1.5,
         {"meadow": ("back", "front"), "river": ("back",)}, ("黑", "棕", "白"), 3),
    Kind("horse", ("马", "骏马"), ("马儿",), "匹", "animal", 0.23, 1.15,
         {"meadow": ("back", "front"), "beach": ("front",)}, ("白", "黑", "棕"), 3),
    Kind("chicken", ("鸡", "公鸡"), ("鸡儿",), "只", "animal", 0.16, 1.0,
         {"meadow": ("front",), "town": ("front",), "river": ("front",)},
         ("白", "棕", "黄", "黑"), 5),
    Kind("duck", ("鸭子", "小鸭"), ("鸭儿",), "只", "animal", 0.11, 1.3, {"river": ("water",)},
         ("黄", "白", "棕"), 5, "游"),
    Kind("fish", ("鱼", "小鱼", "鱼儿"), ("跳出水面的鱼",), "条", "animal", 0.10, 1.8,
         {"river": ("water",), "beach": ("water",)}, ("红", "橙", "黄", "蓝", "黑"), 5, "游"),
    Kind("crane", ("仙鹤", "白鹤", "鹤"), ("长腿的鹤",), "只", "animal", 0.23, 0.8,
         {"river": ("water", "front"), "meadow": ("front",)}, max_count=3),
    # people
    Kind("boy", ("男孩", "小男孩"), ("男孩子",), "个", "person", 0.24, 0.5, _GROUND, CLOTHES, 3),
    Kind("girl", ("女孩", "小女孩", "小姑娘"), ("女孩子",), "个", "person", 0.24, 0.55, _GROUND,
         CLOTHES, 3),
    Kind("elder", ("老人", "老爷爷"), ("老人家",), "位", "person", 0.25, 0.6, _GROUND, CLOTHES, 2),
    # fruit and table ware
    Kind("apple", ("苹果",), ("大苹果",), "个", "fruit", 0.15, 1.0, _TABLE, ("红", "绿", "黄"), 5),
    Kind("pear", ("梨", "梨子"), ("大梨子",), "个", "fruit", 0.17, 0.8, _TABLE, ("黄", "绿"), 5),
    Kind("peach", ("桃子", "桃"), ("大桃子",), "个", "fruit", 0.15, 1.0, _TABLE, ("粉", "红"), 5),
    Kind("banana", ("香蕉",), ("弯弯的香蕉",), "根", "fruit", 0.13, 1.5, _TABLE, ("黄", "绿"), 5),
    Kind("grapes", ("葡萄",), ("一粒粒的葡萄",), "串", "fruit", 0.19, 0.75, _TABLE,
         ("紫", "绿", "红"), 3),
    Kind("melon", ("西瓜",), ("大西瓜",), "个", "fruit", 0.20, 1.15, _TABLE, max_count=3),
    Kind("teapot", ("茶壶",), ("泡茶的茶壶",), "把", "object", 0.19, 1.35, _TABLE, ANY, 2),
    Kind("vase", ("花瓶",), ("插着花的花瓶",), "个", "object", 0.30, 0.55, _TABLE,
         ("红", "黄", "绿", "蓝", "紫", "白", "黑"), 2),
    # vehicles
    Kind("car", ("汽车", "小汽车", "轿车"), ("小轿车",), "辆", "vehicle", 0.16, 1.9, _ROAD, ANY, 3),
    Kind("bus", ("公交车", "公共汽车", "大巴"), ("大公交车",), "辆", "vehicle", 0.22, 2.0,
         {"street": ("front",)}, BRIGHT, 2),
    Kind("bicycle", ("自行车", "单车"), ("脚踏自行车",), "辆", "vehicle", 0.19, 1.6, _ROAD, ANY, 3),
    Kind("boat", ("乌篷船", "小船", "船"), ("小乌篷船",), "条", "vehicle", 0.15, 2.3,
         {"river": ("water",)}, max_count=3),
    Kind("sailboat", ("帆船",), ("扬帆的帆船",), "艘", "vehicle", 0.27, 0.85, {"beach": ("water",)},
         ANY, 3),
    Kind("umbrella", ("雨伞", "伞"), ("撑开的伞",), "把", "object", 0.19, 1.15,
         {"beach": ("front",), "street": ("front",), "town": ("front",), "river": ("front",)},
         BRIGHT, 3),
)  # fmt: skip

BY_KEY: dict[str, Kind] = {kind.key: kind for kind in KINDS}
