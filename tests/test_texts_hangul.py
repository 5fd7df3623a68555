"""What a .hwpx says on paper, and what is noted of the rest."""

from pathlib import Path

import pytest

from jobs.training_data.texts.found import Noted
from jobs.training_data.texts.reading import read
from tests.documents import hwpx


def text_of(tmp_path: Path, body: str, **parts: str) -> tuple[str, Noted]:
    path = tmp_path / "a.hwpx"
    path.write_bytes(hwpx(body=body, parts={name.replace("_", "."): each for name, each in parts.items()}))
    found = read(path, "hwpx")
    return found.text, found.notes


def paragraph(inside: str, shape: str = "0") -> str:
    return f'<hp:p paraPrIDRef="{shape}"><hp:run>{inside}</hp:run></hp:p>'


def words(text: str) -> str:
    return f"<hp:t>{text}</hp:t>"


def ctrl(name: str, *paragraphs: str, told: str = "") -> str:
    inside = f"<hp:subList>{''.join(paragraph(words(one)) for one in paragraphs)}</hp:subList>"
    return f"<hp:ctrl><hp:{name} {told}>{inside}</hp:{name}></hp:ctrl>"


def cell(column: int, *paragraphs: str, span: int = 1, inside: str = "") -> str:
    texts = "".join(paragraph(words(one)) for one in paragraphs)
    place = f'<hp:cellAddr colAddr="{column}" rowAddr="0"/><hp:cellSpan colSpan="{span}" rowSpan="1"/>'
    return f"<hp:tc><hp:subList>{texts}{inside}</hp:subList>{place}</hp:tc>"


def table(*rows: str, caption: str = "") -> str:
    return f"<hp:tbl>{caption}{''.join(f'<hp:tr>{row}</hp:tr>' for row in rows)}</hp:tbl>"


TABLES = {
    "cells with paragraphs": (table(cell(0, "가", "나") + cell(1, "다")), "가 나\t다"),
    "a cell that goes down": (table(cell(0, "가") + cell(1, "나"), cell(1, "다")), "가\t나\n다"),
    "a cell in the middle that goes down": (
        table(cell(0, "가") + cell(1, "나") + cell(2, "다"), cell(0, "라") + cell(2, "마")),
        "가\t나\t다\n라\t\t마",
    ),
    "a wide cell": (table(cell(0, "가", span=2) + cell(2, "나")), "가\t\t나"),
    "a frame": (table(cell(0, "첫 문단이다.", "둘째 문단이다.")), "첫 문단이다.\n둘째 문단이다."),
    "a table in a cell": (
        table(cell(0, "가", inside=paragraph(table(cell(0, "1") + cell(1, "2")))) + cell(1, "나")),
        "가\t나\n\n1\t2",
    ),
    "a caption": (
        table(
            cell(0, "가") + cell(1, "나"),
            caption=f"<hp:caption><hp:subList>{paragraph(words('표 제목'))}</hp:subList></hp:caption>",
        ),
        "표 제목\n\n가\t나",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_row_stays_a_row(tmp_path: Path, name: str) -> None:
    body, text = TABLES[name]

    assert text_of(tmp_path, paragraph(body)) == (text, {})


def test_a_table_within_a_paragraph_does_not_tear_it(tmp_path: Path) -> None:
    inside = words("문장의 앞과 ") + table(cell(0, "가") + cell(1, "나")) + words("뒤.")

    assert text_of(tmp_path, paragraph(inside) + paragraph(words("다음.")))[0] == "문장의 앞과 뒤.\n\n가\t나\n\n다음."


def test_notes_follow_the_text(tmp_path: Path) -> None:
    body = paragraph(words("문장") + ctrl("footNote", "첫 각주.") + words("은 이어진다."))
    body += paragraph(words("둘째.") + ctrl("endNote", "미주 하나.", "둘째 문단."))

    text, notes = text_of(tmp_path, body)

    assert (text, notes) == ("문장은 이어진다.\n둘째.\n\n첫 각주.\n미주 하나.\n둘째 문단.", {"footnotes": 2})


def test_what_does_not_belong_to_the_text_is_noted(tmp_path: Path) -> None:
    inside = ctrl("header", "머리말") + ctrl("footer", "") + ctrl("hiddenComment", "숨은 설명") + words("본문")
    inside += ctrl("fieldBegin", "메모", told='type="MEMO"') + ctrl("fieldBegin", told='type="HYPERLINK"')
    master = '<m xmlns:hp="p"><hp:p><hp:run><hp:t>바탕쪽</hp:t></hp:run></hp:p></m>'

    found = text_of(tmp_path, paragraph(inside), masterpage0_xml=master)

    assert found == ("본문", {"running": 2, "comments": 2})


def change(kind: str, number: int, end: str = "0") -> tuple[str, str]:
    told = f'Id="{number}" TcId="{number}"'
    return f"<hp:{kind}Begin {told}/>", f'<hp:{kind}End {told} paraend="{end}"/>'


def test_tracked_changes_are_accepted(tmp_path: Path) -> None:
    out, out_end = change("delete", 1)
    put, put_end = change("insert", 2)
    body = paragraph(words(f"값은 {out}천") + words(f"<hp:tab/>백{out_end}{put}이천{put_end} 원"))

    assert text_of(tmp_path, body) == ("값은 이천 원", {"deleted": 1})


def test_a_deleted_paragraph_mark_joins_two_paragraphs(tmp_path: Path) -> None:
    out, out_end = change("delete", 1, end="1")

    assert text_of(tmp_path, paragraph(words(f"앞과 {out}{out_end}")) + paragraph(words("뒤.")))[0] == "앞과 뒤."


def test_a_deletion_over_two_paragraphs(tmp_path: Path) -> None:
    out, out_end = change("delete", 1)

    assert text_of(tmp_path, paragraph(words(f"앞. {out}지운")) + paragraph(words(f"글{out_end}뒤.")))[0] == "앞.\n뒤."


def test_a_deletion_that_never_ends_deletes_nothing(tmp_path: Path) -> None:
    out, _end = change("delete", 1)

    assert text_of(tmp_path, paragraph(words(f"앞 {out}뒤")) + paragraph(words("끝")))[0] == "앞 뒤\n끝"


SIGNS = {
    "spaces and hyphens": (words("제1조<hp:nbSpace/>(목적)<hp:fwSpace/>이<hp:hyphen/>규정"), "제1조 (목적) 이-규정"),
    "breaks": (words("가<hp:tab/>나<hp:lineBreak/>다"), "가\t나\n다"),
    "a tab outside": (words("가") + "<hp:tab/>" + words("나"), "가\t나"),
    "one composed of several": (words("가") + '<hp:compose composeText="12"/>' + words("나"), "가12나"),
    "words above others": (
        "<hp:dutmal><hp:mainText>본말</hp:mainText><hp:subText>덧말</hp:subText></hp:dutmal>" + words("이다"),
        "본말이다",
    ),
    "marks": (
        words('가<hp:markpenBegin color="#FF0000"/>나<hp:markpenEnd/><hp:titleMark ignore="1"/>다')
        + "<hp:ctrl><hp:bookmark name='x'/><hp:indexmark><hp:firstKey>색인</hp:firstKey></hp:indexmark></hp:ctrl>",
        "가나다",
    ),
    "the number of a figure": (
        words("그림 ") + '<hp:ctrl><hp:autoNum num="3" numType="PICTURE"/></hp:ctrl>' + words(". 언덕"),
        "그림 3. 언덕",
    ),
    "the number of a page": ('<hp:ctrl><hp:autoNum num="3" numType="PAGE"/></hp:ctrl>' + words("글"), "글"),
    "a box": (
        words("문장") + f"<hp:rect><hp:drawText>{paragraph(words('상자'))}</hp:drawText></hp:rect>" + words("은 하나."),
        "문장은 하나.\n\n상자",
    ),
    "art": (
        '<hp:textart text="글맵시␍␊둘째 줄"><hp:shapeComment>글맵시입니다.</hp:shapeComment></hp:textart>',
        "글맵시\n둘째 줄",
    ),
    "two versions": (
        f"<hp:switch><hp:case>{words('새')}</hp:case><hp:default>{words('헌')}</hp:default></hp:switch>",
        "새",
    ),
    "two versions, the first without text": (
        f"<hp:switch><hp:case/><hp:default>{words('헌')}</hp:default></hp:switch>",
        "헌",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNS)
def test_signs_read_as_on_paper(tmp_path: Path, name: str) -> None:
    inside, text = SIGNS[name]

    assert text_of(tmp_path, paragraph(inside))[0] == text


def test_an_equation_stands_as_it_was_written(tmp_path: Path) -> None:
    equation = (
        "<hp:equation><hp:shapeComment>수식입니다.</hp:shapeComment><hp:script>a over b</hp:script></hp:equation>"
    )

    found = text_of(tmp_path, paragraph(words("값은 ") + equation + words("이다.")))

    assert found == ("값은 a over b이다.", {"equations": 1})


def test_numbers_that_the_program_makes_are_noted(tmp_path: Path) -> None:
    header = (
        '<h xmlns:hh="h"><hh:paraPr id="0"><hh:heading type="NONE"/></hh:paraPr>'
        '<hh:paraPr id="7"><hh:heading type="OUTLINE" level="1"/></hh:paraPr></h>'
    )

    found = text_of(
        tmp_path, paragraph(words("제목"), "7") + paragraph("", "7") + paragraph(words("글")), header_xml=header
    )

    assert found == ("제목\n글", {"numbers": 1})


def test_sections_come_in_the_order_of_the_spine(tmp_path: Path) -> None:
    items = "".join(f'<opf:item id="s{n}" href="Contents/section{n}.xml"/>' for n in range(3))
    spine = '<opf:itemref idref="h"/><opf:itemref idref="s2"/><opf:itemref idref="s0"/><opf:itemref idref="s0"/>'
    hpf = f'<opf:package xmlns:opf="o"><opf:manifest>{items}</opf:manifest><opf:spine>{spine}</opf:spine></opf:package>'
    path = tmp_path / "a.hwpx"
    path.write_bytes(hwpx(["0절"], ["1절"], ["2절"], parts={"content.hpf": hpf}))

    assert read(path, "hwpx").text == "2절\n0절\n1절"


def test_the_namespaces_of_another_version(tmp_path: Path) -> None:
    body = '<q:p xmlns:q="http://www.owpml.org/owpml/2024/paragraph"><q:run><q:t>글<q:nbSpace/>하나</q:t></q:run></q:p>'

    assert text_of(tmp_path, body)[0] == "글 하나"
