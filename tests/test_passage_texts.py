""" "Where is this text?" and the team's own texts: a passage is found in them, and one of them in the files."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import AuditEntry, Chunk, RemoteFile, Search, SearchState, Source, SourceState, TrainingFile
from jobs.pipeline import forgetting, passages, searching, sources
from jobs.pipeline.turns import LEASE, Turn, TurnLostError
from jobs.run_states import ChunkState, RunState
from jobs.states import State
from jobs.training_data.searching import squeeze
from jobs.training_data.wording import RUN
from tests.conftest import World
from tests.factories import chat_lines, make_file, make_job, make_source, make_tuned_model
from tests.running_recipes import SUMMARY, long_text, make_run
from tests.test_passages import PASSAGE, acts, audited, counts, forgotten, holding, made, searched, turned
from tests.training_cases import answer, line, user

type Login = Callable[..., Client]
ESSAY = long_text(40)
NOTE = f"그해 겨울의 기록. 문의는 010-1234-5678로. {PASSAGE}. 눈이 오면 골목을 쓸었다."


def essay(world: World, **fields: Any) -> Source:
    return make_source(world.team, ESSAY, **{"name": "수필.txt", **fields})


def made_of(world: World, *at: int, name: str = "made.jsonl") -> TrainingFile:
    """A file of strangers' examples, those at these lines with a paragraph of the essay."""
    lines = chat_lines(12, word=f"눈{TrainingFile.objects.count()}-").splitlines()
    for number in at:
        part = ESSAY[number * 40 : number * 40 + 120]
        lines[number - 1] = line(user(f"{name} {number}"), answer(part)).encode()
    return make_file(world.team, b"\n".join(lines) + b"\n", name=name)


def searched_for(world: World, source: Source) -> Search:
    search = searching.order(world.team, world.alice, source=source)
    passages.work(search)
    return Search.objects.get(pk=search.pk)


def texts(search: Search, field: str = "act") -> dict[str, Any]:
    names = {str(source.uuid): source.name for source in Source.objects.all()}
    return {names[entry["source"]]: entry[field] for entry in search.texts}


def alive(world: World) -> list[str]:
    return sorted(Source.objects.alive().filter(team=world.team).values_list("name", flat=True))


# --- a passage in texts -----------------------------------------------------------------------------------


def test_a_passage_is_found_in_the_living_texts_of_the_team(world: World, login: Login) -> None:
    note = make_source(world.team, NOTE, name="기록.txt", uploaded_by=world.bob)
    make_source(world.team, name="남의 글.txt")
    make_source(world.team, f"{NOTE}!", name="지운 글.txt", deleted_at=timezone.now())
    make_source(world.mallory.ensure_team(), NOTE, name="다른 팀.txt")

    search = searched(world)

    assert (search.state, texts(search, "at")) == (
        SearchState.FOUND,
        {"기록.txt": len(NOTE.split("김철수")[0].encode())},
    )
    [row] = login(world.carol).get(world.url(f"search/{search.uuid}/")).context["texts"]
    assert (row.source, row.excerpt.found) == (note, PASSAGE)
    assert row.excerpt.before == "그해 겨울의 기록. 문의는 010-●●●●-●●●●로. "
    assert (
        search.done_bytes == search.total_bytes == sum(s.size for s in Source.objects.usable().filter(team=world.team))
    )


def test_texts_without_a_text_are_said_to_be_unsearched(world: World, login: Login) -> None:
    make_source(world.team, name="읽는 중.txt", state=SourceState.CHECKING)
    make_source(world.team, name="그림.pdf", kind="pdf", state=SourceState.INVALID)
    make_source(world.team, NOTE, name="잃은 글.txt").text_file.unlink()

    search = searched(world)

    assert texts(search, "why") == {"읽는 중.txt": "making", "그림.pdf": "unreadable", "잃은 글.txt": "missing"}
    page = login(world.carol).get(world.url(f"search/{search.uuid}/"))
    assert {row.source.name for row in page.context["unread_texts"]} == set(texts(search))


def test_a_killed_search_goes_on_at_the_text_it_was_at(world: World) -> None:
    file = holding(world, 1)
    first, second = (make_source(world.team, f"{NOTE} {n}", name=str(n)) for n in (1, 2))
    search = searching.order(world.team, world.alice, PASSAGE)
    done = [searching.entry(file, count=1, lines=[[1, 0]])]
    told = [searching.text_entry(first, at=66)]
    Search.objects.update(results=done, texts=told, last_file=file.pk, last_source=first.pk, done_bytes=3)

    passages.work(search)

    search.refresh_from_db()
    assert (len(search.results), list(texts(search))) == (1, ["1", "2"])
    assert search.done_bytes == file.size + first.size + second.size


def test_an_owner_deletes_the_texts_with_the_examples(world: World, login: Login) -> None:
    file = holding(world, 3, name="a.jsonl")
    note, other = make_source(world.team, NOTE, name="기록.txt"), make_source(world.team, name="남의 글.txt")
    run = make_run(world.team, note, recipe=SUMMARY, state=RunState.CANCELLED)
    piece = Chunk.objects.create(
        run=run, position=0, source=note, start=0, end=9, text=NOTE, answer="겨울", state=ChunkState.DONE
    )
    search, paths = searched(world), [note.path, note.text_file]

    login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"})
    search = forgotten(world, search)

    assert (acts(search), texts(search)) == ({"a.jsonl": ("done", "")}, {"기록.txt": "done"})
    assert [path.exists() for path in (*paths, file.path, other.path, other.text_file)] == [False] * 3 + [True] * 2
    piece.refresh_from_db()
    assert (piece.text, piece.answer, alive(world)) == ("", "", ["남의 글.txt"])
    [confirmed], [deleted], [ended] = (
        audited(f"{act}") for act in ("passage.confirmed", "source.deleted", "passage.forgotten")
    )
    assert confirmed.after == {"examples": 1, "files": 1, "texts": 1, "copies": 0, "models": 0}
    assert (deleted.actor, deleted.subject, deleted.subject_id) == (world.alice, "기록.txt", str(note.uuid))
    assert deleted.before == {"sha256": note.sha256, "size": note.size}
    assert ended.after == {"files": 1, "kept": 0, "texts": 1, "kept_texts": 0}
    assert "철수" not in json.dumps(list(AuditEntry.objects.values("before", "after")), ensure_ascii=False)
    again = searched(world)
    assert (again.hits, again.text_hits) == ([], [])


def test_a_text_that_could_not_be_searched_is_not_deleted(world: World) -> None:
    make_source(world.team, NOTE, name="기록.txt")
    make_source(world.team, name="그림.pdf", kind="pdf", state=SourceState.INVALID)

    search = forgotten(world, searched(world))

    assert texts(search) == {"기록.txt": "done", "그림.pdf": ""}
    assert alive(world) == ["그림.pdf"]


def test_where_only_texts_hold_it_their_number_confirms(world: World, login: Login) -> None:
    for name in ("기록.txt", "사본.txt"):
        make_source(world.team, f"{NOTE} {name}", name=name)
    search = searched(world)
    client, url = login(world.alice), world.url(f"search/{search.uuid}/")

    assert client.get(url).context["form"].texts_only
    for typed in ("0", "1", "", "둘"):
        refused = client.post(f"{url}forget/", {"examples": typed})
        assert (refused.status_code, len(refused.context["form"].errors["examples"])) == (422, 1)
        assert "examples" not in refused.context["form"].errors["examples"][0]
    assert client.post(f"{url}forget/", {"examples": "2"}).status_code == 302
    search = forgotten(world, search)

    assert (texts(search), alive(world)) == ({"기록.txt": "done", "사본.txt": "done"}, [])
    assert search.state == SearchState.FORGOTTEN
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("since", ["uploaded", "read", "read anew", "being read anew"])
def test_texts_that_came_since_are_searched_before_anything_goes(world: World, login: Login, since: str) -> None:
    note = make_source(world.team, NOTE, name="기록.txt")
    other = make_source(world.team, "깨진 글", name="다른 인코딩.txt")
    waiting = make_source(world.team, f"{NOTE}!", name="읽는 중.txt", state=SourceState.CHECKING)
    search = searched(world)
    assert not searching.is_behind(search)
    if since == "uploaded":
        make_source(world.team, name="새 글.txt")
    elif since == "read anew":
        other.read_at = timezone.now()
        other.save()
    elif since == "being read anew":
        other.state = SourceState.CHECKING
        other.save()
    else:
        waiting.text_path = note.text_path
        waiting.state = SourceState.READY
        waiting.save()

    answered = login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"})

    anew = Search.objects.exclude(pk=search.pk).get()
    assert answered.headers["Location"] == world.url(f"search/{anew.uuid}/")
    assert (anew.passage, anew.state, note.text_file.exists()) == (PASSAGE, SearchState.SEARCHING, True)


@pytest.mark.parametrize("state", [RunState.NEW, RunState.PAUSED])
def test_a_text_that_a_run_needs_stays_and_is_said(world: World, login: Login, state: RunState) -> None:
    note = make_source(world.team, NOTE, name="기록.txt")
    run = make_run(world.team, note, recipe=SUMMARY)
    type(run).objects.filter(pk=run.pk).update(state=state)
    make_source(world.team, f"{NOTE}!", name="사본.txt")

    search = forgotten(world, searched(world))

    assert (texts(search), texts(search, "why")["기록.txt"]) == ({"기록.txt": "kept", "사본.txt": "done"}, "needed")
    assert alive(world) == ["기록.txt"]
    assert audited("passage.forgotten")[0].after["kept_texts"] == 1
    assert len(login(world.carol).get(world.url(f"search/{search.uuid}/")).context["kept_texts"]) == 1

    type(run).objects.filter(pk=run.pk).update(state=RunState.CANCELLED)
    assert texts(forgotten(world, searched(world))) == {"기록.txt": "done"}


# --- a text in files --------------------------------------------------------------------------------------


def test_a_text_is_found_in_what_was_made_of_it(world: World, login: Login) -> None:
    source = essay(world)
    file = made_of(world, 2, 5)
    made_of(world, name="strangers.jsonl")
    job = make_job(world.team, training_file=file, state=State.SUCCEEDED)
    model = make_tuned_model(job)
    client = login(world.bob)

    answered = client.post(world.url("search/new/"), {"source": source.uuid})
    search = Search.objects.get()
    assert answered.headers["Location"] == world.url(f"search/{search.uuid}/")
    assert (search.passage, search.source, search.total_bytes) == (
        "",
        source,
        sum(f.size for f in TrainingFile.objects.all()),
    )
    passages.work(search)
    page = client.get(answered.headers["Location"])

    search.refresh_from_db()
    assert (counts(search), texts(search, "at")) == ({"made.jsonl": 2}, {"수필.txt": 0})
    [row] = page.context["rows"]
    assert [one.line for one in row.shown] == [2, 5]
    assert [one.excerpt.found in ESSAY for one in row.shown] == [True, True]
    assert [len(squeeze(one.excerpt.found)) >= RUN for one in row.shown] == [True, True]
    assert [one.model for one in page.context["jobs"][0].models] == [model]


def test_the_form_offers_texts_that_can_be_searched_for(world: World, login: Login) -> None:
    source = essay(world)
    make_source(world.team, name="읽는 중.txt", state=SourceState.CHECKING)
    theirs = make_source(world.mallory.ensure_team(), ESSAY)
    client, url = login(world.bob), world.url("search/new/")

    form = client.get(world.url("search/")).context["form"]
    assert list(form.fields["source"].widget.choices)[1:] == [(source.uuid, "수필.txt")]
    both = client.post(url, {"source": source.uuid, "passage": PASSAGE})
    foreign = client.post(url, {"source": theirs.uuid})
    neither = client.post(url, {"source": "", "passage": ""})

    assert [page.status_code for page in (both, foreign, neither)] == [422] * 3
    assert [list(page.context["form"].errors) for page in (both, foreign, neither)] == [
        ["source"],
        ["source"],
        ["passage"],
    ]
    assert not Search.objects.exists()


def test_the_page_of_a_text_has_the_button_for_those_who_may(world: World, login: Login) -> None:
    source = essay(world)
    url, action = world.url(f"sources/{source.uuid}/"), world.url("search/new/").encode()

    assert action in login(world.bob).get(url).content
    assert action not in login(world.carol).get(url).content
    Source.objects.update(state=SourceState.INVALID)
    assert action not in login(world.bob).get(url).content
    assert login(world.carol).post(world.url("search/new/"), {"source": source.uuid}).status_code == 403
    assert login(world.mallory).post(world.url("search/new/"), {"source": source.uuid}).status_code == 404


def test_a_search_for_a_text_ordered_twice_is_one_while_it_runs(world: World) -> None:
    first, second = essay(world), make_source(world.team, name="b.txt")
    orders = [searching.order(world.team, world.alice, source=source) for source in (first, first, second)]

    assert orders[0] == orders[1] != orders[2]


def test_an_owner_deletes_a_text_from_everything(world: World, login: Login) -> None:
    source, other = essay(world), make_source(world.team, f"{ESSAY} 끝.", name="사본.txt")
    file, untouched = made_of(world, 2, 5), made_of(world, name="strangers.jsonl")
    copy = RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-1")
    lines = file.path.read_bytes().splitlines(keepends=True)
    search, paths = searched_for(world, source), [source.path, source.text_file]

    login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "2"})
    search = forgotten(world, search)

    assert (acts(search), texts(search)) == ({"made.jsonl": ("done", "")}, {"수필.txt": "done"})
    version = TrainingFile.objects.alive().get(parent=file)
    assert version.path.read_bytes() == b"".join(lines[n] for n in range(12) if n not in (1, 4))
    assert [path.exists() for path in (*paths, file.path, untouched.path, other.path)] == [False] * 3 + [True] * 2
    copy.refresh_from_db()
    assert copy.delete_due_at
    assert [entry.subject for entry in audited("source.deleted")] == ["수필.txt"]
    assert login(world.carol).get(world.url(f"search/{search.uuid}/")).status_code == 200
    assert login(world.carol).get(world.url("search/")).status_code == 200
    assert counts(searched_for(world, other)) == {}


def test_a_text_in_no_file_can_be_deleted_too(world: World, login: Login) -> None:
    source = essay(world)
    search = searched_for(world, source)

    assert login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"}).status_code == 302

    assert (texts(forgotten(world, search)), alive(world)) == ({"수필.txt": "done"}, [])


def test_a_text_stays_while_a_file_does_that_holds_it(world: World) -> None:
    """It is what its examples are found by."""
    source, file = essay(world), made_of(world, 2)
    job = make_job(world.team, training_file=file, state=State.RUNNING)

    search = forgotten(world, searched_for(world, source))

    assert (acts(search), texts(search, "why")) == ({"made.jsonl": ("kept", "needed")}, {"수필.txt": "files"})
    assert (source.text_file.exists(), alive(world)) == (True, ["수필.txt"])
    type(job).objects.update(state=State.CANCELLED)
    assert texts(forgotten(world, searched_for(world, source))) == {"수필.txt": "done"}


# --- the text is deleted by someone else, or read anew -----------------------------------------------------


def remove(source: Source) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert sources.delete(source, lambda: None)


def test_a_text_deleted_before_its_search_is_said(world: World, login: Login) -> None:
    source = essay(world)
    made_of(world, 2)
    search = searching.order(world.team, world.alice, source=source)
    remove(source)

    passages.work(search)

    search.refresh_from_db()
    assert (search.state, search.due_at, search.results, search.to_confirm) == (SearchState.FOUND, None, [], 0)
    assert search.is_lost
    assert login(world.bob).get(world.url(f"search/{search.uuid}/")).status_code == 200


@pytest.mark.parametrize("how", ["deleted", "read anew"])
def test_nothing_is_deleted_by_a_text_that_is_not_as_it_was(world: World, login: Login, how: str) -> None:
    source, file = essay(world), made_of(world, 2)
    search = searched_for(world, source)
    if how == "deleted":
        remove(source)
    else:
        Source.objects.update(text_sha256="0" * 64)

    login(world.alice).post(world.url(f"search/{search.uuid}/forget/"), {"examples": "1"})

    search.refresh_from_db()
    assert (search.state, search.is_lost, file.path.exists()) == (SearchState.FOUND, True, True)


def test_a_text_deleted_in_the_middle_of_the_act_ends_it(world: World) -> None:
    source, file = essay(world), made_of(world, 2)
    search = searched_for(world, source)
    forgetting.order(search, world.alice)
    turned(search, made)
    remove(source)

    search = forgotten(world, search)

    assert (search.state, acts(search)) == (SearchState.FORGOTTEN, {"made.jsonl": ("kept", "lost")})
    assert (texts(search), file.path.exists()) == ({"수필.txt": "gone"}, True)


def test_a_worker_killed_in_the_middle_is_replaced_and_nothing_is_doubled(world: World) -> None:
    """At every write that the act makes, the worker dies right before it; the next one goes on."""
    source, file = essay(world), made_of(world, 2, 5)
    path = source.text_file
    search = searched_for(world, source)
    forgetting.order(search, world.alice)
    for kill in range(8):
        with time_machine.travel(timezone.now() + kill * LEASE * 2):
            turn = Turn(search)
            if turn.claim():
                turn.until = timezone.now() - LEASE
                with pytest.raises(TurnLostError), TestCase.captureOnCommitCallbacks(execute=True):
                    forgetting.forget(turn)
        with time_machine.travel(timezone.now() + kill * LEASE * 2 + LEASE * 1.5):
            turned(search, made)

    search.refresh_from_db()
    assert search.state == SearchState.FORGOTTEN
    assert (file.versions.count(), file.path.exists(), path.exists(), alive(world)) == (1, False, False, [])
    told = [entry.action for entry in audited("file.reduced", "file.deleted", "source.deleted", "passage.forgotten")]
    assert told == ["file.reduced", "file.deleted", "source.deleted", "passage.forgotten"]


def test_a_worker_killed_after_the_text_went_ends_the_act(world: World) -> None:
    source = essay(world)
    search = searched_for(world, source)
    forgetting.order(search, world.alice)
    remove(source)

    passages.work(search)

    search.refresh_from_db()
    assert (search.state, texts(search)) == (SearchState.FORGOTTEN, {"수필.txt": "gone"})


# --- its pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
def test_the_pages_have_a_constant_query_count(world: World, login: Login, whole: bool) -> None:
    client, source = login(world.bob), essay(world)

    def queries() -> list[int]:
        search = searched_for(world, source) if whole else searched(world)
        told = []
        for url in (world.url(f"search/{search.uuid}/"), world.url("search/")):
            with CaptureQueriesContext(database) as captured:
                assert client.get(url).status_code == 200
            told.append(len(captured))
        return told

    def more() -> None:
        made_of(world, 2, name=f"{TrainingFile.objects.count()}.jsonl")
        make_source(world.team, f"{NOTE} {Source.objects.count()}")
        make_source(world.team, state=SourceState.INVALID)
        holding(world, 1)

    more()
    before = queries()
    for _ in range(3):
        more()

    assert queries() == before


def test_a_deleted_text_is_shown_without_its_words(world: World, login: Login) -> None:
    make_source(world.team, NOTE, name="기록.txt")
    search = forgotten(world, searched(world))

    [row] = login(world.carol).get(world.url(f"search/{search.uuid}/")).context["texts"]

    assert (row.source.name, row.excerpt) == ("기록.txt", None)
