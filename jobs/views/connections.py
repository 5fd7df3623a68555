"""Connections: which services a team may call, with which key, and whether they answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import pricing, profiles, sealing, trainer_keys
from jobs.demo import PRACTICE_NAME, TRAINER_NAME
from jobs.engines import Engine, facts_of, has_open_licence
from jobs.forms.connection import ConnectionForm, HookForm, KeyForm
from jobs.models import AuditEntry, Connection, ConnectionState, FineTuneJob, Member, SecondJob, audit
from jobs.pipeline import hooks, probe
from jobs.states import ACTIVE
from jobs.tasks import nudge, test_connection
from jobs.views.access import DeskRequest, owner_page, trainer_page, viewer_page

PAGE = 25


def _connections(request: HttpRequest, member: Member) -> QuerySet[Connection]:
    """The team's living connections, each with the count of its active jobs."""
    active = Count("jobs", filter=Q(jobs__state__in=ACTIVE))
    rows = Connection.objects.visible_to(request.user).alive().filter(team=member.team)
    return rows.annotate(jobs_active=active).order_by("name", "pk")  # a grouped query forgets the model's own order


def _go(connection: Connection) -> HttpResponse:
    return redirect("connection-detail", connection.team.slug, connection.uuid)


def _test(connection: Connection) -> None:
    probe.order(connection)
    nudge(test_connection, connection.pk)


@require_GET
@viewer_page
def connection_list(request: DeskRequest, member: Member) -> HttpResponse:
    page = Paginator(_connections(request, member), PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/connections.html", {"page": page})


@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
@owner_page
def connection_new(request: DeskRequest, member: Member) -> HttpResponse:
    form = ConnectionForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            connection = form.save(member.team, request.user)
            after = {"service": connection.profile, "address": connection.address, "key": _hint(connection)}
            audit(request, member.team, "connection.created", connection, after=after)
            _test(connection)
        return _go(connection)
    context = {"form": form, "profiles": profiles.offered()}
    return render(request, "jobs/connection_new.html", context, status=422 if form.is_bound else 200)


@require_GET
@viewer_page
def connection_detail(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    """The page; while a test runs it asks for its state, and gets 204 until there is news."""
    found = get_object_or_404(_connections(request, member), uuid=connection)
    context: dict[str, Any] = {"connection": found, "testing": found.state == ConnectionState.TESTING}
    if request.htmx and context["testing"]:
        return HttpResponse(status=204)
    context["prices"] = _prices(found)
    context["price_sources"] = [*dict.fromkeys((one["base"].source, one["base"].as_of) for one in context["prices"])]
    context["has_practice"] = any(one["base"].practice for one in context["prices"])
    context["hook_set_at"] = _hook_set_at(found) if found.sealed_hook_secret else None
    return render(request, "jobs/connection.html#told" if request.htmx else "jobs/connection.html", context)


def _prices(connection: Connection) -> list[dict[str, Any]]:
    """Real base models that this connection lists, the catalog's of its service, and whether it lists those."""
    seen = set(connection.bases_seen())
    real = [pricing.base(connection.profile, name, Engine.TRANSFORMERS) for name in connection.real_bases()]
    return [
        {
            "base": base,
            "listed": base.id in seen,
            "engine": connection.engine_of(base.id),
            "facts": (facts := facts_of(connection.listed(base.id))),
            "is_open": has_open_licence(facts),
        }
        for base in [*filter(None, real), *pricing.bases(connection.profile)]
    ]


@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
@owner_page
def connection_key(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    found = get_object_or_404(_connections(request, member), uuid=connection)
    form = KeyForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            _replace_key(request, found, form.cleaned_data["key"])
        if found.disabled_at:
            messages.warning(request, _("The key was replaced. The connection stays disabled: only staff enable it."))
        else:
            messages.success(request, _("The key was replaced. It is being tested."))
        return _go(found)
    context = {"form": form, "connection": found}
    return render(request, "jobs/connection_key.html", context, status=422 if form.is_bound else 200)


@require_POST
@owner_page
def connection_issue(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    """Replace an open key of our own trainer by its issued form, which reaches real models."""
    found = get_object_or_404(_connections(request, member), uuid=connection)
    if found.may_reach_more:
        with transaction.atomic():
            _replace_key(request, found, trainer_keys.issued(sealing.unseal(found.sealed_key)))
            if found.name == PRACTICE_NAME:  # ours, and not true any more
                Connection.objects.filter(pk=found.pk).update(name=TRAINER_NAME)
        messages.success(request, _("The key was replaced. It is being tested."))
    return _go(found)


def _hint(connection: Connection) -> str:
    return f"····{connection.key_hint}"


def _replace_key(request: DeskRequest, connection: Connection, key: str) -> None:
    before = _hint(connection)
    connection.set_key(key)
    connection.save(update_fields=["sealed_key", "key_hint", "parked_at", "wait_until", "state", "detail"])
    audit(
        request,
        connection.team,
        "connection.key_replaced",
        connection,
        before={"key": before},
        after={"key": _hint(connection)},
    )
    _test(connection)


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
@owner_page
def connection_hook(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    """How to have the service send webhooks, and the field for the secret it signs them with."""
    found = get_object_or_404(_connections(request, member), uuid=connection)
    form = HookForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            _keep_hook_secret(request, found, sealing.seal(form.cleaned_data["secret"]), "connection.hook_set")
        messages.success(request, _("The signing secret is stored. Webhooks signed with it are taken from now on."))
        return _go(found)
    url = request.build_absolute_uri(reverse("hook", args=[found.uuid]))
    context = {"form": form, "connection": found, "hook_url": url, "kinds": hooks.KINDS}
    return render(request, "jobs/connection_hook.html", context, status=422 if form.is_bound else 200)


@require_POST
@owner_page
def connection_hook_remove(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    found = get_object_or_404(_connections(request, member), uuid=connection)
    if found.sealed_hook_secret:
        with transaction.atomic():
            _keep_hook_secret(request, found, "", "connection.hook_removed")
        messages.success(request, _("The signing secret was erased. Jobs are followed by asking alone."))
    return _go(found)


def _keep_hook_secret(request: DeskRequest, connection: Connection, sealed: str, action: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(sealed_hook_secret=sealed, hook_at=None, hook_type="")
    audit(request, connection.team, action, connection)


def _hook_set_at(connection: Connection) -> datetime | None:
    """When a person stored the secret that is there; None where none did."""
    acts = AuditEntry.objects.filter(team=connection.team_id, action="connection.hook_set")
    return acts.filter(subject_id=str(connection.uuid)).values_list("at", flat=True).first()


@require_POST
@trainer_page
def connection_test(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    found = get_object_or_404(_connections(request, member), uuid=connection)
    if found.disabled_at:
        messages.error(request, _("The staff of this portal disabled this connection: it is not tested."))
    elif found.state != ConnectionState.TESTING:
        with transaction.atomic():
            audit(request, member.team, "connection.tested", found)
            _test(found)
    return _go(found)


@require_POST
@owner_page
def connection_delete(request: DeskRequest, member: Member, connection: UUID) -> HttpResponse:
    """Take the key away for good. What was done over the connection stays."""
    found = get_object_or_404(_connections(request, member), uuid=connection)
    with transaction.atomic():
        # a job that has ended may still have results to be fetched; over one that rests nobody can
        callable_ = {"connection__parked_at": None, "connection__disabled_at": None}
        over_it = {f"job__{name}": value for name, value in callable_.items()}
        busy = Q(state__in=ACTIVE) | Q(due_at__isnull=False, **callable_)
        needed = FineTuneJob.objects.filter(busy, connection=OuterRef("pk"))
        open_ones = SecondJob.objects.filter(due_at__isnull=False, job__connection=OuterRef("pk"), **over_it)
        idle = Connection.objects.alive().filter(~Exists(needed), ~Exists(open_ones), pk=found.pk)
        gone = idle.update(deleted_at=timezone.now(), sealed_key="", sealed_hook_secret="", test_due_at=None)
        if gone:
            audit(request, member.team, "connection.deleted", found, before={"key": _hint(found)})
    if not gone:
        messages.error(request, _("A job still runs over this connection. Wait for its end, or cancel it first."))
        return _go(found)
    messages.success(request, _("The connection was deleted, its key with it. Its jobs and models stay listed."))
    return redirect("connection-list", member.team.slug)
