"""Ordering, editing and finding jobs."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import pricing
from jobs.answers import LONGEST_ID
from jobs.engines import Engine, facts_of
from jobs.forms.fields import AutoNumber
from jobs.methods import SETTINGS, TRAINS_ON, Method
from jobs.models import Connection, FineTuneJob, Member, Team, TrainingFile

OTHER = "other"  # the choice that lets an id be typed


class OrderForm(forms.Form):
    """One page: data → model and method → cost → start."""

    order_token = forms.UUIDField(widget=forms.HiddenInput)
    retry_of = forms.UUIDField(required=False, widget=forms.HiddenInput)
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
        self._field("other_connection").queryset = team.connections.alive()
        self.offers = [offer for connection in self.connections for offer in offers(connection)]
        choices = [(offer["value"], offer["model"]) for offer in self.offers]
        self.fields["base"].choices = [*choices, (OTHER, _("Another model"))]  # type: ignore[attr-defined]

    def _field(self, name: str) -> Any:
        return self.fields[name]

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
            self.add_error("base", forms.ValidationError(told, params={"method": self.method.label}))

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
        )

    def hyperparameters(self) -> dict[str, int | float | str | None]:
        """The settings of the method; None where one was not understood."""
        return {name: self.cleaned_data.get(name) for name in SETTINGS[self.method]}

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
            model_facts=facts_of(data["connection"].listed(data["base_model"])),
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
    """Base models that a connection can train: those listed as real, then our catalog less what is not listed."""
    seen = set(connection.bases_seen())
    real = [pricing.base(connection.profile, name, Engine.TRANSFORMERS) for name in connection.real_bases()]
    known = [base for base in pricing.bases(connection.profile) if base.takes_jobs and (not seen or base.id in seen)]
    return [
        {
            "value": f"{connection.uuid}|{base.id}",
            "connection": connection,
            "model": base.id,
            "base": base,
            "engine": connection.engine_of(base.id),
            "facts": facts_of(connection.listed(base.id)),
            "lacks": [method for method in TRAINS_ON if not takes(connection, base.id, method)],
        }
        for base in [*filter(None, real), *known]
    ]


def takes(connection: Connection, model: str, method: str) -> bool:
    """Whether the base can be trained by the method. What nobody wrote down is not refused."""
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
