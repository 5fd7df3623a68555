"""A base that is broken, or was changed under a job, ends it in words; so does a learning rate that explodes."""

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.child import CLEAN, ESSAYS, LIMIT, MANY, Run, prepare, train_all
from tests.engine.conftest import in_trainer
from tests.engine.test_learning import VALIDATION
from tests.engine.training_rows import chat, write
from tests.needs import ROOT, TRAINER_PYTHON

pytestmark = pytest.mark.engine

IMPATIENT = "from trainer.engines.transformers import rendering; rendering.PATIENCE = rendering.LAST_PATIENCE = 0.3"
TURNS = "{% for message in messages %}{{ message.content }}{% endfor %}"
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# the base's chat template, the code and words of the refusal, and the line that is named
TEMPLATES: dict[str, tuple[str, str, str, int | None]] = {
    "never ends": (f"{ENDLESS}{TURNS}", "invalid_base", "does not come to an end", None),
    "never ends for some": (
        f"{{% if '눈 7' in messages[0].content %}}{ENDLESS}{{% endif %}}{TURNS}",
        "invalid_base",
        "does not come to an end",
        None,
    ),
    "swells": ("{{ 'x' * 200000 }}" + TURNS, "invalid_base", "writes more than 64 KB of its own", None),
    "swells beyond all": ("{{ 'x' * 10**15 }}" + TURNS, "invalid_base", "template fails: MemoryError", None),
    "recurses": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "invalid_base", "maximum recursion depth", None),
    "divides by zero": ("{{ 1 // (messages|length - messages|length) }}", "invalid_base", "by zero", None),
    "large itself": ("x" * 70_000, "invalid_base", "is larger than 64 KB", None),
    "no template": ("{% for %}", "invalid_training_file", "Example 1 is not taken by this base's chat template", 1),
    "reaches out": (
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "invalid_training_file",
        "Example 1 is not taken by this base's chat template",
        1,
    ),
    "leaves answers out": ("{{ messages[0].content }}", "invalid_training_file", "and then the answer", 1),
    "writes nothing": ("{{ '' }}", "invalid_training_file", "and then the answer", 1),
    "refuses some": (
        "{% if '눈 7' in messages[0].content %}{{ raise_exception('no snow') }}{% endif %}" + TURNS,
        "invalid_training_file",
        "Example 8 is not taken by this base's chat template: no snow",
        8,
    ),
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def edit(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


BREAKING: dict[str, tuple[Callable[[Path], Any], str]] = {
    "gone": (shutil.rmtree, "cannot be read"),
    "half a base.json": (lambda f: (f / "base.json").write_text('{"name": "ll'), "cannot be read"),
    "weights cut short": (lambda f: cut(f / "model.safetensors"), "The base cannot be loaded"),
    "weights gone": (lambda f: (f / "model.safetensors").unlink(), "The base cannot be loaded"),
    "weights no longer safetensors": (
        lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04N."),
        "The base cannot be loaded",
    ),
    "a pickle in their place": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "The base cannot be loaded",
    ),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer"),
    "another model": (lambda f: edit(f, model_type="gpt2", architectures=["GPT2LMHeadModel"]), "cannot be loaded"),
    "wider": (lambda f: edit(f, intermediate_size=64), "The base cannot be loaded"),
    "more layers": (lambda f: edit(f, num_hidden_layers=4), "its files lack"),
    "code of its own": (
        lambda f: edit(f, model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}),
        "config.json cannot be read",
    ),
}


@pytest.fixture(scope="module")
def ended(llama: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All of them, in one process."""
    folder = tmp_path_factory.mktemp("broken")
    runs: dict[str, Run] = {}

    def order(name: str, base: Path, training: Path = ESSAYS, **settings: Any) -> None:
        runs[name] = prepare(folder / str(len(runs)), base, training, **settings)

    def copy(name: str) -> Path:
        return Path(shutil.copytree(llama, folder / f"base-{len(runs)}-{name.replace(' ', '-')}"))

    rows = write(folder / "rows.jsonl", [chat(f"눈 {number}") for number in range(12)])
    for name, (template, *_rest) in TEMPLATES.items():
        base = copy(name)
        (base / "chat_template.jinja").write_text(template)
        order(name, base, rows)
    for name, (break_it, _words) in BREAKING.items():
        base = copy(name)
        break_it(base)
        order(name, base)
    exploding: dict[str, Any] = {"n_epochs": 1, "batch_size": 72, "learning_rate_multiplier": 1e300}
    order("explodes at its last step", llama, **exploding)
    order("explodes before validation", llama, validation=VALIDATION, **exploding)
    order("explodes", llama, validation=VALIDATION, n_epochs=9, batch_size=2, learning_rate_multiplier=1e12)
    train_all(runs.values(), before=IMPATIENT)
    return runs


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_cannot_be_used(ended: dict[str, Run], name: str) -> None:
    _template, code, words, line = TEMPLATES[name]
    end = ended[name].end

    assert (end["kind"], end["code"], end["line"]) == ("refused", code, line)
    assert words in end["message"]
    assert ended[name].kinds() == ["refused"]


@pytest.mark.parametrize("name", BREAKING)
def test_a_base_that_was_broken_after_the_order(ended: dict[str, Run], name: str) -> None:
    end = ended[name].end

    assert (end["kind"], end["code"], end["param"]) == ("refused", "invalid_base", "model")
    assert BREAKING[name][1] in end["message"]


@pytest.mark.parametrize("name", ["explodes at its last step", "explodes before validation", "explodes"])
def test_a_rate_that_explodes_leaves_no_model(ended: dict[str, Run], name: str) -> None:
    end = ended[name].end

    assert (end["kind"], end["code"]) == ("failed", "diverged")
    assert "lower learning_rate_multiplier" in end["message"]
    assert ended[name].all("done") == []


def test_an_endless_operation_of_a_template_ends_the_process(llama: Path, tmp_path: Path) -> None:
    """No exception can come while Python compares two lists; the worker knows this end (test_trainer_ends.py)."""
    base = Path(shutil.copytree(llama, tmp_path / "base"))
    lists = "[[[[messages|length] * 999] * 999] * 999] * 999"
    (base / "chat_template.jinja").write_text(f"{{{{ {lists} == {lists} }}}}")
    run = prepare(tmp_path / "run", base)

    line = [str(TRAINER_PYTHON), "-c", f"{IMPATIENT}\n{MANY}", str(run.folder)]
    ended = subprocess.run(line, cwd=ROOT, env=CLEAN, capture_output=True, timeout=LIMIT, check=False)

    assert ended.returncode == -signal.SIGPROF


DROPOUT = """
import torch
from transformers import GPT2Config, GPT2LMHeadModel
from trainer.engines.transformers import models
config = GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.5, embd_pdrop=0.5, attn_pdrop=0.5)
model = GPT2LMHeadModel(config)
tokens = torch.arange(30)[None]
before = model.eval()(tokens).logits
models.spare_memory(model)
print(float((model(tokens).logits - before).abs().max()))
"""


def test_little_memory_brings_no_dropout(trainer_python: Path) -> None:
    assert float(in_trainer(trainer_python, DROPOUT)) < 1e-5
