"""`python -m trainer.engines.transformers.train FOLDER`: trains the order in that folder; JSON lines on stdout."""

import sys
from pathlib import Path

from trainer.engines.transformers import process

lines = process.settle()  # before the seconds that torch takes to import: a parent may end, or stop it, in these too

from trainer.engines.transformers.training import train  # noqa: E402 - see above

if __name__ == "__main__":
    train(Path(sys.argv[1]), lines)
