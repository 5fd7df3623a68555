"""DPO beside supervised training: the file says which, the order carries it, and every page knows."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from jobs import job_json, pricing
from jobs.methods import TRAINS_ON, Method
from jobs.models import FileFormat, FineTuneJob, Metric, TrainingFile
from jobs.pipeline import launch
from jobs.profiles import PROFILES
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job, make_preferences
from tests.walking import walk
from trainer.models import Job as RemoteJob

type Login = Callable[..., Client]
LARGE = "sim-large-2026-06-01"
MINI = "gpt-4o-mini-2024-07-18"
FOUR = "gpt-4.1-2025-04-14"
DPO = {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto", "beta": 0.3}


def order(world: World, file: TrainingFile, **fields: Any) -> dict[str, Any]:
    return {
        "order_token": str(uuid4()),
        "training_file": str(file.uuid),
        "base": f"{world.connection.uuid}|{LARGE}",
        "name": "더 나은 문장",
        "n_epochs": "3",
        "batch_size": "auto",
        "learning_rate_multiplier": "auto",
        "beta": "0.3",
        "shown_usd": "0.0450",
    } | fields


def openai(world: World) -> str:
    """A connection to OpenAI, as the form names one of its bases."""
    return str(make_connection(world.team, key="sk-proj-methods-0000", name="OpenAI", profile="openai").uuid)


@pytest.fixture
def pairs(world: World) -> TrainingFile:
    return make_preferences(world.team)


# --- what may be ordered ------------------------------------------------------------------------------


def test_each_method_takes_the_files_of_its_format(world: World, pairs: TrainingFile) -> None:
    chat = make_file(world.team)
    for kind in (FileFormat.LEGACY, FileFormat.REINFORCEMENT, FileFormat.UNKNOWN):
        make_file(world.team, format=kind)
    files = TrainingFile.objects

    assert list(files.usable(Method.SUPERVISED)) == [chat]
    assert list(files.usable(Method.DPO)) == [pairs]
    assert set(files.usable()) == {chat, pairs}
    assert (chat.method, pairs.method) == (Method.SUPERVISED, Method.DPO)
    assert make_file(world.team, format=FileFormat.REINFORCEMENT).method is None


def test_a_preference_file_orders_dpo(world: World, login: Login, pairs: TrainingFile) -> None:
    response = login(world.bob).post(world.url("jobs/new/"), order(world, pairs))

    job = FineTuneJob.objects.get()
    assert response.headers["Location"] == world.url(f"jobs/{job.uuid}/")
    assert (job.method, job.hyperparameters) == (Method.DPO, DPO)
    assert job.estimate["is_approximate"] is False  # the bundled trainer counts as we do


def test_a_chat_file_orders_supervised_and_beta_is_not_asked_for(world: World, login: Login) -> None:
    login(world.bob).post(world.url("jobs/new/"), order(world, make_file(world.team), beta="nonsense"))

    job = FineTuneJob.objects.get()
    assert (job.method, "beta" in job.hyperparameters) == (Method.SUPERVISED, False)


@pytest.mark.parametrize("beta", ["0", "2.1", "-1", "nan", "strong"])
def test_a_beta_out_of_range_gets_a_clear_word(world: World, login: Login, pairs: TrainingFile, beta: str) -> None:
    response = login(world.bob).post(world.url("jobs/new/"), order(world, pairs, beta=beta))

    assert response.status_code == 422
    assert "Enter “auto”, or a number from 0.0001 to 2." in response.content.decode()
    assert FineTuneJob.objects.count() == 0


def test_validation_needs_the_same_format(world: World, login: Login, pairs: TrainingFile) -> None:
    chat, more = make_file(world.team), make_preferences(world.team, name="more.jsonl")
    client = login(world.bob)

    wrong = client.post(world.url("jobs/new/"), order(world, pairs, validation_file=str(chat.uuid)))
    right = client.post(world.url("jobs/new/"), order(world, pairs, validation_file=str(more.uuid)))

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "It must have the format of the training file. That is: Preferences (DPO)" in wrong.content.decode()
    assert FineTuneJob.objects.get().validation_file == more


def test_files_that_no_method_takes_are_refused_and_said(world: World, login: Login) -> None:
    rewards = make_file(world.team, name="rewards.jsonl", format=FileFormat.REINFORCEMENT)
    client = login(world.bob)

    page = client.get(world.url("jobs/new/")).content.decode()
    answer = client.post(world.url("jobs/new/"), order(world, rewards))
    of_file = client.get(world.url(f"files/{rewards.uuid}/")).content.decode()

    assert answer.status_code == 422
    assert "First a training file" in page
    assert "1 reinforcement (RFT) file is not offered: RFT needs a grader" in page
    assert "It cannot be ordered from here." in of_file
    assert "Train with this file" not in of_file


def test_the_page_offers_files_by_method(world: World, login: Login, pairs: TrainingFile) -> None:
    chat = make_file(world.team, name="chat.jsonl")

    response = login(world.bob).get(world.url("jobs/new/"), {"file": str(pairs.uuid)})

    assert response.context["methods"] == [(Method.SUPERVISED, [chat]), (Method.DPO, [pairs])]
    assert (response.context["method"], response.context["chosen_file"]) == (Method.DPO, pairs)


def test_a_chosen_file_is_shown_however_old(world: World, login: Login, pairs: TrainingFile) -> None:
    rows = [
        TrainingFile(team=world.team, name="n.jsonl", size=1, sha256=f"{n:064}", state="ready", format="preference")
        for n in range(101)
    ]
    TrainingFile.objects.bulk_create(rows)

    response = login(world.bob).get(world.url("jobs/new/"), {"file": str(pairs.uuid)})

    shown = dict(response.context["methods"])[Method.DPO]
    assert (len(shown), shown[-1]) == (101, pairs)


# --- which base takes which method --------------------------------------------------------------------


def test_a_base_that_the_guides_do_not_name_for_dpo_is_refused(world: World, login: Login, pairs: TrainingFile) -> None:
    connection = openai(world)
    client = login(world.bob)
    form = order(world, pairs, base=f"{connection}|{MINI}", shown_usd="0.0270")

    cost = client.get(world.url("jobs/new/estimate/"), form).content.decode()
    answer = client.post(world.url("jobs/new/"), form)
    tuned = client.post(
        world.url("jobs/new/"),
        form | {"base": "other", "other_connection": connection, "other_model": f"ft:{MINI}:org::abc"},
    )

    assert "DPO (preferences): this base model is not named for it" in cost
    assert "OpenAI method guides, copies of November 2026" in cost
    assert (answer.status_code, tuned.status_code) == (422, 422)
    assert "the service&#x27;s guides do not name this base model" in answer.content.decode()
    assert FineTuneJob.objects.count() == 0


def test_a_base_that_they_name_is_taken_and_the_price_is_an_approximation(
    world: World, login: Login, pairs: TrainingFile
) -> None:
    form = order(world, pairs, base=f"{openai(world)}|{FOUR}", shown_usd="0.2250")
    client = login(world.bob)

    cost = client.get(world.url("jobs/new/estimate/"), form).content.decode()
    client.post(world.url("jobs/new/"), form)

    job = FineTuneJob.objects.get()
    assert "so this is an approximation" in cost
    assert (job.method, job.base_model, job.estimate["is_approximate"]) == (Method.DPO, FOUR, True)


def test_of_another_service_it_is_said_to_be_unknown(world: World, login: Login, pairs: TrainingFile) -> None:
    custom = make_connection(world.team, name="own", profile="custom", base_url="https://llm.example.com/v1")
    other = {"base": "other", "other_connection": str(custom.uuid), "other_model": "qwen"}

    cost = login(world.bob).get(world.url("jobs/new/estimate/"), order(world, pairs, **other)).content.decode()

    assert "Whether this service trains by DPO is unknown here." in cost
    assert "Start at an unknown price" in cost


def test_every_base_and_service_says_its_methods_and_from_where() -> None:
    assert {base.methods_source for base in pricing.catalog()} <= {*pricing.METHOD_SOURCES}
    assert {method for base in pricing.catalog() for method in base.methods} == {*TRAINS_ON}
    assert {method for profile in PROFILES.values() for method in profile.methods} == {*TRAINS_ON}


# --- the order on its way -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_dpo_order_runs_to_its_end_through_the_sdk(world: World, trainer: str, login: Login) -> None:
    job = make_job(world.team, training_file=make_preferences(world.team), method=Method.DPO, hyperparameters=DPO,
                   validation_file=make_preferences(world.team, name="valid.jsonl"))  # fmt: skip

    done = walk(job, State.SUCCEEDED, State.FAILED)

    remote = RemoteJob.objects.get()
    assert (done.state, done.error) == (State.SUCCEEDED, {})
    assert (remote.method, remote.beta, remote.n_epochs, remote.tuned_name) == ("dpo", 0.3, 3, done.fine_tuned_model)
    assert done.remote["hyperparameters"] is None
    assert done.trained_tokens == 3 * remote.training_file.tokens
    assert {name for row in done.metrics.all() for name in row.values} == {
        "train_loss",
        "valid_loss",
        "full_valid_loss",
    }
    assert done.metrics.count() == 180
    assert done.checkpoints.count() == 3
    page = login(world.carol).get(world.url(f"jobs/{done.uuid}/"))
    assert page.context["told"] == DPO | {"batch_size": 1, "learning_rate_multiplier": 1.8}
    assert "<dt>Beta</dt><dd>0.3</dd>" in page.content.decode()
    assert "<dt>Method</dt><dd>DPO (preferences)</dd>" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_service_that_wants_another_format_gives_its_reason(world: World, trainer: str) -> None:
    job = make_job(world.team, training_file=make_file(world.team), method=Method.DPO, hyperparameters=DPO)

    failed = walk(job, State.SUCCEEDED, State.FAILED)

    assert failed.state == State.FAILED
    assert "(provided method=dpo)" in failed.error["message"]


def test_numbers_of_any_name_are_shown_and_downloaded(world: World, login: Login, pairs: TrainingFile) -> None:
    job = make_job(world.team, training_file=pairs, method=Method.DPO, hyperparameters=DPO, state=State.RUNNING)
    for step in (1, 2):
        Metric.objects.create(job=job, step=step, values={"reward_margin": step / 2, "rewards/accuracies": 0.75})
    client = login(world.carol)

    page = client.get(world.url(f"jobs/{job.uuid}/"))
    sheet = b"".join(client.get(world.url(f"jobs/{job.uuid}/metrics.csv")).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    curve = page.context["curve"]
    assert curve.more == ["reward_margin", "rewards/accuracies"]
    assert [re.findall(r">([^<]+)</td>", row) for row in curve.rows.splitlines()] == [
        ["2", "–", "–", "–", "1", "0.75"],
        ["1", "–", "–", "–", "0.5", "0.75"],
    ]
    assert '"train":[null,null]' in curve.script
    assert list(csv.reader(io.StringIO(sheet)))[1] == ["1", "0.5", "0.75"]


def test_clone_and_warning_of_a_job_like_it_know_the_method(world: World, login: Login, pairs: TrainingFile) -> None:
    job = make_job(
        world.team, name="먼저", training_file=pairs, base_model=LARGE, method=Method.DPO, hyperparameters=DPO
    )
    client = login(world.bob)

    clone = client.get(world.url(f"jobs/new/?clone={job.uuid}"))
    same = client.get(world.url("jobs/new/estimate/"), order(world, pairs)).content.decode()
    other = client.get(world.url("jobs/new/estimate/"), order(world, pairs, beta="0.4")).content.decode()

    assert (clone.context["method"], clone.context["form"]["beta"].value()) == (Method.DPO, "0.3")
    assert "먼저</a>" in clone.content.decode()
    assert "먼저</a>" in same
    assert "먼저</a>" not in other


def test_list_json_and_body_of_an_order_name_it(world: World, login: Login, pairs: TrainingFile) -> None:
    job = make_job(world.team, training_file=pairs, method=Method.DPO, hyperparameters=DPO)
    client = login(world.carol)

    record = json.loads(client.get(world.url(f"jobs/{job.uuid}/job.json")).content)

    assert record["method"] == launch.method_body(job) == {"type": "dpo", "dpo": {"hyperparameters": DPO}}
    assert "sim-small · simulated · DPO (preferences)" in client.get(world.url("jobs/")).content.decode()


# --- jobs from elsewhere ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ({"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}}, "dpo"),
        ({"type": "reinforcement"}, "reinforcement"),
        ({"type": 7}, ""),
        ("dpo", ""),
        (None, ""),
    ],
)
def test_the_json_of_a_job_tells_its_method(method: object, told: str, world: World, login: Login) -> None:
    raw = {"object": "fine_tuning.job", "id": "ftjob-abc", "model": FOUR, "created_at": 1750000000, "method": method}

    login(world.bob).post(world.url("jobs/import/"), {"text": json.dumps(raw)})

    job = FineTuneJob.objects.get()
    assert job_json.read(raw, job.created_at).method == told
    assert job.method == (told or "supervised")
