"""Deletes what a search has found from all files and texts: an act in steps, each of which can be done again.

For each file: order a version without those examples; once it is made, checked and proven to lack the passage and
nothing else, delete the old bytes and wish the copies at services away, all in one transaction. Only then is the file
done. Texts that hold it go whole, and last: the one that is looked for tells which examples are its own. What an
active job or recipe run needs is left whole and said. The marks on the row tell the next worker where to go on.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.models import AuditEntry, DraftChange, FileState, Origin, Run, Search, SearchState, Source, TrainingFile, User
from jobs.pipeline import copies, erasing, sources, storing
from jobs.pipeline.evaluations import erasing as evaluation_texts
from jobs.pipeline.searching import LOST, MISSING, TOO_MANY
from jobs.pipeline.turns import TextLostError, Turn
from jobs.run_states import RUN_ACTIVE
from jobs.training_data.searching import scan

LOOK_AGAIN = timedelta(seconds=2)  # at versions that are being made
DONE, GONE, KEPT, STARTED = "done", "gone", "kept", "started"  # what was done with it: an entry's "act"
# Why one is kept: a job (of a text: a run) needs it, its new version is not right, somebody has changed it and not
# saved that; a file that stays can be searched for a text's examples only as long as the text is there.
NEEDED, VERSION, DRAFTS, FILES = "needed", "version", "drafts", "files"

type Entry = dict[str, Any]


def order(row: Search, user: User) -> bool:
    """Begin. Returns False where the search is not done, or the act has begun before. Belongs into a transaction."""
    found = Search.objects.filter(pk=row.pk, state=SearchState.FOUND)
    told = {"state": SearchState.FORGETTING, "due_at": timezone.now(), "by": user, "version": row.version + 1}
    return bool(found.update(**told))


def forget(turn: Turn) -> None:
    """Take every file as far as it goes now; in the end the texts. Raises TurnLostError."""
    row = turn.search
    for place, entry in enumerate(row.results):
        if entry["count"] and entry["act"] in ("", STARTED):
            told = entry | _step(turn, entry)
            if told != entry:
                turn.write(results=[*row.results[:place], told, *row.results[place + 1 :]])
    if any(entry["act"] == STARTED for entry in row.results):
        turn.write(due_at=timezone.now() + LOOK_AGAIN)
        return
    _strike(turn)
    _empty_questions(turn)
    _delete_texts(turn)
    _end(turn)


@transaction.atomic
def _end(turn: Turn) -> None:
    turn.write(state=SearchState.FORGOTTEN, due_at=None)
    row = turn.search
    acts, of_texts = ([entry["act"] for entry in entries] for entries in (row.hits, row.text_hits))
    after = {"files": len(acts) - acts.count(KEPT), "kept": acts.count(KEPT)}
    if of_texts:
        after |= {"texts": len(of_texts) - of_texts.count(KEPT), "kept_texts": of_texts.count(KEPT)}
    if row.evaluations:
        acts = [entry["act"] for entry in row.evaluations]
        after |= {"questions": len(acts) - acts.count(KEPT)}
    _audit(row, "passage.forgotten", row, after=after)


def _strike(turn: Turn) -> None:
    """Rows of deleted files stay for the history; what they tell of the text, in samples and edits, does not."""
    ours = {entry["file"] for entry in turn.search.hits}
    struck = _struck(turn)
    deleted = TrainingFile.objects.filter(team=turn.search.team_id, deleted_at__isnull=False)
    for file in deleted.only("uuid", "report", "options").iterator():
        report, options = struck(file.report), struck(file.options)
        if str(file.uuid) in ours or (report, options) != (file.report, file.options):
            told = report | {"sample": []} if "sample" in report else report  # a sample may hold half of it
            TrainingFile.objects.filter(pk=file.pk).update(report=told, options=options)
        turn.keep()


def _struck(turn: Turn) -> Callable[[Any], Any]:
    try:
        return turn.sought.struck_from
    except TextLostError:  # deleted by a worker that had done this before, or by a person
        return lambda told: told


def _empty_questions(turn: Turn) -> None:
    """Questions and answers of evaluations that hold it; before the texts go, which tell what is looked for."""
    row = turn.search
    for place, entry in enumerate(row.evaluations):
        if entry["act"]:
            continue
        try:
            act = evaluation_texts.erase(row.team_id, entry["set"], turn.sought, turn.keep)
        except TextLostError:
            act = KEPT
        done = entry | {"act": act, "why": NEEDED if act == KEPT else ""}
        turn.write(evaluations=[*row.evaluations[:place], done, *row.evaluations[place + 1 :]])


def _delete_texts(turn: Turn) -> None:
    """Whole: a text without a passage would be another text. Their pieces in runs go with them."""
    row = turn.search
    for place, entry in enumerate(row.texts):
        if entry["at"] is not None and not entry["act"]:
            told = entry | _delete_text(row, entry)
            turn.write(texts=[*row.texts[:place], told, *row.texts[place + 1 :]])


def _delete_text(row: Search, entry: Entry) -> Entry:
    source = Source.objects.alive().filter(uuid=entry["source"]).first()
    if source is None:
        return {"act": GONE}
    if Run.objects.filter(sources=source, state__in=RUN_ACTIVE).exists():
        return {"act": KEPT, "why": NEEDED}
    if not row.passage and any(one["act"] == KEPT for one in row.hits):
        return {"act": KEPT, "why": FILES}
    told = {"sha256": source.sha256, "size": source.size}
    gone = sources.delete(source, lambda: _audit(row, "source.deleted", source, before=told))
    return {"act": DONE if gone else GONE}


def _step(turn: Turn, entry: Entry) -> Entry:
    file = TrainingFile.objects.alive().select_related("team").filter(uuid=entry["file"]).first()
    if file is None:
        return {"act": GONE, "why": ""}
    if entry["why"] == TOO_MANY:
        return {"act": KEPT}
    try:
        version = _version(entry)
        if version is None:
            return _order(turn, file)
        return {} if version.state == FileState.CHECKING else _replace(turn, file, version, entry)
    except OSError:
        return {"act": KEPT, "why": MISSING}
    except TextLostError:
        return {"act": KEPT, "why": LOST}


def _version(entry: Entry) -> TrainingFile | None:
    """The version that was ordered, or the file of the same bytes that it turned out to be."""
    if not entry["version"]:
        return None
    made = TrainingFile.objects.filter(uuid=entry["version"]).first()
    twin = made.report.get("same_as") if made and made.deleted_at else None
    return TrainingFile.objects.alive().filter(uuid=twin or entry["version"]).first()


def _why_kept(file: TrainingFile) -> str:
    """An active job, a version on its way, or, over a copy, an imported job needs it; or there are unsaved changes."""
    theirs = file.remote_files.exclude(remote_id="").filter(copies.needing())
    if theirs.exists() or not erasing.free(file).exists():
        return NEEDED
    return DRAFTS if DraftChange.objects.filter(file=file).exists() else ""


def _order(turn: Turn, file: TrainingFile) -> Entry:
    """Order the version; where no example would be left, delete at once."""
    found = scan(file.path, turn.sought, lambda _read: turn.keep())
    options = {"lines": [hit.line for hit in found.hits]}
    ordered = TrainingFile.objects.alive().filter(parent=file, origin=Origin.REDUCED, options=options).first()
    if ordered:  # by a worker that was killed before it could say so; while it is not made it is no one's need
        return {"act": STARTED, "version": str(ordered.uuid)}
    if why := _why_kept(file):
        return {"act": KEPT, "why": why}
    if len(found.hits) == found.lines:
        return _erase(turn.search, file, {"examples": found.lines})
    name, user = storing.version_name(file.name, "reduced"), turn.search.by or file.uploaded_by
    also = partial(_audit, turn.search, "file.reduced", before={"file": file.name}, after={"examples": len(found.hits)})
    made = storing.order_version(file, user, Origin.REDUCED, options, name=name, also=also)
    return {"act": STARTED, "version": str(made.file.uuid)}


def _replace(turn: Turn, file: TrainingFile, version: TrainingFile, entry: Entry) -> Entry:
    """Delete the old bytes, once the new ones are proven to be all the others."""
    if why := _why_kept(file):
        return {"act": KEPT, "why": why}
    if not version.content:
        return {"act": KEPT, "why": VERSION}
    old, new = (scan(each.path, turn.sought, lambda _read: turn.keep()) for each in (file, version))
    if new.hits or new.lines != old.lines - len(old.hits):
        return {"act": KEPT, "why": VERSION}
    return _erase(turn.search, file, {"examples": entry["count"], "file": version.name})


def _erase(row: Search, file: TrainingFile, after: Entry) -> Entry:
    before = {"sha256": file.sha256, "size": file.size}

    def also(gone: TrainingFile) -> None:
        _audit(row, "file.deleted", gone, before=before, after=after)
        for copy in gone.remote_files.exclude(remote_id="").select_related("connection"):
            if copies.wish_away(copy):
                service = {"service": copy.connection.name, "id": copy.remote_id}
                _audit(row, "copy.deleted", gone, before=service)

    return {"act": DONE, "why": ""} if erasing.erase(file, also) else {"act": KEPT, "why": NEEDED}


def _audit(row: Search, action: str, subject: Any, *, before: Entry | None = None, after: Entry | None = None) -> None:
    """As `audit`, for what the worker does on the word of the person who ordered it."""
    AuditEntry.objects.create(
        team_id=row.team_id,
        actor=row.by,
        action=action,
        subject=str(subject),
        subject_id=str(subject.uuid),
        before=before or {},
        after=after or {},
    )
