"""Memory of the web process while 512 MB come in, and of the worker while it checks them."""

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench import machine, portal
from bench.figures import Figure
from bench.portal import Portal
from jobs.management.supervisor import COMMANDS

SIZE = int(os.environ.get("BENCH_UPLOAD_MB", "512")) * machine.MB
WORDS = (
    "겨울",
    "봄날",
    "골목",
    "첫눈",
    "발소리",
    "저녁",
    "편지",
    "바다",
    "창문",
    "나무",
    "사람",
    "오늘",
    "천천히",
    "걸었다",
    "내렸다",
)


def write_chat(path: Path, size: int) -> None:
    """Korean chat examples of about 1 KB, all different, `size` bytes at most."""
    chance, left = random.Random(size), size
    with path.open("wb") as target:
        while left > 0:
            lines = b"".join(_line(chance) for _ in range(500))
            if len(lines) > left:
                lines = lines[: lines.rfind(b"\n", 0, left) + 1]
                left = 0
            left -= len(lines)
            target.write(lines)


def _line(chance: random.Random) -> bytes:
    said = " ".join(chance.choices(WORDS, k=90))
    asked = ", ".join(chance.choices(WORDS, k=3))
    messages = [
        {"role": "system", "content": "주어진 낱말로 짧은 수필을 쓴다."},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": said},
    ]
    return json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n"


def forget_peak(process: psutil.Process) -> float:
    """Have the system count the process's peak from now on; return the memory it holds now, in MB."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return machine.resident(process)


def peak(process: psutil.Process) -> float:
    """MB that it held at most since then (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def send(site: Portal, path: Path) -> None:
    page = site.http.get("/t/bomnal/files/new/").text
    name = "upload"
    if f'name="{name}"' not in page:
        raise RuntimeError("the upload form has changed")
    headers = {"X-CSRFToken": site.http.cookies["csrftoken"], "X-Requested-With": "upload"}
    with path.open("rb") as content:
        response = site.http.post("/t/bomnal/files/new/", files={name: (path.name, content)}, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"the upload answers {response.status_code}: {response.text[:300]}")


def checked(site: Portal, name: str) -> bool:
    with sqlite3.connect(f"file:{site.environment['VAR_DIR']}/db.sqlite3?mode=ro", uri=True) as database:
        rows = database.execute("SELECT state FROM jobs_trainingfile WHERE name = ?", [name]).fetchall()
    return bool(rows) and rows[0][0] == "ready"


def measure(folder: Path) -> Iterator[Figure]:
    small, large = folder / "small.jsonl", folder / "large.jsonl"
    write_chat(small, machine.MB)
    write_chat(large, SIZE)
    size = large.stat().st_size / machine.MB
    with Portal(folder) as site:
        site.prepare()
        site.manage("demo")
        web = site.start("web", *[part.format(port=site.port) for part in COMMANDS["web"]])
        portal.wait_for(site.answers, 60)
        site.sign_in()
        worker = site.start("worker", *COMMANDS["worker"])
        send(site, small)  # so that what is loaded once is loaded: forms here, the tokenizer there
        portal.wait_for(lambda: checked(site, small.name), 120)
        before, checking, began = forget_peak(web), forget_peak(worker), time.monotonic()
        send(site, large)
        sent = time.monotonic()
        grown, speed = peak(web) - before, f"{size / (sent - began):.0f} MB/s"
        yield Figure(f"upload of {size:.0f} MB: web process grows by", grown, "MB", 32, note=speed)
        apart = _while_checked(site, worker, large.name)
        speed = f"{size / (time.monotonic() - sent):.1f} MB/s, findings and all"
        yield Figure(f"check of {size:.0f} MB: worker grows by", peak(worker) - checking, "MB", 64, note=speed)
        for module, most in sorted(apart.items()):
            yield Figure(f"… its process {module}, which then ends: most memory", most, "MB")


def _while_checked(site: Portal, worker: psutil.Process, name: str) -> dict[str, float]:
    """The most memory that each of its processes had, in MB, by the module that it runs; looked at twice a second."""
    most: dict[str, float] = {}

    def looked() -> bool:
        for process in worker.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                module = process.cmdline()[2].rpartition(".")[2]
                most[module] = max(most.get(module, 0), machine.resident(process))
        return checked(site, name)

    portal.wait_for(looked, 1800, rest=0.5)
    return most


def figures() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="bench-upload.") as folder:
        yield from measure(Path(folder))
