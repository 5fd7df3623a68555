"""Fields and widgets that the forms about jobs share."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _


class AutoNumber(forms.CharField):
    """A number within a range, or "auto" (also when left empty): the service then chooses."""

    def __init__(self, kind: type[int] | type[float], low: float, high: float, **kwargs: Any) -> None:
        self.kind, self.low, self.high = kind, low, high
        super().__init__(required=False, initial="auto", max_length=16, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> int | float | str:
        text = str(super().clean(value) or "").strip().lower()
        if text in ("", "auto", "자동"):
            return "auto"
        try:
            number = self.kind(text)
        except (ValueError, OverflowError):
            number = self.kind(-1)
        if not self.low <= number <= self.high:  # NaN fails this too
            raise forms.ValidationError(
                _("Enter “auto”, or a number from %(low)s to %(high)s."), params={"low": self.low, "high": self.high}
            )
        return number


class PlainSelect(forms.Select):
    """A select without a template for each of its options: a team of 200 would cost 20 ms a page, all zones 40."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(one) for one in self.format_value(value)}
        shown = "".join(_options(self.choices, chosen))
        given = self.build_attrs(self.attrs, attrs)
        return format_html('<select name="{}"{}>{}</select>', name, flatatt(given), mark_safe(shown))  # noqa: S308 - escaped below


def _options(choices: Iterable[tuple[Any, Any]], chosen: set[str]) -> Iterator[str]:
    """The options, and groups of options, of a select."""
    for one, label in choices:
        if isinstance(label, list | tuple):
            yield f'<optgroup label="{escape(str(one))}">{"".join(_options(label, chosen))}</optgroup>'
        else:
            marked = " selected" if str(one) in chosen else ""
            yield f'<option value="{escape(str(one))}"{marked}>{escape(str(label))}</option>'
