"""The texts of a run, as the processes that read them want them named."""

from collections.abc import Iterable

from django.utils.translation import gettext_noop

from jobs.models import Run, Source
from jobs.training_data.recipes.told import Text

TEXT_MISSING = gettext_noop("A text of this run is gone: it was deleted since the run was ordered.")
NO_ANALYSER = gettext_noop("The analyser that this recipe names is not installed on this server.")


class TextGoneError(Exception):
    """A source was deleted, or its bytes are gone."""


def texts_of(run: Run) -> list[Text]:
    """Raises TextGoneError."""
    return named(run.sources.order_by("pk"))


def named(sources: Iterable[Source]) -> list[Text]:
    """Raises TextGoneError."""
    found = [
        Text(str(source.uuid), str(source.text_file), tuple(source.headings))
        for source in sources
        if source.text_path and not source.deleted_at
    ]
    if len(found) != len(list(sources)):
        raise TextGoneError
    return found
