"""Every fault has words and a remedy; the named bad inputs say what they should, in English."""

from pathlib import Path

import pytest
from django.utils import translation

from jobs.faults import WORDS, explain
from jobs.training_data.checking import check
from jobs.training_data.codes import WARNINGS, Code
from jobs.training_data.report import LIMITS, Fault
from jobs.training_data.tally import Tally
from tests.training_cases import AMONG, FILES, bad_input

NAMED = {
    Code.EMPTY_FILE: "The file is empty.",
    Code.BOM: "The file begins with an invisible byte order mark (BOM).",
    Code.CP949: "The text is encoded as CP949 (EUC-KR), not as UTF-8.",
    Code.UTF16: "The file is encoded as UTF-16.",
    Code.NUL: "There is a NUL character in the text.",
    Code.LINE_TOO_LONG: "The line is longer than 8 MB.",
    Code.TOO_DEEP: "Brackets are nested more than 64 deep.",
    Code.DUPLICATE_KEY: "A key stands twice in the same object. Key: role",
    Code.NOT_A_NUMBER: 'NaN and Infinity are not JSON. Found: NaN}, {"role": "ass…',
    Code.JSON_ARRAY: "The file is one JSON array; JSON Lines wants one object per line.",
    Code.TOO_FEW_EXAMPLES: "Too few examples: 9. At least 10 are needed.",
    Code.ROLE_MISSPELT: "Message 2 has an unknown role: assistent. Probably meant: assistant",
    Code.CONTENT_MISSING: "Message 2 has no content.",
    Code.NOT_TEXT: "This is not a text file, whatever its name says. Kind: PNG",
    Code.INCOMPLETE_FILE: "The file ends in the middle of this line.",
    Code.EMPTY_LINE: "The line is empty.",
    Code.TRAILING_COMMA: "There is a comma too many before a closing brace or bracket.",
    Code.MIXED_FORMATS: "Formats are mixed. This line: prompt and completion; the file since line 1: chat",
}


def first_fault(tmp_path: Path, code: Code) -> Fault:
    path = tmp_path / "data.jsonl"
    path.write_bytes(bad_input(code))
    return check(path).faults[0]


def test_every_code_has_words() -> None:
    assert set(WORDS) == set(Code)


@pytest.mark.parametrize("code", [*FILES, *(code for bad, _good in AMONG.values() for code in bad)])
def test_words_fit_what_the_check_says(tmp_path: Path, code: Code) -> None:
    with translation.override("en"):
        message, remedy = explain(first_fault(tmp_path, code))

    assert "%(" not in message + remedy
    assert message
    assert remedy


@pytest.mark.parametrize("code", NAMED)
def test_a_named_bad_input_gets_its_message(tmp_path: Path, code: Code) -> None:
    with translation.override("en"):
        message, _remedy = explain(first_fault(tmp_path, code))

    assert message == NAMED[code]


def test_warnings_have_words_that_fit(tmp_path: Path) -> None:
    tally = Tally(LIMITS)
    tally.tried = 12
    tally.warned = {
        code: (times, 1, 0)
        for times, code in enumerate(sorted(WARNINGS - {Code.FEW_EXAMPLES, Code.GRADER_KEYS_DIFFER}), 2)
    }

    with translation.override("en"):
        said = [explain(warning)[0] for warning in tally.warnings()]

    assert said == [
        "Few examples: 12. With fewer than 50 the effect is often small.",
        "Examples longer than 65536 tokens: 7. The service cuts off their end.",
        "Examples that do not end with an assistant message: 6. What follows the last answer is not learnt.",
        "Examples with an empty assistant message: 3.",
        "Preferences whose two answers are the same: 11. Nothing can be learnt from them.",
        "Questions alone, without answers: 8. They can be used for reinforcement (RFT) only.",
        "Examples whose call has its arguments encoded twice: 2. The model learns to write them so.",
        "Examples with an image whose label is not what the image is: 5. Some services refuse that.",
        "Preferences with an output of several messages: 9. Azure takes them; OpenAI wants exactly one.",
        "Examples with a weight of their own: 4. Together takes it; other services refuse the key.",
        "Examples with reasoning before the answer: 10. Together and Fireworks take it; others refuse it.",
    ]


def test_that_some_lines_lack_what_the_grader_reads_is_said_once() -> None:
    tally = Tally(LIMITS)
    tally.warned = {Code.NO_GRADER_KEYS: (1, 2, 0), Code.GRADER_KEYS_DIFFER: (1, 2, 0)}

    assert [warning.code for warning in tally.warnings()] == [Code.GRADER_KEYS_DIFFER]
