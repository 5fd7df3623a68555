"""What a .pdf says on paper, line by line, and what is noted of the rest."""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.training_data.texts.codes import TextCode, TextFaultError
from jobs.training_data.texts.found import Noted
from jobs.training_data.texts.pdf import page_numbers
from jobs.training_data.texts.pdf_heads import without_heads
from jobs.training_data.texts.pdf_lines import Page, Piece
from jobs.training_data.texts.pdfium import pdfium, raw
from jobs.training_data.texts.reading import read
from tests.documents import Drawn, drawn_pdf

SIZE = 12


def text_of(tmp_path: Path, *pages: list[Drawn], **looks: Any) -> tuple[str, Noted]:
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn_pdf(*pages, **looks))
    found = read(path, "pdf")
    return found.text, found.notes


def words(text: str, y: float, x: float = 50, gap: float = 4) -> list[Drawn]:
    """Each word at its place, and no space drawn between them."""
    drawn: list[Drawn] = []
    for word in text.split():
        drawn.append((x, y, word))
        x += SIZE * len(word) + gap
    return drawn


def lines(*texts: str, x: float = 50, y: float = 700, step: float = 18) -> list[Drawn]:
    return [(x, y - step * number, text) for number, text in enumerate(texts)]


LEFT = ("봄비가 내린 뒤 골목이 조용해", "졌다. 할머니는 마루에 앉아서", "콩을 고르셨다. 바람이 불었다.")
RIGHT = ("가을에는 감나무 잎이 붉게 물", "든다. 아이들은 감을 따려고서", "긴 장대를 들고 나왔다. 해가.")
ACROSS: list[Drawn] = [one for pair in zip(lines(*LEFT, y=700), lines(*RIGHT, x=350), strict=True) for one in pair]
CELLS = [
    ("물음을 여기에 적어요?", "대답은 이렇게 적어요."),
    ("다음 물음을 적어요?", "대답은 저렇게 적어요."),
    ("끝 물음을 적어요?", "끝 대답을 적어요."),
]
TABLE: list[Drawn] = [
    one for n, (a, b) in enumerate(CELLS) for one in ((50.0, 700.0 - 18 * n, a), (350.0, 700.0 - 18 * n, b))
]
PAGES: dict[str, tuple[list[Drawn], str]] = {
    "words placed one by one": (
        words("봄비가 내린 뒤", 700) + words("골목이 조용해졌다.", 680),
        "봄비가 내린 뒤\n골목이 조용해졌다.",
    ),
    "letters placed one by one": ([(50 + SIZE * n, 700, one) for n, one in enumerate("골목이조용")], "골목이조용"),
    "a title far apart": (words("보 도 자 료", 700, gap=10) + lines("본문이다.", y=670), "보도자료\n본문이다."),
    "spaces that were typed": (lines("가 나 다"), "가 나 다"),
    "cells of a row": (
        words("민원 수수료 기간", 700, gap=60) + words("등본 400원 즉시", 680, gap=60),
        "민원\t수수료\t기간\n등본\t400원\t즉시",
    ),
    "columns one after the other": (lines(*LEFT) + lines(*RIGHT, x=350), "\n".join(LEFT + RIGHT)),
    "columns drawn across": (ACROSS, "\n".join(LEFT + RIGHT)),
    "a table of sentences": (TABLE, "\n".join(f"{a}\t{b}" for a, b in CELLS)),
    "paragraphs": (lines(*LEFT) + lines(*RIGHT, y=620), "\n".join(LEFT) + "\n\n" + "\n".join(RIGHT)),
    "first lines of paragraphs": (
        [(62, 718, "첫 줄이다."), *lines(*LEFT), (62, 646, "둘째 문단이다."), (50, 628, "이어진다."), (300, 610, "끝")],
        " 첫 줄이다.\n" + "\n".join(LEFT) + "\n 둘째 문단이다.\n이어진다.\n끝",
    ),
    "spaces at the ends of lines": (lines("첫눈이 ", "온 날에", "눈이"), "첫눈이 \n온 날에\n눈이"),
    "ligatures": (lines("ﬁne ﬄ"), "fine ffl"),
    "radicals that look like Hanja": (lines("⼀⽉"), "一月"),
    "syllables in letters": (lines("한글"), "한글"),
    "a letter beyond 16 bits": (lines("눈😀"), "눈😀"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_line_stays_a_line(tmp_path: Path, name: str) -> None:
    page, text = PAGES[name]

    assert text_of(tmp_path, page)[0] == text


def test_a_turned_page_is_read_as_it_is_shown(tmp_path: Path) -> None:
    page = words("민원 수수료", 700, gap=60) + words("등본 400원", 680, gap=60)

    assert text_of(tmp_path, page, about="/MediaBox [0 0 600 800] /Rotate 180")[0].count("\t") == 2


def test_hyphens_at_the_ends_of_lines_are_taken_out(tmp_path: Path) -> None:
    text, notes = text_of(tmp_path, lines("the inter-", "national agreement of Seoul-", "Busan"))

    assert text == "the international\nagreement of Seoul-\nBusan"
    assert notes == {"hyphens": 1}


def body(number: int) -> list[Drawn]:
    return lines(f"{number}장의 글이다.", f"{'가나다라마바사'[number]}로 시작한다.", "같은 끝 문장이다.", y=600)


HEADS: dict[str, Callable[[int], Drawn]] = {
    "the same words": lambda n: (50, 770, "글도우미 2026년 보고서"),
    "words with the page's number": lambda n: (50, 30, f"보고서 2026 제 {n + 4}쪽"),
    "a number": lambda n: (300, 20, f"- {n} -"),
    "a number of all": lambda n: (300, 20, f"{n} / 5"),
    "a Roman number": lambda n: (300, 20, ["i", "ii", "iii", "iv", "v"][n]),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("first", [True, False], ids=["drawn first", "drawn last"])
def test_running_heads_are_left_out_and_noted(tmp_path: Path, name: str, first: bool) -> None:
    pages = [[HEADS[name](n), *body(n)] if first else [*body(n), HEADS[name](n)] for n in range(5)]

    text, notes = text_of(tmp_path, *pages)

    assert (text, notes) == (text_of(tmp_path, *map(body, range(5)))[0], {"running_heads": 5})
    assert text.count("같은 끝 문장이다.") == 5


KEPT: dict[str, list[list[Drawn]]] = {
    "on two pages alone": [[(50, 770, "머리글"), *body(n)] if n < 2 else body(n) for n in range(5)],
    "at other places": [[(50, 795 - 9 * n, "머리글"), *body(n)] for n in range(5)],
    "a sentence": [[(50, 770, "그는 웃었다."), *body(n)] if n < 4 else body(n) for n in range(5)],
    "the first line below another": [[(50, 780, "가나다라"[n] * 3), (50, 760, "머리글"), *body(n)] for n in range(4)],
    "other numbers": [[(50, 770, f"문제 {number}"), *body(n)] for n, number in enumerate((3, 9, 4, 12))],
    "in the middle": [[(50, 400, "머리글"), *body(n)] for n in range(5)],
    "nothing else": [[(300, 20, str(n))] for n in range(5)],
}


@pytest.mark.parametrize("name", KEPT)
def test_what_may_be_text_stays(tmp_path: Path, name: str) -> None:
    text, notes = text_of(tmp_path, *KEPT[name])

    assert "running_heads" not in notes
    assert all(drawn[2] in text for page in KEPT[name] for drawn in page)


def test_a_watermark_is_left_out_wherever_it_is() -> None:
    mark = Piece("대외비", 200, 400, 300, 500, is_level=False)
    pages = [Page(800, [[Piece("글", 50, 80, 400, 412)], [replace(mark)]]) for _ in range(3)]

    without_heads(pages)

    assert [(len(page.rows), page.heads) for page in pages] == [(1, 1)] * 3


def test_text_beyond_the_paper_is_left_out_and_noted(tmp_path: Path) -> None:
    assert text_of(tmp_path, [(50, 700, "안"), (50, -90, "밖"), (900, 700, "밖")]) == ("안", {"outside": 2})


def test_fonts_that_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(TextFaultError) as refused:
        text_of(tmp_path, lines("첫눈이 왔다. 골목이 희다."), named=False)

    assert (refused.value.code, refused.value.params) == (TextCode.UNREADABLE_FONTS, {"pages": 1})


def test_letters_that_look_well_in_a_font_that_says_nothing(tmp_path: Path) -> None:
    """A font with many letters: the first come out as controls, the others as Latin letters."""
    many = "".join(chr(0xAC00 + 28 * number) for number in range(90))

    with pytest.raises(TextFaultError) as refused:
        text_of(tmp_path, lines(many[:45], many[45:]), named=False)

    assert refused.value.code == TextCode.UNREADABLE_FONTS


def test_a_page_that_is_mostly_unreadable_is_left_out(tmp_path: Path) -> None:
    text, notes = text_of(tmp_path, lines(*LEFT), lines("\x01\x02\x03글자"))

    assert (text, notes) == ("\n".join(LEFT), {"unreadable_pages": "2"})


def test_a_pdf_with_some_unreadable_pages_names_them(tmp_path: Path) -> None:
    good = lines(*LEFT)
    torn = lines("글 \x01\x02 있다", *LEFT)

    text, notes = text_of(tmp_path, good, lines("\x01\x02\x03\x04 \x05\x06"), torn, good)

    assert notes == {"unreadable_pages": "2", "partly_unreadable_pages": "3", "unreadable": 2}
    assert text == "\n".join([*LEFT, "글 \ufffd\ufffd 있다", *LEFT, *LEFT])


def test_pages_whose_fonts_name_wrong_characters_are_named(tmp_path: Path) -> None:
    text, notes = text_of(tmp_path, lines(*LEFT), lines("ÇÑ±ÛÀº ¾Æ¸§´ä´Ù"), lines("눈이 \ue0bc왔다."), lines(*RIGHT))

    assert text.count("\n") == len(LEFT) + len(RIGHT) + 1
    assert notes == {"doubtful_pages": "2–3", "mojibake": 1, "private_use": 1}


def test_pages_are_named_in_ranges() -> None:
    assert page_numbers([3, 5, 6, 7, 9, 10]) == "3, 5–7, 9–10"
    assert page_numbers(range(1, 200, 2)).endswith(" …")
    assert page_numbers([]) == ""


def test_letters_of_a_font_that_is_not_in_the_pdf_are_as_wide_on_every_machine(tmp_path: Path) -> None:
    """Not those of a font that this machine has, or lacks: then PDFium would drop letters drawn one by one."""
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn_pdf([(50, 700, "가")]))
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))

    with pdfium.PdfDocument(path) as document:
        text = document[0].get_textpage()
        raw.FPDFText_GetCharBox(text.raw, 0, left, right, bottom, top)

    assert (left.value, right.value) == pytest.approx((50 + 0.05 * SIZE, 50 + 0.95 * SIZE), abs=0.01)
