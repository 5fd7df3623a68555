"""The character set that a request claims. Django reads the body and the query by it, whatever it is.

Many codecs of Python decode no text, and Django fails on them before its first middleware: what is not UTF-8 gets a
name here that no codec has, which Django passes over and `ftsite.middleware.Utf8Forms` refuses.
"""

import codecs
from typing import Any

from django.utils.http import parse_header_parameters

UNKNOWN = "not-utf-8"


def is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def harmless(content_type: str) -> str:
    """The header as it came, unless it names another character set than UTF-8."""
    if "charset" not in content_type.lower():
        return content_type
    try:
        kind, params = parse_header_parameters(content_type)
    except ValueError:
        return ""
    return content_type if is_utf8(params.get("charset", "utf-8")) else f"{kind}; charset={UNKNOWN}"


def harmless_header(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return (name, harmless(value.decode("latin-1")).encode("latin-1")) if name == b"content-type" else (name, value)


def harmless_environ(environ: dict[str, Any]) -> dict[str, Any]:
    return {**environ, "CONTENT_TYPE": harmless(environ.get("CONTENT_TYPE", ""))}
