"""Signed-in people with open pages, who poll as the pages' htmx does, at the intervals that the pages name."""

import asyncio
import html
import random
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

EVERY = re.compile(r'hx-get="([^"]+)"[^>]*?hx-trigger="every (\d+)s', re.DOTALL)
AT_LOAD = re.compile(r'hx-post="([^"]+)"[^>]*?hx-trigger="load, every (\d+)s', re.DOTALL)
TOKEN = re.compile(r'"X-CSRFToken": "(\w+)"')
JOB = re.compile(r'class="row-link" href="([^"]+)"')
STAY = 30.0  # seconds on a page, about
OTHERS = ("files/", "models/", "team/", "connections/")


@dataclass
class Tally:
    """What came of all requests: seconds by kind, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    counting: bool = False

    def add(self, kind: str, status: int, seconds: float) -> None:
        if self.counting:
            self.times[f"{kind}, nothing new" if status == 204 else kind].append(seconds)
            if status >= 400 or status == 302:
                self.errors[f"{kind}: {status}"] += 1


class Line:
    """One HTTP/1.1 connection that is kept open, as a browser keeps it. Costs a fifth of what a client library does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, head: str) -> tuple[int, str, str]:
        """Status, head and body of the answer."""
        try:
            return await self._ask(head)
        except (ConnectionError, asyncio.IncompleteReadError):  # the server closes what was idle: as a browser, anew
            self.close()
            return await self._ask(head)

    async def _ask(self, head: str) -> tuple[int, str, str]:
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        self.writer.write(head.encode())
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(answer.split(" ", 2)[1])
        length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        if "connection: close" in answer.lower():
            self.close()
        return status, answer, body.decode()

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Person:
    """One person, one tab."""

    def __init__(self, port: int, team: str, session: str, tally: Tally, kind: str) -> None:
        self.line, self.team, self.tally, self.kind = Line(port), team, tally, kind
        self.cookies = {"sessionid": session}
        self.token = ""
        self.polls: dict[str, tuple[str, float, float]] = {}  # kind: address, every, when next
        self.posts: dict[str, tuple[float, float]] = {}

    async def live(self, until: float) -> None:
        await asyncio.sleep(random.uniform(0, STAY))
        while time.monotonic() < until:
            try:
                await self._page()
                await self._stay(min(until, time.monotonic() + random.uniform(0.8, 1.2) * STAY))
            except Exception as error:
                self.tally.errors[f"{type(error).__name__}: {error}"[:100]] += 1
                self.line.close()
                await asyncio.sleep(1)

    async def _request(self, kind: str, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {"Host": "127.0.0.1", "Cookie": cookies, "Accept": "text/html", "Accept-Language": "ko", **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        began = time.perf_counter()
        status, head, body = await self.line.ask("\r\n".join(lines) + "\r\n\r\n")
        self.tally.add(kind, status, time.perf_counter() - began)
        if found := re.search(r"set-cookie: csrftoken=(\w+)", head, re.IGNORECASE):
            self.cookies["csrftoken"] = found[1]
        return status, body

    async def _page(self) -> None:
        listed = f"/t/{self.team}/jobs/"
        if self.kind == "list":
            _status, body = await self._request("page: job list", listed)
        elif self.kind == "job":
            _status, body = await self._request("page: job list", f"{listed}?state=running")
            if jobs := JOB.findall(body):
                _status, body = await self._request("page: job", random.choice(jobs))
        else:
            _status, body = await self._request("page: another", f"/t/{self.team}/{random.choice(OTHERS)}")
        self.polls, self.posts, now = {}, {}, time.monotonic()
        self.token = found[1] if (found := TOKEN.search(body)) else ""
        self._read(body)
        for path, every in AT_LOAD.findall(body):
            self.posts[path] = (float(every), now)

    def _read(self, body: str) -> None:
        """Find what this page, or this part of one, asks for again and again."""
        for path, every in EVERY.findall(body):
            kind = "notices" if "notices" in path else "job" if path.count("/") > 5 else "job list"
            self.polls[f"poll: {kind}"] = (html.unescape(path), float(every), time.monotonic() + float(every))

    async def _stay(self, until: float) -> None:
        while (now := time.monotonic()) < until:
            for path, (every, due) in list(self.posts.items()):
                if due <= now:
                    self.posts[path] = (every, now + every)
                    headers = {"X-CSRFToken": self.token, "HX-Request": "true", "Content-Length": "0"}
                    await self._request("watch", path, "POST", **headers)
            for kind, (path, every, due) in list(self.polls.items()):
                if due <= now:
                    self.polls[kind] = (path, every, time.monotonic() + every)
                    await self._poll(kind, path)
            await asyncio.sleep(0.1)

    async def _poll(self, kind: str, path: str) -> None:
        status, body = await self._request(kind, path, **{"HX-Request": "true"})
        if status == 200:
            del self.polls[kind]  # a job that has ended asks no more
            self._read(body)


async def crowd(port: int, people: list[dict[str, str]], tally: Tally, until: float) -> None:
    """60 % look at the list, 30 % at a job, 10 % at something else."""
    kinds = ["list"] * 6 + ["job"] * 3 + ["other"]
    async with asyncio.TaskGroup() as group:
        for n, one in enumerate(people):
            person = Person(port, one["team"], one["session"], tally, kinds[n % 10])
            group.create_task(person.live(until))
