"""One migration makes a new database; the eighteen it replaces are for installations that have some of them."""

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader


def test_a_new_database_gets_the_tables_that_the_replaced_migrations_made() -> None:
    long, short = (MigrationLoader(None, replace_migrations=replaced) for replaced in (False, True))
    assert any(key not in short.graph.nodes for key in long.graph.nodes), "no migration replaces another"
    changes = MigrationAutodetector(long.project_state(), short.project_state()).changes(long.graph)
    assert {label: [one.operations for one in made] for label, made in changes.items()} == {}
