"""What the chat process keeps in memory: run where torch is, on models of a few thousand parameters."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine.chatting import ROOT, make_models

pytestmark = pytest.mark.engine

KEEP = """
import json, sys
from pathlib import Path
from trainer.engines.transformers.chat import models
from trainer.engines.transformers.chat.refusals import RefusalError

root = Path(sys.argv[1])
llama, plain, tiny = (root / "bases" / name for name in ("llama-small", "plain-small", "tiny"))
steps = (("r1", 3), ("r1", 6), ("r2", 6))
adapters = [root / "runs" / run / "checkpoints" / f"step-{step}" for run, step in steps]
whole = root / "runs" / "whole" / "checkpoints" / "step-9"
found = {}

def kept(loaded):
    return [folder.parent.parent.name + folder.name for folder in loaded.adapters]

kind = models.Models()
models.MOST_ADAPTERS = 2
for adapter in (*adapters[:2], adapters[0], adapters[2]):
    loaded, _adapter = kind.ready(llama, adapter)
found["adapters"] = kept(loaded)
found["of peft"] = sorted(loaded.model.peft_config)

free, total = models.memory(kind.device)
size = loaded.size
models.memory = lambda device: (free, size * 5)  # room for two of them, by half of all memory
kind.ready(plain, None)
found["two"] = [folder.name for folder in kind.loaded]
kind.ready(llama, None)
kind.ready(tiny, whole)
found["used last"] = [folder.name for folder in kind.loaded]

models._bytes_needed = lambda folder, dtype: free + total
try:
    kind.ready(plain, None)
except RefusalError as refusal:
    found["refused"] = refusal.code
found["after"] = [folder.name for folder in kind.loaded]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(trainer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = make_models(tmp_path_factory.mktemp("trainer"))
    line = [str(trainer_python), "-c", KEEP, str(root)]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_adapter_used_longest_ago_goes_first(found: dict[str, Any]) -> None:
    assert found["adapters"] == ["r1step-3", "r2step-6"]
    assert found["of peft"] == ["adapter1", "adapter3"]


def test_the_model_used_longest_ago_goes_first(found: dict[str, Any]) -> None:
    assert found["two"] == ["llama-small", "plain-small"]
    assert found["used last"] == ["llama-small", "step-9"]


def test_what_can_never_fit_drives_nothing_out(found: dict[str, Any]) -> None:
    assert found["refused"] == "out_of_memory"
    assert found["after"] == found["used last"]
