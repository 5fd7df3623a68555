"""Mojibake of every usual pair of encodings is found, and put right only where nothing is guessed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.training_data.looking import look
from jobs.training_data.mojibake import mojibake
from jobs.training_data.unreadable import Sign, readable, unreadable

KOREAN = "도서관에서 빌린 책을 다 읽고 나니 비가 그쳤다. 우리는 우산을 접고 천천히 걸었다."
WHOLE = {  # every byte has a character of its own, so nothing is lost
    ("utf-8", "latin-1"),
    ("utf-8", "cp437"),
    ("utf-8", "mac_roman"),
    ("utf-8", "cp850"),
    ("cp949", "latin-1"),
    ("cp949", "cp437"),
    ("cp949", "mac_roman"),
    ("cp949", "iso8859_15"),
}
LOSSY = {("utf-8", "cp949"), ("utf-8", "cp932"), ("utf-8", "gbk"), ("cp949", "big5")}


def misread(text: str, saved: str, read: str) -> str:
    return text.encode(saved).decode(read, "replace")


def as_windows(raw: bytes) -> str:
    """As browsers read CP1252: open bytes become control characters."""
    chars = [bytes([byte]).decode("cp1252", "replace") for byte in raw]
    return "".join(chr(byte) if char == "\ufffd" else char for byte, char in zip(raw, chars, strict=True))


@pytest.mark.parametrize(("saved", "read"), sorted(WHOLE))
def test_korean_that_was_read_wrongly_is_put_right(saved: str, read: str) -> None:
    wrong = misread(KOREAN, saved, read)

    assert unreadable(wrong) == {Sign.MOJIBAKE: 1}
    assert readable(wrong) == KOREAN


@pytest.mark.parametrize(("saved", "read"), sorted(LOSSY))
def test_what_was_lost_is_found_and_left_alone(saved: str, read: str) -> None:
    wrong = misread(KOREAN, saved, read)

    assert unreadable(wrong) == {Sign.MOJIBAKE: 1}
    assert readable(wrong) == wrong


@pytest.mark.parametrize("times", [1, 2, 3])
def test_it_is_taken_back_as_often_as_it_was_done(times: int) -> None:
    wrong = KOREAN
    for _time in range(times):
        wrong = as_windows(wrong.encode())

    assert readable(wrong) == KOREAN


def test_cp949_that_was_misread_and_then_saved_and_misread_once_more() -> None:
    wrong = misread(misread(KOREAN, "cp949", "latin-1"), "utf-8", "latin-1")

    assert readable(wrong) == KOREAN


@pytest.mark.parametrize(
    "text",
    [
        "It’s “fine” — isn’t it?",
        "café crème",
        "Straße",
        "25 °C",
        "👍 좋아요",
        "한글 English 한글",
    ],
)
def test_punctuation_accents_and_emoji_are_put_right(text: str) -> None:
    assert readable(as_windows(text.encode())) == text


def test_only_lines_that_are_wrong_change() -> None:
    wrong = as_windows(KOREAN.encode())

    assert readable(f"{KOREAN}\n{wrong}\nplain\n") == f"{KOREAN}\n{KOREAN}\nplain\n"
    assert unreadable(f"{KOREAN}\n{wrong}\n{wrong}") == {Sign.MOJIBAKE: 2}


def test_good_korean_beside_mojibake_stays() -> None:
    assert readable(f"제목: {as_windows(KOREAN.encode())}") == f"제목: {KOREAN}"


@pytest.mark.parametrize("lost", ["\x84", "\xa0", "\xec"])
def test_a_line_that_lost_a_byte_is_uncertain(lost: str) -> None:
    wrong = misread(KOREAN, "utf-8", "latin-1")
    for damaged in (wrong.replace(lost, "", 1), wrong.replace(lost, " ", 1), wrong.replace(lost, "\ufffd", 1)):
        assert unreadable(damaged) == {Sign.MOJIBAKE: 1}
        assert readable(damaged) == damaged


def test_without_control_characters_it_is_found_still() -> None:
    stripped = "".join(char for char in misread(KOREAN, "utf-8", "latin-1") if not "\x7f" <= char <= "\x9f")

    assert unreadable(stripped) == {Sign.MOJIBAKE: 1}
    assert readable(stripped) == stripped


def test_of_two_encodings_the_one_without_odd_syllables_is_right() -> None:
    assert misread("숲", "cp949", "cp850").encode("cp437").decode("cp949") == "썵"
    assert readable(misread("숲에서는 내가 법이다", "cp949", "cp850")) == "숲에서는 내가 법이다"


@pytest.mark.parametrize(
    "text",
    [
        "« La liberté\xa0» : c’était une idée… « été\xa0» « né\xa0»",
        "Fußgängerübergänge, Äpfel & Öl © 2026 — 25 °C, 3 × 4 ½ ±",
        "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß",
        "¿Qué pasó? ¡Así! «¿Último?»",
        "Привет, «СССР»… он поехал…»",
        "中文維基百科是維基百科協作計劃的中文版本",
        "吾輩は猫である。名前はまだ無い。ｱｲｳｴｵ",
        "大韓民國 憲法 第1條 ① 大韓民國은 民主共和國이다.",
        "∀x ∈ ℝ: x² ≥ 0 ⇒ √(x²) = |x|, ∑ᵢ αᵢ·βᵢ ≠ ∞",
        "ˈkʰæt̬ɚ /ʃəˈnɛl/ ŋ˧˥ ʐʊŋ",
        "┌──┬──┐ ┌─┐\n│  │  │ └─┘\n└──┴──┘ ╔═╗ █▓▒░",
        "👩‍👩‍👧 🇰🇷 ✅ 한글 ㅋㅋㅋ ㅠㅠ ♥",
        "나랏말ᄊᆞ미 듕귁에 달아",
        "뷁 햏 쀍 똠방각하",
        "정말??? 진짜?? 왜???",
        "Wie hieß das? São Paulo, NÃO, MANHÃ",
        "\t탭\r\n줄\n",
    ],
)
def test_real_text_of_any_kind_is_fine(text: str) -> None:
    assert unreadable(text) == {}
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("바\ufffd람\ufffd", {Sign.REPLACED: 2}),
        ("바\ud800람", {Sign.REPLACED: 1}),
        ("\uf0b7 항목 \U000f02ef", {Sign.PRIVATE_USE: 2}),
        ("\ue0bc\ue1a7 옛글", {Sign.PRIVATE_USE: 2}),
        ("소리\x07와 \x1b[0m 색 \x92", {Sign.CONTROL: 3}),
        ("그림 \ufffc 자리", {Sign.CONTROL: 1}),
        ("??? ??? ?? ????.", {Sign.QUESTION_MARKS: 4}),
        ("\ufffd\uf0b7", {Sign.REPLACED: 1, Sign.PRIVATE_USE: 1}),
    ],
)
def test_characters_that_say_nothing_are_counted(text: str, signs: dict[Sign, int]) -> None:
    assert unreadable(text) == signs
    assert readable(text) == text


@given(some.text())
def test_any_text_gets_an_answer_and_keeps_its_lines(text: str) -> None:
    assert readable(text).count("\n") == text.count("\n")
    assert all(count > 0 for count in unreadable(text).values())


@given(some.text(alphabet=some.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1))
def test_hangul_is_never_mojibake(text: str) -> None:
    assert mojibake(text) is None


def test_escapes_count_as_what_they_stand_for(tmp_path: Path) -> None:
    def chat(answer: str) -> str:
        messages = [{"role": "user", "content": f"읽어 줘 {len(answer)}"}, {"role": "assistant", "content": answer}]
        return json.dumps({"messages": messages}) + "\n"

    path = tmp_path / "a.jsonl"
    path.write_text(chat(KOREAN) + chat(as_windows(KOREAN.encode())) + chat("벨\b소리") + chat("\uf0b7 점"))

    found = {one.code: (one.lines, one.params) for one in look(path).findings}

    assert found == {
        "mojibake": ([2], {"places": 1}),
        "control_characters": ([3], {"places": 1}),
        "private_use": ([4], {"places": 1}),
    }
