"""What could be put right about a file, as its page and the command line offer it."""

from pathlib import Path

import msgspec

from jobs.training_data.operations.rows import Keep, idle
from jobs.training_data.repairing import Found, Repair, look_apart
from jobs.training_data.tables.kinds import is_packed, is_table


def offered(path: Path, name: str, keep: Keep = idle) -> Found | None:
    """None where nothing is to be done. A table may end its lines as it likes, and its rows are no examples yet."""
    if is_packed(path):
        return None
    found = look_apart(path, keep)
    if found.repair and is_table(path, name):
        found.crlf, found.cr, found.forms = 0, 0, {}
        found.repair = msgspec.structs.replace(found.repair, crlf=False, cr=False, forms=[])
    if not found.repair or (found.repair == Repair() and not found.evidence.marked):
        return None
    return found


def reasons(found: Found) -> dict[str, int]:
    """Why, by the names that jobs/repair_words.py knows, and on how many lines; 1 for the file as a whole."""
    told = found.evidence
    by_encoding = {"mixed": told.as_cp949, "cp949": told.as_cp949, "utf-8": 0}.get(told.encoding, 1)
    counts = {
        "encoding": by_encoding,
        "mark": int(told.marked and told.encoding == "utf-8"),
        "mojibake": found.mojibake,
        "apart": found.apart,
        "invisible": found.invisible,
        "crlf": found.crlf,
        "cr": found.cr,
        **found.forms,
    }
    return {name: count for name, count in counts.items() if count}
