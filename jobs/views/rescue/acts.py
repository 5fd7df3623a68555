"""What one may do to the inventory: have the lists read again, and have jobs taken in."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from jobs.models import Inventory, Member, audit
from jobs.pipeline.rescue import archive, inventory
from jobs.tasks import nudge, read_inventory
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.rescue.listing import models_of


@require_POST
@trainer_page
def rescue_read(request: DeskRequest, member: Member) -> HttpResponse:
    """Read the lists of all connections again."""
    connections = list(member.team.connections.alive())
    with transaction.atomic():
        for connection in connections:
            inventory.order(connection)
        for pk in Inventory.objects.filter(connection__in=connections).values_list("pk", flat=True):
            nudge(read_inventory, pk)
        audit(request, member.team, "rescue.read", member.team, after={"connections": len(connections)})
    if not connections:
        messages.error(request, _("This team has no connection yet."))
    return redirect("rescue", team=member.team.slug)


@require_POST
@trainer_page
def rescue_archive(request: DeskRequest, member: Member) -> HttpResponse:
    """Take in the job of one model (`model`), or of all."""
    rows, named = models_of(request, member), request.POST.get("model", "")
    if named:
        rows = rows.filter(uuid=uuid_in(named))
    with transaction.atomic():
        ordered = archive.order(rows, member.user)
        if named:
            ordered += archive.look_again(rows.select_related("job"), member.user)
        if ordered:
            audit(request, member.team, "rescue.archived", member.team, after={"models": ordered})
    if ordered:
        words = ngettext("The job of %(n)s model is taken in.", "The jobs of %(n)s models are taken in.", ordered)
        messages.success(request, words % {"n": f"{ordered:,}"})
    else:
        messages.info(request, _("There is nothing to archive that is not here already."))
    one = rows.first() if named else None
    return redirect("rescue-model", member.team.slug, one.uuid) if one else redirect("rescue", member.team.slug)


def uuid_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
