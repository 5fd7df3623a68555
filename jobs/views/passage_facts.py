"""What the page of a search says: files with excerpts, copies at services, jobs and models."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from jobs.models import FineTuneJob, QuestionSet, RemoteFile, Search, Source, TrainingFile, TunedModel
from jobs.pipeline import copies
from jobs.pipeline.models import deletable
from jobs.training_data.report import LIMITS
from jobs.training_data.searching import Excerpt, Passage
from jobs.training_data.texts import squeezing
from jobs.training_data.wording import Place, excerpt_at
from jobs.views.models import days_left, life

EXCERPTS = 3  # of a file
LINES = 20  # of a file, by number
JOBS = 100
TEXTS = 50
GENERATIONS = 5  # a model may have been trained further, and that one too


class Shown(NamedTuple):
    line: int
    excerpt: Excerpt | None


@dataclass
class FileRow:
    """One version of a file that holds, or held, the passage."""

    file: TrainingFile
    entry: dict[str, Any]
    shown: list[Shown] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    copies: list[RemoteFile] = field(default_factory=list)
    version: TrainingFile | None = None

    @property
    def is_cut(self) -> bool:
        """There are more lines than are named."""
        return int(self.entry["count"]) > EXCERPTS + LINES


class TextRow(NamedTuple):
    """One text that holds, or held, the passage; or that could not be searched."""

    source: Source
    entry: dict[str, Any]
    excerpt: Excerpt | None


class ModelRow(NamedTuple):
    model: TunedModel
    life: str
    days_left: int | None


@dataclass
class JobRow:
    job: FineTuneJob
    how: str  # "trained", "validated" or "further": trained on a model that was
    models: list[ModelRow]


def file_rows(search: Search, entries: Iterable[dict[str, Any]]) -> list[FileRow]:
    """The rows of a page of entries, in three queries."""
    told = {entry["file"]: entry for entry in entries}
    wanted = [*told, *(entry["version"] for entry in told.values() if entry["version"])]
    files = {str(file.uuid): file for file in _files(search).filter(uuid__in=wanted).defer("report")}
    rows = [
        FileRow(files[uuid], entry, version=files.get(entry["version"]))
        for uuid, entry in told.items()
        if uuid in files
    ]
    passage, there = Passage(search.passage) if search.passage else None, _copies([row.file for row in rows])
    for row in rows:
        row.copies = there[row.file.pk]
        row.lines = [line for line, *_place in row.entry["lines"][EXCERPTS : EXCERPTS + LINES]]
        first = row.entry["lines"][:EXCERPTS]
        row.shown = [Shown(line, _excerpt(row.file, offset, passage, place)) for line, offset, *place in first]
    return rows


def text_rows(search: Search, entries: list[dict[str, Any]]) -> list[TextRow]:
    """The first of them, in one query."""
    told = {entry["source"]: entry for entry in entries[:TEXTS]}
    found = Source.objects.filter(team=search.team_id, uuid__in=told).in_bulk(field_name="uuid")
    sources = {str(uuid): source for uuid, source in found.items()}
    passage = Passage(search.passage) if search.passage else None
    return [
        TextRow(sources[uuid], entry, _text_excerpt(sources[uuid], entry["at"], passage))
        for uuid, entry in told.items()
        if uuid in sources
    ]


def set_rows(search: Search) -> list[dict[str, Any]]:
    """Sets of questions that hold it, or whose answers do, in one query; a set that is gone has no row."""
    wanted = {entry["set"]: entry for entry in search.evaluations[:TEXTS] if entry["set"]}
    found = QuestionSet.objects.filter(team=search.team_id, uuid__in=wanted).defer("options").in_bulk(field_name="uuid")
    return [{"set": made, "entry": wanted[str(uuid)]} for uuid, made in found.items()]


def _text_excerpt(source: Source, byte: int | None, passage: Passage | None) -> Excerpt | None:
    """None where it is the text itself that is looked for, or it is not there, or not as it was."""
    if not passage or byte is None or not source.text_path:
        return None
    try:
        return squeezing.excerpt(source.text_file, byte, passage)
    except OSError:
        return None


def _files(search: Search) -> QuerySet[TrainingFile]:
    return TrainingFile.objects.filter(team=search.team_id)


def _excerpt(file: TrainingFile, offset: int, passage: Passage | None, place: list[int]) -> Excerpt | None:
    """None where the bytes are gone, or the line is longer than any may be. `place`: where no passage is sought."""
    if not file.content:
        return None
    try:
        with file.path.open("rb") as stream:
            stream.seek(offset)
            raw = stream.readline(LIMITS.line_bytes)
    except OSError:
        return None
    if passage:
        return passage.excerpt(raw)
    return excerpt_at(raw, Place(*place)) if place else None


def _copies(files: list[TrainingFile]) -> dict[int, list[RemoteFile]]:
    """Copies that are, or were, at services."""
    ever = ~Q(remote_id="") | Q(deleted_at__isnull=False)
    rows = RemoteFile.objects.filter(ever, training_file__in=files).annotate(needed=copies.needing())
    by_file: dict[int, list[RemoteFile]] = defaultdict(list)
    for row in rows.select_related("connection").defer("connection__models_seen").order_by("pk"):
        by_file[row.training_file_id].append(row)
    return by_file


def found_files(search: Search) -> QuerySet[TrainingFile]:
    return _files(search).filter(uuid__in=[entry["file"] for entry in search.hits])


def copies_there(search: Search) -> QuerySet[RemoteFile]:
    return RemoteFile.objects.filter(training_file__in=found_files(search)).exclude(remote_id="")


def copies_unknown(search: Search) -> int:
    """Copies of files that were deleted here: nobody can look into them."""
    rows = RemoteFile.objects.filter(connection__team=search.team_id, training_file__deleted_at__isnull=False)
    return rows.exclude(remote_id="").exclude(training_file__in=found_files(search)).count()


def job_rows(search: Search) -> list[JobRow]:
    """Jobs on these versions, newest first, then those that went on from their models."""
    files = list(found_files(search).values_list("pk", flat=True))
    jobs = _jobs(search).filter(Q(training_file__in=files) | Q(validation_file__in=files))
    rows = [_row(job, "trained" if job.training_file_id in files else "validated") for job in jobs[:JOBS]]
    for _generation in range(GENERATIONS):
        names = [each.model.name for row in rows if row.how != "validated" for each in row.models]
        known = [row.job.pk for row in rows]
        further = _jobs(search).filter(base_model__in=names).exclude(pk__in=known)[:JOBS] if names else ()
        if not further:
            break
        rows += [_row(job, "further") for job in further]
    return rows


def own_models(rows: list[JobRow]) -> list[TunedModel]:
    """Models of our own trainer that learnt it and can be deleted there; the newest first."""
    learnt = [each.model.pk for row in rows if row.how != "validated" for each in row.models]
    return list(deletable(TunedModel.objects.filter(pk__in=learnt)).select_related("job", "connection"))


def _jobs(search: Search) -> QuerySet[FineTuneJob]:
    rows = FineTuneJob.objects.filter(team=search.team_id).select_related("training_file", "validation_file")
    return rows.defer("result_csv", "training_file__report").prefetch_related("tuned_models__connection")


def _row(job: FineTuneJob, how: str) -> JobRow:
    models = [ModelRow(model, life(model), days_left(model)) for model in job.tuned_models.all()]
    return JobRow(job, how, models)
