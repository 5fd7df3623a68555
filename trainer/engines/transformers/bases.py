"""What is done to a base when it is pulled. JSON lines on stdout; the last is `done`, `described` or `refused`.

python -m trainer.engines.transformers.bases fetch HUB_ID REVISION FOLDER    download safetensors, configuration
python -m trainer.engines.transformers.bases convert GGUF FOLDER             write it as safetensors, once
python -m trainer.engines.transformers.bases describe FOLDER TEXTS [TEMPLATE]   load it, and say what it is
"""

import sys
from collections.abc import Callable
from pathlib import Path

from trainer.engines.transformers import process

lines = process.settle()

from trainer.engines.transformers.describing import describe  # noqa: E402 - settle comes first
from trainer.engines.transformers.hub import fetch  # noqa: E402
from trainer.engines.transformers.opening import convert  # noqa: E402
from trainer.engines.transformers.outcomes import Refused  # noqa: E402

COMMANDS: dict[str, Callable[..., dict[str, object]]] = {"fetch": fetch, "convert": convert, "describe": describe}


def main(command: str, *arguments: str) -> None:
    try:
        result = COMMANDS[command](*(Path(part) if part.startswith("/") else part for part in arguments))
    except Refused as refused:
        lines.emit("refused", code=refused.code, message=refused.message)
        return
    lines.emit("described" if command == "describe" else "done", **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
