"""The examples of a file, page by page; trainers mend them there."""

from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from jobs.findings import explain
from jobs.forms.example import ExampleForm, blank
from jobs.models import Chunk, FileState, Member, TrainingFile
from jobs.pipeline import drafting
from jobs.training_data.browsing import parts
from jobs.training_data.findings import personal_kind
from jobs.training_data.indexing import Index
from jobs.training_data.privacy import shown_messages, shown_text
from jobs.training_data.report import Report
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.example_places import places
from jobs.views.example_rows import FAULTY, Place, Reader, Shown, lines_of, place_of
from jobs.views.file_facts import by_side
from jobs.views.file_faults import Said, say
from jobs.views.files import file_url, files_of

NEW = "new"


class Bubbles(NamedTuple):
    """An example as the template takes it: its messages by side, and its faults in words."""

    key: str
    number: int | None
    status: str
    raw: str  # what is no example
    messages: list[dict[str, Any]]  # of both sides, or of a chat
    preferred: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    faults: list[Said]
    place: Chunk | None = None  # what it was made of, where that is known


class Finding(NamedTuple):
    code: str
    label: str
    lines: int


@require_GET
@viewer_page
def file_examples(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Twenty a page; by number, by words in them, by what was found in them, or those one has changed."""
    found = get_object_or_404(files_of(request, member), uuid=file)
    if found.is_table and found.content:
        return redirect(file_url(found))
    try:
        with Index(path_of(found)) as index:
            return examples_page(request, member, Reader(found, request.user, index))
    except FileNotFoundError:
        return gone(request, found)


def path_of(file: TrainingFile) -> Any:
    """Raises FileNotFoundError where the bytes are gone."""
    if not file.content:
        raise FileNotFoundError
    return file.path


def gone(request: DeskRequest, file: TrainingFile) -> HttpResponse:
    """The bytes are not there any more; drafts of changes to them cannot become a version."""
    drafts = drafting.tally(file, request.user).changes
    return render(request, "jobs/file_gone.html", {"file": file, "drafts": drafts}, status=HTTPStatus.GONE)


def may_edit(member: Member, file: TrainingFile) -> bool:
    return member.may_train and bool(file.content) and file.state != FileState.CHECKING


def examples_page(
    request: DeskRequest, member: Member, reader: Reader, form: ExampleForm | None = None, status: int = 200
) -> HttpResponse:
    """`form` is one that was sent and is shown again."""
    place = place_of(request)
    editable = may_edit(member, reader.file)
    if editable and form is None:
        form = _opened(reader, place)
    listing = reader.listing(place)
    made_of = places(reader.file, [one.number for one in listing.shown if one.number])
    context = {
        "file": reader.file,
        "url": reverse("file-examples", args=[member.team.slug, reader.file.uuid]),
        "place": place,
        "listing": listing,
        "here": _here(request, listing.page),
        "examples": [
            bubbles(one, hide=member.team.privacy, words=place.words)._replace(place=made_of.get(one.number or 0))
            for one in listing.shown
        ],
        "findings": _findings(reader.file),
        "editable": editable,
        "changes": drafting.tally(reader.file, request.user).changes if editable else 0,
        "form": form,
        "too_many": too_many() if form and form.too_many else "",
        "faults": [say(fault) for fault in form.faults] if form else [],
    }
    missing = HTTPStatus.NOT_FOUND if listing.missing_line else status
    return render(request, "jobs/file_examples.html", context, status=missing)


def _here(request: DeskRequest, page: int) -> str:
    """The query of this place, for the links and forms of every example on it: made once, not a hundred times."""
    asked = {name: value for name, value in request.GET.items() if name not in ("edit", "mode", "line")}
    return urlencode(asked | {"page": page})


def _opened(reader: Reader, place: Place) -> ExampleForm | None:
    if place.edit == NEW:
        return ExampleForm.of(NEW, blank(reader.original("1") or b""))
    content = reader.content(place.edit) if place.edit else None
    return None if content is None else ExampleForm.of(place.edit, content, as_json=place.as_json)


def bubbles(shown: Shown, *, hide: bool, words: str = "") -> Bubbles:
    """`hide` the personal data in it; mark `words` where they stand in a text."""
    row = shown.row
    messages = [_marked(message, words) for message in shown_messages(row.messages if row else [], hide=hide)]
    faults = [say(fault, hide=hide) for fault in row.faults] if row else []
    raw = shown_text(row.raw, hide=hide) if row else ""
    return Bubbles(shown.key, shown.number, shown.status, raw, *by_side(messages), faults)


def _marked(message: dict[str, Any], words: str) -> dict[str, Any]:
    found = parts(message["content"], words) if words else []
    return message | {"pieces": [{"text": text, "mark": "hit" if hit else ""} for text, hit in found]}


def _findings(file: TrainingFile) -> list[Finding]:
    """What the list can be filtered by: lines with faults, and what the look at the file found."""
    told = [one for one in Report.from_dict(file.report).findings if file.team.privacy or not personal_kind(one.code)]
    shown = [Finding(one.code, explain(one)[0], one.count) for one in told]
    faulty = lines_of(file, FAULTY)
    return [Finding(FAULTY, "", len(faulty)), *shown] if faulty else shown


def too_many() -> str:
    """What to do when a version can hold no more changes."""
    text = ngettext(
        "A version can hold at most %(n)d change and %(mb)d MB of them. Save this one as a version first.",
        "A version can hold at most %(n)d changes and %(mb)d MB of them. Save these as a version first.",
        drafting.MOST_CHANGES,
    )
    return text % {"n": drafting.MOST_CHANGES, "mb": drafting.MOST_BYTES // 1024 // 1024}
