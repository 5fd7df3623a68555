""" "Where is this text?": the search, its pages, and the act that deletes a passage from everything of a team."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import connection as database
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import (
    AuditEntry,
    DraftChange,
    FileState,
    FineTuneJob,
    Origin,
    RemoteFile,
    Search,
    SearchState,
    TrainingFile,
)
from jobs.pipeline import forgetting, making, passages, searching, storing
from jobs.pipeline.checking import Lease, check
from jobs.pipeline.turns import LEASE, Turn, TurnLostError
from jobs.states import State
from jobs.tasks import tick
from tests.conftest import World
from tests.factories import chat_lines, make_file, make_job, make_tuned_model
from tests.training_cases import answer, line, user

type Login = Callable[..., Client]
HTMX = {"HX-Request": "true"}
PASSAGE = "김철수는 서울시 강남구에 살았다"
HELD = line(user("누구"), answer(f"그 무렵 {PASSAGE}. 눈이 왔다.")).encode()


def holding(world: World, *at: int, examples: int = 12, **fields: Any) -> TrainingFile:
    """A file of good examples, those at these lines with the passage."""
    lines = chat_lines(examples, word=f"눈{TrainingFile.objects.count()}-").splitlines()
    for number in at:
        lines[number - 1] = HELD.replace("누구".encode(), f"누구 {number}".encode())
    return make_file(world.team, b"\n".join(lines) + b"\n", **fields)


def searched(world: World, passage: str = PASSAGE) -> Search:
    """A search that a worker has done."""
    search = searching.order(world.team, world.alice, passage)
    passages.work(search)
    return Search.objects.get(pk=search.pk)


def forgotten(world: World, search: Search, checked: Callable[[TrainingFile], None] | None = None) -> Search:
    """What workers do after an owner's word: turns at the search, and checks of what it orders."""
    search.refresh_from_db()
    if search.state == SearchState.FOUND:
        assert forgetting.order(search, world.alice)
    for turn in range(3):
        with time_machine.travel(timezone.now() + turn * forgetting.LOOK_AGAIN * 1.5):
            turned(search, checked or made)
    return Search.objects.get(pk=search.pk)


def made(file: TrainingFile) -> None:
    """A check without its report, which takes a second."""
    lease = Lease(file)
    if lease.claim() and making.make(file, lease.write, lease.keep):
        lease.write(state=FileState.READY, check_due_at=None)


def turned(search: Search, checked: Callable[[TrainingFile], None]) -> None:
    """One turn of a worker at the search, bytes dropped at the commit; then the checks of what it ordered."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        passages.work(Search.objects.get(pk=search.pk))
    for file in TrainingFile.objects.alive().filter(check_due_at__isnull=False):
        checked(file)


def counts(search: Search) -> dict[str, int]:
    names = {str(file.uuid): file.name for file in TrainingFile.objects.all()}
    return {names[entry["file"]]: entry["count"] for entry in search.hits}


def acts(search: Search) -> dict[str, tuple[str, str]]:
    names = {str(file.uuid): file.name for file in TrainingFile.objects.all()}
    return {names[entry["file"]]: (entry["act"], entry["why"]) for entry in search.hits}


def audited(*actions: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__in=actions).order_by("pk"))


# --- the search -----------------------------------------------------------------------------------------


def test_a_search_names_every_living_file_of_the_team_that_holds_it(world: World) -> None:
    holding(world, 3, 7, name="two.jsonl")
    holding(world, 1, name="one.jsonl", state=FileState.INVALID)
    holding(world, name="none.jsonl")
    holding(world, 1, name="deleted.jsonl", deleted_at=timezone.now())
    make_file(world.mallory.ensure_team(), HELD + b"\n", name="elsewhere.jsonl")

    search = searched(world)

    assert (search.state, search.due_at, counts(search)) == (SearchState.FOUND, None, {"two.jsonl": 2, "one.jsonl": 1})
    assert (
        search.done_bytes
        == search.total_bytes
        == sum(f.size for f in world.team.training_files.filter(deleted_at=None))
    )
    assert [place for place, _offset in search.hits[0]["lines"]] == [3, 7]


def test_a_hundred_lines_are_kept_and_all_are_counted(world: World) -> None:
    holding(world, *range(1, 131), examples=140)

    entry = searched(world).hits[0]

    assert (entry["count"], len(entry["lines"])) == (130, searching.LINES_KEPT)


def test_what_cannot_be_searched_is_said(world: World) -> None:
    make_file(world.team, PASSAGE.encode("utf-16"), name="utf16.jsonl")
    lost = holding(world, 1, name="lost.jsonl")
    lost.path.unlink()
    unmade = holding(world, name="unmade.jsonl")
    TrainingFile.objects.filter(pk=unmade.pk).update(content="", check_due_at=timezone.now(), state=FileState.CHECKING)

    search = searched(world)

    names = dict(TrainingFile.objects.values_list("uuid", "name"))
    told = {str(names[row["file"]]) if row["file"] in names else row["file"]: row["why"] for row in search.results}
    by_name = {file.name: told[str(file.uuid)] for file in TrainingFile.objects.all()}
    assert by_name == {"utf16.jsonl": "unreadable", "lost.jsonl": "missing", "unmade.jsonl": "making"}


def test_a_killed_worker_is_replaced_where_it_was_and_nothing_is_found_twice(world: World) -> None:
    first, second, third = holding(world, 1, name="1"), holding(world, 2, name="2"), holding(world, 3, name="3")
    search = searching.order(world.team, world.alice, PASSAGE)
    done = [searching.entry(first, count=1, lines=[[1, 0]])]
    until = timezone.now() + LEASE
    half = first.size + second.size // 2  # it was in the middle of the second
    Search.objects.update(results=done, last_file=first.pk, done_bytes=half, due_at=until)

    passages.work(search)
    search.refresh_from_db()
    assert (search.state, len(search.results)) == (SearchState.SEARCHING, 1)

    with time_machine.travel(until + timedelta(seconds=1)):
        assert list(searching.due()) == [search]
        passages.work(search)
    search.refresh_from_db()
    assert (search.state, counts(search)) == (SearchState.FOUND, {"1": 1, "2": 1, "3": 1})
    assert search.done_bytes == first.size + second.size + third.size


def test_a_worker_that_lost_its_turn_writes_nothing(world: World) -> None:
    search = searching.order(world.team, world.alice, PASSAGE)
    turn = Turn(search)
    assert turn.claim()
    assert not Turn(search).claim()
    Search.objects.update(due_at=timezone.now() + LEASE * 2)

    with pytest.raises(TurnLostError):
        turn.write(done_bytes=1)


def test_a_search_ordered_twice_is_one_while_it_runs(world: World) -> None:
    first = searching.order(world.team, world.alice, PASSAGE)
    assert searching.order(world.team, world.bob, PASSAGE) == first

    passages.work(first)

    assert searching.order(world.team, world.bob, PASSAGE) != first


def test_a_search_is_deleted_after_a_week_by_the_tick(world: World) -> None:
    old = searched(world)
    busy, young = searched(world), searched(world)
    Search.objects.filter(pk__in=[old.pk, busy.pk]).update(created_at=timezone.now() - timedelta(days=7, seconds=1))
    Search.objects.filter(pk=busy.pk).update(state=SearchState.FORGETTING)

    tick()

    assert set(Search.objects.all()) == {busy, young}


# --- its pages ------------------------------------------------------------------------------------------


def test_a_trainer_orders_a_search_and_sees_what_it_found(world: World, login: Login) -> None:
    file = holding(world, 3, 7)
    copy = RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-1")
    job = make_job(world.team, training_file=file, state=State.SUCCEEDED)
    model = make_tuned_model(job, shutdown_date=date(2027, 1, 14))
    client = login(world.bob)

    answered = client.post(world.url("search/new/"), {"passage": f"  {PASSAGE}\r\n"})
    search = Search.objects.get()
    assert answered.headers["Location"] == world.url(f"search/{search.uuid}/")
    passages.work(search)
    page = client.get(answered.headers["Location"])

    [row] = page.context["rows"]
    assert (row.file, row.copies, [one.line for one in row.shown]) == (file, [copy], [3, 7])
    assert [one.excerpt.found for one in row.shown] == [PASSAGE, PASSAGE]
    assert [(one.job, one.how, [each.model for each in one.models]) for one in page.context["jobs"]] == [
        (job, "trained", [model])
    ]
    assert (page.context["copies"], page.context["models"]) == (1, 1)


@pytest.mark.parametrize(
    ("passage", "message"),
    [
        ("", "Paste the text that you look for."),
        (" **첫 눈** ~ ", "This is too short to tell one text from another: paste at least 8 letters."),
        ("눈" * 4001, "This is too long: paste a sentence or a paragraph, at most 4000 characters."),
        ("눈이 내린다 눈이 내린다\0", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_searched_for_is_refused(world: World, login: Login, passage: str, message: str) -> None:
    answered = login(world.bob).post(world.url("search/new/"), {"passage": passage})

    assert answered.status_code == 422
    assert answered.context["form"].errors["passage"] == [message]
    assert not Search.objects.exists()


def test_an_example_can_be_picked(world: World, login: Login) -> None:
    file = holding(world, 2)
    client = login(world.bob)

    def picked(**query: Any) -> str:
        return str(client.get(world.url("search/"), query).context["form"].initial["passage"])

    assert picked(file=file.uuid, line=2) == f"그 무렵 {PASSAGE}. 눈이 왔다."
    assert [picked(file=file.uuid, line=bad) for bad in (0, -1, 99, "x", 10**30)] == [""] * 5
    assert [picked(file=bad, line=1) for bad in ("x", world.team.slug)] == [""] * 2
    other = make_file(world.mallory.ensure_team())
    assert picked(file=other.uuid, line=1) == ""


def test_the_open_page_asks_for_news_until_the_search_ends(world: World, login: Login) -> None:
    holding(world, 1)
    search = searching.order(world.team, world.alice, PASSAGE)
    client, url = login(world.carol), world.url(f"search/{search.uuid}/poll/")

    assert client.get(url, {"since": search.version}, headers=HTMX).status_code == 204
    Turn(search).claim()
    Search.objects.update(version=1, done_bytes=10)
    news = client.get(url, {"since": 0}, headers=HTMX)
    assert (news.status_code, b'id="progress"' in news.content, b"<html" in news.content) == (200, True, False)
    Search.objects.update(due_at=timezone.now())
    passages.work(search)
    end = client.get(url, {"since": 1}, headers=HTMX)

    assert (end.headers["HX-Retarget"], b'id="progress"' in end.content) == ("#main", False)


def test_the_page_has_a_constant_query_count(world: World, login: Login) -> None:
    client = login(world.bob)

    def queries() -> int:
        url = world.url(f"search/{searched(world).uuid}/")
        with CaptureQueriesContext(database) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    def more() -> None:
        file = holding(world, 1, 2)
        RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id=f"file-{file.pk}")
        make_tuned_model(make_job(world.team, training_file=file, state=State.SUCCEEDED))

    more()
    before = queries()
    more(), more()  # type: ignore[func-returns-value]

    assert queries() == before


def test_strangers_find_nothing_and_viewers_only_read(world: World, login: Login) -> None:
    search = searched(world)
    uuid = search.uuid

    assert login(world.mallory).get(world.url(f"search/{uuid}/")).status_code == 404
    assert login(world.carol).get(world.url(f"search/{uuid}/")).status_code == 200
    for tail in ("new/", f"{uuid}/delete/", f"{uuid}/forget/"):
        assert login(world.carol).post(world.url(f"search/{tail}"), {"passage": PASSAGE}).status_code == 403
    assert login(world.bob).post(world.url(f"search/{uuid}/forget/"), {"examples": 0}).status_code == 403
    assert list(Search.objects.all()) == [search]


def test_a_search_is_deleted_by_its_button(world: World, login: Login) -> None:
    search = searched(world)

    assert login(world.bob).post(world.url(f"search/{search.uuid}/delete/")).status_code == 302
    assert not Search.objects.exists()


def test_a_search_that_deletes_its_text_cannot_be_deleted(world: World, login: Login) -> None:
    holding(world, 1)
    search = searched(world)
    forgetting.order(search, world.alice)

    login(world.bob).post(world.url(f"search/{search.uuid}/delete/"))

    assert Search.objects.get().state == SearchState.FORGETTING


# --- the act that deletes it ----------------------------------------------------------------------------


def test_an_owner_deletes_the_passage_from_everything(world: World, login: Login) -> None:
    first, second = holding(world, 3, 7, name="first.jsonl"), holding(world, 1, name="second.jsonl")
    untouched = holding(world, name="third.jsonl")
    copy = RemoteFile.objects.create(connection=world.connection, training_file=first, remote_id="file-1")
    make_tuned_model(make_job(world.team, training_file=first, state=State.SUCCEEDED))
    bodies = {file.pk: file.path.read_bytes().splitlines(keepends=True) for file in (first, second)}
    search = searched(world)

    answered = login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "3"})
    assert answered.status_code == 302
    search = forgotten(world, search, check)

    assert acts(search) == {"first.jsonl": ("done", ""), "second.jsonl": ("done", "")}
    assert search.state == SearchState.FORGOTTEN
    for file, dropped in ((first, (3, 7)), (second, (1,))):
        version = TrainingFile.objects.alive().get(parent=file)
        left = [line for number, line in enumerate(bodies[file.pk], 1) if number not in dropped]
        assert version.path.read_bytes() == b"".join(left)
        assert (version.origin, version.options) == (Origin.REDUCED, {"lines": list(dropped)})
        assert (version.state, version.examples, version.name) == (
            FileState.READY,
            len(left),
            f"{file.name.removesuffix('.jsonl')}-reduced.jsonl",
        )
        assert not file.path.exists()
        file.refresh_from_db()
        assert (bool(file.deleted_at), file.content.name) == (True, "")
    copy.refresh_from_db()
    assert copy.delete_due_at
    assert untouched.path.exists()
    assert counts(searched(world)) == {}


def test_the_audit_trail_has_counts_and_never_the_text(world: World, login: Login) -> None:
    file = holding(world, 3, 7)
    RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-1")
    search = searched(world)

    login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "2"})
    forgotten(world, search)

    [confirmed] = audited("passage.confirmed")
    assert (confirmed.actor, confirmed.subject_id, confirmed.ip) == (world.alice, str(search.uuid), "127.0.0.1")
    assert confirmed.after == {"examples": 2, "files": 1, "copies": 1, "models": 0}
    done = audited("file.reduced", "file.deleted", "copy.deleted", "passage.forgotten")
    assert [(entry.action, entry.actor) for entry in done] == [
        ("file.reduced", world.alice),
        ("file.deleted", world.alice),
        ("copy.deleted", world.alice),
        ("passage.forgotten", world.alice),
    ]
    assert done[-1].after == {"files": 1, "kept": 0}
    told = json.dumps(list(AuditEntry.objects.values("subject", "before", "after")), ensure_ascii=False)
    assert "철수" not in told
    assert "철수" not in str(search)


@pytest.mark.parametrize("typed", ["", "1", "3", "two", "-2"])
def test_nothing_is_deleted_without_the_right_number(world: World, login: Login, typed: str) -> None:
    file = holding(world, 3, 7)
    search = searched(world)

    answered = login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": typed})

    assert (answered.status_code, len(answered.context["form"].errors["examples"])) == (422, 1)
    assert Search.objects.get().state == SearchState.FOUND
    assert file.path.exists()


def test_files_that_came_since_are_searched_before_anything_goes(world: World, login: Login) -> None:
    file = holding(world, 3)
    search = searched(world)
    holding(world, 1)

    answered = login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"})

    anew = Search.objects.exclude(pk=search.pk).get()
    assert answered.headers["Location"] == world.url(f"search/{anew.uuid}/")
    search.refresh_from_db()
    assert (search.state, anew.state, file.path.exists()) == (SearchState.FOUND, SearchState.SEARCHING, True)


def test_a_second_click_begins_nothing(world: World, login: Login) -> None:
    holding(world, 3)
    search = searched(world)
    client = login(world.alice)

    for _click in range(2):
        client.post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"})
    forgotten(world, search)

    assert len(audited("passage.confirmed")) == 1
    assert TrainingFile.objects.alive().count() == 1


@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_what_an_active_job_needs_is_left_whole_and_said(world: World, login: Login, role: str) -> None:
    needed, free = holding(world, 3, name="needed.jsonl"), holding(world, 3, name="free.jsonl")
    job = make_job(world.team, state=State.RUNNING, **{role: needed})
    copy = RemoteFile.objects.create(connection=world.connection, training_file=needed, remote_id="file-1")
    search = forgotten(world, searched(world))

    assert acts(search) == {"needed.jsonl": ("kept", "needed"), "free.jsonl": ("done", "")}
    assert (needed.path.exists(), needed.versions.count(), free.path.exists()) == (True, 0, False)
    copy.refresh_from_db()
    assert copy.delete_due_at is None
    assert audited("passage.forgotten")[0].after == {"files": 1, "kept": 1}
    page = login(world.alice).get(world.url(f"search/{search.uuid}/"))
    assert [entry["file"] for entry in page.context["kept"]] == [str(needed.uuid)]

    FineTuneJob.objects.filter(pk=job.pk).update(state=State.CANCELLED)
    again = forgotten(world, searched(world))
    assert (acts(again), needed.path.exists()) == ({"needed.jsonl": ("done", "")}, False)


def test_a_copy_that_an_imported_job_names_keeps_its_file(world: World) -> None:
    file = holding(world, 3, name="a.jsonl")
    RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-1")
    job = make_job(world.team, state=State.RUNNING, remote={"training_file": "file-1"})
    FineTuneJob.objects.filter(pk=job.pk).update(training_file=None)

    assert acts(forgotten(world, searched(world))) == {"a.jsonl": ("kept", "needed")}
    assert file.path.exists()


def test_a_file_that_gets_too_small_still_gets_its_version(world: World) -> None:
    file = holding(world, 3, 7, examples=11)

    forgotten(world, searched(world), check)

    version = TrainingFile.objects.alive().get(parent=file)
    assert (version.state, version.report["fault_counts"]) == (FileState.INVALID, {"too_few_examples": 1})
    assert version.path.read_bytes().count(b"\n") == 9
    assert not file.path.exists()


def test_where_every_example_holds_it_no_version_is_made(world: World) -> None:
    file = holding(world, 1, 2, 3, examples=3, name="all.jsonl")

    search = forgotten(world, searched(world))

    assert (acts(search), file.versions.count(), file.path.exists()) == ({"all.jsonl": ("done", "")}, 0, False)


def test_a_version_that_is_there_already_is_taken(world: World) -> None:
    file = holding(world, 12, name="all.jsonl")
    rest = b"".join(file.path.read_bytes().splitlines(keepends=True)[:11])
    there = make_file(world.team, rest)

    search = forgotten(world, searched(world))

    assert (acts(search), file.path.exists(), there.path.exists()) == ({"all.jsonl": ("done", "")}, False, True)
    assert list(TrainingFile.objects.alive()) == [there]


def test_old_bytes_stay_where_the_new_version_is_not_right(world: World) -> None:
    """It is read again before anything goes: a version of other bytes proves nothing."""
    file = holding(world, 3, name="a.jsonl")
    search = searched(world)
    forgetting.order(search, world.alice)
    passages.work(search)
    version = TrainingFile.objects.get(parent=file)
    made(version)
    version.refresh_from_db()
    version.path.write_bytes(version.path.read_bytes().splitlines(keepends=True)[0])

    search = forgotten(world, Search.objects.get(pk=search.pk))

    assert (acts(search), file.path.exists()) == ({"a.jsonl": ("kept", "version")}, True)


def test_old_bytes_stay_where_as_many_lines_still_hold_the_passage(world: World) -> None:
    """The right number of lines alone proves nothing: they may be the wrong ones."""
    file = holding(world, 3, name="a.jsonl")
    search = searched(world)
    forgetting.order(search, world.alice)
    passages.work(search)
    version = TrainingFile.objects.get(parent=file)
    made(version)
    version.refresh_from_db()
    right, old = (each.path.read_bytes().splitlines(keepends=True) for each in (version, file))
    held = next(line for line in old if line not in right)
    version.path.write_bytes(b"".join([held, *right[1:]]))

    search = forgotten(world, Search.objects.get(pk=search.pk))

    assert (acts(search), file.path.exists()) == ({"a.jsonl": ("kept", "version")}, True)


def test_a_worker_killed_in_the_middle_is_replaced_and_nothing_is_doubled(world: World) -> None:
    """At every write that the act makes, the worker dies right before it; the next one goes on."""
    first, second = holding(world, 3, name="1"), holding(world, 4, name="2")
    RemoteFile.objects.create(connection=world.connection, training_file=first, remote_id="file-1")
    search = searched(world)
    forgetting.order(search, world.alice)
    for kill in range(12):
        with time_machine.travel(timezone.now() + kill * LEASE * 2):
            dies_before_its_first_write(search)
        with time_machine.travel(timezone.now() + kill * LEASE * 2 + LEASE * 1.5):
            turned(search, made)

    search.refresh_from_db()
    assert search.state == SearchState.FORGOTTEN
    assert set(acts(search).values()) <= {("done", ""), ("gone", "")}  # gone: erased, and killed before it said so
    assert [first.versions.count(), second.versions.count(), TrainingFile.objects.alive().count()] == [1, 1, 2]
    assert (first.path.exists(), second.path.exists()) == (False, False)
    told = [entry.action for entry in audited("file.reduced", "file.deleted", "copy.deleted", "passage.forgotten")]
    assert sorted(told) == [
        "copy.deleted",
        "file.deleted",
        "file.deleted",
        "file.reduced",
        "file.reduced",
        "passage.forgotten",
    ]


def dies_before_its_first_write(search: Search) -> None:
    """A worker that does the step and loses its turn before it can write it down."""
    turn = Turn(search)
    if turn.claim():
        turn.until = timezone.now() - timedelta(days=1)
        with pytest.raises(TurnLostError), TestCase.captureOnCommitCallbacks(execute=True):
            forgetting.forget(turn)


def test_a_version_on_its_way_keeps_its_parent(world: World) -> None:
    file = holding(world, 3, name="a.jsonl")
    search = searched(world)
    storing.order_version(file, world.bob, Origin.REDUCED, {"lines": [1]}, name="b", also=lambda _row: None)
    forgetting.order(search, world.alice)

    passages.work(search)

    assert acts(Search.objects.get(pk=search.pk)) == {"a.jsonl": ("kept", "needed")}
    assert file.path.exists()


def test_what_was_done_with_each_of_many_files_stays_in_the_list(world: World) -> None:
    first, needed, third = (holding(world, 3, name=name) for name in ("1", "2", "3"))
    make_job(world.team, training_file=needed, state=State.RUNNING)

    search = forgotten(world, searched(world))

    assert acts(search) == {"1": ("done", ""), "2": ("kept", "needed"), "3": ("done", "")}
    assert [file.path.exists() for file in (first, needed, third)] == [False, True, False]


def test_a_version_that_is_being_made_is_waited_for_two_seconds_at_a_time(world: World) -> None:
    holding(world, 3, name="a.jsonl")
    search = searched(world)
    forgetting.order(search, world.alice)

    with time_machine.travel(timezone.now(), tick=False):
        passages.work(Search.objects.get(pk=search.pk))

        assert Search.objects.get(pk=search.pk).due_at == timezone.now() + timedelta(seconds=2)


def test_changes_that_nobody_saved_keep_the_file(world: World) -> None:
    file = holding(world, 3, name="a.jsonl")
    DraftChange.objects.create(file=file, by=world.bob, line=1, content="")

    assert acts(forgotten(world, searched(world))) == {"a.jsonl": ("kept", "drafts")}
    assert file.path.exists()


def test_a_file_deleted_meanwhile_is_done(world: World) -> None:
    file = holding(world, 3, name="a.jsonl")
    search = searched(world)
    file.content.delete(save=False)
    TrainingFile.objects.update(deleted_at=timezone.now(), content="")

    assert acts(forgotten(world, search)) == {"a.jsonl": ("gone", "")}


def test_what_was_deleted_is_shown_without_its_words(world: World, login: Login) -> None:
    file = holding(world, 3)
    search = forgotten(world, searched(world))

    page = login(world.carol).get(world.url(f"search/{search.uuid}/"))

    [row] = page.context["rows"]
    assert (row.file, [one.excerpt for one in row.shown], row.version.parent_id) == (file, [None], file.pk)


def test_what_rows_of_deleted_files_tell_of_it_is_struck(world: World) -> None:
    sample = [[{"role": "user", "content": PASSAGE[:-1]}]]
    file = holding(world, 3, report={"ok": True, "sample": sample, "faults": [{"params": {"near": PASSAGE[:10]}}]})
    edits = {"changes": [{"line": 1, "content": HELD.decode()}, {"line": 2, "content": "눈"}]}
    old = make_file(world.team, deleted_at=timezone.now(), options=edits, report={"sample": [["눈이 왔다"]]})
    other = make_file(world.team, deleted_at=timezone.now(), report={"sample": [["눈이 왔다"]]})

    forgotten(world, searched(world))

    for row in (file, old, other):
        row.refresh_from_db()
    assert file.report == {"ok": True, "sample": [], "faults": [{"params": {"near": "–"}}]}
    assert old.options == {"changes": [{"line": 1, "content": "–"}, {"line": 2, "content": "눈"}]}
    assert (old.report, other.report) == ({"sample": []}, {"sample": [["눈이 왔다"]]})


def test_models_built_on_such_models_are_listed_too(world: World, login: Login) -> None:
    file = holding(world, 3)
    job = make_job(world.team, training_file=file, state=State.SUCCEEDED)
    model = make_tuned_model(job)
    further = make_job(world.team, base_model=model.name, state=State.SUCCEEDED)
    validated = make_job(world.team, validation_file=file, state=State.FAILED)

    page = login(world.carol).get(world.url(f"search/{searched(world).uuid}/"))

    assert {row.job: row.how for row in page.context["jobs"]} == {
        job: "trained",
        further: "further",
        validated: "validated",
    }


def test_copies_of_deleted_files_are_said_to_be_unknown(world: World, login: Login) -> None:
    gone = make_file(world.team, deleted_at=timezone.now())
    RemoteFile.objects.create(connection=world.connection, training_file=gone, remote_id="file-9")

    page = login(world.carol).get(world.url(f"search/{searched(world).uuid}/"))

    assert page.context["copies_unknown"] == 1


def test_a_search_is_in_no_archive_of_the_team(world: World, login: Login) -> None:
    searched(world, "이 낱말은 어디에도 없다")

    archive = b"".join(login(world.alice).post(world.url("team/export/")))

    assert "어디에도".encode() not in archive
    assert ContentFile(archive).size > 0
