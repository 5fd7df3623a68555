"""How a version came to be, for templates."""

from django import template

from jobs.models import TrainingFile
from jobs.origin_words import recorded as words_of
from jobs.pipeline import repeating

register = template.Library()


@register.filter
def recorded(file: TrainingFile) -> list[str]:
    """What the options of the operation that made `file` say, in words."""
    return words_of(file)


@register.filter
def is_repeatable(file: TrainingFile) -> bool:
    """Tell whether what made `file` can be done on another one."""
    return repeating.is_repeatable(file)
