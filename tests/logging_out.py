"""A process's log as an operator reads it: settings.LOGGING of a real installation, at DEBUG, into a text."""

import json
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.conf import settings

from ftsite.logs import logging_config


class Log(StringIO):
    def lines(self, logger: str = "") -> list[dict[str, Any]]:
        """Every line, each of which must be one JSON object; those of one logger if it is named."""
        told = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in told if logger in ("", line["logger"])]


@contextmanager
def real_log(machine: bool = True) -> Iterator[Log]:
    """Configure logging as settings.py does, then put back what was there."""
    log = Log()
    config = logging_config("DEBUG", machine, [settings.SECRET_KEY, *settings.FIELD_KEYS])
    config["handlers"]["console"]["stream"] = log
    logging.config.dictConfig(config)
    try:
        yield log
    finally:
        logging.config.dictConfig(settings.LOGGING)
