"""From a table to training data: which column is what, shown on the first ten rows before anything is made."""

from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jobs.forms.mapping import COLUMNS, ChoiceForm, MapForm, WayForm
from jobs.models import FileState, Member, Origin, TrainingFile
from jobs.pipeline import storing
from jobs.training_data.privacy import shown_messages
from jobs.training_data.reading import for_display
from jobs.training_data.tables import asking
from jobs.training_data.tables.forms import FORMS
from jobs.training_data.tables.shapes import NAMES, Look, Mapping
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.file_change import audit_version, living, on_its_way
from jobs.views.file_facts import by_side
from jobs.views.file_faults import say
from jobs.views.files import file_url

READING = ("sheet", "encoding", "delimiter", "quotes", "header", "hidden")


@require_http_methods(["GET", "POST"])
@trainer_page
def file_map(request: DeskRequest, member: Member, file: UUID) -> HttpResponse:
    """GET guesses; POST shows what was chosen, and with `make` in it orders the version."""
    table = living(request, member, file)
    if table.state != FileState.INVALID:
        messages.error(request, _("Only a table has columns to choose. This file was read as it is."))
        return redirect(file_url(table))
    try:
        mapping = ChoiceForm(request.POST or None).mapping()
        look = asking.look(table.path, table.name, WayForm(request.POST).way(), mapping)
    except FileNotFoundError:
        return render(request, "jobs/file_gone.html", status=HTTPStatus.GONE)
    form = MapForm(look, request.POST or None, hide=table.team.privacy)
    if "make" in request.POST and not look.problem and form.is_valid():
        return _order(request, table, look, form.mapping())
    wrong = "make" in request.POST
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "jobs/file_map.html", _context(table, look, form), status=status)


def _order(request: DeskRequest, table: TrainingFile, look: Look, mapping: Mapping) -> HttpResponse:
    way = msgspec.structs.replace(look.way, kind="")  # the bytes tell it, of another file too
    options = {"way": msgspec.to_builtins(way), "mapping": msgspec.to_builtins(mapping)}
    name = storing.version_name(table.name, "chat")
    also = partial(audit_version, request, table)
    return on_its_way(
        request, [storing.order_version(table, request.user, Origin.MAPPED, options, name=name, also=also)]
    )


def _context(table: TrainingFile, look: Look, form: MapForm) -> dict[str, Any]:
    hide = table.team.privacy
    return {
        "file": table,
        "look": look,
        "form": form,
        "kind": NAMES.get(look.way.kind, ""),
        "problem": say(look.problem, hide=hide) if look.problem else None,
        "notes": [say(note, hide=hide) for note in look.notes],
        "known": FORMS[look.mapping.shape].name if look.mapping.shape in FORMS else "",
        "examples": [by_side(shown_messages(for_display(each), hide=hide)) for each in look.examples],
        "reading": [form[name] for name in READING if name in form.fields],
        "columns": [form[name] for name in COLUMNS[:4]],
        "more_open": bool(look.mapping.rejected or look.mapping.label),
    }
