"""Struct types that several threads read with."""

import msgspec


def for_threads[S: type[msgspec.Struct]](kind: S) -> S:
    """Have msgspec learn `kind` now, at the import.

    It learns a type where it is first read with, and a second thread that reads with it meanwhile ends the process
    (msgspec 0.22: a null pointer).
    """
    msgspec.json.Decoder(kind)
    return kind
