"""Few-shot prompts: the nearest training examples as messages before the question. The way out without tuning."""

from collections.abc import Iterator, Sequence
from itertools import islice

from jobs.training_data.operations.rows import Keep, idle
from jobs.training_data.scoring.messages import as_text, message
from jobs.training_data.scoring.nearest import Nearest, question_in
from jobs.training_data.scoring.records import FewShot, Leak, Message
from jobs.training_data.spoken import Spoken

MOST_CHARACTERS = 24_000  # of all examples of a prompt
LOOKED_AT = 20  # nearest examples, of which one may be the question itself
INSTRUCTING = ("system", "developer")


def few_shot(nearest: Nearest, question: Sequence[Message], k: int) -> FewShot:
    """`question`: its messages, of which a system message stays first. Fewer than k where no more fit."""
    chosen: list[tuple[int, list[Message]]] = []
    room = MOST_CHARACTERS
    for line, messages in _teaching(nearest, question):
        if len(chosen) >= k:
            break
        length = sum(len(each["content"]) for each in messages)
        if length <= room:
            room -= length
            chosen.append((line, messages))
    chosen.reverse()
    first = [each for each in question if each.get("role") in INSTRUCTING]
    rest = [each for each in question if each.get("role") not in INSTRUCTING]
    prompt = [*first, *(each for _line, some in chosen for each in some), *rest]
    return FewShot(prompt, [line for line, _some in chosen], as_text(prompt))


def _teaching(nearest: Nearest, question: Sequence[Message]) -> Iterator[tuple[int, list[Message]]]:
    """Those with an answer in words, and without the question itself, which would give the answer away."""
    for near in nearest.find(question_in(question)):
        if near.example.words.strip() and not near.example.attached and not near.is_same:
            yield near.line, _messages(near.example)


def _messages(example: Spoken) -> list[Message]:
    before = [message(role, text) for role, text in example.asked if role in ("user", "assistant")]
    return [*before, message("assistant", example.words)]


def leaks(nearest: Nearest, questions: Sequence[Sequence[Message]], keep: Keep = idle) -> Iterator[Leak]:
    """Those questions that the training file has, or nearly: what is measured on them says nothing."""
    for number, question in enumerate(questions):
        keep()
        near = islice(nearest.find(question_in(question)), LOOKED_AT)
        if same := next((each for each in near if each.is_same), None):
            yield Leak(number, same.line)
