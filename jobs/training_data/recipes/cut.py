"""Cuts texts into chunks and counts their calls: `python -m jobs.training_data.recipes.cut ORDER.json`.

It loads the tokenizer: use it through `recipes.asking`.
"""

import sys
import time
from pathlib import Path

import msgspec

from jobs.training_data.apart import tell
from jobs.training_data.recipes.asking import Heard, Question, Sum, messages
from jobs.training_data.recipes.cutting import pieces_of
from jobs.training_data.recipes.recipe import Recipe
from jobs.training_data.recipes.told import Loaded, Order
from jobs.training_data.tokens import count_example

SECONDS = 0.5  # between two words about how far it is


def cut(order: Order) -> None:
    recipe = msgspec.json.decode(order.recipe, type=Recipe)
    texts = [Loaded.of(text) for text in order.texts]
    before, total = 0, sum(len(text.text) for text in texts)
    found = tokens = 0
    told = float("-inf")
    for text in texts:
        for piece in pieces_of(recipe, text):
            one = count_example(messages(recipe, piece.text, piece.heading))
            found, tokens = found + 1, tokens + one
            if not order.most or found <= order.most:
                tell(Heard(question=Question(text.source, *piece, one)))
            if time.monotonic() - told >= SECONDS:
                told = time.monotonic()
                tell(Heard(sum=Sum(before + piece.end, total, found, tokens)))
        before += len(text.text)
    tell(Heard(sum=Sum(total, total, found, tokens, last=True)))


def main(path: str) -> None:
    try:
        cut(msgspec.json.decode(Path(path).read_bytes(), type=Order))
    except FileNotFoundError:
        tell(Heard(fault="text_missing"))


if __name__ == "__main__":
    main(sys.argv[1])
