"""Where the examples of a file come from: the piece of which text, by which run of a recipe."""

from collections.abc import Collection

from django.db.models import Q

from jobs.models import Chunk, Origin, TrainingFile

FIELDS = ("line", "start", "end", "run__name", "run__uuid", "source__name", "source__uuid", "source__deleted_at")


def places(file: TrainingFile, numbers: Collection[int]) -> dict[int, Chunk]:
    """Line → piece, of those of `numbers` that are known; one query, and none for a file that no run made.

    Pieces know the lines of the file that their run made last. Another order may have turned out to be the same bytes.
    """
    if file.origin != Origin.RECIPE or not numbers:
        return {}
    last = Q(run__training_file=file) | Q(run__training_file__report__same_as=str(file.uuid))
    rows = Chunk.objects.filter(last, run__uuid=file.options["run"], line__in=numbers)
    # The order and the least position let the database stop early: no example stands before its piece.
    rows = rows.filter(position__gte=min(numbers) - 1).order_by("position")[: len(numbers)]
    return {chunk.line: chunk for chunk in rows.select_related("run", "source").only(*FIELDS) if chunk.line}
