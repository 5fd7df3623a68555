"""What two versions of a file differ in."""

from typing import Any, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs.models import Member
from jobs.training_data.browsing import Row, row
from jobs.training_data.comparing import Difference, Entry, Kind, TooLongError, compare, words_changed
from jobs.training_data.indexing import Index
from jobs.views.access import DeskRequest, viewer_page
from jobs.views.example_rows import Shown
from jobs.views.examples import Bubbles, bubbles, path_of
from jobs.views.files import files_of

PAGE = 20
BESIDE_THE_TEXT = ("role", "side", "name", "weight", "tool_calls", "function_call", "tool_call_id")


class Changed(NamedTuple):
    """One difference as the template takes it: two examples, or one whose messages tell words that changed."""

    kind: Kind
    old: Bubbles | None
    new: Bubbles | None
    words: list[dict[str, Any]]  # the new one's messages, each with its `pieces`; none where both are shown whole
    is_alike: bool  # nothing that is shown differs


@require_GET
@viewer_page
def file_compare(request: DeskRequest, member: Member, file: UUID, other: UUID) -> HttpResponse:
    """What `file` has that `other`, an older version mostly, has not: added, changed and removed examples."""
    new = get_object_or_404(files_of(request, member).defer("report", "options"), uuid=file)
    old = get_object_or_404(files_of(request, member).defer("report", "options"), uuid=other)
    context = {"file": new, "other": old, "url": reverse("file-compare", args=[member.team.slug, file, other])}
    try:
        with Index(path_of(old)) as before, Index(path_of(new)) as after:
            found = _found(request, member, before, after)
            return render(request, "jobs/file_compare.html", context | found)
    except FileNotFoundError:
        return render(request, "jobs/file_gone.html", status=410)
    except TooLongError:
        return render(request, "jobs/file_compare.html", context | {"too_long": True})


def _found(request: DeskRequest, member: Member, before: Index, after: Index) -> dict[str, Any]:
    difference = compare(before, after)
    kind = request.GET.get("kind", "")
    entries = [entry for entry in difference.entries if kind not in list(Kind) or entry.kind == kind]
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    return {
        "difference": difference,
        "counts": difference.counts,
        "kinds": _kinds(difference),
        "kind": kind if kind in list(Kind) else "",
        "page": page,
        "changes": [_changed(entry, before, after, hide=member.team.privacy) for entry in page.object_list],
    }


def _kinds(difference: Difference) -> list[Kind]:
    """What there is to choose from."""
    return [kind for kind in Kind if difference.counts[kind]]


def _changed(entry: Entry, before: Index, after: Index, *, hide: bool) -> Changed:
    old, new = _example(before, entry.old, hide=hide), _example(after, entry.new, hide=hide)
    words = _words(old, new) if old and new else []
    alike = bool(words) and all(piece.mark == "" for message in words for piece in message["pieces"])
    return Changed(entry.kind, old, new, words, alike)


def _example(index: Index, number: int, *, hide: bool) -> Bubbles | None:
    line = index.read(number) if number else None
    return bubbles(Shown(str(number), number, _plain(row(line)), ""), hide=hide) if line else None


def _plain(shown: Row) -> Row:
    """Faults belong to the page of examples."""
    return shown._replace(faults=[])


def _words(old: Bubbles, new: Bubbles) -> list[dict[str, Any]]:
    """Word by word where the same roles speak in the same order."""
    before, after = _messages(old), _messages(new)
    if [_who(message) for message in before] != [_who(message) for message in after]:
        return []
    both = zip(before, after, strict=True)
    return [one | {"pieces": words_changed(was["content"], one["content"])} for was, one in both]


def _messages(one: Bubbles) -> list[dict[str, Any]]:
    raw = [{"role": "", "content": one.raw}] if one.raw else []
    return [*raw, *one.messages, *one.preferred, *one.rejected]


def _who(message: dict[str, Any]) -> list[Any]:
    return [message.get(key) for key in BESIDE_THE_TEXT]
