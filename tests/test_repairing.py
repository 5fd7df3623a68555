"""Text repair: what is recognised, what is shown for it, and what comes out is the same text."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as some

from jobs.models import AuditEntry, FileState, Origin, TrainingFile
from jobs.origin_words import recorded
from jobs.pipeline.checking import check
from jobs.training_data.encodings import evidence
from jobs.training_data.repairing import Repair, look, look_apart, mended, repair
from jobs.training_data.visible import visible
from tests.conftest import World
from tests.test_files_check import waiting
from tests.training_cases import GOOD_BYTES, answer, line, user

Login = Callable[..., Client]
TEXT = GOOD_BYTES.decode()
APART = unicodedata.normalize("NFD", TEXT)
INVISIBLE = TEXT.replace("함박눈", "함\u200b박\ufeff눈\u2060").replace("내렸다", "내\u200d렸다")

ESCAPED = "".join(f"{json.dumps(json.loads(each))}\n" for each in TEXT.encode().decode("latin-1").split("\n") if each)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(body: bytes) -> Path:
        path = tmp_path / "in.jsonl"
        path.write_bytes(body)
        return path

    return write


BROKEN: dict[str, tuple[bytes, Repair]] = {
    "cp949": (TEXT.encode("cp949"), Repair("cp949")),
    "utf-16": (TEXT.encode("utf-16"), Repair("utf-16")),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), Repair("utf-16-le")),
    "utf-16 the other way round": (TEXT.encode("utf-16-be"), Repair("utf-16-be")),
    "utf-32": (TEXT.encode("utf-32"), Repair("utf-32")),
    "bom": (TEXT.encode("utf-8-sig"), Repair()),
    "nfd": (APART.encode(), Repair(nfc=True)),
    "escaped nfd": (APART.encode("ascii", "backslashreplace"), Repair(nfc=True)),
    "zero width": (INVISIBLE.encode(), Repair(zero_width=True)),
    "crlf": (TEXT.replace("\n", "\r\n").encode(), Repair(crlf=True)),
    "mojibake": (TEXT.encode().decode("latin-1").encode(), Repair(mojibake=True)),
    "mojibake of cp949": (TEXT.encode("cp949").decode("mac_roman").encode(), Repair(mojibake=True)),
    "escaped mojibake": (ESCAPED.encode(), Repair(mojibake=True)),
    "mojibake of nfd": (APART.encode().decode("latin-1").encode(), Repair(nfc=True, mojibake=True)),
    "mojibake in utf-16": (TEXT.encode().decode("latin-1").encode("utf-16"), Repair("utf-16", mojibake=True)),
    "mixed": (TEXT.encode() + TEXT.encode("cp949"), Repair("mixed")),
    "all": (INVISIBLE.replace("\n", "\r\n").encode("utf-16"), Repair("utf-16", zero_width=True, crlf=True)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_was_saved_badly_is_recognised_and_put_right(put: Callable[[bytes], Path], name: str) -> None:
    body, expected = BROKEN[name]
    path = put(body)

    found = look(path)
    assert found.repair == expected
    repair(path, path.with_suffix(".out"), expected)

    right = path.with_suffix(".out").read_bytes()
    assert right == GOOD_BYTES * (2 if name == "mixed" else 1)
    assert look(path.with_suffix(".out")).repair is None
    assert found.changes or name in ("bom", "crlf")
    assert all(change.before != change.after for change in found.changes)


def test_the_evidence_is_counted(put: Callable[[bytes], Path]) -> None:
    body = TEXT.encode("cp949") + b'{"only": "ascii"}\n'

    found = evidence(put(body))

    assert (found.encoding, found.telling, found.as_utf8, found.as_cp949) == ("cp949", 12, 0, 12)


@pytest.mark.parametrize(
    "body", [GOOD_BYTES, b"", b"plain\n", "Ελληνικά".encode("iso8859-7") + b"\xff\xff", bytes(range(256)) * 20]
)
def test_what_is_good_or_unknown_is_left_alone(put: Callable[[bytes], Path], body: bytes) -> None:
    assert look(put(body)).repair is None


@pytest.mark.parametrize(
    "kept",
    [
        "樂\uf914",  # Hanja that NFC would exchange
        "👨\u200d👩\u200d👧",
        "می\u200cخواهم",
        "\u1112\u119e\u11ab글",  # an old syllable that has no composed form
        r"C:\\u1112",  # an escaped backslash
    ],
)
def test_what_means_something_stays(kept: str) -> None:
    text = line(user("눈"), answer(kept)) if "\\" not in kept else f'{{"a": "{kept}"}}'

    assert mended(text, Repair(nfc=True, zero_width=True, crlf=True)) == text


@given(some.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_bytes_can_be_looked_at(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(body)

    found = look(path)

    if found.repair and found.repair.encoding == "utf-8" and not found.evidence.marked:
        repair(path, path.with_suffix(".out"), Repair())
        assert path.with_suffix(".out").read_bytes() == body


@given(some.lists(some.text(some.characters(codec="cp949", exclude_characters="\r\n\0"), max_size=30), max_size=10))
@settings(max_examples=50, deadline=None)
def test_cp949_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes("\n".join(texts).encode("cp949"))

    repair(path, path.with_suffix(".out"), Repair("cp949"))

    assert path.with_suffix(".out").read_text() == "\n".join(texts)


def test_lines_longer_than_a_piece_lose_nothing(put: Callable[[bytes], Path]) -> None:
    text = "눈" * 800_000 + "\r\n" + "비" * 10
    path = put(text.encode())

    repair(path, path.with_suffix(".out"), Repair(crlf=True))

    assert path.with_suffix(".out").read_text() == text.replace("\r\n", "\n")


def test_a_large_file_is_looked_at_apart(put: Callable[[bytes], Path]) -> None:
    path = put(TEXT.encode("cp949") * 7_000)

    assert look_apart(path) == look(path)
    assert look_apart(path).repair == Repair("cp949")


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert visible(unicodedata.normalize("NFD", "한글")) == "ㅎㅏㄴㄱㅡㄹ"
    assert visible("눈\u200b\r") == "눈⟨U+200B⟩␍"


def test_only_mojibake_that_is_certain_is_put_right(put: Callable[[bytes], Path]) -> None:
    lost = line(user("첫눈이 왔다".encode().decode("cp949", "replace")), answer("“눈” \\u0041\n끝"))
    certain = line(user("첫눈이 왔다".encode().decode("latin-1")), answer("“눈” \\u0041\n끝"))
    path = put(f"{lost}\n{certain}\n".encode())

    found = look(path)
    assert (found.mojibake, found.repair) == (1, Repair(mojibake=True))
    repair(path, path.with_suffix(".out"), Repair(mojibake=True))

    assert path.with_suffix(".out").read_text().splitlines() == [
        lost,
        certain.replace("첫눈이 왔다".encode().decode("latin-1"), "첫눈이 왔다"),
    ]


def test_mojibake_that_is_lost_offers_nothing(put: Callable[[bytes], Path]) -> None:
    assert look(put(TEXT.encode().decode("cp949", "replace").encode())).repair is None


# --- on the page ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cp949", ["Read as CP949"]),
        ("nfd", ["Hangul composed"]),
        ("zero width", ["Zero-width characters left out"]),
        ("crlf", ["Line ends of Windows replaced"]),
        ("bom", ["Byte order mark left out"]),
        ("mojibake", ["Text in a wrong encoding (mojibake) put right"]),
    ],
)
def test_one_click_makes_a_repaired_version(world: World, login: Login, name: str, words: list[str]) -> None:
    file = waiting(world, BROKEN[name][0])
    check(file)
    client = login(world.bob)

    page = client.get(world.url(f"files/{file.uuid}/"))
    response = client.post(world.url(f"files/{file.uuid}/repair/"))
    made = TrainingFile.objects.get(parent=file)
    check(made)
    made.refresh_from_db()

    assert f"files/{file.uuid}/repair/" in page.text
    assert response.headers["Location"] == world.url(f"files/{made.uuid}/")
    assert (made.state, made.origin, made.name) == (FileState.READY, Origin.REPAIRED, "winter-repaired.jsonl")
    assert (made.path.read_bytes(), recorded(made)) == (GOOD_BYTES, words)
    assert AuditEntry.objects.get(action="file.changed").after == {"file": made.name, "origin": "repaired"}


def test_the_page_shows_the_evidence_and_a_few_lines(world: World, login: Login) -> None:
    file = waiting(world, TEXT.encode("cp949"))
    check(file)

    page = login(world.carol).get(world.url(f"files/{file.uuid}/"))
    file.refresh_from_db()

    assert "12 of 12 lines" in page.text
    assert "첫눈 0" in file.report["repair"]["changes"][0]["after"]
    assert "Put it right" not in page.text  # carol only reads


def test_a_good_file_offers_nothing(world: World, login: Login) -> None:
    file = waiting(world, GOOD_BYTES)
    check(file)
    client = login(world.bob)

    assert "/repair/" not in client.get(world.url(f"files/{file.uuid}/")).text
    assert client.post(world.url(f"files/{file.uuid}/repair/")).headers["Location"] == world.url(f"files/{file.uuid}/")
    assert not TrainingFile.objects.filter(parent=file).exists()


def test_a_repaired_table_is_still_a_table(world: World, login: Login) -> None:
    file = waiting(world, "질문,답변\r\n눈,비\r\n".encode("cp949"), name="winter.csv")
    check(file)

    login(world.bob).post(world.url(f"files/{file.uuid}/repair/"))
    made = TrainingFile.objects.get(parent=file)
    check(made)
    made.refresh_from_db()

    assert (made.name, made.report["fault_counts"], made.options) == (
        "winter-repaired.csv",
        {"table": 1},
        {"encoding": "cp949"},
    )
    assert made.path.read_text(newline="") == "질문,답변\r\n눈,비\r\n"
