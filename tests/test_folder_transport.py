"""The embedded broker: a message is there whole or not at all, however hard readers and writers press."""

import multiprocessing
from pathlib import Path

from kombu import Connection

from ftsite.folder_transport import SCHEME

MESSAGES = 300


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
