"""Signs that Word keeps as places in a font of pictures: Symbol's Greek and mathematics, the usual of Wingdings."""

PRIVATE = 0xF000  # where Word puts the places of such a font

SYMBOL = dict(
    zip(
        "ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprstufcyw"
        "\xb1\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb\xa3\xa5\xab\xac\xad\xae\xaf\xb0\xb2\xc5\xc7\xc8\xce\xd0\xd1\xd5\xd6\xde\xe5\xf2",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω±≥×∝∂•÷≠≡≈≤∞↔←↑→↓°″⊕∩∪∈∠∇∏√⇒∑∫",
        strict=True,
    )
)
WINGDINGS = dict(
    zip(
        "JKL\x6c\x6d\x6e\x6f\x71\x72\x75\x76\xa1\xa4\xa7\xa8\xaa\xab\xb6\xd8\xdf\xe0\xe1\xe2\xe8\xf0\xfb\xfc\xfd\xfe",
        "☺😐☹●❍■□❑❒◆❖○◉▪□✦★✩➢←→↑↓➔⇨✗✓☒☑",
        strict=True,
    )
)
FONTS = {"symbol": SYMBOL, "wingdings": WINGDINGS}


def symbol(font: str, place: str) -> str:
    """The sign as Unicode knows it; as it is where the font is none of these. Empty: nobody can read it."""
    try:
        code = int(place, 16)
        own = chr(code - PRIVATE if PRIVATE <= code < PRIVATE + 0x100 else code)
        return FONTS[font.lower()].get(own, "") if font.lower() in FONTS else chr(code)
    except (ValueError, OverflowError):
        return ""
