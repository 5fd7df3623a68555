"""Weights over the portal: ordered, followed by the worker, downloaded; and models deleted at their trainer."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.utils import timezone
from openai import OpenAI

from jobs.models import Archive, AuditEntry, FineTuneJob, Search, TunedModel, User
from jobs.pipeline import archives, models, talk
from jobs.states import State
from jobs.tasks import tick
from tests.conftest import World
from tests.factories import make_connection, make_job
from tests.real_training import issue_key, lose_the_worker, make_base, make_worker, stand_in, training_of, work
from tests.real_training import order as order_there
from trainer.models import Export, Worker
from trainer.models import Job as TheirJob
from trainer.models import TunedModel as TheirModel
from trainer.tasks import make_export

type Login = Callable[..., Client]
KEY = "trainer-of-the-team"
FACTS = {"kind": "lora", "gguf": True, "licence": "Apache License 2.0", "title": "Little"}


@pytest.fixture
def theirs(trainer: str, settings: Any) -> TheirJob:
    """A finished real job at the trainer."""
    make_base(settings, gguf=True)
    make_worker()
    issue_key(KEY)
    stand_in(settings)
    job = order_there(OpenAI(api_key=KEY, base_url=trainer, max_retries=0))
    work()
    for step in (4, 8):
        folder = training_of(job).folder / "checkpoints" / f"step-{step}"
        (folder / "adapter_config.json").write_text("{}")
        (folder / "adapter_model.safetensors").write_bytes(b"weights" * 1000)
    return TheirJob.objects.get(pk=job.pk)


@pytest.fixture
def ours(world: World, theirs: TheirJob, trainer: str) -> FineTuneJob:
    """The same job, as the portal has it."""
    connection = make_connection(world.team, KEY, base_url=trainer)
    job = make_job(
        world.team,
        connection=connection,
        base_model="little",
        state=State.SUCCEEDED,
        engine="transformers",
        remote_id=theirs.uid,
        model_facts=FACTS,
        fine_tuned_model=theirs.tuned_name,
    )
    for model in TheirModel.objects.filter(job=theirs):
        job.tuned_models.create(
            team=world.team,
            connection=connection,
            name=model.uid,
            base="little",
            engine="transformers",
            step=model.step,
        )
    return job


def page(job: FineTuneJob, tail: str = "") -> str:
    return f"/t/{job.team.slug}/jobs/{job.uuid}/weights/{tail}"


def actions(world: World) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(team=world.team).order_by("pk")
    return [(entry.action, str(entry.actor)) for entry in rows]


def test_from_the_order_to_the_file(world: World, ours: FineTuneJob, login: Login) -> None:
    bob = login(world.bob)

    bob.post(page(ours, "adapter/"))
    archive = Archive.objects.get()
    first = archives.look(archive.pk)
    make_export(Export.objects.get().pk)
    Archive.objects.update(due_at=timezone.now())
    second = archives.look(archive.pk)
    shown = bob.get(page(ours)).content.decode()
    zipped = bob.get(page(ours, "adapter.zip")).getvalue()

    assert (first, second) == (True, False)
    archive.refresh_from_db()
    assert (archive.state, archive.size, archive.due_at) == ("ready", len(zipped), None)
    assert page(ours, "adapter.zip") in shown
    with ZipFile(io.BytesIO(zipped)) as file:
        assert any(name.endswith("adapter/adapter_model.safetensors") for name in file.namelist())
    assert actions(world) == [("weights.ordered", "bob"), ("weights.downloaded", "bob")]


def test_the_page_offers_what_the_base_allows(world: World, ours: FineTuneJob, login: Login) -> None:
    assert archives.formats(ours) == ["adapter", "merged", "gguf"]

    ours.model_facts = {"kind": "full", "non_commercial": True}
    ours.save()
    shown = login(world.bob).get(page(ours)).content.decode()

    assert archives.formats(ours) == ["merged"]
    assert "may not be used commercially" in shown
    assert "The whole model as it was trained" in shown


@pytest.mark.parametrize(
    "fields",
    [{"engine": "simulated"}, {"state": State.FAILED}, {"remote_id": ""}],
    ids=["simulated", "failed", "never sent"],
)
def test_what_has_no_weights_offers_none(world: World, ours: FineTuneJob, login: Login, fields: dict[str, Any]) -> None:
    FineTuneJob.objects.filter(pk=ours.pk).update(**fields)
    bob = login(world.bob)

    assert "There is nothing to download" in bob.get(page(ours)).content.decode()
    assert bob.post(page(ours, "adapter/")).status_code == 404
    assert bob.get(page(ours, "adapter.zip")).status_code == 404
    assert not Archive.objects.exists()


def test_two_clicks_order_once(world: World, ours: FineTuneJob, login: Login) -> None:
    bob = login(world.bob)

    bob.post(page(ours, "merged/"))
    bob.post(page(ours, "merged/"))

    assert Archive.objects.count() == 1
    assert actions(world) == [("weights.ordered", "bob")]


def test_progress_and_failure_are_shown(world: World, ours: FineTuneJob, login: Login) -> None:
    bob = login(world.bob)
    bob.post(page(ours, "merged/"))
    archives.look(Archive.objects.get().pk)
    Export.objects.update(status="making", stage="merging", done=1, total=4)
    Archive.objects.update(due_at=timezone.now())

    archives.look(Archive.objects.get().pk)
    assert 'value="25"' in bob.get(page(ours), headers={"HX-Request": "true"}).content.decode()

    Export.objects.update(status="failed", error={"code": "disk_full", "message": "The trainer's disk is full."})
    Archive.objects.update(due_at=timezone.now())
    archives.look(Archive.objects.get().pk)

    shown = bob.get(page(ours)).content.decode()
    assert "The trainer&#x27;s disk is full." in shown
    assert "hx-trigger" not in shown.split('id="formats"')[1].split(">")[0]
    assert Archive.objects.get().state == "failed"


def test_what_needs_a_worker_says_that_none_runs(world: World, ours: FineTuneJob, login: Login) -> None:
    bob = login(world.bob)
    lose_the_worker()
    for wanted in ("merged", "adapter"):  # the second is packed by any worker
        bob.post(page(ours, f"{wanted}/"))
    for _look in range(2):  # the first one orders them
        look_at_all()
    stages = dict(Archive.objects.values_list("format", "stage"))
    lacking = bob.get(page(ours)).content.decode()
    Worker.objects.update(seen_at=timezone.now())
    look_at_all()

    assert stages == {"merged": "no_worker", "adapter": ""}
    assert lacking.count("<code>make up</code>") == 1
    assert "<code>make up</code>" not in bob.get(page(ours)).content.decode()


def look_at_all() -> None:
    Archive.objects.update(due_at=timezone.now())
    for pk in Archive.objects.values_list("pk", flat=True):
        archives.look(pk)


def test_a_trainer_that_is_away_is_called_again(world: World, ours: FineTuneJob, login: Login, settings: Any) -> None:
    login(world.bob).post(page(ours, "adapter/"))
    settings.TRAINER_URL = "http://127.0.0.1:9/trainer/v1"

    assert not archives.look(Archive.objects.get().pk)

    row = Archive.objects.get()
    assert (row.state, row.trouble) == ("making", "The service could not be reached.")
    assert row.due_at is not None
    assert row.due_at > timezone.now()


def test_an_archive_that_the_trainer_has_thrown_away_is_made_again(
    world: World, ours: FineTuneJob, login: Login
) -> None:
    bob = login(world.bob)
    bob.post(page(ours, "adapter/"))
    Archive.objects.update(state="ready", due_at=None)

    answer = bob.get(page(ours, "adapter.zip"), follow=True)

    assert answer.redirect_chain[-1][0] == page(ours)
    assert "being made again" in answer.content.decode()
    assert Archive.objects.get().state == "making"


def test_the_tick_finds_an_archive_whose_message_was_lost(world: World, ours: FineTuneJob, login: Login) -> None:
    login(world.bob).post(page(ours, "adapter/"))

    tick()

    assert list(archives.due()) == [Archive.objects.get()]


# --- deleting -----------------------------------------------------------------------------------------


def delete(client: Client, model: TunedModel) -> None:
    client.post(f"/t/{model.team.slug}/models/{model.uuid}/delete/")


def test_an_owner_deletes_a_model_with_its_weights(
    world: World, ours: FineTuneJob, theirs: TheirJob, login: Login
) -> None:
    alice = login(world.alice)
    folder = training_of(theirs).folder

    for model in ours.tuned_models.all():
        delete(alice, model)
        models.delete(model.pk)

    assert not folder.exists()
    assert {model.deleted_at is None for model in ours.tuned_models.all()} == {False}
    assert [action for action, _who in actions(world)] == ["model.deleted"] * 3
    assert archives.formats(ours) == []
    assert alice.get(f"/t/{world.team.slug}/models/").content.decode().count("Deleted</span>") == 3


def test_a_deleted_model_is_offered_nowhere(world: World, ours: FineTuneJob, login: Login) -> None:
    alice = login(world.alice)
    ours.checkpoints.create(remote_id="c", step=4, model=ours.tuned_models.get(step=4).name, created_at=timezone.now())
    ways = [f"/playground/{ours.uuid}/", f"/playground/{ours.uuid}/?model=", f"/jobs/{ours.uuid}/weights/"]
    before = alice.get(page(ours).removesuffix("weights/")).content.decode()
    for model in ours.tuned_models.all():
        delete(alice, model)
    after = alice.get(page(ours).removesuffix("weights/")).content.decode()

    assert [f'{way}"' in before or f"{way}ft" in before for way in ways] == [True, True, True]
    assert [way in after for way in ways] == [False, False, False]
    assert "Its model was deleted" in after
    assert [offer.kind for offer in talk.offers(ours)] == ["base"]


def test_a_model_that_is_gone_there_is_gone_here(
    world: World, ours: FineTuneJob, theirs: TheirJob, login: Login
) -> None:
    TheirModel.objects.filter(job=theirs).update(deleted_at=timezone.now())
    model = ours.tuned_models.get(step=None)

    delete(login(world.alice), model)
    models.delete(model.pk)

    model.refresh_from_db()
    assert model.deleted_at is not None


def test_a_model_that_a_job_goes_on_from_stays(world: World, ours: FineTuneJob, login: Login) -> None:
    model = ours.tuned_models.get(step=None)
    make_job(world.team, base_model=model.name, state=State.RUNNING)

    delete(login(world.alice), model)

    model.refresh_from_db()
    assert (model.delete_due_at, actions(world)) == (None, [])


def test_simulated_models_are_not_deleted_over_this(world: World, ours: FineTuneJob, login: Login) -> None:
    model = ours.tuned_models.get(step=None)
    TunedModel.objects.update(engine="simulated")

    delete(login(world.alice), model)

    model.refresh_from_db()
    assert model.delete_due_at is None


def test_a_model_of_a_trainer_that_is_away_waits(world: World, ours: FineTuneJob, login: Login, settings: Any) -> None:
    model = ours.tuned_models.get(step=None)
    delete(login(world.alice), model)
    settings.TRAINER_URL = "http://127.0.0.1:9/trainer/v1"

    models.delete(model.pk)

    model.refresh_from_db()
    assert (model.deleted_at, model.trouble) == (None, "The service could not be reached.")
    assert model.delete_due_at is not None
    assert model.delete_due_at > timezone.now() + timedelta(seconds=10)


def search_for(world: World, job: FineTuneJob) -> Search:
    file = job.training_file
    assert file
    hit = {"file": str(file.uuid), "count": 1, "lines": [[1, 0]], "act": "", "why": "", "version": ""}
    return Search.objects.create(team=world.team, by=world.alice, passage="골목", state="found", results=[hit])


def test_where_is_this_text_deletes_the_models_that_learnt_it(
    world: World, ours: FineTuneJob, theirs: TheirJob, login: Login
) -> None:
    alice = login(world.alice)
    final = ours.tuned_models.get(step=None)
    further = make_job(world.team, base_model=final.name, state=State.SUCCEEDED, engine="transformers")
    child = further.tuned_models.create(
        team=world.team, connection=ours.service, name="ft:little:team:child:1", base="little", engine="transformers"
    )
    search = search_for(world, ours)
    address = f"/t/{world.team.slug}/search/{search.uuid}/"

    shown = alice.get(address).content.decode()
    offered = [model for model in TunedModel.objects.all() if str(model.uuid) in shown]
    alice.post(f"{address}models/", {"model": [str(final.uuid)]})
    unconfirmed = TunedModel.objects.exclude(delete_due_at=None).count()
    alice.post(f"{address}models/", {"model": [str(one.uuid) for one in offered], "confirmed": "on"})
    for model in TunedModel.objects.exclude(delete_due_at=None):
        models.delete(model.pk)

    assert child in offered
    assert len(offered) == 4
    assert unconfirmed == 0
    assert not TunedModel.objects.filter(deleted_at=None).exists()
    assert not training_of(theirs).folder.exists()
    assert json.dumps([action for action, _who in actions(world)]).count("model.deleted") == 4


def test_where_is_this_text_deletes_no_other_model(world: World, ours: FineTuneJob, login: Login) -> None:
    stranger = make_job(world.team, base_model="little", state=State.SUCCEEDED, engine="transformers")
    other = stranger.tuned_models.create(
        team=world.team, connection=ours.service, name="ft:little:team:other:1", base="little", engine="transformers"
    )
    address = f"/t/{world.team.slug}/search/{search_for(world, ours).uuid}/"

    login(world.alice).post(f"{address}models/", {"model": [str(other.uuid), "nonsense"], "confirmed": "on"})

    other.refresh_from_db()
    assert other.delete_due_at is None


def people(world: World) -> list[User]:
    return [world.bob, world.carol]


def test_only_owners_are_offered_deletion(world: World, ours: FineTuneJob, login: Login) -> None:
    search = search_for(world, ours)

    for person in people(world):
        shown = login(person).get(f"/t/{world.team.slug}/search/{search.uuid}/").content.decode()
        assert "Delete these models" not in shown
        assert "Delete its models" not in login(person).get(page(ours)).content.decode()
    assert login(world.alice).get(page(ours)).content.decode().count("Delete the model</button>") == 3
