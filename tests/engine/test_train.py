"""A supervised run of `tiny` from its order to its end, and through a kill."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.engine.child import at_step, prepare, train

pytestmark = pytest.mark.engine

SAVE_EACH_STEP = {"TRAINER_SAVE_SECONDS": "0"}


def test_the_loss_falls_and_every_epoch_leaves_a_checkpoint(tmp_path: Path, tiny: Path) -> None:
    run = train(prepare(tmp_path / "run", tiny, n_epochs=5))

    losses = run.losses()
    assert list(losses) == list(range(1, 46))
    assert losses[45] < 0.85 * losses[1]
    assert [line["step"] for line in run.all("checkpoint")] == [9, 18, 27, 36, 45]
    assert [line["removed"] for line in run.all("checkpoint")] == [[], [], [], [9], [18]]
    assert sorted(path.name for path in (run.folder / "checkpoints").iterdir()) == ["step-27", "step-36", "step-45"]
    assert run.kinds()[:2] == ["validated", "started"]
    assert run.end["kind"] == "done"
    assert run.end["step"] == 45
    assert run.end["trained_tokens"] == 5 * run.one("validated")["tokens"]


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, tiny: Path) -> None:
    unbroken = train(prepare(tmp_path / "unbroken", tiny, n_epochs=2))
    broken = prepare(tmp_path / "broken", tiny, n_epochs=2)

    train(broken, until=at_step(5), environment=SAVE_EACH_STEP)
    train(broken, until=at_step(13), environment=SAVE_EACH_STEP)
    train(broken)

    starts = [line["step"] for line in broken.all("started")]
    assert starts[0] == 0
    assert all(early < late for early, late in pairwise(starts))
    assert broken.losses() == unbroken.losses()
    for name in ("step-9", "step-18"):
        weights = [run.folder / "checkpoints" / name / "model.safetensors" for run in (unbroken, broken)]
        assert weights[0].read_bytes() == weights[1].read_bytes()
