"""Builds tiny documents by code: .docx, .hwpx and .pdf, good ones and bad ones."""

import io
import zipfile
from itertools import accumulate

from pypdf import PdfReader, PdfWriter

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
HANGUL = "http://www.hancom.co.kr/hwpml/2011/paragraph"


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(*paragraphs: str, body: str = "", head: str = "", parts: dict[str, str] | None = None) -> bytes:
    """`parts`: what else is in the folder word/, by name; its elements may use the prefix w."""
    inside = body or "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    xml = f'<?xml version="1.0"?>{head}<w:document xmlns:w="{WORD}"><w:body>{inside}</w:body></w:document>'
    others = {
        f"word/{name}.xml": f'<w:{name.rstrip("0123456789")} xmlns:w="{WORD}">{content}</w:{name.rstrip("0123456789")}>'
        for name, content in (parts or {}).items()
    }
    documents = {"word/document.xml": xml, **others}
    return zipped({"[Content_Types].xml": b"<Types/>", **{name: each.encode() for name, each in documents.items()}})


def hwpx(
    *sections: list[str], manifest: bytes = b"<manifest/>", body: str = "", parts: dict[str, str] | None = None
) -> bytes:
    """`body`: the XML of a single section. `parts`: what else is in the folder Contents/, by file name."""

    def section(paragraphs: list[str]) -> bytes:
        inside = body or "".join(f"<hp:p><hp:run><hp:t>{text}</hp:t></hp:run></hp:p>" for text in paragraphs)
        return f'<hs:sec xmlns:hs="urn:section" xmlns:hp="{HANGUL}">{inside}</hs:sec>'.encode()

    texts = {f"Contents/section{number}.xml": section(each) for number, each in enumerate(sections or ([],))}
    others = {f"Contents/{name}": content.encode() for name, content in (parts or {}).items()}
    return zipped({"mimetype": b"application/hwp+zip", "META-INF/manifest.xml": manifest, **texts, **others})


type Drawn = tuple[float, float, str]  # from the left, from below, and the text; every letter is as wide as high


def pdf(*pages: str) -> bytes:
    """A PDF whose pages show these texts; an empty one shows nothing, as a scan does."""

    def lines(page: str) -> list[Drawn]:
        return [(50, 700 - 20 * number, line) for number, line in enumerate(page.splitlines())]

    return drawn_pdf(*map(lines, pages))


def drawn_pdf(*pages: list[Drawn], named: bool = True, about: str = "/MediaBox [0 0 600 800]", size: int = 12) -> bytes:
    """A PDF with texts at places. `named`: its font says which characters it shows. `about`: keys of each page."""
    letters = sorted({letter for page in pages for _x, _y, text in page for letter in text})
    codes = {letter: number for number, letter in enumerate(letters, start=1)}
    count = len(pages)
    ordering = b"Korea1" if named else b"Identity"
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H"
        b" /DescendantFonts [4 0 R] %s >>" % (b"/ToUnicode 5 0 R" if named else b""),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Any /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (%s) /Supplement 2 >> >>" % ordering,
        _stream(_to_unicode(codes)),
    ]
    for number, page in enumerate(pages):
        keys = f"/Type /Page /Parent 2 0 R {about} /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< {keys} /Contents {7 + 2 * number} 0 R >>".encode())
        objects.append(_stream(_shown(page, codes, size)))
    return _file(objects)


def _to_unicode(codes: dict[str, int]) -> bytes:
    rows = "\n".join(f"<{code:04x}> <{letter.encode('utf-16-be').hex()}>" for letter, code in codes.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{rows}\nendbfchar endcmap end end"
    ).encode()


def _shown(page: list[Drawn], codes: dict[str, int], size: int) -> bytes:
    texts = [
        f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm <{''.join(f'{codes[letter]:04x}' for letter in text)}> Tj ET"
        for x, y, text in page
    ]
    return "\n".join(texts).encode() or b"q Q"


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _file(objects: list[bytes]) -> bytes:
    bodies = [b"%d 0 obj\n%s\nendobj\n" % (number, body) for number, body in enumerate(objects, start=1)]
    head = b"%PDF-1.7\n"
    places = list(accumulate(map(len, bodies), initial=len(head)))
    table = b"".join(b"%010d 00000 n \n" % place for place in places[:-1])
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return head + b"".join(bodies) + end % (size, table, size, places[-1])


def locked(content: bytes, password: str) -> bytes:
    """The PDF with a password; an empty one only forbids printing and the like."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def lying(content: bytes, part: str, declared: int) -> bytes:
    """The zip, whose `part` declares to be smaller than it is: in its own header and in the list at the end."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        true = archive.getinfo(part).file_size
    return content.replace(true.to_bytes(4, "little"), declared.to_bytes(4, "little"))
