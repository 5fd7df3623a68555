"""Forms that take a text, and the encoding that a person says it has."""

from pathlib import PurePosixPath

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from jobs.forms.uploading import OneUploadForm
from jobs.text_faults import ENCODINGS, explain_text
from jobs.training_data.texts.codes import TextCode
from jobs.training_data.texts.found import ENCODINGS as CHOOSABLE
from jobs.training_data.texts.found import KINDS, PUT_RIGHT
from jobs.uploads import HashedFile, too_large


class SourceForm(OneUploadForm):
    """One text. What is in it is the reader's business, not the form's."""

    upload = forms.FileField(
        label=_("Text"),
        allow_empty_file=True,  # we say it in the reader's words
        error_messages={"required": _("Choose a text first: .txt, .md, .docx, .hwpx or .pdf.")},
        widget=forms.FileInput({"accept": ",".join(f".{kind}" for kind in KINDS)}),
    )

    def clean_upload(self) -> HashedFile:
        file: HashedFile = self.cleaned_data["upload"]
        ending = PurePosixPath(file.name or "").suffix.lower().removeprefix(".")
        if ending in ("hwp", "doc"):
            raise forms.ValidationError(" ".join(explain_text(TextCode.OLD_FORMAT, {})))
        if ending not in KINDS:
            raise forms.ValidationError(
                _("Only .txt, .md, .docx, .hwpx and .pdf can be read. Name: %(name)s"), params={"name": file.name}
            )
        if not file.size:
            raise forms.ValidationError(" ".join(explain_text(TextCode.EMPTY, {})))
        if file.size > settings.UPLOAD_LIMIT:
            raise forms.ValidationError(too_large(), code="too_large")
        return file


class EncodingForm(forms.Form):
    """How the bytes of a plain text are to be read."""

    encoding = forms.ChoiceField(
        label=_("Read it as"),
        required=False,
        choices=[
            ("", _("As recognised")),
            (PUT_RIGHT, _("As recognised, with garbled lines put right")),
            *((name, ENCODINGS[name]) for name in CHOOSABLE),
        ],
    )
