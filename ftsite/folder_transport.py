"""The embedded default's broker: kombu's filesystem transport, with messages that appear whole or not at all.

kombu creates the file first and writes it then; a worker that looks in between reads nothing, and ends on it (seen
about once a minute on a busy machine). Here a message is written beside the queue and renamed into it.
"""

import os
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


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
