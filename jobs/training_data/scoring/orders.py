"""What the process that scores is given, and what it gives back: plain structs as JSON, one a line."""

import msgspec

from jobs.training_data.scoring.records import Copying, Leak, Message, QuestionSet, Scores, Shots
from jobs.training_data.structs import for_threads


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer to score. `key`: whatever its owner knows it by."""

    key: str
    question: list[Message]
    answer: str
    reference: str | None = None
    finish_reason: str | None = None


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    scores: Scores
    copying: Copying | None  # None: there is no training file


class ScoreOrder(msgspec.Struct, frozen=True, kw_only=True, tag="score"):
    answers: list[Given]
    trained_on: str = ""  # path of the training file
    without: list[int] = []  # lines of it that were set aside


class QuestionsOrder(msgspec.Struct, frozen=True, kw_only=True, tag="questions"):
    path: str
    seed: int
    most: int
    share: float | None = None  # to set aside; None: the whole file


class FewShotOrder(msgspec.Struct, frozen=True, kw_only=True, tag="few_shot"):
    path: str
    without: list[int]
    questions: list[list[Message]]
    k: int


class LeaksOrder(msgspec.Struct, frozen=True, kw_only=True, tag="leaks"):
    path: str
    without: list[int]
    questions: list[list[Message]]


type Order = ScoreOrder | QuestionsOrder | FewShotOrder | LeaksOrder


@for_threads
class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the process: one of them, or nothing, which is a sign of life."""

    scored: Scored | None = None
    questions: QuestionSet | None = None
    shots: Shots | None = None
    leak: Leak | None = None
