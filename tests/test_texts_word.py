"""What a .docx says on paper, and what is noted of the rest."""

from pathlib import Path

import pytest

from jobs.training_data.texts.found import Noted
from jobs.training_data.texts.reading import read
from tests.documents import docx, zipped

BEGIN, SEPARATE, END = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))


def text_of(tmp_path: Path, body: str, **parts: str) -> tuple[str, Noted]:
    path = tmp_path / "a.docx"
    path.write_bytes(docx(body=body, parts=parts))
    found = read(path, "docx")
    return found.text, found.notes


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(inside: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inside}</w:p>"


def cell(*paragraphs: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(paragraph(run(one)) for one in paragraphs)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def field(code: str, shown: str) -> str:
    return f"{BEGIN}<w:r><w:instrText>{code}</w:instrText></w:r>{SEPARATE}{run(shown)}{END}"


MARK_DELETED = "<w:rPr><w:del/></w:rPr>"
CHANGES = {
    "inserted and deleted": (
        paragraph(
            f"{run('값은 ')}<w:del><w:r><w:delText>천</w:delText></w:r></w:del><w:ins>{run('이천')}</w:ins>{run(' 원')}"
        ),
        "값은 이천 원",
        {"deleted": 1},
    ),
    "a deleted space": (
        paragraph(run("값은") + "<w:del><w:r><w:delText> </w:delText></w:r></w:del>" + run(" 하나")),
        "값은 하나",
        {},
    ),
    "the break between two paragraphs": (paragraph(run("앞과 "), MARK_DELETED) + paragraph(run("뒤")), "앞과 뒤", {}),
    "a row": (
        f"<w:tbl>{row(cell('가'), cell('나'))}{row(cell('다'), cell('라'), properties='<w:del/>')}</w:tbl>",
        "가\t나",
        {"deleted": 1},
    ),
    "looks of before": (
        paragraph(run("보인다", "<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>")),
        "보인다",
        {},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_tracked_changes_are_accepted(tmp_path: Path, name: str) -> None:
    body, text, notes = CHANGES[name]

    assert text_of(tmp_path, body) == (text, notes)


STYLES = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="N"/>'
    '<w:style w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="B"><w:basedOn w:val="H"/></w:style>'
    '<w:style w:styleId="V"><w:basedOn w:val="H"/><w:rPr><w:vanish w:val="0"/></w:rPr></w:style>'
    '<w:style w:styleId="L"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="R"><w:basedOn w:val="R"/></w:style>'
)
HIDING = {
    "by itself": (run("글", "<w:vanish/>"), "", ""),
    "not after all": (run("글", '<w:vanish w:val="false"/>'), "", "글"),
    "by its style": (run("글", '<w:rStyle w:val="H"/>'), "", ""),
    "by the style below": (run("글", '<w:rStyle w:val="B"/>'), "", ""),
    "its style takes it back": (run("글", '<w:rStyle w:val="V"/>'), "", "글"),
    "by the paragraph's style": (run("글"), '<w:pStyle w:val="H"/>', ""),
    "both styles undo each other": (run("글", '<w:rStyle w:val="H"/>'), '<w:pStyle w:val="B"/>', "글"),
    "shown in spite of the style": (run("글", '<w:vanish w:val="0"/>'), '<w:pStyle w:val="H"/>', "글"),
    "on web pages alone": (run("글", "<w:webHidden/>"), "", "글"),
    "a style based on itself": (run("글", '<w:rStyle w:val="R"/>'), "", "글"),
}


@pytest.mark.parametrize("name", HIDING)
def test_hidden_text_is_left_out_and_noted(tmp_path: Path, name: str) -> None:
    hidden, properties, shown = HIDING[name]

    text, notes = text_of(tmp_path, paragraph(run("앞 ")) + paragraph(hidden, properties), styles=STYLES)

    assert (text, notes) == (f"앞\n{shown}".strip(), {} if shown else {"hidden": 1})


def test_a_hidden_paragraph_mark_joins_two_paragraphs(tmp_path: Path) -> None:
    heading = paragraph(run("제1조 "), "<w:rPr><w:vanish/><w:specVanish/></w:rPr>")

    assert text_of(tmp_path, heading + paragraph(run("목적을 정한다.")))[0] == "제1조 목적을 정한다."


TABLES = {
    "cells with paragraphs": (row(cell("가", "나"), cell("다")), "가 나\t다"),
    "an empty cell in between": (row(cell("가"), cell(), cell("다")), "가\t\t다"),
    "a wide cell": (row(cell("가", properties='<w:gridSpan w:val="2"/>'), cell("다")), "가\t\t다"),
    "a cell of an absurd width": (
        row(cell("가", properties='<w:gridSpan w:val="99999"/>'), cell("다")),
        "가" + "\t" * 63 + "다",
    ),
    "a cell that goes down": (
        row(cell("가", properties='<w:vMerge w:val="restart"/>'), cell("나"))
        + row(cell(properties="<w:vMerge/>"), cell("다")),
        "가\t나\n\t다",
    ),
    "what a cell above covers": (
        row(cell("가", properties='<w:vMerge w:val="restart"/>'), cell("나"))
        + row(cell("남은 글", properties="<w:vMerge/>"), cell("다")),
        "가\t나\n\t다",
    ),
    "a frame": (row(cell("첫 문단이다.", "둘째 문단이다.")), "첫 문단이다.\n둘째 문단이다."),
    "a frame beside an empty cell": (
        row(cell(), cell("첫 문단이다.", "둘째 문단이다.")),
        "첫 문단이다.\n둘째 문단이다.",
    ),
    "no text": (row(cell(), cell()) + row(cell("가"), cell("나")), "가\t나"),
    "a table in a cell": (
        row(cell("가"), f"<w:tc>{paragraph(run('나'))}<w:tbl>{row(cell('1'), cell('2'))}</w:tbl></w:tc>", cell("다")),
        "가\t나\t다\n\n1\t2",
    ),
    "a hidden row": (row(cell("가"), cell("나"), properties="<w:hidden/>") + row(cell("다"), cell("라")), "다\t라"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_row_stays_a_row(tmp_path: Path, name: str) -> None:
    rows, text = TABLES[name]

    assert text_of(tmp_path, f"<w:tbl>{rows}</w:tbl>")[0] == text.strip("\n")


def test_a_table_is_set_off_from_the_prose(tmp_path: Path) -> None:
    table = f"<w:tbl>{row(cell('가'), cell('나'))}</w:tbl>"

    assert text_of(tmp_path, paragraph(run("앞.")) + table + paragraph(run("뒤.")))[0] == "앞.\n\n가\t나\n\n뒤."


def test_notes_follow_the_text_in_the_order_of_their_signs(tmp_path: Path) -> None:
    def sign(number: int, kind: str = "footnote") -> str:
        return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'

    def note(number: int, text: str, kind: str = "footnote") -> str:
        return f'<w:{kind} w:id="{number}">{paragraph(run(text))}</w:{kind}>'

    body = paragraph(run("문장은") + sign(2) + run(" 이어진다.") + sign(1, "endnote"))
    body += paragraph(run("둘째.") + sign(1) + f"<w:del>{sign(3)}</w:del>")
    separator = f'<w:footnote w:id="0" w:type="separator">{paragraph(run("---"))}</w:footnote>'
    footnotes = separator + note(1, " 첫 각주.") + note(2, " 둘째 각주.") + note(3, "지운 각주.")

    text, notes = text_of(tmp_path, body, footnotes=footnotes, endnotes=note(1, "미주.", "endnote"))

    assert text == "문장은 이어진다.\n둘째.\n\n둘째 각주.\n미주.\n첫 각주."
    assert notes == {"footnotes": 3}


def test_a_note_whose_sign_is_in_the_code_of_a_field_is_none(tmp_path: Path) -> None:
    body = paragraph(BEGIN + '<w:r><w:footnoteReference w:id="1"/></w:r>' + SEPARATE + run("글") + END)
    note = f'<w:footnote w:id="1">{paragraph(run("각주"))}</w:footnote>'

    assert text_of(tmp_path, body, footnotes=note) == ("글", {})


def test_headers_and_comments_are_left_out_and_noted(tmp_path: Path) -> None:
    body = paragraph(run("본문.") + '<w:r><w:commentReference w:id="1"/></w:r>')
    comment = f'<w:comment w:id="1">{paragraph(run("의견"))}</w:comment>'

    found = text_of(tmp_path, body, comments=comment, header1=paragraph(run("머리말")), footer1=paragraph(""))

    assert found == ("본문.", {"comments": 1, "running": 1})


def box(text: str) -> str:
    return f"<w:txbxContent>{paragraph(run(text))}</w:txbxContent>"


def choice(first: str, second: str) -> str:
    versions = f"<mc:Choice>{first}</mc:Choice><mc:Fallback>{second}</mc:Fallback>"
    return f'<mc:AlternateContent xmlns:mc="u">{versions}</mc:AlternateContent>'


def test_of_two_versions_the_first_with_text_is_read(tmp_path: Path) -> None:
    emoji = choice('<x:symEx xmlns:x="x" x:font="Emoji" x:char="1F600"/>', "<w:t>?</w:t>")
    body = paragraph(f"<w:r><w:t>앞</w:t>{choice('', '<w:t>뒤</w:t>')}{emoji}{choice(box('상자'), box('상자'))}</w:r>")

    assert text_of(tmp_path, body)[0] == "앞뒤😀\n\n상자"


def test_a_box_in_a_box_and_art(tmp_path: Path) -> None:
    inner = f"<w:txbxContent>{paragraph(run('밖') + '<w:r>' + box('안') + '</w:r>')}</w:txbxContent>"
    art = '<w:r><v:textpath xmlns:v="v" string="글맵시"/></w:r>'

    text = text_of(tmp_path, paragraph(run("문장이 ") + f"<w:r>{inner}</w:r>" + art + run("이어진다.")))[0]

    assert text == "문장이 이어진다.\n\n밖\n\n안\n\n글맵시"


FIELDS = {
    "its result": (field(" HYPERLINK x ", "보이는 말"), "보이는 말"),
    "one in the code of another": (BEGIN + field("PAGE", "7") + SEPARATE + run("결과") + END, "결과"),
    "one that never ends": (BEGIN + run("남는 말"), "남는 말"),
    "a simple one": (f'<w:fldSimple w:instr="DATE">{run("오늘")}</w:fldSimple>', "오늘"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_gives_what_it_shows(tmp_path: Path, name: str) -> None:
    inside, text = FIELDS[name]

    assert text_of(tmp_path, paragraph(inside)) == (text, {})


SIGNS = {
    "hyphens": (
        "<w:r><w:t>2</w:t><w:noBreakHyphen/><w:t>3</w:t><w:softHyphen/><w:t>월\u00ad까지</w:t></w:r>",
        "2-3월까지",
    ),
    "spaces": (run("제1조\u00a0(목적)\u202f이 규정"), "제1조 (목적) 이 규정"),
    "breaks": (
        "<w:r><w:t>가</w:t><w:tab/><w:t>나</w:t><w:br/><w:t>다</w:t><w:cr/><w:t>라</w:t></w:r>",
        "가\t나\n다\n라",
    ),
    "ruby": (
        f"<w:r><w:ruby><w:rt>{run('かんじ')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase></w:ruby></w:r>",
        "漢字",
    ),
    "a Greek letter": ('<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>', "α"),
    "a tick": ('<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', "✓"),
    "a letter of any font": ('<w:r><w:sym w:font="Batang" w:char="AC00"/></w:r>', "가"),
    "wrapped": (f"<w:smartTag>{run('가')}</w:smartTag><w:sdt><w:sdtContent>{run('나')}</w:sdtContent></w:sdt>", "가나"),
    "a link": (f"<w:hyperlink>{run('가')}</w:hyperlink>{run('나')}", "가나"),
    "pretty XML": ("\n <w:r>\n  <w:t>가</w:t>\n </w:r>\n", "가"),
}


@pytest.mark.parametrize("name", SIGNS)
def test_signs_read_as_on_paper(tmp_path: Path, name: str) -> None:
    inside, text = SIGNS[name]

    assert text_of(tmp_path, paragraph(inside))[0] == text


def math(inside: str) -> str:
    return f'<m:oMath xmlns:m="m">{inside}</m:oMath>'


def letters(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


EQUATIONS = {
    "(a+b)/2": f"<m:f><m:num>{letters('a+b')}</m:num><m:den>{letters('2')}</m:den></m:f>",
    "x^2": f"<m:sSup><m:e>{letters('x')}</m:e><m:sup>{letters('2')}</m:sup></m:sSup>",
    "x_i^2": (
        f"<m:sSubSup><m:e>{letters('x')}</m:e><m:sub>{letters('i')}</m:sub><m:sup>{letters('2')}</m:sup></m:sSubSup>"
    ),
    "√(x+1)": f"<m:rad><m:deg/><m:e>{letters('x+1')}</m:e></m:rad>",
    "[a]": f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{letters("a")}</m:e></m:d>',
    "∑_(i=1)^n i": (
        f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{letters("i=1")}</m:sub>'
        f"<m:sup>{letters('n')}</m:sup><m:e>{letters('i')}</m:e></m:nary>"
    ),
    "a, b; c, d": (
        f"<m:m><m:mr><m:e>{letters('a')}</m:e><m:e>{letters('b')}</m:e></m:mr>"
        f"<m:mr><m:e>{letters('c')}</m:e><m:e>{letters('d')}</m:e></m:mr></m:m>"
    ),
}


@pytest.mark.parametrize("expected", EQUATIONS)
def test_an_equation_becomes_a_line(tmp_path: Path, expected: str) -> None:
    body = paragraph(run("값은 ") + math(EQUATIONS[expected]) + run("이다."))

    assert text_of(tmp_path, body) == (f"값은 {expected}이다.", {"equations": 1})


def test_what_has_no_text_here_is_noted(tmp_path: Path) -> None:
    drawing = '<w:r><w:drawing><c:chart xmlns:c="c"/></w:drawing><w:sym w:font="Wingdings" w:char="F022"/></w:r>'
    listed = '<w:numPr><w:numId w:val="1"/></w:numPr>'
    body = paragraph(run("가"), listed) + paragraph(run("나"), '<w:pStyle w:val="L"/>')
    body += paragraph(run("다"), '<w:numPr><w:numId w:val="0"/></w:numPr>') + paragraph(drawing) + "<w:altChunk/>"

    found = text_of(tmp_path, body, styles=STYLES)

    assert found == ("가\n나\n다", {"numbers": 2, "signs": 1, "charts": 1, "embedded": 1})


def test_a_strict_document_whose_body_has_another_name(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml"
    relations = (
        f'<Relationships><Relationship Id="1" Type="{strict}/officeDocument/relationships/officeDocument"'
        ' Target="/word/main.xml"/></Relationships>'
    )
    notes = (
        f'<Relationships><Relationship Id="1" Type="{strict}/officeDocument/relationships/footnotes" Target="fn.xml"/>'
        '<Relationship Id="2" Type="x/header" TargetMode="External" Target="http://x/y.xml"/></Relationships>'
    )
    body = '<d:document xmlns:d="s"><d:p><d:r><d:t>글</d:t><d:footnoteReference d:id="1"/></d:r></d:p></d:document>'
    note = (
        '<d:footnotes xmlns:d="s"><d:footnote d:id="1"><d:p><d:r><d:t>각주</d:t></d:r></d:p></d:footnote></d:footnotes>'
    )
    parts = {
        "_rels/.rels": relations,
        "word/main.xml": body,
        "word/_rels/main.xml.rels": notes,
        "word/fn.xml": note,
        "word/glossary/document.xml": body.replace("글", "상용구"),
    }
    path = tmp_path / "a.docx"
    path.write_bytes(zipped({name: each.encode() for name, each in parts.items()}))

    assert read(path, "docx").text == "글\n\n각주"
