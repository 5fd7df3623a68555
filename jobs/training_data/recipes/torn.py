def torn_words(text: str) -> frozenset[int]:
    return frozenset()
