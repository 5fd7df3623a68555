"""`{% icon "play" %}`: one of the vendored Lucide drawings, inline, so that it takes the text's colour."""

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
DRAWINGS = Path("static/vendor/lucide-static-1.62.0")


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """The drawing as decoration: the words beside it carry the meaning. An unknown name is an error."""
    drawing = (Path(settings.BASE_DIR) / DRAWINGS / f"{name}.svg").read_text()
    _tag, _mark, inside = drawing.partition("<svg")[2].partition(">")
    shapes = " ".join(inside.rpartition("</svg>")[0].split())
    if not shapes:
        raise ValueError(f"{name}.svg holds no drawing")
    return mark_safe(  # noqa: S308 - vendored, checksummed files
        f'<svg class="icon icon-{name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{shapes}</svg>'
    )
