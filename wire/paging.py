"""Lists as OpenAI pages them: newest first, `after` an id, `has_more`."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from wire.errors import invalid

type Json = dict[str, Any]


def limit_of(query: QueryDict, default: int, most: int) -> int:
    """The `limit` parameter, 1 to `most`; 400 in OpenAI's words for anything else."""
    text = query.get("limit", "") or str(default)
    try:
        limit = int(text)
    except ValueError:
        raise invalid(f"Invalid type for 'limit': expected an integer, got '{text[:40]}'.", "limit") from None
    if not 1 <= limit <= most:
        bound = f"maximum value. Expected a value <= {most}" if limit > most else "minimum value. Expected >= 1"
        raise invalid(f"Invalid 'limit': integer beyond {bound}, but got {limit} instead.", "limit")
    return limit


def listing(data: list[Json], more: bool, ends: bool = False) -> Json:
    """The list object; `ends` adds first_id and last_id, which only some lists have: empty texts in an empty list."""
    body: Json = {"object": "list", "data": data, "has_more": more}
    if ends:
        body |= {"first_id": data[0]["id"] if data else "", "last_id": data[-1]["id"] if data else ""}
    return body


def page_of_items(items: Sequence[Json], after: str, limit: int) -> tuple[list[Json], bool]:
    """One page of computed items, each with an `id`, in the order given."""
    start = 0
    if after:
        start = next((place + 1 for place, item in enumerate(items) if item["id"] == after), -1)
        if start < 0:
            raise invalid(f"Invalid 'after': no such item: {after}", "after")
    return list(items[start : start + limit]), len(items) > start + limit


def page_of_rows[M: Model](
    rows: QuerySet[M], after: str, limit: int, show: Callable[[M], Json], ascending: bool = False
) -> tuple[list[Json], bool]:
    """One page of rows that have `uid` and `created_at`; two queries at most, however many rows there are."""
    if after:
        cursor = rows.filter(uid=after).values_list("created_at", "pk").first()
        if cursor is None:
            raise invalid(f"Invalid 'after': no such item: {after}", "after")
        side = "gt" if ascending else "lt"
        earlier = Q(**{f"created_at__{side}": cursor[0]})
        rows = rows.filter(earlier | Q(created_at=cursor[0], **{f"pk__{side}": cursor[1]}))
    order = ("created_at", "pk") if ascending else ("-created_at", "-pk")
    found = list(rows.order_by(*order)[: limit + 1])
    return [show(row) for row in found[:limit]], len(found) > limit
