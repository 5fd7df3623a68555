"""What the faults of tables, and of versions that could not be made, mean to a person."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.training_data.codes import Code

# --- notes: what a person should know before examples are made ---
NOTES: dict[Code, tuple[str | Promise, str | Promise]] = {
    Code.SHEETS_HIDDEN: (
        _("Hidden sheets are not read: %(names)s"),
        _("Choose one under “Sheet” if you want it."),
    ),
    Code.SHEETS_NOT_READ: (
        _("Other sheets or lists of this file are not read: %(names)s"),
        _("Choose one under “Sheet”, or make a file of each."),
    ),
    Code.ROWS_HIDDEN: (
        _("Hidden rows are left out: %(count)s, the first is row %(row)s."),
        _("Tick “Read hidden rows and columns, too” if you want them."),
    ),
    Code.COLUMNS_HIDDEN: (
        _("Hidden columns are left out: %(names)s"),
        _("Tick “Read hidden rows and columns, too” if you want them."),
    ),
    Code.CELLS_VALUELESS: (
        _("Cells that show an error or no value are read as empty: %(count)s, the first is %(cell)s (%(text)s)."),
        _("Correct them in the table if an answer belongs there."),
    ),
    Code.ROWS_TOO_WIDE: (
        _("Rows have more cells than the header: %(count)s, the first is row %(row)s. Beyond it: %(text)s"),
        _("In a CSV, put quotes around cells that hold a comma; in a sheet, give the column a name."),
    ),
    Code.ROWS_ABOVE_HEADER: (
        _("Rows above the header are left out: %(count)s. The first: %(text)s"),
        _("Choose another header row if this is not the header."),
    ),
    Code.HEADER_AGAIN: (
        _("Rows that repeat the header are left out: %(count)s, the first is row %(row)s."),
        _("Nothing to do, unless they are data."),
    ),
    Code.QUOTES_AS_TEXT: (
        _("Quotes at the start of a cell are read as a part of the text: %(count)s lines, the first is line %(row)s."),
        _("Choose that quotes stand around cells if the table was written so."),
    ),
    Code.KEYS_LEFT_OUT: (
        _("Keys that are left out: %(names)s"),
        _("Nothing to do, unless the examples need them."),
    ),
    Code.COLUMNS_LEFT_OUT: (
        _("Columns that are left out: %(names)s"),
        _("Nothing to do, unless the examples need them."),
    ),
    Code.ROWS_LEFT_OUT: (
        _("Rows that hold nothing in the chosen columns are left out: %(count)s, the first is row %(row)s."),
        _("Choose other columns if they hold data."),
    ),
    Code.BAD_LEFT_OUT: (
        _("Rows whose label says that the answer is bad are left out: %(count)s, the first is row %(row)s."),
        _("Choose no label column if they should be learnt, too."),
    ),
    Code.ROWS_AS_THEY_ARE: (
        _("Rows of no known form go out as they are: %(count)s, the first is row %(row)s."),
        _("The check of the new file says what is wrong with them."),
    ),
    Code.TURNS_LEFT_OUT: (
        _("Turns that are not an object with a speaker are left out: %(count)s. The first: %(text)s"),
        _("Correct these rows if the turns belong to the talk."),
    ),
    Code.PAIRS_DIFFER: (
        _("Pairs whose talks differ before the last answer are left out: %(count)s, the first is row %(row)s."),
        _("Give both answers of a pair the same question."),
    ),
    Code.CALLS_AS_TEXT: (
        _("Calls of tools that cannot be read stay texts: %(count)s. The first: %(text)s"),
        _("Write the arguments of each call as JSON."),
    ),
    Code.LOOKED_AT_FIRST: (
        _("Only the first %(limit)s rows were looked through for these notes."),
        _("What is left out of the others is shown with the new file."),
    ),
}

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
        _("The table is encrypted, by a password or by a protection of documents (DRM)."),
        _("Open it where it may be opened, save it as .xlsx without protection and upload it again."),
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
        _(
            "Write a quote inside a quoted cell twice, and close each; or save the table as .xlsx; "
            "or choose that quotes are a part of the text."
        ),
    ),
    Code.ELEMENT_BROKEN: (
        _("Element or line %(number)s of the JSON cannot be read, or is larger than %(limit)s MB."),
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
    Code.TABLE_FOREIGN: (
        _("This is not a table that can be read, whatever its name says. Kind: %(kind)s"),
        _("Open it in a spreadsheet, save it as .xlsx or as CSV (UTF-8) and upload it again."),
    ),
    Code.KEY_TWICE: (
        _("Element or line %(number)s of the JSON has the same key twice. Key: %(key)s"),
        _("Delete one of the two; otherwise one would be lost."),
    ),
    Code.DOCUMENT_TOO_LARGE: (
        _("One JSON object around all rows may have %(limit)s MB; this one is larger."),
        _("Export the rows as JSON Lines or as an array."),
    ),
    Code.COLUMNS_UNCLEAR: (
        _("It is not clear which columns hold the question and the answer. Columns: %(names)s"),
        _("Name the columns question and answer, or choose them on the file's page."),
    ),
    Code.REQUESTS_ALONE: (
        _("These are requests to the API without answers (row %(number)s), so there is nothing to learn."),
        _("Add the answers: export requests and answers together, or write the answer as the last message."),
    ),
    Code.ANSWERS_ALONE: (
        _("These are answers of the API without their questions (row %(number)s)."),
        _("Join each with the request of the same custom_id: its messages, then the answer."),
    ),
    **NOTES,
}
