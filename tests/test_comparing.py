"""What differs between two versions, and that it is all: with the differences the old one comes back."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.training_data.comparing import Difference, Entry, Piece, compare, words_changed
from jobs.training_data.editing import Change, apply_changes
from jobs.training_data.indexing import Index, index_path

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
