"""`python -m trainer.engines.transformers.export FOLDER FORMAT`: makes one archive, says how far it is in JSON lines.

{"kind":"progress","stage":"merging"|"converting"|"packing","done":n,"total":n}   bytes; 0 of 0 where nobody knows
{"kind":"done","size":n,"sha256":hex}
{"kind":"refused","code","message"}   nothing is wrong here, but this cannot be made
{"kind":"failed","code":"disk_full","message"}
Exit 0 after each of the last three; SIGTERM ends it without one.
"""

import errno
import shutil
import sys
from importlib import import_module
from pathlib import Path

from trainer.engines.transformers.export import memory
from trainer.engines.transformers.export.order import Order, RefusedError, files_of, read, size_of, tokenizer_files
from trainer.engines.transformers.export.packing import need_room, pack
from trainer.engines.transformers.export.papers import clean, modelfile, papers
from trainer.engines.transformers.process import Lines, settle, stop

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
EVERY = 16 * 1024 * 1024  # bytes between two lines of progress
HERE = "trainer.engines.transformers.export"


class Meter:
    """Says how far a stage is, now and then; the place where SIGTERM ends the process."""

    def __init__(self, lines: Lines, stage: str) -> None:
        self.lines, self.stage = lines, stage
        self.last = -EVERY

    def __call__(self, done: int, total: int) -> None:
        if stop.wanted:
            raise SystemExit
        if done - self.last >= EVERY or done == total:
            self.last = done
            self.lines.emit("progress", stage=self.stage, done=done, total=total)


def adapter(order: Order, _lines: Lines) -> dict[str, Path | str]:
    if order.whole:
        raise RefusedError("no_adapter", "This model was trained as a whole: there is no adapter. Take format=merged.")
    return _model_parts("adapter", [*files_of(order.weights), *tokenizer_files(order)], order)


def merged(order: Order, lines: Lines) -> dict[str, Path | str]:
    return _model_parts("model", [*files_of(_whole_model(order, lines)), *tokenizer_files(order)], order)


def gguf(order: Order, lines: Lines) -> dict[str, Path | str]:
    if not order.about.get("gguf"):
        raise RefusedError("no_gguf", f"{order.about.get('name')} cannot be written as GGUF.")
    model = _whole_model(order, lines)
    words, file = order.work / "words", order.work / "model.gguf"
    words.mkdir()
    for path in [*tokenizer_files(order), model / "config.json"]:
        shutil.copyfile(path, words / path.name)
    import_module(f"{HERE}.gguf_model").convert(model, words, file, order.short, Meter(lines, "converting"))
    return {f"{order.short}.gguf": file, "Modelfile": modelfile(order)}


def _whole_model(order: Order, lines: Lines) -> Path:
    """The trained weights where all were trained, else those of adapter and base together."""
    if order.whole:
        return order.weights
    lines.emit("progress", stage="merging", done=0, total=0)
    model: Path = import_module(f"{HERE}.merging").merge(order)  # torch: only what needs it pays for it
    return model


def _model_parts(folder: str, files: list[Path], order: Order) -> dict[str, Path | str]:
    by_name = {path.name: path for path in files}
    told = {"adapter_config.json", "config.json"}
    return {f"{folder}/{name}": clean(path, order) if name in told else path for name, path in by_name.items()}


def _check_room(order: Order, kind: str) -> None:
    """An archive is about as large as what goes in; beside it lies, for a while, the merged model."""
    weights = size_of(order.weights)
    model = weights if order.whole else size_of(order.base) + weights
    wanted = weights if kind == "adapter" else model * (1 if order.whole and kind == "merged" else 2)
    if missing := need_room(order.work, wanted):
        message = f"This needs {wanted} bytes on the trainer's disk, and {missing} of them are missing."
        raise RefusedError("disk_full", message)


def run(folder: Path, kind: str, lines: Lines) -> None:
    order = read(folder)
    order.work.mkdir(exist_ok=True)
    try:
        _check_room(order, kind)
        if kind == "gguf" or (kind == "merged" and not order.whole):  # the rest is packed as it is
            memory.check(order, kind)
        parts = MAKERS[kind](order, lines) | papers(order, kind)
        size, digest = pack(order.target, f"{order.short}-{kind}", parts, Meter(lines, "packing"))
        lines.emit("done", size=size, sha256=digest)
    except RefusedError as error:
        lines.emit("refused", code=error.code, message=str(error))
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        lines.emit("failed", code="disk_full", message="The trainer's disk is full.")
    finally:
        shutil.rmtree(order.work)


MAKERS = {"adapter": adapter, "merged": merged, "gguf": gguf}

if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], settle())
