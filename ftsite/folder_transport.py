"""The embedded default's broker: kombu's filesystem transport, with messages that appear whole or not at all.

kombu creates the file first and writes it then; a worker that looks in between reads nothing, and ends on it (seen
about once a minute on a busy machine). Here a message is written beside the queue and renamed into it. Of its table of
queues the same is true, when two workers start at once: here one process at a time reads or writes it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "folder"


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: Any, **_kwargs: Any) -> None:  # type: ignore[override]  # the stubs disagree
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        draft = Path(self.data_folder_out) / f"{name}.draft"  # a reader takes names that end in the queue's alone
        draft.write_text(dumps(message))
        os.replace(draft, draft.with_suffix(""))

    def get_table(self, exchange: str) -> Any:
        with self._alone():
            return super().get_table(exchange)

    def _queue_bind(self, *about: Any) -> None:
        with self._alone():
            super()._queue_bind(*about)

    def _delete(self, *about: Any, **more: Any) -> None:
        with self._alone():
            super()._delete(*about, **more)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # closing the file ends it
            yield


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
