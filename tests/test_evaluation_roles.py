"""Who asks, who votes, who signs: what a role may do happens, and what it may not changes no row.

The answers of all addresses are in tests/test_access.py.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from jobs.models import AuditEntry, Evaluation, RemoteModel, Vote
from jobs.pipeline.evaluations.voting import Booth
from tests.conftest import World
from tests.evaluated import rows
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_job, make_tuned_model
from tests.test_access import KINDS, SENT, TEAM, Row, address, clients, expected

__all__ = ["clients"]
pytestmark = pytest.mark.django_db

type Act = Callable[[World, Client], object]

OURS = ("evaluation-", "question-", "rescue", "prompt-", "judging-")
MODEL = "sim-large-2026-06-01"
TRAINERS = {"ask", "record", "vote", "raise the cap"}
OWNERS = {"sign", "delete"}
MAY = {"viewer": set[str](), "trainer": TRAINERS, "owner": TRAINERS | OWNERS}


def of_ours() -> list[Row]:
    return [row for row in TEAM if row.name.startswith(OURS)]


def ask(world: World, client: Client) -> bool:
    before = Evaluation.objects.count()
    made = make_questions(world.team, "첫눈")
    order = world.url(f"evaluations/new/?questions={made.uuid}")
    sent = {"order_token": str(uuid4()), "models": [f"{world.connection.uuid}|{MODEL}"], "repetitions": 1}
    sent |= {"max_tokens": 16, "temperature": 0}
    price: Any = client.post(order.replace("new/", "price/"), sent, headers={"HX-Request": "true"})
    shown = price.context["button_price"] if price.status_code == 200 else "0"
    client.post(order, sent | {"shown_usd": shown})
    return Evaluation.objects.count() > before


def record(world: World, client: Client) -> bool:
    made = make_questions(world.team, "골목")
    about = {"team": world.team, "connection": world.connection, "question_set": made, "base": MODEL}
    model = RemoteModel.objects.create(name=uuid4().hex, **about)
    page: Any = client.get(world.url(f"rescue/record/?model={model.uuid}&max_tokens=64"))
    shown = page.context["plan"].shown if page.status_code == 200 else ""
    sent = {"order_token": str(uuid4()), "max_tokens": 64, "model": str(model.uuid), "shown": shown}
    client.post(world.url("rescue/record/"), sent)
    model.refresh_from_db()
    return model.recording is not None


def answered(world: World) -> Evaluation:
    made = make_questions(world.team, "눈")
    row = make_evaluation(world.team, ["one", "two"], made, cap="0.01")
    for candidate in row.candidates.all():
        about = {"question": made.questions.get(), "position": candidate.position, "state": "done"}
        row.answers.create(candidate=candidate, answer=candidate.model, **about)
    Evaluation.objects.filter(pk=row.pk).update(state="done", due_at=None)
    return Evaluation.objects.get(pk=row.pk)


def vote(world: World, client: Client) -> bool:
    row = answered(world)
    question, a, b = Booth(row, world.bob).all[0]
    client.post(world.url(f"evaluations/{row.uuid}/vote/"), {"question": question, "a": a, "b": b, "side": "left"})
    return Vote.objects.filter(evaluation=row).exists()


def raise_cap(world: World, client: Client) -> bool:
    row = make_evaluation(world.team, ["one"], make_questions(world.team, "눈"), cap="0.01")
    Evaluation.objects.filter(pk=row.pk).update(state="capped")
    client.post(world.url(f"evaluations/{row.uuid}/cap/"), {"cap": "0.50"})
    row.refresh_from_db()
    return row.cap_nano == 500_000_000


def sign(world: World, client: Client) -> bool:
    model = RemoteModel.objects.create(team=world.team, connection=world.connection, name=uuid4().hex)
    client.post(world.url(f"rescue/models/{model.uuid}/sign/"), {"note": "옮겼다"})
    model.refresh_from_db()
    return model.signed_at is not None


def delete(world: World, client: Client) -> bool:
    row = answered(world)
    client.post(world.url(f"evaluations/{row.uuid}/delete/"))
    return not Evaluation.objects.filter(pk=row.pk).exists()


ACTS = {"ask": ask, "record": record, "vote": vote, "raise the cap": raise_cap, "sign": sign, "delete": delete}


@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_who_votes_and_who_signs(world: World, clients: dict[str, Client], kind: str) -> None:
    make_tuned_model(make_job(world.team, connection=world.connection, base_model=MODEL))

    done = {name for name, act in ACTS.items() if act(world, clients[kind])}

    assert done == MAY.get(kind, set())
    assert AuditEntry.objects.exists() == bool(done)


@pytest.mark.parametrize("row", [row for row in of_ours() if row.method == "post"], ids=lambda row: str(row.name))
def test_a_refused_act_changes_no_row(world: World, clients: dict[str, Client], row: Row) -> None:
    refused = [kind for kind in KINDS if expected(row, kind) != row.answer or kind not in MAY]
    url = address(world, row.name)
    before = rows(), AuditEntry.objects.count()

    answers: dict[str, Any] = {kind: clients[kind].post(url, SENT.get(row.name)) for kind in refused}

    assert {"signed out", "stranger", "staff"} <= answers.keys()
    assert {answer.status_code for answer in answers.values()} <= {302, 403, 404}
    assert (rows(), AuditEntry.objects.count()) == before


def test_all_three_rooms_are_in_the_table() -> None:
    found = {row.name.partition("-")[0] for row in of_ours()}

    assert {"evaluation", "question", "rescue"} <= found
    assert len(of_ours()) > 40
