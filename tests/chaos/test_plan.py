"""A seed stands for one run, for ever, and the first two hundred meet everything there is."""

from tests.chaos.plan import ACTIONS, AT_CREATE, LASTING, PASSING, STEPS, plan_of


def test_a_seed_is_the_same_plan_again() -> None:
    assert plan_of(137) == plan_of(137)
    assert plan_of(137) != plan_of(138)


def test_two_hundred_seeds_meet_every_fault_step_and_act() -> None:
    plans = [plan_of(seed) for seed in range(1, 201)]

    assert {plan.fault for plan in plans} == {*PASSING, *LASTING}
    assert {(plan.step, plan.action) for plan in plans} >= {(step, "worker") for step in STEPS}
    assert {plan.action for plan in plans} == set(ACTIONS)


def test_settling_is_aimed_at_where_an_answer_gets_lost() -> None:
    aimed = [plan for plan in map(plan_of, range(1, 201)) if plan.step == "settle"]

    assert aimed
    assert all(plan.fault.startswith(AT_CREATE) for plan in aimed)


def test_a_lasting_fault_is_mended_by_a_key_of_the_same_account() -> None:
    plan = next(plan for plan in map(plan_of, range(1, 201)) if plan.lasting)

    assert plan.key.startswith(f"trainer-fault.{plan.fault}")
    assert plan.key.endswith(f"-{plan.name}")
    assert plan.healthy_key == f"trainer-{plan.name}"
