"""The embedded queue: kombu's filesystem transport, with messages that appear whole or not at all.

kombu opens a message's file before it locks and fills it. A worker that lists the folder in between reads an empty
file, and dies of it together with the tasks that it is at (seen once a minute on a busy machine).
"""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "spool"


class Channel(filesystem.Channel):
    """Writes a message under a name that no queue has, then gives it its own."""

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:
        folder, uid = Path(self.data_folder_out), uuid4().hex
        draft = folder / f".{uid}"
        draft.write_bytes(dumps(payload).encode())
        draft.rename(folder / f"{time.monotonic_ns():020}_{uid}.{queue}.msg")  # read in the order of their names


class Transport(filesystem.Transport):
    Channel = Channel


def register() -> None:
    """Let `spool://` in a broker's address mean this transport."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:{Transport.__name__}"
