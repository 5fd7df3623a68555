"""200 signed-in people with open pages and 500 running jobs, on Redis and PostgreSQL: `make load`."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import redis

from bench import machine, servers
from bench.figures import Figure, percentile
from bench.people import Tally, crowd
from bench.portal import Portal, wait_for

SECONDS = float(os.environ.get("SECONDS", "600"))
PEOPLE = int(os.environ.get("BENCH_PEOPLE", "200"))
JOBS = int(os.environ.get("BENCH_RUNNING", "500"))
AFTERWARDS = 30.0  # seconds until all that was due must be done
STARTED = "SELECT count(*) FROM jobs_finetunejob WHERE state IN ('new','pushing','ready','submitting','unsure')"
OVERDUE = "SELECT count(*) FROM jobs_finetunejob WHERE due_at < now() - interval '30 seconds'"
ENDED = "SELECT count(*) FROM jobs_finetunejob WHERE state IN ('succeeded','failed','cancelled')"
WEB = ("uvicorn", "ftsite.asgi:application", "--host", "127.0.0.1", "--lifespan", "off", "--no-access-log")
WORKER = ("celery", "--quiet", "--app", "ftsite", "worker", "--pool=prefork", "--concurrency=2", "--loglevel=WARNING")


class Load:
    """One run."""

    def __init__(self, site: Portal, database: str, queue: str) -> None:
        self.site, self.database = site, database
        self.queue = redis.Redis.from_url(queue)
        self.tally = Tally()
        self.sizes: list[tuple[str, dict[str, float], int]] = []  # when, MB by process, length of the queue
        self.worked: list[dict[str, float]] = []  # at the same moments, seconds of processor by process since its start

    def ask(self, sql: str) -> int:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(sql.encode()).fetchone()
        return int(row[0]) if row else 0

    def start(self) -> None:
        trainer = machine.free_port()
        self.site.environment["TRAINER_URL"] = f"http://127.0.0.1:{trainer}/trainer/v1"
        self.site.start("trainer", *WEB, "--log-level", "warning", "--port", str(trainer))
        self.site.start("web", *WEB, "--log-level", "warning", "--port", str(self.site.port), "--workers", "2")
        self.site.start("worker", *WORKER)
        self.site.start("beat", "ftsite.beat")
        wait_for(self.site.answers, 90)
        # As `cpu_shares` of docker-compose.yml: pages come first. A container's eighth of what web has is shared by the
        # processes in it: nice 9 weighs an eighth, nice 12 half of that.
        for name, share in (("worker", 12), ("trainer", 9)):
            for one in machine.family(self.site.running[name]):
                one.nice(share)

    async def run(self, people: list[dict[str, str]]) -> None:
        warm_up = min(60.0, SECONDS / 2)  # everybody has come, and every process has loaded what it loads
        until = time.monotonic() + warm_up + SECONDS
        watching = asyncio.create_task(self._measure(warm_up))
        await crowd(self.site.port, people, self.tally, until)
        await watching

    async def _measure(self, warm_up: float) -> None:
        await asyncio.sleep(warm_up)
        self.tally.counting = True
        began = time.monotonic()
        for share in (0.1, 0.5, 1.0):
            await asyncio.sleep(began + SECONDS * share - time.monotonic())
            self.look(f"{SECONDS * share / 60:.1f} min")
        self.tally.counting = False

    def look(self, when: str) -> None:
        sizes, worked = {}, {}
        for name, process in self.site.running.items():
            for n, one in enumerate(machine.family(process)):
                row = f"{name} {n}" if n else name
                sizes[row], worked[row] = _resident(one), _processor(one)
        self.worked.append(worked)
        self.sizes.append((when, sizes, int(self.queue.llen("celery"))))

    def figures(self) -> Iterator[Figure]:
        times = self.tally.times
        for kind in sorted(times):
            yield self._figure(kind, times[kind], 300 if kind.startswith("page") else None)
        polls = [seconds for kind, all_ in times.items() if kind.startswith("poll") for seconds in all_]
        if not polls:
            raise RuntimeError(f"nobody polled: {_words(self.tally.errors)}")
        yield self._figure("all polls", polls, 300)
        yield Figure("errors", self.tally.errors.total(), "", 0, inclusive=True, note=_words(self.tally.errors))
        queue, overdue = int(self.queue.llen("celery")), self.ask(OVERDUE)
        yield Figure("messages in the queue afterwards", queue, "", 5)
        yield Figure("rows overdue by 30 s afterwards", overdue, "", 0, inclusive=True)
        yield Figure("jobs that ended meanwhile", self.ask(ENDED), f"of {JOBS}")
        first, last = self.sizes[1][1], self.sizes[-1][1]
        grown = sum(last.get(name, 0) - size for name, size in first.items() if name in last)
        yield Figure("memory of all processes, second half: grows by", grown, "MB", 0.05 * sum(first.values()))

    def _figure(self, kind: str, times: list[float], target: float | None) -> Figure:
        ms = [seconds * 1000 for seconds in times]
        note = f"p50 {percentile(ms, 0.5):.0f}, p99 {percentile(ms, 0.99):.0f} ms, {len(ms) / SECONDS:.1f} a second"
        return Figure(f"{kind}, p95", percentile(ms, 0.95), "ms", target, note=note)

    def _line(self, name: str) -> str:
        sizes = " | ".join(f"{sizes.get(name, 0):.0f}" for _when, sizes, _queue in self.sizes)
        before, after = (worked.get(name, 0) for worked in self.worked[-2:])
        return f"| {name} | {sizes} | {(after - before) / (SECONDS / 2) * 100:.0f} % |"

    def table(self) -> str:
        names = list(self.sizes[-1][1])
        head = [
            f"| MB | {' | '.join(when for when, _sizes, _queue in self.sizes)} | of a core, second half |",
            "|---|" + "--:|" * (len(self.sizes) + 1),
        ]
        lines = [self._line(name) for name in names]
        queue = f"| messages in the queue | {' | '.join(str(length) for _when, _sizes, length in self.sizes)} | |"
        return "\n".join([*head, *lines, queue])


def _processor(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _resident(process: psutil.Process) -> float:
    try:
        return machine.resident(process)
    except psutil.NoSuchProcess:
        return 0.0


def _words(errors: dict[str, int]) -> str:
    return "; ".join(f"{count} × {error}" for error, count in list(errors.items())[:5])


def run() -> tuple[list[Figure], str]:
    """The figures, and a table of the processes' memory."""
    # the longest jobs outlive the test of ten minutes, the shorter ones do not; a shorter test is no faster
    speed = str(round(90 / (max(SECONDS, 600) + 120), 4))
    with (
        servers.postgres() as database,
        servers.redis_server() as queue,
        TemporaryDirectory(prefix="bench-load.") as folder,
        Portal(Path(folder), DATABASE_URL=database, REDIS_URL=queue, TRAINER_SPEED=speed) as site,
    ):
        site.prepare()
        people = _people(site, Path(folder) / "people.json")
        load = Load(site, database, queue)
        load.start()
        wait_for(lambda: load.ask(STARTED) == 0, 900, rest=1)
        asyncio.run(load.run(people))
        time.sleep(AFTERWARDS)
        return list(load.figures()), load.table()


def _people(site: Portal, target: Path) -> list[dict[str, str]]:
    site.environment |= {"BENCH_PEOPLE": str(PEOPLE), "BENCH_JOBS": str(JOBS), "BENCH_CROWD": str(target)}
    site.manage("shell", "--no-imports", "-c", "from bench.crowd import main; main()")
    found: list[dict[str, str]] = json.loads(target.read_text())
    return found
