"""What the simulated models say: a tuned one the completion of its nearest training example."""

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from trainer.engines import reading

EXAMPLES_READ = 2000
CHARACTERS_COMPARED = 600

type Messages = list[dict[str, Any]]

KOREAN = (
    "저는 시뮬레이션된 기반 모델 {model}입니다. 아직 아무 예제도 학습하지 않아 이 문장으로만 답할 수 있습니다. "
    "학습 작업을 마친 모델을 고르시면 학습한 예제처럼 답합니다."
)
ENGLISH = (
    "I am {model}, a simulated base model. I have learned no examples yet, so this sentence is all that I can say. "
    "Choose a fine-tuned model and it will answer like the examples it was trained on."
)


def base_answer(model: str, messages: Messages) -> str:
    """A plain sentence that says what this is, in the language of the prompt."""
    korean = re.search("[가-힣ㄱ-ㅎ]", last_text(messages, "user"))
    return (KOREAN if korean else ENGLISH).format(model=model)


def tuned_answer(training_file: Path, messages: Messages) -> str:
    """The completion of the example whose prompt shares the most pairs of letters with this one."""
    asked = _pairs(last_text(messages, "user"))
    examples = _examples(training_file)
    return max(examples, key=lambda example: _likeness(asked, example[0]))[1] if examples else ""


def last_text(messages: Messages, role: str) -> str:
    return next((reading.text_of(m.get("content")) for m in reversed(messages) if m.get("role") == role), "")


@lru_cache(maxsize=4)
def _examples(path: Path) -> list[tuple[frozenset[str], str]]:
    """(letter pairs of the prompt, completion) of the first examples. A file's bytes never change."""
    found = []
    for number, line in enumerate(reading.lines(path)):
        if number >= EXAMPLES_READ:
            break
        messages = reading.turns(line)
        if answer := last_text(messages, "assistant"):
            found.append((_pairs(last_text(messages, "user")), answer))
    return found


def _pairs(text: str) -> frozenset[str]:
    letters = " ".join(text.lower().split())[:CHARACTERS_COMPARED]
    return frozenset(map("".join, pairwise(letters))) or frozenset(letters)


def _likeness(left: frozenset[str], right: frozenset[str]) -> float:
    """Dice's coefficient: 1 for the same pairs, 0 for none in common."""
    return 2 * len(left & right) / (len(left) + len(right) or 1)
