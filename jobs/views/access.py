"""Who may see which page: the member is part of the query, so a stranger gets 404, a reader who writes 403."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from jobs.models import Member, Role, User


class DeskRequest(HttpRequest):
    """A signed-in request inside a team."""

    user: User
    htmx: HtmxDetails
    member: Member


def for_role[**P, R: HttpResponseBase](
    role: Role,
) -> Callable[[Callable[Concatenate[DeskRequest, Member, P], R]], Callable[Concatenate[HttpRequest, str, P], R]]:
    """Give the view the Member behind `/t/<team>/`: 404 for strangers, 403 below `role`."""

    def decorate(
        view: Callable[Concatenate[DeskRequest, Member, P], R],
    ) -> Callable[Concatenate[HttpRequest, str, P], R]:
        @wraps(view)
        def checked(request: HttpRequest, team: str, *args: P.args, **kwargs: P.kwargs) -> R:
            desk_request = cast(DeskRequest, request)
            member = get_object_or_404(Member.objects.select_related("team"), team__slug=team, user_id=request.user.pk)
            member.user = desk_request.user  # as it was read for the session: not once more
            desk_request.member = member  # the base template's menu reads it
            if not member.may(role):
                raise PermissionDenied
            return view(desk_request, member, *args, **kwargs)

        return checked  # type: ignore[return-value]  # mypy wants names; Django gives <team> by name, so it has one

    return decorate


viewer_page = for_role(Role.VIEWER)
trainer_page = for_role(Role.TRAINER)
owner_page = for_role(Role.OWNER)
