"""Which model is real: pages follow what the service says of the model, never the kind of connection."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from jobs import pricing
from jobs.engines import Engine, facts_of
from jobs.forms.job import offers
from jobs.forms.recipe import chat_offers
from jobs.models import Connection, ConnectionState, FineTuneJob, TunedModel, User
from jobs.pipeline import probe, talk
from tests.conftest import World
from tests.factories import make_connection, make_file, make_job, make_tuned_model
from tests.test_job_new import order

type Login = Callable[[User], Client]

QWEN = {
    "id": "qwen3-0.6b",
    "shutdown_date": None,
    "engine": "transformers",
    "title": "Qwen3 0.6B",
    "licence": "Apache-2.0",
    "non_commercial": False,
    "languages": ["ko", "en"],
    "parameters": 596_000_000,
    "context": 32768,
    "kind": "lora",
    "memorises": False,
    "chat_template": True,
    "gguf": True,
    "token_ratio": 1.15,
    "tokens_per_second": 410.0,
}
SIMULATED = {"id": "sim-small-2026-06-01", "shutdown_date": None, "engine": "simulated"}
PILLS = {"simulated": '<span class="pill">simulated</span>', "real": '<span class="pill pill-ok">real training</span>'}


def lists(connection: Connection, *models: dict[str, Any]) -> Connection:
    connection.models_seen = list(models)
    connection.state = "works"
    connection.save()
    return connection


def pills(page: Any) -> set[str]:
    text = page.content.decode()
    return {name for name, pill in PILLS.items() if pill in text}


def test_probe_keeps_what_the_trainer_says_of_each_model(world: World, trainer: str) -> None:
    probe.order(world.connection)
    probe.test(world.connection)
    world.connection.refresh_from_db()
    assert {model["id"]: model["engine"] for model in world.connection.models_seen} == {
        "sim-large-2026-06-01": "simulated",
        "sim-old-2025-01-01": "simulated",
        "sim-small-2026-06-01": "simulated",
    }


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        ("qwen3-0.6b", "transformers"),
        ("ft:qwen3-0.6b:team:essay:12345678", "transformers"),
        ("sim-small-2026-06-01", "simulated"),
        ("sim-large", "simulated"),  # an alias is not listed
        ("ft:sim-small-2026-06-01:simulated::abcdefgh", "simulated"),
        ("never-heard-of", ""),
    ],
)
def test_engine_follows_the_model(world: World, model: str, engine: str) -> None:
    assert lists(world.connection, QWEN, SIMULATED).engine_of(model) == engine


def test_a_service_of_another_profile_is_believed_about_its_models_too(world: World) -> None:
    elsewhere = make_connection(world.team, profile="custom", base_url="https://trainer.example/v1")
    lists(elsewhere, QWEN, SIMULATED, {"id": "gpt", "shutdown_date": None})
    assert [elsewhere.engine_of(name) for name in ("qwen3-0.6b", "sim-small-2026-06-01", "gpt", "sim-like")] == [
        "transformers",
        "simulated",
        "",
        "",
    ]


def test_another_service_that_names_the_same_engine_is_not_called_free(world: World, login: Login) -> None:
    elsewhere = make_connection(world.team, name="Paid", profile="custom", base_url="https://paid.example/v1")
    lists(elsewhere, QWEN)
    file = make_file(world.team)

    assert pricing.base("custom", "qwen3-0.6b", "transformers") is None
    assert pricing.base("trainer", "qwen3-0.6b", "transformers") is not None
    assert pricing.training_cost("custom", "qwen3-0.6b", 1000, "transformers") is None
    assert offers(elsewhere) == chat_offers(elsewhere) == []
    for path in (f"connections/{elsewhere.uuid}/", f"files/{file.uuid}/", "jobs/new/"):
        assert "lectricity" not in login(world.alice).get(world.url(path)).content.decode()


@pytest.mark.parametrize(("model", "shown"), [(QWEN, {"real"}), (SIMULATED, {"simulated"})])
def test_pages_of_a_job_say_which_it_is(world: World, login: Login, model: dict[str, Any], shown: set[str]) -> None:
    lists(world.connection, QWEN, SIMULATED)
    engine = model["engine"]
    job = make_job(world.team, base_model=model["id"], engine=engine, state="succeeded", fine_tuned_model="ft:x:y::z")
    make_tuned_model(job, engine=engine)
    bob = login(world.bob)
    for url in (f"jobs/{job.uuid}/", "playground/", f"playground/{job.uuid}/"):
        assert pills(bob.get(world.url(url))) == shown, url
    words = {"simulated": "simulated", "transformers": "real training"}
    wrong = words["simulated" if engine == "transformers" else "transformers"]
    for url in ("jobs/", "models/"):
        text = bob.get(world.url(url)).content.decode()
        assert (words[engine] in text, wrong in text) == (True, False), url


def test_connection_says_what_its_models_are(world: World, login: Login) -> None:
    url = world.url(f"connections/{world.connection.uuid}/")
    alice = login(world.alice)
    assert pills(alice.get(url)) == {"simulated"}
    lists(world.connection, SIMULATED, QWEN)
    assert pills(alice.get(url)) == {"real"}
    assert "real training" in alice.get(world.url("connections/")).content.decode()


@pytest.mark.parametrize(("name", "then"), [("연습용 트레이너", "내장 트레이너"), ("우리 것", "우리 것")])
def test_the_demos_connection_is_not_named_for_practice_any_more(
    world: World, login: Login, name: str, then: str
) -> None:
    Connection.objects.update(name=name)
    login(world.alice).post(world.url(f"connections/{world.connection.uuid}/issue/"))
    assert Connection.objects.get().name == then


def test_no_service_is_called_simulated_any_more(world: World, login: Login) -> None:
    page = login(world.alice).get(world.url("connections/new/")).content.decode()
    assert "Bundled trainer" in page
    assert "simulated" not in page


def test_order_keeps_engine_and_facts_and_costs_nothing(world: World, login: Login) -> None:
    lists(world.connection, QWEN, SIMULATED)
    data = order(world, make_file(world.team), model="qwen3-0.6b", shown_usd="0.0000")
    login(world.bob).post(world.url("jobs/new/"), data)
    job = FineTuneJob.objects.get()
    assert (job.engine, job.model_facts["licence"], job.estimated_usd) == (
        Engine.TRANSFORMERS,
        "Apache-2.0",
        Decimal(0),
    )
    assert job.estimate["source"] == pricing.OWN


def test_facts_of_the_wrong_kind_are_left_out() -> None:
    odd = {
        "engine": "transformers",
        "title": 7,
        "licence": "  MIT  ",
        "non_commercial": "yes",
        "languages": ["ko", 3, ""],
        "parameters": -1,
        "context": True,
        "kind": "rlhf",
        "token_ratio": "1.1",
        "tokens_per_second": 10**12,
        "surprise": {"deep": 1},
    }
    assert facts_of(odd) == {"licence": "MIT", "languages": ["ko"]}
    assert facts_of({**QWEN, "engine": "simulated"}) == {}
    assert facts_of({**QWEN, "engine": ["transformers"]}) == {}


def test_a_later_list_names_the_engine_of_what_came_before_it(world: World) -> None:
    job = make_job(world.team, base_model="qwen3-0.6b")
    model = make_tuned_model(job)
    Connection.objects.update(state="testing")
    probe._record(world.connection, probe.Finding(ConnectionState.WORKS, models=[QWEN, SIMULATED]))
    job.refresh_from_db()
    model.refresh_from_db()
    assert (job.engine, model.engine) == (Engine.TRANSFORMERS, Engine.TRANSFORMERS)


@pytest.mark.django_db(transaction=True)
def test_rows_of_before_become_simulated() -> None:
    executor = MigrationExecutor(database)
    executor.migrate([("jobs", "0023_look_for_lost_orders")])
    old = executor.loader.project_state([("jobs", "0023_look_for_lost_orders")]).apps
    team = old.get_model("jobs", "Team").objects.create(name="t", slug="t")
    jobs = {}
    for profile in ("trainer", "openai"):
        seen = [{"id": "any", "shutdown_date": None}]
        service = old.get_model("jobs", "Connection").objects.create(team=team, profile=profile, models_seen=seen)
        job = old.get_model("jobs", "FineTuneJob").objects.create(team=team, connection=service, base_model="any")
        old.get_model("jobs", "TunedModel").objects.create(team=team, connection=service, job=job, name="m", base="any")
        jobs[profile] = job.pk
    try:
        executor = MigrationExecutor(database)
        executor.migrate(executor.loader.graph.leaf_nodes("jobs"))
        engines = {p: FineTuneJob.objects.values_list("engine", flat=True).get(pk=pk) for p, pk in jobs.items()}
        assert engines == {"trainer": "simulated", "openai": ""}
        assert dict(TunedModel.objects.values_list("connection__profile", "engine")) == engines
        lists = dict(Connection.objects.values_list("profile", "models_seen"))
        assert [lists[p][0].get("engine") for p in ("trainer", "openai")] == ["simulated", None]
    finally:
        executor = MigrationExecutor(database)
        executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.parametrize(
    ("base", "memorises", "kinds"),
    [
        ("tiny", True, ["tuned"]),
        ("ft:tiny:team::abcdefgh", True, ["tuned", "base"]),  # trained further: what it began with can answer
        ("qwen3-0.6b", False, ["tuned", "base"]),
    ],
)
def test_a_base_without_weights_is_not_offered_for_a_talk(
    world: World, base: str, memorises: bool, kinds: list[str]
) -> None:
    job = make_job(world.team, base_model=base, model_facts={"memorises": memorises}, fine_tuned_model="ft:x:team::y")
    assert [offer.kind for offer in talk.offers(job)] == kinds
    job.fine_tuned_model = ""
    assert [offer.kind for offer in talk.offers(job)] == ["base"]  # a page needs one to show
