"""Findings and statistics on the page of a file, and the versions that mend them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs import findings
from jobs.models import AuditEntry, FileState, Origin, TrainingFile
from jobs.pipeline import looking
from jobs.pipeline.checking import Lease, LeaseLostError, check, stop
from jobs.training_data.findings import DUPLICATES, FindingCode, hashes, lines_with, personal_code, sidecar
from jobs.training_data.personal import Kind
from jobs.training_data.report import Finding, Params, Progress, Report
from tests.conftest import World
from tests.factories import make_file, make_job
from tests.test_files_check import waiting
from tests.test_findings import PROSE, chat

type Login = Callable[..., Client]


def body(*examples: dict[str, Any]) -> bytes:
    """At least ten examples: others like nothing else are added."""
    others = [chat(f"글감 {n}", PROSE[n % 6][::-1] + PROSE[n // 6]) for n in range(10)]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in [*examples, *others]).encode()


TWINS = (chat("가", PROSE[0]), chat("가", PROSE[0]), chat("나", f"{PROSE[1]} 010-1234-5678"))


def looked_at(world: World, content: bytes = body(*TWINS), **fields: Any) -> TrainingFile:
    file = waiting(world, content, **fields)
    check(file)
    file.refresh_from_db()
    return file


def page(client: Client, world: World, file: TrainingFile) -> Any:
    return client.get(world.url(f"files/{file.uuid}/"))


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_the_check_leaves_findings_in_the_report_and_beside_the_bytes(world: World) -> None:
    file = looked_at(world)

    assert file.state == FileState.READY
    assert [(one["code"], one["count"], one["lines"]) for one in file.report["findings"]] == [
        ("exact_duplicates", 2, [1, 2]),
        ("personal_phone", 1, [3]),
    ]
    assert lines_with(file.path, "exact_duplicates") == [1, 2]
    assert hashes(file.path).stat().st_size == 13 * 8
    assert file.report["statistics"]["examples"] == 13


def test_the_page_shows_what_was_found_and_what_to_do(world: World, login: Login) -> None:
    file = looked_at(world)

    response = page(login(world.bob), world, file)

    assert [(row.code, row.examples, row.message, row.groups) for row in response.context["found"].rows] == [
        ("exact_duplicates", 2, "Exact duplicates. Groups: 1, examples too many: 1", [[1, 2]]),
        ("personal_phone", 1, "Phone numbers", []),
    ]
    assert [chart.id for chart in response.context["charts"]] == ["tokens-0", "tokens-1", "turns", "answers"]
    assert "New version without duplicates" in response.text
    assert "New version with personal data masked" in response.text


def test_near_duplicates_stay_unless_they_are_ticked(world: World, login: Login) -> None:
    file = looked_at(world)
    [exact] = [one for one in file.report["findings"] if one["code"] == "exact_duplicates"]
    file.report["findings"].append({**exact, "code": "near_duplicates"})
    file.save()

    response = page(login(world.bob), world, file)

    boxes = re.findall(r'name="drop"\s+value="(\w+)"\s*(checked)?', response.text)
    assert boxes == [("exact_duplicates", "checked"), ("near_duplicates", "")]


def test_a_viewer_sees_findings_but_no_buttons(world: World, login: Login) -> None:
    file = looked_at(world)

    response = page(login(world.carol), world, file)

    assert len(response.context["found"].rows) == 2
    assert "New version" not in response.text


def test_a_clean_file_is_told_so(world: World, login: Login) -> None:
    response = page(login(world.bob), world, looked_at(world, body()))

    assert "No duplicates, no contradicting or empty answers, no personal data." in response.text


def test_a_file_checked_before_there_were_findings_asks_for_a_new_check(world: World, login: Login) -> None:
    response = page(login(world.bob), world, make_file(world.team))

    assert not response.context["found"].looked
    assert "Check it again to know." in response.text


def test_personal_data_is_hidden_in_the_sample(world: World, login: Login) -> None:
    file = looked_at(world)

    text = page(login(world.bob), world, file).text

    assert "010-●●●●-●●●●" in text
    assert "010-1234-5678" not in text


def test_a_worker_killed_in_the_look_leaves_the_check_done(world: World) -> None:
    """The next one looks, and does not check again: the stored report stands, even where it is an odd one."""
    file = waiting(world, body(*TWINS))
    lease = Lease(file)
    lease.claim()
    stored = Report(ok=True, format="chat", examples=99, tokens=7, bytes=file.size).as_dict()
    lease.write(report=stored, check_due_at=timezone.now())

    check(file)

    file.refresh_from_db()
    assert (file.state, file.examples, file.tokens) == (FileState.READY, 99, 7)
    assert len(file.report["findings"]) == 2


def test_a_good_file_whose_look_is_stopped_stays_good(world: World, login: Login) -> None:
    file = waiting(world, body())
    lease = Lease(file)
    lease.claim()
    lease.write(report=Report(ok=True, format="chat", examples=10, tokens=7, bytes=file.size).as_dict())

    assert stop(file)

    file.refresh_from_db()
    assert (file.state, file.examples, file.check_due_at) == (FileState.READY, 10, None)
    assert not page(login(world.bob), world, file).context["found"].looked
    with pytest.raises(LeaseLostError):
        lease.write(state=FileState.INVALID)


def test_whoever_lost_the_lease_ends_the_look(world: World) -> None:
    file = make_file(world.team, body(*TWINS))

    def lost(_done: Progress) -> None:
        raise LeaseLostError

    with pytest.raises(LeaseLostError):
        looking.look(file, Report(ok=True), lost)


def test_the_page_says_when_findings_are_looked_for(world: World, login: Login) -> None:
    file = waiting(world, body(), report=Report(ok=True).as_dict())

    assert "Duplicates and personal data are looked for" in page(login(world.bob), world, file).text


def test_a_version_without_duplicates(world: World, login: Login) -> None:
    file = looked_at(world)

    response = login(world.bob).post(world.url(f"files/{file.uuid}/reduce/"), {"drop": ["exact_duplicates"]})

    made = TrainingFile.objects.get(parent=file)
    assert response.headers["Location"] == world.url(f"files/{made.uuid}/")
    check(made)
    made.refresh_from_db()
    assert (made.origin, made.options, made.name) == (
        Origin.REDUCED,
        {"drop": ["exact_duplicates"]},
        "winter-reduced.jsonl",
    )
    lines = file.path.read_bytes().splitlines(keepends=True)
    assert made.path.read_bytes() == b"".join(lines[:1] + lines[2:])
    assert [one["code"] for one in made.report["findings"]] == ["personal_phone"]
    entry = AuditEntry.objects.get(action="file.reduced")
    assert (entry.actor, entry.before, entry.after) == (
        world.bob,
        {"file": "winter.jsonl"},
        {"file": "winter-reduced.jsonl", "drop": ["exact_duplicates"]},
    )


def test_a_version_with_personal_data_masked(world: World, login: Login) -> None:
    file = looked_at(world)

    login(world.bob, "ko").post(world.url(f"files/{file.uuid}/mask/"), {"kinds": ["phone"]})

    made = TrainingFile.objects.get(parent=file)
    check(made)
    made.refresh_from_db()
    assert (made.state, made.origin, made.options) == (
        FileState.READY,
        Origin.MASKED,
        {"kinds": ["phone"], "language": "ko"},
    )
    old, new = (one.path.read_bytes().splitlines() for one in (file, made))
    assert (new[:2], new[3:]) == (old[:2], old[3:])
    assert json.loads(new[2]) == chat("나", f"{PROSE[1]} [전화번호_1]")
    assert [one["code"] for one in made.report["findings"]] == ["exact_duplicates"]
    assert AuditEntry.objects.get(action="file.masked").after["kinds"] == ["phone"]


@pytest.mark.parametrize(
    ("act", "data"), [("mask", {}), ("mask", {"kinds": ["shoe_size"]}), ("reduce", {}), ("reduce", {"drop": ["all"]})]
)
def test_a_choice_that_is_none_makes_nothing(world: World, login: Login, act: str, data: dict[str, Any]) -> None:
    file = looked_at(world)

    response = login(world.bob).post(world.url(f"files/{file.uuid}/{act}/"), data, follow=True)

    assert len(said(response)) == 1
    assert TrainingFile.objects.count() == 1


@pytest.mark.parametrize("act", ["mask", "reduce"])
@pytest.mark.parametrize("fields", [{"state": FileState.INVALID}, {"deleted_at": timezone.now()}])
def test_only_a_good_file_is_mended_so(world: World, login: Login, act: str, fields: dict[str, Any]) -> None:
    file = make_file(world.team, **fields)

    response = login(world.bob).post(
        world.url(f"files/{file.uuid}/{act}/"), {"kinds": ["phone"], "drop": ["exact_duplicates"]}, follow=True
    )

    assert said(response) == ["Only a checked file without faults can be mended so."]
    assert TrainingFile.objects.count() == 1


def test_an_owner_switches_the_search_off_and_on_again(world: World, login: Login) -> None:
    client = login(world.alice)

    client.post(world.url("team/privacy/"), {"privacy": "off"})
    client.post(world.url("team/privacy/"), {"privacy": "off"})  # nothing left to do, nothing to write down
    off = AuditEntry.objects.get(action="team.privacy")
    client.post(world.url("team/privacy/"), {"privacy": "on"})

    world.team.refresh_from_db()
    assert world.team.privacy
    assert (off.actor, off.before, off.after) == (world.alice, {"privacy": True}, {"privacy": False})
    assert AuditEntry.objects.filter(action="team.privacy").count() == 2


def test_nobody_else_switches_it(world: World, login: Login) -> None:
    assert login(world.bob).post(world.url("team/privacy/"), {"privacy": "off"}).status_code == 403

    world.team.refresh_from_db()
    assert world.team.privacy


def test_switched_off_nothing_is_looked_for_hidden_or_masked(world: World, login: Login) -> None:
    before = looked_at(world)
    world.team.privacy = False
    world.team.save()
    after = looked_at(world, body(*TWINS, chat("다", PROSE[2])))
    client = login(world.bob)

    response = page(client, world, after)
    refused = client.post(world.url(f"files/{after.uuid}/mask/"), {"kinds": ["phone"]}, follow=True)

    assert [one["code"] for one in after.report["findings"]] == ["exact_duplicates"]
    assert [row.code for row in page(client, world, before).context["found"].rows] == ["exact_duplicates"]
    assert "010-1234-5678" in response.text
    assert said(refused) == ["Your team does not look for personal data. An owner can switch it on."]
    assert TrainingFile.objects.filter(origin=Origin.MASKED).count() == 0


def test_what_the_look_left_goes_with_the_bytes(
    world: World, login: Login, django_capture_on_commit_callbacks: Any
) -> None:
    file = looked_at(world)
    path = file.path

    with django_capture_on_commit_callbacks(execute=True):
        login(world.bob).post(world.url(f"files/{file.uuid}/delete/"))

    assert [one.exists() for one in (path, sidecar(path), hashes(path))] == [False, False, False]


def test_an_order_says_which_examples_it_would_measure_and_train_on(world: World, login: Login) -> None:
    trained_on = looked_at(world)
    validated_with = looked_at(world, body(TWINS[0], chat("라", PROSE[4])))
    job = make_job(world.team, training_file=trained_on, validation_file=validated_with)

    response = login(world.bob).get(world.url("jobs/new/"), {"clone": str(job.uuid)})

    assert response.context["leaked"] == 11
    assert "11 examples of the validation file are in the training file too." in response.text


def test_every_code_has_words() -> None:
    codes = {*FindingCode, *map(personal_code, Kind)}

    assert set(findings.WORDS) == codes
    assert set(DUPLICATES) <= codes
    params: Params = {"groups": 1, "extra": 1, "limit": 1, "main": "ko", "places": 2, "unsure": 1}
    assert all(all(findings.explain(Finding(code, 1, [1], params))) for code in codes)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "The file is very long: 1,234 examples"), ("ko", "예제 1,234개는")]
)
def test_it_says_that_the_end_of_a_very_long_file_was_compared_less(
    world: World, login: Login, language: str, words: str
) -> None:
    file = looked_at(world)
    file.report["statistics"]["forgotten"] = 1234
    file.save()

    assert words in page(login(world.alice, language), world, file).content.decode()
