"""What a seed stands for: the far side's fault, the step that is aimed at, what is done there, and how soon."""

import random
from dataclasses import dataclass

# By key name (docs/trainer.md). Where nothing goes on until somebody acts, the person replaces the key after a while.
PASSING = (
    "",
    "500-before",
    "500-after",
    "drop-before",
    "drop-after",
    "timeout-before=4",
    "timeout-after=4",
    "drop-after.late-list=4",
    "500-after.no-metadata-filter",
    "timeout-after=4.late-list=6.no-metadata-filter",
    "slow=0.8",
    "429-short",
    "late-list=4",
    "no-metadata-filter",
    "unknown-status",
    "unknown-event",
    "moderation",
    "fail=server_error",
    "fail=invalid_training_file",
    "training-not-available",
)
LASTING = ("invalid-key", "429-long", "429-quota", "malformed", "html")
AT_CREATE = ("500", "drop", "timeout")

STEPS = (
    "upload",
    "check",
    "order",
    "push",
    "push-arrived",
    "submit",
    "submit-arrived",
    "settle",
    "poll",
    "collect",
    "cancel",
    "notice",
)
# When a person cancels, if ever: not so early that the step aimed at is never reached.
CANCEL_AT = {
    "cancel": ("new", "submitting", "running"),
    "upload": ("", "", "new", "submitting", "running"),
    "submit-arrived": ("", "", "running"),
    "settle": ("", "", "running"),
    "poll": ("", "", "running"),
    "collect": ("", "", "running"),
    "notice": ("",),
}

ACTIONS = (
    *("worker", "worker", "worker", "web", "web", "beat"),
    *("two workers", "two beats", "broker", "clock forward", "clock back"),
)


@dataclass(frozen=True)
class Plan:
    """One run, whole. Everything random about it comes from its seed."""

    seed: int
    fault: str
    step: str
    action: str
    delay: float  # seconds from the moment the step is seen to the act
    cancel_at: str  # the state in which the person asks to cancel; empty: never
    watched: bool  # a page shows the job
    heal_after: float  # seconds until a lasting fault is mended with a new key
    dice: float  # 0 … 1, for what the act itself has to choose

    @property
    def name(self) -> str:
        return f"chaos-{self.seed}"

    @property
    def lasting(self) -> bool:
        return self.fault in LASTING

    @property
    def healthy_key(self) -> str:
        return f"trainer-{self.name}"

    @property
    def key(self) -> str:
        """The fault, and an answer slow enough that the kill can fall between the far side's act and our record."""
        names = [self.fault] if self.fault else []
        if self.step == "submit-arrived" and not any(name in self.fault for name in AT_CREATE):
            names.append("timeout-after=1.5")
        elif self.step not in ("upload", "check", "order", "notice") and "slow" not in self.fault:
            names.append("slow=0.15")
        return f"trainer-fault.{'.'.join(names)}-{self.name}" if names else self.healthy_key

    @property
    def ends(self) -> set[str]:
        """The states in which this order may truly end."""
        fails = self.fault.startswith("fail=") or self.fault == "training-not-available"
        return {"failed" if fails else "succeeded"} | ({"cancelled"} if self.cancel_at else set())


def plan_of(seed: int) -> Plan:
    dice = random.Random(seed)
    step = dice.choice(STEPS)
    action = dice.choice(ACTIONS)
    lost = [fault for fault in PASSING if fault.startswith(AT_CREATE)]  # what makes an order UNSURE
    return Plan(
        seed=seed,
        fault=dice.choice(lost if step == "settle" else (*PASSING, *LASTING)),
        step=step,
        action=action,
        delay=dice.choice((0.0, 0.0, dice.uniform(0, 0.3), dice.uniform(0, 1.5))),
        cancel_at=dice.choice(CANCEL_AT.get(step, ("", "", "submitting", "running"))),
        watched=dice.random() < 0.7,
        heal_after=dice.uniform(1, 5),
        dice=dice.random(),
    )
