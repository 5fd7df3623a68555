"""A recipe as a form: every setting adjustable, and a run of it ordered."""

import importlib.util
import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import pricing
from jobs.engines import Engine, facts_of, has_open_licence
from jobs.forms.job import OTHER
from jobs.models import Connection, Member, Run, Source, Team
from jobs.models.paid import NANO
from jobs.pipeline.runs.prices import Estimate
from jobs.training_data.recipes.recipe import MOST_CHARACTERS, MOST_KEYWORDS, MOST_SENTENCES, MOST_TOKENS, Recipe

WORDS = re.compile(r"[\s,]+")
MOST_STOP_WORDS = 2_000
PROBLEMS = {
    "out_of_range": _("This number is out of its range."),
    "low_above_high": _("The fewest sentences are more than the most. Make the first number the smaller one."),
    "without_place": _("The place for the text is missing. Put it in braces, as the note below the field says."),
    "unknown_place": _("A place in braces is none that this recipe knows. The note below the field names them."),
}
TYPED = ("prompt", "template", "system_prompt")  # a browser ends their lines with CR and LF
CUTS = (
    ("paragraphs", _("By paragraphs, as they were written")),
    ("sentences", _("By groups of sentences")),
    ("characters", _("By length")),
)
KINDS = (
    ("keywords", _("Keywords → paragraph")),
    ("summary", _("Summary → passage")),
    ("own", _("My own template")),
)


class RecipeForm(forms.Form):
    """The settings alone; `recipe` gives them as they are stored."""

    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, label=_("Recipe"), initial="keywords")
    cut = forms.ChoiceField(label=_("How the text is cut"), choices=CUTS, widget=forms.RadioSelect)
    low = forms.IntegerField(
        label=_("Sentences at least"), min_value=1, max_value=MOST_SENTENCES, help_text=_("in a piece")
    )
    high = forms.IntegerField(
        label=_("Sentences at most"), min_value=1, max_value=MOST_SENTENCES, help_text=_("in a piece")
    )
    seed = forms.IntegerField(
        label=_("Seed"), min_value=0, max_value=2**31 - 1, help_text=_("Same seed, same groups, same file")
    )
    size = forms.IntegerField(
        label=_("Characters a piece"),
        min_value=100,
        max_value=MOST_CHARACTERS,
        help_text=_("It ends where a sentence does."),
    )
    line_breaks = forms.ChoiceField(
        label=_("Line breaks inside a piece"),
        choices=(
            ("auto", _("wrapped lines are joined, others stay")),
            ("join", _("become a space")),
            ("keep", _("stay")),
        ),
    )
    top = forms.IntegerField(
        label=_("Keywords at most"), min_value=1, max_value=MOST_KEYWORDS, help_text=_("of each piece")
    )
    ranking = forms.ChoiceField(
        label=_("Which nouns come first"),
        choices=(
            ("frequency", _("The most frequent of the piece")),
            ("distinctive", _("Those that set it apart from the rest of the text")),
        ),
    )
    analyser = forms.ChoiceField(label=_("Analyser"), choices=(("mecab", _("mecab-ko (fast)")),))
    units = forms.ChoiceField(
        label=_("Units and counting words"),
        choices=(("leave_out", _("are no keywords")), ("keep", _("may be keywords"))),
    )
    stop_words = forms.CharField(
        label=_("Words to leave out"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Separated by spaces, commas or lines."),
    )
    between = forms.CharField(label=_("Between two keywords"), required=False, max_length=10, strip=False)
    prompt = forms.CharField(
        label=_("What the model is asked"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("{text} stands for the piece of text, {heading} for the heading above it."),
    )
    max_tokens = forms.IntegerField(
        label=_("Longest answer (tokens)"),
        min_value=1,
        max_value=MOST_TOKENS,
        help_text=_("What is longer is cut off, and flagged."),
    )
    temperature = forms.FloatField(
        label=_("Temperature"), min_value=0, max_value=2, help_text=_("0 is sober, 2 is wild")
    )
    template = forms.CharField(
        label=_("Prompt of the example"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "{keywords}, {summary} or {text} stands for what this recipe found, {heading} for the heading above the "
            "piece. Left empty: “Write a text with these words: {keywords}” or the like, in the language of the piece."
        ),
    )
    answer = forms.ChoiceField(
        label=_("Answer of the example"),
        choices=(("text", _("The piece of text")), ("keywords", _("The keywords"))),
        required=False,
    )
    system_prompt = forms.CharField(
        label=_("System prompt"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    format = forms.ChoiceField(
        label=_("Format of the file"),
        choices=(("chat", _("Chat")), ("legacy", _("Prompt and completion (legacy)"))),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if importlib.util.find_spec("kiwipiepy"):
            analyser: Any = self.fields["analyser"]
            analyser.choices = [*analyser.choices, ("kiwi", _("Kiwi (better, ten times slower)"))]

    def clean_stop_words(self) -> list[str]:
        words = [word for word in WORDS.split(self.cleaned_data["stop_words"]) if word]
        return list(dict.fromkeys(words))[:MOST_STOP_WORDS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            for field, code in self.recipe.problems().items():
                self.add_error(field, PROBLEMS[code])
        return cleaned

    @property
    def recipe(self) -> Recipe:
        """After is_valid(). Settings that another kind needs are kept too: whoever changes the kind finds them."""
        names = Recipe.__struct_fields__
        told = {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name) not in (None, "")}
        told |= {name: told[name].replace("\r\n", "\n") for name in TYPED if name in told}
        return Recipe.of(told | {"between": self.cleaned_data["between"]})


def as_initial(recipe: Recipe) -> dict[str, Any]:
    """A recipe as first values of the form."""
    return recipe.as_json() | {"stop_words": " ".join(recipe.stop_words)}


class RunForm(RecipeForm):
    """A recipe over texts: look at it, then order it."""

    order_token = forms.UUIDField(widget=forms.HiddenInput)
    shown_usd = forms.CharField(required=False, widget=forms.HiddenInput)  # the price that the person confirmed
    name = forms.CharField(
        max_length=120, required=False, label=_("Name"), help_text=_("How your team finds this run.")
    )
    sources = forms.ModelMultipleChoiceField(
        Source.objects.none(),
        to_field_name="uuid",
        label=_("Texts"),
        error_messages={"required": _("Choose at least one text.")},
    )
    base = forms.ChoiceField(label=_("Model that summarises"), required=False, widget=forms.RadioSelect)
    other_connection = forms.ModelChoiceField(
        Connection.objects.none(), to_field_name="uuid", required=False, label=_("Connection"), empty_label=None
    )
    other_model = forms.CharField(max_length=200, required=False, label=_("Model id"))
    cap = forms.DecimalField(
        label=_("Cap (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
        help_text=_("No call is made that could pass it."),
    )
    taste = forms.BooleanField(
        required=False, label=_("Stop after the first answer"), help_text=_("Look at it, then let the run go on.")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self._field("sources").queryset = Source.objects.usable().filter(team=team)
        self._field("other_connection").queryset = team.connections.alive()
        self.connections = list(team.connections.alive())
        self.offers = [offer for connection in self.connections for offer in chat_offers(connection)]
        choices = [(offer["value"], offer["model"]) for offer in self.offers]
        self._field("base").choices = [*choices, (OTHER, _("Another model"))]
        usable = [offer for offer in self.offers if not offer["connection"].disabled_at]
        self._field("base").initial = usable[0]["value"] if usable else OTHER

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") == "summary":
            self._choose_model(cleaned)
        return cleaned

    def _choose_model(self, cleaned: dict[str, Any]) -> None:
        """Put `connection` and `model` into the cleaned data."""
        chosen = next((offer for offer in self.offers if offer["value"] == cleaned.get("base")), None)
        if chosen:
            cleaned |= {"connection": chosen["connection"], "model": chosen["model"]}
        elif cleaned.get("base") == OTHER:
            cleaned |= {"connection": cleaned.get("other_connection"), "model": cleaned.get("other_model")}
            if not cleaned["model"]:
                self.add_error("other_model", _("Enter the id of the model, as the service names it."))
            if not cleaned["connection"]:
                self.add_error("other_connection", _("Choose the connection that is asked."))
        else:
            self.add_error("base", _("Choose the model that writes the summaries."))
        connection = cleaned.get("connection")
        if connection and connection.disabled_at:
            told = _("Staff disabled this connection, so nothing can be ordered over it. Connection: %(name)s")
            self.add_error("base", forms.ValidationError(told, params={"name": connection.name}))

    def run(self, member: Member, estimate: Estimate | None) -> Run:
        """The order as a row that is not stored yet. Its cap is the person's, or the bound in whole cents."""
        data = self.cleaned_data
        first = data["sources"][0].name
        cap = None if estimate is None or estimate.usd is None else data["cap"] or estimate.cap
        return Run(
            team=member.team,
            created_by=member.user,
            order_token=data["order_token"],
            name=data["name"] or first.rsplit(".", 1)[0][:120],
            recipe=self.recipe.as_json(),
            connection=data.get("connection") if estimate else None,
            model=data.get("model", "") if estimate else "",
            engine=data["connection"].engine_of(data["model"]) if estimate and data.get("connection") else "",
            estimate=estimate.as_dict() if estimate else {},
            cap_nano=None if cap is None else int(cap * NANO),
            stop_after=1 if estimate and data["taste"] else None,
        )


def chat_offers(connection: Connection) -> list[dict[str, Any]]:
    """Models of the catalogue that a connection can chat with: less what the service was seen not to list."""
    seen = set(connection.bases_seen())
    real = [pricing.base(connection.profile, name, Engine.TRANSFORMERS) for name in connection.talking_bases()]
    alive = [base for base in pricing.bases(connection.profile) if base.days_left is None or base.days_left > 0]
    return [
        {
            "value": f"{connection.uuid}|{base.id}",
            "connection": connection,
            "model": base.id,
            "base": base,
            "engine": connection.engine_of(base.id),
            "facts": (facts := facts_of(connection.listed(base.id))),
            "is_open": has_open_licence(facts),
        }
        for base in [*filter(None, real), *alive]
        if not seen or base.id in seen
    ]


class CapForm(forms.Form):
    cap = forms.DecimalField(
        label=_("Cap (USD)"), min_value=Decimal("0.01"), max_value=Decimal(100_000), decimal_places=4
    )


class RecipeNameForm(forms.Form):
    recipe_name = forms.CharField(max_length=80, label=_("Name of the recipe"))
