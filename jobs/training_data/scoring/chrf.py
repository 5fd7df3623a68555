"""chrF as sacrebleu computes it: 6 orders of characters, white space left out, recall counted twice (beta 2).

Ours since sacrebleu takes up to twice as long, installs numpy and loads lxml; tests hold one to the other. A gram that
both share begins with one that both share, so each order looks only where the one before it found something.
"""

from collections import Counter

ORDERS, BETA_SQUARED = 6, 4


def chrf(text: str, reference: str) -> float:
    """From 0 to 100. Both are composed (NFC) by the caller."""
    mine, theirs = "".join(text.split()), "".join(reference.split())
    orders = min(ORDERS, len(mine), len(theirs))
    if not orders:
        return 0.0
    shared = [len(mine) - at for at in range(orders)] if mine == theirs else _shared(mine, theirs, orders)
    precision = sum(found / (len(mine) - at) for at, found in enumerate(shared)) / orders
    recall = sum(found / (len(theirs) - at) for at, found in enumerate(shared)) / orders
    if not precision + recall:
        return 0.0
    return 100 * (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)


def _shared(mine: str, theirs: str, orders: int) -> list[int]:
    """For each order, how many grams both have."""
    counts, other_counts = Counter(mine), Counter(theirs)
    found = [sum((counts & other_counts).values())]
    places, other_places = list(range(len(mine) - 1)), list(range(len(theirs) - 1))
    for order in range(2, orders + 1):
        grams = [mine[at : at + order] for at in places]
        other_grams = [theirs[at : at + order] for at in other_places]
        counts, other_counts = Counter(grams), Counter(other_grams)
        both = counts.keys() & other_counts.keys()
        found.append(sum(min(counts[gram], other_counts[gram]) for gram in both))
        places = _longer(places, grams, both, len(mine) - order - 1)
        other_places = _longer(other_places, other_grams, both, len(theirs) - order - 1)
    return found


def _longer(places: list[int], grams: list[str], both: set[str], last: int) -> list[int]:
    """Where a shared gram that is one letter longer can begin, `last` at the latest."""
    return [at for at, gram in zip(places, grams, strict=True) if gram in both and at <= last]
