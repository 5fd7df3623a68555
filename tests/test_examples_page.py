"""The examples of a file, page by page: by number, by words, by finding; faulty lines too."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.models import FileFormat, FileState, Team, TrainingFile
from jobs.training_data import browsing
from jobs.training_data.browsing import Bounds, Found
from jobs.training_data.indexing import Index, index_path
from tests.conftest import World
from tests.factories import chat_lines, make_file

type Login = Callable[..., Client]


def url(file: TrainingFile, query: str = "") -> str:
    return reverse("file-examples", args=[file.team.slug, file.uuid]) + (f"?{query}" if query else "")


def headings(page: Any) -> list[str]:
    return [found.strip() for found in re.findall(r"<h2>\s*(Line [\d,]+|Added)\s*</h2>", page.content.decode())]


def numbers(first: int, last: int) -> list[str]:
    return [f"Line {number}" for number in range(first, last + 1)]


def line(*texts: str) -> str:
    roles = ("user", "assistant")
    told = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    return json.dumps({"messages": told}, ensure_ascii=False)


# --- pages ------------------------------------------------------------------------------------------------


def test_a_viewer_pages_through_the_examples(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(45))
    carol = login(world.carol)

    pages = [carol.get(url(file, f"page={page}")) for page in (1, 2, 3)]

    assert [headings(page) for page in pages] == [numbers(1, 20), numbers(21, 40), numbers(41, 45)]
    assert "44번째 골목에" in pages[2].content.decode()
    assert "Edit" not in pages[0].content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 5000])
def test_a_page_that_is_not_there_shows_one_that_is(world: World, login: Login, page: str) -> None:
    file = make_file(world.team, chat_lines(25))

    answer = login(world.carol).get(url(file, f"page={page}"))

    assert answer.status_code == 200
    assert headings(answer) == (numbers(21, 25) if page == "99" else numbers(1, 20))


def test_jumping_to_a_line_opens_its_page(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(45))

    answer = login(world.carol).get(url(file, "line=33"))

    assert headings(answer) == numbers(21, 40)


def test_a_line_that_is_not_there_is_named(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(45))

    answer = login(world.carol).get(url(file, "line=46"))

    assert answer.status_code == 404
    assert headings(answer) == numbers(41, 45)
    assert "There is no line 46: the file has 45." in answer.content.decode()


def test_the_queries_are_as_many_for_any_page(world: World, login: Login) -> None:
    short, long = make_file(world.team, chat_lines(3)), make_file(world.team, chat_lines(400))
    alice = login(world.alice)
    alice.get(url(short))

    with CaptureQueriesContext(connection) as few:
        alice.get(url(short))
    with CaptureQueriesContext(connection) as many:
        alice.get(url(long, "page=15"))

    assert len(few) == len(many)


def test_a_file_without_an_index_gets_one(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(25))

    login(world.carol).get(url(file))

    assert index_path(file.path).stat().st_size == 8 * 26


def test_strangers_find_nothing(world: World, login: Login) -> None:
    file = make_file(world.team)

    assert login(world.mallory).get(url(file)).status_code == 404


def test_a_deleted_file_leaves_nothing_beside_its_bytes(
    world: World, login: Login, django_capture_on_commit_callbacks: Any
) -> None:
    file = make_file(world.team, chat_lines(25))
    alice = login(world.alice)
    alice.get(url(file))
    folder = file.path.parent
    file.path.with_suffix(".findings").write_text("{}")

    with django_capture_on_commit_callbacks(execute=True):
        alice.post(reverse("file-delete", args=[world.team.slug, file.uuid]))

    assert alice.get(url(file)).status_code == 410
    assert list(folder.iterdir()) == []


def test_a_version_that_is_not_made_yet_has_none(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(25), state=FileState.CHECKING)
    TrainingFile.objects.filter(pk=file.pk).update(content="")

    assert login(world.alice).get(url(file)).status_code == 410


# --- what lines look like -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xc7\xd1\xb1\xdb", "CP949"),
        (b"{broken", "JSON"),
        (b"", "The line is empty."),
        (b'{"messages": [{"role": "user", "content": "a\\u0000b"}]}', "NUL"),
        (b'{"prompt": "a", "completion": "b"}', "Formats are mixed."),
        (b"null", "{"),
        (b"<script>alert(1)</script>", "&lt;script&gt;"),
    ],
)
def test_a_line_that_is_no_example_is_shown_with_its_fault(
    world: World, login: Login, content: bytes, said: str
) -> None:
    file = make_file(world.team, chat_lines(2) + content + b"\n" + chat_lines(2), state=FileState.INVALID)

    answer = login(world.alice).get(url(file))

    assert answer.status_code == 200
    assert headings(answer) == numbers(1, 5)
    assert said in answer.content.decode()


def test_a_line_of_8_mb_is_shown_by_its_beginning(world: World, login: Login) -> None:
    huge = line("눈", "긴 글 " * 800_000).encode()
    file = make_file(world.team, chat_lines(3) + huge + b"\n")

    answer = login(world.alice).get(url(file, "line=4&edit=4"))

    assert headings(answer) == numbers(1, 4)
    assert len(answer.content) < 200_000
    assert "This example is larger than 1 MB." in answer.content.decode()


def test_a_line_longer_than_a_line_may_be_is_a_fault(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(1) + b"x" * (9 * 1024 * 1024) + b"\n" + chat_lines(1))

    answer = login(world.carol).get(url(file))

    assert headings(answer) == numbers(1, 3)
    assert "The line is longer than 8 MB." in answer.content.decode()


def test_legacy_pairs_read_as_a_chat(world: World, login: Login) -> None:
    pair = json.dumps({"prompt": "눈, 골목", "completion": "눈이 내렸다."}, ensure_ascii=False).encode()
    file = make_file(world.team, (pair + b"\n") * 2, format=FileFormat.LEGACY)

    page = login(world.carol).get(url(file)).content.decode()

    assert page.count('<div class="bubble-text">눈이 내렸다.</div>') == 2


# --- search -----------------------------------------------------------------------------------------------


def searched(folder: Any, content: str | bytes, words: str, first: int = 1, most: int = 20, **bounds: float) -> Found:
    path = folder / "file.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    index_path(path).unlink(missing_ok=True)
    with Index(path) as index:
        return browsing.search(index, words, first, most, Bounds(**bounds))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("골목", "눈 오는 골목"),
        ("HELLO", "say hello"),
        ("hello", "say HELLO"),
        ("école", "ÉCOLE"),
        ("a/b", "see a/b"),
        ('say "hi"', 'they say "hi" to'),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("줄\n바꿈", "줄\n바꿈"),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_words_are_found_however_they_are_written(tmp_path: Any, words: str, text: str, *, ascii_only: bool) -> None:
    other = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    hit = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": text}]}
    content = "\n".join(json.dumps(each, ensure_ascii=ascii_only) for each in (other, hit, other))

    assert searched(tmp_path, content, words) == Found([2], 3, None)


def test_a_slash_that_another_tool_escaped_is_found(tmp_path: Any) -> None:
    assert searched(tmp_path, '{"prompt": "a\\/b", "completion": "c"}', "a/b").lines == [1]


def test_keys_and_roles_are_no_texts(tmp_path: Any) -> None:
    content = f"{line('눈', '비')}\n{line('the user said', 'content')}\n"

    assert searched(tmp_path, content, "user").lines == [2]
    assert searched(tmp_path, content, "content").lines == [2]
    assert searched(tmp_path, content, "messages").lines == []


def test_faulty_lines_are_searched_too(tmp_path: Any) -> None:
    assert searched(tmp_path, f"{line('눈', '비')}\n{{broken 골목\n", "골목").lines == [2]


def test_a_search_that_stops_says_where_to_go_on(tmp_path: Any) -> None:
    content = "".join(f"{line('눈', str(n))}\n" for n in range(50))

    assert searched(tmp_path, content, "눈", most=20) == Found(list(range(1, 21)), 20, 21)
    assert searched(tmp_path, content, "눈", first=41, most=20) == Found(list(range(41, 51)), 50, None)
    assert searched(tmp_path, content, "없다", bytes=500) == Found([], 6, 7)
    assert searched(tmp_path, content, "없다", seconds=-1.0) == Found([], 1, 2)
    assert searched(tmp_path, content, "눈", first=51) == Found([], 50, None)


def test_the_search_of_the_page_goes_on(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(45))
    carol = login(world.carol)

    first, second = carol.get(url(file, "q=골목")), carol.get(url(file, "q=골목&from=21"))
    none = carol.get(url(file, "q=바다"))

    assert headings(first) == numbers(1, 20)
    assert "0번째 <mark>골목</mark>에" in first.content.decode()
    assert "from=21" in first.content.decode()
    assert headings(second) == numbers(21, 40)
    assert headings(none) == []
    assert "No text holds these words: 바다" in none.content.decode()


# --- findings ---------------------------------------------------------------------------------------------


def test_only_the_lines_of_a_finding(world: World, login: Login) -> None:
    file = make_file(world.team, chat_lines(45), report=found_in({"short_answers": [3, 9]}))
    file.path.with_suffix(".findings").write_text(json.dumps({"short_answers": [3, 9, 40, 46]}))
    carol = login(world.carol)

    everything, found, other = (
        carol.get(url(file, query)) for query in ("", "finding=short_answers", "finding=nonsense")
    )

    assert "Answers of fewer than five characters, where most are long\n            (2)" in everything.content.decode()
    assert headings(found) == ["Line 3", "Line 9", "Line 40"]
    assert headings(other) == []


def test_jumping_to_a_line_of_a_finding(world: World, login: Login) -> None:
    """The report links to them so."""
    file = make_file(world.team, chat_lines(60), report=found_in({"short_answers": list(range(1, 60, 2))}))
    carol = login(world.carol)

    first, second, between = (carol.get(url(file, f"finding=short_answers&line={line}")) for line in (39, 41, 42))

    assert headings(first) == [f"Line {line}" for line in range(1, 40, 2)]
    assert headings(second) == headings(between) == [f"Line {line}" for line in range(41, 60, 2)]


def test_a_team_that_does_not_look_for_personal_data_sees_all(world: World, login: Login) -> None:
    told = line("번호?", "010-1234-5678")
    file = make_file(world.team, f"{told}\n".encode() * 12, report=found_in({"personal_phone": [1]}))
    carol = login(world.carol)

    hidden = carol.get(url(file)).content.decode()
    Team.objects.filter(pk=world.team.pk).update(privacy=False)
    shown = carol.get(url(file)).content.decode()

    assert ("010-1234-5678" in hidden, "Phone numbers" in hidden) == (False, True)
    assert ("010-1234-5678" in shown, "Phone numbers" in shown) == (True, False)


def found_in(findings: dict[str, list[int]]) -> dict[str, Any]:
    told = [{"code": code, "count": len(lines), "lines": lines, "params": {}} for code, lines in findings.items()]
    return {"ok": True, "format": "chat", "findings": told}


@pytest.mark.parametrize("left", ["", "[1, 2]", "{broken", '{"short": 3}', '{"short": ["x", null, -4, 1.5, 2]}'])
def test_findings_that_cannot_be_read_do_no_harm(world: World, login: Login, left: str) -> None:
    file = make_file(world.team, chat_lines(5))
    file.path.with_suffix(".findings").write_text(left)

    answer = login(world.carol).get(url(file, "finding=short"))

    assert answer.status_code == 200
    assert headings(answer) == (["Line 2"] if "null" in left else [])


def test_only_the_lines_with_faults(world: World, login: Login) -> None:
    faults = [{"line": 3, "code": "empty_line", "params": {}, "column": None}]
    report = {"ok": False, "format": "chat", "faults": faults, "fault_count": 1}
    file = make_file(world.team, chat_lines(2) + b"\n" + chat_lines(2), state=FileState.INVALID, report=report)

    answer = login(world.carol).get(url(file, "finding=fault"))

    assert headings(answer) == ["Line 3"]
