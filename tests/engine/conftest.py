"""Small bases: `tiny` with fewer parameters, and a Llama with random weights; and a trainer with either engine."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from tests.engine.child import CLEAN, ESSAYS
from tests.engine.far import Far, make_jobs, wait_for_base
from tests.needs import ROOT, TRAINER_PYTHON
from tests.serving import issued_key, trainer_serving, worker_training

MAKE_TINY = """
import json, sys
from trainer.engines.transformers import tiny
config = {**tiny.CONFIG, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
          "num_key_value_heads": 2, "intermediate_size": 128}
print(json.dumps(config))
"""


def in_trainer(python: Path, code: str, *arguments: str) -> str:
    """What the code prints, run where torch is."""
    line = [str(python), "-c", code, *arguments]
    return subprocess.run(line, cwd=ROOT, env=CLEAN, check=True, capture_output=True, text=True).stdout


def describe(folder: Path, name: str, kind: str, **more: object) -> None:
    facts = {"name": name, "title": name, "context": 512, "kind": kind, "auto": {}, **more}
    (folder / "base.json").write_text(json.dumps(facts))


@pytest.fixture(scope="session")
def tiny(trainer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny` as it is, but narrower: half a second a step would be too slow for tests."""
    folder = tmp_path_factory.mktemp("bases") / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text(in_trainer(trainer_python, MAKE_TINY))
    describe(folder, "tiny", "full", auto={"learning_rate": 1e-2})
    return folder


MAKE_LLAMA = """
import json, sys, torch
from transformers import LlamaConfig, LlamaForCausalLM
from trainer.engines.transformers import tiny
folder, texts = sys.argv[1], open(sys.argv[2], encoding="utf-8").read().splitlines()
tokenizer = tiny.learn_tokenizer([json.loads(text)["messages"][-1]["content"] for text in texts])
torch.manual_seed(3)
config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                     num_attention_heads=2, max_position_embeddings=512, eos_token_id=1, pad_token_id=0)
LlamaForCausalLM(config).save_pretrained(folder)
tokenizer.save_pretrained(folder)
"""


@pytest.fixture(scope="session")
def llama(trainer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of some 50,000 random parameters, for adapters."""
    folder = tmp_path_factory.mktemp("bases") / "llama"
    in_trainer(trainer_python, MAKE_LLAMA, str(folder), str(ESSAYS))
    describe(folder, "llama", "lora", auto={"learning_rate": 1e-2, "lora_r": 4, "lora_alpha": 8})
    return folder


@pytest.fixture(
    scope="module", params=["simulated", pytest.param("transformers", marks=pytest.mark.engine)], ids=lambda name: name
)
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    real = request.param == "transformers"
    var = tmp_path_factory.mktemp(request.param)
    settings = {"TRAINER_SPEED": "2", "TRAINER_PYTHON": str(TRAINER_PYTHON), "TRAINER_DIR": str(var / "trainer")}
    with trainer_serving(var, **settings) as url, worker_training(var, **settings):
        sdk = OpenAI(api_key=issued_key(var, "both"), base_url=url, max_retries=0)
        made = Far(sdk, "tiny" if real else "sim-small-2026-06-01", "team" if real else "simulated", {})
        wait_for_base(made)
        make_jobs(made)
        yield made
