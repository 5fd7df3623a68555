"""Scores answers, chooses questions and examples in a process of its own, which ends with its caller.

MeCab, MinHash and the tables of a training file stay with that process: web, worker and beat load none of it. Each
function calls `keep` now and then, so that a lease can be kept; what `keep` raises ends the process. Each raises
FileNotFoundError where a file is missing, and ChildProcessError where the process ended badly.
"""

import json
import tempfile
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from jobs.training_data.apart import lines_of
from jobs.training_data.operations.rows import Keep, idle
from jobs.training_data.scoring.orders import (
    FewShotOrder,
    Given,
    LeaksOrder,
    Line,
    Order,
    QuestionsOrder,
    Scored,
    ScoreOrder,
)
from jobs.training_data.scoring.pasting import MOST_QUESTIONS
from jobs.training_data.scoring.records import Leak, Message, QuestionSet, Shots

RUN = "jobs.training_data.scoring.run"


def score_answers(
    answers: Sequence[Given], trained_on: Path | None = None, without: Collection[int] = (), keep: Keep = idle
) -> Generator[Scored]:
    """Each answer's scores, in order, and what it copies from the training file, lines `without` left out."""
    path = _found(trained_on) if trained_on else ""
    order = ScoreOrder(answers=list(answers), trained_on=path, without=sorted(without))
    yield from (line.scored for line in _run(order, keep) if line.scored)


def choose_questions(
    path: Path, *, seed: int, share: float | None = None, most: int = MOST_QUESTIONS, keep: Keep = idle
) -> QuestionSet:
    """`share` set aside, or with None the whole file. See `questions.set_aside` and `questions.whole_file`."""
    order = QuestionsOrder(path=_found(path), seed=seed, share=share, most=most)
    found = [line.questions for line in _run(order, keep) if line.questions]
    return found[0]


def few_shot_prompts(
    path: Path, questions: Sequence[list[Message]], k: int, without: Collection[int] = (), keep: Keep = idle
) -> Generator[Shots]:
    """For each question, in order, its k nearest examples of the file."""
    order = FewShotOrder(path=_found(path), without=sorted(without), questions=list(questions), k=k)
    yield from (line.shots for line in _run(order, keep) if line.shots)


def find_leaks(
    path: Path, questions: Sequence[list[Message]], without: Collection[int] = (), keep: Keep = idle
) -> list[Leak]:
    """Which of the questions the training file has, or nearly, on other lines than `without`."""
    order = LeaksOrder(path=_found(path), without=sorted(without), questions=list(questions))
    return [line.leak for line in _run(order, keep) if line.leak]


def _found(path: Path) -> str:
    path.stat()
    return str(path)


def _run(order: Order, keep: Keep) -> Generator[Line]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        # msgspec refuses half a character, which a reply may hold; here it becomes a question mark
        file.write(json.dumps(msgspec.to_builtins(order), ensure_ascii=False).encode(errors="replace"))
        file.flush()
        with closing(lines_of(RUN, file.name)) as lines:
            for line in lines:
                keep()
                yield msgspec.json.decode(line, type=Line)
