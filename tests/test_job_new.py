"""Ordering: the price is on the button, one click is one job, and nonsense gets a clear word."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from jobs import pricing
from jobs.models import (
    AuditEntry,
    Connection,
    ConnectionState,
    FileFormat,
    FileState,
    FineTuneJob,
    Origin,
    Team,
    TrainingFile,
)
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job

type Login = Callable[..., Client]
LARGE = "sim-large-2026-06-01"


def order(world: World, file: TrainingFile, **fields: Any) -> dict[str, Any]:
    """A form as the page would send it."""
    base = fields.pop("model", LARGE)
    return {
        "order_token": str(uuid4()),
        "training_file": str(file.uuid),
        "base": f"{world.connection.uuid}|{base}",
        "name": "겨울 에세이",
        "n_epochs": "3",
        "batch_size": "auto",
        "learning_rate_multiplier": "auto",
        "shown_usd": "0.0450",  # 3,000 tokens x 3 epochs x $5.00
    } | fields


def test_the_page_shows_the_newest_file_the_first_model_and_the_price(world: World, login: Login) -> None:
    file = make_file(world.team, name="essay.jsonl")

    response = login(world.bob).get(world.url("jobs/new/"))

    page = response.content.decode()
    assert response.status_code == 200
    assert response.context["chosen_file"] == file
    assert "Start, no fee" in page
    assert "errorlist" not in page


def test_a_connection_in_trouble_is_offered_last_and_says_so(world: World, login: Login) -> None:
    make_file(world.team)
    bad = make_connection(world.team, name="0: first by its name")
    Connection.objects.filter(pk=bad.pk).update(state=ConnectionState.WRONG_KEY)

    response = login(world.bob).get(world.url("jobs/new/"))

    offered = [offer["connection"] for offer in response.context["offers"]]
    assert (offered[0], offered[-1]) == (world.connection, bad)
    assert response.content.decode().count("The connection's last test said: Wrong key.") == offered.count(bad)


def test_the_other_part_of_a_split_is_its_validation_file(world: World, login: Login) -> None:
    whole = make_file(world.team)
    earlier, shared = {"ratio": 0.8, "seed": 1}, {"ratio": 0.8, "seed": 7}
    made: dict[str, Any] = {"parent": whole, "origin": Origin.SPLIT}
    training = make_file(world.team, **made, options={**shared, "part": "training"})
    validation = make_file(world.team, **made, options={**shared, "part": "validation"})
    make_file(world.team, **made, options={**earlier, "part": "validation"})
    client = login(world.bob)

    pages = [client.get(world.url("jobs/new/"), {"file": str(one.uuid)}) for one in (training, validation, whole)]

    assert [page.context["chosen_validation"] for page in pages] == [validation, None, None]


def test_one_confirmation_orders_one_job(world: World, login: Login) -> None:
    file = make_file(world.team)

    response = login(world.bob).post(world.url("jobs/new/"), order(world, file, suffix="winter", seed="7"))

    job = FineTuneJob.objects.get()
    assert response.headers["Location"] == world.url(f"jobs/{job.uuid}/")
    assert (job.state, job.created_by, job.suffix, job.seed) == (State.NEW, world.bob, "winter", 7)
    assert job.hyperparameters == {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert job.estimated_usd == Decimal("0.0450")
    assert job.due_at is not None
    assert job.transitions.get().after == State.NEW
    assert AuditEntry.objects.get().action == "job.ordered"


def test_what_is_wrong_is_named_at_the_top(world: World, login: Login) -> None:
    form = order(world, make_file(world.team), n_epochs="0", batch_size="many")

    page = login(world.bob).post(world.url("jobs/new/"), form).content.decode()

    assert "Nothing was started." in page
    assert '<a href="#id_n_epochs">Epochs</a>, <a href="#id_batch_size">Batch size</a>' in page


def test_a_double_click_makes_one_job(world: World, login: Login) -> None:
    form = order(world, make_file(world.team))
    client = login(world.bob)

    first, second = (client.post(world.url("jobs/new/"), form) for _ in range(2))

    assert FineTuneJob.objects.count() == 1
    assert first.headers["Location"] == second.headers["Location"]


def test_a_price_that_was_not_shown_is_not_taken(world: World, login: Login) -> None:
    form = order(world, make_file(world.team), n_epochs="5")

    response = login(world.bob).post(world.url("jobs/new/"), form)

    assert response.status_code == 422
    assert FineTuneJob.objects.count() == 0
    assert "The price has changed" in response.content.decode()
    assert "Start for about $0.08" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_epochs": "51"}, "Enter “auto”, or a number from 1 to 50."),
        ({"n_epochs": "0"}, "Enter “auto”, or a number from 1 to 50."),
        ({"n_epochs": "three"}, "Enter “auto”, or a number from 1 to 50."),
        ({"batch_size": "257"}, "Enter “auto”, or a number from 1 to 256."),
        ({"learning_rate_multiplier": "-1"}, "Enter “auto”, or a number from 0.0001 to 100."),
        ({"learning_rate_multiplier": "nan"}, "Enter “auto”, or a number from 0.0001 to 100."),
        ({"suffix": "x" * 65}, "The suffix has 65 characters; at most 64 are allowed."),
        ({"seed": "2147483648"}, "Ensure this value is less than or equal to 2147483647."),
        ({"training_file": str(uuid4())}, "Select a valid choice."),
        ({"training_file": "no-uuid"}, "Select a valid choice."),
        ({"base": "nonsense"}, "Select a valid choice."),
        ({"base": "other", "other_model": ""}, "Enter the id of the base model, as the service names it."),
    ],
)
def test_what_is_out_of_range_gets_a_clear_word(
    world: World, login: Login, fields: dict[str, str], message: str
) -> None:
    form = order(world, make_file(world.team), **fields)

    response = login(world.bob).post(world.url("jobs/new/"), form)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert FineTuneJob.objects.count() == 0


def test_validating_with_the_training_file_itself_is_refused(world: World, login: Login) -> None:
    file = make_file(world.team)

    response = login(world.bob).post(world.url("jobs/new/"), order(world, file, validation_file=str(file.uuid)))

    assert response.status_code == 422
    assert "This is the training file itself" in response.content.decode()


def test_another_teams_file_and_connection_cannot_be_ordered(world: World, login: Login) -> None:
    other = Team.objects.make("Other", world.mallory)
    file, connection = make_file(other), make_connection(other)
    client = login(world.bob)

    by_file = client.post(world.url("jobs/new/"), order(world, file))
    by_connection = client.post(
        world.url("jobs/new/"), order(world, make_file(world.team), base=f"{connection.uuid}|{LARGE}")
    )

    assert (by_file.status_code, by_connection.status_code) == (422, 422)
    assert FineTuneJob.objects.count() == 0


def test_files_with_faults_and_legacy_files_are_not_offered(world: World, login: Login) -> None:
    make_file(world.team, name="faulty.jsonl", state=FileState.INVALID)
    make_file(world.team, name="old.jsonl", format=FileFormat.LEGACY)
    make_file(world.team, name="good.jsonl")

    page = login(world.bob).get(world.url("jobs/new/")).content.decode()

    assert "good.jsonl" in page
    assert "faulty.jsonl" not in page
    assert "old.jsonl" not in page
    assert "1 file with faults, or still being checked, is not offered." in page
    assert "1 legacy file can be converted to chat on its page." in page


def test_an_unlisted_model_can_be_typed_and_its_price_is_said_to_be_unknown(world: World, login: Login) -> None:
    file = make_file(world.team)
    fields = {"base": "other", "other_model": "my-base", "other_connection": str(world.connection.uuid)}
    client = login(world.bob)

    cost = client.get(world.url("jobs/new/estimate/"), order(world, file, **fields)).content.decode()
    client.post(world.url("jobs/new/"), order(world, file, **fields, shown_usd="unknown"))

    assert "The price of this model is unknown." in cost
    assert "Start at an unknown price" in cost
    assert (FineTuneJob.objects.get().base_model, FineTuneJob.objects.get().estimated_usd) == ("my-base", None)


def test_the_estimate_follows_the_form(world: World, login: Login) -> None:
    form = order(world, make_file(world.team), n_epochs="4")

    cost = login(world.bob).get(world.url("jobs/new/estimate/"), form).content.decode()

    assert "<html" not in cost
    assert "3,000 tokens × 4 epochs" in cost
    assert "12,000" in cost
    assert "Start for about $0.06" in cost
    assert "₩84" in cost
    assert "Practice price: nothing is charged." in cost


def test_an_estimate_of_a_half_filled_form_asks_for_the_rest(world: World, login: Login) -> None:
    cost = login(world.bob).get(world.url("jobs/new/estimate/"), {"n_epochs": "900"}).content.decode()

    assert "Choose a file and a model to see the price." in cost


def test_it_warns_of_few_examples_an_early_end_and_a_job_like_it(world: World, login: Login) -> None:
    few = make_file(world.team, examples=12)
    make_job(world.team, name="before", training_file=few, base_model="sim-old-2025-01-01", hyperparameters={
        "n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto",
    })  # fmt: skip

    cost = (
        login(world.bob)
        .get(world.url("jobs/new/estimate/"), order(world, few, model="sim-old-2025-01-01"))
        .content.decode()
    )

    assert "12 examples are few: 50 to 100 usually show an effect." in cost
    assert "This base is switched off on Jan. 14, 2027" in cost
    assert "The same file, model and settings were trained before" in cost
    assert "before</a>" in cost


def test_a_clone_is_prefilled(world: World, login: Login) -> None:
    job = make_job(world.team, name="먼저", suffix="v1", seed=3, base_model="my-own-base")

    response = login(world.bob).get(world.url(f"jobs/new/?clone={job.uuid}&retry=1"))

    form = response.context["form"]
    values = {name: form[name].value() for name in ("name", "suffix", "seed", "base", "other_model", "n_epochs")}
    assert values == {
        "name": "먼저", "suffix": "v1", "seed": "3", "base": "other", "other_model": "my-own-base", "n_epochs": "3",
    }  # fmt: skip
    assert form["retry_of"].value() == str(job.uuid)


def test_without_a_file_the_page_says_what_comes_first(world: World, login: Login) -> None:
    assert "First a training file" in login(world.bob).get(world.url("jobs/new/")).content.decode()


def test_auto_epochs_are_estimated_as_the_service_likely_chooses() -> None:
    assert [pricing.likely_epochs(n) for n in (10, 12, 33, 50, 5000)] == [10, 9, 4, 3, 3]


def test_every_price_has_a_source_and_a_day() -> None:
    for base in pricing.catalog():
        assert base.source in pricing.SOURCES
        assert base.as_of <= date(2026, 11, 22)
        assert base.training >= 0


KOREAN = [
    ({"n_epochs": "51"}, "auto 또는 1~50 범위의 숫자를 입력하세요."),
    ({"batch_size": "257"}, "auto 또는 1~256 범위의 숫자를 입력하세요."),
    ({"suffix": "x" * 65}, "접미사가 너무 깁니다. 지금: 65자, 최대: 64자"),
    ({"seed": "2147483648"}, "2147483647"),
    ({"training_file": str(uuid4())}, "고를 수 있는 항목이 아닙니다. 다른 항목을 고르세요."),
    ({"base": "other", "other_model": ""}, "서비스가 쓰는 기반 모델 ID를 입력하세요."),
]


@pytest.mark.parametrize(("fields", "message"), KOREAN)
def test_what_is_out_of_range_gets_a_clear_word_in_korean(
    world: World, login: Login, fields: dict[str, str], message: str
) -> None:
    response = login(world.bob, "ko").post(world.url("jobs/new/"), order(world, make_file(world.team), **fields))

    assert response.status_code == 422
    assert message in response.content.decode()
