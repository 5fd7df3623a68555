"""The ways in which a training ends before its last step."""

from dataclasses import dataclass


@dataclass
class Refused(Exception):  # noqa: N818 - an outcome
    """The order cannot be trained as it is: a person has to change something. `line` is that of the file."""

    code: str
    message: str
    param: str
    line: int | None = None


@dataclass
class Failed(Exception):  # noqa: N818 - an outcome
    code: str
    message: str


class Stopped(Exception):  # noqa: N818 - an outcome
    """SIGTERM has come."""
