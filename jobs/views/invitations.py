"""Inviting someone, and joining by the link."""

from http import HTTPStatus

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms.team import InviteForm
from jobs.middleware import speak_as
from jobs.models import Invitation, Member, Team, User, audit
from jobs.views.access import DeskRequest, owner_page
from jobs.views.team import team_page


@require_POST
@owner_page
def invite(request: DeskRequest, member: Member) -> HttpResponse:
    form = InviteForm(request.POST, team=member.team, invited_by=request.user)
    if not ratelimit.consume(request, action="invite", user=request.user):
        messages.error(request, _("That were many invitations. Please wait an hour before you send more."))
        return team_page(request, member, invite_form=form, status=HTTPStatus.TOO_MANY_REQUESTS)
    if not _written(request, form):
        return team_page(request, member, invite_form=form, status=422)
    address = form.instance.email
    if _mailed(request, form.instance):
        messages.success(request, _("Invitation sent to: %(email)s") % {"email": address})
    else:
        lost = _("The mail could not be sent. Copy the link below and pass it on yourself: %(email)s")
        messages.warning(request, lost % {"email": address})
    return redirect("team", member.team.slug)


@transaction.atomic
def _written(request: DeskRequest, form: InviteForm) -> bool:
    team = Team.objects.select_for_update().get(pk=request.member.team_id)  # two clicks make one invitation
    if not form.is_valid():
        return False
    invitation = form.save()
    audit(request, team, "member.invited", invitation, after={"email": invitation.email, "role": invitation.role})
    return True


def _mailed(request: DeskRequest, invitation: Invitation) -> bool:
    """Send the link in the guest's language, where it is known. Called after the commit: mail is slow."""
    guest = User.objects.filter(email__iexact=invitation.email).first()
    link = request.build_absolute_uri(reverse("join", args=[invitation.token]))
    with translation.override(guest.language if guest and guest.language else translation.get_language()):
        subject = _("Invitation to the team: %(team)s") % {"team": invitation.team}
        body = render_to_string("mail/invitation.txt", {"invitation": invitation, "link": link})
    try:
        send_mail(subject, body, None, [invitation.email])
    except OSError:  # SMTPException is one, and so is a server that is not there
        return False
    return True


@require_POST
@owner_page
@transaction.atomic
def invitation_withdraw(request: DeskRequest, member: Member, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, team=member.team, pk=pk)
    if Invitation.objects.waiting().filter(pk=pk).update(withdrawn_at=timezone.now()):
        audit(request, member.team, "invitation.withdrawn", invitation, {"email": invitation.email})
        messages.success(request, _("Invitation withdrawn: %(email)s") % {"email": invitation.email})
    else:
        messages.info(request, _("This invitation was used or withdrawn before."))
    return redirect("team", member.team.slug)


@login_not_required  # who has no account yet shall see who invites, and to what
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    speak_as(request, user or User())  # a guest reads the date in the site's own zone
    invitation = Invitation.objects.select_related("team", "invited_by").filter(token=token).first()
    if invitation is None:
        return _closed(request, "unknown", 404)
    if user and invitation.accepted_at and invitation.team.members.filter(user=user).exists():
        return redirect("job-list", invitation.team.slug)  # the link in the mail, clicked again
    if invitation.closed_because:
        return _closed(request, invitation.closed_because, 410)
    if request.method == "POST":
        return _join(request, user, invitation)
    return _join_page(request, user, invitation)


def _closed(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return render(request, "jobs/join_closed.html", {"reason": reason}, status=status)


def _is_for(invitation: Invitation, user: User) -> bool:
    return invitation.email == user.email.lower()


def _join_page(request: HttpRequest, user: User | None, invitation: Invitation, status: int = 200) -> HttpResponse:
    someone_else = user is not None and not _is_for(invitation, user)
    return render(request, "jobs/join.html", {"invitation": invitation, "someone_else": someone_else}, status=status)


def _join(request: HttpRequest, user: User | None, invitation: Invitation) -> HttpResponse:
    if user is None:
        return redirect_to_login(request.get_full_path())
    if not _is_for(invitation, user):
        return _join_page(request, user, invitation, status=403)
    if not _accepted(request, user, invitation):
        return _closed(request, "used", 410)
    messages.success(request, _("Welcome to the team: %(name)s") % {"name": invitation.team})
    return redirect("job-list", invitation.team.slug)


@transaction.atomic
def _accepted(request: HttpRequest, user: User, invitation: Invitation) -> bool:
    """Use the invitation up, at most once; who is a member already keeps the role they have."""
    if not Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
        return False
    _member, new = Member.objects.get_or_create(team=invitation.team, user=user, defaults={"role": invitation.role})
    if new:
        audit(request, invitation.team, "member.joined", user, after={"role": invitation.role, "email": user.email})
    return True
