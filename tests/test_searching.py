"""A passage is found in whatever way a file may hold it, and only the lines that hold it are named."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.training_data.operations.dropping import CHUNK, drop_lines
from jobs.training_data.reading import BOM
from jobs.training_data.report import LIMITS
from jobs.training_data.searching import BLOCK, SHORTEST, Found, Hit, Passage, UnsearchableError, scan, squeeze
from tests.training_cases import answer, line, user

PASSAGE = "김철수는 서울시 강남구에 살며, 전화는 없다."
OTHERS = [line(user(f"첫눈 {n}"), answer(f"{n}번째 골목에 눈이 내렸다.")) for n in range(5)]


def written(folder: Path, *lines: str | bytes, end: bytes = b"\n") -> Path:
    path = folder / "some.jsonl"
    path.write_bytes(end.join(one if isinstance(one, bytes) else one.encode() for one in lines) + end)
    return path


def found(path: Path, passage: str = PASSAGE) -> list[int]:
    return [hit.line for hit in scan(path, Passage(passage), lambda _read: None).hits]


HOLDING: dict[str, str | bytes] = {
    "as it is": line(user(), answer(f"어제 {PASSAGE} 그리고 갔다.")),
    "in the question": line(user(PASSAGE), answer()),
    "in the system prompt": line({"role": "system", "content": PASSAGE}, user(), answer()),
    "in a part of the content": line(user([{"type": "text", "text": PASSAGE}]), answer()),
    "in the arguments of a call": line(
        user(),
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": json.dumps({"of": PASSAGE})}}],
        },
    ),
    "in a pair": json.dumps({"prompt": "누구", "completion": f" {PASSAGE}\n"}, ensure_ascii=False),
    "in a preference": json.dumps(
        {"input": {"messages": [user()]}, "preferred_output": [answer(PASSAGE)]}, ensure_ascii=False
    ),
    "in a key": json.dumps({PASSAGE: 1}, ensure_ascii=False),
    "escaped": json.dumps({"messages": [answer(PASSAGE)]}),
    "escaped in capitals": json.dumps({"messages": [answer(PASSAGE)]})
    .replace("\\u", "\\U")
    .upper()
    .replace("\\U", "\\u"),
    "half escaped": line(answer(PASSAGE)).replace("철", "\\ucca0").replace("강", "\\uac15").replace("며", "\\uba70"),
    "in parts of letters": unicodedata.normalize("NFD", line(answer(PASSAGE))),
    "escaped parts of letters": json.dumps({"messages": [answer(unicodedata.normalize("NFD", PASSAGE))]}),
    "over lines": line(answer(PASSAGE.replace(" ", "\r\n"))),
    "with marks": line(answer(PASSAGE.replace("서울시", "**서울**시").replace("살며", "`살며`"))),
    "with characters of no width": line(answer(PASSAGE.replace("김철수", "김\u200b철\ufeff수"))),
    "in a broken line": line(answer(PASSAGE))[:-3],
    "escaped in a broken line": json.dumps({"messages": [answer(PASSAGE)]})[:-3],
    "in cp949": line(answer(PASSAGE)).encode("cp949"),
    "behind a lone surrogate": line(answer(PASSAGE)).replace("김철수", "\\ud800김철수"),
}


@pytest.mark.parametrize("how", HOLDING)
def test_a_passage_is_found(tmp_path: Path, how: str) -> None:
    path = written(tmp_path, *OTHERS[:3], HOLDING[how], *OTHERS[3:])

    assert found(path) == [4]


@pytest.mark.parametrize(
    "passage",
    [
        "  김철수는\t서울시\n강남구에  ",
        unicodedata.normalize("NFD", "김철수는 서울시"),
        "**김철수는** _서울시_",
        "철수는서울시강남구",
        "시 강남구에 살며, 전",
    ],
)
def test_what_is_pasted_may_be_spelt_otherwise(tmp_path: Path, passage: str) -> None:
    assert found(written(tmp_path, *OTHERS, HOLDING["as it is"]), passage) == [6]


@pytest.mark.parametrize(
    "passage",
    [
        "🌨🌨🌨🌨🌨🌨🌨🌨",
        "大韓民國憲法前文全文",
        "010-1234-5678",
        "hong.gildong@example.com",
        "K K K K K K K K",
        "----....!!!!",
    ],
)
def test_a_passage_without_hangul_is_found(tmp_path: Path, passage: str) -> None:
    path = written(tmp_path, *OTHERS, line(answer(f"연락: {passage}.")), json.dumps({"messages": [answer(passage)]}))

    assert found(path, passage) == [6, 7]


def test_lines_are_named_with_their_place_in_the_file(tmp_path: Path) -> None:
    holding = line(answer(PASSAGE))
    path = written(tmp_path, BOM + holding.encode(), "", OTHERS[0], holding)
    body = path.read_bytes()

    hits = scan(path, Passage(PASSAGE), lambda _read: None)

    assert hits == Found([Hit(1, 0), Hit(4, len(b"\n".join(body.split(b"\n")[:3])) + 1)], 4)


def test_an_unended_last_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text("\n".join([OTHERS[0], line(answer(PASSAGE))]))

    assert scan(path, Passage(PASSAGE), lambda _read: None) == Found([Hit(2, len(OTHERS[0].encode()) + 1)], 2)


def test_a_file_of_many_blocks_is_read_a_block_at_a_time(tmp_path: Path) -> None:
    long = line(answer("눈" * 700_000))
    heard: list[int] = []
    path = written(tmp_path, long, long, HOLDING["as it is"], long, long, long, HOLDING["as it is"])

    hits = scan(path, Passage(PASSAGE), heard.append)

    assert ([hit.line for hit in hits.hits], hits.lines) == ([3, 7], 7)
    assert heard[-1] == path.stat().st_size
    assert len(heard) > 1
    assert max(later - earlier for earlier, later in zip([0, *heard], heard, strict=False)) <= BLOCK + LIMITS.line_bytes


def test_a_line_longer_than_any_may_be_is_named_once(tmp_path: Path) -> None:
    stuff = "가" * 5_000_000
    path = written(tmp_path, OTHERS[0], line(answer(stuff + PASSAGE + stuff + PASSAGE)), HOLDING["as it is"])

    assert found(path) == [2, 3]


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()

    assert scan(path, Passage(PASSAGE), lambda _read: None) == Found([], 0)


@pytest.mark.parametrize("body", [PASSAGE.encode("utf-16"), b"PK\x03\x04" + PASSAGE.encode()])
def test_what_is_no_text_is_said_to_be_unsearchable(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(body)

    with pytest.raises(UnsearchableError):
        scan(path, Passage(PASSAGE), lambda _read: None)


def test_whoever_hears_of_the_progress_may_end_it(tmp_path: Path) -> None:
    def stop(_read: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        scan(written(tmp_path, *OTHERS), Passage(PASSAGE), stop)


def test_the_excerpt_shows_the_place_as_it_is_written() -> None:
    raw = line(user(), answer(f"어제는 **{PASSAGE.replace(' ', chr(10))}** 그리고 갔다.")).encode()

    excerpt = Passage(PASSAGE).excerpt(raw)

    assert excerpt
    assert excerpt == ("어제는 **", PASSAGE.replace(" ", "\n"), "** 그리고 갔다.")
    assert Passage("없는 문장입니다 정말").excerpt(raw) is None


def test_other_personal_data_around_is_hidden() -> None:
    raw = line(answer(f"전화는 010-1234-5678 {'가' * 40} {PASSAGE} 메일은 hong.gildong@example.com")).encode()

    excerpt = Passage(PASSAGE).excerpt(raw)

    assert excerpt
    assert (excerpt.before[:14], excerpt.after) == ("전화는 010-●●●●-●", " 메일은 ho●●.●●●●●●●@●●●●●●●.●●●")


def test_a_long_passage_is_cut_in_its_excerpt() -> None:
    text = "눈이 내려 " * 300

    excerpt = Passage(text).excerpt(line(answer(text)).encode())

    assert excerpt
    assert (excerpt.before, excerpt.found, excerpt.after) == ("", text[:200] + "…", " ")


# --- whatever an example says, any piece of it leads back to it ------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("가나다 눈이내려\n"), min_size=SHORTEST
)


def spelt(text: str, how: str, data: st.DataObject) -> str:
    example: dict[str, Any] = {"messages": [user("낱말"), answer(text)]}
    if how == "escaped":
        return json.dumps(example)
    if how == "NFD":
        return unicodedata.normalize("NFD", json.dumps(example, ensure_ascii=False))
    plain = json.dumps(example, ensure_ascii=False)
    if how == "mixed":
        flags = data.draw(st.lists(st.booleans(), min_size=len(plain), max_size=len(plain)))
        pairs = zip(plain, flags, strict=True)
        return "".join(json.dumps(char)[1:-1] if flag and not char.isascii() else char for char, flag in pairs)
    return plain


@given(text=TEXTS, how=st.sampled_from(["plain", "escaped", "NFD", "mixed"]), data=st.data())
def test_any_piece_of_an_example_is_found(tmp_path_factory: Any, text: str, how: str, data: st.DataObject) -> None:
    composed = unicodedata.normalize("NFC", text)
    start = data.draw(st.integers(0, len(composed) - 1))
    passage = composed[start : data.draw(st.integers(start + 1, len(composed)))]
    if len(squeeze(passage)) < SHORTEST:
        return
    folder = tmp_path_factory.mktemp("any")
    raw = spelt(text, how, data).replace("\\n", data.draw(st.sampled_from(["\\n", "\\r\\n", " "])))

    if data.draw(st.booleans()):
        passage = unicodedata.normalize("NFD", passage)

    assert 3 in found(written(folder, OTHERS[0], "", raw, OTHERS[1]), passage)


# --- the operation that leaves them out -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "left"), [([], b"a\n\nb\r\nc"), ([1], b"\nb\r\nc"), ([2, 4], b"a\nb\r\n"), ([1, 2, 3, 4, 9], b"")]
)
def test_lines_are_dropped_and_the_others_stay(tmp_path: Path, lines: list[int], left: bytes) -> None:
    src, dst = tmp_path / "src", tmp_path / "dst"
    src.write_bytes(b"a\n\nb\r\nc")

    dropped = drop_lines(src, dst, lines, lambda: None)

    assert (dst.read_bytes(), dropped) == (left, len([n for n in lines if n < 5]))


@pytest.mark.parametrize("length", [CHUNK - 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 5])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_long_line_is_dropped_whole(tmp_path: Path, length: int, end: bytes) -> None:
    src, dst = tmp_path / "src", tmp_path / "dst"
    src.write_bytes(b"first\n" + b"x" * length + b"\nlast" + end)

    assert drop_lines(src, dst, [2], lambda: None) == 1
    assert dst.read_bytes() == b"first\nlast" + end

    src.write_bytes(b"first\n" + b"x" * length + end)
    assert drop_lines(src, dst, [2], lambda: None) == 1
    assert dst.read_bytes() == b"first\n"
