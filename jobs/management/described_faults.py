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
        "암호가 걸렸거나 문서 보안(DRM)으로 잠긴 .xlsx",
        "an .xlsx with a password, or locked by a DRM",
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
    Code.TABLE_FOREIGN: (
        "이름만 .xlsx인 HTML, 또는 .xls",
        "HTML under the name of an .xlsx, or an .xls",
        fault(0, Code.TABLE_FOREIGN, kind="HTML"),
    ),
    Code.KEY_TWICE: (
        "같은 키가 두 번 있는 JSON 배열의 원소",
        "an element of a JSON array that has a key twice",
        fault(0, Code.KEY_TWICE, number=3, key="output"),
    ),
    Code.DOCUMENT_TOO_LARGE: (
        "행 전체를 JSON 객체 하나로 감싼 아주 큰 파일",
        "a very large file of one JSON object around all rows",
        fault(0, Code.DOCUMENT_TOO_LARGE, limit=64),
    ),
    Code.COLUMNS_UNCLEAR: (
        "열이 하나뿐인 표",
        "a table of one column",
        fault(0, Code.COLUMNS_UNCLEAR, names="A"),
    ),
    Code.REQUESTS_ALONE: (
        "답이 없는 Batch API 요청 파일",
        "a file of Batch API requests, without answers",
        fault(0, Code.REQUESTS_ALONE, number=1),
    ),
    Code.ANSWERS_ALONE: (
        "질문이 없는 Batch API 결과 파일",
        "a file of Batch API results, without questions",
        fault(0, Code.ANSWERS_ALONE, number=1),
    ),
    Code.SHEETS_HIDDEN: (
        "숨긴 시트가 있는 .xlsx",
        "an .xlsx with hidden sheets",
        fault(0, Code.SHEETS_HIDDEN, names="코드표"),
    ),
    Code.SHEETS_NOT_READ: (
        "시트가 여러 개인 .xlsx",
        "an .xlsx with several sheets",
        fault(0, Code.SHEETS_NOT_READ, names="2월, 3월"),
    ),
    Code.ROWS_HIDDEN: (
        "필터로 숨긴 행이 있는 .xlsx",
        "an .xlsx with rows that a filter hides",
        fault(0, Code.ROWS_HIDDEN, count=3, row=5),
    ),
    Code.COLUMNS_HIDDEN: (
        "숨긴 열이 있는 .xlsx",
        "an .xlsx with hidden columns",
        fault(0, Code.COLUMNS_HIDDEN, names="담당자"),
    ),
    Code.CELLS_VALUELESS: (
        "#N/A나 #REF!가 보이는 표",
        "a table that shows #N/A or #REF!",
        fault(0, Code.CELLS_VALUELESS, count=2, cell="B4", text="#N/A"),
    ),
    Code.ROWS_TOO_WIDE: (
        "따옴표 없이 쉼표가 든 칸이 있는 CSV",
        "a CSV with a comma in a cell without quotes",
        fault(0, Code.ROWS_TOO_WIDE, count=1, row=2, text="맞습니다"),
    ),
    Code.ROWS_ABOVE_HEADER: (
        "제목 아래에 열 이름이 있는 표",
        "a table with a title above its header",
        fault(0, Code.ROWS_ABOVE_HEADER, count=2, row=1, text="2024년 고객 문의 목록"),
    ),
    Code.HEADER_AGAIN: (
        "열 이름이 되풀이되는 표",
        "a table that repeats its header",
        fault(0, Code.HEADER_AGAIN, count=1, row=52),
    ),
    Code.QUOTES_AS_TEXT: (
        "따옴표 하나로 시작하는 칸이 있는 TSV",
        "a TSV with a cell that begins with one quote",
        fault(0, Code.QUOTES_AS_TEXT, count=1, row=6),
    ),
    Code.KEYS_LEFT_OUT: (
        "예제 옆에 id나 출처가 있는 JSON",
        "JSON with an id or a source beside each example",
        fault(0, Code.KEYS_LEFT_OUT, names="id, source"),
    ),
    Code.COLUMNS_LEFT_OUT: (
        "쓰지 않는 열이 있는 표",
        "a table with columns that are not used",
        fault(0, Code.COLUMNS_LEFT_OUT, names="번호"),
    ),
    Code.ROWS_LEFT_OUT: (
        "고른 열이 빈 행이 있는 표",
        "a table with rows that are empty in the chosen columns",
        fault(0, Code.ROWS_LEFT_OUT, count=1, row=7),
    ),
    Code.BAD_LEFT_OUT: (
        "나쁜 답이 표시된 KTO 자료",
        "KTO data, in which bad answers are marked",
        fault(0, Code.BAD_LEFT_OUT, count=6, row=1),
    ),
    Code.ROWS_AS_THEY_ARE: (
        "다른 모양의 행이 섞인 JSON",
        "JSON with a row of another form among the others",
        fault(0, Code.ROWS_AS_THEY_ARE, count=1, row=9),
    ),
    Code.TURNS_LEFT_OUT: (
        "말한 사람이 없는 차례가 있는 대화",
        "a talk with a turn that has no speaker",
        fault(0, Code.TURNS_LEFT_OUT, count=1, text="네"),
    ),
    Code.PAIRS_DIFFER: (
        "두 대화의 질문이 다른 선호 자료",
        "preference data whose two talks ask different questions",
        fault(0, Code.PAIRS_DIFFER, count=1, row=3),
    ),
    Code.CALLS_AS_TEXT: (
        "읽을 수 없는 함수 호출이 든 Glaive 자료",
        "Glaive data with a call of a function that cannot be read",
        fault(0, Code.CALLS_AS_TEXT, count=1, text="<functioncall> {"),
    ),
    Code.LOOKED_AT_FIRST: (
        "행이 2만 개보다 많은 표",
        "a table of more than 20,000 rows",
        fault(0, Code.LOOKED_AT_FIRST, limit=20_000),
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
