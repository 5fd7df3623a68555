"""Keys that reach real bases: issued by the portal or by the operator, revoked, forged; and what one may order."""

from io import StringIO
from typing import Any

import openai
import pytest
from django.core.management import CommandError, call_command
from openai import OpenAI

from jobs import trainer_keys
from jobs.models import AuditEntry
from tests.conftest import World
from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from trainer.models import IssuedKey, Job, TrainerAct
from wire.issued_keys import is_issued, issue, open_form

SECRET = "a secret of both sides"


def dial(trainer: str, key: str) -> OpenAI:
    return OpenAI(api_key=key, base_url=trainer, max_retries=0)


def models(trainer: str, key: str) -> set[str]:
    return {model.id for model in dial(trainer, key).models.list()}


@pytest.fixture
def real(trainer: str, settings: Any) -> str:
    """A trainer that has a real base and a worker for it."""
    settings.TRAINER_KEY_SECRET = SECRET
    make_base(settings)
    make_worker()
    stand_in(settings)
    return trainer


def new_key(name: str) -> str:
    out = StringIO()
    call_command("trainer_key", name, stdout=out)
    return out.getvalue().splitlines()[-1]


def test_an_issued_key_holds_the_open_one() -> None:
    key = issue("trainer-abc", SECRET)

    assert is_issued(key)
    assert open_form(key, SECRET) == "trainer-abc"


FORGED = {
    "another secret": issue("trainer-abc", "another"),
    "no secret": issue("trainer-abc", ""),
    "another key": issue("trainer-abc", SECRET).replace("-abc", "-abd"),
    "capitals": issue("trainer-abc", SECRET).upper(),
    "open": "trainer-abc",
    "a line more": issue("trainer-abc", SECRET) + "\n",
    "nothing": "",
}


@pytest.mark.parametrize("how", sorted(FORGED))
def test_what_was_not_issued_opens_nothing(how: str) -> None:
    assert open_form(FORGED[how], SECRET) is None
    assert open_form(FORGED[how], "") is None


def test_open_keys_reach_simulated_bases_only(real: str) -> None:
    sdk = dial(real, "trainer-open-to-all")
    file = sdk.files.create(file=("a.jsonl", b'{"messages":[]}\n'), purpose="fine-tune")

    assert models(real, "trainer-open-to-all") == {"sim-small-2026-06-01", "sim-large-2026-06-01", "sim-old-2025-01-01"}
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("little")
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.fine_tuning.jobs.create(model="little", training_file=file.id)
    assert refused.value.code == "model_not_available"
    with pytest.raises(openai.NotFoundError):
        sdk.chat.completions.create(model="little", messages=[{"role": "user", "content": "1"}])


def test_keys_of_the_portal_reach_real_bases(real: str) -> None:
    assert {"little", "tiny"} <= models(real, trainer_keys.new_key())
    assert IssuedKey.objects.get().revoked_at is None


def test_a_key_made_by_the_operator_reaches_real_bases_until_it_is_revoked(real: str) -> None:
    key = new_key("은유의 노트북")
    assert "little" in models(real, key)

    call_command("trainer_key", "은유의 노트북", "--revoke", stdout=StringIO())

    with pytest.raises(openai.AuthenticationError):
        models(real, key)
    assert [(act.action, act.subject) for act in TrainerAct.objects.all()] == [
        ("key.revoked", "은유의 노트북"),
        ("key.issued", "은유의 노트북"),
    ]
    assert key not in str(list(IssuedKey.objects.values()))


def test_a_revoked_connection_is_not_reached_by_its_open_key(real: str) -> None:
    key = issue("trainer-of-a-team", SECRET)
    models(real, key)

    call_command("trainer_key", IssuedKey.objects.get().name, "--revoke", stdout=StringIO())

    for each in (key, "trainer-of-a-team"):
        with pytest.raises(openai.AuthenticationError):
            models(real, each)


@pytest.mark.parametrize("how", ["another key", "another secret", "no secret"])
def test_forged_keys_are_refused(real: str, how: str) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        models(real, FORGED[how])

    assert "trainer-issued" not in str(refused.value)
    assert not IssuedKey.objects.exists()


def test_without_a_secret_the_portal_issues_open_keys(settings: Any) -> None:
    settings.TRAINER_KEY_SECRET = ""

    assert not is_issued(trainer_keys.new_key())


def test_faults_can_be_scripted_for_an_issued_key(real: str) -> None:
    key = issue("trainer-abc", SECRET).replace("trainer-", "trainer-fault.429-long-", 1)

    with pytest.raises(openai.RateLimitError):
        models(real, key)


def test_one_click_takes_an_old_connection_to_real_bases(world: World, login: Any, real: str) -> None:
    connection = world.connection
    old = connection.access().key
    sim = dial(real, old).files.create(file=("a.jsonl", b'{"messages":[]}\n'), purpose="fine-tune")
    page = login(world.alice).get(world.url(f"connections/{connection.uuid}/")).content.decode()

    login(world.alice).post(world.url(f"connections/{connection.uuid}/issue/"))

    connection.refresh_from_db()
    key = connection.access().key
    again = login(world.alice).get(world.url(f"connections/{connection.uuid}/")).content.decode()
    assert (open_form(key, SECRET), connection.may_reach_more) == (old, False)
    assert "little" in models(real, key)
    assert [file.id for file in dial(real, key).files.list()] == [sim.id]
    assert ("Use real models" in page, "Use real models" in again) == (True, False)
    assert AuditEntry.objects.filter(action="connection.key_replaced", actor=world.alice).count() == 1


def test_a_key_that_is_issued_already_stays(world: World, login: Any, settings: Any) -> None:
    settings.TRAINER_KEY_SECRET = SECRET
    key = trainer_keys.new_key()
    world.connection.set_key(key)
    world.connection.save()

    login(world.alice).post(world.url(f"connections/{world.connection.uuid}/issue/"))

    world.connection.refresh_from_db()
    assert world.connection.access().key == key
    assert not AuditEntry.objects.exists()


def test_a_name_has_one_key(db: None) -> None:
    new_key("a")

    with pytest.raises(CommandError, match="a has a key"):
        new_key("a")
    with pytest.raises(CommandError, match="No living key is named 'b'"):
        call_command("trainer_key", "b", "--revoke")


def test_keys_are_listed_without_the_keys(db: None) -> None:
    key, out = new_key("a"), StringIO()
    call_command("trainer_key", stdout=out)

    assert out.getvalue().startswith("a  issued 20")
    assert key[-8:] not in out.getvalue()


def test_a_key_has_a_place_in_the_queue_for_so_many_jobs(real: str, settings: Any) -> None:
    settings.TRAINER_QUEUE_PER_KEY = 2
    sdk = dial(real, issue_key("trainer-one"))
    for _ in range(2):
        order(sdk)

    with pytest.raises(openai.RateLimitError) as refused:
        order(sdk)
    assert (refused.value.code, refused.value.response.headers["retry-after"]) == ("rate_limit_exceeded", "60")

    order(dial(real, issue_key("trainer-other")))
    order(sdk, model="sim-small")
    work()
    order(sdk)
    assert Job.objects.count() == 5


def test_a_key_whose_models_take_too_much_disk_orders_nothing(real: str, settings: Any) -> None:
    settings.TRAINER_DISK_PER_KEY = 0.001
    sdk = dial(real, issue_key("trainer-one"))
    job = order(sdk)
    work()
    (training_of(job).folder / "weights").write_bytes(bytes(1_100_000))

    with pytest.raises(openai.BadRequestError) as refused:
        order(sdk)

    assert refused.value.code == "disk_limit_exceeded"
    order(sdk, model="sim-small")
