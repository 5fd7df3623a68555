"""Testing a connection: what its service answers, told apart. It only asks: a test never orders anything."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from jobs import provider
from jobs.engines import Engine, engine_named, facts_of
from jobs.models import Connection, ConnectionState, TunedModel
from jobs.pipeline import hooks
from jobs.profiles import PROFILES
from jobs.provider import Access, ProviderError

MODELS_KEPT = 1000
LIST_EVERY, LIST_LATELY = 60, 10  # seconds: of all, and of one whose models somebody looks at
LISTED_AT_ONCE = 20

type Seen = list[dict[str, Any]]


class Finding(NamedTuple):
    """What a test told. `models` is None where the service did not list any."""

    state: ConnectionState
    detail: str = ""
    models: Seen | None = None
    retry_after: float | None = None


def order(connection: Connection) -> None:
    """Put the connection up for a test, if staff let it call: the row is the order, the message only a nudge."""
    now = timezone.now()
    rows = Connection.objects.filter(pk=connection.pk, disabled_at=None)
    rows.update(state=ConnectionState.TESTING, detail="", test_due_at=now)


def due() -> QuerySet[Connection]:
    """Connections to be tested now, those among them whose worker died; who waits longest comes first."""
    waiting = Connection.objects.alive().filter(disabled_at=None, test_due_at__lte=timezone.now())
    return waiting.order_by("test_due_at")


def test(connection: Connection) -> None:
    """Test a connection that is due, if no other worker does: claim, ask, record."""
    lease = timezone.now() + timedelta(seconds=settings.PROBE_SECONDS * 2 + 30)
    if due().filter(pk=connection.pk).update(test_due_at=lease):
        finding = find(connection)
        if finding.state == ConnectionState.WORKS and connection.about.bundled:
            hooks.register(connection)
        _record(connection, finding)


def ours() -> QuerySet[Connection]:
    """Working connections to our own trainer, whose base models come and go."""
    bundled = [profile.slug for profile in PROFILES.values() if profile.bundled]
    return Connection.objects.alive().filter(profile__in=bundled, state=ConnectionState.WORKS, disabled_at=None)


def to_list_again() -> list[int]:
    """Some of them, once a minute: a base that was added shows without anybody testing the connection."""
    if not cache.add("models-listed", True, LIST_EVERY):
        return []
    return list(ours().order_by("?").values_list("pk", flat=True)[:LISTED_AT_ONCE])


def is_listed_lately(connection: Connection) -> bool:
    """Whether the list was read within some seconds; if not, the caller reads it now, and nobody else does."""
    return not cache.add(f"models-listed:{connection.pk}", True, LIST_LATELY)


def list_again(connection: Connection) -> None:
    """Read the list of models once more. A service in trouble is the next test's to find."""
    try:
        seen = _seen(provider.list_models(connection.access(), timeout=settings.PROBE_SECONDS))
    except ProviderError:
        return
    same_key = ours().filter(pk=connection.pk, sealed_key=connection.sealed_key)
    if seen != connection.models_seen and same_key.update(models_seen=seen):
        _learn(connection, seen)


def find(connection: Connection) -> Finding:
    """Ask the service, and say what its answers mean."""
    try:
        access = connection.access()
        seen = _seen(provider.list_models(access, timeout=settings.PROBE_SECONDS))
    except ProviderError as error:
        return _finding(error, classify(error))
    return _asked_for_training(access, seen)


def _asked_for_training(access: Access, seen: Seen) -> Finding:
    try:
        provider.probe_training(access, timeout=settings.PROBE_SECONDS)
    except ProviderError as error:
        # It lists models, so its address is right: what it does not have is fine-tuning.
        absent = error.status in (404, 405, 501)
        return _finding(error, ConnectionState.MAY_NOT_TRAIN if absent else classify(error), seen)
    return Finding(ConnectionState.WORKS, models=seen)


def classify(error: ProviderError) -> ConnectionState:
    """The state that a failed call puts a connection in."""
    return next((state for state, fits in _MEANINGS if fits(error)), ConnectionState.TROUBLE)


_MEANINGS: tuple[tuple[ConnectionState, Callable[[ProviderError], bool]], ...] = (
    (ConnectionState.WRONG_KEY, lambda e: e.is_wrong_key),
    (ConnectionState.MAY_NOT_TRAIN, lambda e: e.is_not_allowed),
    (ConnectionState.TIMED_OUT, lambda e: e.code == "timeout" or e.status in (408, 504)),
    (ConnectionState.NOT_OPENAI, lambda e: e.code == "shape"),
    # Refused, unknown host, a redirect (none is followed), or a path where nothing lies.
    (ConnectionState.WRONG_ADDRESS, lambda e: e.code == "connection" and not e.reached),
    (ConnectionState.WRONG_ADDRESS, lambda e: e.status is not None and (300 <= e.status < 400 or e.status == 404)),
)


def _finding(error: ProviderError, state: ConnectionState, seen: Seen | None = None) -> Finding:
    marks = " ".join(str(mark) for mark in (error.status, error.code) if mark)
    return Finding(state, f"{error.message} ({marks})" if marks else error.message, seen, error.retry_after)


def _seen(models: list[dict[str, Any]]) -> Seen:
    """What we keep of the service's list, by id."""
    kept = {model["id"][:300]: model for model in models[:MODELS_KEPT]}
    return [
        {"id": name, "shutdown_date": _date(kept[name].get("shutdown_date")), **_about(kept[name])}
        for name in sorted(kept)
    ]


def _about(model: dict[str, Any]) -> dict[str, Any]:
    """Which engine is behind the model, and what is known of a real one; nothing where the service names no engine."""
    engine = engine_named(model)
    return {"engine": engine, **facts_of(model)} if engine else {}


def _date(value: object) -> str | None:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _record(connection: Connection, finding: Finding) -> None:
    """Write the finding down, unless the key was replaced meanwhile: then it speaks of the old one."""
    now = timezone.now()
    changes: dict[str, Any] = {
        "state": finding.state,
        "detail": finding.detail,
        "tested_at": now,
        "test_due_at": None,
        "parked_at": now if finding.state == ConnectionState.WRONG_KEY else None,
        "wait_until": now + timedelta(seconds=finding.retry_after) if finding.retry_after else None,
    }
    if finding.models is not None:
        changes["models_seen"] = finding.models
    same_key = Connection.objects.filter(
        pk=connection.pk, sealed_key=connection.sealed_key, state=ConnectionState.TESTING
    )
    if same_key.update(**changes):
        _learn(connection, finding.models or [])


def _learn(connection: Connection, seen: Seen) -> None:
    """Tell our own rows what a list of models says of them."""
    _date_models(connection, seen)
    _name_engines(connection, seen)


def _date_models(connection: Connection, seen: Seen) -> None:
    """A service's own list is the official word on when a tuned model is switched off."""
    dates = {model["id"]: model["shutdown_date"] for model in seen if model["shutdown_date"]}
    ours = connection.tuned_models.filter(name__in=list(dates)[:MODELS_KEPT])
    changed = [model for model in ours if str(model.shutdown_date) != dates[model.name]]
    for model in changed:
        model.shutdown_date = date.fromisoformat(dates[model.name] or "")
    TunedModel.objects.bulk_update(changed, ["shutdown_date"])


def _name_engines(connection: Connection, seen: Seen) -> None:
    """Jobs and models whose engine nobody knew when they came, because the list was older than their base."""
    for engine in Engine.values:
        names = [model["id"] for model in seen if model.get("engine") == engine]
        if names:
            connection.jobs.filter(base_model__in=names, engine="").update(engine=engine)
            connection.tuned_models.filter(base__in=names, engine="").update(engine=engine)
