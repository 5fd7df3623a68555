"""A row of a table as a training example: by the columns that were chosen, or by the form that it is known to have."""

from typing import Any

from jobs.training_data.codes import Code
from jobs.training_data.tables.forms import FORMS, form_of
from jobs.training_data.tables.notes import Notes
from jobs.training_data.tables.preferences import dpo
from jobs.training_data.tables.ready import is_nothing
from jobs.training_data.tables.shapes import Cells, Mapping
from jobs.training_data.tables.talks import asked_and_answered, joined
from jobs.training_data.tables.values import text

BAD = ("false", "no", "n", "0", "거짓", "bad", "rejected")


class Maker:
    """Makes examples, and notes what no example has."""

    def __init__(self, mapping: Mapping, columns: list[str], notes: Notes) -> None:
        self.mapping, self.notes = mapping, notes
        used = mapping.columns()
        self.unused = [name for name in columns if name not in used] if mapping.shape == "columns" else []

    def example(self, row: Cells, number: int) -> dict[str, Any] | None:
        """Nothing where the row holds nothing in these columns, or is marked as bad. Raises RefusedError."""
        label = row.get(self.mapping.label) if self.mapping.label else None
        if label is not None and is_bad(label):
            self.notes.add(Code.BAD_LEFT_OUT, row=number)
            return None
        if self.mapping.label:
            row = {key: value for key, value in row.items() if key != self.mapping.label}
        made = self._by_columns(row) if self.mapping.shape == "columns" else self._by_form(row, number)
        if made is None and any(not is_nothing(value) for value in row.values()):
            self.notes.add(Code.ROWS_LEFT_OUT, row=number)
        return made

    def _by_form(self, row: Cells, number: int) -> dict[str, Any] | None:
        chosen = FORMS[self.mapping.shape]
        form = chosen if chosen.fits(row) else FORMS.get(form_of(row))
        if form is None:
            self.notes.add(Code.ROWS_AS_THEY_ARE, row=number)
            return row
        return form.made(row, self.notes, number)

    def _by_columns(self, row: Cells) -> dict[str, Any] | None:
        self._name_unused(row)
        mapping = self.mapping
        asked = joined(row.get(mapping.user), row.get(mapping.context))
        answered = text(row.get(mapping.assistant))
        system = text(row.get(mapping.system)) if mapping.system else ""
        messages = asked_and_answered(system, [], asked, answered)
        if not mapping.rejected:
            return {"messages": messages} if messages else None
        worse = text(row.get(mapping.rejected))
        if not messages and not worse:
            return None
        question = messages[:-1] or [{"role": "user", "content": ""}]
        return dpo(question, [{"role": "assistant", "content": answered}], [{"role": "assistant", "content": worse}])

    def _name_unused(self, row: Cells) -> None:
        for name in [name for name in self.unused if not is_nothing(row.get(name))]:
            self.notes.name(Code.COLUMNS_LEFT_OUT, name)
            self.unused.remove(name)


def is_bad(value: object) -> bool:
    """What a label such as KTO's says of an answer that nobody should learn."""
    return value is False or value == 0 or (isinstance(value, str) and value.strip().lower() in BAD)
