"""A base whose files are not those that were pulled trains nothing, and says which file it is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.real_training import issue_key, make_base, make_worker, order, stand_in, training_of, work
from trainer.base_folders import hashes, sha256
from trainer.bases import real_bases
from trainer.work import order_file

WEIGHTS = b"weights" * 1000


@pytest.fixture
def base(settings: Any) -> Path:
    folder = make_base(settings)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    about = json.loads((folder / "base.json").read_text())
    (folder / "base.json").write_text(json.dumps(about | {"sha256": hashes(folder)}))
    return folder


@pytest.fixture
def sdk(base: Path, trainer: str, settings: Any) -> OpenAI:
    make_worker()
    stand_in(settings)
    return OpenAI(api_key=issue_key("trainer-bases"), base_url=trainer, max_retries=0)


def end_of(sdk: OpenAI) -> tuple[str, Any]:
    job = order(sdk)
    work()
    training = training_of(job)
    return training.status, training.error


def test_a_byte_that_changed_on_the_disk_fails_the_job(sdk: OpenAI, base: Path) -> None:
    first = end_of(sdk)
    with (base / "model.safetensors").open("r+b") as file:
        file.write(b"W")

    job = order(sdk)
    work()

    training = training_of(job)
    assert first == ("succeeded", None)
    assert training.status == "failed"
    assert training.error == {
        "code": "invalid_base",
        "message": "The base little was changed on this trainer's disk: model.safetensors is not the file that was "
        "pulled. Remove the base and pull it again.",
        "param": "model",
    }
    assert not (training.folder / "output.jsonl").exists(), "no process was started"


def test_the_same_size_and_time_hide_no_change(sdk: OpenAI, base: Path) -> None:
    weights = base / "model.safetensors"
    end_of(sdk)
    times = weights.stat()
    weights.write_bytes(b"W" + WEIGHTS[1:])
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))

    status, error = end_of(sdk)

    assert (status, error["code"]) == ("failed", "invalid_base")


def test_a_file_is_read_again_only_once_it_was_written(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: Path) -> str:
        read.append(path.name)
        return sha256(path)

    monkeypatch.setattr(order_file, "sha256", counted)
    (found,) = [one for one in real_bases() if one.uid == "little"]
    renewed: list[int] = []
    for _job in range(3):
        order_file.check_files(found, lambda: renewed.append(len(read)))
    once = sorted(read)
    os.utime(base / "model.safetensors")
    order_file.check_files(found, lambda: None)

    assert once == ["config.json", "model.safetensors"]
    assert renewed[:2] == [1, 2], "the lease is renewed after each file"
    assert sorted(read) == ["config.json", "model.safetensors", "model.safetensors"]


def test_a_file_that_went_meanwhile_is_named(base: Path) -> None:
    (found,) = [one for one in real_bases() if one.uid == "little"]
    (base / "model.safetensors").unlink()

    with pytest.raises(order_file.RefusalError, match=r"model\.safetensors is not the file that was pulled"):
        order_file.check_files(found, lambda: None)
