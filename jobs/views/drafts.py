"""Mending examples: drafts of changes, and the version that is made of them."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.forms.example import ExampleForm, blank
from jobs.models import DraftChange, Member, Origin, TrainingFile, audit
from jobs.pipeline import drafting
from jobs.tasks import check_file, nudge
from jobs.training_data.editing import checked, one_line, typed
from jobs.training_data.indexing import Index
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.example_rows import Reader, number
from jobs.views.examples import NEW, examples_page, gone, may_edit, path_of, too_many
from jobs.views.files import file_url, files_of

JUST_NOW = timedelta(minutes=1)

type Act = Callable[[DeskRequest, Member, Reader], HttpResponse]


def _on_examples(act: Act) -> Callable[..., HttpResponse]:
    """Open the file for an act on its examples: 410 where its bytes are gone, back to its page while it is checked."""

    @require_POST
    @trainer_page
    @wraps(act)
    def view(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
        found = get_object_or_404(files_of(request, member), uuid=file)
        try:
            with Index(path_of(found)) as index:
                if may_edit(member, found):
                    return act(request, member, Reader(found, request.user, index))
        except FileNotFoundError:
            return gone(request, found)
        messages.error(request, _("The file is still being checked. Its examples can be changed when that is done."))
        return redirect(file_url(found))

    return view


def _back(request: HttpRequest, reader: Reader, key: str = "") -> HttpResponse:
    """To the place that the person came from, with the form closed."""
    place = {name: value for name, value in request.GET.items() if name not in ("edit", "mode")}
    url = reverse("file-examples", args=[reader.file.team.slug, reader.file.uuid])
    return redirect(f"{url}{'?' if place else ''}{urlencode(place)}{f'#line-{key}' if key else ''}")


@_on_examples
def file_draft(request: DeskRequest, member: Member, reader: Reader) -> HttpResponse:
    """Save what the form of an example says as a draft, or show the form again with what is wrong."""
    key = request.POST.get("key", "")[:20]
    before = _before(reader, key)
    form = ExampleForm.sent(key, request.POST, before)
    if form.changed(request.POST.get("act", "")):
        return examples_page(request, member, reader, form)
    content = form.content(reader.expected)
    if content is None:
        return examples_page(request, member, reader, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    now = reader.content(key)
    if now is not None and content != _plain(now) and form.is_overtaken(now):
        return examples_page(request, member, reader, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = _save(request, reader, key, content)
    except drafting.TooManyError:
        form.too_many = True
        return examples_page(request, member, reader, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _back(request, reader, saved)


def _before(reader: Reader, key: str) -> bytes:
    """The example that the form was opened with. A draft that is gone meanwhile is added anew: no work is lost."""
    content = reader.content(key)
    if content is not None:
        return content
    if key == NEW or key.startswith("d"):
        return blank(reader.original("1") or b"")
    raise Http404


def _save(request: DeskRequest, reader: Reader, key: str, content: str) -> str:
    line = number(key)
    if line and content == _plain(reader.original(key) or b""):
        reader.drafts.filter(line=line).delete()  # as it was: no change
        return key
    draft = drafting.put(reader.file, request.user, line, content, number(key[1:]) if key.startswith("d") else None)
    return str(line or f"d{draft.pk}")


def _plain(original: bytes) -> str:
    """A line as a form would send it back."""
    example, _faults = checked(typed(1, original.decode("utf-8", "replace")))
    return one_line(example) if example else ""


@_on_examples
def file_draft_delete(request: DeskRequest, member: Member, reader: Reader) -> HttpResponse:
    """Leave an example out of the next version; an added one is simply gone."""
    key = request.POST.get("key", "")[:20]
    if key.startswith("d"):
        reader.drafts.filter(line=None, pk=number(key[1:]) or 0).delete()
        return _back(request, reader)
    if reader.original(key) is None:
        raise Http404
    try:
        drafting.put(reader.file, request.user, number(key), "")
    except drafting.TooManyError:
        messages.error(request, too_many())
    return _back(request, reader, key)


@_on_examples
def file_draft_restore(request: DeskRequest, member: Member, reader: Reader) -> HttpResponse:
    """Take a change back. One that is gone already is as good."""
    key = request.POST.get("key", "")[:20]
    if draft := reader.draft(key):
        reader.drafts.filter(pk=draft.pk).delete()
    return _back(request, reader, key)


@require_POST
@trainer_page
def file_drafts_discard(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """Take all of one's changes back; those to a deleted file too."""
    found = get_object_or_404(files_of(request, member), uuid=file)
    DraftChange.objects.of(found, request.user).delete()
    messages.success(request, _("Your changes were discarded. The file is as it was."))
    return redirect("file-examples" if found.content else "file-detail", member.team.slug, found.uuid)


@_on_examples
def file_drafts_save(request: DeskRequest, member: Member, reader: Reader) -> HttpResponse:
    """Order the version that holds one's changes. A second click finds the one that the first ordered."""

    def note(made: TrainingFile, changes: int) -> None:
        audit(
            request,
            member.team,
            "file.edited",
            made,
            before={"file": reader.file.name},
            after={"file": made.name, "changes": changes},
        )

    stored = drafting.order(reader.file, request.user, note)
    if stored is None:
        return _ordered_before(request, reader)
    if stored.is_new:
        nudge(check_file, stored.file.pk)
    return redirect(file_url(stored.file))


def _ordered_before(request: DeskRequest, reader: Reader) -> HttpResponse:
    mine = reader.file.versions.alive().filter(origin=Origin.EDITED, uploaded_by=request.user)
    if made := mine.filter(created_at__gte=timezone.now() - JUST_NOW).select_related("team").first():
        return redirect(file_url(made))
    messages.info(request, _("There are no changes to save."))
    return _back(request, reader)
