"""Somebody else's act between two statements of one request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def meanwhile(before: str, act: Callable[[], object]) -> Iterator[None]:
    """Do `act`, once, right before the first statement that contains `before`. Such a statement must come."""
    done = False

    def step_in(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal done
        if not done and before in sql:
            done = True
            act()
        return execute(sql, *rest)

    with connection.execute_wrapper(step_in):
        yield
    assert done, f"no statement held {before!r}"
