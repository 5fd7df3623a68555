"""The estimate of memory: pure arithmetic, so it needs no torch."""

import pytest

from trainer.engines.transformers.memory import (
    GIB,
    LARGEST_PORTION,
    USABLE,
    Shape,
    choose,
    longest_that_fits,
    need,
)

MB = 1024**2
TINY = Shape(256, 4, 688, 1500, 3_548_416, 3_548_416)
SMOL = Shape(576, 30, 1536, 49_152, 139_399_488, 4_884_480, held=417 * MB)
GEMMA = Shape(1024, 18, 2048, 262_144, 271_895_168, 3_796_992, held=496 * MB)


# peaks as measured on two cores, AVX-512, Linux, in the training process (VmHWM); `longest` of sequences that differ
@pytest.mark.parametrize(
    ("shape", "portion", "longest", "checkpointing", "pairs", "peak"),
    [
        (TINY, 106, 106, False, False, 442),
        (TINY, 424, 106, False, False, 477),
        (TINY, 848, 106, False, False, 536),
        (TINY, 3392, 106, False, False, 841),
        (TINY, 3430, 343, False, False, 868),
        (TINY, 3445, 689, False, False, 946),
        (TINY, 3852, 1926, False, False, 1045),
        (TINY, 1923, 1923, True, False, 459),
        (TINY, 256, 128, False, True, 470),
        (SMOL, 184, 184, False, False, 1416),
        (SMOL, 736, 184, False, False, 2666),
        (SMOL, 1514, 1514, False, False, 4673),
        (SMOL, 3028, 1514, False, False, 7950),
        (SMOL, 828, 414, True, False, 1244),
        (SMOL, 1414, 1414, True, False, 1423),
        (GEMMA, 184, 184, False, False, 2061),
        (GEMMA, 736, 184, False, False, 3226),
        (GEMMA, 1228, 614, False, False, 4124),
        (GEMMA, 1414, 1414, False, False, 4552),
        (GEMMA, 628, 314, True, False, 1983),
    ],
)
def test_the_estimate_is_never_below_the_peak_and_within_a_quarter(
    shape: Shape, portion: int, longest: int, checkpointing: bool, pairs: bool, peak: int
) -> None:
    estimate = need(shape, portion, longest, checkpointing=checkpointing, reference=pairs) / MB

    assert peak <= estimate <= 1.25 * peak


def test_all_goes_through_at_once_where_memory_allows() -> None:
    choice = choose(SMOL, longest=100, batch=8, free=64 * GIB)

    assert choice is not None
    assert (choice.portion, choice.checkpointing) == (800, False)
    assert choice.need == need(SMOL, 800, 100, checkpointing=False)


def test_no_portion_is_larger_than_is_of_use() -> None:
    choice = choose(SMOL, longest=100, batch=8_000, free=64 * GIB)

    assert choice is not None
    assert choice.portion == LARGEST_PORTION


def test_less_memory_means_smaller_portions_then_checkpointing_then_nothing() -> None:
    found = [choose(SMOL, longest=512, batch=8, free=int(free * MB)) for free in (20_000, 5_000, 2_100, 1_000)]

    assert [(one.portion, one.checkpointing) if one else None for one in found] == [
        (4096, False),
        (1024, False),
        (2048, True),
        None,
    ]


@pytest.mark.parametrize("free", [1_400 * MB, 3 * GIB, 40 * GIB])
@pytest.mark.parametrize("pairs", [False, True])
def test_the_longest_that_fits_does_fit_and_one_more_token_does_not(free: int, pairs: bool) -> None:
    longest = longest_that_fits(SMOL, free, pairs=pairs)

    assert choose(SMOL, longest, 1, free, pairs=pairs)
    assert not choose(SMOL, longest + 1, 1, free, pairs=pairs)


def test_nothing_fits_where_the_weights_alone_do_not() -> None:
    assert longest_that_fits(SMOL, 500 * MB) == 0
    assert choose(SMOL, 1, 1, 500 * MB) is None


def test_a_choice_keeps_within_what_is_free() -> None:
    for free in range(1_600, 8_000, 450):
        choice = choose(SMOL, longest=300, batch=16, free=free * MB)
        assert choice
        assert choice.need <= USABLE * free * MB
