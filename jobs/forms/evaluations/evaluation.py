"""An evaluation as a form: which models, with which prompt and settings, within which cap."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.forms.evaluations.examples import ExamplesForm
from jobs.forms.evaluations.offers import Offer, of_recording, offers_of
from jobs.models import Candidate, CandidateKind, Connection, Evaluation, Member, QuestionOrigin, QuestionSet, Team
from jobs.models.paid import NANO
from jobs.pipeline.evaluations.estimate import MOST_CALLS, Estimate, estimate
from jobs.pipeline.evaluations.ordering import MOST_CANDIDATES, recorded_answers

MOST_TOKENS = 16_000
TRAINED_ON = _(
    "These questions were in this model's training file, so its answers would say nothing about new texts. "
    "Choose other questions, or leave the model out: %(model)s"
)


class EvaluationForm(ExamplesForm):
    order_token = forms.UUIDField(widget=forms.HiddenInput)
    shown_usd = forms.CharField(required=False, widget=forms.HiddenInput)  # the price that the person confirmed
    recorded = forms.ModelChoiceField(
        Candidate.objects.none(), to_field_name="uuid", required=False, widget=forms.HiddenInput
    )
    models = forms.MultipleChoiceField(label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple)
    other_connection = forms.ModelChoiceField(
        Connection.objects.none(), to_field_name="uuid", required=False, label=_("Connection"), empty_label=None
    )
    other_model = forms.CharField(
        max_length=300,
        required=False,
        label=_("Model id"),
        help_text=_("As the service names it. Its price may be unknown."),
    )
    system_prompt = forms.CharField(
        label=_("System prompt"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    temperature = forms.FloatField(
        label=_("Temperature"),
        min_value=0,
        max_value=2,
        initial=0,
        help_text=_("0 is sober, 2 is wild. A model that takes none answers with its own."),
    )
    max_tokens = forms.IntegerField(
        label=_("Longest answer (tokens)"),
        min_value=1,
        max_value=MOST_TOKENS,
        initial=512,
        help_text=_("What is longer is cut off, and flagged."),
    )
    repetitions = forms.IntegerField(
        label=_("Repetitions"), min_value=1, max_value=10, initial=1, help_text=_("How often each question is put")
    )
    name = forms.CharField(
        max_length=120, required=False, label=_("Name"), help_text=_("How your team finds this evaluation.")
    )
    cap = forms.DecimalField(
        label=_("Cap (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
        help_text=_("No call is made that could pass it."),
    )

    def __init__(self, *args: Any, team: Team, questions: QuestionSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.questions = team, questions
        self.offers = offers_of(team)
        self.offer_examples(team, self.offers)
        self._field("recorded").queryset = recorded_answers(questions)
        self._field("models").choices = [(offer.value, offer.model) for offer in self.offers]
        self._field("other_connection").queryset = team.connections.alive()

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = [offer for offer in self.offers if offer.value in set(cleaned.get("models") or ())]
        typed, shown = self._typed(cleaned), bool(cleaned.get("other_shots"))
        if kept := cleaned.get("recorded"):
            chosen.insert(0, of_recording(kept))
        chosen += [typed] if typed and not shown else []
        chosen += self.showing(cleaned, self.questions, typed if shown else None)
        self._refuse(chosen)
        cleaned["chosen"] = list({offer.key: offer for offer in chosen}.values())
        return cleaned

    def _typed(self, cleaned: dict[str, Any]) -> Offer | None:
        connection, model = cleaned.get("other_connection"), cleaned.get("other_model")
        return Offer(CandidateKind.CHAT, connection, model) if connection and model else None

    def _refuse(self, chosen: list[Offer]) -> None:
        asking = [offer for offer in chosen if not offer.recorded]
        if not asking and not {"models", "shots", "examples"} & {*self.errors}:
            self.add_error("models", _("Choose at least one model."))
        if len(chosen) > MOST_CANDIDATES:
            words = _("Choose at most %(most)s models.")
            self.add_error("models", forms.ValidationError(words, params={"most": MOST_CANDIDATES}))
        for offer in asking:
            if offer.connection.disabled_at:
                words = _("Staff disabled this connection, so nothing can be ordered over it. Connection: %(name)s")
                self.add_error("models", forms.ValidationError(words, params={"name": offer.connection.name}))
            if self._was_trained_on(offer):
                self.add_error("models", forms.ValidationError(TRAINED_ON, params={"model": offer.model}))

    def _was_trained_on(self, offer: Offer) -> bool:
        """Near duplicates are found by the worker, before it asks anything."""
        file = self.questions.training_file_id
        is_of_file = self.questions.origin in (QuestionOrigin.FILE, QuestionOrigin.HELD_OUT)
        return bool(is_of_file and file and offer.tuned and offer.tuned.job.training_file_id == file)

    def candidates(self) -> list[Candidate]:
        """Rows that are not stored yet. Call it after is_valid()."""
        prompt = self.cleaned_data["system_prompt"].replace("\r\n", "\n")
        return [offer.candidate(self.questions, prompt) for offer in self.cleaned_data["chosen"]]

    def evaluation(self, member: Member) -> Evaluation:
        """The order as a row that is not stored yet, without its price."""
        data = self.cleaned_data
        jobs = {offer.tuned.job for offer in data["chosen"] if offer.tuned}
        return Evaluation(
            team=member.team,
            created_by=member.user,
            order_token=data["order_token"],
            name=data["name"] or self.questions.name,
            job=jobs.pop() if len(jobs) == 1 else None,
            temperature=data["temperature"],
            max_tokens=data["max_tokens"],
            repetitions=data["repetitions"],
        )

    def price(self, member: Member) -> Estimate:
        return estimate(self.evaluation(member), self.candidates())

    def is_too_much(self, price: Estimate) -> bool:
        return price.calls > MOST_CALLS

    def priced(self, member: Member, price: Estimate) -> Evaluation:
        """The order with the price that was shown. Its cap is the person's, or the bound in whole cents."""
        row = self.evaluation(member)
        cap = None if price.usd is None or not price.usd else self.cleaned_data["cap"] or price.cap
        row.estimate, row.cap_nano = price.as_dict(), None if cap is None else int(cap * NANO)
        return row
