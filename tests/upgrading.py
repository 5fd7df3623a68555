"""An installation of before, as its own commit stored it, taken to today's tables by the migrations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from jobs import sealing
from tests.needs import ROOT

OPEN_KEY = "trainer-before"

type Rows = dict[str, dict[Any, dict[str, Any]]]
type Places = list[tuple[str, str]]


@contextmanager
def upgraded(before: Places, file: str) -> Iterator[Rows]:
    """Its rows as they were. Inside, the database has been upgraded."""
    try:
        apps = migrate(before)
        _store(apps, file)
        rows = {model._meta.label: rows_of(model._base_manager, _columns(model)) for model in models_of(apps)}
        migrate(None)
        yield rows
    finally:
        migrate(None)


def migrate(targets: Places | None) -> Any:
    """To these migrations, or to the newest. Returns the models as they are there."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())
    return MigrationExecutor(connection).loader.project_state(targets or executor.loader.graph.leaf_nodes()).apps


def models_of(apps: Any) -> list[Any]:
    return [*apps.get_app_config("jobs").get_models(), *apps.get_app_config("trainer").get_models()]


def now_of(stored: Rows) -> Rows:
    """The same rows today, in the columns that they had."""
    models = {model._meta.label: model for model in models_of(migrate(None))}
    return {
        label: rows_of(models[label]._base_manager, list(next(iter(rows.values())))) for label, rows in stored.items()
    }


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def rows_of(manager: Any, columns: list[str]) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in manager.values(*columns)}


def _store(apps: Any, file: str) -> None:
    """Put the rows in, with keys that this installation can open."""
    with transaction.atomic():
        for entry in json.loads((ROOT / "tests" / file).read_text()):
            _put(apps.get_model(entry["model"]), entry["pk"], entry["fields"])
        keys = apps.get_model("jobs", "Connection").objects.filter(deleted_at=None)
        keys.update(sealed_key=sealing.seal(OPEN_KEY))
    with connection.cursor() as cursor:
        for line in connection.ops.sequence_reset_sql(no_style(), models_of(apps)):
            cursor.execute(line)


def _put(model: Any, pk: int, given: dict[str, Any]) -> None:
    fields = {name: model._meta.get_field(name) for name in given}
    plain = {field.attname: field.to_python(given[name]) for name, field in fields.items() if not field.many_to_many}
    row = model(pk=pk, **plain)
    row.save_base(raw=True, force_insert=True)
    for name, field in fields.items():
        if field.many_to_many:
            getattr(row, name).set(given[name])
