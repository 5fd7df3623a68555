"""What it means to a person that a text could not be read, or was read with something to note."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.training_data.texts.codes import Note, TextCode
from jobs.training_data.texts.found import Noted

Text = str | Promise

WORDS: dict[TextCode, tuple[Text, Text]] = {
    TextCode.BYTES_MISSING: (
        _("The bytes of this text are missing on the server."),
        _("Upload it again; if it happens again, tell whoever runs this portal."),
    ),
    TextCode.EMPTY: (_("The file is empty."), _("Choose the file again; perhaps saving it went wrong.")),
    TextCode.NO_TEXT: (_("There is no text in the file."), _("Open it, and look whether you chose the right one.")),
    TextCode.SCANNED: (
        _("The PDF has no text: its %(pages)s pages are pictures, perhaps a scan."),
        _("Have the text recognised first (OCR), then upload the PDF or the text that comes of it."),
    ),
    TextCode.UNREADABLE_FONTS: (
        _("The PDF's text cannot be read: its fonts do not say which characters they show. Pages: %(pages)s"),
        _("Export the PDF again from the original document, upload that document, or have the PDF recognised (OCR)."),
    ),
    TextCode.NOT_TEXT: (
        _("This is not a text file, whatever its name says."),
        _("Upload .txt, .md, .docx, .hwpx or a .pdf with text."),
    ),
    TextCode.UNKNOWN_ENCODING: (
        _("The encoding of the text was not recognised."),
        _("Choose it under “Encoding”, or save the text as UTF-8 and upload it again."),
    ),
    TextCode.WRONG_ENCODING: (
        _("The text is not encoded as %(encoding)s."),
        _("Choose another under “Encoding”, or let it be recognised."),
    ),
    TextCode.OTHER_KIND: (
        _("The file is not what its name says: there is no document of that kind in it."),
        _("Open it in the program that made it, and save it anew."),
    ),
    TextCode.BROKEN: (
        _("The file is damaged and cannot be read."),
        _("Open it in the program that made it, save it anew and upload that. Copying it may have gone wrong."),
    ),
    TextCode.ENCRYPTED: (
        _("The document is protected by a password."),
        _("Save it without a password and upload that."),
    ),
    TextCode.OLD_FORMAT: (
        _("The document is of an old format (.doc, .hwp), or protected by a password."),
        _("Save it as .docx or .hwpx without a password and upload that."),
    ),
    TextCode.BOMB: (
        _("Unpacked, the document is far too large."),
        _("Real documents are not like that. If this one is, save its text as .txt in several parts."),
    ),
    TextCode.ENTITIES: (
        _("The document holds declarations that real ones never have; it was not read."),
        _("Open it in Word or Hangul, save it anew and upload that."),
    ),
    TextCode.TOO_DEEP: (
        _("Parts of the document are nested more than %(limit)s deep."),
        _("Save its text as .txt and upload that."),
    ),
    TextCode.TOO_LONG: (
        _("The text is longer than %(limit)s characters."),
        _("Split it into several files: one for each chapter, say."),
    ),
    TextCode.TOO_MANY_PAGES: (
        _("The PDF has %(pages)s pages; at most %(limit)s are read."),
        _("Split it into several files."),
    ),
    TextCode.TOO_SLOW: (
        _("Reading the document took too long and was stopped."),
        _("Save its text as .txt and upload that, or split the document."),
    ),
}
NOTES: dict[Note, Text] = {
    Note.BOM: _("An invisible byte order mark (BOM) at the beginning was left out."),
    Note.DECOMPOSED: _("Syllables came apart into letters (NFD, as macOS writes them) and were put together: %(n)s"),
    Note.CRLF: _("Line breaks of Windows were made plain: %(n)s"),
    Note.INVISIBLE: _("Invisible characters were left out: %(n)s"),
    Note.UNREADABLE: _("Characters that could not be read and were replaced by a mark: %(n)s"),
    Note.MOJIBAKE: _("Lines that look as if they were read in a wrong encoding (mojibake): %(n)s"),
    Note.PUT_RIGHT: _("Garbled lines (mojibake) were put right: %(n)s"),
    Note.QUESTION_MARKS: _("Words of which only question marks are left: %(n)s"),
    Note.PRIVATE_USE: _("Private-use characters, which only one font can show: %(n)s"),
    Note.MARKUP: _("Marks of Markdown were left out: %(n)s"),
    Note.PAGES_WITHOUT_TEXT: _("Pages without text, perhaps pictures: %(n)s"),
    Note.NO_BREAK: _("Non-breaking spaces and hyphens were replaced by plain ones: %(n)s"),
    Note.DELETED: _("Text that tracked changes delete or move away was left out, places: %(n)s"),
    Note.HIDDEN: _("Hidden text was left out, places: %(n)s"),
    Note.COMMENTS: _("Comments and memos were left out: %(n)s"),
    Note.RUNNING: _("Headers and footers were left out: %(n)s"),
    Note.RUBY: _("Small text above or below words (ruby) was left out: %(n)s"),
    Note.NUMBERS: _("Paragraphs whose automatic number or bullet was left out: %(n)s"),
    Note.SIGNS: _("Symbols of special fonts that have no Unicode character were left out: %(n)s"),
    Note.CHARTS: _("Charts, diagrams and old equations were left out: %(n)s"),
    Note.EMBEDDED: _("Embedded documents were left out: %(n)s"),
    Note.EQUATIONS: _("Equations were written in one line: %(n)s"),
    Note.FOOTNOTES: _("Footnotes and endnotes were moved to the end of the text: %(n)s"),
    Note.UNREADABLE_PAGES: _("Pages left out because their fonts do not say which characters they show: %(n)s"),
    Note.PARTLY_UNREADABLE_PAGES: _("Pages with characters that their fonts do not identify: %(n)s"),
    Note.RUNNING_HEADS: _("Lines of headers, footers and page numbers were left out: %(n)s"),
    Note.HYPHENS: _("Words hyphenated at the end of a line were joined: %(n)s"),
    Note.DOUBTFUL_PAGES: _("Pages with wrong or private-use characters; compare them with the PDF: %(n)s"),
    Note.OUTSIDE: _("Text outside the visible page was left out, places: %(n)s"),
}
LOST: Text = _("They are lost here. Upload the original, if you have it.")
PAGES: Text = _("Upload the document that the PDF was made from, or have these pages recognised (OCR).")
DOUBTS: dict[Note, Text] = {  # notes of what may be wrong with the text, each with its remedy
    Note.MOJIBAKE: _("If you have the original, save it as UTF-8 and upload that."),
    Note.UNREADABLE: LOST,
    Note.QUESTION_MARKS: LOST,
    Note.PRIVATE_USE: _("A model sees only their numbers. Replace them by standard characters and upload it again."),
    Note.PAGES_WITHOUT_TEXT: PAGES,
    Note.UNREADABLE_PAGES: PAGES,
    Note.PARTLY_UNREADABLE_PAGES: PAGES,
    Note.DOUBTFUL_PAGES: PAGES,
}
ENCODINGS: dict[str, Text] = {
    "utf-8": "UTF-8",
    "cp949": _("CP949 (EUC-KR), Korean Windows"),
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "johab": _("Johab, old Korean DOS"),
    "iso2022_kr": _("ISO-2022-KR, old Korean mail"),
}


def explain_text(code: str, params: dict[str, str | int]) -> tuple[str, str]:
    """What is wrong with a text and how to mend it."""
    message, remedy = WORDS[TextCode(code)]
    named = {key: ENCODINGS.get(str(value), value) if key == "encoding" else value for key, value in params.items()}
    return str(message) % named, str(remedy) % named


def noted(notes: Noted) -> list[tuple[str, str]]:
    """Each note's code, and what a person reads."""
    return [
        (code, str(NOTES[Note(code)]) % {"n": f"{count:,}" if isinstance(count, int) else count})
        for code, count in notes.items()
    ]


def note_words(notes: Noted) -> list[str]:
    """What reading left out or changed."""
    return [words for code, words in noted(notes) if Note(code) not in DOUBTS]


def doubts(notes: Noted) -> list[tuple[str, str]]:
    """What may be wrong with the text, and the remedy of each."""
    return [(words, str(DOUBTS[Note(code)])) for code, words in noted(notes) if Note(code) in DOUBTS]
