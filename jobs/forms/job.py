"""Ordering, editing and finding jobs."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import pricing
from jobs.answers import LONGEST_ID
from jobs.engines import Engine, base_of, facts_of, has_open_licence
from jobs.forms.evaluations.after_job import AfterJob
from jobs.forms.fields import AutoNumber
from jobs.methods import OWN_SETTINGS, SETTINGS, TRAINS_ON, Method
from jobs.models import Connection, FineTuneJob, Member, Team, TrainingFile

OTHER = "other"  # the choice that lets an id be typed
GROUPS = ("own", "continued", "service", "practice")  # of base models, in the order of the page
CONTINUED = 10  # of the newest models of one's own that are offered for more training


class OrderForm(AfterJob):
    """One page: data → model and method → cost → start."""

    order_token = forms.UUIDField(widget=forms.HiddenInput)
    retry_of = forms.UUIDField(required=False, widget=forms.HiddenInput)
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput)  # a model of the rescue
    shown_usd = forms.CharField(required=False, widget=forms.HiddenInput)  # the price that the person confirmed
    training_file = forms.ModelChoiceField(
        TrainingFile.objects.none(),
        to_field_name="uuid",
        label=_("Training file"),
        widget=forms.RadioSelect,
        empty_label=None,
    )
    validation_file = forms.ModelChoiceField(
        TrainingFile.objects.none(),
        to_field_name="uuid",
        required=False,
        label=_("Validation file"),
        empty_label=_("None"),
        help_text=_("Measured beside the training, never trained on, not billed."),
    )
    base = forms.ChoiceField(label=_("Base model"), widget=forms.RadioSelect)
    other_connection = forms.ModelChoiceField(
        Connection.objects.none(), to_field_name="uuid", required=False, label=_("Connection"), empty_label=None
    )
    other_model = forms.CharField(max_length=200, required=False, label=_("Model id"))
    name = forms.CharField(
        max_length=120, required=False, label=_("Name"), help_text=_("How your team finds this job.")
    )
    suffix = forms.CharField(required=False, label=_("Suffix"), help_text=_("Becomes part of the tuned model's name."))
    n_epochs = AutoNumber(int, 1, 50, label=_("Epochs"), help_text=_("auto, or 1–50"))
    batch_size = AutoNumber(int, 1, 256, label=_("Batch size"), help_text=_("auto, or 1–256"))
    learning_rate_multiplier = AutoNumber(
        float, 0.0001, 100, label=_("Learning rate multiplier"), help_text=_("auto, or above 0")
    )
    beta = AutoNumber(
        float,
        0.0001,
        2,
        label=_("Beta"),
        help_text=_("auto, or above 0 up to 2: the higher, the closer the model stays to its base"),
    )
    lora_r = AutoNumber(
        int, 1, 256, label=_("LoRA rank"), help_text=_("auto, or 1–256: a higher one learns more and needs more memory")
    )
    lora_alpha = AutoNumber(int, 1, 1024, label=_("LoRA alpha"), help_text=_("auto, or 1–1024: usually twice the rank"))
    early_stopping = forms.BooleanField(
        required=False,
        label=_("Stop early"),
        help_text=_("Ends when the validation loss rises, and keeps the best checkpoint. Needs a validation file."),
    )
    accepts_terms = forms.BooleanField(required=False, label=_("I use what comes of it for nothing commercial."))
    seed = forms.IntegerField(
        min_value=0, max_value=2147483647, required=False, label=_("Seed"), help_text=_("Same seed, same order of data")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.connections = sorted(team.connections.alive(), key=lambda connection: connection.is_troubled)
        files = TrainingFile.objects.usable().filter(team=team).defer("options")
        self._field("training_file").queryset = files
        self._field("validation_file").queryset = files
        self.offer_questions(team)
        self._field("other_connection").queryset = team.connections.alive()
        self.offers = sorted((offer for one in self.connections for offer in offers(one)), key=_place)
        choices = [(offer["value"], offer["model"]) for offer in self.offers]
        self.fields["base"].choices = [*choices, (OTHER, _("Another model"))]  # type: ignore[attr-defined]

    def clean_suffix(self) -> str:
        suffix: str = self.cleaned_data["suffix"].strip()
        longest = 64
        if len(suffix) > longest:
            raise forms.ValidationError(
                _("The suffix has %(length)d characters; at most %(longest)d are allowed."),
                params={"length": len(suffix), "longest": longest},
            )
        return suffix

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._choose_model(cleaned)
        self._refuse_method(cleaned)
        self._check_own(cleaned)
        for name in {*SETTINGS[Method.DPO]} - {*SETTINGS[self.method]}:
            self.errors.pop(name, None)  # the page shows it for another method only
        training, validation = cleaned.get("training_file"), cleaned.get("validation_file")
        if training and training == validation:
            self.add_error(
                "validation_file",
                _("This is the training file itself: validation would tell nothing. Choose another one, or none."),
            )
        elif training and validation and training.format != validation.format:
            told = _("It must have the format of the training file. That is: %(format)s")
            self.add_error(
                "validation_file", forms.ValidationError(told, params={"format": training.get_format_display()})
            )
        self.check_questions(cleaned)
        return cleaned

    @property
    def method(self) -> Method:
        """It follows from the training file: each format is trained on by one method."""
        file = self.cleaned_data.get("training_file")
        return (file and file.method) or Method.SUPERVISED

    def _refuse_method(self, cleaned: dict[str, Any]) -> None:
        connection, model = cleaned.get("connection"), cleaned.get("base_model")
        if connection and model and not takes(connection, model, self.method):
            told = _("%(method)s: the service's guides do not name this base model for it. Choose another one.")
            if self.facts.get("memorises"):
                told = _(
                    "%(method)s continues a trained model. Train this one on a chat file first, then choose the result."
                )
            self.add_error("base", forms.ValidationError(told, params={"method": self.method.label}))

    def _check_own(self, cleaned: dict[str, Any]) -> None:
        """What only real bases of our own trainer ask for."""
        if not self.own_settings:
            for name in OWN_SETTINGS:
                self.errors.pop(name, None)  # the page shows them for real bases only
        elif cleaned.get("early_stopping") and not cleaned.get("validation_file"):
            self.add_error("early_stopping", _("Choose a validation file: its loss tells when to stop."))
        if self.facts.get("non_commercial") and not cleaned.get("accepts_terms"):
            self.add_error(
                "accepts_terms", _("The licence of this model allows no commercial use. Confirm that first.")
            )

    @property
    def facts(self) -> dict[str, Any]:
        """What the service says of the chosen model, where it is a real one."""
        connection, model = self.cleaned_data.get("connection"), self.cleaned_data.get("base_model")
        return facts_of(connection.listed(base_of(model))) if connection and model else {}

    @property
    def own_settings(self) -> tuple[str, ...]:
        """Those of OWN_SETTINGS that the chosen model has for the method."""
        if not self.facts or self.method != Method.SUPERVISED:
            return ()
        return OWN_SETTINGS if self.facts.get("kind") == "lora" else ("early_stopping",)

    def _choose_model(self, cleaned: dict[str, Any]) -> None:
        """Put `connection` and `base_model` into the cleaned data."""
        chosen = next((offer for offer in self.offers if offer["value"] == cleaned.get("base")), None)
        if chosen:
            cleaned |= {"connection": chosen["connection"], "base_model": chosen["model"]}
        elif cleaned.get("base") == OTHER:
            cleaned |= {"connection": cleaned.get("other_connection"), "base_model": cleaned.get("other_model")}
            if not cleaned["base_model"]:
                self.add_error("other_model", _("Enter the id of the base model, as the service names it."))
            if not cleaned["connection"]:
                self.add_error("other_connection", _("Choose the connection that trains it."))
        self._refuse_disabled(cleaned)

    def _refuse_disabled(self, cleaned: dict[str, Any]) -> None:
        connection = cleaned.get("connection")
        if connection and connection.disabled_at:
            told = _("Staff disabled this connection, so nothing can be ordered over it. Connection: %(name)s")
            self.add_error("base", forms.ValidationError(told, params={"name": connection.name}))

    def estimate(self) -> pricing.Estimate | None:
        """What the order would cost; None while file or model are not chosen. Call it after is_valid()."""
        data = self.cleaned_data
        file, connection, model = (data.get(name) for name in ("training_file", "connection", "base_model"))
        if not (file and connection and model):
            return None
        epochs = data.get("n_epochs", "auto")
        return pricing.estimate(
            connection.profile,
            model,
            tokens=file.tokens,
            examples=file.examples,
            epochs=epochs,
            method=self.method,
            engine=connection.engine_of(model),
            facts=self.facts,
        )

    def hyperparameters(self) -> dict[str, int | float | str | None]:
        """The settings of the method; None where one was not understood."""
        data = self.cleaned_data
        own = {name: data.get(name) for name in self.own_settings if data.get(name) not in ("auto", None, False)}
        return {name: data.get(name) for name in SETTINGS[self.method]} | own

    def job(self, member: Member, estimate: pricing.Estimate, retry_of: FineTuneJob | None) -> FineTuneJob:
        """The order as a row that is not stored yet."""
        data = self.cleaned_data
        return FineTuneJob(
            team=member.team,
            created_by=member.user,
            order_token=data["order_token"],
            retry_of=retry_of,
            connection=data["connection"],
            base_model=data["base_model"],
            engine=data["connection"].engine_of(data["base_model"]),
            model_facts=self.facts,
            training_file=data["training_file"],
            validation_file=data["validation_file"],
            name=data["name"] or data["suffix"] or data["training_file"].name.removesuffix(".jsonl")[:120],
            suffix=data["suffix"],
            seed=data["seed"],
            method=self.method,
            hyperparameters=self.hyperparameters(),
            estimate=estimate.as_dict(),
            estimated_usd=None if estimate.usd is None else estimate.usd.quantize(Decimal("0.0001")),
        )


def offers(connection: Connection) -> list[dict[str, Any]]:
    """Base models that a connection can train: those listed as real, then our catalog less what is not listed.

    What was tuned from a real one can be trained further.
    """
    seen = set(connection.bases_seen())
    real = [(name, pricing.base(connection.profile, name, Engine.TRANSFORMERS)) for name in _real(connection, seen)]
    known = [base for base in pricing.bases(connection.profile) if base.takes_jobs and (not seen or base.id in seen)]
    return [_offer(connection, name, base) for name, base in [*real, *((one.id, one) for one in known)] if base]


def _real(connection: Connection, seen: set[str]) -> list[str]:
    own = connection.real_bases()
    if not own:
        return []
    tuned = connection.tuned_models.alive().filter(engine=Engine.TRANSFORMERS, step=None).values_list("name", flat=True)
    return [*own, *[name for name in tuned[:CONTINUED] if name in seen]]


def _offer(connection: Connection, model: str, base: pricing.Base) -> dict[str, Any]:
    return {
        "value": f"{connection.uuid}|{model}",
        "connection": connection,
        "model": model,
        "base": base,
        "engine": connection.engine_of(model),
        "facts": (facts := facts_of(connection.listed(base_of(model)))),
        "is_open": has_open_licence(facts),
        "group": _group(connection, model, base),
        "lacks": [method for method in TRAINS_ON if not takes(connection, model, method)],
    }


def _group(connection: Connection, model: str, base: pricing.Base) -> str:
    if base.is_own:
        return "own" if base_of(model) == model else "continued"
    return "practice" if connection.engine_of(model) == Engine.SIMULATED else "service"


def _place(offer: dict[str, Any]) -> tuple[int, bool, int, int]:
    """Real bases of our own, those of services, then practice. The first: what writes before what only memorises."""
    facts, group = offer["facts"], GROUPS.index(offer["group"])
    doubts = (not offer["is_open"]) + 2 * bool(facts.get("memorises")) + 4 * bool(facts.get("non_commercial"))
    return (group, offer["connection"].is_troubled, doubts, facts.get("parameters") or 0)


def takes(connection: Connection, model: str, method: str) -> bool:
    """Whether the base can be trained by the method. What nobody wrote down is not refused."""
    if method == Method.DPO and connection.listed(model).get("memorises"):
        return False  # its weights are made by a supervised job: DPO continues what came of one
    base = pricing.base(connection.profile, model, connection.engine_of(model))
    return method in (base.methods if base else connection.about.methods)


class EditForm(forms.Form):
    name = forms.CharField(max_length=120, label=_("Name"))
    note = forms.CharField(max_length=5000, required=False, label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}))


class SettleForm(forms.Form):
    """What a person says of a job that asking did not settle. An empty id: it never started."""

    remote_id = forms.CharField(max_length=LONGEST_ID, required=False, label=_("Job id at the service"))
    is_typed = forms.BooleanField(required=False, widget=forms.HiddenInput)  # then an id is needed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_typed") and not cleaned.get("remote_id"):
            self.add_error("remote_id", _("Enter the job's id as the service shows it."))
        return cleaned
