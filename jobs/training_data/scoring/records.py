"""What the scoring of answers takes and gives: plain structs; storing and showing them loads nothing else."""

from typing import Any, Literal

import msgspec

type Message = dict[str, Any]
type Place = tuple[int, int]  # of an example in its file: where it begins, and its length, in bytes
type Side = Literal["a", "b", ""]
type Outcome = Literal["win", "tie", "loss"]  # of a, against b
type Conclusion = Literal["better", "worse", "alike", "too_few", "none"]  # of a; alike: any difference is small


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How often a is better than b. A question is one unit, however often it was repeated.

    `share` is of the questions that one of them wins; ties are counted beside. `low` and `high` hold it with 95 %
    confidence, and leave out one half exactly where there is a winner.
    """

    n: int  # questions that were compared, ties among them
    wins: int
    ties: int
    losses: int
    share: float | None  # None: all are ties
    low: float
    high: float
    p: float  # of the exact sign test
    winner: Side
    needed: int | None  # questions that would do, ties among them; None: enough already, or the share is one half
    conclusion: Conclusion
    notes: tuple[str, ...] = ()  # "mostly_ties"; "small": there is a winner, but of little consequence


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How much higher a scores than b, a question as one unit. The interval leaves out zero where there is a winner."""

    n: int
    mean: float | None
    low: float | None  # None: too few questions for an interval
    high: float | None
    winner: Side
    needed: int | None
    conclusion: Conclusion


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a question's keywords the answer has."""

    keywords: int
    covered: int
    missing: tuple[str, ...]


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What can be seen of one answer without a judge."""

    characters: int
    language: Literal["ko", "en", "other", ""]
    coverage: Coverage | None  # None: the question is no list of keywords
    chrf: float | None  # 0 to 100; None: there is no reference
    repetition: float  # share of word runs that occurred before, 0 to 1
    loops: bool  # it ends going round in circles
    refusal: bool
    empty: bool
    cut: bool  # the service stopped it at the longest answer allowed


class Copying(msgspec.Struct, frozen=True, kw_only=True):
    """The longest passage that an answer shares with answers of the training file, as passages are compared (ADR 0026).

    Formulas, which many of those answers have, are no passages, nor is what the question itself holds.
    """

    letters: int  # of the passage, without spaces and marks; 0: none of 16 or more
    total: int  # letters of the answer
    line: int | None  # of the training file, the first that has it
    start: int  # characters of the answer, composed (NFC), that the passage spans
    end: int
    copied: bool  # thirty letters or more, or half of the answer


type Vote = Literal["first", "second", "tie"]
type NoVote = Literal["empty", "no_letter", "both_letters", "prose"]


class Reading(msgspec.Struct, frozen=True):
    """What a judge's reply says; exactly one of them is there."""

    vote: Vote | None = None
    no_vote: NoVote | None = None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How often a judge and people conclude the same."""

    n: int  # questions that both have judged
    agreed: int
    kappa: float | None  # Cohen's, of win, tie and loss; None: nothing to agree on, or always the same answer


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The messages before an answer, and the answer that the file has for them."""

    messages: list[Message]
    reference: str | None = None
    line: int | None = None  # of the file that it comes from


class QuestionSet(msgspec.Struct, frozen=True, kw_only=True):
    """Questions in the order of their source, and what is left out, as reason → number.

    "no_question", "no_answer" (an empty one), "beyond_text" (images, sound, tools), "too_long", "repeated" (another
    question of the set is nearly the same), "over_limit" (the set has as many as it may), "unreadable" (no example).
    """

    questions: list[Question]
    left_out: dict[str, int]
    keep_out: list[int] = []  # lines of the file that must not be trained on: the questions, and what is tied to them


class Leak(msgspec.Struct, frozen=True):
    """A question that the training file has, or nearly."""

    question: int  # from 0, in the order they were given
    line: int


class FewShot(msgspec.Struct, frozen=True):
    """A question with the nearest training examples before it, the nearest last."""

    messages: list[Message]
    lines: list[int]  # where the examples are in the training file
    text: str  # all of it, to copy
    examples: list[Message]  # those of the messages that come from the file
    places: list[Place]


class Shots(msgspec.Struct, frozen=True, kw_only=True):
    """Which examples come before one question: enough to make its prompt again, and to know that it is the same."""

    lines: list[int]
    places: list[Place]
    tokens: int
    digest: str
