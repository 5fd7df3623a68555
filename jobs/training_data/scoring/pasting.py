"""Questions that a person pastes, one a line."""

from collections import Counter

from jobs.training_data.likeness import plain
from jobs.training_data.scoring.messages import composed, message
from jobs.training_data.scoring.records import Question, QuestionSet

MOST_QUESTIONS = 10_000
LONGEST_QUESTION = 50_000  # characters of all its messages


def pasted_questions(text: str, system_prompt: str = "") -> QuestionSet:
    """Each line that holds something, under its number."""
    first = [message("system", system_prompt.strip())] if system_prompt.strip() else []
    left_out, seen, questions = Counter[str](), set[str](), list[Question]()
    for number, line in enumerate(text.splitlines(), 1):
        asks = composed(line.strip())
        if not asks:
            continue
        if reason := _reason(asks, seen, len(questions)):
            left_out[reason] += 1
            continue
        seen.add(plain(asks))
        questions.append(Question(messages=[*first, message("user", asks)], line=number))
    return QuestionSet(questions=questions, left_out=dict(left_out))


def _reason(asks: str, seen: set[str], taken: int) -> str:
    if not any(map(str.isalnum, asks)):
        return "no_question"
    if len(asks) > LONGEST_QUESTION:
        return "too_long"
    if plain(asks) in seen:
        return "repeated"
    return "over_limit" if taken >= MOST_QUESTIONS else ""
