"""Archives of weights: what is in them, and that a stranger's transformers, peft and GGUF reader load them."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.engine.exporting import export, python, readme_code, unpacked

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
LARGER = """
from safetensors.torch import load_file, save_file
found = load_file("{old}")
save_file({{name: value.repeat(2, 1) for name, value in found.items()}}, "{new}")
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """base/, adapter/ and whole/ of a small random Llama; the archives adapter.zip, merged.zip and gguf.zip of it."""
    folder = tmp_path_factory.mktemp("small")
    made = python(str(HERE / "small_llama.py"), str(folder))
    assert made.returncode == 0, made.stderr
    for kind in ("adapter", "merged", "gguf"):
        assert export(folder, kind, folder / "base", folder / "adapter")[-1]["kind"] == "done"
        unpacked(folder / f"{kind}.zip", folder / "out" / kind)
    return folder


def names(archive: Path) -> list[str]:
    with ZipFile(archive) as file:
        return sorted(name.split("/", 1)[1] for name in file.namelist())


def out(small: Path, kind: str) -> Path:
    """The archive's folder, as a person has it."""
    (top,) = (small / "out" / kind).iterdir()
    return top


def test_the_archives_hold_weights_words_and_licences(small: Path) -> None:
    words = ("chat_template.jinja", "tokenizer.json", "tokenizer_config.json")
    papers = ["LICENSE", "NOTICE.txt", "README.md"]
    config = ("config.json", "generation_config.json", "model.safetensors")

    assert names(small / "adapter.zip") == [
        *papers,
        *sorted(f"adapter/{name}" for name in ("adapter_config.json", "adapter_model.safetensors", *words)),
    ]
    assert names(small / "merged.zip") == [*papers, *sorted(f"model/{name}" for name in (*config, *words))]
    assert names(small / "gguf.zip") == [
        *("LICENSE", "Modelfile", "NOTICE.txt", "README.md", "small-llama-team-diary-abcd1234.gguf")
    ]
    assert "Apache-2.0" in (out(small, "gguf") / "NOTICE.txt").read_text()


def test_the_readmes_lines_load_them_and_they_agree(small: Path) -> None:
    """Adapter on its base and merged model to the rounding; GGUF as near as eight bits come; all tokenizers alike."""
    adapter = readme_code(out(small, "adapter")).replace('"small-llama"', repr(str(small / "base")))
    script = f"""
import os, torch
def logits(model, words):
    with torch.no_grad():
        return model(**words("첫눈이 내린 alley 12", return_tensors="pt", return_token_type_ids=False)).logits
os.chdir({str(out(small, "merged"))!r})
{readme_code(out(small, "merged"))}
merged, words = chat.model.float(), chat.tokenizer
os.chdir({str(out(small, "adapter"))!r})
{adapter}
both = logits(model.float(), words)
with model.disable_adapter():
    alone = logits(model, words)
os.chdir({str(out(small, "gguf"))!r})
{readme_code(out(small, "gguf"))}
text = "첫눈이 내린 alley 12 <|user|>"
assert tokenizer(text)["input_ids"] == words(text)["input_ids"] == chat.tokenizer(text)["input_ids"]
one = logits(merged, words)
print("FIGURES", (both - one).norm().item(), (both - alone).norm().item(), one.norm().item(),
      (logits(model, words) - one).norm().item())
"""
    ran = python("-c", script, cwd=small)

    assert ran.returncode == 0, ran.stderr
    merge, tuned, size, eight_bits = map(float, ran.stdout.rpartition("FIGURES")[2].split())
    assert merge < size / 10_000
    assert tuned > size / 2
    assert eight_bits < size / 8


def whole(small: Path, folder: Path, *weights: str) -> Path:
    """The unpacked archive of a model trained as a whole, on a base of that kind with these weights."""
    about = json.loads((small / "base" / "base.json").read_text()) | {"kind": "full", "gguf": False}
    base = folder / "bare"
    base.mkdir()
    (base / "base.json").write_text(json.dumps(about))
    for name in weights:
        (base / name).touch()
    assert export(folder, "merged", base, small / "whole")[-1]["kind"] == "done"
    return unpacked(folder / "merged.zip", folder / "out")


def test_a_whole_model_goes_as_it_is_and_loads_by_three_lines(small: Path, tmp_path: Path) -> None:
    folder = whole(small, tmp_path, "model.safetensors")

    assert (folder / "model" / "model.safetensors").read_bytes() == (small / "whole" / "model.safetensors").read_bytes()
    code = readme_code(folder)
    assert len(code.splitlines()) == 3
    ran = python("-c", code, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert (folder / "LICENCE.txt").read_text() == "Small Llama\nApache-2.0\n\nDo what you like.\n"


def test_what_was_made_from_scratch_is_under_no_terms_of_a_base(small: Path, tmp_path: Path) -> None:
    folder = whole(small, tmp_path)
    papers = (folder / "README.md").read_text() + (folder / "NOTICE.txt").read_text()

    assert sorted(path.name for path in folder.iterdir()) == ["NOTICE.txt", "README.md", "model"]
    assert "- Base: none. The weights were made from scratch, from the training file alone (Small Llama)." in papers
    assert "- 기반 모델: 없습니다." in papers
    assert "No base's terms hold for it." in papers
    assert not [
        words for words in ("Apache", "The terms of the base hold", "기반 모델의 조건은", "GGUF") if words in papers
    ]
    assert python("-c", readme_code(folder), cwd=folder).returncode == 0


def test_no_path_of_the_server_no_link_and_no_code_leaves_it(small: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "adapter_model.safetensors").write_bytes((small / "adapter" / "adapter_model.safetensors").read_bytes())
    told = json.loads((small / "adapter" / "adapter_config.json").read_text())
    (weights / "adapter_config.json").write_text(json.dumps(told | {"base_model_name_or_path": str(small)}))
    (weights / "extra.json").symlink_to("/etc/hostname")
    (weights / "code.py").write_text("print()")
    (weights / "training_args.bin").write_bytes(b"pickle")

    export(tmp_path, "adapter", small / "base", weights)

    assert names(tmp_path / "adapter.zip") == names(small / "adapter.zip")
    folder = unpacked(tmp_path / "adapter.zip", tmp_path / "out")
    texts = [path.read_text() for path in folder.rglob("*") if path.suffix in (".json", ".md", ".txt")]
    assert not [text for text in texts if str(tmp_path.parent) in text or str(small) in text]
    config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "small-llama"


def test_what_cannot_be_made_is_refused_with_a_reason(small: Path, tmp_path: Path) -> None:
    no_gguf = tmp_path / "base"
    no_gguf.mkdir()
    about = json.loads((small / "base" / "base.json").read_text()) | {"gguf": False, "kind": "full"}
    (no_gguf / "base.json").write_text(json.dumps(about))

    refused = [export(tmp_path, kind, no_gguf, small / "whole")[-1] for kind in ("gguf", "adapter")]

    assert [(line["kind"], line["code"]) for line in refused] == [("refused", "no_gguf"), ("refused", "no_adapter")]
    assert not list(tmp_path.glob("*.zip*"))
    assert not (tmp_path / "work").exists()


def test_an_adapter_of_another_shape_is_refused(small: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "adapter_config.json").write_bytes((small / "adapter" / "adapter_config.json").read_bytes())
    name = "adapter_model.safetensors"
    assert python("-c", LARGER.format(old=small / "adapter" / name, new=weights / name)).returncode == 0

    lines = export(tmp_path, "merged", small / "base", weights)

    assert (lines[-1]["kind"], lines[-1]["code"]) == ("refused", "invalid_weights")
