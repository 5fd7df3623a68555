"""The part of a job's order that asks questions of its model when it has ended."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models import FineTuneJob, PlannedEvaluation, QuestionSet, QuestionState, Team
from jobs.models.paid import NANO
from jobs.pipeline.evaluations.estimate import Estimate
from jobs.pipeline.evaluations.planning import price


class AfterJob(forms.Form):
    evaluate = forms.ModelChoiceField(
        QuestionSet.objects.none(),
        to_field_name="uuid",
        required=False,
        label=_("Evaluate when it ends"),
        empty_label=_("No"),
        help_text=_("These questions are put to the new model and to its base, and the answers compared."),
    )
    evaluate_cap = forms.DecimalField(
        label=_("Cap of the evaluation (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
        help_text=_("Left empty: what it costs at most."),
    )

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def offer_questions(self, team: Team) -> None:
        ready = QuestionSet.objects.filter(team=team, state=QuestionState.READY, deleted_at=None, later=None)
        self._field("evaluate").queryset = ready.defer("options")

    def check_questions(self, cleaned: dict[str, Any]) -> None:
        questions, training = cleaned.get("evaluate"), cleaned.get("training_file")
        if questions and training and questions.training_file_id == training.pk:
            self.add_error("evaluate", _("These questions are in the training file. Train on the file without them."))

    def evaluation_price(self) -> Estimate | None:
        """What the evaluation costs at most; None where none is wanted. Call it after is_valid()."""
        questions, connection, base = (self.cleaned_data.get(name) for name in ("evaluate", "connection", "base_model"))
        return price(questions, connection, base) if questions and connection and base else None

    def planned(self, job: FineTuneJob) -> PlannedEvaluation | None:
        """The evaluation that is to follow, as a row that is not stored yet."""
        expected = self.evaluation_price()
        if expected is None:
            return None
        cap = self.cleaned_data.get("evaluate_cap") or expected.cap
        about = {"question_set": self.cleaned_data["evaluate"], "created_by": job.created_by}
        return PlannedEvaluation(job=job, cap_nano=int(cap * NANO) if cap else None, **about)
