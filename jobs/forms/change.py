"""What can be made of a file: one small form for each operation, which says what it orders."""

from typing import Any, ClassVar, NamedTuple

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.models import FileFormat, FileState, Origin, TrainingFile
from jobs.training_data.operations.parts import TRAINING, VALIDATION
from jobs.training_data.operations.rewriting import unfit_for_legacy
from jobs.training_data.report import LIMITS

OTHERS_SHOWN = 50
MOST_LINES = 10_000
LARGEST_SEED = 2**31 - 1
SEED = 7
ANY_FORMAT = frozenset(FileFormat) - {FileFormat.UNKNOWN}
EXAMPLES_IN_LINES = _("Numbers and ranges, as in: 3, 7-9")


class Order(NamedTuple):
    origin: Origin
    options: dict[str, Any]
    word: str  # the made file's name ends in it


class ChangeForm(forms.Form):
    """`orders` names the versions that a valid form asks for; all of them are made of `file`."""

    title: ClassVar[str | Promise]
    says: ClassVar[str | Promise]
    button: ClassVar[str | Promise]
    icon: ClassVar[str]
    formats: ClassVar[frozenset[FileFormat]] = ANY_FORMAT

    def __init__(self, file: TrainingFile, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file = file

    def orders(self) -> list[Order]:
        raise NotImplementedError


def seed_field() -> forms.IntegerField:
    hint = _("The same number gives the same file again.")
    return forms.IntegerField(label=_("Seed"), min_value=0, max_value=LARGEST_SEED, initial=SEED, help_text=hint)


class SplitForm(ChangeForm):
    title = _("Split in two")
    says = _("Into a training and a validation file. Examples that say nearly the same stay on one side.")
    button = _("Split into two files")
    icon = "git-fork"

    percent = forms.IntegerField(label=_("For training, in percent"), min_value=1, max_value=99)
    seed = seed_field()

    def __init__(self, file: TrainingFile, *args: Any, **kwargs: Any) -> None:
        super().__init__(file, *args, **kwargs)
        self.fields["percent"].initial = self._most()

    def _most(self) -> int:
        """Up to 90 percent, such that the validation file has the examples that every file needs."""
        shares = range(90, 50, -1)
        return next((share for share in shares if self._held_out(share) >= LIMITS.min_examples), 90)

    def _held_out(self, percent: int) -> int:
        return round(self.file.examples * (1 - percent / 100))

    def clean(self) -> dict[str, Any]:
        """A part with too few examples would be a file with a fault, which nothing can be done with."""
        cleaned = super().clean() or {}
        if "percent" not in cleaned:
            return cleaned
        held_out, least = self._held_out(cleaned["percent"]), LIMITS.min_examples
        if self.file.examples < 2 * least:
            told = _(
                "Each part needs at least %(least)s examples, and this file has %(n)s. Merge it with another first."
            )
            raise forms.ValidationError(told, params={"least": least, "n": self.file.examples})
        if min(held_out, self.file.examples - held_out) < least:
            told = _("Each part needs at least %(least)s examples. This file can be split at up to %(most)s percent.")
            self.add_error("percent", forms.ValidationError(told, params={"least": least, "most": self._most()}))
        return cleaned

    def orders(self) -> list[Order]:
        shared = {"ratio": self.cleaned_data["percent"] / 100, "seed": self.cleaned_data["seed"]}
        return [Order(Origin.SPLIT, {**shared, "part": part}, part) for part in (TRAINING, VALIDATION)]


class SampleForm(ChangeForm):
    title = _("Draw a sample")
    says = _("So many examples, drawn by lot, in the order they stand in.")
    button = _("Draw")
    icon = "flask-conical"

    count = forms.IntegerField(label=_("Number of examples"), min_value=1, max_value=LARGEST_SEED)
    seed = seed_field()

    def __init__(self, file: TrainingFile, *args: Any, **kwargs: Any) -> None:
        super().__init__(file, *args, **kwargs)
        self.fields["count"].initial = max(1, min(100, file.examples // 2))  # what it proposes can be drawn

    def clean_count(self) -> int:
        count: int = self.cleaned_data["count"]
        if count >= self.file.examples:
            raise forms.ValidationError(
                _("The file has only so many examples: %(n)s. Draw fewer."), params={"n": self.file.examples}
            )
        return count

    def orders(self) -> list[Order]:
        options = {"count": self.cleaned_data["count"], "seed": self.cleaned_data["seed"]}
        return [Order(Origin.SAMPLED, options, f"sample-{options['count']}")]


class ShuffleForm(ChangeForm):
    title = _("Shuffle")
    says = _("All examples in another order, so that like ones do not follow each other.")
    button = _("Shuffle the examples")
    icon = "refresh-cw"

    seed = seed_field()

    def orders(self) -> list[Order]:
        return [Order(Origin.SHUFFLED, {"seed": self.cleaned_data["seed"]}, "shuffled")]


class MergeForm(ChangeForm):
    title = _("Merge")
    says = _("The examples of this file, followed by those of others of the same format.")
    button = _("Merge into one file")
    icon = "plus"

    others = forms.MultipleChoiceField(
        label=_("With"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one file to merge with.")},
    )

    def __init__(self, file: TrainingFile, *args: Any, **kwargs: Any) -> None:
        super().__init__(file, *args, **kwargs)
        alike = TrainingFile.objects.alive().filter(team=file.team_id, state=FileState.READY, format=file.format)
        newest = alike.exclude(pk=file.pk).values_list("uuid", "name")[:OTHERS_SHOWN]
        self.fields["others"].choices = [(str(uuid), name) for uuid, name in newest]  # type: ignore[attr-defined]

    def orders(self) -> list[Order]:
        return [Order(Origin.MERGED, {"with": self.cleaned_data["others"]}, "merged")]


class PromptForm(ChangeForm):
    title = _("Set the system prompt")
    says = _("The same instruction before every example, in place of what is there. Left empty, it is taken away.")
    button = _("Set the system prompt")
    icon = "pencil"
    formats = frozenset({FileFormat.CHAT})

    system_prompt = forms.CharField(
        label=_("System prompt"), required=False, max_length=10_000, widget=forms.Textarea({"rows": 3})
    )

    def orders(self) -> list[Order]:
        return [Order(Origin.PROMPTED, {"system_prompt": self.cleaned_data["system_prompt"].strip()}, "prompt")]


class LeaveOutForm(ChangeForm):
    title = _("Leave lines out")
    says = _("Everything but some lines, by the numbers that the report names.")
    button = _("Leave them out")
    icon = "eraser"

    lines = forms.CharField(label=_("Lines"), max_length=10_000, help_text=EXAMPLES_IN_LINES)

    def clean_lines(self) -> list[int]:
        numbers: set[int] = set()
        for each in self.cleaned_data["lines"].replace("–", "-").split(","):
            first, _dash, last = each.strip().partition("-")
            numbers.update(self._range(first.strip(), (last or first).strip()))
        if len(numbers) > MOST_LINES:
            raise forms.ValidationError(_("At most %(n)s lines at once."), params={"n": MOST_LINES})
        return sorted(numbers)

    def _range(self, first: str, last: str) -> range:
        if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) < int(first) + MOST_LINES + 1):
            raise forms.ValidationError(EXAMPLES_IN_LINES)
        return range(int(first), int(last) + 1)

    def orders(self) -> list[Order]:
        return [Order(Origin.REDUCED, {"lines": self.cleaned_data["lines"]}, "reduced")]


class ToChatForm(ChangeForm):
    title = _("Convert to chat")
    says = _("Today's models learn from chats. White space around prompts and completions is dropped.")
    button = _("Convert to chat")
    icon = "wand-sparkles"
    formats = frozenset({FileFormat.LEGACY})

    system_prompt = PromptForm.base_fields["system_prompt"]

    def orders(self) -> list[Order]:
        return [Order(Origin.CONVERTED, {"system_prompt": self.cleaned_data["system_prompt"]}, "chat")]


class ToLegacyForm(ChangeForm):
    title = _("Convert to prompts and completions")
    says = _("For services and tools of 2023. Each example must be one question and one answer.")
    button = _("Convert")
    icon = "wand-sparkles"
    formats = frozenset({FileFormat.CHAT})

    def clean(self) -> None:
        """Counted before anything is ordered: a system prompt, a name or a second turn would be lost."""
        unfit = unfit_for_legacy(self.file.path)
        if unfit:
            raise forms.ValidationError(
                _(
                    "Examples that are more than one question and one answer: %(n)s, the first on line %(line)s. "
                    "Take the system prompt away or leave these lines out first."
                ),
                params={"n": len(unfit), "line": unfit[0]},
            )

    def orders(self) -> list[Order]:
        return [Order(Origin.CONVERTED, {"to": "legacy"}, "legacy")]


class PreferredForm(ChangeForm):
    title = _("Convert to chat")
    says = _("Each example becomes a chat that ends in the preferred answer. The other answer is left out.")
    button = _("Convert to chat")
    icon = "wand-sparkles"
    formats = frozenset({FileFormat.PREFERENCE})

    def orders(self) -> list[Order]:
        return [Order(Origin.CONVERTED, {"to": "preferred"}, "chat")]


CHANGES: dict[str, type[ChangeForm]] = {
    "split": SplitForm,
    "sample": SampleForm,
    "shuffle": ShuffleForm,
    "merge": MergeForm,
    "prompt": PromptForm,
    "to-chat": ToChatForm,
    "to-legacy": ToLegacyForm,
    "preferred": PreferredForm,
    "leave-out": LeaveOutForm,
}


class RepeatForm(forms.Form):
    """Another file that an operation is done on. `files` holds what it can be done on, newest first."""

    file = forms.ChoiceField(label=_("File"))

    def __init__(self, files: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].choices = files  # type: ignore[attr-defined]
