"""What differs between OpenAI-shaped services: one record each, data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.end_words import ALL_ENDS, OPENAI_ENDS
from jobs.methods import Method
from jobs.states import State


@dataclass(frozen=True)
class Profile:
    """One kind of service."""

    slug: str
    label: str | Promise
    hint: str | Promise
    own_url: str = ""  # empty: a team writes the address (hosts in UPSTREAM_HOSTS only)
    bundled: bool = False  # our own trainer: its address follows the server's port
    max_suffix: int = 64
    can_pause: bool = True
    # How it can train. Of OpenAI: the method guides, copies of November 2026; the catalog says which base takes which.
    methods: tuple[str, ...] = (Method.SUPERVISED, Method.DPO)
    methods_are_known: bool = True  # False: nobody told us, so nothing is ruled out
    watched_seconds: int = 5  # how often a job is asked for while a page shows it
    idle_seconds: int = 60
    ends: Mapping[str, State] = field(default_factory=lambda: OPENAI_ENDS, hash=False)  # the words that end its jobs

    @property
    def fixed_url(self) -> str:
        return settings.TRAINER_URL if self.bundled else self.own_url


PROFILES: dict[str, Profile] = {
    profile.slug: profile
    for profile in (
        Profile(
            "trainer",
            _("Bundled trainer"),
            _("Runs beside this portal, for practice and for real training. Nothing leaves this machine, no fee."),
            bundled=True,
            watched_seconds=2,
            idle_seconds=10,
        ),
        Profile(
            "openai",
            _("OpenAI"),
            _("Takes no new fine-tuning jobs after 2027-01-06; tuned models are switched off on 2027-01-14."),
            own_url="https://api.openai.com/v1",
        ),
        Profile(
            "custom",
            _("Other OpenAI-shaped service"),
            _("Any service that speaks OpenAI's fine-tuning API. The operator of this portal allows its host."),
            methods_are_known=False,
            ends=ALL_ENDS,
        ),
    )
}


def offered() -> list[Profile]:
    """The services that a new connection may be made to."""
    return [profile for profile in PROFILES.values() if settings.TRAINER_URL or not profile.bundled]
