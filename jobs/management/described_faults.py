"""Faults that no small JSON Lines file can show: what would, in both languages, and the fault as it is then named.

And the findings: they are of files, not of lines, so each is named as some file would have it.
"""

from jobs.findings import REPAIRS, WORDS
from jobs.training_data.codes import Code
from jobs.training_data.findings import FindingCode
from jobs.training_data.report import LIMITS, Fault, Finding, Params, fault

DESCRIBED: dict[Code, tuple[str, str, Fault]] = {
    Code.BYTES_MISSING: (
        "서버 디스크에서 내용이 없어진 파일",
        "a file whose bytes are gone from the server's disk",
        fault(0, Code.BYTES_MISSING),
    ),
    Code.TOO_MANY_FAULTS: (
        "오류가 10만 개를 넘는 파일",
        "a file with more than 100,000 faults",
        fault(100_001, Code.TOO_MANY_FAULTS, limit=LIMITS.faults_before_stop),
    ),
    Code.TOO_MANY_EXAMPLES: (
        "예제가 50,001개인 강화 학습 파일",
        "a reinforcement file of 50,001 examples",
        fault(
            0,
            Code.TOO_MANY_EXAMPLES,
            examples=LIMITS.reinforcement_examples + 1,
            limit=LIMITS.reinforcement_examples,
        ),
    ),
    Code.TOO_MANY_IMAGE_EXAMPLES: (
        "이미지가 든 예제가 50,001개인 파일",
        "a file of 50,001 examples with images",
        fault(0, Code.TOO_MANY_IMAGE_EXAMPLES, examples=LIMITS.image_examples + 1, limit=LIMITS.image_examples),
    ),
    Code.CHECK_STOPPED: (
        "검사하는 동안 사람이 멈춘 파일",
        "a file whose check a person stopped",
        fault(0, Code.CHECK_STOPPED),
    ),
    Code.LINE_TOO_LONG: (
        "8MB보다 긴 줄",
        "a line of more than 8 MB",
        fault(13, Code.LINE_TOO_LONG, limit=LIMITS.line_bytes // 1024 // 1024),
    ),
    Code.LONG_EXAMPLES: (
        "토큰이 65,536개보다 많은 예제",
        "an example of more than 65,536 tokens",
        fault(4, Code.LONG_EXAMPLES, count=1, limit=LIMITS.example_tokens),
    ),
    Code.UNFIT: (
        "대화로 바꿀 수 없는 예제가 있는 파일을 기존 형식으로 바꿀 때",
        "a chat with two questions, converted to prompt and completion",
        fault(4, Code.UNFIT, count=1),
    ),
    Code.TABLE: ("CSV, TSV, XLSX, JSON 배열", "a CSV, a TSV, an XLSX, a JSON array", fault(0, Code.TABLE, kind="CSV")),
    Code.TABLE_BROKEN: (
        "압축이 깨진 .xlsx",
        "an .xlsx whose archive is damaged",
        fault(0, Code.TABLE_BROKEN, kind="XLSX"),
    ),
    Code.TABLE_ENCRYPTED: (
        "암호가 걸린 .xlsx, 또는 .xls",
        "an .xlsx with a password, or an .xls",
        fault(0, Code.TABLE_ENCRYPTED),
    ),
    Code.TABLE_TOO_LARGE: (
        "풀면 한도를 넘는 .xlsx (압축 폭탄)",
        "an .xlsx that unpacks to more than the limit (a zip bomb)",
        fault(0, Code.TABLE_TOO_LARGE, limit=4096),
    ),
    Code.TABLE_TOO_LONG: (
        "행이 100만 개를 넘는 표",
        "a table of more than a million rows",
        fault(0, Code.TABLE_TOO_LONG, limit=1_000_000),
    ),
    Code.TABLE_TOO_WIDE: (
        "열이 너무 많은 표",
        "a table of too many columns",
        fault(0, Code.TABLE_TOO_WIDE, limit=1000),
    ),
    Code.CELL_TOO_LARGE: (
        "한 칸이 한도보다 큰 표",
        "a table with one huge cell",
        fault(0, Code.CELL_TOO_LARGE, limit=8),
    ),
    Code.TABLE_QUOTES: ("따옴표가 닫히지 않은 CSV", "a CSV whose quote is never closed", fault(3, Code.TABLE_QUOTES)),
    Code.ELEMENT_BROKEN: (
        "중간에서 잘린 JSON 배열",
        "a JSON array that was cut off",
        fault(0, Code.ELEMENT_BROKEN, number=7, limit=8),
    ),
    Code.SHEET_MISSING: (
        "다른 표에서 되풀이할 때 그 시트가 없음",
        "a mapping repeated on a workbook without that sheet",
        fault(0, Code.SHEET_MISSING, sheet="Sheet1"),
    ),
    Code.TABLE_ENCODING: (
        "고른 인코딩으로 읽을 수 없는 CSV",
        "a CSV read in an encoding that it does not have",
        fault(0, Code.TABLE_ENCODING, encoding="UTF-8"),
    ),
    Code.COLUMN_MISSING: (
        "다른 표에서 되풀이할 때 그 열이 없음",
        "a mapping repeated on a table without that column",
        fault(0, Code.COLUMN_MISSING, name="질문"),
    ),
    Code.FORMULA_WITHOUT_VALUE: (
        "값이 저장되지 않은 수식이 있는 .xlsx",
        "an .xlsx with formulas whose values were not stored",
        fault(0, Code.FORMULA_WITHOUT_VALUE, count=1, cell="B2"),
    ),
    Code.MERGED_CELLS: (
        "병합된 칸이 있는 .xlsx",
        "an .xlsx with merged cells",
        fault(0, Code.MERGED_CELLS, count=1, cell="A2:A5"),
    ),
    Code.ALL_ALIKE: (
        "예제가 모두 비슷해서 나눌 수 없는 파일",
        "a file whose examples are all alike, so that it cannot be split",
        fault(0, Code.ALL_ALIKE),
    ),
}

FIGURES: dict[str, Params] = {
    FindingCode.EXACT_DUPLICATES: {"groups": 2, "extra": 3},
    FindingCode.NEAR_DUPLICATES: {"groups": 2, "extra": 3},
    FindingCode.CONTRADICTIONS: {"groups": 2},
    FindingCode.LONG_EXAMPLES: {"limit": LIMITS.example_tokens},
    FindingCode.LANGUAGE_MIX: {"main": "ko"},
    FindingCode.MOJIBAKE: {"places": 7},
    FindingCode.REPLACED: {"places": 7},
    FindingCode.QUESTION_MARKS: {"places": 7},
    FindingCode.PRIVATE_USE: {"places": 7},
    FindingCode.CONTROL: {"places": 7},
}
FOUND = [Finding(code, count=5, params=FIGURES.get(code, {})) for code in (*WORDS, *REPAIRS)]
