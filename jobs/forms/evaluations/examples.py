"""The part of an evaluation's order that puts examples before the questions of plain chat models."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.forms.evaluations.offers import Offer, with_examples
from jobs.models import QuestionSet, Team, TrainingFile
from jobs.pipeline.evaluations import examples

MOST_SHOWN = 16
DEFAULT = 4


class ExamplesForm(forms.Form):
    shots = forms.MultipleChoiceField(label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple)
    few_shot = forms.IntegerField(
        label=_("Examples before each question"), min_value=1, max_value=MOST_SHOWN, initial=DEFAULT, required=False
    )
    examples = forms.ModelChoiceField(
        TrainingFile.objects.none(),
        to_field_name="uuid",
        required=False,
        label=_("File of the examples"),
        empty_label=None,
        help_text=_("The nearest examples are chosen for each question; never the question itself."),
    )
    other_shots = forms.BooleanField(required=False, label=_("With the examples before each question"))

    def offer_examples(self, team: Team, offers: list[Offer]) -> None:
        self.plain = [offer for offer in offers if not offer.tuned]
        fields: dict[str, Any] = self.fields
        fields["shots"].choices = [(offer.value, offer.model) for offer in self.plain]
        fields["examples"].queryset = examples.files_of(team).defer("options")

    def showing(self, cleaned: dict[str, Any], questions: QuestionSet, typed: Offer | None) -> list[Offer]:
        """Each of the chosen models, with examples. Adds what is wrong."""
        wanted = set(cleaned.get("shots") or ())
        chosen = [offer for offer in self.plain if offer.value in wanted] + ([typed] if typed else [])
        if not chosen:
            for name in ("few_shot", "examples"):
                self.errors.pop(name, None)  # nobody wants any
            return []
        count, file = cleaned.get("few_shot") or DEFAULT, cleaned.get("examples")
        if file is None:
            if "examples" not in self.errors:
                self.add_error("examples", _("Choose the file that the examples come from."))
            return []
        self._refuse_count(count, file, questions)
        return [with_examples(offer, count, file) for offer in chosen]

    def _refuse_count(self, count: int, file: TrainingFile, questions: QuestionSet) -> None:
        aside = len(questions.options.get("keep_out", ())) if questions.training_file_id == file.pk else 0
        left = max(0, file.examples - aside)
        if count > left:
            words = _("The file has only %(left)s examples beside the questions. Choose fewer, or another file.")
            self.add_error("few_shot", forms.ValidationError(words, params={"left": f"{left:,}"}))
