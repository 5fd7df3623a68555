"""News of a file that is being checked, for its open page: one query and a 204 while there is none."""

from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from jobs.models import FileState, TrainingFile
from jobs.views.files import file_detail
from jobs.views.polling import session_fits, signed_out, speak


@login_not_required  # the query asks for the same things, see polling.py; what follows asks again
@require_GET
def file_poll(request: HttpRequest, team: str, file: UUID) -> HttpResponse:
    """204 while the page shows what there is; else its progress, and in the end the page anew."""
    if SESSION_KEY not in request.session:
        return signed_out(request)
    if _is_current(request, team, file):
        return HttpResponse(status=204)
    speak(request)
    return file_detail(request, team, file=file)


def _is_current(request: HttpRequest, team: str, file: UUID) -> bool:
    rows = TrainingFile.objects.alive().filter(
        uuid=file,
        state=FileState.CHECKING,
        team__slug=team,
        team__members__user_id=request.session[SESSION_KEY],
        team__members__user__is_active=True,
    )
    row = rows.values_list("checked_bytes", "team__members__user__password").first()
    return bool(row and session_fits(request, row[1]) and request.GET.get("since") == str(row[0]))
