"""Everything a team owns, for its owners to take along."""

from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST

from jobs.models import Member, audit
from jobs.pipeline.exporting import Archive
from jobs.views.access import DeskRequest, owner_page
from jobs.views.downloads import attachment


@require_POST
@owner_page
def team_export(request: DeskRequest, member: Member) -> HttpResponseBase:
    """The rows are read here, the files while the answer streams: deleting one meanwhile breaks nothing."""
    archive = Archive(member.team, reader=request.user)
    audit(request, member.team, "team.exported", member.team)
    name = f"{member.team.slug}-{timezone.now():%Y-%m-%d}.zip"
    return attachment(request, archive.chunks(), name, "application/zip")
