"""How a table is read, and which of its columns is what."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.training_data.encodings import ENCODINGS
from jobs.training_data.tables.shapes import Look, Mapping, Way

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
SEPARATOR_WORDS = {"comma": _("Comma"), "tab": _("Tab"), "semicolon": _("Semicolon"), "bar": _("Vertical bar")}
ENCODING_WORDS = {"utf-8": "UTF-8", "cp949": "CP949 (EUC-KR)"}
SHAPES = (("columns", _("Columns that I choose")), ("alpaca", "Alpaca"), ("sharegpt", "ShareGPT"))
NONE = ("", "—")


class WayForm(forms.Form):
    """What was said about how to read the table. All of it may be left out: then it is found out."""

    sheet = forms.CharField(required=False, strip=False, max_length=200)
    encoding = forms.ChoiceField(required=False, choices=[(each, each) for each in ENCODINGS])
    delimiter = forms.ChoiceField(required=False, choices=[(each, each) for each in SEPARATORS])
    header = forms.BooleanField(required=False)
    read = forms.BooleanField(required=False)  # the fields above were shown

    def way(self) -> Way:
        """What is bad input counts as not said."""
        self.full_clean()
        told = self.cleaned_data
        header = bool(told.get("header")) if told.get("read") else None
        delimiter = SEPARATORS.get(told.get("delimiter", ""), "")
        return Way(encoding=told.get("encoding", ""), delimiter=delimiter, sheet=told.get("sheet", ""), header=header)


class MapForm(forms.Form):
    """The choices that this table leaves. What was not said yet is as it was found or guessed."""

    sheet = forms.ChoiceField(label=_("Sheet"))
    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(label=_("Cells are separated by"))
    header = forms.BooleanField(label=_("The first row holds the names of the columns"), required=False)
    shape = forms.ChoiceField(label=_("What it is"), choices=SHAPES)
    user = forms.ChoiceField(label=_("User: the question"), required=False)
    context = forms.ChoiceField(
        label=_("More of the question"), required=False, help_text=_("Stands below the question, after an empty line.")
    )
    assistant = forms.ChoiceField(label=_("Assistant: the answer"), required=False)
    system = forms.ChoiceField(label=_("System: the instruction"), required=False)

    def __init__(self, look: Look, data: Any = None) -> None:
        self.look = look
        super().__init__(_known(look, data) if data else None, initial=_initial(look))
        way = look.way
        self._choose("sheet", [(name, name) for name in look.sheets], keep=len(look.sheets) > 1)
        encodings = [(each, ENCODING_WORDS.get(each, each.upper())) for each in ENCODINGS]
        self._choose("encoding", encodings, keep=way.kind in ("csv", "tsv", "json", ""))
        self._choose("delimiter", list(SEPARATOR_WORDS.items()), keep=way.kind == "csv")
        self._choose("shape", list(SHAPES), keep=way.kind in ("json", "jsonl"))
        if way.kind not in ("csv", "tsv", "xlsx"):
            del self.fields["header"]
        for name in ("user", "context", "assistant", "system"):
            self._choose(name, [NONE, *((column, column) for column in look.columns)], keep=True)
        for name in ("user", "assistant"):  # Alpaca and ShareGPT need no choice
            self.fields[name].required = "shape" not in self.fields
            self.fields[name].error_messages["required"] = _("Choose a column.")

    def _choose(self, name: str, choices: list[Any], *, keep: bool) -> None:
        if keep:
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields[name]

    def clean(self) -> None:
        if self.cleaned_data.get("shape", "columns") != "columns":
            return
        for name in ("user", "assistant"):
            if not self.cleaned_data.get(name) and not self.has_error(name):
                self.add_error(name, _("Choose a column."))

    def mapping(self) -> Mapping:
        """As chosen; as guessed, where nothing valid was chosen."""
        if not (self.is_bound and self.is_valid()):
            return self.look.guess
        told = self.cleaned_data
        if (shape := told.get("shape", "columns")) != "columns":
            return Mapping(shape)
        return Mapping(**{name: told[name] for name in ("user", "context", "assistant", "system")})


def _initial(look: Look) -> dict[str, Any]:
    way, guess = look.way, look.guess
    separator = next((name for name, sign in SEPARATORS.items() if sign == way.delimiter), "comma")
    read = {"sheet": way.sheet, "encoding": way.encoding, "delimiter": separator, "header": way.header}
    chosen = {"user": guess.user, "context": guess.context, "assistant": guess.assistant, "system": guess.system}
    return {**read, **chosen, "shape": guess.shape}


def _known(look: Look, data: Any) -> dict[str, Any]:
    """What was sent; columns of another sheet, or of another way to read it, are guessed anew."""
    sent = {name: data[name] for name in data}
    columns = {sent.get(name, "") for name in ("user", "context", "assistant", "system")} - {""}
    return {**_initial(look), **sent} if columns <= set(look.columns) else {**sent, **_guessed(look)}


def _guessed(look: Look) -> dict[str, Any]:
    return {name: _initial(look)[name] for name in ("user", "context", "assistant", "system")}
