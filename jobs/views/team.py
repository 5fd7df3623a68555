"""The team page: who is in it, who is invited, what was done."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs.audit_words import action_words, changes
from jobs.forms.team import InviteForm, TeamNameForm
from jobs.models import Member, Role, Team, User, audit
from jobs.views.access import DeskRequest, owner_page, viewer_page

MEMBERS_A_PAGE = 50
ACTS_A_PAGE = 25


def team_page(
    request: DeskRequest,
    member: Member,
    *,
    invite_form: InviteForm | None = None,
    name_form: TeamNameForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, with a form that was refused in place of the empty one."""
    team = member.team
    members = team.members.select_related("user").order_by("created_at", "pk")
    return render(
        request,
        "jobs/team.html",
        {
            "members": Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page")),
            "invitations": team.invitations.waiting().select_related("invited_by"),
            "roles": Role.choices,
            "invite_form": invite_form or InviteForm(team=team, invited_by=request.user),
            "name_form": name_form or TeamNameForm(initial={"name": team.name}),
        },
        status=status,
    )


@require_safe
@viewer_page
def team(request: DeskRequest, member: Member) -> HttpResponse:
    return team_page(request, member)


@require_safe
@viewer_page
def team_audit(request: DeskRequest, member: Member) -> HttpResponse:
    page = Paginator(member.team.audit.select_related("actor"), ACTS_A_PAGE).get_page(request.GET.get("page"))
    acts = [{"entry": entry, "words": action_words(entry.action), "changes": changes(entry)} for entry in page]
    return render(request, "jobs/team_audit.html", {"page": page, "acts": acts})


@require_POST
@owner_page
def team_rename(request: DeskRequest, member: Member) -> HttpResponse:
    old = member.team.name
    form = TeamNameForm(request.POST, instance=Team.objects.get(pk=member.team_id))
    if not form.is_valid():
        return team_page(request, member, name_form=form, status=422)
    renamed = form.instance
    if renamed.name != old:
        with transaction.atomic():
            renamed.save(update_fields=["name"])  # jobs_version is the worker's
            audit(request, renamed, "team.renamed", renamed, {"name": old}, {"name": renamed.name})
        messages.success(request, _("The team has its new name."))
    return redirect("team", renamed.slug)


@require_POST
@owner_page
def team_privacy(request: DeskRequest, member: Member) -> HttpResponse:
    """Switch the search for personal data in training files on or off, as the button says."""
    wanted = request.POST.get("privacy") == "on"
    with transaction.atomic():
        if Team.objects.filter(pk=member.team_id, privacy=not wanted).update(privacy=wanted):
            audit(request, member.team, "team.privacy", member.team, {"privacy": not wanted}, {"privacy": wanted})
    if wanted:
        messages.success(request, _("Personal data is looked for and hidden again. Check older files again to know."))
    else:
        messages.warning(request, _("Personal data is no longer looked for, and shown as it stands."))
    return redirect("team", member.team.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def team_new(request: HttpRequest) -> HttpResponse:
    form = TeamNameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = _make_team(request, form.cleaned_data["name"])
        messages.success(request, _("The team is ready. Invite the others."))
        return redirect("team", made.slug)
    return render(request, "jobs/team_new.html", {"form": form}, status=422 if form.errors else 200)


@transaction.atomic
def _make_team(request: HttpRequest, name: str) -> Team:
    made = Team.objects.make(name, cast(User, request.user))
    audit(request, made, "team.created", made, after={"name": made.name})
    return made
