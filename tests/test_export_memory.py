"""Merging and GGUF are refused, with figures, where the machine lacks the memory. No torch is needed for that."""

import io
import json
import sys
from pathlib import Path

import pytest

from trainer.engines.transformers import machine
from trainer.engines.transformers.export import memory
from trainer.engines.transformers.export.__main__ import run
from trainer.engines.transformers.export.order import Order, read
from trainer.engines.transformers.process import Lines

MB = 1024**2


def weights(folder: Path, shape: tuple[int, ...], size: int) -> None:
    """A file of safetensors as its header and its size on the disk tell of it; nothing is in it."""
    folder.mkdir(parents=True)
    tensors = {"small": {"shape": [8], "data_offsets": [0, 16]}, "large": {"shape": shape, "data_offsets": [16, size]}}
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(size)


def order(folder: Path, base: int, adapter: int, largest: tuple[int, ...], kind: str = "lora") -> Order:
    weights(folder / "base", largest, base * MB)
    weights(folder / "weights", (16, 16), adapter * MB)
    (folder / "base" / "base.json").write_text(json.dumps({"name": "little", "kind": kind, "gguf": True}))
    row = {"job": "ftjob-1", "model": "ft:little:team::1", "made_on": "2026-11-30", "target": str(folder / "out.zip")}
    paths = {"base": str(folder / "base"), "weights": str(folder / "weights")}
    (folder / "export.json").write_text(json.dumps(row | paths))
    return read(folder)


def free_memory(monkeypatch: pytest.MonkeyPatch, folder: Path, megabytes: int, limit: str = "max") -> None:
    (folder / "meminfo").write_text(f"MemTotal: {16 * 1024**2} kB\nMemAvailable: {megabytes * 1024} kB\n")
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(str(100 * MB))
    monkeypatch.setattr(machine, "MEMINFO", folder / "meminfo")
    monkeypatch.setattr(machine, "CGROUP", folder)


def lines(folder: Path, kind: str) -> list[dict[str, str]]:
    out = io.StringIO()
    run(folder, kind, Lines(out))
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("kind", "base", "adapter", "largest", "peak"),
    [
        ("merged", 257, 19, (49_152, 576), 836),
        ("gguf", 257, 19, (49_152, 576), 840),
        ("merged", 511, 15, (262_144, 640), 1082),
        ("gguf", 511, 15, (262_144, 640), 1386),
    ],
)
def test_the_estimate_is_never_below_the_measured_peak_and_within_a_quarter(
    tmp_path: Path, kind: str, base: int, adapter: int, largest: tuple[int, ...], peak: int
) -> None:
    needed = memory.need(order(tmp_path, base, adapter, largest), kind) / MB

    assert peak <= needed <= 1.25 * peak


@pytest.mark.parametrize("kind", ["merged", "gguf"])
def test_too_little_memory_is_said_before_with_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    order(tmp_path, 4000, 20, (128_256, 2048))
    free_memory(monkeypatch, tmp_path, 3 * 1024)

    (line,) = lines(tmp_path, kind)

    assert (line["kind"], line["code"]) == ("refused", "out_of_memory")
    assert line["message"] == (
        "This needs 4.6 GiB of memory on the trainer's machine, and 3.0 GiB are free. "
        "Try again when nothing is trained or talked to there; the adapter alone needs next to none."
    )
    assert "torch" not in sys.modules
    assert not (tmp_path / "work").exists()


def test_a_containers_limit_counts_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order(tmp_path, 4000, 20, (128_256, 2048))
    free_memory(monkeypatch, tmp_path, 12 * 1024, limit=str(2148 * MB))

    (line,) = lines(tmp_path, "merged")

    assert "2.0 GiB are free" in line["message"]


def test_what_is_only_packed_needs_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory(monkeypatch, tmp_path, 10)
    order(tmp_path / "lora", 40, 1, (64, 64))
    order(tmp_path / "full", 40, 1, (64, 64), kind="full")

    assert lines(tmp_path / "lora", "adapter")[-1]["kind"] == "done"
    assert lines(tmp_path / "full", "merged")[-1]["kind"] == "done"
