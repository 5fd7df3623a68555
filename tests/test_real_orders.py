"""Ordering real training: what a base is, what it may be used for, how long it takes, and what it cannot take."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs import pricing, trainer_keys
from jobs.engines import facts_of, has_open_licence
from jobs.forms.job import OrderForm
from jobs.methods import Method
from jobs.models import AuditEntry, Connection, FineTuneJob, TrainingFile, User
from jobs.pipeline import checking, launch, probe
from tests.conftest import World
from tests.factories import chat_lines, make_file, make_job, make_preferences, make_source, make_tuned_model
from tests.real_training import lose_the_worker, make_base, make_worker
from tests.test_engines import QWEN, SIMULATED, lists
from tests.test_job_new import order
from trainer.models import Worker

type Login = Callable[..., Client]
TINY = {
    **QWEN,
    "id": "tiny",
    "title": "tiny",
    "kind": "full",
    "memorises": True,
    "context": 1024,
    "parameters": 3_500_000,
    "token_ratio": 2.0,
    "tokens_per_second": 100.0,
}
KOGPT = {
    "id": "kogpt2",
    "shutdown_date": None,
    "engine": "transformers",
    "title": "koGPT2",
    "licence": "CC-BY-NC-SA-4.0",
    "non_commercial": True,
    "kind": "lora",
    "chat_template": False,
}
FREE = {"shown_usd": "0.0000"}


def quote(client: Client, world: World, data: dict[str, Any]) -> Any:
    return client.get(world.url("jobs/new/estimate/"), data)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_real_bases_stand_above_practice(world: World, login: Login) -> None:
    lists(world.connection, KOGPT, QWEN, SIMULATED, TINY)
    make_file(world.team)
    page = login(world.bob).get(world.url("jobs/new/"))
    groups = {name: [offer["model"] for offer in offers] for name, offers in page.context["groups"]}
    assert groups == {"own": ["qwen3-0.6b", "tiny", "kogpt2"], "practice": ["sim-small-2026-06-01"]}
    shown = text_of(page)
    assert "596M parameters" in shown
    assert "Korean, English" in shown
    assert "It memorises your text word for word; for a first look." in shown
    assert "The weights are your own" in shown
    assert "make trainer" not in shown


def test_without_a_real_base_one_line_says_how_to_get_one(world: World, login: Login) -> None:
    make_file(world.team)
    assert "<code>make trainer</code>" in text_of(login(world.bob).get(world.url("jobs/new/")))


def test_an_order_that_would_wait_for_a_worker_says_so(world: World, login: Login, trainer: str, settings: Any) -> None:
    make_base(settings)
    make_worker()
    world.connection.set_key(trainer_keys.new_key())
    world.connection.save()
    make_file(world.team)
    shown = []
    for change in (lose_the_worker, lambda: Worker.objects.update(seen_at=timezone.now())):
        change()
        probe.order(world.connection)
        probe.test(world.connection)
        shown.append(text_of(login(world.bob).get(world.url("jobs/new/"))))

    assert ["is not running" in page for page in shown] == [True, False]


def test_time_and_tokens_follow_the_base(world: World, login: Login) -> None:
    lists(world.connection, TINY, QWEN)
    file = make_file(world.team)  # 3,000 tokens by o200k
    response = quote(login(world.bob), world, order(world, file, model="tiny", n_epochs="2"))
    price = response.context["price"]
    assert (price.usd, price.trained_tokens, price.seconds, price.tokenizer) == (Decimal(0), 12_000, 120, "tiny")
    shown = text_of(response)
    for words in ("about 2 min", "what o200k counts, × 2.00", "The electricity of the machine is not counted."):
        assert words in shown
    assert "unknown" not in shown


def test_unmeasured_speed_is_said_so(world: World, login: Login) -> None:
    lists(world.connection, {**QWEN, "tokens_per_second": None, "token_ratio": None})
    response = quote(login(world.bob), world, order(world, make_file(world.team), model="qwen3-0.6b"))
    assert response.context["price"].time is None
    shown = text_of(response)
    assert "not measured yet on this machine" in shown
    assert "Tokens by o200k" in shown


@pytest.mark.parametrize(
    ("facts", "examples", "epochs"),
    [
        ({"kind": "full"}, 72, 34),
        ({"kind": "full"}, 0, 35),
        ({"kind": "full"}, 5000, 1),
        ({"kind": "lora"}, 99, 3),
        ({"kind": "lora"}, 100, 2),
        ({"auto_epochs": 5}, 10, 5),
    ],
)
def test_auto_epochs_are_those_of_our_trainer(facts: dict[str, Any], examples: int, epochs: int) -> None:
    assert pricing.own_epochs(facts, examples) == epochs


def test_epochs_that_a_base_recommends_are_kept_when_they_are_read_again() -> None:
    once = facts_of({**QWEN, "auto": {"n_epochs": 7, "batch_size": 4}})
    assert once["auto_epochs"] == 7
    assert facts_of({"engine": "transformers", **once}) == once


@pytest.mark.parametrize(
    ("facts", "is_open"),
    [
        ({"licence": "Apache-2.0"}, True),
        ({"licence": "Apache License 2.0", "spdx": "Apache-2.0"}, True),
        ({"licence": "Gemma Terms of Use"}, False),
        ({"licence": "MIT", "non_commercial": True}, False),
        ({}, False),
    ],
)
def test_only_well_known_free_licences_are_green(facts: dict[str, Any], is_open: bool) -> None:
    assert has_open_licence(facts) is is_open


def test_non_commercial_is_confirmed_at_the_order(world: World, login: Login) -> None:
    lists(world.connection, KOGPT)
    bob, data = login(world.bob), order(world, make_file(world.team), model="kogpt2", **FREE)
    estimate = quote(bob, world, data)
    assert 'name="accepts_terms"' in text_of(estimate)
    assert "Confirm that first" not in text_of(estimate)
    refused = bob.post(world.url("jobs/new/"), data)
    assert (refused.status_code, "Confirm that first" in text_of(refused)) == (422, True)
    assert not FineTuneJob.objects.exists()
    assert bob.post(world.url("jobs/new/"), data | {"accepts_terms": "on"}).status_code == 302
    entry = AuditEntry.objects.get(action="job.ordered")
    assert (entry.after["terms"], entry.after["non_commercial"], entry.actor) == ("CC-BY-NC-SA-4.0", True, world.bob)


def test_no_other_base_needs_a_confirmation(world: World, login: Login) -> None:
    lists(world.connection, QWEN, KOGPT)
    bob, data = login(world.bob), order(world, make_file(world.team), model="qwen3-0.6b", **FREE)
    assert 'name="accepts_terms"' not in text_of(quote(bob, world, data))
    bob.post(world.url("jobs/new/"), data)
    assert "non_commercial" not in AuditEntry.objects.get(action="job.ordered").after


# --- settings -----------------------------------------------------------------------------------------


def test_own_settings_are_sent_where_they_were_chosen(world: World, login: Login) -> None:
    lists(world.connection, QWEN)
    file, validation = make_file(world.team), make_file(world.team)
    chosen = {"lora_r": "8", "lora_alpha": "auto", "early_stopping": "on", "validation_file": str(validation.uuid)}
    login(world.bob).post(world.url("jobs/new/"), order(world, file, model="qwen3-0.6b", **FREE, **chosen))
    job = FineTuneJob.objects.get()
    plain = {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert launch.method_body(job) == {
        "type": "supervised",
        "supervised": {"hyperparameters": plain | {"lora_r": 8, "early_stopping": True}},
    }


@pytest.mark.parametrize(
    ("model", "kept"),
    [("sim-small-2026-06-01", set()), ("tiny", {"early_stopping"})],
    ids=["simulated", "full"],
)
def test_settings_that_a_base_does_not_have_are_left_out(
    world: World, login: Login, model: str, kept: set[str]
) -> None:
    lists(world.connection, TINY, SIMULATED)
    validation = {"validation_file": str(make_file(world.team).uuid)}
    chosen = {"lora_r": "8", "lora_alpha": "999", "early_stopping": "on", **validation}
    login(world.bob).post(world.url("jobs/new/"), order(world, make_file(world.team), model=model, **FREE, **chosen))
    ours = {"lora_r", "lora_alpha", "early_stopping"}
    assert ours & FineTuneJob.objects.get().hyperparameters.keys() == kept


@pytest.mark.parametrize(
    ("chosen", "wrong"),
    [
        ({"lora_r": "0"}, "lora_r"),
        ({"lora_r": "257"}, "lora_r"),
        ({"lora_alpha": "1.5"}, "lora_alpha"),
        ({"early_stopping": "on"}, "early_stopping"),
    ],
)
def test_wrong_settings_are_named(world: World, login: Login, chosen: dict[str, str], wrong: str) -> None:
    lists(world.connection, QWEN)
    data = order(world, make_file(world.team), model="qwen3-0.6b", **FREE, **chosen)
    page = login(world.bob).post(world.url("jobs/new/"), data)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {wrong}


# --- what a base cannot take --------------------------------------------------------------------------


def odd_file(world: World) -> TrainingFile:
    """A checked file: a name in line 4, an image in line 12, tools in line 21."""
    lines = [json.loads(line) for line in chat_lines(60).splitlines()]
    lines[3]["messages"][1]["name"] = "kim"
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    lines[11]["messages"][1]["content"] = [{"type": "text", "text": "무엇?"}, image]
    lines[20]["tools"] = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    file = make_file(world.team, body, state="checking", check_due_at="2026-01-01T00:00Z", report={})
    checking.check(file)
    file.refresh_from_db()
    assert file.state == "ready", file.report
    return file


def test_lines_that_a_base_cannot_take_are_named_before(world: World, login: Login) -> None:
    lists(world.connection, QWEN, KOGPT, SIMULATED)
    file, bob = odd_file(world), login(world.bob)
    held = file.report["statistics"]["beyond_text"]
    assert {kind: found["lines"] for kind, found in held.items()} == {"images": [12], "tools": [21], "names": [4]}
    certain = {}
    for model in ("qwen3-0.6b", "kogpt2", "sim-small-2026-06-01"):
        found = quote(bob, world, order(world, file, model=model)).context["not_taken"]
        certain[model] = {one["kind"]: one["is_certain"] for one in found}
    assert certain == {
        "qwen3-0.6b": {"images": True, "tools": False, "names": False},
        "kogpt2": {"images": True, "tools": True, "names": True},
        "sim-small-2026-06-01": {},
    }
    shown = text_of(quote(bob, world, order(world, file, model="qwen3-0.6b")))
    assert f'href="{world.url(f"files/{file.uuid}/examples/")}?line=12"' in shown


def test_a_file_that_was_checked_before_says_nothing(world: World, login: Login) -> None:
    lists(world.connection, QWEN)
    found = quote(login(world.bob), world, order(world, make_file(world.team), model="qwen3-0.6b"))
    assert found.context["not_taken"] == []


# --- preferences, and more training -------------------------------------------------------------------


def test_preferences_continue_what_was_trained(world: World, login: Login) -> None:
    lists(world.connection, TINY, SIMULATED)
    pairs, bob = make_preferences(world.team), login(world.bob)
    refused = bob.post(world.url("jobs/new/"), order(world, pairs, model="tiny", beta="auto", **FREE))
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"base"})
    tuned = make_tuned_model(make_job(world.team, base_model="tiny"), engine="transformers", name="ft:tiny:team::aaaa")
    lists(world.connection, TINY, SIMULATED, {"id": tuned.name, "shutdown_date": None, "engine": "transformers"})
    page = bob.get(world.url("jobs/new/"))
    assert [(g, [o["model"] for o in some]) for g, some in page.context["groups"]][:2] == [
        ("own", ["tiny"]),
        ("continued", [tuned.name]),
    ]
    heads = re.findall(r'choices-head">\s*<strong>\s*(.*?)\s*</strong>', page.content.decode())
    assert heads[-3:] == ["Real training", "Real training, continued", "Practice"]
    assert (
        bob.post(world.url("jobs/new/"), order(world, pairs, model=tuned.name, beta="auto", **FREE)).status_code == 302
    )
    job = FineTuneJob.objects.get(base_model=tuned.name)
    assert (job.method, job.engine, job.model_facts["title"]) == (Method.DPO, "transformers", "tiny")


def test_a_model_that_the_trainer_no_longer_has_is_not_offered(world: World, login: Login) -> None:
    lists(world.connection, TINY)
    make_tuned_model(make_job(world.team, base_model="tiny"), engine="transformers", name="ft:tiny:team::gone")
    form = OrderForm(team=world.team)
    assert [offer["model"] for offer in form.offers] == ["tiny"]


def test_stranger_gets_no_estimate(world: World, login: Callable[[User], Client]) -> None:
    assert quote(login(world.mallory), world, {}).status_code == 404


# --- base models that come later ----------------------------------------------------------------------


def test_open_page_gets_base_models_that_were_added(world: World, login: Login) -> None:
    lists(world.connection, SIMULATED)
    make_file(world.team)
    bob, url = login(world.bob), world.url("jobs/new/bases/")
    version = bob.get(world.url("jobs/new/")).context["bases_version"]
    form = {"bases": version, "base": f"{world.connection.uuid}|{SIMULATED['id']}"}
    assert bob.get(url, form).status_code == 204
    lists(world.connection, SIMULATED, QWEN)
    page = text_of(bob.get(url, form))
    assert "Qwen3 0.6B" in page
    assert page.index("Qwen3 0.6B") < page.index("checked")  # the choice stays
    assert "make trainer" not in page


def test_list_is_read_again_without_a_test(world: World, trainer: str, settings: Any) -> None:
    lists(world.connection, SIMULATED)
    world.connection.set_key(trainer_keys.new_key())
    world.connection.state = "works"
    world.connection.save()
    make_base(settings)
    assert probe.to_list_again() == [world.connection.pk]
    assert probe.to_list_again() == []  # once a minute
    probe.list_again(world.connection)
    assert Connection.objects.get().real_bases() == []  # no worker has been here yet
    make_worker()
    probe.list_again(world.connection)
    assert Connection.objects.get().real_bases() == ["little", "tiny"]


def test_list_of_a_replaced_key_is_not_kept(world: World, trainer: str) -> None:
    lists(world.connection, QWEN)
    stale = Connection.objects.get()
    world.connection.set_key(trainer_keys.new_key())
    world.connection.save()
    probe.list_again(stale)
    assert Connection.objects.get().models_seen == [QWEN]


def test_order_page_has_the_list_read_at_most_every_some_seconds(world: World) -> None:
    lists(world.connection, SIMULATED)
    assert [probe.is_listed_lately(world.connection) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("who", "words"), [("alice", "use real models with this connection"), ("bob", "an owner of")])
def test_an_open_key_is_named_where_no_base_is_real(world: World, login: Login, who: str, words: str) -> None:
    make_file(world.team)
    page = text_of(login(getattr(world, who)).get(world.url("jobs/new/")))
    assert words in page
    world.connection.set_key(trainer_keys.new_key())
    world.connection.save()
    assert words not in text_of(login(getattr(world, who)).get(world.url("jobs/new/")))


# --- wherever a base is offered -----------------------------------------------------------------------


def test_no_commercial_use_is_said_wherever_the_model_is_offered(world: World, login: Login) -> None:
    talking = {**KOGPT, "chat_template": True}
    lists(world.connection, talking, SIMULATED)
    make_file(world.team)
    make_source(world.team)
    facts = facts_of(talking)
    job = make_job(world.team, base_model="kogpt2", engine="transformers", model_facts=facts, fine_tuned_model="ft:a")
    make_tuned_model(job, engine="transformers")
    alice, connection = login(world.alice), f"connections/{world.connection.uuid}/"
    for url in ("jobs/new/", "runs/new/", "playground/", f"playground/{job.uuid}/", "models/", connection):
        assert "no commercial use" in text_of(alice.get(world.url(url))), url


def test_costs_of_a_file_name_own_bases_without_a_fee(world: World, login: Login) -> None:
    lists(world.connection, QWEN, SIMULATED)
    page = text_of(login(world.bob).get(world.url(f"files/{make_file(world.team).uuid}/")))
    row = page[page.index("Qwen3 0.6B") :]
    assert "electricity not counted" in row[: row.index("</tr>")]
    assert "$0.00" in row[: row.index("</tr>")]
