"""What each finding in a training file means to a person, and what to do about it."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs import repair_words
from jobs.training_data.findings import FindingCode, personal_code
from jobs.training_data.personal import Kind
from jobs.training_data.report import Finding

Text = str | Promise

MASK = _("Make a version with placeholders, or check that it may leave your house.")

WORDS: dict[str, tuple[Text, Text]] = {
    FindingCode.EXACT_DUPLICATES: (
        _("Exact duplicates. Groups: %(groups)s, examples too many: %(extra)s"),
        _("Make a version without them: what stands there twice is learnt twice, and paid twice."),
    ),
    FindingCode.NEAR_DUPLICATES: (
        _("Near duplicates. Groups: %(groups)s, examples too many: %(extra)s"),
        _("Look at some. If they say nothing new, make a version without them."),
    ),
    FindingCode.CONTRADICTIONS: (
        _("The same prompt has different answers. Prompts: %(groups)s"),
        _("Keep the answer that is right. Where variety is wanted, leave them."),
    ),
    FindingCode.EMPTY_ANSWERS: (
        _("Answers without any text"),
        _("Write the answer, or delete the example."),
    ),
    FindingCode.SHORT_ANSWERS: (
        _("Answers of fewer than five characters, where most are long"),
        _("Check that they are whole."),
    ),
    FindingCode.LONG_EXAMPLES: (
        _("Longer than %(limit)s tokens: the service cuts off their end"),
        _("Shorten or split them."),
    ),
    FindingCode.LANGUAGE_MIX: (
        _("Answers in another language than nearly all. The file's language: %(main)s"),
        _("Check that this is meant: the model learns to mix them too."),
    ),
    FindingCode.MOJIBAKE: (
        _("Text that was read in a wrong encoding (mojibake). Places: %(places)s"),
        _("Put what is certain right on the file's page. Take the rest from the original again, saved as UTF-8."),
    ),
    FindingCode.REPLACED: (
        _("Characters that were lost, with a � in their place. Places: %(places)s"),
        _("Take these texts from the original again, or delete the examples: no program can restore them."),
    ),
    FindingCode.QUESTION_MARKS: (
        _("Words of which only question marks are left. Places: %(places)s"),
        _("Save the original as UTF-8: the encoding that was used has no Korean."),
    ),
    FindingCode.PRIVATE_USE: (
        _("Private-use characters: symbols, bullets or old Hangul of one font. Places: %(places)s"),
        _("Replace them by standard characters, such as • or →: the model sees only their numbers."),
    ),
    FindingCode.CONTROL: (
        _("Control characters, which no reader sees. Places: %(places)s"),
        _("Delete them, unless the model is meant to write them."),
    ),
    personal_code(Kind.RESIDENT): (_("Resident registration numbers"), MASK),
    personal_code(Kind.FOREIGNER): (_("Registration numbers of foreigners"), MASK),
    personal_code(Kind.PHONE): (_("Phone numbers"), MASK),
    personal_code(Kind.CARD): (_("Card numbers"), MASK),
    personal_code(Kind.PASSPORT): (_("Passport numbers"), MASK),
    personal_code(Kind.LICENCE): (_("Driver's licence numbers"), MASK),
    personal_code(Kind.ACCOUNT): (_("Bank account numbers"), MASK),
    personal_code(Kind.EMAIL): (_("E-mail addresses"), MASK),
    personal_code(Kind.KEY): (
        _("API keys"),
        _("Make a version with placeholders, and revoke these keys where they were made."),
    ),
}
REPAIRS = repair_words.FINDINGS
LANGUAGES: dict[str | int, Text] = {"ko": _("Korean"), "en": _("English"), "other": _("another language")}


def explain(finding: Finding) -> tuple[str, str]:
    """What was found and what to do about it, in the language of the day."""
    message, remedy = WORDS[finding.code] if finding.code in WORDS else REPAIRS[finding.code]
    params = {key: LANGUAGES.get(value, value) if key == "main" else value for key, value in finding.params.items()}
    said = str(message) % params
    if finding.params.get("unsure"):
        said = gettext("%(what)s (places: %(places)s, uncertain: %(unsure)s)") % {"what": said, **params}
    return said, str(remedy)
