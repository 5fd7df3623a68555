"""Mending examples: drafts of one person's changes, and the version that is made of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import AuditEntry, DraftChange, FileFormat, FileState, Origin, TrainingFile
from jobs.pipeline import checking, drafting
from jobs.training_data.editing import Change, apply_changes, assembled, slots
from tests.conftest import World
from tests.factories import chat_lines, make_file

type Login = Callable[..., Client]

SAME_FOLDER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def address(file: TrainingFile, name: str = "file-draft", query: str = "") -> str:
    return reverse(name, args=[file.team.slug, file.uuid]) + query


def chat(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]}


def as_line(example: dict[str, Any]) -> str:
    return json.dumps(example, ensure_ascii=False, separators=(",", ":"))


def texts(key: str, *contents: str, part: str = "messages", **more: str) -> dict[str, Any]:
    """What the form of texts sends."""
    roles = [("user", "assistant")[n % 2] for n in range(len(contents))]
    return {"key": key, "part": [part] * len(contents), "role": roles, "content": list(contents), **more}


def drafts(file: TrainingFile) -> list[tuple[str, int | None, str]]:
    rows = DraftChange.objects.filter(file=file).order_by("pk").select_related("by")
    return [(draft.by.username, draft.line, draft.content) for draft in rows]


def made(file: TrainingFile, **filters: Any) -> TrainingFile:
    """The version, once the worker has made and checked it."""
    version = file.versions.get(**filters)
    checking.check(version)
    version.refresh_from_db()
    return version


@pytest.fixture
def file(world: World) -> TrainingFile:
    return make_file(world.team, chat_lines(30))


# --- drafts -----------------------------------------------------------------------------------------------


def test_an_example_is_changed_deleted_and_added(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)

    bob.post(address(file), texts("2", "새 질문", "새 답"))
    bob.post(address(file, "file-draft-delete"), {"key": "5"})
    answer = bob.post(address(file), texts("new", "더", "하나"))

    added = DraftChange.objects.get(file=file, line=None)
    assert answer.headers["Location"] == f"{address(file, 'file-examples')}#line-d{added.pk}"
    assert drafts(file) == [
        ("bob", 2, as_line(chat("새 질문", "새 답"))),
        ("bob", 5, ""),
        ("bob", None, as_line(chat("더", "하나"))),
    ]


def test_a_draft_is_changed_again_and_taken_back(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    bob.post(address(file), texts("2", "하나", "둘"))
    bob.post(address(file), texts("new", "셋", "넷"))
    added = DraftChange.objects.get(line=None)

    bob.post(address(file), texts("2", "하나 더", "둘 더"))
    bob.post(address(file), texts(f"d{added.pk}", "셋 더", "넷 더"))
    assert drafts(file) == [
        ("bob", 2, as_line(chat("하나 더", "둘 더"))),
        ("bob", None, as_line(chat("셋 더", "넷 더"))),
    ]

    bob.post(address(file, "file-draft-restore"), {"key": "2"})
    bob.post(address(file, "file-draft-delete"), {"key": f"d{added.pk}"})
    assert drafts(file) == []


def test_a_change_kept_in_another_window_is_not_overwritten_unawares(
    world: World, login: Login, file: TrainingFile
) -> None:
    bob = login(world.bob)
    opened = bob.get(address(file, "file-examples", "?edit=2")).context["form"].opened

    bob.post(address(file), texts("2", "새 질문", "첫째 창", opened=opened))
    again = bob.post(address(file), texts("2", "새 질문", "첫째 창", opened=opened))  # a second click
    refused = bob.post(address(file), texts("2", "새 질문", "둘째 창", opened=opened))
    kept = drafts(file)
    bob.post(address(file), texts("2", "새 질문", "둘째 창", opened=refused.context["form"].opened))

    assert [again.status_code, refused.status_code] == [302, 422]
    assert "was changed in another window" in refused.text
    assert "둘째 창" in refused.text
    assert kept == [("bob", 2, as_line(chat("새 질문", "첫째 창")))]
    assert drafts(file) == [("bob", 2, as_line(chat("새 질문", "둘째 창")))]


def test_what_is_as_it_was_is_no_change(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    first = json.loads(chat_lines(1))
    bob.post(address(file), texts("1", "다른", "말"))

    bob.post(address(file), {"key": "1", "raw": json.dumps(first, indent=4)})

    assert drafts(file) == []


def test_the_line_breaks_of_a_browser_change_nothing(world: World, login: Login) -> None:
    lines = [chat("하나\r\n둘", "셋\n넷"), chat("다섯\r여섯", "일곱")]
    file = make_file(world.team, "".join(as_line(line) + "\n" for line in lines).encode())
    bob = login(world.bob)

    bob.post(address(file), texts("1", "하나\r\n둘", "셋\r\n넷"))
    bob.post(address(file), texts("2", "다섯\r\n여섯", "일곱\r\n여덟"))

    assert drafts(file) == [("bob", 2, as_line(chat("다섯\r여섯", "일곱\n여덟")))]


def test_two_people_do_not_meet(world: World, login: Login, file: TrainingFile) -> None:
    alice, bob = login(world.alice), login(world.bob)

    alice.post(address(file), texts("2", "앨리스", "답"))
    bob.post(address(file), texts("2", "밥", "답"))
    alice.post(address(file, "file-drafts-discard"))

    assert drafts(file) == [("bob", 2, as_line(chat("밥", "답")))]
    assert "앨리스" not in bob.get(address(file, "file-examples")).content.decode()


def test_the_page_shows_ones_changes(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    bob.post(address(file), texts("2", "바꾼 질문", "바꾼 답"))
    bob.post(address(file, "file-draft-delete"), {"key": "5"})
    bob.post(address(file), texts("new", "더한 질문", "더한 답"))

    first, last, changes = (
        bob.get(address(file, "file-examples", query)).content.decode() for query in ("", "?page=2", "?show=changes")
    )

    assert "3 changes" in first
    assert "바꾼 답" in first
    assert "example-deleted" in first
    assert "더한 답" not in first
    assert "더한 답" in last
    assert [word in changes for word in ("바꾼 답", "example-deleted", "더한 답")] == [True] * 3
    assert (
        "change"
        not in login(world.carol).get(address(file, "file-examples")).content.decode().split("draft-bar")[1][:9]
    )


def test_back_to_where_one_was(world: World, login: Login, file: TrainingFile) -> None:
    answer = login(world.bob).post(address(file, query="?page=2&q=눈&edit=25&mode=json"), texts("25", "하나", "둘"))

    assert answer.headers["Location"] == f"{address(file, 'file-examples')}?page=2&q=%EB%88%88#line-25"


# --- the form ---------------------------------------------------------------------------------------------


def test_plain_examples_open_as_texts_and_special_ones_as_json(world: World, login: Login) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    special = {"messages": [{"role": "user", "content": "눈"}, {"role": "assistant", "tool_calls": [call]}]}
    file = make_file(world.team, f"{as_line(chat('하나', '둘'))}\n{as_line(special)}\n".encode())
    bob = login(world.bob)

    plain, odd, asked = (
        bob.get(address(file, "file-examples", f"?edit={edit}")).content.decode() for edit in ("1", "2", "1&mode=json")
    )

    assert (plain.count('name="content"'), plain.count('name="raw"')) == (2, 0)
    assert (odd.count('name="content"'), odd.count('name="raw"')) == (0, 1)
    assert "tool_calls" in odd
    assert (asked.count('name="content"'), asked.count('name="raw"')) == (0, 1)


@pytest.mark.parametrize(
    ("act", "contents"),
    [("add-messages", 3), ("remove-0", 1), ("remove-99", 2), ("json", 0), ("nonsense", None), ("remove-x", None)],
)
def test_buttons_of_the_form_change_the_form_alone(
    world: World, login: Login, file: TrainingFile, act: str, contents: int | None
) -> None:
    answer = login(world.bob).post(address(file), texts("1", "하나", "둘", act=act))

    if contents is None:  # not one of its buttons: that saves
        assert answer.status_code == 302
    else:
        page = answer.content.decode()
        assert (answer.status_code, page.count('name="content"'), drafts(file)) == (200, contents, [])


def test_json_goes_back_to_texts(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)

    good = bob.post(address(file), {"key": "1", "raw": as_line(chat("하나", "둘")), "act": "texts"})
    bad = bob.post(address(file), {"key": "1", "raw": "{broken", "act": "texts"})

    assert good.content.decode().count('name="content"') == 2
    assert (bad.status_code, bad.content.decode().count('name="raw"')) == (422, 1)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (texts("1", "하나", ""), "Message 2 has no content."),
        (texts("1", "하나", "둘\0"), "There is a NUL character in the text."),
        (texts("1", "하나"), "There is no assistant message"),
        (texts("1"), "“messages” is empty."),
        ({"key": "1"}, "“messages” is empty."),
        ({"key": "new", "raw": "{broken"}, "broken"),
        ({"key": "1", "raw": ""}, "The line is empty."),
        ({"key": "1", "raw": "[]"}, "a list"),
        ({"key": "1", "raw": '{"messages": [], "messages": []}'}, "messages"),
        ({"key": "1", "raw": '{"prompt": "a", "completion": "b"}'}, "Formats are mixed."),
        ({"key": "1", "raw": "[" * 5000}, "["),
        ({"key": "1", "raw": as_line(chat("눈", "가" * 400_000))}, "The example is larger than 1 MB."),
    ],
)
def test_a_faulty_change_is_shown_with_its_remedy(
    world: World, login: Login, file: TrainingFile, sent: dict[str, Any], said: str
) -> None:
    answer = login(world.bob).post(address(file), sent)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert drafts(file) == []


def test_a_faulty_line_is_mended(world: World, login: Login) -> None:
    lines = chat_lines(12) + b"\xc7\xd1\xb1\xdb\n" + chat_lines(12, word="비")
    file = make_file(world.team, lines, state=FileState.INVALID)
    bob = login(world.bob)

    opened = bob.get(address(file, "file-examples", "?edit=13")).content.decode()
    bob.post(address(file), {"key": "13", "raw": as_line(chat("눈", "한글"))})
    bob.post(address(file, "file-drafts-save"))

    assert 'name="raw"' in opened
    assert (made(file).state, made(file).examples) == (FileState.READY, 25)


def test_a_pair_of_answers_opens_as_texts() -> None:
    example = {
        "input": {"messages": [{"role": "user", "content": "눈?"}]},
        "preferred_output": [{"role": "assistant", "content": "함박눈"}],
        "non_preferred_output": [{"role": "assistant", "content": "몰라"}],
    }

    given = slots(example)

    assert given is not None
    assert [slot.part for slot in given] == ["input", "preferred_output", "non_preferred_output"]
    assert assembled(given) == example


@pytest.mark.parametrize("query", ["edit=99", "edit=x", "edit=d77", "edit=0", f"edit={'9' * 5000}", "edit=-1"])
def test_nothing_opens_where_there_is_nothing(world: World, login: Login, file: TrainingFile, query: str) -> None:
    answer = login(world.bob).get(address(file, "file-examples", f"?{query}"))

    assert answer.status_code == 200
    assert "Keep the change" not in answer.content.decode()


# --- who and when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["file-draft", "file-draft-delete", "file-draft-restore", "file-drafts-save"])
def test_who_may_not_change_anything(world: World, login: Login, file: TrainingFile, name: str) -> None:
    sent = texts("1", "하나", "둘")

    answers = [login(person).post(address(file, name), sent).status_code for person in (world.carol, world.mallory)]

    assert answers == [403, 404]
    assert drafts(file) == []


def test_a_line_out_of_range_is_no_example(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)

    assert bob.post(address(file), texts("31", "하나", "둘")).status_code == 404
    assert bob.post(address(file, "file-draft-delete"), {"key": "31"}).status_code == 404
    assert bob.post(address(file, "file-draft-restore"), {"key": "31"}).status_code == 302
    assert bob.post(address(file, "file-draft-restore"), {}).status_code == 302
    assert drafts(file) == []


def test_an_added_example_that_is_gone_is_added_anew(world: World, login: Login, file: TrainingFile) -> None:
    """Another tab saved or discarded it: the work in this one is not lost."""
    bob = login(world.bob)

    answer = bob.post(address(file), texts("d4711", "하나", "둘"))

    assert answer.status_code == 302
    assert drafts(file) == [("bob", None, as_line(chat("하나", "둘")))]


def test_anothers_draft_is_out_of_reach(world: World, login: Login, file: TrainingFile) -> None:
    login(world.alice).post(address(file), texts("new", "앨리스", "답"))
    hers = DraftChange.objects.get()
    bob = login(world.bob)

    opened = bob.get(address(file, "file-examples", f"?edit=d{hers.pk}"))
    bob.post(address(file, "file-draft-delete"), {"key": f"d{hers.pk}"})
    bob.post(address(file, "file-draft-restore"), {"key": f"d{hers.pk}"})
    bob.post(address(file), texts(f"d{hers.pk}", "밥", "답"))

    assert "앨리스" not in opened.content.decode()
    assert drafts(file) == [("alice", None, as_line(chat("앨리스", "답"))), ("bob", None, as_line(chat("밥", "답")))]


def test_a_deleted_file_says_so_to_who_drafted(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    bob.post(address(file), texts("1", "하나", "둘"))
    login(world.alice).post(address(file, "file-delete"))

    pages = [
        bob.post(address(file), texts("2", "셋", "넷")),
        bob.post(address(file, "file-drafts-save")),
        bob.get(address(file, "file-examples")),
    ]
    assert [page.status_code for page in pages] == [410, 410, 410]
    assert all("1 change of yours" in page.content.decode() for page in pages)

    bob.post(address(file, "file-drafts-discard"))
    assert (drafts(file), TrainingFile.objects.filter(parent=file).count()) == ([], 0)


def test_a_file_that_is_being_checked_waits(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(30), state=FileState.CHECKING)
    bob = login(world.bob)

    answer = bob.post(address(file), texts("1", "하나", "둘"), follow=True)

    assert "The file is still being checked." in answer.content.decode()
    assert "Keep the change" not in bob.get(address(file, "file-examples", "?edit=1")).content.decode()
    assert drafts(file) == []


# --- versions ---------------------------------------------------------------------------------------------


def test_changes_become_a_version(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    bob.post(address(file), texts("2", "새 질문", "새 답"))
    bob.post(address(file, "file-draft-delete"), {"key": "5"})
    bob.post(address(file), texts("new", "더", "하나"))

    answer = bob.post(address(file, "file-drafts-save"))

    version = made(file)
    before = file.path.read_bytes().splitlines(keepends=True)
    after = [*before[:1], as_line(chat("새 질문", "새 답")).encode() + b"\n", *before[2:4], *before[5:]]
    after.append(as_line(chat("더", "하나")).encode() + b"\n")
    assert answer.headers["Location"] == reverse("file-detail", args=[world.team.slug, version.uuid])
    assert version.path.read_bytes() == b"".join(after)
    assert (version.origin, version.name, version.state, version.uploaded_by, version.examples) == (
        Origin.EDITED,
        "winter-edited.jsonl",
        FileState.READY,
        world.bob,
        30,
    )
    assert version.options == {
        "changes": [[2, as_line(chat("새 질문", "새 답"))], [5, None], [None, as_line(chat("더", "하나"))]]
    }
    assert drafts(file) == []
    entry = AuditEntry.objects.get(action="file.edited")
    assert (entry.actor, entry.subject_id) == (world.bob, str(version.uuid))
    assert entry.after == {"file": "winter-edited.jsonl", "changes": 3}


def test_a_second_click_and_a_second_tab_find_the_same_version(world: World, login: Login, file: TrainingFile) -> None:
    bob, other_tab = login(world.bob), login(world.bob)
    bob.post(address(file), texts("2", "새 질문", "새 답"))

    answers = [tab.post(address(file, "file-drafts-save")) for tab in (bob, other_tab, bob)]

    where = reverse("file-detail", args=[world.team.slug, file.versions.get().uuid])
    assert [answer.headers["Location"] for answer in answers] == [where] * 3
    assert AuditEntry.objects.filter(action="file.edited").count() == 1


def test_the_same_changes_again_are_the_same_version(world: World, login: Login, file: TrainingFile) -> None:
    for _turn in range(2):
        login(world.bob).post(address(file), texts("2", "새 질문", "새 답"))
        login(world.bob).post(address(file, "file-drafts-save"))

    assert (file.versions.count(), drafts(file)) == (1, [])


def test_the_name_of_a_version_counts(world: World) -> None:
    names = ["essays.jsonl", "essays-edited.jsonl", "essays-edited-2.jsonl", "표.xlsx", "-edited.jsonl"]

    assert [drafting.version_name(name) for name in names] == [
        "essays-edited.jsonl",
        "essays-edited-2.jsonl",
        "essays-edited-3.jsonl",
        "표-edited.jsonl",
        "-edited-edited.jsonl",
    ]


def test_a_deleted_version_forgets_what_the_changes_said(world: World, login: Login, file: TrainingFile) -> None:
    bob = login(world.bob)
    bob.post(address(file), texts("2", "비밀 질문", "비밀 답"))
    bob.post(address(file, "file-draft-delete"), {"key": "5"})
    bob.post(address(file, "file-drafts-save"))
    version = made(file)

    bob.post(address(version, "file-delete"))

    version.refresh_from_db()
    assert (version.content.name, version.options) == ("", {"changes": [[2, ""], [5, None]]})


def test_what_is_hidden_on_the_page_is_open_in_the_form(world: World, login: Login) -> None:
    """A masked text must never become the example."""
    true = chat("번호?", "010-1234-5678")
    file = make_file(world.team, f"{as_line(true)}\n".encode() * 12)
    bob = login(world.bob)

    shown, texts_, raw = (
        bob.get(address(file, "file-examples", query)).content.decode()
        for query in ("?line=2", "?edit=2", "?edit=2&mode=json")
    )
    bob.post(address(file), texts("2", "번호?", "010-1234-5678"))

    assert "010-1234-5678" not in shown
    assert (texts_.count("010-1234-5678"), raw.count("010-1234-5678")) == (1, 1)
    assert drafts(file) == []


def test_saving_nothing_says_so(world: World, login: Login, file: TrainingFile) -> None:
    answer = login(world.bob).post(address(file, "file-drafts-save"), follow=True)

    assert "There are no changes to save." in answer.content.decode()
    assert file.versions.count() == 0


def test_a_version_holds_so_many_changes_and_no_more(world: World, login: Login, file: TrainingFile) -> None:
    rows = [DraftChange(file=file, by=world.bob, content="{}", size=2) for _n in range(drafting.MOST_CHANGES)]
    DraftChange.objects.bulk_create(rows)
    bob = login(world.bob)

    refused = bob.post(address(file), texts("1", "하나", "둘"))
    deleted = bob.post(address(file, "file-draft-delete"), {"key": "1"}, follow=True)
    again = bob.post(address(file), texts(f"d{rows[0].pk or DraftChange.objects.earliest('pk').pk}", "하나", "둘"))

    assert refused.status_code == 422
    assert "A version can hold at most 1000 changes and 5 MB of them." in refused.content.decode()
    assert "A version can hold at most 1000 changes" in deleted.content.decode()
    assert again.status_code == 302
    assert DraftChange.objects.count() == drafting.MOST_CHANGES


def test_changes_of_5_mb_are_enough(world: World, file: TrainingFile) -> None:
    DraftChange.objects.create(file=file, by=world.bob, line=1, content="x", size=drafting.MOST_BYTES - 10)

    drafting.put(file, world.bob, 2, "x" * 10)
    with pytest.raises(drafting.TooManyError):
        drafting.put(file, world.bob, 3, "x")
    drafting.put(file, world.bob, 1, "x")
    drafting.put(file, world.bob, 3, "x")

    assert [draft[1] for draft in drafts(file)] == [1, 2, 3]


def test_legacy_pairs_are_edited_as_pairs(world: World, login: Login) -> None:
    pair = as_line({"prompt": "눈", "completion": "비"})
    file = make_file(world.team, f"{pair}\n".encode() * 12, format=FileFormat.LEGACY)
    sent = {"key": "2", "part": ["prompt", "completion"], "role": ["user", "assistant"], "content": ["눈", "함박눈"]}

    login(world.bob).post(address(file), sent)

    assert drafts(file) == [("bob", 2, as_line({"prompt": "눈", "completion": "함박눈"}))]


def applied(folder: Path, before: bytes, changes: list[Change]) -> bytes:
    source, target = folder / "before.jsonl", folder / "after.jsonl"
    source.write_bytes(before)
    apply_changes(source, target, changes, lambda: None)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        (b"a\nb\nc\n", [(2, "x")], b"a\nx\nc\n"),
        (b"a\r\nb\r\nc", [(2, "x"), (3, "y")], b"a\r\nx\r\ny"),
        (b"a\nb\nc", [(3, None)], b"a\nb\n"),
        (b"a\nb", [(None, "x")], b"a\nb\nx\n"),
        (b"a\nb\n", [(None, "x"), (None, "y")], b"a\nb\nx\ny\n"),
        (b"a\n", [(1, None), (None, "x")], b"x\n"),
        (b"a\n", [(1, None)], b""),
        (b"", [(None, "x")], b"x\n"),
        (b"\xef\xbb\xbfa\nb\n", [(1, "x")], b"x\nb\n"),
        (b"a\nb\n", [(7, "x")], b"a\nb\n"),
        (b"a\n" + b"b" * 3_000_000 + b"\nc\n", [(2, "x")], b"a\nx\nc\n"),
        (b"a\n" + b"b" * 3_000_000 + b"\nc\n", [(3, "x")], b"a\n" + b"b" * 3_000_000 + b"\nx\n"),
    ],
)
def test_changes_of_lines(tmp_path: Path, before: bytes, changes: list[Change], after: bytes) -> None:
    assert applied(tmp_path, before, changes) == after


@SAME_FOLDER
@given(
    st.lists(st.sampled_from([b"a", b"{}", b"\xea\xb0\x80", b""]), max_size=12),
    st.dictionaries(st.integers(1, 12), st.none() | st.just("x"), max_size=6),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_what_is_not_changed_stays_byte_by_byte(
    tmp_path: Path, given_lines: list[bytes], changes: dict[int, str | None], end: bytes
) -> None:
    before = b"".join(line + end for line in given_lines)

    after = applied(tmp_path, before, list(changes.items()))

    wanted = [changes.get(number, line) for number, line in enumerate(given_lines, 1)]
    assert after == b"".join(
        (line.encode() if isinstance(line, str) else line) + end for line in wanted if line is not None
    )
