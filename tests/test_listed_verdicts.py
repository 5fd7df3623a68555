"""What the list of jobs says of a job's model: a few words, its own model's, live, and for no query more."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import CandidateKind, Evaluation, FineTuneJob, Team
from jobs.pipeline.evaluations import scoring, voting
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.run_states import RunState
from jobs.training_data.scoring.verdict import verdict_of as drawn
from jobs.verdict_words import brief
from tests.conftest import World
from tests.factories import make_job, make_tuned_model
from tests.test_evaluation_pages import address
from tests.test_evaluation_scoring import GOOD, answered

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
BETTER = "better than its base · 100% of 8"


def judged(world: World, model: str = "ft:mine", **fields: Any) -> tuple[FineTuneJob, Evaluation]:
    """A job whose model is closer than its base in each of eight questions."""
    job = make_job(world.team, connection=world.connection, state="succeeded", fine_tuned_model=model)
    row = answered(world.team, GOOD, tuple(text[:4] for text in GOOD), job=job)
    tuned = make_tuned_model(job, name=model)
    row.candidates.filter(position=0).update(model=model, price_as="base", tuned_model=tuned)
    row.candidates.filter(position=1).update(kind=CandidateKind.BASE, model="base")
    row.answers.filter(candidate__position=0).update(scores={"chrf": 90.0, "characters": 20})
    row.answers.filter(candidate__position=1).update(scores={"chrf": 9.0, "characters": 8})
    Evaluation.objects.filter(pk=row.pk).update(**{"state": RunState.DONE, "verdict": verdict_of(row)} | fields)
    row.refresh_from_db()
    return job, row


def listed(client: Client, world: World) -> list[tuple[str, str]]:
    rows = client.get(world.url("jobs/")).context["rows"]
    return [(row.verdict, row.evaluation_url) for row in rows]


def test_a_row_says_it_in_a_few_words_with_a_link(world: World, login: Login) -> None:
    _job, row = judged(world)
    client = login(world.carol)

    assert listed(client, world) == [(BETTER, address(world, "evaluation-detail", row.uuid))]
    assert f'href="{address(world, "evaluation-detail", row.uuid)}"' in client.get(world.url("jobs/")).text


def test_what_is_said_of_another_model_is_not_said_of_this_job(world: World, login: Login) -> None:
    job, _row = judged(world)
    FineTuneJob.objects.filter(pk=job.pk).update(fine_tuned_model="ft:another")

    assert listed(login(world.carol), world) == [("", "")]


def test_the_newest_verdict_counts_and_one_without_a_verdict_hides_none(world: World, login: Login) -> None:
    job, row = judged(world)
    Evaluation.objects.create(team=world.team, job=job, name="läuft", state=RunState.RUNNING)
    Evaluation.objects.create(team=world.team, job=job, name="leaked", state=RunState.FAILED, verdict={"leaks": []})

    assert listed(login(world.carol), world) == [(BETTER, address(world, "evaluation-detail", row.uuid))]


def test_the_list_shows_it_live(world: World, login: Login) -> None:
    job, row = judged(world, verdict={}, score_due_at="2026-01-01T00:00Z")
    client = login(world.carol)
    version = client.get(world.url("jobs/")).context["version"]
    poll = world.url(f"jobs/poll/?since={version}")
    assert client.get(poll).status_code == 204

    scoring.score(row)

    assert BETTER in client.get(poll).text
    assert job.name in client.get(poll).text


def test_votes_and_deleting_are_seen_live_too(world: World, login: Login) -> None:
    _job, row = judged(world)
    before = Team.objects.get(pk=world.team.pk).jobs_version

    with transaction.atomic():
        voting.count(row)
    voted = Team.objects.get(pk=world.team.pk).jobs_version
    login(world.alice).post(address(world, "evaluation-delete", row.uuid))

    assert [before, voted, Team.objects.get(pk=world.team.pk).jobs_version] == [before, before + 1, before + 2]
    assert listed(login(world.carol), world) == [("", "")]


def test_an_evaluation_of_no_job_wakes_no_list(world: World) -> None:
    _job, row = judged(world)
    row.job = None
    row.save()
    before = Team.objects.get(pk=world.team.pk).jobs_version

    with transaction.atomic():
        voting.count(row)

    assert Team.objects.get(pk=world.team.pk).jobs_version == before


def test_it_costs_no_query_more(world: World, login: Login) -> None:
    client = login(world.carol)

    def queries() -> int:
        Team.objects.update(jobs_version=Team.objects.get(pk=world.team.pk).jobs_version + 1)
        with CaptureQueriesContext(database) as seen:
            client.get(world.url("jobs/"))
        return len(seen)

    make_tuned_model(make_job(world.team, connection=world.connection))
    queries()
    without = queries()
    for n in range(3):
        judged(world, f"ft:{n}")

    assert queries() == without


@pytest.mark.parametrize(("wins", "ties", "losses", "fields", "words"), [
    (40, 5, 8, {}, "better than its base · 83% of 48"),
    (8, 0, 40, {}, "worse than its base · 83% of 48"),
    (8, 0, 40, {"b_is_base": False}, "worse than old-model · 83% of 48"),
    (3, 2, 2, {}, "too few questions to tell · 7"),
    (0, 2, 0, {"simulated": True}, "too few questions to tell · 2 · simulated"),
    (2, 1200, 1, {}, "no better than its base · 1,203 questions"),
    (0, 0, 0, {"simulated": True}, ""),
    (40, 5, 8, {"copied": 20}, "better than its base · 83% of 48 · 38% copied"),
])  # fmt: skip
def test_the_words(wins: int, ties: int, losses: int, fields: dict[str, Any], words: str) -> None:
    found = drawn(wins, ties, losses)
    about = {"b_is_base": True, "b_model": "old-model", "answers": 53, "copied": 0, "simulated": False}

    stored = {name: getattr(found, name) for name in ("n", "wins", "ties", "losses", "share", "conclusion")}
    assert brief(stored | about | fields) == words
