"""The embedded broker: a message is there whole or not at all, however hard readers and writers press."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from kombu import Connection

from ftsite.folder_transport import SCHEME

MESSAGES = 300
ROUNDS = 300


def connect(folder: Path) -> Connection:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    return Connection(f"{SCHEME}://localhost", transport_options={**options, "store_processed": False})


def write(folder: Path) -> None:
    with connect(folder) as connection, connection.SimpleQueue("q") as queue:
        for n in range(MESSAGES):
            queue.put({"n": n, "padding": "눈" * 200_000})


def test_readers_never_meet_half_a_message(tmp_path: Path) -> None:
    (tmp_path / "control").mkdir()
    writer = multiprocessing.get_context("spawn").Process(target=write, args=[tmp_path])
    got: list[int] = []
    with connect(tmp_path) as connection, connection.SimpleQueue("q") as queue:
        writer.start()
        while len(got) < MESSAGES:
            message = queue.get(timeout=20)
            got.append(message.payload["n"])
            message.ack()
    writer.join()

    assert sorted(got) == list(range(MESSAGES))
    assert [path.name for path in tmp_path.glob("*.msg*")] == []


def bind(folder: Path, together: Barrier, name: str) -> None:
    with connect(folder) as connection:
        channel: Any = connection.channel()
        for n in range(ROUNDS):
            channel.exchange_declare(f"common{n}")
            together.wait(30)
            channel.queue_bind(f"{name}{n}", f"common{n}", f"{name}{n}")


def test_workers_that_start_at_once_lose_no_queue(tmp_path: Path) -> None:
    """kombu creates the table of an exchange first and writes it then: another that looks in between would end."""
    context, names = multiprocessing.get_context("spawn"), ("a", "b", "c")
    together = context.Barrier(len(names))
    workers = [context.Process(target=bind, args=[tmp_path, together, name]) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0] * len(names)
    with connect(tmp_path) as connection:
        channel: Any = connection.channel()
        for n in range(ROUNDS):
            assert {row.queue for row in channel.get_table(f"common{n}")} == {f"{name}{n}" for name in names}
