"""How every table of the admin behaves: seen by all staff, changed by none, each row leading to its neighbours."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.contrib.admin.utils import display_for_field
from django.db import models
from django.db.models import Field
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from jobs.admin.labels import LABELS
from jobs.models import User

NOTHING = "–"
SHORT = 140  # characters of a message that a list shows

type Column = Callable[[Any], Any]
type Names = Sequence[str | Column]


def column(name: str) -> Column:
    """A field as staff read it: its words, a link for a row of another table, JSON laid out."""

    def shown(row: models.Model) -> Any:
        return _shown(row, name)

    shown.__name__ = name
    return admin.display(shown, description=LABELS[name], ordering=name)


def _shown(row: models.Model, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, models.Model):
        return link(value)
    if isinstance(value, dict | list):
        return format_html("<pre>{}</pre>", json.dumps(value, ensure_ascii=False, indent=2)) if value else NOTHING
    field = cast("Field[Any, Any]", row._meta.get_field(name))
    return NOTHING if value == "" else display_for_field(value, field, NOTHING)


def columns(names: Names) -> list[Column]:
    return [column(name) if isinstance(name, str) else name for name in names]


def link(row: models.Model) -> str:
    """The row's page in the admin; people are named by their address."""
    where = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', where, row.email if isinstance(row, User) else row)


def short(text: str) -> str:
    return Truncator(" ".join(text.split())).chars(SHORT)


class Named(admin.FieldListFilter):
    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, of: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, of, field_path)
        self.title = LABELS[field_path.rpartition("__")[2]]


class ByChoice(Named, admin.ChoicesFieldListFilter):
    pass


class ByDate(Named, admin.DateFieldListFilter):
    pass


class Rows[M: models.Model](admin.ModelAdmin):  # type: ignore[type-arg]  # not generic while running
    """All staff may look, nobody may write. `shown`: the list's columns; `by`: its filters; `page`: a row's page."""

    shown: Names = ()
    page: Sequence[tuple[Any, Names]] = ()
    by: Sequence[Any] = ()
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)  # the key is indexed over all teams, dates are not

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Filters on fields bear our names for them."""
        return [(one, ByDate if one.endswith("_at") else ByChoice) if isinstance(one, str) else one for one in self.by]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return columns(self.shown)

    def get_fieldsets(self, request: HttpRequest, obj: M | None = None) -> Any:
        return [(title, {"fields": columns(names)}) for title, names in self.page]

    def get_action_choices(
        self, request: HttpRequest, default_choices: Any = None, action_location: Any = ActionLocation.CHANGE_LIST
    ) -> Any:
        """Django's own word for no choice has no Korean."""
        return super().get_action_choices(request, [("", _("Choose an act"))], action_location)

    def idle(self, row: M) -> Sequence[str]:
        """Acts that would do nothing to this row: its page does not offer them."""
        return ()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: M | None = None,
    ) -> HttpResponse:
        idle = self.idle(obj) if obj else ()
        return super().render_change_form(request, {**context, "idle": idle}, add, change, form_url, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
