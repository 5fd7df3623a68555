"""What was seen of one answer. In Python: a page has a hundred answers, and a template took a third of its time."""

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from jobs.templatetags.desk import decimals
from jobs.templatetags.icons import icon

register = template.Library()


@register.filter
def scored(scores: dict[str, Any]) -> SafeString:
    """The line below an answer; empty where it has no scores."""
    if not scores:
        return SafeString()
    facts = [f"chrF {decimals(scores['chrf'])}"] if scores.get("chrf") is not None else []
    if scores.get("keywords"):
        facts.append(f"{gettext('Keywords used')} {scores['covered']} / {scores['keywords']}")
    marks = "".join(_pill(*about) for name, *about in _marks() if scores.get(name))
    return mark_safe(f'<span class="sub small muted">{escape(" · ".join(facts))} {marks}</span>')  # noqa: S308 - escaped


def _marks() -> list[tuple[str, str, str]]:
    """Name of the score, icon, word."""
    return [
        ("copied", "copy", gettext("copied")),
        ("loops", "flag", gettext("goes round in circles")),
        ("refusal", "flag", gettext("refuses")),
    ]


def _pill(drawing: str, word: str) -> str:
    return f'<span class="pill pill-unsure">{icon(drawing)}{escape(word)}</span>'
