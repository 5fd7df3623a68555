"""What the forms for files and for texts share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class OneUploadForm(forms.Form):
    """One file, in the field `upload` that a subclass brings. `cut`: it was chosen, but did not arrive whole."""

    def __init__(self, *args: Any, cut: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if cut:
            words = _("The upload was cut off, so nothing was stored. Please send the file again.")
            self.fields["upload"].error_messages["required"] = words
