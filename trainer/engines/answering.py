"""What the simulated models say: a tuned one the completion of its nearest training example."""

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from trainer.engines import reading

EXAMPLES_READ = 2000
CHARACTERS_COMPARED = 600

REQUEST_READ = 500  # characters in which the wish for a summary is looked for
LONGEST_SENTENCE = 120
WANTS_SUMMARY = re.compile("요약|summar", re.IGNORECASE)
SENTENCE = re.compile(r"\A.+?[.!?。](?=\s|$)")
WANTS_LETTER = re.compile("한 글자로만|one letter", re.IGNORECASE)
ANSWER_SHOWN = re.compile("^[^\n]{0,40}(?:답|Answer) ([AB])$", re.MULTILINE)
SUMMARY_KOREAN = "(시뮬레이션 요약) {sentence}"
SUMMARY_ENGLISH = "(simulated summary) {sentence}"

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
    """A plain sentence on what this is, in the language of the prompt; a summary or a vote, where one is wanted."""
    asked = last_text(messages, "user")
    if WANTS_LETTER.search(last_text(messages, "system")) and (letter := _vote(asked)):
        return letter
    korean = re.search("[가-힣ㄱ-ㅎ]", asked)
    if text := _to_be_summarised(messages):
        return (SUMMARY_KOREAN if korean else SUMMARY_ENGLISH).format(sentence=_first_sentence(text))
    return (KOREAN if korean else ENGLISH).format(model=model)


def _vote(asked: str) -> str:
    """A, B or T: the longer one of two answers that are below headings. Empty where there are none."""
    _before, *shown = ANSWER_SHOWN.split(asked)
    if shown[::2] != ["A", "B"]:
        return ""
    first, second = (len(text.strip()) for text in shown[1::2])
    return "T" if abs(first - second) <= 2 else "A" if first > second else "B"


def _to_be_summarised(messages: Messages) -> str:
    """The text that a summary is wanted of: what follows the first blank line, or a request in the system message."""
    asked = last_text(messages, "user")
    request, _blank, text = asked.partition("\n\n")
    if text.strip() and WANTS_SUMMARY.search(request[:REQUEST_READ]):
        return text
    return asked if WANTS_SUMMARY.search(last_text(messages, "system")[:REQUEST_READ]) else ""


def _first_sentence(text: str) -> str:
    """Its first sentence, or its first words where that is long."""
    flat = " ".join(text.split())
    sentence = SENTENCE.match(flat)
    first = sentence[0] if sentence else flat
    return first if len(first) <= LONGEST_SENTENCE else first[:LONGEST_SENTENCE].rsplit(" ", 1)[0] + " …"


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
