"""What is wrong with a recipe, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

FIELDS: dict[str, Text] = {
    "low": _("Sentences a paragraph, at least"),
    "high": _("Sentences a paragraph, at most"),
    "size": _("Characters a chunk"),
    "top": _("Keywords, at most"),
    "analyser": _("Analyser"),
    "template": _("Prompt template"),
    "prompt": _("What the model is asked"),
    "max_tokens": _("Tokens a summary, at most"),
    "temperature": _("Temperature"),
}
PROBLEMS: dict[str, Text] = {
    "out_of_range": _("The number is out of range."),
    "low_above_high": _("The lower number is above the higher one."),
    "unknown_place": _("A name in braces is not known here. The answer must not stand in the prompt either."),
    "without_place": _("It needs a place in braces: {keywords}, {text} or {summary}, as the recipe has it."),
    "no_analyser": _("Kiwi is not installed on this server. Whoever runs it can add the package kiwipiepy."),
    "text_missing": _("The text is missing on the server. Have it read anew."),
}


def problem_words(field: str, code: str) -> str:
    """`Keywords, at most: The number is out of range.`"""
    return f"{FIELDS.get(field, field)}: {PROBLEMS[code]}"
