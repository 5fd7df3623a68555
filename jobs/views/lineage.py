"""Where a version of a file comes from: the versions it was made of, back to what came in."""

from collections import defaultdict
from collections.abc import Iterable

from jobs.models import TrainingFile

LONGEST = 100  # steps that a page shows

# The ORM knows no recursion. One query, however long the chains are.
CHAINS = """WITH RECURSIVE up(root, id, step) AS (
    SELECT id, id, 0 FROM jobs_trainingfile WHERE id IN ({})
    UNION ALL
    SELECT up.root, f.parent_id, up.step + 1 FROM up JOIN jobs_trainingfile f ON f.id = up.id
    WHERE f.parent_id IS NOT NULL AND up.step < %s
)
SELECT up.root, f.id, f.uuid, f.name, f.origin, f.created_at, f.deleted_at, f.parent_id
FROM up JOIN jobs_trainingfile f ON f.id = up.id ORDER BY up.root, up.step"""

type Chain = list[TrainingFile]  # the file itself first


def chains(files: Iterable[TrainingFile]) -> dict[int, Chain]:
    """The chain of each of `files`, by its row number; only those that were made of another version are asked for."""
    given = {file.pk: file for file in files}
    found: dict[int, Chain] = defaultdict(list)
    made = [pk for pk, file in given.items() if file.parent_id]
    if made:
        places = ", ".join(["%s"] * len(made))
        for row in TrainingFile.objects.raw(CHAINS.format(places), [*made, LONGEST]):
            found[row.root].append(row)  # type: ignore[attr-defined]  # a column of the query
    return {pk: found.get(pk) or [file] for pk, file in given.items()}


def chain(file: TrainingFile | None) -> Chain:
    return chains([file])[file.pk] if file else []


def ancestors(file: TrainingFile) -> Chain:
    """The versions that `file` came from, the oldest first."""
    return chain(file)[:0:-1]
