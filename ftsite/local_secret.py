"""Secrets of the embedded default: made once, kept in var/, never in the repository."""

import os
from pathlib import Path


def local_secret(path: Path, fresh: str) -> str:
    """Return the secret kept in `path`, writing `fresh` there first if the file does not exist.

    Safe when several processes start at once: the file appears whole or not at all, and the first one wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(fresh)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret is the one
        finally:
            draft.unlink()
    return path.read_text().strip()
