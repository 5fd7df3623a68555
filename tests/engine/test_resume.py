"""A run that is killed, stopped or has no room on disk goes on to the very bits of an unbroken one."""

import signal
from pathlib import Path

import pytest

from tests.engine.child import LIMIT, Run, at_step, prepare, started, train, train_all
from tests.engine.killing import ended_alike, figures, kill_all, same_bits
from tests.needs import ROOT

pytestmark = pytest.mark.engine

VALIDATION = ROOT / "samples" / "winter-essay-validation.jsonl"
MOMENTS = 20
SEED = 20261130


@pytest.fixture(scope="module")
def unbroken(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten epochs without a break, in a process that has torch at one thread."""
    run = prepare(tmp_path_factory.mktemp("unbroken") / "run", tiny, n_epochs=10, validation=VALIDATION)
    train_all([run])
    return run


def test_twenty_kills_change_no_bit(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    broken = prepare(tmp_path / "broken", tiny, n_epochs=10, validation=VALIDATION)
    [reached] = kill_all([broken], MOMENTS, SEED)
    print(f"killed at steps {reached} of 90")

    assert len(reached) == MOMENTS
    assert len(set(reached)) > 5
    assert ended_alike(broken, unbroken)
    assert figures(broken) == figures(unbroken)
    assert same_bits(broken, unbroken)
    assert not list(broken.folder.rglob("*.new"))


def test_a_stop_keeps_the_step_that_is_done(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    broken = prepare(tmp_path / "broken", tiny, n_epochs=10, validation=VALIDATION)

    train(broken, until=at_step(12), sign=signal.SIGTERM)
    stopped = broken.end
    train(broken)

    assert stopped["kind"] == "stopped"
    assert 12 <= stopped["step"] <= 14
    assert broken.all("started")[1]["step"] == stopped["step"]
    assert figures(broken) == figures(unbroken)
    assert same_bits(broken, unbroken)


def test_a_stop_before_the_first_step_is_obeyed(tmp_path: Path, tiny: Path) -> None:
    run = prepare(tmp_path / "run", tiny)

    train(run, until=lambda line: line["kind"] == "validated", sign=signal.SIGTERM)

    assert run.kinds()[-1] == "stopped"
    assert run.end["step"] <= 1


def test_a_full_disk_leaves_what_was_whole(tmp_path: Path, tiny: Path, unbroken: Run) -> None:
    """A file may have 600 KB: rows and tokenizer have less, a model has more."""
    run = prepare(tmp_path / "run", tiny, n_epochs=10, validation=VALIDATION)

    train_all([run], before="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, -1))")
    failed = run.end
    train_all([run])

    assert (failed["kind"], failed["code"]) == ("failed", "server_error")
    assert "no room left on the trainer's disk" in failed["message"]
    assert same_bits(run, unbroken)


def test_a_child_ends_with_its_parent(tmp_path: Path, tiny: Path) -> None:
    run = prepare(tmp_path / "run", tiny, n_epochs=10)

    with started(run, PARENT_PID="1") as child:  # another process is its parent: the one it had must have ended
        assert child.wait(timeout=LIMIT) == 1
