"""Questions and answers that hold a text that is looked for, and its deletion from them.

They are emptied, not deleted: how many there were, what they cost and how they scored stays for the record.
Saved prompts go whole.
"""

from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, QuerySet

from jobs.models import Answer, Candidate, Evaluation, Judging, JudgingQuerySet, Judgment, Question, QuestionSet
from jobs.pipeline.evaluations import prompts
from jobs.run_states import RUN_ACTIVE
from jobs.training_data.searching import Sought

ROWS = 500
WRITTEN = ("lines", "given")  # options that hold what was written
NO_SET = ""  # of the entry of all saved prompts

type Keep = Callable[[], object]
type Entry = dict[str, Any]


def entries(team: int, sought: Sought, keep: Keep) -> list[Entry]:
    """An entry for each set of questions that holds it, or whose answers do; and one for all saved prompts."""
    found = (_entry(made, sought, keep) for made in _sets(team).iterator(ROWS))
    kept = [entry for entry in found if entry["questions"] or entry["answers"] or entry["prompts"]]
    saved = sum(1 for _prompt in prompts.holding(team, sought, keep))
    counts = {"questions": 0, "answers": 0, "prompts": 0, "saved": saved}
    return [*kept, {"set": NO_SET, **counts, "act": "", "why": ""}] if saved else kept


def _sets(team: int) -> QuerySet[QuestionSet]:
    return QuestionSet.objects.filter(team=team).order_by("pk")


def _entry(made: QuestionSet, sought: Sought, keep: Keep) -> Entry:
    questions = list(_questions(made, sought, keep))
    answers = [*_answers(made, sought, keep), *_replies(made, sought, keep)]
    counts = {"questions": len(questions), "answers": len(answers), "prompts": int(_is_in_prompts(made, sought))}
    return {"set": str(made.uuid), **counts, "act": "", "why": ""}


def _is_in_prompts(made: QuestionSet, sought: Sought) -> bool:
    systems = Candidate.objects.filter(question_set=made).values_list("system_prompt", flat=True)
    rubrics = _judgings(made).values_list("rubric", flat=True)
    written = (made.options.get(name, "") for name in WRITTEN)
    return _holds(sought, [made.system_prompt, made.name, *written, *systems, *rubrics])


def _judgings(made: QuestionSet) -> JudgingQuerySet:
    return Judging.objects.filter(evaluation__candidates__question_set=made).distinct()


def _questions(made: QuestionSet, sought: Sought, keep: Keep) -> Iterator[int]:
    rows = Question.objects.filter(question_set=made).order_by("pk")
    for pk, messages, reference in rows.values_list("pk", "messages", "reference").iterator(ROWS):
        keep()
        if _holds(sought, [messages, reference]):
            yield pk


def _answers(made: QuestionSet, sought: Sought, keep: Keep) -> Iterator[int]:
    rows = Answer.objects.filter(question__question_set=made).exclude(answer="").order_by("pk")
    for pk, text in rows.values_list("pk", "answer").iterator(ROWS):
        keep()
        if _holds(sought, [text]):
            yield pk


def _replies(made: QuestionSet, sought: Sought, keep: Keep) -> Iterator[int]:
    """Of judges, which may quote what they judge."""
    rows = Judgment.objects.filter(a__question__question_set=made).exclude(answer="").order_by("pk")
    for pk, text in rows.values_list("pk", "answer").iterator(ROWS):
        keep()
        if _holds(sought, [text]):
            yield pk


def _holds(sought: Sought, texts: list[Any]) -> bool:
    return sought.is_in(orjson.dumps(texts))


def is_needed(made: QuestionSet) -> bool:
    """An evaluation that has not ended asks it, or a judge reads it."""
    is_asked = Evaluation.objects.filter(candidates__question_set=made, state__in=RUN_ACTIVE).exists()
    return is_asked or _judgings(made).active().exists()


def erase(team: int, uuid: str, sought: Sought, keep: Keep) -> str:
    """Empty what holds it, in one set and the answers to it; or delete the saved prompts that do.

    Returns "done", "gone", or "kept": it is being asked.
    """
    if uuid == NO_SET:
        prompts.forget([*prompts.holding(team, sought, keep)])
        return "done"
    made = _sets(team).filter(uuid=uuid).first()
    if made is None:
        return "gone"
    if is_needed(made):
        return "kept"
    questions, answers = list(_questions(made, sought, keep)), list(_answers(made, sought, keep))
    replies = list(_replies(made, sought, keep))
    with transaction.atomic():
        for some in batched(replies, ROWS, strict=False):
            Judgment.objects.filter(pk__in=some).update(answer="")
        for some in batched(questions, ROWS, strict=False):  # a statement takes only so many values
            Question.objects.filter(pk__in=some).update(messages=[], reference="")
            Answer.objects.filter(question__in=some).update(answer="", scores={})
        for some in batched(answers, ROWS, strict=False):
            Answer.objects.filter(pk__in=some).update(answer="", scores={})
        _strike_prompts(made, sought)
        Evaluation.objects.filter(candidates__question_set=made).update(version=F("version") + 1)
    return "done"


def _strike_prompts(made: QuestionSet, sought: Sought) -> None:
    options = {name: value for name, value in made.options.items() if name not in WRITTEN}
    about = {"name": sought.struck_from(made.name), "system_prompt": sought.struck_from(made.system_prompt)}
    QuestionSet.objects.filter(pk=made.pk).update(options=options, version=F("version") + 1, **about)
    for candidate in Candidate.objects.filter(question_set=made).exclude(system_prompt=""):
        struck = sought.struck_from(candidate.system_prompt)
        if struck != candidate.system_prompt:
            Candidate.objects.filter(pk=candidate.pk).update(system_prompt=struck)
    for judging in _judgings(made).exclude(rubric=""):
        struck = sought.struck_from(judging.rubric)
        if struck != judging.rubric:
            Judging.objects.filter(pk=judging.pk).update(rubric=struck, version=F("version") + 1)
