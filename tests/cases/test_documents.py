"""Documents as people bring them: what `manage.py read_text --json` answers is what a reader of the paper has."""

import json
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.cases import CASES


def answer(name: str) -> dict[str, Any]:
    out = StringIO()
    with suppress(SystemExit):
        call_command("read_text", str(CASES / name), "--json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


# 23e: the check in the shared cases takes the word "메모" for the memo, but it stands in the sentence, too.
RIGHT = {
    "22a-moved.docx": ("첫 문단은 그대로 둔다.\n가운데 문단이다.\n옮긴 문장은 한 번만 나와야 한다.", ["deleted"]),
    "22c-textbox-mid.docx": ("본문 앞부분과 뒷부분이 한 문장이다.\n\n글상자 속 글이다.", []),
    "22e-hidden-vanish.docx": ("보이는 글이다.", ["hidden"]),
    "22f-table.docx": ("표 앞.\n\n민원\t수수료\t기간\n등본\t400원\t즉시\n증명서\t1000원\t3일\n\n표 뒤.", []),
    "23a-footnote.hwpx": ("본문의 문장은 여기서 이어진다.\n\n각주의 내용이다.", ["footnotes"]),
    "23b-track-delete.hwpx": ("가격은 이천 원이다.", ["deleted"]),
    "23c-header-footer.hwpx": ("본문 첫 문장이다.", ["running"]),
    "23e-memo-field.hwpx": ("메모 단 글은 이어진다.", ["comments"]),
    "24c-word-by-word-no-space-glyph.pdf": (
        "봄비가 내린 뒤 골목이 조용해졌다.\n할머니는 마루에 앉아 콩을 고르셨다.\n바람이 불자 빨래가 흔들렸다.\n"
        "기차역 앞 빵집에서 단팥 냄새가 났다.\n고양이가 담장 위를 천천히 걸었다.",
        [],
    ),
    "23g-nbspace.hwpx": ("제1조 (목적) 이 규정은 수수료를 정한다.", ["no_break"]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_document_gives_the_text_of_its_paper(name: str) -> None:
    text, notes = RIGHT[name]

    found = answer(name)

    assert (found["text"], [note["code"] for note in found["notes"]], found["refused"]) == (text, notes, None)


def test_a_pdf_whose_fonts_say_nothing_is_refused() -> None:
    found = answer("24a-no-tounicode.pdf")

    assert (found["text"], found["refused"]["code"]) == ("", "unreadable_fonts")
