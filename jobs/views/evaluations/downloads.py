"""An evaluation's answers as CSV and as JSON, and its questions for promptfoo, in flat memory."""

import json
import re
from collections.abc import Iterator
from itertools import batched, chain
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.views.decorators.http import require_GET

from jobs.models import Answer, Evaluation, Member
from jobs.pipeline.evaluations import promptfoo
from jobs.pipeline.spreadsheets import BOM, Row, csv_lines
from jobs.training_data.scoring.messages import as_text
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.downloads import attachment
from jobs.views.evaluations import judged
from jobs.views.evaluations.evaluations import evaluation_of

UNFIT = re.compile(r"[^-\w.]")
ROWS = 500
HEADER = (
    *("question", "reference", "model", "connection", "kind", "repetition", "state", "answer", "finish_reason"),
    *("model_named", "seconds", "answered_at", "prompt_tokens", "completion_tokens", "scores", "examples"),
)


def named(name: str, ending: str) -> str:
    return f"{UNFIT.sub('', name.replace(' ', '_'))[:80] or 'evaluation'}.{ending}"


def _pages(evaluation: Evaluation) -> Iterator[list[Answer]]:
    """Each page is a query of its own: under ASGI a cursor would outlive the thread that opened it."""
    rows = evaluation.answers.select_related("question", "candidate__connection").order_by("position")
    page = list(rows[:ROWS])
    while page:
        yield page
        page = list(rows.filter(position__gt=page[-1].position)[:ROWS])


def _facts(answer: Answer) -> dict[str, Any]:
    question, candidate = answer.question, answer.candidate
    about: dict[str, Any] = {
        "question": as_text(question.messages),
        "reference": question.reference,
        "model": candidate.model,
    }
    about |= {"connection": candidate.connection.name, "kind": candidate.kind, "repetition": answer.repetition + 1}
    said = {name: getattr(answer, name) for name in HEADER if name not in about and name != "answered_at"}
    said["examples"] = answer.examples.get("lines", [])  # lines of the file
    return about | said | {"answered_at": answer.answered_at.isoformat() if answer.answered_at else None}


@require_GET
@viewer_page
def evaluation_csv(request: DeskRequest, member: Member, evaluation: UUID) -> StreamingHttpResponse:
    """With the mark that makes a Korean Excel read UTF-8."""
    found = evaluation_of(request, member, evaluation)

    def chunks() -> Iterator[bytes]:
        yield BOM + csv_lines([HEADER])
        for page in _pages(found):
            yield csv_lines(_cells(_facts(answer)) for answer in page)

    return attachment(request, chunks(), named(found.name, "csv"), "text/csv; charset=utf-8")


def _cells(facts: dict[str, Any]) -> Row:
    lines = " ".join(map(str, facts["examples"]))
    written = facts | {
        "examples": lines,
        "scores": json.dumps(facts["scores"], ensure_ascii=False) if facts["scores"] else "",
    }
    return ["" if written[name] is None else written[name] for name in HEADER]


@require_GET
@viewer_page
def evaluation_json(request: DeskRequest, member: Member, evaluation: UUID) -> StreamingHttpResponse:
    found = evaluation_of(request, member, evaluation)
    return attachment(request, _json(found), named(found.name, "json"), "application/json")


def _json(evaluation: Evaluation) -> Iterator[bytes]:
    settings = {name: getattr(evaluation, name) for name in ("temperature", "max_tokens", "repetitions", "verdict")}
    about = {"name": evaluation.name, "state": evaluation.state, **settings, "candidates": _candidates(evaluation)}
    about["judges"] = judged.about(evaluation)
    yield f'{{"evaluation": {_line(about)},\n"answers": ['.encode()
    yield from _listed(_facts(answer) for page in _pages(evaluation) for answer in page)
    yield b'],\n"judgments": ['
    yield from _listed(judged.of_evaluation(evaluation))
    yield b"]}\n"


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """A list's elements, a line each."""
    before = "\n"
    for some in batched(rows, ROWS, strict=False):
        yield (before + ",\n".join(_line(row) for row in some)).encode()
        before = ",\n"
    yield b"\n"


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _candidates(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = evaluation.candidates.select_related("connection")
    about = ("model", "kind", "engine", "system_prompt", "few_shot", "state")
    return [{name: getattr(row, name) for name in about} | {"connection": row.connection.name} for row in rows]


@require_GET
@viewer_page
def evaluation_promptfoo(request: DeskRequest, member: Member, evaluation: UUID) -> StreamingHttpResponse:
    """Under the name that promptfoo looks for."""
    found = evaluation_of(request, member, evaluation)
    candidates = promptfoo.candidates_of(found)
    head = promptfoo.head(found, candidates)  # here: a stream has no language of its own
    parts = chain([head], promptfoo.tests(candidates))
    return attachment(request, (part.encode() for part in parts), "promptfooconfig.yaml", "application/yaml")
