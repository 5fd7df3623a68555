"""Folders of bases that break a rule are not offered, and the operator reads why."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real_training import make_base, make_worker
from trainer import base_folders
from trainer.base_folders import BadBaseError
from trainer.bases import BUILT_IN, living_bases, pulled

CONFIG = {"architectures": ["LlamaForCausalLM"]}


def safetensors(shape: list[int], data: bytes | None = None) -> bytes:
    """One tensor of bytes, as the format has it."""
    size = 1
    for length in shape:
        size *= length
    header = json.dumps({"x": {"dtype": "I8", "shape": shape, "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + (bytes(size) if data is None else data)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """A sound base, with the hashes of its files."""
    settings.TRAINER_DIR = tmp_path / "trainer"
    made = make_base(settings)
    (made / "model.safetensors").write_bytes(safetensors([3, 4]))
    about = json.loads((made / "base.json").read_text())
    (made / "base.json").write_text(json.dumps(about | {"sha256": base_folders.hashes(made)}))
    return made


def rewrite(folder: Path, **fields: Any) -> None:
    about = json.loads((folder / "base.json").read_text())
    (folder / "base.json").write_text(json.dumps(about | fields))


def link_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "elsewhere")
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere")


BREAKING: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a pickle": (lambda f: (f / "pytorch_model.bin").write_bytes(b"\x80"), "pytorch_model.bin could run code"),
    "python": (lambda f: (f / "modeling_x.py").write_text("import os"), "modeling_x.py could run code"),
    "capitals": (lambda f: (f / "model.PKL").write_bytes(b""), "model.PKL could run code"),
    "a link": (link_weights, "model.safetensors is a link"),
    "a file more": (lambda f: (f / "more.json").write_text("{}"), "more.json was not there when"),
    "a file less": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "a pipe": (lambda f: __import__("os").mkfifo(f / "x.json"), "x.json could run code"),
    "no config": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "a huge config": (lambda f: (f / "config.json").write_text(" " * 300_000), "config.json is larger than 262,144"),
    "a deep config": (lambda f: (f / "config.json").write_text("[" * 200_000), "config.json is no JSON"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "config.json is no JSON object"),
    "half a base.json": (lambda f: (f / "base.json").write_text('{"name": "lit'), "base.json is no JSON"),
    "code of its own": (
        lambda f: (f / "config.json").write_text(json.dumps(CONFIG | {"auto_map": {}})),
        "config.json wants code of the base's own to run",
    ),
    "no architecture": (lambda f: (f / "config.json").write_text('{"architectures": [3]}'), "names no architecture"),
    "another architecture": (
        lambda f: (f / "config.json").write_text('{"architectures": ["GPT2LMHeadModel"]}'),
        "config.json is of another architecture",
    ),
    "another name": (lambda f: rewrite(f, name="large"), "base.json is that of 'large'"),
    "no licence": (lambda f: rewrite(f, licence=None), "'licence' is missing or of a wrong type"),
    "a yes as a number": (lambda f: rewrite(f, context=True), "'context' is missing or of a wrong type"),
    "no context": (lambda f: rewrite(f, context=0), "make no sense"),
    "another kind": (lambda f: rewrite(f, kind="qlora"), "make no sense"),
}


@pytest.mark.parametrize("what", sorted(BREAKING))
def test_a_folder_that_breaks_a_rule_is_not_offered(folder: Path, db: None, what: str) -> None:
    make_worker()
    assert "little" in [base.uid for base in living_bases(issued=True)]
    break_it, reason = BREAKING[what]

    break_it(folder)

    with pytest.raises(BadBaseError) as refused:
        base_folders.read(folder)
    assert reason in str(refused.value)
    assert "little" not in [base.uid for base in living_bases(issued=True)]


@pytest.mark.parametrize("name", ["sim-x", "ft-x", "..", "a/b", "A", "-a", "a..b", "a.new", "", "a" * 64, "a\n", "가"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(BadBaseError, match="cannot be named"):
        base_folders.check_name(name)


@pytest.mark.parametrize("name", ["tiny", "qwen3-0.6b", "a", "0" * 63])
def test_names_that_may_be(name: str) -> None:
    assert base_folders.check_name(name) == name


def test_a_base_on_its_way_in_is_not_listed(folder: Path) -> None:
    for name in ("half.new", ".hidden", "sim-x", "Big"):
        (folder.parent / name).mkdir()
    (folder.parent / "link").symlink_to(folder)
    (folder.parent / "file").write_text("")

    assert list(base_folders.listed(pulled())) == [folder]


def test_a_changed_file_has_another_hash(folder: Path) -> None:
    assert base_folders.verify(folder)["name"] == "little"

    (folder / "model.safetensors").write_bytes(safetensors([3, 4], b"\x01" * 12))

    with pytest.raises(BadBaseError, match=r"model\.safetensors has changed"):
        base_folders.verify(folder)


def test_weights_are_counted_by_their_headers(folder: Path) -> None:
    assert base_folders.check_weights(folder) == 12


HALVES = {
    "nothing": b"",
    "no header": b"\x80\x02}q\x00.",
    "cut": safetensors([3, 4])[:-1],
    "longer": safetensors([3, 4]) + b"x",
    "huge header": (2**62).to_bytes(8, "little") + b"{}",
    "no json": (4).to_bytes(8, "little") + b"nope" + b"x" * 20,
    "a list": (2).to_bytes(8, "little") + b"[]" + b"x" * 20,
    "no offsets": (14).to_bytes(8, "little") + b'{"x": {"y":1}}',
}


@pytest.mark.parametrize("half", sorted(HALVES))
def test_weights_that_are_cut_short_are_refused(folder: Path, half: str) -> None:
    (folder / "model.safetensors").write_bytes(HALVES[half])

    with pytest.raises(BadBaseError, match=r"model\.safetensors is"):
        base_folders.check_weights(folder)


def test_weights_of_which_a_part_is_missing_are_refused(folder: Path) -> None:
    index = {"weight_map": {"x": "model.safetensors", "y": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(BadBaseError, match="A part of the weights"):
        base_folders.check_weights(folder)


def test_without_safetensors_one_reads_how_to_get_them(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(BadBaseError, match="save_pretrained of transformers writes them"):
        base_folders.check_files(folder)


def test_tiny_is_built_in() -> None:
    [folder] = base_folders.listed(BUILT_IN)

    about = base_folders.read(folder)

    assert (about["name"], about["kind"], about["memorises"]) == ("tiny", "full", True)


def test_hashes_are_of_the_bytes(folder: Path) -> None:
    expected = hashlib.sha256(safetensors([3, 4])).hexdigest()

    assert base_folders.hashes(folder)["model.safetensors"] == expected
