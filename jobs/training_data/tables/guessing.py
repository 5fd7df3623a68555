"""What a table probably holds, by the words of its header. A guess is shown, never acted upon."""

from collections.abc import Collection

from jobs.training_data.tables.forms import form_of
from jobs.training_data.tables.preferences import BETTER, WORSE, keys_of
from jobs.training_data.tables.ready import is_asking
from jobs.training_data.tables.shapes import Cells, Mapping

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
KNOWN = frozenset({word for words in WORDS.values() for word in words} | set(BETTER) | set(WORSE))
LABELS = ("label", "kto_tag", "desirable", "라벨")
TRUTHS = ("true", "false")


def guess(columns: list[str], rows: list[Cells], *, grid: bool = False) -> Mapping:
    """The form that all first rows have; else a column for each role. Without known words: by what is in them.

    `grid`: the rows have cells. There a prompt and a completion are columns like others.
    """
    label = _label(columns, rows)
    bare = [{key: value for key, value in row.items() if key != label} for row in rows] if label else rows
    form = form_of(bare[0]) if bare else ""
    texts = grid and all(isinstance(value, str) for row in bare for value in row.values())
    if form and all(map(form_of, bare)) and not (texts and form in ("ready", "preference")):
        return Mapping(form, label=label)
    names = {name.strip().lower(): name for name in columns if name != label}
    worse = next((names[word] for word in WORSE if word in names), "")
    better, worse = keys_of(dict.fromkeys(names.values(), "")) or ("", worse)
    found = {"assistant": better} if better else {}
    for role in ROLES:
        if role not in found:
            found[role] = _column(names, WORDS[role], {*found.values(), worse})
    rest = [name for name in names.values() if name not in (*found.values(), worse) and _is_text(name, rows)]
    if not found["assistant"]:
        found["assistant"] = max(rest[0 if found["user"] else 1 :], key=lambda name: _length(name, rows), default="")
    if not found["user"]:
        others = [name for name in rest if name != found["assistant"]]
        found["user"] = max(others, key=lambda name: _length(name, rows), default="")
    return Mapping(**found, rejected=worse if better else "", label=label)


def _label(columns: list[str], rows: list[Cells]) -> str:
    """A column that says yes or no of each answer. Beside a question alone it is for a grader, and says nothing bad."""
    for name in columns:
        values = [value for row in rows if (value := row.get(name)) not in (None, "")]
        if name.strip().lower() in LABELS and values and all(map(_is_truth, values)):
            return "" if any(is_asking(row) for row in rows) else name
    return ""


def _is_truth(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in TRUTHS)


def _column(names: dict[str, str], words: tuple[str, ...], taken: Collection[str]) -> str:
    free = {plain: name for plain, name in names.items() if name not in taken}
    same = next((free[word] for word in words if word in free), "")
    return same or next((free[plain] for word in words for plain in free if len(word) > 1 and word in plain), "")


def _is_text(name: str, rows: list[Cells]) -> bool:
    """Neither a running number nor empty."""
    return any(not is_number(str(row.get(name) or "0")) for row in rows)


def _length(name: str, rows: list[Cells]) -> int:
    return sum(len(str(row.get(name) or "")) for row in rows)


def is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").removeprefix("-").isdigit()
