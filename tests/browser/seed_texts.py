"""Texts in every state that their page can show."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from jobs.models import Source, Team, User
from jobs.pipeline import sources
from tests.documents import docx
from tests.factories import make_source


def texts(team: Team, owner: User) -> dict[str, str]:
    sample = settings.BASE_DIR / "samples" / "winter-notes-cp949.txt"
    made = {
        "ready": _read(team, owner, "겨울 노트.txt", sample.read_bytes()),
        "document": _read(team, owner, "주민센터 안내.docx", _document()),
        "invalid": _read(team, owner, "옛 원고.docx", b"PK\x03\x04 half of a zip"),
        "checking": _half_read(team, owner),
        "deleted": make_source(team, name="지난 여름.txt", deleted_at=timezone.now(), uploaded_by=owner),
    }
    return {f"source {name}": reverse("source-detail", args=[team.slug, row.uuid]) for name, row in made.items()}


def _document() -> bytes:
    """One with everything that is noted."""

    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>' for cell in cells)}</w:tr>"

    body = (
        "<w:p><w:r><w:t>창구에서\u00a0받는 수수료는</w:t></w:r><w:r><w:footnoteReference w:id='1'/></w:r>"
        "<w:del><w:r><w:delText>작년과</w:delText></w:r></w:del><w:r><w:t> 다음과 같다.</w:t></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>숨긴 글</w:t><w:commentReference w:id='1'/></w:r></w:p>"
        f"<w:tbl>{row('민원', '수수료', '기간')}{row('등본', '400원', '즉시')}{row('증명서', '1,000원', '3일')}</w:tbl>"
    )
    note = "<w:footnote w:id='1'><w:p><w:r><w:t>2026년 1월부터.</w:t></w:r></w:p></w:footnote>"
    return docx(body=body, parts={"footnotes": note, "header1": "<w:p><w:r><w:t>주민센터</w:t></w:r></w:p>"})


def _half_read(team: Team, owner: User) -> Source:
    source = make_source(team, name="회고록.pdf", kind="pdf", state="checking", uploaded_by=owner)
    Source.objects.filter(pk=source.pk).update(size=4_310_000, read_pages=41, of_pages=320)
    return source


def _read(team: Team, owner: User, name: str, body: bytes) -> Source:
    content: File[bytes] = ContentFile(body, Path(name).name)
    digest = hashlib.sha256(body).hexdigest()
    source = sources.store(team, owner, content, name=name, sha256=digest, also=lambda _row: None).source
    sources.read(source)
    return source
