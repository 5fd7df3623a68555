"""A chat process without a model: it answers each question with lines that a test has written."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

type Json = dict[str, Any]


class Stub:
    """`lines` are sent as they are, then the connection is closed. `questions` are what came."""

    def __init__(self, path: Path) -> None:
        self.path, self.lines, self.questions = path, list[Json | bytes](), list[Json]()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()

    def serve(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:  # closed: the test is over
                return
            with connection, connection.makefile("rwb") as stream:
                self.questions.append(json.loads(stream.readline()))
                for line in self.lines:
                    stream.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")


@contextmanager
def stub_process(path: Path) -> Iterator[Stub]:
    stub = Stub(path)
    thread = threading.Thread(target=stub.serve, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.socket.shutdown(socket.SHUT_RDWR)
        stub.socket.close()
        thread.join(5)
