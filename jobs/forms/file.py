"""Forms that take a training file, and what a conversion needs."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from jobs.faults import explain
from jobs.forms.uploading import OneUploadForm
from jobs.training_data.codes import Code
from jobs.training_data.report import fault
from jobs.uploads import HashedFile, too_large

ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".xlsx")


class UploadForm(OneUploadForm):
    """Training data, or a table of it. What is in it is the check's business, not the form's."""

    upload = forms.FileField(
        label=_("Training file"),
        allow_empty_file=True,  # we say it in the check's words
        error_messages={"required": _("Choose a file first.")},
        widget=forms.FileInput({"accept": ",".join(ENDINGS)}),
    )

    def clean_upload(self) -> HashedFile:
        file: HashedFile = self.cleaned_data["upload"]
        if not (file.name or "").lower().endswith(ENDINGS):
            raise forms.ValidationError(
                _(
                    "Only files whose name ends in .jsonl, .json, .csv, .tsv or .xlsx can be uploaded. "
                    "Save the data as one of these. Name: %(name)s"
                ),
                params={"name": file.name},
            )
        if not file.size:
            raise forms.ValidationError(" ".join(explain(fault(0, Code.EMPTY_FILE))))
        if file.size > settings.UPLOAD_LIMIT:
            raise forms.ValidationError(too_large(), code="too_large")
        return file


class ConvertForm(forms.Form):
    """How prompts and completions become a chat."""

    system_prompt = forms.CharField(
        label=_("System prompt"),
        required=False,
        max_length=10_000,
        help_text=_("Stands before every example, and later before every question to the model."),
        widget=forms.Textarea({"rows": 3}),
    )
