"""The way out: the same file trained elsewhere, its answers beside the recorded ones, and the word of an owner."""

import re

import pytest

from jobs.models import AuditEntry, Evaluation, FineTuneJob, RemoteModel
from jobs.pipeline.rescue import overview
from jobs.pipeline.rescue.steps import StepState
from jobs.run_states import RunState
from tests.chat_side import ChatSide
from tests.conftest import World
from tests.evaluating import walk
from tests.factories import make_connection
from tests.test_access import Login
from tests.test_recording import archived, far, order, propose

__all__ = ["archived", "far"]
pytestmark = pytest.mark.django_db(transaction=True)


def states_of(model: RemoteModel) -> list[StepState]:
    [row] = overview.rows_of(overview.related(RemoteModel.objects.filter(pk=model.pk)))
    return [step.state for step in row.steps]


def replace(model: RemoteModel, world: World, name: str) -> FineTuneJob:
    """What was trained in its place, at the same far side."""
    job = FineTuneJob.objects.create(
        team=world.team, connection=world.connection, state="succeeded", base_model="new-base", name="새 모델",
        fine_tuned_model=name, training_file=model.job.training_file if model.job else None,
    )  # fmt: skip
    RemoteModel.objects.filter(pk=model.pk).update(retrained=job)
    return job


def test_the_order_is_filled_in_with_the_same_file_on_another_connection(
    world: World, archived: list[RemoteModel], login: Login
) -> None:
    other = make_connection(world.team, name="우리 훈련기")
    client = login(world.bob)

    page = client.get(world.url(f"jobs/new/?replaces={archived[0].uuid}")).content.decode()

    file = archived[0].job.training_file  # type: ignore[union-attr]
    assert file
    assert re.search(rf'value="{file.uuid}"[^>]*checked', page)
    chosen = re.search(r'name="base"\s+value="([^"]+)"[^>]*checked', page)
    assert chosen
    assert chosen[1].startswith(str(other.uuid))
    assert f'name="replaces" value="{archived[0].uuid}"' in page


def test_what_is_ordered_in_its_place_is_known(world: World, archived: list[RemoteModel], login: Login) -> None:
    make_connection(world.team, name="우리 훈련기")
    client = login(world.bob)
    page = client.get(world.url(f"jobs/new/?replaces={archived[0].uuid}")).content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(order_token|replaces|shown_usd)" value="([^"]*)"', page))
    sent |= {"shown_usd": re.findall(r'name="shown_usd"[^>]*value="([^"]*)"', page)[-1]}
    for name in ("training_file", "base"):
        sent[name] = re.findall(rf'name="{name}"\s+value="([^"]+)"[^>]*checked', page)[0]
    sent |= {"n_epochs": "3", "batch_size": "auto", "learning_rate_multiplier": "auto"}

    assert client.post(world.url("jobs/new/"), sent).status_code == 302

    archived[0].refresh_from_db()
    assert archived[0].retrained == FineTuneJob.objects.latest("pk")
    assert states_of(archived[0])[2] == StepState.BUSY


def test_recorded_answers_are_compared_and_the_old_model_is_not_called(
    world: World, archived: list[RemoteModel], far: ChatSide, login: Login
) -> None:
    client, model = login(world.bob), archived[0]
    propose(client, world)
    walk(order(client, world))
    replace(model, world, "new-model")
    before = far.answers.total()
    page = client.get(world.url(f"rescue/models/{model.uuid}/compare/")).content.decode()
    assert "outside this machine" in page
    sent = dict(re.findall(r'name="(order_token|shown)" value="([^"]+)"', page))

    for _click in range(2):
        assert client.post(world.url(f"rescue/models/{model.uuid}/compare/"), sent).status_code == 302
    done = walk(Evaluation.objects.get(kind="comparison"))

    assert (done.state, done.done, done.total) == (RunState.DONE, 10, 10)
    assert far.answers.total() - before == 5
    assert {name for name, _question in far.answers if far.answers[name, _question]} >= {"new-model"}
    assert set(far.answers.values()) == {1}
    assert states_of(model)[3] == StepState.DONE


def test_nothing_is_compared_before_both_are_there(world: World, archived: list[RemoteModel], login: Login) -> None:
    answer = login(world.bob).get(world.url(f"rescue/models/{archived[0].uuid}/compare/"), follow=True)

    assert "First record the old model, and train the new one." in answer.content.decode()


def test_an_owner_signs_off_and_takes_it_back(world: World, archived: list[RemoteModel], login: Login) -> None:
    model, address = archived[0], world.url(f"rescue/models/{archived[0].uuid}/sign/")

    assert login(world.bob).post(address, {"note": "x"}).status_code == 403
    login(world.alice).post(address, {"note": "새 모델로 옮겼다"})
    model.refresh_from_db()
    assert (model.signed_by, model.sign_note) == (world.alice, "새 모델로 옮겼다")
    assert states_of(model)[4] == StepState.DONE
    login(world.alice).post(address, {"undo": "1"})
    model.refresh_from_db()

    assert (model.signed_at, model.signed_by, model.sign_note) == (None, None, "")
    actions = list(AuditEntry.objects.filter(action__contains="signed").values_list("action", flat=True).order_by("pk"))
    assert actions == ["rescue.signed", "rescue.unsigned"]
    login(world.alice).post(address, {"note": ""})  # the note may be empty
    model.refresh_from_db()
    assert states_of(model)[4] == StepState.DONE


def test_only_an_owner_deletes_a_recording(world: World, archived: list[RemoteModel], login: Login) -> None:
    propose(login(world.bob), world)
    done = walk(order(login(world.bob), world))

    login(world.bob).post(world.url(f"evaluations/{done.uuid}/delete/"))
    assert Evaluation.objects.filter(pk=done.pk).exists()
    login(world.alice).post(world.url(f"evaluations/{done.uuid}/delete/"))
    assert not Evaluation.objects.filter(pk=done.pk).exists()
