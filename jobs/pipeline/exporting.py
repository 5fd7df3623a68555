"""Everything a team owns as one zip of plain files, streamed in flat memory (ADR 0021).

The rows are read first, at one moment of the database, into a file that has no name; then the training files follow
straight from the disk. One that is gone by then is named in the manifest, and the archive is whole all the same.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, cast
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction

from jobs import VERSION
from jobs.engines import Engine
from jobs.models import FineTuneJob, Source, Team, TrainingFile, TunedModel, User
from jobs.pipeline.export_tables import TABLES, Table, archive_path, source_path
from jobs.pipeline.spreadsheets import harmless_csv
from jobs.pipeline.zip_stream import ZipStream

FORMAT, FORMAT_VERSION = "texthelper-team", 1
CHUNK = 256 * 1024
ROWS_AT_ONCE = 500
DELETED, UNMADE, GONE, DAMAGED = "deleted", "not_made_yet", "bytes_gone", "bytes_damaged"
README = """\
글도우미 파인튜닝 (TextHelper): 한 팀이 가진 모든 것

이 압축 파일은 글도우미 없이도 읽을 수 있습니다.
- manifest.json: 들어 있는 파일마다 경로, 내용, 바이트 수, sha256. 빠진 학습 파일은 "missing"에 이유와 함께 있습니다.
  deleted: 이 팀이 지웠습니다. not_made_yet: 아직 변환되지 않았습니다.
  bytes_gone: 압축하는 동안 지워졌거나 서버에 없습니다. bytes_damaged: 들어 있지만, 올릴 때의 바이트와 다릅니다.
- training_files/: 학습 파일의 바이트 그대로. sources/: 글의 바이트 그대로. results/: 학습 작업의 결과 CSV
  (표 계산 프로그램이 수식으로 실행할 칸 앞에는 '를 붙입니다).
- *.jsonl: 한 줄에 JSON 하나, UTF-8, 시각은 UTC. 서로는 uuid로 가리킵니다.
API 키, 웹훅 비밀 값, 초대 링크, 비밀번호는 들어 있지 않습니다. 알림은 개인의 것이라 들어 있지 않습니다.
학습된 모델의 가중치는 들어 있지 않습니다. manifest.json의 "weights"에 있는 모델을 작업 페이지의 "모델 내려받기"에서
따로 내려받으세요.
manifest.json의 "talks"가 "own"이면 대화는 내려받은 사람의 것만 들어 있습니다.

TextHelper: everything one team owns

This archive can be read without TextHelper.
- manifest.json: for each file its path, what it is, bytes and sha256. "missing" names training files that are not here.
  deleted: the team deleted it. not_made_yet: its conversion had not been made.
  bytes_gone: deleted while the archive was made, or not on the server. bytes_damaged: here, but not as it was uploaded.
- training_files/ and sources/: the bytes of training files and texts, unchanged. results/: the result CSV of each job.
  In these a quote (') stands before each cell that a spreadsheet would run as a formula.
- *.jsonl: one JSON object a line, UTF-8, times in UTC. They refer to each other by uuid.
API keys, webhook secrets, invitation links and passwords are not in it. Notices belong to people and are not in it.
The weights of trained models are not in it. "weights" in manifest.json names the models: download each separately,
from its job's page ("Download the model").
Where "talks" in manifest.json is "own", only the talks of the person who downloaded it are in it.
"""


class Kept(NamedTuple):
    """A training file or a text as it was at the moment of the rows."""

    path: str  # in the archive
    what: str
    uuid: UUID
    name: str
    sha256: str
    size: int
    content: str
    deleted: bool


class Archive(ZipStream):
    """One archive on its way. Make it where the database may be read; `chunks` then reads files only."""

    def __init__(self, team: Team, reader: User | None = None) -> None:
        super().__init__()
        self.missing: list[dict[str, Any]] = []
        self.about = {"name": team.name, "slug": team.slug, "created_at": team.created_at}
        self.talks = "own" if reader else "all"
        self.spool = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  # closed by chunks
        with one_moment():
            self._read(team, reader)

    def chunks(self) -> Iterator[bytes]:
        """The zip, piece by piece; none is empty."""
        return filter(None, self._chunks())

    @property
    def damaged(self) -> list[dict[str, Any]]:
        """Training files that should be whole, and are not."""
        return [one for one in self.missing if one["reason"] in (GONE, DAMAGED)]

    def _chunks(self) -> Iterator[bytes]:
        with self.spool:
            self.spool.seek(0)
            while chunk := self.spool.read(CHUNK):
                yield chunk
        for kept in self.kept:
            yield from self._bytes_of(kept)
        self.whole("manifest.json", "this list", as_json(self._manifest(), indent=2))
        self.zip.close()
        yield self.pipe.take()

    # --- rows -----------------------------------------------------------------------------------------

    def _read(self, team: Team, reader: User | None) -> None:
        self.whole("README.txt", "how to read this", README.encode())
        for table in TABLES:
            self._table(table, team, reader)
        results = FineTuneJob.objects.filter(team=team).exclude(result_csv="").order_by("pk")
        for uuid, text in results.values_list("uuid", "result_csv").iterator(ROWS_AT_ONCE):
            self.whole(f"results/{uuid}.csv", "a job's result file, decoded", harmless_csv(text))
            self._spooled()
        self.kept = [*_files(team), *_texts(team)]
        self.weights = list(_weights(team))

    def _table(self, table: Table, team: Team, reader: User | None) -> None:
        rows = table.rows(team, reader).values_list(*table.columns.values())
        with self.entry(table.path, table.what) as write:
            for row in rows.iterator(ROWS_AT_ONCE):
                write(as_json(table.also(dict(zip(table.columns, row, strict=True)))) + b"\n")
                self._spooled()
        self._spooled()

    def _spooled(self) -> None:
        self.spool.write(self.pipe.take())

    # --- bytes ----------------------------------------------------------------------------------------

    def _bytes_of(self, kept: Kept) -> Iterator[bytes]:
        try:
            stored = default_storage.open(kept.content) if kept.content else None
        except OSError:
            stored = None
        if stored is None:
            self._miss(kept, DELETED if kept.deleted else GONE if kept.content else UNMADE)
            return
        with stored, self.entry(kept.path, kept.what) as write:
            for data in pieces(cast(IO[bytes], stored)):
                write(data)
                yield self.pipe.take()
        if self.files[-1]["sha256"] != kept.sha256:
            self._miss(kept, DAMAGED)
        yield self.pipe.take()

    def _miss(self, kept: Kept, reason: str) -> None:
        told = {"uuid": kept.uuid, "name": kept.name, "sha256": kept.sha256, "bytes": kept.size}
        self.missing.append(told | {"reason": reason})

    def _manifest(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "app_version": VERSION,
            "made_at": self.made_at,
            "team": self.about,
            "talks": self.talks,
            "files": self.files,
            "missing": self.missing,
            "weights": self.weights,
        }


def _files(team: Team) -> Iterator[Kept]:
    rows = TrainingFile.objects.filter(team=team).order_by("pk")
    for row in rows.values("uuid", "name", "sha256", "size", "content", "deleted_at"):
        yield _kept(archive_path(row), "a training file", row)


def _texts(team: Team) -> Iterator[Kept]:
    rows = Source.objects.filter(team=team).order_by("pk")
    for row in rows.values("uuid", "name", "kind", "sha256", "size", "content", "deleted_at"):
        yield _kept(source_path(row), "a text, as it was uploaded", row)


def _weights(team: Team) -> Iterator[dict[str, Any]]:
    """The models whose weights are to be downloaded besides, each from the page of its job."""
    rows = TunedModel.objects.filter(team=team, engine=Engine.TRANSFORMERS, step=None, deleted_at=None).order_by("pk")
    for name, job in rows.values_list("name", "job__uuid"):
        yield {"model": name, "job": job}


def _kept(path: str, what: str, row: Mapping[str, Any]) -> Kept:
    known = (row["uuid"], row["name"], row["sha256"], row["size"], row["content"])
    return Kept(path, what, *known, row["deleted_at"] is not None)


def as_json(value: object, indent: int = 0) -> bytes:
    """UTF-8; times in ISO 8601, uuids and decimals as text."""
    text = msgspec.json.encode(value)
    return msgspec.json.format(text, indent=indent) if indent else text


def pieces(stored: IO[bytes]) -> Iterator[bytes]:
    """What can be read; a disk that breaks midway ends the file, and its sha256 tells."""
    try:
        while data := stored.read(CHUNK):
            yield data
    except OSError:
        return


@contextmanager
def one_moment() -> Iterator[None]:
    """Every query inside sees the same moment, and nobody who writes meanwhile has to wait."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # our transactions are IMMEDIATE: they would hold every writer up
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
