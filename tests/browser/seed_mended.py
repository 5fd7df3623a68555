"""Pages of examples, with changes that are not saved yet, and two versions that are compared."""

import json

from django.urls import reverse

from jobs.models import TrainingFile, User
from jobs.pipeline import checking, drafting

OPENED = {
    "edit": "edit=2",
    "json": "edit=2&mode=json",
    "new": "edit=new",
    "changes": "show=changes",
    "search": "q=눈",
}


def mended(owner: User, files: dict[str, TrainingFile]) -> dict[str, str]:
    ready, slug = files["ready"], files["ready"].team.slug
    first = json.loads(ready.path.read_bytes().splitlines()[0])
    first["messages"][-1]["content"] = "골목에 눈이 소리 없이 내렸다."
    text = json.dumps(first, ensure_ascii=False)
    edited = _drafted(ready, owner, [(1, text), (3, ""), (None, text)])
    pages = {
        "examples": reverse("file-examples", args=[slug, edited.uuid]),
        "examples faulty": reverse("file-examples", args=[slug, files["invalid"].uuid]),
        "compare": reverse("file-compare", args=[slug, edited.uuid, ready.uuid]),
    }
    return pages | {f"examples {name}": f"{pages['examples']}?{query}" for name, query in OPENED.items()}


def _drafted(ready: TrainingFile, owner: User, changes: list[tuple[int | None, str]]) -> TrainingFile:
    """A version with the changes, and the same ones as drafts over it."""
    for line, content in changes:
        drafting.put(ready, owner, line, content)
    ordered = drafting.order(ready, owner, lambda *_told: None)
    assert ordered is not None
    checking.check(ordered.file)
    for line, content in changes:
        drafting.put(ordered.file, owner, line, content)
    return ordered.file
