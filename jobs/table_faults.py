"""What the faults of tables, and of versions that could not be made, mean to a person."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.training_data.codes import Code

WORDS: dict[Code, tuple[str | Promise, str | Promise]] = {
    Code.UNFIT: (
        _("Examples that do not fit the new format: %(count)s."),
        _("Change or leave out these examples first; the first one's line is named."),
    ),
    Code.ALL_ALIKE: (
        _("All examples say nearly the same, so none can be held out for validation."),
        _("Add examples that differ more, or use another file for validation."),
    ),
    Code.TABLE: (
        _("This is a table, not training data yet. Kind: %(kind)s"),
        _("Say which column holds the question and which the answer: “Choose the columns”."),
    ),
    Code.TABLE_BROKEN: (
        _("The table cannot be read. Kind: %(kind)s"),
        _("Open it in the program it came from, save it anew and upload it again."),
    ),
    Code.TABLE_ENCRYPTED: (
        _("The table is protected by a password, or of the old .xls kind."),
        _("Save it as .xlsx without a password and upload it again."),
    ),
    Code.TABLE_TOO_LARGE: (
        _("Unpacked, the table is larger than %(limit)s MB."),
        _("Split it into several files, or save it as CSV."),
    ),
    Code.TABLE_TOO_LONG: (
        _("The table has more than %(limit)s rows."),
        _("Split it into several files."),
    ),
    Code.TABLE_TOO_WIDE: (
        _("The table has more than %(limit)s columns."),
        _("Delete the columns that are not needed."),
    ),
    Code.CELL_TOO_LARGE: (
        _("A cell is larger than %(limit)s MB."),
        _("Shorten it; in a CSV, look for a quote that is never closed."),
    ),
    Code.TABLE_QUOTES: (
        _("A quote is never closed, or something follows after the closing one."),
        _("Write a quote inside a quoted cell twice, and close each; or save the table as .xlsx."),
    ),
    Code.ELEMENT_BROKEN: (
        _("Element %(number)s of the JSON array cannot be read, or is larger than %(limit)s MB."),
        _("Export the file again, whole; or look for a missing quote, comma or brace there."),
    ),
    Code.SHEET_MISSING: (
        _("The table has no such sheet: %(sheet)s"),
        _("Choose one of its sheets on its own page."),
    ),
    Code.TABLE_ENCODING: (
        _("The text is not encoded as %(encoding)s."),
        _("Choose the encoding in which the table was saved, or save it as UTF-8."),
    ),
    Code.COLUMN_MISSING: (
        _("The table has no such column: %(name)s"),
        _("Choose the columns of this table on its own page."),
    ),
    Code.FORMULA_WITHOUT_VALUE: (
        _("Formulas without a stored value: %(count)s, the first in cell %(cell)s. They are read as empty."),
        _("Open the table in a spreadsheet, save it once and upload it again."),
    ),
    Code.MERGED_CELLS: (
        _("Merged cells: %(count)s, the first at %(cell)s. The value belongs to the first cell; the others are empty."),
        _("Unmerge them and fill in each row, if the rows below should have it too."),
    ),
}
