"""Which versions a file came from."""

from jobs.models import TrainingFile

GENERATIONS = 5  # that one query brings


def ancestors(file: TrainingFile) -> list[TrainingFile]:
    """The versions that `file` came from, the oldest first; at most GENERATIONS."""
    if file.parent_id is None:
        return []
    paths = ["__".join(["parent"] * n) for n in range(1, GENERATIONS)]
    named = ("uuid", "name", "origin", "deleted_at", "content", "parent_id")
    fields = [*named, *(f"{path}__{name}" for path in paths for name in named)]
    rows = TrainingFile.objects.filter(pk=file.parent_id, team=file.team_id).select_related(*paths).only(*fields)
    found: list[TrainingFile] = []
    one = rows.first()
    while one and len(found) < GENERATIONS:
        found.insert(0, one)
        one = one.parent if one.parent_id and len(found) < GENERATIONS else None
    return found
