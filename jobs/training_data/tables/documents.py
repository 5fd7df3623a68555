"""One JSON object over a whole file: the list of rows in it, whatever program wrapped it."""

from collections.abc import Iterator
from typing import Any

from jobs.training_data.tables.forms import form_of

DEPTH = 3
LIKELY = ("data", "train", "rows", "items", "examples", "records", "documents", "result", "results")

type Lists = dict[str, list[Any]]


def lists_of(document: dict[str, Any], depth: int = 0) -> tuple[Lists, list[str]]:
    """Its lists of rows by their names, the likeliest first; and the names of what lies beside them.

    No list: the object itself is a row.
    """
    if form_of(document):
        return {"": [document]}, []
    if table := _split(document) or _by_columns(document):
        return {"": table}, []
    lists = {name: value for name, value in document.items() if _is_list_of_rows(value)}
    if lists:
        likely = sorted(lists, key=lambda name: (*LIKELY, name).index(name))
        beside = [name for name, value in document.items() if name not in lists and value not in (None, "", [], {})]
        return {name: list(_flat(lists[name])) for name in likely}, beside
    inner = [name for name, value in document.items() if isinstance(value, dict)]
    for name in inner if depth < DEPTH else ():
        found, beside = lists_of(document[name], depth + 1)
        if found and "" not in found:
            others = [f"{name}.{each}" for each in beside] + [each for each in document if each != name]
            return {f"{name}.{each}": rows for each, rows in found.items()}, others
    return {"": [document]}, []


def _is_list_of_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict | list) for each in value)


def _split(document: dict[str, Any]) -> list[Any]:
    """pandas' orient="split": {"columns": […], "index": […], "data": [[…], …]}."""
    match document:
        case {"columns": [*names], "data": [[*_first], *_rest] as rows} if all(isinstance(name, str) for name in names):
            return [dict(zip(names, row, strict=False)) for row in rows if isinstance(row, list)]
    return []


def _by_columns(document: dict[str, Any]) -> list[Any]:
    """A column a key: {"질문": {"0": …}, "답변": {"0": …}} (pandas' own way), or lists of the same length."""
    columns = list(document.values())
    if len(columns) < 2:
        return []
    if all(isinstance(each, dict) and each.keys() == columns[0].keys() for each in columns) and columns[0]:
        flat = not any(isinstance(value, dict) for value in columns[0].values())
        return [{name: document[name][key] for name in document} for key in columns[0]] if flat else []
    if all(isinstance(each, list) and len(each) == len(columns[0]) for each in columns) and columns[0]:
        flat = not all(isinstance(value, dict) for each in columns for value in each)
        return [dict(zip(document, row, strict=True)) for row in zip(*columns, strict=True)] if flat else []
    return []


def _flat(rows: list[Any]) -> Iterator[Any]:
    """SQuAD and KorQuAD keep their questions in paragraphs of articles."""
    for row in rows:
        match row:
            case {"paragraphs": [*paragraphs]}:
                for paragraph in paragraphs:
                    yield from _asked(paragraph) if isinstance(paragraph, dict) else [paragraph]
            case {"context": str(), "qas": [*_asked_of_it]}:
                yield from _asked(row)
            case _:
                yield row


def _asked(paragraph: dict[str, Any]) -> Iterator[Any]:
    questions = paragraph.get("qas")
    for each in questions if isinstance(questions, list) else [{}]:
        question = each if isinstance(each, dict) else {"question": each}
        yield {"context": paragraph.get("context"), **question, "answer": _answer(question)}


def _answer(question: dict[str, Any]) -> Any:
    match question:
        case {"answers": [{"text": text}, *_others]}:
            return text
        case {"answer": {"text": text}}:
            return text
    return question.get("answer")


def peeled(row: Any) -> Any:
    """A row as the viewer of Hugging Face and the Evals API wrap it; a bare talk gets its name."""
    match row:
        case {"row": dict(inner), "row_idx": int()}:
            return inner
        case {"item": dict(inner), **rest} if not rest:
            return inner
        case [{"role": str()}, *_more]:
            return {"messages": row}
        case [{"from": str()}, *_more]:
            return {"conversations": row}
    return row
