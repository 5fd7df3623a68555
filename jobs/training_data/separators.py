"""What people write between the groups of a number, and where a number begins and ends."""

import re

DASHES = "-\u2010-\u2015\u2212~∼〜ㅡ─"  # in a class of a pattern
SEPARATORS = f"{DASHES}·ㆍ・•‧∙⋅._/ "
S = f"[{SEPARATORS}]{{1,3}}"
S0 = f"[{SEPARATORS}]{{0,3}}"
ALONE = r"(?<![0-9A-Za-z_])(?<![0-9][-.,/~·:])"  # not the tail of a longer number or word
ENDED = r"(?![0-9A-Za-z_])(?![-.,/~·:][0-9])"


def digits_of(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
