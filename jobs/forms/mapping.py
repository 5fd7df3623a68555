"""How a table is read, and which of its columns is what."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.training_data.encodings import ENCODINGS
from jobs.training_data.privacy import mask_for_display
from jobs.training_data.tables.forms import FORMS
from jobs.training_data.tables.shapes import Look, Mapping, Way

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
SEPARATOR_WORDS = {"comma": _("Comma"), "tab": _("Tab"), "semicolon": _("Semicolon"), "bar": _("Vertical bar")}
ENCODING_WORDS = {"utf-8": "UTF-8", "cp949": "CP949 (EUC-KR)"}
FORM_WORDS = {
    "ready": _("Examples as they are (OpenAI)"),
    "preference": _("Preferences (chosen / rejected)"),
    "logged": _("Requests and answers of OpenAI's API"),
    "pair": _("Prompt and completion as talks"),
}
SHAPES = (
    ("columns", _("Columns that I choose")),
    *((name, FORM_WORDS.get(name, form.name)) for name, form in FORMS.items()),
)
NONE = ("", "—")
QUOTES = {"around": True, "text": False}
OTHER_SIGN = re.compile(r'[^\w"\s]')  # as a file may name it itself: sep=^
COLUMNS = ("user", "context", "assistant", "system", "rejected")
SHOWN = 60  # characters of a row in the choice of the header


class WayForm(forms.Form):
    """What was said about how to read the table. All of it may be left out: then it is found out."""

    sheet = forms.CharField(required=False, strip=False, max_length=200)
    encoding = forms.ChoiceField(required=False, choices=[(each, each) for each in ENCODINGS])
    delimiter = forms.CharField(required=False, strip=False, max_length=10)
    header = forms.IntegerField(required=False, min_value=0, max_value=10_000_000)
    quotes = forms.ChoiceField(required=False, choices=[(each, each) for each in QUOTES])
    hidden = forms.BooleanField(required=False)

    def way(self) -> Way:
        """What is bad input counts as not said."""
        self.full_clean()
        told = self.cleaned_data
        sign = told.get("delimiter", "")
        return Way(
            encoding=told.get("encoding", ""),
            delimiter=SEPARATORS.get(sign, sign if OTHER_SIGN.fullmatch(sign) else ""),
            sheet=told.get("sheet", ""),
            header=told.get("header"),
            quotes=QUOTES.get(told.get("quotes", "")),
            hidden=bool(told.get("hidden")),
        )


class ChoiceForm(forms.Form):
    """Which columns were chosen. Whether the table has them is for its reader to say."""

    shape = forms.ChoiceField(choices=SHAPES)
    user = context = assistant = system = rejected = label = forms.CharField(
        required=False, strip=False, max_length=1_000
    )

    def mapping(self) -> Mapping | None:
        """None where nothing was chosen yet."""
        if not self.is_bound:
            return None
        self.full_clean()
        told = {name: self.cleaned_data.get(name) or "" for name in (*COLUMNS, "label")}
        shape = self.cleaned_data.get("shape") or "columns"
        return Mapping(shape, **told) if shape != "columns" or any(told.values()) else None


class MapForm(forms.Form):
    """The choices that this table leaves. What was not said yet is as it was found or guessed."""

    sheet = forms.ChoiceField(label=_("Sheet"))
    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(label=_("Cells are separated by"))
    quotes = forms.ChoiceField(
        label=_("Quotes"), choices=[("around", _("enclose cells")), ("text", _("are part of the text"))]
    )
    header = forms.ChoiceField(label=_("Names of the columns"), help_text=_("Rows above it are left out."))
    hidden = forms.BooleanField(label=_("Read hidden rows and columns, too"), required=False)
    shape = forms.ChoiceField(label=_("What it is"), choices=SHAPES)
    user = forms.ChoiceField(label=_("User: the question"), required=False)
    context = forms.ChoiceField(
        label=_("More of the question"), required=False, help_text=_("Goes below the question, after an empty line.")
    )
    assistant = forms.ChoiceField(label=_("Assistant: the answer"), required=False)
    system = forms.ChoiceField(label=_("System: the instruction"), required=False)
    rejected = forms.ChoiceField(
        label=_("A worse answer"), required=False, help_text=_("Makes preferences (DPO) of the rows.")
    )
    label = forms.ChoiceField(
        label=_("Whether the answer is good"),
        required=False,
        help_text=_("Rows where it says false, no or 0 are left out."),
    )

    def __init__(self, look: Look, data: Any = None, *, hide: bool = False) -> None:
        """`hide` the personal data in rows that may be the header."""
        self.look = look
        super().__init__({**_initial(look), **_sent(look, data)} if data else None, initial=_initial(look))
        way = look.way
        grid = way.kind in ("csv", "tsv", "xlsx") or way.header is not None
        sheets = [(name, _sheet(name, look)) for name in look.sheets]
        self._choose("sheet", sheets, keep=len(look.sheets) > 1)
        encodings = [(each, ENCODING_WORDS.get(each, each.upper())) for each in ENCODINGS]
        self._choose("encoding", encodings, keep=way.kind in ("csv", "tsv", "json", ""))
        self._choose("delimiter", _separators(way), keep=way.kind == "csv")
        self._keep("quotes", keep=way.kind in ("csv", "tsv"))
        self._choose("header", _heads(look, hide=hide), keep=grid)
        self._keep(
            "hidden", keep=way.hidden or any(note.code in ("rows_hidden", "columns_hidden") for note in look.notes)
        )
        self._keep("shape", keep=way.kind in ("json", "jsonl") or look.guess.shape != "columns")
        for name in (*COLUMNS, "label"):
            self._choose(name, [NONE, *((column, column) for column in look.columns)], keep=True)
        for name in ("user", "assistant"):  # a known form needs no choice
            self.fields[name].required = "shape" not in self.fields
            self.fields[name].error_messages["required"] = _("Choose a column.")

    def _keep(self, name: str, *, keep: bool) -> None:
        if not keep:
            del self.fields[name]

    def _choose(self, name: str, choices: list[Any], *, keep: bool) -> None:
        self._keep(name, keep=keep)
        if keep:
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        if self.cleaned_data.get("shape", "columns") != "columns":
            return
        for name in ("user", "assistant"):
            if not self.cleaned_data.get(name) and not self.has_error(name):
                self.add_error(name, _("Choose a column."))

    def mapping(self) -> Mapping:
        """As chosen. Call it only once the form is valid."""
        told = self.cleaned_data
        shape = told.get("shape", "columns")
        columns = {name: told[name] for name in COLUMNS} if shape == "columns" else {}
        return Mapping(shape, **columns, label=told["label"])


def _sheet(name: str, look: Look) -> str:
    return gettext("%(name)s (hidden)") % {"name": name} if name in look.hidden_sheets else name


def _separators(way: Way) -> list[tuple[str, Any]]:
    """The usual ones, and one that the file itself names."""
    other = [(way.delimiter, way.delimiter)] if way.delimiter and way.delimiter not in SEPARATORS.values() else []
    return [*SEPARATOR_WORDS.items(), *other]


def _heads(look: Look, *, hide: bool) -> list[tuple[int, str]]:
    words = gettext("Row %(number)s: %(cells)s")
    choices = [(0, gettext("There are none"))]
    for number, cells in look.heads:
        row = " · ".join(cell.strip() for cell in cells if cell.strip())
        shown = mask_for_display(row, SHOWN) if hide else row[:SHOWN]
        choices.append((number, words % {"number": number, "cells": shown}))
    return choices


def _initial(look: Look) -> dict[str, Any]:
    way, mapping = look.way, look.mapping
    separator = next((name for name, sign in SEPARATORS.items() if sign == way.delimiter), way.delimiter)
    read = {"sheet": way.sheet, "encoding": way.encoding, "delimiter": separator, "hidden": way.hidden}
    quotes = {"quotes": "around" if way.quotes else "text", "header": int(way.header or 0)}
    chosen = {name: getattr(mapping, name) for name in (*COLUMNS, "label")}
    return {**read, **quotes, **chosen, "shape": mapping.shape}


def _sent(look: Look, data: Any) -> dict[str, Any]:
    """What was sent; columns of another sheet, or of another way to read it, are guessed."""
    sent = {name: data[name] for name in data}
    if {sent.get(name, "") for name in (*COLUMNS, "label")} - {""} <= set(look.columns):
        return sent
    return {**sent, **{name: value for name, value in _initial(look).items() if name in (*COLUMNS, "label", "shape")}}
