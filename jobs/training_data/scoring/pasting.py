"""Questions that a person pastes, one a line, or gives as messages."""

from collections import Counter
from collections.abc import Iterable

from jobs.training_data.likeness import plain
from jobs.training_data.scoring.messages import composed, last_question, message
from jobs.training_data.scoring.records import Message, Question, QuestionSet
from jobs.training_data.spoken import text_of

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


def given_questions(given: Iterable[list[Message]]) -> QuestionSet:
    """Each with the messages before it; those that say the same are one question."""
    left_out, seen, questions = Counter[str](), set[str](), list[Question]()
    for messages in given:
        whole = [message(str(each["role"]), composed(text_of(each))) for each in messages]
        key = "\x1e".join(plain(each["content"]) for each in whole)
        length = sum(len(each["content"]) for each in whole)
        if reason := _reason_of(last_question(whole), key in seen, length, len(questions)):
            left_out[reason] += 1
        else:
            seen.add(key)
            questions.append(Question(messages=whole))
    return QuestionSet(questions=questions, left_out=dict(left_out))


def _reason(asks: str, seen: set[str], taken: int) -> str:
    return _reason_of(asks, plain(asks) in seen, len(asks), taken)


def _reason_of(asks: str, is_repeated: bool, length: int, taken: int) -> str:
    if not any(map(str.isalnum, asks)):
        return "no_question"
    if length > LONGEST_QUESTION:
        return "too_long"
    if is_repeated:
        return "repeated"
    return "over_limit" if taken >= MOST_QUESTIONS else ""
