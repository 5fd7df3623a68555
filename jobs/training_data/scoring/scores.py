"""What can be seen of one answer without a judge. Loads MeCab: run it through `scoring.process`."""

from collections.abc import Sequence

from jobs.training_data.languages import language_of
from jobs.training_data.scoring.chrf import chrf
from jobs.training_data.scoring.coverage import coverage
from jobs.training_data.scoring.keywords import keywords_of
from jobs.training_data.scoring.messages import LOOKED_AT, composed, last_question
from jobs.training_data.scoring.records import Message, Scores
from jobs.training_data.scoring.refusal import is_refusal
from jobs.training_data.scoring.repetition import ends_in_loop, repeated_share

CUT = "length"  # the finish reason


def scores(question: Sequence[Message], answer: str, reference: str | None, finish_reason: str | None) -> Scores:
    """`question`: the messages before the answer; `reference`: what the answer should be like."""
    text, end = composed(answer[:LOOKED_AT]), composed(answer[-LOOKED_AT:])
    keywords = keywords_of(composed(last_question(question))) if text else []
    return Scores(
        characters=len(text) + max(0, len(answer) - LOOKED_AT),
        language=language_of(text) or "",
        coverage=coverage(keywords, text) if keywords else None,
        chrf=None if reference is None else chrf(text, composed(reference[:LOOKED_AT])),
        repetition=repeated_share(text),
        loops=ends_in_loop(end),
        refusal=len(answer) <= LOOKED_AT and is_refusal(text),
        empty=not text.strip(),
        cut=finish_reason == CUT,
    )
