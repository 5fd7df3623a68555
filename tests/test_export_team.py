"""Everything a team owns, in one archive that needs no TextHelper to be read, and no key in it."""

import io
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from jobs import VERSION, sealing
from jobs.models import (
    AuditEntry,
    Conversation,
    FineTuneJob,
    Invitation,
    PlannedEvaluation,
    RemoteFile,
    RemoteModel,
    SavedPrompt,
    SavedRecipe,
    Team,
    TrainingFile,
    Vote,
)
from jobs.pipeline import exporting
from jobs.pipeline.export_tables import TABLES
from jobs.pipeline.exporting import Archive
from jobs.pipeline.record import move
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_connection, make_file, make_job, make_source, make_tuned_model
from tests.judging import make_judging
from tests.running import ROOT
from tests.running_recipes import make_cut_run

type Login = Callable[..., Client]
KEY, HOOK = "sk-proj-very-secret-key-1234", "whsec_very-secret-hook"


class Opened:
    """An archive, read without any code of ours."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.zip = ZipFile(io.BytesIO(content))
        self.manifest = json.loads(self.zip.read("manifest.json"))

    def rows(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.zip.read(path).decode().splitlines()]

    def everything(self) -> bytes:
        return b"".join(self.zip.read(name) for name in self.zip.namelist())

    def missing(self) -> dict[str, str]:
        return {one["name"]: one["reason"] for one in self.manifest["missing"]}


def archived(archive: Archive) -> Opened:
    return Opened(b"".join(archive.chunks()))


def fill(world: World) -> FineTuneJob:
    """A job with something in every table."""
    service = make_connection(world.team, KEY, name="편집부 서비스")
    service.sealed_hook_secret = sealing.seal(HOOK)
    service.save()
    job = make_job(world.team, connection=service, state=State.READY, created_by=world.bob, result_csv="step\n1\n")
    move(job, State.SUBMITTING)
    job.events.create(remote_id="e1", created_at=timezone.now(), message="첫 소식", data={"step": 1})
    job.metrics.create(step=1, values={"train_loss": 0.5})
    job.checkpoints.create(remote_id="c1", step=1, model="ft:x", created_at=timezone.now())
    make_tuned_model(job)
    RemoteModel.objects.create(team=world.team, connection=world.connection, name="ft:elsewhere")
    job.second_jobs.create(remote_id="ftjob-2")
    RemoteFile.objects.create(connection=service, training_file=job.trained_on, remote_id="file-1")
    for person, text in ((world.alice, "앨리스의 말"), (world.bob, "밥의 말")):
        Conversation.objects.create(user=person, job=job).messages.create(role="user", content=text)
    SavedPrompt.objects.create(team=world.team, name="첫눈", text="첫눈은?")
    SavedRecipe.objects.create(team=world.team, name="수필")
    make_cut_run(world.team, 2, connection=service)
    Invitation.objects.create(team=world.team, email="new@example.com", invited_by=world.alice)
    make_source(world.team, name="겨울.txt")
    questions = make_questions(world.team, "첫눈")
    evaluation = make_evaluation(world.team, ["one"], questions, connection=service)
    evaluation.answers.create(
        candidate=evaluation.candidates.get(), question=questions.questions.get(), answer="눈이 왔다.", position=0
    )
    PlannedEvaluation.objects.create(job=job, question_set=questions, evaluation=evaluation)
    candidate = evaluation.candidates.get()
    about = {"evaluation": evaluation, "question": questions.questions.get(), "user": world.bob}
    Vote.objects.create(a=candidate, b=candidate, choice="tie", **about)
    judging = make_judging(evaluation, connection=service)
    judging.judgments.create(
        a=evaluation.answers.get(), b=evaluation.answers.get(), position=0, answer="A", vote="first"
    )
    AuditEntry.objects.create(team=world.team, actor=world.bob, action="job.ordered", subject=job.name)
    return job


# --- what is in it ------------------------------------------------------------------------------------


def test_every_table_is_in_the_archive_and_refers_by_uuid(world: World) -> None:
    job = fill(world)

    opened = archived(Archive(world.team))

    assert {table.path: len(opened.rows(table.path)) > 0 for table in TABLES} == {table.path: True for table in TABLES}
    [kept], [made] = opened.rows("answers.jsonl"), opened.rows("question_sets.jsonl")
    assert (kept["answer"], kept["question_set"], kept["question"]) == ("눈이 왔다.", made["uuid"], 0)
    [judgment], [candidate] = opened.rows("judgments.jsonl"), opened.rows("candidates.jsonl")
    assert (judgment["answer"], judgment["question"], judgment["a"]) == ("A", 0, candidate["uuid"])
    [told] = opened.rows("jobs.jsonl")
    assert (told["uuid"], told["created_by"], told["state"]) == (str(job.uuid), "bob", "submitting")
    assert (told["training_file"], told["connection"]) == (str(job.trained_on.uuid), str(job.service.uuid))
    assert [row["after"] for row in opened.rows("transitions.jsonl")] == ["submitting"]
    assert opened.rows("events.jsonl")[0]["message"] == "첫 소식"
    assert opened.zip.read(f"results/{job.uuid}.csv") == b"step\n1\n"
    [file] = opened.rows("training_files.jsonl")
    assert opened.zip.read(file["path"]) == job.trained_on.path.read_bytes()
    text = next(row for row in opened.rows("sources.jsonl") if row["name"] == "겨울.txt")
    assert opened.zip.read(text["path"]) == world.team.sources.get(name="겨울.txt").path.read_bytes()
    assert opened.rows("members.jsonl")[0].keys() == {"username", "email", "role", "since"}


def test_no_key_seal_secret_or_token_is_in_it(world: World) -> None:
    job = fill(world)
    invitation = Invitation.objects.get()

    everything = archived(Archive(world.team)).everything().decode()

    secrets = [KEY, HOOK, job.service.sealed_key, job.service.sealed_hook_secret, invitation.token]
    secrets += [world.alice.password, str(job.order_token)]
    assert [secret for secret in secrets if secret in everything] == []
    assert '"key_hint":"1234"' in everything


def test_every_column_of_a_job_is_in_it_but_these() -> None:
    [table] = [table for table in TABLES if table.model is FineTuneJob]
    left_out = {field.name for field in FineTuneJob._meta.concrete_fields} - table.columns.keys()

    assert left_out == {"id", "team", "order_token", "watched_until", "result_csv"}


def test_no_column_that_sounds_secret_is_in_it() -> None:
    words = ("sealed", "secret", "token", "password")
    lookups = {lookup for table in TABLES for lookup in table.columns.values()}

    counts = {"tokens", "trained_tokens", "max_tokens", "prompt_tokens", "completion_tokens"}
    assert {lookup for lookup in lookups if any(word in lookup for word in words)} == counts


def test_another_teams_rows_are_not_in_it(world: World) -> None:
    theirs = make_job(Team.objects.make("다른 팀", world.mallory), name="남의 작업")
    fill(world)

    everything = archived(Archive(world.team)).everything().decode()

    assert [word for word in ("남의 작업", str(theirs.uuid), "mallory") if word in everything] == []


def test_a_person_gets_only_their_own_talks_and_the_operator_all(world: World) -> None:
    fill(world)

    mine, all_of_them = archived(Archive(world.team, world.alice)), archived(Archive(world.team))

    assert [row["content"] for row in mine.rows("messages.jsonl")] == ["앨리스의 말"]
    assert len(mine.rows("conversations.jsonl")) == 1
    assert len(all_of_them.rows("messages.jsonl")) == 2
    assert (mine.manifest["talks"], all_of_them.manifest["talks"]) == ("own", "all")


def test_the_manifest_tells_format_version_and_team(world: World) -> None:
    manifest = archived(Archive(world.team)).manifest

    assert (manifest["format"], manifest["format_version"], manifest["app_version"]) == ("texthelper-team", 1, VERSION)
    assert manifest["team"]["slug"] == world.team.slug
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_weights_are_named_and_are_a_download_of_their_own(world: World, tmp_path: Path) -> None:
    real = make_job(world.team, base_model="tiny", engine="transformers", state=State.SUCCEEDED)
    for name, more in (("ft:tiny:1", {}), ("ft:tiny:2", {"deleted_at": timezone.now()}), ("ft:tiny:3", {"step": 4})):
        make_tuned_model(real, name=name, **more)
    make_tuned_model(make_job(world.team, state=State.SUCCEEDED))
    make_tuned_model(make_job(Team.objects.make("다른 팀", world.mallory), engine="transformers"))
    out = io.StringIO()

    call_command("export_team", world.team.slug, output=tmp_path / "team.zip", stdout=out)

    opened = Opened((tmp_path / "team.zip").read_bytes())
    assert opened.manifest["weights"] == [{"model": "ft:tiny:1", "job": str(real.uuid)}]
    assert '"weights"' in opened.zip.read("README.txt").decode()
    assert out.getvalue().endswith("Download them from the pages of their jobs: ft:tiny:1\n")


# --- bad luck -----------------------------------------------------------------------------------------


def test_files_that_are_gone_or_changed_are_named_and_break_nothing(world: World, tmp_path: Path) -> None:
    make_file(world.team, name="kept.jsonl")
    TrainingFile.objects.filter(pk=make_file(world.team, name="deleted.jsonl").pk).update(
        content="", deleted_at=timezone.now()
    )
    TrainingFile.objects.filter(pk=make_file(world.team, name="unmade.jsonl").pk).update(content="")
    make_file(world.team, name="lost.jsonl").path.unlink()
    make_file(world.team, name="bent.jsonl").path.write_bytes(b"{}")
    archive = Archive(world.team)

    opened = archived(archive)

    assert opened.missing() == {
        "deleted.jsonl": "deleted",
        "unmade.jsonl": "not_made_yet",
        "lost.jsonl": "bytes_gone",
        "bent.jsonl": "bytes_damaged",
    }
    assert [one["name"] for one in archive.damaged] == ["lost.jsonl", "bent.jsonl"]
    assert len([name for name in opened.zip.namelist() if name.startswith("training_files/")]) == 2


def test_a_file_deleted_while_the_archive_streams_is_named(world: World, login: Login) -> None:
    make_file(world.team, name="one.jsonl")
    second = make_file(world.team, name="two.jsonl")
    chunks = Archive(world.team).chunks()
    begun = next(chunks)

    login(world.bob).post(world.url(f"files/{second.uuid}/delete/"))
    second.path.unlink(missing_ok=True)  # the view drops the bytes after its commit, which a test never sees
    opened = Opened(begun + b"".join(chunks))

    assert opened.missing() == {"two.jsonl": "bytes_gone"}
    assert [row["name"] for row in opened.rows("training_files.jsonl")] == ["one.jsonl", "two.jsonl"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a/b\\c.jsonl", "겨울 글.jsonl", "x" * 200])
def test_no_file_name_leads_out_of_the_archive(world: World, name: str) -> None:
    make_file(world.team, name=name)

    paths = archived(Archive(world.team)).zip.namelist()

    assert [path for path in paths if ".." in path or path.startswith("/") or "\\" in path or len(path) > 130] == []


@pytest.mark.django_db(transaction=True)
def test_all_rows_are_of_one_moment_and_no_writer_waits(world: World) -> None:
    def order() -> None:
        make_job(world.team)
        database.close()

    with exporting.one_moment():
        before = FineTuneJob.objects.count()
        writer = Thread(target=order)
        writer.start()
        writer.join(10)
        during = FineTuneJob.objects.count()

    assert (before, writer.is_alive(), during, FineTuneJob.objects.count()) == (0, False, 0, 1)


def test_memory_stays_flat_however_large_a_file_is(world: World) -> None:
    content = b"".join(b'{"n": %d}\n' % n for n in range(400_000))
    make_file(world.team, content)

    chunks = Archive(world.team).chunks()

    assert max(len(chunk) for chunk in chunks) < 1024 * 1024


# --- the command --------------------------------------------------------------------------------------


def run(*line: Any) -> str:
    out = io.StringIO()
    call_command(*map(str, line), stdout=out)
    return out.getvalue()


@pytest.fixture
def made(world: World, tmp_path: Path) -> Iterator[Path]:
    fill(world)
    run("export_team", world.team.slug, "--output", tmp_path / "team.zip")
    return tmp_path / "team.zip"  # type: ignore[return-value]


def test_the_command_writes_an_archive_that_verifies(world: World, made: Path) -> None:
    assert "files as the manifest says" in run("verify_export", made)
    assert made.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.parent.iterdir() if path.suffix == ".part"] == []
    assert AuditEntry.objects.get(action="team.exported").after == {"by": "manage.py export_team"}


def test_a_changed_archive_does_not_verify(world: World, made: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with ZipFile(made) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            if name != "audit.jsonl":
                new.writestr(name, b"{}\n" if name == "jobs.jsonl" else old.read(name))
        new.writestr("more.txt", "?")

    with pytest.raises(CommandError) as refused:
        run("verify_export", changed)

    assert str(refused.value).splitlines() == [
        "audit.jsonl: absent", "more.txt: not in the manifest", "jobs.jsonl: changed"
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.zip"
    path.write_bytes(content)

    with pytest.raises(CommandError, match="is not an archive of a team"):
        run("verify_export", path)


def test_nothing_is_overwritten_and_an_unknown_team_is_refused(world: World, made: Path) -> None:
    before = made.read_bytes()

    with pytest.raises(CommandError, match="is there already"):
        run("export_team", world.team.slug, "--output", made)
    with pytest.raises(CommandError, match="No team has the slug nobody"):
        run("export_team", "nobody", "--output", made.parent)
    with pytest.raises(CommandError, match="Cannot write"):
        run("export_team", world.team.slug, "--output", made / "under-a-file.zip")

    assert made.read_bytes() == before


def test_a_folder_takes_the_archive_and_lost_bytes_are_status_3(world: World, tmp_path: Path) -> None:
    make_file(world.team, name="lost.jsonl").path.unlink()

    with pytest.raises(CommandError, match=r"bytes_gone · lost\.jsonl") as told:
        run("export_team", world.team.slug, "--output", tmp_path)

    assert told.value.returncode == 3
    [path] = tmp_path.glob(f"{world.team.slug}-*.zip")
    assert Opened(path.read_bytes()).missing() == {"lost.jsonl": "bytes_gone"}


# --- the button ---------------------------------------------------------------------------------------


def test_an_owner_takes_everything_along(world: World, login: Login) -> None:
    fill(world)
    client = login(world.alice)
    assert world.url("team/export/") in client.get(world.url("team/")).content.decode()

    response = client.post(world.url("team/export/"))

    opened = Opened(b"".join(response.streaming_content))  # type: ignore[attr-defined,unused-ignore]
    assert opened.manifest["talks"] == "own"
    assert response["Content-Disposition"].startswith(f'attachment; filename="{world.team.slug}-')
    assert AuditEntry.objects.get(action="team.exported").actor == world.alice


def test_a_trainer_is_not_offered_it(world: World, login: Login) -> None:
    assert world.url("team/export/") not in login(world.bob).get(world.url("team/")).content.decode()
