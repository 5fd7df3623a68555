"""What can be put right about a file, why, and what was done, in words. The offers: jobs.training_data.offering."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

REMEDY = _("Put it right in a new version: the page of the file offers it.")
PREFIX = "repair_"  # begins the code of each, among findings

REASONS: dict[str, Text] = {
    "encoding": _("Text that is not encoded as UTF-8"),
    "mark": _("A byte order mark (BOM) at the beginning"),
    "mojibake": _("Text that was read in a wrong encoding (mojibake), of which the right one is certain"),
    "apart": _("Letters taken apart, as macOS does (NFD): they cost more tokens, and a search does not find them"),
    "invisible": _("Characters of zero width, which nobody sees and the model learns"),
    "crlf": _("Lines that end as in Windows (CRLF), which does no harm here"),
    "cr": _("Lines that end in CR alone, as on an old Mac"),
    "one_line": _("Examples that do not have one line each"),
    "blank_lines": _("Empty lines"),
    "python": _("Examples written in Python instead of JSON"),
    "encoded_twice": _("Examples that are JSON within a text"),
    "empty_keys": _("Examples with keys that are null or empty, which services refuse"),
    "whole_numbers": _("Weights written as 1.0, which some services refuse"),
    "arguments": _("Calls with arguments that are encoded twice"),
    "image_urls": _("Images given as a text instead of an object with a url"),
    "image_labels": _("Images whose label is not what they are"),
}
DONE: dict[str, Text] = {
    "one_line": _("Each example on a line of its own"),
    "blank_lines": _("Empty lines left out"),
    "python": _("Python rewritten as JSON"),
    "encoded_twice": _("JSON taken out of texts"),
    "empty_keys": _("Keys without a value left out"),
    "whole_numbers": _("Weights of 1.0 written as 1"),
    "arguments": _("Arguments encoded once"),
    "image_urls": _("Addresses of images put where services read them"),
    "image_labels": _("Labels of images corrected"),
}
FINDINGS: dict[str, tuple[Text, Text]] = {f"{PREFIX}{name}": (words, REMEDY) for name, words in REASONS.items()}
