"""Few-shot prompts: the nearest training examples as messages before the question. The way out without tuning."""

from collections.abc import Iterator, Sequence
from itertools import islice

from jobs.training_data.operations.rows import Keep, idle
from jobs.training_data.scoring.messages import as_text
from jobs.training_data.scoring.nearest import Near, Nearest, question_in
from jobs.training_data.scoring.prompts import messages_of, with_examples
from jobs.training_data.scoring.records import FewShot, Leak, Message

MOST_CHARACTERS = 24_000  # of all examples of a prompt
LOOKED_AT = 20  # nearest examples, of which one may be the question itself


def few_shot(nearest: Nearest, question: Sequence[Message], k: int) -> FewShot:
    """`question`: its messages, of which a system message stays first. Fewer than k where no more fit."""
    chosen: list[tuple[Near, list[Message]]] = []
    room = MOST_CHARACTERS
    for near in _teaching(nearest, question):
        if len(chosen) >= k:
            break
        messages = messages_of(near.example)
        length = sum(len(each["content"]) for each in messages)
        if length <= room:
            room -= length
            chosen.append((near, messages))
    chosen.reverse()
    examples = [each for _near, some in chosen for each in some]
    prompt = with_examples(question, examples)
    lines, places = [near.line for near, _some in chosen], [near.place for near, _some in chosen]
    return FewShot(prompt, lines, as_text(prompt), examples, places)


def _teaching(nearest: Nearest, question: Sequence[Message]) -> Iterator[Near]:
    """Those with an answer in words, and without the question itself, which would give the answer away."""
    for near in nearest.find(question_in(question)):
        if near.example.words.strip() and not near.example.attached and not near.is_same:
            yield near


def leaks(nearest: Nearest, questions: Sequence[Sequence[Message]], keep: Keep = idle) -> Iterator[Leak]:
    """Those questions that the training file has, or nearly: what is measured on them says nothing."""
    for number, question in enumerate(questions):
        keep()
        near = islice(nearest.find(question_in(question)), LOOKED_AT)
        if same := next((each for each in near if each.is_same), None):
            yield Leak(number, same.line)
