""" "Evaluate when it ends": ordered with the job, begun once it has its model, within its cap."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs.models import CandidateKind, Evaluation, FineTuneJob, Origin, PlannedEvaluation, QuestionSet, TrainingFile
from jobs.pipeline.evaluations import planning
from jobs.run_states import RunState
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_questions, walk
from tests.factories import make_file, make_job, make_tuned_model

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = "sim-large-2026-06-01"


def order(world: World, client: Client, file: TrainingFile, **fields: Any) -> Any:
    """Order a job as the page proposes it."""
    where = reverse("job-new", args=[world.team.slug])
    page = client.get(f"{where}?file={file.uuid}")
    sent = {"order_token": str(uuid4()), "training_file": str(file.uuid), "base": f"{world.connection.uuid}|{LARGE}"}
    price = client.get(reverse("job-estimate", args=[world.team.slug]), {**sent, **fields}).context["button_price"]
    assert page.status_code == 200
    return client.post(where, {**sent, "shown_usd": price, **fields})


def ended(world: World, state: State = State.SUCCEEDED, **fields: Any) -> FineTuneJob:
    about = {"connection": world.connection, "base_model": LARGE, "state": state, "created_by": world.bob}
    return make_job(world.team, **about, **fields)


def plan(job: FineTuneJob, made: QuestionSet, **fields: Any) -> PlannedEvaluation:
    return PlannedEvaluation.objects.create(job=job, question_set=made, created_by=job.created_by, **fields)


def begin() -> list[int]:
    due = planning.due()
    for pk in due:
        planning.begin(pk)
    return due


def test_the_order_keeps_the_questions_and_the_cap(world: World, login: Login) -> None:
    made, file = make_questions(world.team, "첫눈", "골목"), make_file(world.team)

    answer = order(world, login(world.bob), file, evaluate=str(made.uuid), evaluate_cap="0.05")

    kept = PlannedEvaluation.objects.get()
    assert answer.status_code == 302
    assert (kept.question_set, kept.cap_nano, kept.job.training_file) == (made, 50_000_000, file)
    page = login(world.carol).get(answer["Location"]).text
    assert 'hx-select="#of-job"' in page  # it follows by itself
    assert "When the job has succeeded, 2 questions are put to the new model and to its base." in page


def test_no_questions_no_plan(world: World, login: Login) -> None:
    make_questions(world.team, "첫눈")

    assert order(world, login(world.bob), make_file(world.team)).status_code == 302
    assert not PlannedEvaluation.objects.exists()


def test_questions_of_the_training_file_itself_are_refused(world: World, login: Login) -> None:
    file = make_file(world.team)
    made = make_questions(world.team, "첫눈", origin="held_out", training_file=file)

    answer = order(world, login(world.bob), file, evaluate=str(made.uuid))

    assert answer.status_code == 422
    assert "These questions are in the training file." in answer.text
    assert not FineTuneJob.objects.exists()


def test_what_was_set_aside_is_proposed_with_the_rest(world: World, login: Login) -> None:
    whole = make_file(world.team)
    made = make_questions(world.team, "첫눈", origin="held_out", training_file=whole, options={"keep_out": [2, 5]})
    rest = make_file(world.team, parent=whole, origin=Origin.REDUCED, options={"lines": [2, 5]})

    page = login(world.bob).get(f"{reverse('job-new', args=[world.team.slug])}?file={rest.uuid}")

    assert page.context["form"].cleaned_data["evaluate"] == made
    assert "The evaluation afterwards costs nothing." in page.text  # the first base is free


def test_it_begins_once_when_the_job_has_its_model(world: World) -> None:
    job, made = ended(world), make_questions(world.team, "첫눈", system_prompt="짧게.")
    kept = plan(job, made)
    begin()
    assert not Evaluation.objects.exists()  # the service has not named the model yet
    model = make_tuned_model(job, base=LARGE)

    begin()
    planning.begin(kept.pk)

    row = Evaluation.objects.get()
    kinds = [(one.kind, one.model, one.system_prompt) for one in row.candidates.all()]
    assert kinds == [(CandidateKind.TUNED, model.name, "짧게."), (CandidateKind.BASE, LARGE, "짧게.")]
    assert (row.job, row.created_by, row.state) == (job, world.bob, RunState.NEW)
    assert row.cap_usd is not None
    kept.refresh_from_db()
    assert (kept.evaluation, planning.due()) == (row, [])


def test_the_cap_of_the_order_holds(world: World) -> None:
    job = ended(world)
    make_tuned_model(job, base=LARGE)
    plan(job, make_questions(world.team, "첫눈"), cap_nano=7)

    begin()

    assert walk(Evaluation.objects.get()).state == RunState.CAPPED


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_job_without_a_model_asks_nothing(world: World, login: Login, state: State) -> None:
    job = ended(world, state)
    plan(job, make_questions(world.team, "첫눈"))

    begin()

    kept = PlannedEvaluation.objects.get()
    assert (kept.trouble, kept.evaluation) == (planning.NO_MODEL, None)
    assert planning.NO_MODEL in login(world.bob).get(reverse("job-detail", args=[world.team.slug, job.uuid])).text


def test_a_base_that_only_training_makes_is_replaced_by_an_early_checkpoint(world: World) -> None:
    job = ended(world, model_facts={"memorises": True}, fine_tuned_model="ft:final", collected_at=timezone.now())
    final = make_tuned_model(job, name="ft:final", base=LARGE)
    early = make_tuned_model(job, name="ft:early", base=LARGE, step=10)
    make_tuned_model(job, name="ft:later", base=LARGE, step=20)
    plan(job, make_questions(world.team, "첫눈"))

    begin()

    assert [one.tuned_model for one in Evaluation.objects.get().candidates.all()] == [final, early]
