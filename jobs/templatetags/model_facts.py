"""How the facts of a base model are shown (jobs.engines.facts_of)."""

from collections.abc import Iterable

from django import template
from django.utils.translation import get_language_info, gettext

register = template.Library()
SHOWN = 4  # languages
UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


@register.filter
def languages(codes: Iterable[str]) -> str:
    """`Korean, English`: by name where we know one; of many the first few."""
    names = [_language(code) for code in codes]
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" +{rest}" if rest > 0 else "")


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


@register.filter
def parameters(count: int) -> str:
    """`596M parameters`, as people name sizes of models."""
    size, unit = next(((size, unit) for size, unit in UNITS if count >= size), (1, ""))
    shown = f"{count / size:.1f}".removesuffix(".0") if count < 10 * size else str(round(count / size))
    return gettext("%(count)s parameters") % {"count": f"{shown}{unit}"}


@register.filter
def memory(size: float | None) -> str:
    """Bytes as `3.7 GiB`, as tools that show memory do."""
    if size is None:
        return ""
    unit, name = (2**30, "GiB") if size >= 2**30 else (2**20, "MiB")
    return f"{size / unit:.1f} {name}"
