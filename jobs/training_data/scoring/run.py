"""Carries out an order: `python -m jobs.training_data.scoring.run ORDER.json`. Use it through `scoring.process`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from jobs.training_data.apart import tell
from jobs.training_data.heartbeat import Heartbeat
from jobs.training_data.operations.rows import Keep
from jobs.training_data.scoring.copying import passages_of
from jobs.training_data.scoring.few_shot import few_shot, leaks
from jobs.training_data.scoring.messages import last_question
from jobs.training_data.scoring.nearest import Nearest
from jobs.training_data.scoring.orders import (
    FewShotOrder,
    LeaksOrder,
    Line,
    Order,
    QuestionsOrder,
    Scored,
    ScoreOrder,
)
from jobs.training_data.scoring.prompts import digest
from jobs.training_data.scoring.questions import set_aside, whole_file
from jobs.training_data.scoring.records import FewShot, QuestionSet, Shots
from jobs.training_data.scoring.scores import scores
from jobs.training_data.tokens import PER_MESSAGE, count_text


def run(order: Order, keep: Keep) -> Iterator[Line]:
    match order:
        case ScoreOrder():
            return (Line(scored=scored) for scored in _scored(order, keep))
        case QuestionsOrder():
            return iter([Line(questions=_questions(order, keep))])
        case FewShotOrder():
            nearest = Nearest(Path(order.path), set(order.without), keep)
            return (Line(shots=_shots(few_shot(nearest, question, order.k))) for question in order.questions)
        case LeaksOrder():
            nearest = Nearest(Path(order.path), set(order.without), keep)
            return (Line(leak=leak) for leak in leaks(nearest, order.questions, keep))


def _scored(order: ScoreOrder, keep: Keep) -> Iterator[Scored]:
    passages = passages_of(Path(order.trained_on), set(order.without), keep) if order.trained_on else None
    for given in order.answers:
        yield Scored(
            key=given.key,
            scores=scores(given.question, given.answer, given.reference, given.finish_reason),
            copying=passages.compare(given.answer, last_question(given.question)) if passages else None,
        )


def _shots(found: FewShot) -> Shots:
    tokens = sum(PER_MESSAGE + count_text(each["content"]) for each in found.examples)
    return Shots(lines=found.lines, places=found.places, tokens=tokens, digest=digest(found.examples))


def _questions(order: QuestionsOrder, keep: Keep) -> QuestionSet:
    path = Path(order.path)
    if order.share is None:
        return whole_file(path, seed=order.seed, most=order.most, keep=keep)
    return set_aside(path, share=order.share, seed=order.seed, most=order.most, keep=keep)


def main(path: Path) -> None:
    order = msgspec.json.decode(path.read_bytes(), type=Order)
    for line in run(order, Heartbeat(lambda: tell(Line()))):
        tell(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
