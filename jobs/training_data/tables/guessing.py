"""What a table probably holds, by the words of its header. A guess is shown, never acted upon."""

from collections.abc import Collection

from jobs.training_data.tables.shapes import Cells, Mapping

LONG_CELL = 60  # characters; the name of a column is shorter
WORDS: dict[str, tuple[str, ...]] = {  # of each role, the likeliest first
    "assistant": (
        "답변", "대답", "응답", "정답", "출력", "완성", "결과", "assistant", "completion", "answer", "response",
        "output", "reply", "target", "chosen", "답", "글", "본문", "요약", "번역",
    ),
    "user": (
        "질문", "물음", "문의", "지시문", "지시", "명령", "프롬프트", "입력", "user", "prompt", "question",
        "instruction", "query", "input", "source", "human", "주제", "제목", "키워드", "낱말", "원문",
    ),
    "context": ("문맥", "맥락", "배경", "지문", "참고", "context", "passage", "background", "input", "입력"),
    "system": ("시스템", "시스템 프롬프트", "역할", "system", "system prompt", "system_prompt", "persona"),
}  # fmt: skip
ROLES = ("assistant", "user", "context", "system")
ALPACA = frozenset({"instruction", "output"})
TALKS = ("conversations", "conversation", "messages", "dialogue", "dialog")


def guess(columns: list[str], rows: list[Cells]) -> Mapping:
    """Alpaca and ShareGPT by themselves; else a column for each role. Without known words: by what is in them."""
    names = {name.strip().lower(): name for name in columns}
    if any(isinstance(row.get(name), list) for row in rows[:1] for name in TALKS):
        return Mapping("sharegpt")
    if names.keys() >= ALPACA and "input" in names:
        return Mapping("alpaca")
    found: dict[str, str] = {}
    for role in ROLES:
        found[role] = _column(names, WORDS[role], set(found.values()))
    rest = [name for name in columns if name not in found.values() and _is_text(name, rows)]
    if not found["assistant"]:
        found["assistant"] = max(rest[0 if found["user"] else 1 :], key=lambda name: _length(name, rows), default="")
    if not found["user"]:
        found["user"] = next((name for name in rest if name != found["assistant"]), "")
    return Mapping(**found)


def _column(names: dict[str, str], words: tuple[str, ...], taken: Collection[str]) -> str:
    free = {plain: name for plain, name in names.items() if name not in taken}
    same = next((free[word] for word in words if word in free), "")
    return same or next((free[plain] for word in words for plain in free if len(word) > 1 and word in plain), "")


def _is_text(name: str, rows: list[Cells]) -> bool:
    """Neither a running number nor empty."""
    return any(not _is_number(str(row.get(name) or "0")) for row in rows)


def _length(name: str, rows: list[Cells]) -> int:
    return sum(len(str(row.get(name) or "")) for row in rows)


def is_header(rows: list[list[str]]) -> bool:
    """Short words, each once and none a number, that are not among the cells below them."""
    if len(rows) < 2:
        return False
    first = [cell.strip() for cell in rows[0] if cell.strip()]
    known = {word for words in WORDS.values() for word in words}
    if any(cell.lower() in known for cell in first):
        return True
    plain = len(set(first)) == len(first) and all(len(cell) < LONG_CELL and not _is_number(cell) for cell in first)
    below = [max((len(row[at]) for row in rows[1:50] if at < len(row)), default=0) for at in range(len(rows[0]))]
    return plain and any(len(cell) * 2 < longest for cell, longest in zip(rows[0], below, strict=True))


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").removeprefix("-").isdigit()
