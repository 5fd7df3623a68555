"""A judge as a form: which model, by which rubric, within which cap."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.forms.evaluations.offers import Offer, offers_of
from jobs.models import CandidateKind, Connection, Evaluation, Judging, Member, Question
from jobs.models.paid import NANO
from jobs.pipeline.judging.estimate import Estimate, estimate
from jobs.training_data.scoring.judge import judge_language
from jobs.training_data.scoring.judge_prompts import RUBRICS

MOST_TOKENS = 16_000
LONGEST_RUBRIC = 8_000


class JudgeForm(forms.Form):
    order_token = forms.UUIDField(widget=forms.HiddenInput)
    shown_usd = forms.CharField(required=False, widget=forms.HiddenInput)  # the price that the person confirmed
    judge = forms.ChoiceField(label=_("Judge"), required=False, widget=forms.RadioSelect)
    other_connection = forms.ModelChoiceField(
        Connection.objects.none(), to_field_name="uuid", required=False, label=_("Connection"), empty_label=None
    )
    other_model = forms.CharField(
        max_length=300,
        required=False,
        label=_("Model id"),
        help_text=_("As the service names it. Its price may be unknown."),
    )
    rubric = forms.CharField(
        label=_("Rubric"),
        required=False,
        max_length=LONGEST_RUBRIC,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=_("What makes an answer good. Left as it is, each question gets it in its own language."),
    )
    max_tokens = forms.IntegerField(
        label=_("Longest reply (tokens)"),
        min_value=1,
        max_value=MOST_TOKENS,
        initial=16,
        help_text=_("The reply is one letter. A model that thinks before it replies needs some thousands."),
    )
    cap = forms.DecimalField(
        label=_("Cap (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
        help_text=_("No call is made that could pass it."),
    )

    def __init__(self, *args: Any, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.evaluation = evaluation
        # a plain chat model judges best; a tuned one has learnt to write something else
        self.offers = sorted(offers_of(evaluation.team), key=lambda offer: offer.tuned is not None)
        self._field("judge").choices = [(offer.value, offer.model) for offer in self.offers]
        self._field("other_connection").queryset = evaluation.team.connections.alive()

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def first_values(self) -> dict[str, Any]:
        """A model that can be called, best a plain one that is none of those to judge; and our rubric."""
        candidates = {(one.connection_id, one.model) for one in self.evaluation.candidates.all()}
        others = [one for one in self.offers if (one.connection.pk, one.model) not in candidates]
        best = sorted(others or self.offers, key=_is_second_choice)
        return {"judge": best[0].value if best else "", "rubric": self.our_rubric}

    @property
    def our_rubric(self) -> str:
        sets = self.evaluation.candidates.values("question_set")
        first = Question.objects.filter(question_set__in=sets).exclude(messages=[]).first()
        return RUBRICS[judge_language(first.messages if first else [])]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = next((offer for offer in self.offers if offer.value == cleaned.get("judge")), None)
        if cleaned.get("other_model") and cleaned.get("other_connection"):
            chosen = Offer(CandidateKind.CHAT, cleaned["other_connection"], cleaned["other_model"])
        cleaned["chosen"] = chosen
        if chosen is None and "judge" not in self.errors:
            self.add_error("judge", _("Choose a judge."))
        elif chosen and chosen.connection.disabled_at:
            words = _("Staff disabled this connection, so nothing can be ordered over it. Connection: %(name)s")
            self.add_error("judge", forms.ValidationError(words, params={"name": chosen.connection.name}))
        return cleaned

    def judging(self, member: Member) -> Judging:
        """The order as a row that is not stored yet, without its price. Call it where `chosen` is there."""
        data, chosen = self.cleaned_data, self.cleaned_data["chosen"]
        rubric = data["rubric"].replace("\r\n", "\n").strip()
        return Judging(
            evaluation=self.evaluation,
            created_by=member.user,
            order_token=data.get("order_token") or uuid4(),
            connection=chosen.connection,
            model=chosen.model,
            engine=chosen.engine,
            price_as=chosen.price_as,
            rubric="" if rubric in RUBRICS.values() else rubric,
            max_tokens=data["max_tokens"],
        )

    @property
    def can_be_priced(self) -> bool:
        """All that a price needs is there, although something else may be wrong."""
        return bool(self.cleaned_data.get("chosen")) and {"rubric", "max_tokens"} <= self.cleaned_data.keys()

    def price(self, member: Member) -> Estimate:
        return estimate(self.judging(member), self.evaluation)

    def priced(self, member: Member, price: Estimate) -> Judging:
        """The order with the price that was shown. Its cap is the person's, or the bound in whole cents."""
        row = self.judging(member)
        cap = None if not price.usd else self.cleaned_data["cap"] or price.cap
        row.estimate, row.cap_nano = price.as_dict(), None if cap is None else int(cap * NANO)
        return row


def _is_second_choice(offer: Offer) -> tuple[bool, bool]:
    cannot_be_called = bool(offer.connection.parked_at or offer.connection.disabled_at)
    return cannot_be_called, offer.is_simulated or offer.tuned is not None
