"""Another version of a set of questions: what stays of the one before it, and what a person writes."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from jobs.models import Question, QuestionSet, User
from jobs.training_data.likeness import plain
from jobs.training_data.scoring import records
from jobs.training_data.scoring.pasting import MOST_QUESTIONS, pasted_questions

CARRIED = ("keep_out",)  # options that the new version has, too


def lines_of(made: QuestionSet) -> str | None:
    """Its questions one a line; None where one of them is more than a line."""
    every = made.questions.values_list("messages", flat=True)
    found = [str(messages[0]["content"]) for messages in every if len(messages) == 1]
    is_whole = len(found) == sum(1 for messages in every if messages)
    return "\n".join(found) if is_whole and all(len(text.splitlines()) == 1 for text in found) else None


def order(
    before: QuestionSet, user: User, *, lines: str, leave: Iterable[int] | None, name: str, system_prompt: str
) -> QuestionSet | None:
    """`leave`: numbers of questions, from 1, that go; the lines come to the others. None: the lines are all there are.

    Returns None where there is a later version already: that one is changed then. A worker makes it.
    """
    options: dict[str, Any] = {key: before.options[key] for key in CARRIED if key in before.options}
    options |= {"lines": lines} | ({} if leave is None else {"leave": sorted(leave)})
    with transaction.atomic():
        QuestionSet.objects.select_for_update().get(pk=before.pk)  # of two at once one is first
        if before.later.exists():
            return None
        return QuestionSet.objects.create(
            team=before.team,
            name=name[:120],
            number=before.number + 1,
            before=before,
            origin=before.origin,
            training_file=before.training_file,
            options=options,
            system_prompt=system_prompt,
            created_by=user,
        )


def found(made: QuestionSet, before: QuestionSet) -> records.QuestionSet:
    """The questions of the new version, as `order` wanted it."""
    written = pasted_questions(made.options.get("lines", ""))
    old = [question for question in before.questions.all() if question.messages]  # an erased one is none
    if "leave" not in made.options:
        known = {_key(question.messages): question for question in old}
        same = (_with_reference(question, known.get(_key(question.messages))) for question in written.questions)
        return records.QuestionSet(questions=list(same), left_out=written.left_out)
    leave = set(made.options["leave"])
    kept = [_as_record(question) for question in old if question.position + 1 not in leave]
    return _joined(kept, written)


def _joined(kept: list[records.Question], written: records.QuestionSet) -> records.QuestionSet:
    left_out, seen = Counter(written.left_out), {_key(question.messages) for question in kept}
    fresh = [question for question in written.questions if _key(question.messages) not in seen]
    left_out["repeated"] += len(written.questions) - len(fresh)
    every = [*kept, *(records.Question(messages=question.messages) for question in fresh)]
    left_out["over_limit"] += len(every[MOST_QUESTIONS:])
    return records.QuestionSet(questions=every[:MOST_QUESTIONS], left_out=dict(+left_out))


def _as_record(question: Question) -> records.Question:
    return records.Question(messages=question.messages, reference=question.reference or None, line=question.line)


def _with_reference(question: records.Question, old: Question | None) -> records.Question:
    """What stays as it is keeps its good answer; what was changed has none any more."""
    return _as_record(old) if old else records.Question(messages=question.messages)


def _key(messages: list[records.Message]) -> str:
    return "\x1e".join(plain(str(each["content"])) for each in messages)
