"""The shared templates: error pages that need nothing, and fields that tell a screen reader what they say."""

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils.translation import override


class Naming(forms.Form):
    name = forms.CharField(max_length=3, help_text="short")
    note = forms.CharField(required=False)


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "500"])
def test_error_page_renders_without_any_context(page: str) -> None:
    with override("en"):
        html = render_to_string(f"{page}.html")

    assert html.count("<h1>") == 1
    assert '<html lang="en">' in html


def test_field_names_its_hint_and_its_error() -> None:
    form = Naming({"name": "too long"})

    html = form["name"].as_field_group()

    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_only_a_field_that_may_be_empty_says_so() -> None:
    form = Naming()

    with override("en"):
        marked = [name for name in form.fields if "(optional)" in form[name].as_field_group()]

    assert marked == ["note"]
