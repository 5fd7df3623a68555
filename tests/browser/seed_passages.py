"""Searches for a passage in every state that a page can show."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.models import RemoteFile, Search, SearchState, Team, TrainingFile, User
from jobs.pipeline import passages, searching
from tests.factories import make_source

PASSAGE = "첫눈이 내린 새벽, 골목에는 아직 아무의 발자국도 없었다."
AROUND = "문의는 010-1234-5678로 하라고 적혀 있었다. {} 나는 한참을 서 있었다."


def searched(team: Team, owner: User, files: dict[str, TrainingFile]) -> dict[str, str]:
    """Found in earnest; the others as a worker would have left them."""
    source = make_source(team, AROUND.format(PASSAGE), name="첫눈 산문.txt", uploaded_by=owner)
    gone = make_source(team, name="지운 산문.txt", deleted_at=timezone.now(), uploaded_by=owner)
    found, whole = searching.order(team, owner, PASSAGE), searching.order(team, owner, source=source)
    passages.work(found)
    passages.work(whole)
    later = timezone.now() + timedelta(days=1)
    entries = [
        searching.entry(files["legacy"], count=2, lines=[[1, 0], [3, 400]], act="kept", why="needed"),
        searching.entry(files["deleted"], count=31, lines=[[n, 0] for n in range(1, 32)], act="done"),
        searching.entry(files["ready"], count=1, lines=[[1, 0]], act="started", version=str(files["converted"].uuid)),
        searching.entry(files["invalid"], why="unreadable"),
    ]
    texts = [
        searching.text_entry(source, at=0, act="kept", why="needed"),
        searching.text_entry(gone, at=0, act="done"),
        searching.text_entry(source, why="making"),
    ]
    made: dict[str, dict[str, Any]] = {
        "searching": {"state": SearchState.SEARCHING, "due_at": later, "done_bytes": 41_000, "total_bytes": 90_000},
        "forgetting": {"state": SearchState.FORGETTING, "due_at": later, "results": entries},
        "forgotten": {"state": SearchState.FORGOTTEN, "due_at": None, "results": entries, "texts": texts},
        "lost": {
            "state": SearchState.FOUND,
            "due_at": None,
            "passage": "",
            "source": gone,
            "texts": [searching.text_entry(gone, why=searching.LOST)],
        },
        "nowhere": {"state": SearchState.FOUND, "due_at": None, "passage": "이 문장은 어느 파일에도 없습니다"},
    }
    rows = {
        name: Search.objects.create(**{"team": team, "by": owner, "passage": PASSAGE, **told})
        for name, told in made.items()
    }
    RemoteFile.objects.filter(training_file=files["deleted"]).update(delete_due_at=later)
    places = {"found": found, "whole": whole, **rows}
    return {f"passage {name}": reverse("passage-detail", args=[team.slug, row.uuid]) for name, row in places.items()}
