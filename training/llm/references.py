"""Words for the pictures of a conversation, and the handles they mean."""

from training.llm.dialog import Dialog

_ORDINAL = "一二三四五六七八九十"
_FOCUS = [
    "它",
    "这张",
    "刚才那张",
    "这幅",
    "这张图",
    "那张",
    "刚才那幅",
    "上面那张",
    "最新那张",
    "这个",
]


def reference(d: Dialog) -> tuple[str, str] | None:
    """Words for a picture of this conversation, and its handle; None when there is no picture."""
    rng = d.rng
    if not d.images:
        return None
    kind = rng.random()
    if len(d.found) > 1 and (kind < 0.75 or not d.focus):
        return _of_list(d)
    if kind > 0.93:
        handle = rng.choice(d.images)
        return handle, handle
    if kind > 0.87 and d.images[0] != d.focus:
        return rng.choice(
            ["最早那张", "最开始那张", "一开始那张", "最早那幅", "第一次那张", "原图", "最初那张"]
        ), d.images[0]
    if not d.focus:
        return None
    return rng.choice(_FOCUS), d.focus


def _of_list(d: Dialog) -> tuple[str, str]:
    """第几张 of the list that was shown last."""
    rng, found = d.rng, d.found
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(["最后一张", "最后那张", "末尾那张", "最后一个"]), found[-1]
    if kind < 0.26 and len(found) > 2:
        return rng.choice(["倒数第二张", "倒数第2张"]), found[-2]
    if kind < 0.32:
        handle = rng.choice(found)
        return handle, handle
    place = rng.randrange(min(len(found), 10))
    number = _ORDINAL[place] if rng.random() < 0.75 else str(place + 1)
    return f"第{number}{rng.choice(['张'] * 6 + ['个', '幅', '张图'])}", found[place]
