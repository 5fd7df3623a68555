"""What the pages of tables, repairs and changes can show."""

import hashlib
from unicodedata import normalize

from django.core.files.base import ContentFile
from django.urls import reverse

from jobs.models import Origin, Team, TrainingFile, User
from jobs.pipeline import checking
from jobs.pipeline.storing import order_version, store

POEMS = [
    ("첫눈", "첫눈이 골목의 소리를 덮었다."),
    ("군고구마", "봉지 속에서 겨울이 따뜻했다."),
    ("입김", "말보다 먼저 하얗게 나왔다."),
]
TABLE = "번호,낱말,짧은 글\r\n" + "".join(
    f"{number},{asked} {number},{said}\r\n" for number, (asked, said) in enumerate(POEMS * 5, 1)
)


def changed(team: Team, owner: User, ready: TrainingFile) -> dict[str, str]:
    """Where a table, text saved badly and a part of a split are shown."""
    table = _stored(team, owner, "겨울 낱말.csv", TABLE.encode("cp949"))
    apart = _stored(team, owner, "맥에서 온 파일.jsonl", normalize("NFD", ready.path.read_text()).encode())
    cp949 = _stored(team, owner, "옛 파일.jsonl", ready.path.read_text().encode("cp949", "ignore"))
    options = {"ratio": 0.9, "seed": 7, "part": "training"}
    part = order_version(ready, owner, Origin.SPLIT, options, name="겨울 수필-training.jsonl", also=_nothing).file
    checking.check(part)
    files = {"table": table, "apart": apart, "cp949": cp949, "part": part}
    found = {f"file {name}": reverse("file-detail", args=[team.slug, file.uuid]) for name, file in files.items()}
    return found | {
        "change": reverse("file-change", args=[team.slug, ready.uuid]),
        "change invalid": reverse("file-change", args=[team.slug, table.uuid]),
        "map": reverse("file-map", args=[team.slug, table.uuid]),
        "repeat": reverse("file-repeat", args=[team.slug, part.uuid]),
    }


def _stored(team: Team, owner: User, name: str, body: bytes) -> TrainingFile:
    sha256 = hashlib.sha256(body).hexdigest()
    file = store(team, owner, ContentFile(body), name=name, sha256=sha256, also=_nothing).file
    checking.check(file)
    file.refresh_from_db()
    return file


def _nothing(_file: TrainingFile) -> None:
    pass
