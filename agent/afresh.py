"""Does a person want a thing done again, not recalled?"""

import re

_AGAIN = re.compile(
    r"重新(?:做|来|看|读|识别|找|搜|听|写|转|打分|评|数|答|回答|描述)"
    r"|再(?:做|来|看|读|识别|找|搜|听|数|试|答)(?:一)?[遍次]"
    r"|(?:别|不要|不)用缓存"
)


def asks_afresh(text: str) -> bool:
    """Whether words such as 重新做, 再读一遍 or 不用缓存 stand in `text`.

    One too many costs a second of work; one too few shows what the person did not want.
    """
    return _AGAIN.search(text) is not None
