"""What differs between two versions, and that it is all: with the differences the old one comes back."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models import Origin, TrainingFile
from jobs.training_data.comparing import Difference, Entry, Piece, compare, words_changed
from jobs.training_data.editing import Change, apply_changes
from jobs.training_data.indexing import Index, index_path
from jobs.views.lineage import ancestors
from tests.conftest import World
from tests.factories import chat_lines, make_file

type Login = Callable[..., Client]

SAME_FOLDER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINES = st.lists(st.sampled_from(["눈", "비", "바람", "골목 눈 비", "구름"]), max_size=12)


def written(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    index_path(path).unlink(missing_ok=True)
    return path


def difference(folder: Path, old: list[str], new: list[str]) -> Difference:
    with Index(written(folder, "old", old)) as before, Index(written(folder, "new", new)) as after:
        return compare(before, after)


def restored(found: Difference, new: list[str], old: dict[int, str], length: int) -> list[str]:
    """The old version, from the new one and the old lines that the difference names."""
    here = {entry.new for entry in found.entries}
    kept = [line for number, line in enumerate(new, 1) if number not in here]
    back: list[str] = []
    for number in range(1, length + 1):
        back.append(old[number] if number in old else kept.pop(0))
    return back


@pytest.mark.parametrize(
    ("old", "new", "entries"),
    [
        ("abc", "abc", []),
        ("abc", "aXc", [(2, 2)]),
        ("abc", "ac", [(2, 0)]),
        ("abc", "abcX", [(0, 4)]),
        ("abc", "XYZ", [(1, 1), (2, 2), (3, 3)]),
        ("", "ab", [(0, 1), (0, 2)]),
        ("ab", "", [(1, 0), (2, 0)]),
        ("aab", "ab", [(2, 0)]),
        ("aba", "ba", [(1, 0)]),
        ("abcdef", "fedcba", []),
        ("abcde", "aXcY", [(2, 2), (4, 4), (5, 0)]),
    ],
)
def test_added_changed_removed(tmp_path: Path, old: str, new: str, entries: list[tuple[int, int]]) -> None:
    assert difference(tmp_path, [*old], [*new]).entries == [Entry(*entry) for entry in entries]


def test_an_edited_neighbour_of_a_deleted_one_is_the_one_that_changed(tmp_path: Path) -> None:
    old = ["시작", "봄 꽃 나비 들판", "겨울 눈 골목 발소리", "끝"]
    new = ["시작", "겨울 눈 골목 종소리", "끝"]

    assert difference(tmp_path, old, new).entries == [Entry(2, 0), Entry(3, 2)]


def test_another_order_is_no_change_but_said(tmp_path: Path) -> None:
    found = difference(tmp_path, ["a", "b", "c", "d"], ["c", "a", "d", "b"])

    assert (found.entries, found.same, found.moved) == ([], 4, True)
    assert difference(tmp_path, ["a", "b", "a"], ["b", "a"]).moved is False


def test_line_breaks_and_the_last_one_are_no_difference(tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_bytes(b"a\r\nb\r\nc")
    new.write_bytes(b"a\nb\nc\n")

    with Index(old) as before, Index(new) as after:
        assert compare(before, after) == Difference([], 3, moved=False)


@SAME_FOLDER
@given(LINES, LINES)
def test_every_line_is_told_once(tmp_path: Path, old: list[str], new: list[str]) -> None:
    found = difference(tmp_path, old, new)

    olds = [entry.old for entry in found.entries if entry.old]
    news = [entry.new for entry in found.entries if entry.new]
    assert len(set(olds)) == len(olds) == len(old) - found.same
    assert len(set(news)) == len(news) == len(new) - found.same
    left = sorted(line for number, line in enumerate(old, 1) if number not in olds)
    assert left == sorted(line for number, line in enumerate(new, 1) if number not in news)
    assert [entry.new for entry in found.entries if entry.new] == sorted(news)


@SAME_FOLDER
@given(
    st.integers(0, 12).flatmap(
        lambda size: st.tuples(
            st.just([f"보기 {number} 번째" for number in range(size)]),
            st.dictionaries(st.integers(1, max(1, size)), st.none() | st.sampled_from(["새 말", "다른 말"])),
            st.lists(st.sampled_from(["더한 말", "또 더한 말"]), max_size=3),
        )
    )
)
def test_an_edited_version_and_the_difference_give_the_original_back(
    tmp_path: Path, edits: tuple[list[str], dict[int, str | None], list[str]]
) -> None:
    old, changed, added = edits
    changes: list[Change] = [*changed.items(), *((None, text) for text in added)]
    source, target = written(tmp_path, "old", old), tmp_path / "edited.jsonl"
    index_path(target).unlink(missing_ok=True)

    apply_changes(source, target, changes, lambda: None)
    with Index(source) as before, Index(target) as after:
        found = compare(before, after)

    named = {entry.old: old[entry.old - 1] for entry in found.entries if entry.old}
    back = restored(found, target.read_text().splitlines(), named, len(old))
    assert "".join(f"{line}\n" for line in back).encode() == source.read_bytes()
    assert set(named) <= set(changed)


def test_words_that_changed() -> None:
    assert words_changed("눈이 온다.", "눈이 많이 온다!") == [
        Piece("", "눈이 "),
        Piece("ins", "많이 "),
        Piece("", "온다"),
        Piece("del", "."),
        Piece("ins", "!"),
    ]
    assert words_changed("같다", "같다") == [Piece("", "같다")]
    assert words_changed("", "새 말") == [Piece("ins", "새 말")]
    assert words_changed("가 " * 5000, "나 " * 5000) == [Piece("del", "가 " * 5000), Piece("ins", "나 " * 5000)]


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_both_texts_are_in_the_words(old: str, new: str) -> None:
    pieces = words_changed(old, new)

    assert "".join(piece.text for piece in pieces if piece.mark != "ins") == old
    assert "".join(piece.text for piece in pieces if piece.mark != "del") == new


# --- the page ---------------------------------------------------------------------------------------------


def chat(*texts: str) -> bytes:
    roles = ("user", "assistant")
    told = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    return json.dumps({"messages": told}, ensure_ascii=False).encode() + b"\n"


def compared(new: TrainingFile, old: TrainingFile, query: str = "") -> str:
    return reverse("file-compare", args=[new.team.slug, new.uuid, old.uuid]) + query


def counted(page: str) -> dict[str, int]:
    return {word: int(n) for word, n in re.findall(r"<dt>(\w+) examples</dt><dd>(\d+)</dd>", page)}


@pytest.fixture
def old(world: World) -> TrainingFile:
    return make_file(world.team, chat_lines(30))


@pytest.fixture
def new(world: World, old: TrainingFile) -> TrainingFile:
    lines = old.path.read_bytes().splitlines(keepends=True)
    lines[1:2] = [chat("무엇이 오나?", "눈이 온다.")]
    del lines[20]
    body = b"".join([*lines, chat("더", "한 것")])
    return make_file(world.team, body, name="winter-edited.jsonl", parent=old, origin=Origin.EDITED)


def test_the_page_counts_and_shows(world: World, login: Login, old: TrainingFile, new: TrainingFile) -> None:
    page = login(world.carol).get(compared(new, old)).content.decode()

    assert counted(page) == {"Changed": 1, "Added": 1, "Removed": 1, "Unchanged": 28}
    assert page.count("<article") == 3
    assert "Line 2 before, line 2 after" in page
    assert "Line 21 before" in page


def test_only_one_kind(world: World, login: Login, old: TrainingFile, new: TrainingFile) -> None:
    carol = login(world.carol)

    articles = [
        carol.get(compared(new, old, f"?kind={kind}")).content.decode().count("<article")
        for kind in ("changed", "added", "removed", "nonsense")
    ]

    assert articles == [1, 1, 1, 3]


def test_words_that_changed_are_marked(world: World, login: Login) -> None:
    before = make_file(world.team, chat("무엇이 오나?", "눈이 온다."))
    after = make_file(world.team, chat("무엇이 오나?", "눈이 많이 온다."))

    page = login(world.carol).get(compared(after, before)).content.decode()

    assert '<div class="bubble-text">눈이 <ins>많이 </ins>온다.</div>' in page
    assert "<del>" not in page


def test_other_roles_are_shown_side_by_side(world: World, login: Login) -> None:
    before = make_file(world.team, chat("무엇이 오나?", "눈이 온다."))
    after = make_file(world.team, chat("무엇이 오나?", "눈이 온다.", "또?", "비도."))

    page = login(world.carol).get(compared(after, before)).content.decode()

    assert "<ins>" not in page
    assert page.count("눈이 온다.") == 2


@pytest.mark.parametrize("line", [b"{broken", b"\xc7\xd1\xb1\xdb", b"<b>", b'{"messages": 3}', b"null"])
def test_lines_that_are_no_examples_are_compared_as_text(world: World, login: Login, line: bytes) -> None:
    before = make_file(world.team, chat_lines(3) + line + b"\n")
    after = make_file(world.team, chat_lines(3) + chat("눈", "비"))

    answer = login(world.carol).get(compared(after, before))

    assert answer.status_code == 200
    assert counted(answer.content.decode())["Changed"] == 1


def test_what_differs_only_in_writing_is_said(world: World, login: Login) -> None:
    before, after = make_file(world.team, b'{"prompt":"a","completion":"b"}\n'), None
    after = make_file(world.team, b'{"prompt": "a", "completion": "b"}\n')

    assert "What is shown here is the same" in login(world.carol).get(compared(after, before)).content.decode()


def test_personal_data_is_hidden_in_the_comparison(world: World, login: Login) -> None:
    before = make_file(world.team, chat("번호?", "010-1234-5678"))
    after = make_file(world.team, chat("번호?", "010-8765-4321"))

    page = login(world.carol).get(compared(after, before)).content.decode()

    assert ("5678" in page, "4321" in page) == (False, False)


def test_the_same_version_has_no_difference(world: World, login: Login, old: TrainingFile) -> None:
    assert "No example differs" in login(world.carol).get(compared(old, old)).content.decode()


def test_strangers_and_other_teams_files_are_not_compared(world: World, login: Login, old: TrainingFile) -> None:
    theirs = make_file(world.mallory.ensure_team(), chat_lines(3))

    answers = [
        login(world.mallory).get(compared(old, old)).status_code,
        login(world.alice).get(compared(old, theirs)).status_code,
        login(world.mallory).get(compared(theirs, old)).status_code,
    ]

    assert answers == [404, 404, 404]


def test_a_version_without_bytes_is_gone(world: World, login: Login, old: TrainingFile, new: TrainingFile) -> None:
    TrainingFile.objects.filter(pk=old.pk).update(content="")

    assert login(world.carol).get(compared(new, old)).status_code == 410


def test_the_report_shows_the_chain(world: World, login: Login, old: TrainingFile, new: TrainingFile) -> None:
    third = make_file(world.team, name="third.jsonl", parent=new, origin=Origin.SHUFFLED, options={"seed": 1})

    page = login(world.carol).get(reverse("file-detail", args=[world.team.slug, new.uuid])).content.decode()

    chain = page[page.index('<ol class="lineage">') : page.index("</ol>", page.index('<ol class="lineage">'))]
    assert re.findall(r"[\w-]+\.jsonl", chain) == ["winter.jsonl", "winter-edited.jsonl", "third.jsonl"]
    assert re.findall(r'href="([^"]+/compare/[^"]+)"', chain) == [compared(new, old), compared(third, new)]


def test_the_chain_is_one_query_long(world: World, django_assert_num_queries: Callable[[int], object]) -> None:
    chain = [make_file(world.team)]
    for n in range(7):
        chain.append(make_file(world.team, name=f"{n}.jsonl", parent=chain[-1], origin=Origin.EDITED))
    youngest = TrainingFile.objects.get(pk=chain[-1].pk)

    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        names = [file.name for file in ancestors(youngest)]

    assert names == [file.name for file in chain[:-1]]
    assert ancestors(chain[0]) == []
