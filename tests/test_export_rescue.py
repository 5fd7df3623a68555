"""Evaluations and rescues in a team's archive: row by row what the database holds, and nothing points out of it."""

import json
from typing import Any
from uuid import UUID

import pytest

from jobs.models import (
    Answer,
    Candidate,
    Evaluation,
    Judging,
    Judgment,
    PlannedEvaluation,
    Question,
    QuestionSet,
    RemoteModel,
    SavedPrompt,
    Vote,
)
from jobs.pipeline.export_tables import TABLES, Table
from jobs.pipeline.exporting import Archive
from tests.conftest import World
from tests.evaluated import MODELS, fill
from tests.factories import make_connection, make_job, make_tuned_model
from tests.test_export_team import Opened, archived

pytestmark = pytest.mark.django_db
KEY = "sk-proj-key-of-a-service-that-ends"
LEFT_OUT = {  # leases, what only a running worker needs, and the double click's token
    QuestionSet: {"id", "team", "due_at"},
    Question: {"id"},
    Evaluation: {"id", "team", "order_token", "due_at", "score_due_at"},
    Candidate: {"id", "wait_until"},
    Answer: {"id", "claimed_until", "most_prompt_tokens"},
    Vote: {"id"},
    SavedPrompt: {"id", "team"},
    Judging: {"id", "order_token", "due_at"},
    Judgment: {"id", "claimed_until", "most_prompt_tokens"},
    PlannedEvaluation: {"id"},
    RemoteModel: {"id", "team", "archive_due_at"},
}


@pytest.fixture
def filled(world: World) -> World:
    service = make_connection(world.team, KEY, name="끝나는 서비스")
    job = make_job(world.team, connection=world.connection, state="succeeded", fine_tuned_model="ft:x")
    make_tuned_model(job)
    fill(job, service, world.alice, world.alice, world.bob)
    return world


def tables() -> dict[Any, Table]:
    return {table.model: table for table in TABLES if table.model in MODELS}


def value_at(row: Any, lookup: str) -> Any:
    for name in lookup.split("__"):
        row = None if row is None else getattr(row, name)
    return row.pk if hasattr(row, "pk") else row


def as_json(row: dict[str, Any]) -> Any:
    return json.loads(json.dumps(row, default=lambda value: getattr(value, "isoformat", value.__str__)()))


def same(value: Any) -> Any:
    """Moments are written in two ways."""
    return value.replace("+00:00", "Z") if isinstance(value, str) and value.endswith("+00:00") else value


def test_every_row_is_in_it_as_the_database_has_it(filled: World) -> None:
    opened = archived(Archive(filled.team))

    for model, table in tables().items():
        rows = model.objects.order_by(*table.order)
        expected = [as_json({name: value_at(row, lookup) for name, lookup in table.columns.items()}) for row in rows]
        found = [{name: same(value) for name, value in row.items()} for row in opened.rows(table.path)]
        assert len(expected) > 0
        assert found == [{name: same(value) for name, value in row.items()} for row in expected], table.path


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_column_is_in_it_but_these(model: Any) -> None:
    fields = {field.name for field in model._meta.concrete_fields}

    assert fields - tables()[model].columns.keys() == LEFT_OUT[model]


def test_what_a_row_points_to_is_in_it_too(filled: World) -> None:
    opened = archived(Archive(filled.team))
    there = {row["uuid"] for table in TABLES for row in opened.rows(table.path) if "uuid" in row}
    places = {(row["question_set"], row["position"]) for row in opened.rows("questions.jsonl")}

    for table in tables().values():
        for row in opened.rows(table.path):
            named = {name: value for name, value in row.items() if is_uuid(value)}
            assert {name: value for name, value in named.items() if value not in there} == {}
    for path in ("answers.jsonl", "votes.jsonl", "judgments.jsonl"):
        assert {(row["question_set"], row["question"]) for row in opened.rows(path)} <= places


def is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def test_no_key_is_in_it(filled: World) -> None:
    opened: Opened = archived(Archive(filled.team))
    sealed = [connection.sealed_key for connection in filled.team.connections.all()]
    tokens = [str(token) for token in Evaluation.objects.values_list("order_token", flat=True)]

    everything = opened.everything().decode()

    assert [secret for secret in (KEY, *sealed, *tokens) if secret in everything] == []
