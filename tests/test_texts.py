"""Texts out of files of any kind and encoding; and whatever a file is, an answer within bounds."""

import codecs
import subprocess
import sys
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.text_faults import ENCODINGS, NOTES, WORDS, explain_text
from jobs.training_data.texts.apart import read_apart
from jobs.training_data.texts.codes import Note, TextCode, TextFaultError
from jobs.training_data.texts.decoding import recognise
from jobs.training_data.texts.found import BOUNDS, KINDS, Bounds, Found, Said
from jobs.training_data.texts.found import ENCODINGS as CHOOSABLE
from jobs.training_data.texts.reading import Read, read
from tests.documents import docx, hwpx, locked, lying, pdf, zipped
from tests.running import ROOT

PROSE = "첫눈이 왔다. 골목이 하얗게 덮였다. “누가 먼저 걸었을까?” 발자국이 하나 남았다.\n" * 3
SMALL = Bounds(text_bytes=100_000, characters=20_000, parts=50, depth=60, pages=3)


def text_of(tmp_path: Path, content: bytes, kind: str = "txt", encoding: str = "", bounds: Bounds = BOUNDS) -> Read:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(content)
    return read(path, kind, encoding, bounds)


def fault_of(tmp_path: Path, content: bytes, kind: str, encoding: str = "", bounds: Bounds = SMALL) -> str:
    with pytest.raises(TextFaultError) as refused:
        text_of(tmp_path, content, kind, encoding, bounds)
    return refused.value.code.value


# --- plain text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16-le", "utf-16-be", "johab", "iso2022_kr"])
def test_every_korean_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    text = PROSE if encoding != "iso2022_kr" else PROSE.replace("“", "").replace("”", "")

    found = text_of(tmp_path, text.encode(encoding))

    assert (found.encoding, found.text, found.notes) == (encoding, text, {})


def test_syllables_that_only_cp949_knows(tmp_path: Path) -> None:
    text = "뷁이라고 썼다. 햏도 있다. 똠방각하는 소설이다. "

    assert text_of(tmp_path, text.encode("cp949")).text == text


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_tells_and_is_left_out(tmp_path: Path, bom: bytes, encoding: str) -> None:
    found = text_of(tmp_path, bom + PROSE.encode(encoding))

    assert (found.encoding, found.text, found.notes) == (encoding, PROSE, {"bom": 1})


def test_what_macos_took_apart_is_put_together(tmp_path: Path) -> None:
    found = text_of(tmp_path, unicodedata.normalize("NFD", PROSE).encode())

    assert found.text == PROSE
    assert Note.DECOMPOSED.value in found.notes


def test_windows_breaks_and_invisible_characters_are_noted(tmp_path: Path) -> None:
    found = text_of(tmp_path, "눈이\u200b 왔다.\r\n\ufeff골목이\x00 희다. 👨‍👩‍👧".encode())

    assert found.text == "눈이 왔다.\n골목이 희다. 👨‍👩‍👧"
    assert found.notes == {"crlf": 1, "invisible": 3}


def test_a_torn_byte_in_an_old_file_is_noted(tmp_path: Path) -> None:
    found = text_of(tmp_path, (PROSE * 20).encode("cp949") + b"\xff. end")

    assert (found.encoding, found.notes) == ("cp949", {"unreadable": 1})


def test_english_alone_is_utf8(tmp_path: Path) -> None:
    assert recognise(b"It snowed all night. We stayed home.") == "utf-8"


def test_what_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    assert fault_of(tmp_path, "Ça va très bien à l'été, dès août.".encode("latin-1") * 9, "txt") == "unknown_encoding"
    assert fault_of(tmp_path, bytes(range(256)) * 20, "txt") == "not_text"
    assert fault_of(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(range(200)) * 20, "txt") == "not_text"


def test_a_chosen_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path, PROSE.encode("cp949"), "txt", "utf-8") == "wrong_encoding"
    assert text_of(tmp_path, PROSE.encode("cp949"), "txt", "cp949").text == PROSE


def test_markdown_becomes_prose(tmp_path: Path) -> None:
    markdown = (
        "---\ntitle: 겨울\n---\n# 첫눈\n\n> 눈이 **왔다**.\n\n- [링크](https://x.y)를 *보라*.\n![그림](a.png)\n"
        "```\ncode_name\n```\n2 * 3 * 4 = 24\n"
    )

    found = text_of(tmp_path, markdown.encode(), "md")

    assert "\n".join(filter(None, found.text.splitlines())) == (
        "첫눈\n눈이 왔다.\n링크를 보라.\ncode_name\n2 * 3 * 4 = 24"
    )
    assert "markup" in found.notes


@pytest.mark.parametrize("text", ["😀🇰🇷👨‍👩‍👧", "山川草木", "눈 " * 100, "It snowed 눈이 왔다"])
def test_odd_texts_are_texts(tmp_path: Path, text: str) -> None:
    assert text_of(tmp_path, text.encode()).text == text


def test_nothing_is_no_text(tmp_path: Path) -> None:
    assert fault_of(tmp_path, b"", "txt") == "empty"
    assert fault_of(tmp_path, b" \n\t\n", "txt") == "no_text"
    assert fault_of(tmp_path, b"a" * 20_001, "txt") == "too_long"
    assert fault_of(tmp_path, b"a" * 100_001, "txt") == "too_long"


# --- Word and Hangul ----------------------------------------------------------------------------------


def test_a_docx_gives_a_line_for_each_paragraph(tmp_path: Path) -> None:
    body = (
        '<w:p><w:pPr><w:tabs><w:tab w:pos="9"/></w:tabs></w:pPr>'
        "<w:r><w:t>첫눈이 </w:t></w:r><w:r><w:t>왔다.</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>칸</w:t><w:br/><w:t>둘째 줄</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:p><w:r><w:delText>지운 말</w:delText><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )

    assert text_of(tmp_path, docx(body=body), "docx").text == "첫눈이 왔다.\n\n칸\n둘째 줄"


def test_a_box_that_word_stores_twice_is_read_once(tmp_path: Path) -> None:
    box = "<w:p><w:r><w:t>상자</w:t></w:r></w:p>"
    versions = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    body = f'<mc:AlternateContent xmlns:mc="urn:m">{versions}</mc:AlternateContent>'

    assert text_of(tmp_path, docx(body=body), "docx").text == "상자"


def test_a_hwpx_gives_its_sections_in_order(tmp_path: Path) -> None:
    sections = [[f"{number}절<hp:tab/>첫 줄<hp:lineBreak/>다음 줄"] for number in range(11)]

    text = text_of(tmp_path, hwpx(*sections), "hwpx").text

    assert text.splitlines()[:2] == ["0절\t첫 줄", "다음 줄"]
    assert [line.partition("절")[0] for line in text.splitlines()[::2]] == [str(number) for number in range(11)]


BOMB = docx("눈" * 200_000)
BILLION = '<!DOCTYPE w [<!ENTITY a "눈눈눈눈"><!ENTITY b "&a;&a;&a;&a;">]>'
BAD_ZIPS = {
    "a bomb, as it declares": (BOMB, "docx", "bomb"),
    "a bomb that lies": (lying(BOMB, "word/document.xml", 50_000), "docx", "broken"),
    "a bomb in Hangul": (hwpx(["눈" * 200_000]), "hwpx", "bomb"),
    "thousands of parts": (zipped({f"word/{number}.xml": b"" for number in range(60)}), "docx", "bomb"),
    "a billion laughs": (docx("&b;", head=BILLION), "docx", "entities"),
    "a file of the server": (
        docx("&c;", head='<!DOCTYPE w [<!ENTITY c SYSTEM "file:///etc/passwd">]>'),
        "docx",
        "entities",
    ),
    "a well": (docx(body="<w:r>" * 100 + "</w:r>" * 100), "docx", "too_deep"),
    "another zip": (zipped({"a.txt": b"a"}), "docx", "other_kind"),
    "a Word file called .hwpx": (docx("눈"), "hwpx", "other_kind"),
    "an old Word file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "docx", "old_format"),
    "half of one": (docx("눈이 왔다.")[:-40], "docx", "broken"),
    "broken XML": (docx(body="<w:p><w:r>"), "docx", "broken"),
    "no zip": (b"PK\x03\x04 and so on", "hwpx", "broken"),
    "locked by Hangul": (hwpx(["x"], manifest=b"<m:encryption-data/>"), "hwpx", "encrypted"),
    "no words": (docx(""), "docx", "no_text"),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_bad_documents_are_named(tmp_path: Path, name: str) -> None:
    content, kind, expected = BAD_ZIPS[name]

    assert fault_of(tmp_path, content, kind) == expected


# --- PDF ----------------------------------------------------------------------------------------------


def test_a_pdf_with_text_is_read_page_by_page(tmp_path: Path) -> None:
    found = text_of(tmp_path, pdf("첫눈이 왔다.\n골목이 희다.", "", "발자국이 하나."), "pdf")

    assert found.text.split() == ["첫눈이", "왔다.", "골목이", "희다.", "발자국이", "하나."]
    assert found.notes == {"pages_without_text": 1}


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    assert text_of(tmp_path, locked(pdf("첫눈이 왔다."), ""), "pdf").text == "첫눈이 왔다."


GOOD_PDF = pdf("첫눈이 왔다.")
BAD_PDFS = {
    "a scan": (pdf("", ""), "scanned"),
    "one with a password": (locked(GOOD_PDF, "secret"), "encrypted"),
    "too many pages": (pdf("a", "b", "c", "d"), "too_many_pages"),
    "no PDF": ("눈이 왔다.".encode() * 100, "broken"),
    "the head alone": (b"%PDF-1.7\n", "broken"),
    "half of one": (GOOD_PDF[: len(GOOD_PDF) // 3], "broken"),
}


@pytest.mark.parametrize("name", BAD_PDFS)
def test_bad_pdfs_are_named(tmp_path: Path, name: str) -> None:
    content, expected = BAD_PDFS[name]

    assert fault_of(tmp_path, content, "pdf") == expected


# --- any bytes whatsoever -----------------------------------------------------------------------------


def bent(content: bytes, at: int, with_: bytes) -> bytes:
    place = at % len(content)
    return content[:place] + with_ + content[place + len(with_) :]


@given(
    kind=st.sampled_from(KINDS),
    whole=st.sampled_from([docx("눈이 왔다."), hwpx(["눈이 왔다."]), GOOD_PDF, PROSE.encode("cp949"), b""]),
    at=st.integers(0, 10_000),
    bytes_=st.binary(max_size=200),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_text_or_a_fault(tmp_path: Path, kind: str, whole: bytes, at: int, bytes_: bytes) -> None:
    content = bent(whole, at, bytes_) if whole else bytes_
    try:
        said = text_of(tmp_path, content, kind).text
    except TextFaultError as fault:
        said = " ".join(explain_text(fault.code, fault.params))

    assert said.encode()


# --- in a process of its own --------------------------------------------------------------------------


def test_the_process_writes_the_text_and_tells_what_it_found(tmp_path: Path) -> None:
    path, target = tmp_path / "a.txt", tmp_path / "a.out"
    path.write_bytes(PROSE.encode("cp949"))

    found = read_apart(path, "txt", target, "", lambda _said: None)

    assert target.read_text(encoding="utf-8") == PROSE
    assert msgspec.to_builtins(found) == {
        "encoding": "cp949",
        "characters": len(PROSE),
        "sentences": 12,
        "sha256": found.sha256,
    }


def test_the_process_names_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(""))

    found = read_apart(path, "pdf", tmp_path / "a.out", "", lambda _said: None)

    assert (found.fault, found.params) == ("scanned", {"pages": 1})
    assert not (tmp_path / "a.out").exists()


def test_a_process_that_takes_too_long_ends_itself(tmp_path: Path) -> None:
    """Within a library that never comes back, too: here a lock that nobody gives back."""
    code = (
        "import sys, threading; from pathlib import Path; from jobs.training_data.texts import run\n"
        "run.TICK = 0.05\nrun.read = lambda *_: threading.Lock().acquire() and threading.Event().wait()\n"
        "run.run(Path(sys.argv[1]), 'txt', Path(sys.argv[2]), bounds=run.Bounds(seconds=0.2))"
    )

    done = subprocess.run([sys.executable, "-c", code, "a", "b"], cwd=ROOT, capture_output=True, timeout=30)

    *ticks, last = [msgspec.json.decode(line, type=Said) for line in done.stdout.splitlines()]
    assert ticks
    assert (last.found, done.returncode) == (Found(fault="too_slow"), 0)


def test_every_code_note_and_encoding_has_words() -> None:
    assert (set(WORDS), set(NOTES)) == (set(TextCode), set(Note))
    assert set(CHOOSABLE) <= set(ENCODINGS)
