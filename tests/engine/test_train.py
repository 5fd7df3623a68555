"""A supervised run of `tiny` from its order to its end."""

from pathlib import Path

import pytest

from tests.engine.child import prepare, train

pytestmark = pytest.mark.engine


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
