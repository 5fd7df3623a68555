"""The archive of a rescue: one zip that a browser opens without this portal, as pages and as JSON (ADR 0046).

The rows are read first, at one moment of the database, into a file that has no name; then the training files follow
straight from the disk. No keys are in it, and nothing in it runs: every text of a service or a person is escaped.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import translation

from jobs import VERSION
from jobs.models import Answer, FineTuneJob, RemoteModel, Team, TrainingFile
from jobs.pipeline.export_tables import archive_path
from jobs.pipeline.exporting import as_json, one_moment, pieces
from jobs.pipeline.rescue.overview import HEAVY, RELATED, Row, figures, rows_of
from jobs.pipeline.spreadsheets import harmless_csv
from jobs.pipeline.zip_stream import ZipStream
from jobs.run_states import ChunkState

FORMAT, FORMAT_VERSION = "texthelper-rescue", 1
CHUNK = 256 * 1024
AT_ONCE = 100  # models that are read together
EVENTS_SHOWN, STEPS_SHOWN, ANSWERS_SHOWN = 200, 200, 1_000  # on a page; the JSON beside it holds all
LANGUAGES = ("ko", "en")
FACTS: tuple[str, ...] = (
    "name",
    "base",
    "owned_by",
    "made_at",
    "remote_job",
    "shutdown_date",
    "is_listed",
    "gone_at",
    "used_at",
)
FACTS += ("signed_at", "sign_note")
OF_JOB: tuple[str, ...] = (
    "uuid",
    "name",
    "remote_id",
    "remote_status",
    "base_model",
    "fine_tuned_model",
    "suffix",
    "seed",
    "method",
)
OF_JOB += ("hyperparameters", "trained_tokens", "error", "created_at", "finished_at", "remote", "imported")
OF_ANSWER: tuple[str, ...] = (
    "position",
    "repetition",
    "state",
    "answer",
    "trouble",
    "finish_reason",
    "model_named",
    "seconds",
)
OF_ANSWER += ("answered_at", "prompt_tokens", "completion_tokens", "flags")


class Book(ZipStream):
    """One archive on its way. Make it where the database may be read; `chunks` then reads files only."""

    def __init__(self, team: Team) -> None:
        super().__init__()
        self.team = team
        self.missing: list[dict[str, Any]] = []
        self.training_files: dict[int, TrainingFile] = {}
        self.spool = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  # closed by chunks
        with one_moment():
            self._read()

    def chunks(self) -> Iterator[bytes]:
        """The zip, piece by piece; none is empty."""
        return filter(None, self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        with self.spool:
            self.spool.seek(0)
            while chunk := self.spool.read(CHUNK):
                yield chunk
        for file in self.training_files.values():
            yield from self._bytes_of(file)
        self.whole("manifest.json", "this list", as_json(self._manifest(), indent=2))
        self.zip.close()
        yield self.pipe.take()

    def _manifest(self) -> dict[str, Any]:
        about = {"format": FORMAT, "format_version": FORMAT_VERSION, "app_version": VERSION, "made_at": self.made_at}
        return about | {"team": self.team.name, "files": self.files, "missing": self.missing}

    # --- rows -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        self.whole("index.html", "where to begin", render_to_string("book/start.html", {"team": self.team}).encode())
        self.whole("style.css", "how the pages look", render_to_string("book/style.css").encode())
        rows: list[tuple[int, Row]] = []
        for number, row in enumerate(self._rows(), start=1):
            self._model(number, row)
            self.spool.write(self.pipe.take())
            _forget(row)
            rows.append((number, row))
        index = [{"number": number, "model": row.model.name, "steps": _steps(row)} for number, row in rows]
        self.whole("models.json", "every model and its steps", as_json(index, indent=2))
        about = {"team": self.team, "rows": rows, "figures": figures(self.team), "made_at": self.made_at}
        self._pages("index.html", "the list of models", about)
        self.spool.write(self.pipe.take())

    def _rows(self) -> Iterator[Row]:
        pks = list(RemoteModel.objects.filter(team=self.team).values_list("pk", flat=True))
        for begin in range(0, len(pks), AT_ONCE):
            some = pks[begin : begin + AT_ONCE]
            yield from rows_of(RemoteModel.objects.filter(pk__in=some).select_related(*RELATED).defer(*HEAVY))

    def _model(self, number: int, row: Row) -> None:
        model, job = row.model, row.model.job
        folder = f"models/{number:04}"
        facts = {name: getattr(model, name) for name in FACTS}
        facts |= {"connection": model.connection.name, "signed_by": model.signed_by and model.signed_by.username}
        self.whole(f"{folder}/model.json", "a model", as_json(facts | {"listed": model.raw}, indent=2))
        context: dict[str, Any] = {"number": number, "row": row, "model": model, "job": job, "folder": folder}
        if job:
            context |= self._job(folder, job)
        answers = self._answers(folder, model)
        context |= {"answers": answers[:ANSWERS_SHOWN], "more_answers": len(answers) - ANSWERS_SHOWN}
        self._pages(f"model-{number:04}.html", "a model, to be read", context | {"made_at": self.made_at})

    def _job(self, folder: str, job: FineTuneJob) -> dict[str, Any]:
        self.whole(f"{folder}/job.json", "its job", as_json({name: getattr(job, name) for name in OF_JOB}, indent=2))
        events = list(job.events.order_by("created_at", "pk").values("created_at", "level", "message", "data"))
        self.whole(f"{folder}/events.jsonl", "events of the job", _lines(events))
        metrics = list(job.metrics.order_by("step").values("step", "values"))
        self.whole(f"{folder}/metrics.jsonl", "figures of each step", _lines(metrics))
        points = list(job.checkpoints.order_by("step").values("remote_id", "step", "model", "metrics", "created_at"))
        self.whole(f"{folder}/checkpoints.jsonl", "checkpoints", _lines(points))
        if job.result_csv:
            self.whole(f"{folder}/results.csv", "the result file, decoded", harmless_csv(job.result_csv))
        return self._file(job) | {
            "events": events[-EVENTS_SHOWN:],
            "more_events": len(events) - EVENTS_SHOWN,
            "metrics": _thinned(metrics),
            "step_names": list(metrics[0]["values"]) if metrics else [],
            "checkpoints": points,
        }

    def _file(self, job: FineTuneJob) -> dict[str, Any]:
        file = job.training_file
        if file is None or file.deleted_at or not file.content:
            return {"file": None}
        self.training_files.setdefault(file.pk, file)
        return {"file": file, "file_path": _path_of(file)}

    def _answers(self, folder: str, model: RemoteModel) -> list[dict[str, Any]]:
        rows = Answer.objects.filter(candidate=model.recording_id or 0).select_related("question").order_by("position")
        system = model.recording.system_prompt if model.recording else ""
        answers = [
            {name: getattr(row, name) for name in OF_ANSWER}
            | {"state_label": row.get_state_display(), "is_done": row.state == ChunkState.DONE}
            | {"messages": row.question.messages, "reference": row.question.reference}
            for row in rows.iterator(500)
        ]
        about = [{"system_prompt": system}] if model.recording else []
        kept = [{name: value for name, value in one.items() if name != "state_label"} for one in answers]
        self.whole(f"{folder}/answers.jsonl", "recorded answers; first the system prompt", _lines([*about, *kept]))
        return answers

    def _pages(self, name: str, what: str, context: dict[str, Any]) -> None:
        template = "book/index.html" if name == "index.html" else "book/model.html"
        for language in LANGUAGES:
            with translation.override(language):
                page = render_to_string(template, context | {"language": language, "page": name})
            self.whole(f"{language}/{name}", what, page.encode())

    # --- bytes ----------------------------------------------------------------------------------------

    def _bytes_of(self, file: TrainingFile) -> Iterator[bytes]:
        try:
            stored = default_storage.open(str(file.content))
        except OSError:
            self.missing.append({"path": _path_of(file), "reason": "bytes_gone", "sha256": file.sha256})
            return
        with stored, self.entry(_path_of(file), "a training file") as write:
            for data in pieces(cast(IO[bytes], stored)):
                write(data)
                yield self.pipe.take()
        if self.files[-1]["sha256"] != file.sha256:
            self.missing.append({"path": _path_of(file), "reason": "bytes_damaged", "sha256": file.sha256})
        yield self.pipe.take()


def _path_of(file: TrainingFile) -> str:
    return archive_path({"name": file.name, "uuid": file.uuid})


def _forget(row: Row) -> None:
    """Let go of what may be large: the index needs none of it."""
    row.model.raw = {}
    if row.model.job:
        row.model.job.remote, row.model.job.imported, row.model.job.result_csv = {}, {}, ""


def _steps(row: Row) -> dict[str, str]:
    return {step.name.value: step.state.value for step in row.steps}


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(as_json(row) + b"\n" for row in rows)


def _thinned[T](metrics: list[T]) -> list[T]:
    """At most so many steps as a page shows, evenly, and the last one."""
    every = max(1, -(-len(metrics) // STEPS_SHOWN))
    return [one for place, one in enumerate(metrics) if place % every == 0 or one is metrics[-1]]
