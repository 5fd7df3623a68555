"""Adapters and preferences, too, go on to the very bits of an unbroken run; and the same order makes the same bits."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.child import ESSAYS, PREFERENCES, Run, prepare, train_all
from tests.engine.killing import ended_alike, figures, kill_all, same_bits
from tests.engine.test_learning import VALIDATION

pytestmark = pytest.mark.engine

MOMENTS, SEED = 5, 12
STOPPING = {"validation": VALIDATION, "early_stopping": True}
# name: base, file, settings
ORDERS: dict[str, tuple[str, Path, dict[str, Any]]] = {
    "adapter": ("llama", ESSAYS, {"n_epochs": 8, **STOPPING}),
    "worse and worse": ("llama", ESSAYS, {"n_epochs": 8, "learning_rate_multiplier": 20, **STOPPING}),
    "preferences": (
        "llama",
        PREFERENCES,
        {"method": "dpo", "n_epochs": 8, "batch_size": 4, "validation": PREFERENCES, "early_stopping": True},
    ),
    "preferences of tiny": ("tiny", PREFERENCES, {"method": "dpo", "n_epochs": 8, "validation": PREFERENCES}),
}


@pytest.fixture(scope="module")
def runs(llama: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Run, Run]]:
    """Of each order a run that was left alone, and one that was killed."""
    folder = tmp_path_factory.mktemp("adapters")
    bases = {"llama": llama, "tiny": tiny}
    start = prepare(folder / "start", tiny, n_epochs=1)

    def order(name: str, place: str, **more: Any) -> Run:
        base, training, settings = ORDERS[name]
        begin = {"start": start.checkpoint(9)} if name == "preferences of tiny" else {}
        return prepare(folder / place / name.replace(" ", "-"), bases[base], training, **settings, **begin, **more)

    alone, killed = ({name: order(name, place) for name in ORDERS} for place in ("alone", "killed"))
    again, other = order("adapter", "again"), order("adapter", "other", seed=8)
    train_all([start, *alone.values(), again, other])
    reached = kill_all(list(killed.values()), MOMENTS, SEED)
    for name, steps in zip(ORDERS, reached, strict=True):
        print(f"{name}: killed at steps {steps}, ended at {alone[name].end['step']}")
        assert len(set(steps)) > 2
    pairs = {name: (alone[name], killed[name]) for name in ORDERS}
    return {**pairs, "again": (alone["adapter"], again), "other": (alone["adapter"], other)}


@pytest.mark.parametrize("name", [*ORDERS, "again"])
def test_it_ends_with_the_same_bits(runs: dict[str, tuple[Run, Run]], name: str) -> None:
    alone, killed = runs[name]

    assert ended_alike(alone, killed)
    assert figures(alone) == figures(killed)
    assert same_bits(alone, killed)
    assert not list(killed.folder.rglob("*.new"))


def test_another_seed_makes_other_bits(runs: dict[str, tuple[Run, Run]]) -> None:
    one, other = runs["other"]

    assert other.end["kind"] == "done"
    assert not same_bits(one, other)


def test_one_of_them_was_stopped_early(runs: dict[str, tuple[Run, Run]]) -> None:
    alone, killed = runs["worse and worse"]

    assert alone.end["early_stopped"] is killed.end["early_stopped"] is True
    assert killed.end["step"] == killed.end["best_step"] < killed.all("checkpoint")[-1]["step"]
