"""Server time of a page of examples in the middle of a file of 100,000, and of two such versions compared.

Measured as the lists are: inside one process, through all middleware, views and templates.
"""

import hashlib
import json
import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files import File
from django.test import Client
from django.urls import reverse

from bench import rows
from bench.figures import Figure, hand_over
from bench.lists import figures_of, timed
from jobs.models import FileFormat, FileState, Team, TrainingFile
from jobs.training_data.editing import apply_changes
from jobs.training_data.indexing import build

EXAMPLES = int(os.environ.get("BENCH_EXAMPLES", "100000"))
PAGE_TARGET = 50.0  # ms
PAGES = ("1", "2500", "5000")


def written(folder: Path) -> Path:
    """Korean chats of some 800 bytes."""
    chance, path = random.Random(EXAMPLES), folder / "many.jsonl"
    with path.open("w") as stream:
        for n in range(EXAMPLES):
            told = [
                {"role": "system", "content": "주어진 낱말로 짧은 수필을 쓴다."},
                {"role": "user", "content": f"{', '.join(chance.sample(rows.WORDS, 3))}, {n}"},
                {"role": "assistant", "content": " ".join(chance.choices(rows.WORDS, k=80))},
            ]
            stream.write(json.dumps({"messages": told}, ensure_ascii=False) + "\n")
    return path


def stored(team: Team, path: Path, **fields: object) -> TrainingFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        file = TrainingFile(team=team, name=path.name, size=path.stat().st_size, sha256=digest, **fields)
        file.state, file.format, file.examples = FileState.READY, FileFormat.CHAT, EXAMPLES
        file.content.save(path.name, File(stream), save=False)
    file.save()
    build(file.path)  # as the check leaves it
    return file


def figures() -> list[Figure]:
    team, owner = rows.make_people()
    with TemporaryDirectory() as folder:
        path = written(Path(folder))
        edited = path.with_name("edited.jsonl")
        apply_changes(path, edited, [(7, None), (EXAMPLES // 2, "{}"), (None, "{}")], lambda: None)
        file = stored(team, path)
        version = stored(team, edited, parent=file)
    client = Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "ko"})
    client.force_login(owner)
    url = reverse("file-examples", args=[team.slug, file.uuid])
    many = f"{EXAMPLES:,} examples"
    found = [figures_of(f"page {page} of {many}", timed(client, f"{url}?page={page}"), PAGE_TARGET) for page in PAGES]
    found.append(figures_of(f"page of the last line of {many}", timed(client, f"{url}?line={EXAMPLES}"), PAGE_TARGET))
    compared = reverse("file-compare", args=[team.slug, version.uuid, file.uuid])
    found.append(figures_of(f"two versions of {many} compared", timed(client, compared, requests=5), None))
    return found


def main() -> None:
    hand_over(figures())
