"""Roles and leave-taking. A team never loses its last owner, however many people act at once."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.forms.team import RoleForm
from jobs.models import Member, Role, Team, audit
from jobs.views.access import DeskRequest, owner_page, viewer_page
from jobs.views.team import team_page


def _locked(team: Team) -> dict[int, Member]:
    """Hold the team's member rows until the transaction ends: who is an owner is decided on these alone."""
    rows = Member.objects.select_for_update(of=("self",)).filter(team=team).select_related("user").order_by("pk")
    return {row.pk: row for row in rows}


def _as_owner(member: Member, pk: int) -> tuple[dict[int, Member], Member]:
    """Lock, and look again whether `member` still is an owner; return the rows and the one acted upon."""
    rows = _locked(member.team)
    if member.pk not in rows or not rows[member.pk].is_owner:
        raise PermissionDenied
    if pk not in rows:
        raise Http404
    return rows, rows[pk]


def _needed_as_owner(rows: dict[int, Member], target: Member, team: Team) -> str:
    """Say why `target` must stay an owner, or nothing."""
    if team.personal_for_id == target.user_id:
        return _("This is a personal team. Its person always stays its owner: %(name)s") % {"name": target.user}
    if target.is_owner and sum(row.is_owner for row in rows.values()) == 1:
        return _("A team needs an owner. Make someone else an owner first.")
    return ""


def _refuse(request: DeskRequest, member: Member, reason: str) -> HttpResponse:
    messages.error(request, reason)
    return team_page(request, member, status=409)


@require_POST
@owner_page
@transaction.atomic
def member_role(request: DeskRequest, member: Member, pk: int) -> HttpResponse:
    rows, target = _as_owner(member, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the three roles."))
        return team_page(request, member, status=422)
    role = Role(form.cleaned_data["role"])
    if role != Role.OWNER and (reason := _needed_as_owner(rows, target, member.team)):
        return _refuse(request, member, reason)
    if role != target.role:
        _give(request, target, role)
    return redirect("team", member.team.slug)


def _give(request: DeskRequest, target: Member, role: Role) -> None:
    before = {"role": target.role}
    target.role = role
    target.save(update_fields=["role"])
    audit(request, request.member.team, "member.role", target.user, before, {"role": role.value})
    messages.success(request, _("New role of %(name)s: %(role)s") % {"name": target.user, "role": role.label})


@require_POST
@owner_page
@transaction.atomic
def member_remove(request: DeskRequest, member: Member, pk: int) -> HttpResponse:
    rows, target = _as_owner(member, pk)
    if target.pk == member.pk:
        return _depart(request, member, rows)
    if reason := _needed_as_owner(rows, target, member.team):
        return _refuse(request, member, reason)
    audit(request, member.team, "member.removed", target.user, {"role": target.role, "email": target.user.email})
    target.delete()
    messages.success(request, _("Removed from the team: %(name)s") % {"name": target.user})
    return redirect("team", member.team.slug)


@require_POST
@viewer_page
@transaction.atomic
def team_leave(request: DeskRequest, member: Member) -> HttpResponse:
    return _depart(request, member, _locked(member.team))


def _depart(request: DeskRequest, member: Member, rows: dict[int, Member]) -> HttpResponse:
    if member.pk not in rows:
        raise Http404
    if reason := _needed_as_owner(rows, rows[member.pk], member.team):
        return _refuse(request, member, reason)
    audit(request, member.team, "member.left", member.user, {"role": rows[member.pk].role})
    rows[member.pk].delete()
    messages.success(request, _("You left the team: %(name)s") % {"name": member.team})
    return redirect("home")
