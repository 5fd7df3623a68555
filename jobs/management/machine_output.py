"""JSON for programs: UTF-8 whatever the terminal's encoding."""

import json
from typing import Any

from django.core.management.base import OutputWrapper


def write_json(stdout: OutputWrapper, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if buffer := getattr(stdout, "buffer", None):
        stdout.flush()
        buffer.write(text.encode(errors="replace") + b"\n")
        buffer.flush()
    else:
        stdout.write(text)
