"""Everything that a rescue kept, to take along."""

from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST

from jobs.models import Member, audit
from jobs.pipeline.rescue.book import Book
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.downloads import attachment


@require_POST
@trainer_page
def rescue_book(request: DeskRequest, member: Member) -> HttpResponseBase:
    """The rows are read here, the files while the answer streams."""
    book = Book(member.team)
    audit(request, member.team, "rescue.downloaded", member.team)
    name = f"{member.team.slug}-models-{timezone.now():%Y-%m-%d}.zip"
    return attachment(request, book.chunks(), name, "application/zip")
