"""Sets of questions: a row orders one, a worker reads it under a lease, and each question is stored with its tokens."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import Question, QuestionOrigin, QuestionSet, QuestionState, Team, TrainingFile, User
from jobs.pipeline.evaluations import versions
from jobs.training_data.scoring import records
from jobs.training_data.scoring.pasting import MOST_QUESTIONS, given_questions, pasted_questions
from jobs.training_data.scoring.process import choose_questions
from jobs.training_data.tokens import PER_MESSAGE, count_text

LEASE = timedelta(seconds=60)
KEEP_SECONDS = 5.0
AT_ONCE = 20  # sets a tick
ROWS = 500
FILE_GONE = gettext_noop("The file of these questions was deleted before they were read.")
BROKEN = gettext_noop("The questions could not be read: the process that reads them ended. Try a smaller share.")
NONE_FIT = gettext_noop("None of the examples is a question that can be put to a model.")


def order_file(
    team: Team,
    user: User | None,
    file: TrainingFile,
    *,
    most: int = MOST_QUESTIONS,
    seed: int = 1,
    share: float | None = None,
    name: str = "",
) -> QuestionSet:
    """A set that proposes at most `most` questions of a file, or sets `share` of it aside. The same again is the same.

    It is made by a worker: see `due`.
    """
    options = {"most": min(most, MOST_QUESTIONS), "seed": seed} | ({} if share is None else {"share": share})
    origin = QuestionOrigin.FILE if share is None else QuestionOrigin.HELD_OUT
    with transaction.atomic():
        TrainingFile.objects.select_for_update().get(pk=file.pk)  # two at once find the same set
        rows = QuestionSet.objects.filter(team=team, training_file=file, origin=origin, deleted_at=None)
        kept = (row for row in rows.exclude(state=QuestionState.FAILED) if _is_made_by(row, options))
        about = {"name": (name or file.name)[:120], "origin": origin, "options": options, "created_by": user}
        return next(kept, None) or QuestionSet.objects.create(team=team, training_file=file, **about)


def _is_made_by(row: QuestionSet, options: dict[str, Any]) -> bool:
    return {key: row.options[key] for key in ("most", "seed", "share") if key in row.options} == options


def order_lines(team: Team, user: User | None, text: str, *, name: str, system_prompt: str = "") -> QuestionSet:
    """A set of pasted questions, one a line."""
    about = {"name": name[:120], "origin": QuestionOrigin.LINES, "options": {"lines": text}, "created_by": user}
    return QuestionSet.objects.create(team=team, system_prompt=system_prompt, **about)


def order_given(
    team: Team, user: User | None, given: list[list[records.Message]], *, name: str, origin: QuestionOrigin
) -> QuestionSet:
    """A set of questions that are given as messages, copied."""
    about = {"name": name[:120], "origin": origin, "options": {"given": given}, "created_by": user}
    return QuestionSet.objects.create(team=team, **about)


def due() -> list[int]:
    """Sets that wait to be read, or whose worker is gone; the one that waits longest comes first."""
    return list(
        QuestionSet.objects.due().filter(deleted_at=None).order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]
    )


class LeaseLostError(Exception):
    """Another worker reads it now, or it was deleted."""


class Lease:
    """One worker's right to read one set: `due_at` holds it, and shows whose it is."""

    def __init__(self, made: QuestionSet) -> None:
        self.pk = made.pk
        self.until: datetime | None = None
        self.written = 0.0

    def claim(self) -> bool:
        self.until = timezone.now() + LEASE
        waiting = QuestionSet.objects.due().filter(pk=self.pk, deleted_at=None, state=QuestionState.MAKING)
        return waiting.update(due_at=self.until) == 1

    def write(self, **fields: Any) -> None:
        """Store `fields` and a new lease. Raises LeaseLostError."""
        fields = {"due_at": timezone.now() + LEASE} | fields
        mine = QuestionSet.objects.filter(pk=self.pk, deleted_at=None, due_at=self.until)
        if not mine.update(version=F("version") + 1, **fields):
            raise LeaseLostError
        self.until, self.written = fields["due_at"], time.monotonic()

    def keep(self) -> None:
        if time.monotonic() - self.written >= KEEP_SECONDS:
            self.write()


def make(made: QuestionSet) -> None:
    """Read one that is due. Does nothing where another worker does."""
    lease = Lease(made)
    if not lease.claim():
        return
    try:
        _store(made, lease, _found(made, lease))
    except LeaseLostError:
        pass  # whichever worker has it now stores what it finds
    except FileNotFoundError:
        _fail(lease, FILE_GONE)
    except ChildProcessError:
        _fail(lease, BROKEN)


def _fail(lease: Lease, trouble: str) -> None:
    lease.write(state=QuestionState.FAILED, trouble=trouble, due_at=None)


def _found(made: QuestionSet, lease: Lease) -> records.QuestionSet:
    if made.before:
        return versions.found(made, made.before)
    if made.origin == QuestionOrigin.LINES:
        return pasted_questions(made.options.get("lines", ""))
    if "given" in made.options:
        return given_questions(made.options["given"])
    file, options = made.training_file, made.options
    if file is None or file.deleted_at:
        raise FileNotFoundError
    return choose_questions(
        file.path, seed=options["seed"], share=options.get("share"), most=options["most"], keep=lease.keep
    )


def _store(made: QuestionSet, lease: Lease, found: records.QuestionSet) -> None:
    """All or nothing, so that a killed worker's half is never seen."""
    shared = shared_prompt(question.messages for question in found.questions)
    rows = (_row(made, place, question, shared) for place, question in enumerate(found.questions))
    state = QuestionState.READY if found.questions else QuestionState.FAILED
    about: dict[str, Any] = {"count": len(found.questions), "left_out": found.left_out, "state": state}
    about |= {"system_prompt": shared} if shared else {}
    about |= {"options": made.options | {"keep_out": found.keep_out}} if found.keep_out else {}
    about |= {"trouble": "" if found.questions else NONE_FIT}
    made_of = list(batched(rows, ROWS, strict=False))  # counted before the transaction, which is to be short
    with transaction.atomic():
        lease.write(due_at=None, **about)
        for some in made_of:
            Question.objects.bulk_create(some)


def shared_prompt(questions: "Iterable[list[records.Message]]") -> str:
    """The system prompt that every question begins with; empty where they differ."""
    prompts = {_system(messages) for messages in questions}
    return prompts.pop() if len(prompts) == 1 else ""


def _system(messages: list[records.Message]) -> str:
    return str(messages[0]["content"]) if messages and messages[0]["role"] == "system" else ""


def _row(made: QuestionSet, place: int, question: records.Question, shared: str) -> Question:
    messages = question.messages[1:] if shared else question.messages
    return Question(
        question_set=made,
        position=place,
        messages=messages,
        reference=question.reference or "",
        line=question.line,
        tokens=sum(PER_MESSAGE + count_text(each["content"]) for each in messages),
    )
