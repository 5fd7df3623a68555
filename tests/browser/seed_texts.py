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
from tests.factories import make_source


def texts(team: Team, owner: User) -> dict[str, str]:
    sample = settings.BASE_DIR / "samples" / "winter-notes-cp949.txt"
    made = {
        "ready": _read(team, owner, "겨울 노트.txt", sample.read_bytes()),
        "invalid": _read(team, owner, "옛 원고.docx", b"PK\x03\x04 half of a zip"),
        "checking": _half_read(team, owner),
        "deleted": make_source(team, name="지난 여름.txt", deleted_at=timezone.now(), uploaded_by=owner),
    }
    return {f"source {name}": reverse("source-detail", args=[team.slug, row.uuid]) for name, row in made.items()}


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
