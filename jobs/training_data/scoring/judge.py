"""A chat model as the judge of two answers: what it is given, how its reply is read, and how far it agrees with people.

A judge prefers what comes first, so each pair is judged twice, in both orders; who wins only in one of them has tied.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from jobs.training_data.languages import language_of
from jobs.training_data.scoring.judge_prompts import FORM, HEADINGS, REFERENCE, RUBRICS, Language
from jobs.training_data.scoring.messages import as_text, composed, last_question
from jobs.training_data.scoring.records import Agreement, Message, Outcome, Reading, Vote

LONGEST = 12_000  # characters of each text that a judge reads
LETTERS: dict[str, Vote] = {"A": "first", "B": "second", "T": "tie"}
LOOKED_AT = 4_000  # characters of a reply
AROUND = " \t\r\n*_`\"'“”‘’()[]<>.:"  # what may be around the letter: marks, no words
LETTER = re.compile(r"(?<![A-Za-z])[ABT](?![A-Za-z])")
OUTCOMES: dict[Vote, Outcome] = {"first": "win", "tie": "tie", "second": "loss"}
TURNED: dict[Outcome, Outcome] = {"win": "loss", "tie": "tie", "loss": "win"}


def judge_language(question: Sequence[Message]) -> Language:
    return "ko" if language_of(last_question(question)) == "ko" else "en"


def judge_messages(
    question: Sequence[Message], first: str, second: str, *, reference: str | None = None, rubric: str = ""
) -> list[Message]:
    """The messages for one order. `rubric`: another than ours; the form of the reply is added to any."""
    language = judge_language(question)
    headings = HEADINGS[language]
    texts = {"question": as_text(question), "reference": reference or "", "first": first, "second": second}
    mark = f"=={blake2b(repr(texts).encode(errors='replace'), digest_size=6).hexdigest()}"  # no text can foresee it
    rules = [rubric.strip() or RUBRICS[language], REFERENCE[language] if reference else "", FORM[language]]
    system = "\n\n".join(filter(None, rules)).replace("{mark}", mark)
    shown = (
        f"{mark} {headings[name]}\n{_short(text, headings['cut'])}"
        for name, text in texts.items()
        if text or name != "reference"
    )
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": "\n\n".join([*shown, mark])},
    ]


def _short(text: str, cut: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n{cut}"


def read_vote(reply: str) -> Reading:
    """The letter, where the reply is nothing else; why there is no vote otherwise."""
    text = unicodedata.normalize("NFKC", composed(reply[:LOOKED_AT])).strip(AROUND)
    if vote := LETTERS.get(text.upper()):
        return Reading(vote=vote)
    letters = set(LETTER.findall(text))
    if not text:
        return Reading(no_vote="empty")
    return Reading(no_vote="both_letters" if len(letters) > 1 else "prose" if letters else "no_letter")


def combined(in_order: Reading, in_reverse: Reading) -> Outcome | None:
    """The outcome for a, which came first `in_order`, and second `in_reverse`. None where either has no vote."""
    if in_order.vote is None or in_reverse.vote is None:
        return None
    one, other = OUTCOMES[in_order.vote], TURNED[OUTCOMES[in_reverse.vote]]
    return one if one == other else "tie"


def majority(votes: Iterable[Outcome]) -> Outcome | None:
    """Of several people's votes on one question: as many wins as losses is a tie. None where nobody has voted."""
    counted = Counter(votes)
    if not counted:
        return None
    won = counted["win"] - counted["loss"]
    return "win" if won > 0 else "loss" if won < 0 else "tie"


def agreement(pairs: Iterable[tuple[Outcome, Outcome]]) -> Agreement:
    """Of the judge's outcome and people's, for each question that has both."""
    both = list(pairs)
    n, agreed = len(both), sum(one == other for one, other in both)
    judged, voted = (Counter(side) for side in zip(*both, strict=True)) if both else (Counter[Outcome](),) * 2
    by_chance = sum(judged[outcome] * voted[outcome] for outcome in judged) / n**2 if n else 1.0
    kappa = None if by_chance == 1 else (agreed / n - by_chance) / (1 - by_chance)
    return Agreement(n=n, agreed=agreed, kappa=kappa)
