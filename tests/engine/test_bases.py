"""A base is loaded before it is taken: what does not fit together is refused in words."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.child import ESSAYS
from tests.engine.conftest import in_trainer
from tests.needs import ROOT
from trainer import base_folders

pytestmark = pytest.mark.engine
TEMPLATE = ROOT / "trainer/engines/transformers/templates/gemma.jinja"
CALL = """
import json, sys
from pathlib import Path
from trainer.engines.transformers import rendering
from trainer.engines.transformers.describing import describe
from trainer.engines.transformers.opening import convert
from trainer.engines.transformers.outcomes import Refused
rendering.PATIENCE = 0.5
for name, *rest in json.loads(sys.argv[1]):
    try:
        print(json.dumps({"describe": describe, "convert": convert}[name](*map(Path, rest))))
    except Refused as refused:
        print(json.dumps({"refused": refused.message}))
"""
MAKE = """
import sys
from pathlib import Path
from tests.engine.make_models import base
base(Path(sys.argv[1]), "x", None)
"""
RENDER = """
import json, sys
from transformers.utils.chat_template_utils import render_jinja_template
chat = json.loads(sys.argv[2])
for prompt in (True, False):
    named = {"bos_token": "<bos>", "eos_token": "<eos>", "add_generation_prompt": prompt}
    rendered, _ = render_jinja_template([chat], chat_template=open(sys.argv[1]).read(), **named)
    print(json.dumps(rendered[0]))
"""


@pytest.fixture(scope="module")
def sound(trainer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of a few thousand parameters without a chat template, as transformers saves it."""
    root = tmp_path_factory.mktemp("bases")
    in_trainer(trainer_python, MAKE, str(root))
    return root / "bases" / "x"


def edit(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def drop_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


BREAKING: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another architecture": (
        lambda f: edit(f, architectures=["GPT2LMHeadModel"]),
        "config.json claims to be GPT2LMHeadModel, but its model_type is llama.",
    ),
    "another model": (
        lambda f: edit(f, architectures=["GPT2LMHeadModel"], model_type="gpt2"),
        "The weights do not fit config.json",
    ),
    "no text model": (
        lambda f: edit(f, architectures=["ViTModel"], model_type="vit"),
        "is no text model that can be trained",
    ),
    "unknown": (lambda f: edit(f, model_type="own"), "config.json cannot be read"),
    "more layers": (lambda f: edit(f, num_hidden_layers=3), "The weights do not fit config.json"),
    "wider": (lambda f: edit(f, intermediate_size=96), "The weights do not fit config.json"),
    "no tokenizer": (
        drop_tokenizer,
        "The tokenizer cannot be read",
    ),
    "a long template": (
        lambda f: (f / "chat_template.jinja").write_text("x" * 70_000),
        "The chat template is larger than 64 KB.",
    ),
    "an endless template": (
        lambda f: (f / "chat_template.jinja").write_text(
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        ),
        "The base's chat template does not come to an end",
    ),
    "a template without answers": (
        lambda f: (f / "chat_template.jinja").write_text("{{ messages[0].content }}"),
        "Its chat template is of no use for training: a question with its answer is not written",
    ),
}


def test_bases_are_described_or_refused(sound: Path, trainer_python: Path, tmp_path: Path) -> None:
    """One process for all: torch takes seconds to start."""
    calls = [["describe", str(sound), str(ESSAYS), str(TEMPLATE)]]
    for number, (break_it, _) in enumerate(BREAKING.values()):
        folder = tmp_path / str(number)
        shutil.copytree(sound, folder, ignore=shutil.ignore_patterns("*.jinja"))
        break_it(folder)
        calls.append(["describe", str(folder), str(ESSAYS)])
    (tmp_path / "x.gguf").write_bytes(b"GGUF" + bytes(100))
    calls.append(["convert", str(tmp_path / "x.gguf"), str(tmp_path / "out")])

    first, *others, gguf = [
        json.loads(line) for line in in_trainer(trainer_python, CALL, json.dumps(calls)).splitlines()
    ]

    assert first.pop("tokens") > 10_000
    assert first == {
        "architecture": "LlamaForCausalLM",
        "context": 4096,
        "parameters": base_folders.check_weights(sound),
        "chat_template": True,
    }
    assert (sound / "chat_template.jinja").read_text() == TEMPLATE.read_text()
    for what, found in zip(BREAKING, others, strict=True):
        assert BREAKING[what][1] in found["refused"], what
    assert gguf["refused"].startswith("x.gguf cannot be opened: ")
    assert not (tmp_path / "out").exists()


def test_the_template_for_gemma_writes_its_turns(trainer_python: Path) -> None:
    chat = [
        {"role": "system", "content": "짧게 써."},
        {"role": "user", "content": "첫눈"},
        {"role": "assistant", "content": "눈이 왔다."},
        {"role": "user", "content": "더"},
    ]

    prompt, text = map(json.loads, in_trainer(trainer_python, RENDER, str(TEMPLATE), json.dumps(chat)).splitlines())

    assert text == (
        "<bos><start_of_turn>user\n짧게 써.\n\n첫눈<end_of_turn>\n"
        "<start_of_turn>model\n눈이 왔다.<eos>\n"
        "<start_of_turn>user\n더<end_of_turn>\n"
    )
    assert prompt == text + "<start_of_turn>model\n"
