"""What makes an example one of a kind: not its texts alone, and not what only looks different."""

import json
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from jobs.training_data.looking import look
from jobs.training_data.operations.splitting import split
from jobs.training_data.reducing import reduce_file

type Example = dict[str, Any]
LONG = (
    "할머니는 장독대 옆에 앉아 봄볕에 콩을 고르셨고 나는 그 곁에서 책을 읽었다. 밤기차는 불 꺼진 역들을 지나 "
    "바다 쪽으로 달렸고 창에는 내 얼굴만 비쳤다. 시장 골목 끝 국숫집에서는 새벽마다 "
    "멸치 육수 끓는 냄새가 먼저 문을 열었다."
)
TASK = "너는 산수를 잘한다. 아래 글을 읽고 물음에 숫자 하나로만 답하라. 풀이는 쓰지 않는다. 단위도 쓰지 않는다.\n\n"
DUPLICATES = ["exact_duplicates", "near_duplicates"]


def chat(asked: object, said: object, system: str = "", **beside: object) -> Example:
    first = [{"role": "system", "content": system}] if system else []
    return {"messages": [*first, {"role": "user", "content": asked}, {"role": "assistant", "content": said}], **beside}


def part(kind: str, value: object) -> list[dict[str, object]]:
    return [{"type": "text", "text": "이것을 한 문장으로 설명해 주세요."}, {"type": kind, kind: value}]


def tool(name: str) -> list[dict[str, object]]:
    return [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}]


def call(arguments: str, number: int, name: str = "look_up") -> Example:
    function = {"name": name, "arguments": arguments}
    asked = {"role": "user", "content": "내일 날씨를 알려 줘"}
    calls = [{"id": f"call_{number}", "type": "function", "function": function}]
    return {"messages": [asked, {"role": "assistant", "content": None, "tool_calls": calls}]}


def pair(good: str, bad: str, asked: str = "봄을 한 문장으로 써 줘") -> Example:
    question = {"messages": [{"role": "user", "content": asked}]}
    answers = ([{"role": "assistant", "content": each}] for each in (good, bad))
    return {"input": question, **dict(zip(("preferred_output", "non_preferred_output"), answers, strict=True))}


def graded(asked: str, **keys: object) -> Example:
    return {"messages": [{"role": "user", "content": asked}], **keys}


def write(path: Path, examples: list[Example]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in examples))
    return path


def found(tmp_path: Path, examples: list[Example]) -> dict[str, list[int]]:
    return {one.code: one.lines for one in look(write(tmp_path / "a.jsonl", examples)).findings}


DIFFERENT: dict[str, list[Example]] = {
    "images": [chat(part("image_url", {"url": f"https://example.com/{n}.png"}), LONG) for n in range(3)],
    "sound": [chat(part("input_audio", {"data": f"UklG{n}", "format": "wav"}), LONG) for n in range(3)],
    "files": [chat(part("file", {"file_id": f"file-{n}"}), LONG) for n in range(3)],
    "tools": [chat("내일 날씨를 알려 줘", LONG, tools=tool(name)) for name in ("weather", "search")],
    "system prompts": [chat("봄을 써 줘", LONG, system) for system in ("시인처럼 쓴다.", "기자처럼 쓴다.")],
    "numbers": [chat(f"{TASK}사과가 {n}개 있고 배가 3개 있다. 모두 몇 개인가?", f"{n + 3}") for n in range(1, 9)],
    "numbers that answer alike": [chat(f"{TASK}{n} 곱하기 0은?", "0") for n in range(1, 9)],
    "digits in words": [chat(f"{TASK}사과가 {n} 개 있다. 둘로 나누면?", "안다") for n in ("여섯", "여덟", "열")],
    "numbers in Hanja words": [chat(f"{TASK}값은 {n} 원이다. 비싼가?", "그렇다") for n in ("이백", "삼백")],
    "dates": [chat(f"{TASK}오늘은 2024년 3월 {n}일이다. 무슨 요일인가?", "평일") for n in range(1, 9)],
    "names": [chat(f"{TASK}{name}는 학교에 갔다. 어디에 갔는가?", "학교") for name in ("철수", "영희", "민수")],
    "units": [chat(f"{TASK}길이는 5 {unit}이다. 긴가?", "그렇다") for unit in ("cm", "m", "km")],
    "versions": [chat(f"{TASK}파이썬 3.{n}에서 되는가?", "된다") for n in range(8, 14)],
    "signs": [chat(f"{TASK}8 {sign} 2는 얼마인가?", "계산") for sign in "+-*/"],
    "order": [chat(f"{TASK}{n}", "안다") for n in ("8, 12, 14", "14, 12, 8", "8, 14, 12")],
    "brackets": [chat(f"{TASK}{n}", "안다") for n in ("(3 + 5) * 2", "3 + (5 * 2)")],
    "who did it": [chat(f"{TASK}{n}. 누가 했나?", "안다") for n in ("철수가 영희를 불렀다", "철수를 영희가 불렀다")],
    "denial": [chat(f"{TASK}문이 {n}. 들어갈까?", "글쎄") for n in ("열려 있다", "열려 있지 않다")],
    "reviews behind one instruction": [chat(f"{TASK}{review}", "긍정") for review in ("좋다", "재미있다", "볼만하다")],
    "what a grader reads": [graded(f"{TASK}답하라.", target=n) for n in range(3)],
    "numbers of a grader's task": [graded(f"{TASK}수: {n}, 7, 9", target=n) for n in range(3)],
    "numbers in long answers": [chat("안내문을 써 줘", f"{LONG} 모임은 {n}시에 시작한다.") for n in range(1, 9)],
    "words for numbers in long answers": [chat("글을 써 줘", f"{LONG} 손님은 {n} 왔다.") for n in ("셋", "다섯")],
    "denial in long answers": [chat("글을 써 줘", f"{LONG} 그는 {n}.") for n in ("왔다", "오지 않았다")],
    "names in short completions": [
        {"prompt": "", "completion": f" {name} 고객님, 주문하신 물건을 오늘 보냈습니다. 고맙습니다."}
        for name in ("철수", "영희")
    ],
    "arguments of calls": [call(f'{{"city": "{city}"}}', 0) for city in ("서울", "부산", "제주")],
    "names of calls": [call("{}", 0, name) for name in ("weather", "search")],
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_what_tells_examples_from_each_other(tmp_path: Path, kind: str) -> None:
    examples = DIFFERENT[kind]

    assert not {*DUPLICATES} & found(tmp_path, examples).keys()
    assert reduce_file(tmp_path / "a.jsonl", tmp_path / "b.jsonl", DUPLICATES, lambda _done: None) == 0
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


SAME: dict[str, tuple[Example, Example]] = {
    "spacing": (chat("봄을 써 줘", LONG), chat(" 봄을  써 줘\n", LONG.replace(" ", "  "))),
    "punctuation": (chat("봄을 써 줘.", "네, 봄입니다."), chat("봄을 써 줘!", "네. 봄입니다")),
    "case": (chat("Write about spring", "It is spring."), chat("write about Spring", "it is spring.")),
    "width": (chat("봄을 써 줘!", "네, ABC입니다."), chat("봄을 써 줘！", "네， ＡＢＣ입니다。")),
    "quotes": (chat('"봄"을 써 줘', LONG), chat("“봄”을 써 줘", LONG)),
    "ids of calls": (call('{"city": "서울"}', 1), call('{"city": "서울"}', 2)),
    "a word of a long answer": (chat("봄을 써 줘", LONG), chat("봄을 써 줘", LONG.replace("멸치", "다시마"))),
    "numbers of rows": (graded("수: 1, 7, 9", id=1), graded("수: 1, 7, 9", id=2)),
    "the second answer's spacing": (pair("봄이다.", LONG), pair("봄이다.", LONG.replace(" ", "  "))),
}


@pytest.mark.parametrize("kind", SAME)
def test_what_only_looks_different_is_near(tmp_path: Path, kind: str) -> None:
    assert found(tmp_path, [*SAME[kind]])["near_duplicates"] == [1, 2]


def test_decomposed_letters_are_the_same_letters(tmp_path: Path) -> None:
    one, other = chat("봄을 써 줘", LONG), chat("봄을 써 줘", LONG + " 끝.")
    apart = json.loads(normalize("NFD", json.dumps(one, ensure_ascii=False)))

    assert found(tmp_path, [one, other, apart])["exact_duplicates"] == [1, 3]


NO_CONTRADICTION: dict[str, list[Example]] = {
    "images": [*DIFFERENT["images"][:1], chat(part("image_url", {"url": "https://example.com/9.png"}), "토끼")],
    "sound": [chat(part("input_audio", {"data": f"{n}", "format": "wav"}), f"{n}") for n in range(3)],
    "tools": [chat("날씨는?", name, tools=tool(name)) for name in ("weather", "search")],
    "empty prompts": [{"prompt": "", "completion": f" 글 {n}"} for n in range(3)],
    "prompts of marks only": [{"prompt": " \n\n###\n\n", "completion": f" 글 {n}"} for n in range(3)],
    "instructions that ask nothing": [chat("", f"글 {n}", "시를 쓴다.") for n in range(3)],
    "system prompts": [chat("인사해 줘", said, system) for said, system in (("안녕", "반말"), ("안녕하세요", "존대"))],
    "ids of calls": [call('{"city": "서울"}', n) for n in range(3)],
    "composition": [chat("수도는?", "서울"), chat(normalize("NFD", "수도는?"), normalize("NFD", "서울"))],
    "several pairs for one question": [pair("가장 좋은 글", "나쁜 글"), pair("좋은 글", "나쁜 글")],
    "questions without answers": [graded("수도는?", target=n) for n in range(3)],
}


@pytest.mark.parametrize("kind", NO_CONTRADICTION)
def test_other_answers_that_contradict_nothing(tmp_path: Path, kind: str) -> None:
    assert "contradictions" not in found(tmp_path, NO_CONTRADICTION[kind])


CONTRADICTIONS: dict[str, list[Example]] = {
    "chat": [chat("수도는?", "서울"), chat("수도는?", "부산")],
    "image": [chat(part("image_url", {"url": "https://example.com/1.png"}), said) for said in ("토끼", "사슴")],
    "composition": [chat("수도는?", "서울"), chat(normalize("NFD", "수도는?"), "부산")],
    "calls": [call('{"city": "서울"}', 1), call('{"city": "부산"}', 2)],
    "a pair the other way round": [pair("좋은 글", "나쁜 글"), pair("나쁜 글", "좋은 글")],
    "legacy": [{"prompt": "수도는? ->", "completion": f" {said}"} for said in ("서울", "부산")],
}


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_other_answers_to_the_same_question_contradict(tmp_path: Path, kind: str) -> None:
    assert found(tmp_path, CONTRADICTIONS[kind])["contradictions"] == [1, 2]


def test_an_answer_that_is_not_learnt_answers_nothing(tmp_path: Path) -> None:
    def taught(said: str) -> Example:
        example = chat("수도는?", "서울")
        example["messages"] += [{"role": "user", "content": said}, {"role": "assistant", "content": said, "weight": 0}]
        return example

    assert "contradictions" not in found(tmp_path, [taught("정말?"), taught("확실해?")])


@pytest.mark.parametrize(
    ("message", "is_empty"),
    [
        ({"content": ""}, True),
        ({"content": " \n"}, True),
        ({"content": "", "weight": 0}, False),
        ({"content": None, "audio": {"id": "audio_1"}}, False),
        ({"content": None, "refusal": "도울 수 없습니다."}, False),
        ({"content": [{"type": "text", "text": " "}]}, True),
    ],
)
def test_an_answer_without_text_is_empty_only_where_nothing_is_learnt(
    tmp_path: Path, message: Example, is_empty: bool
) -> None:
    example = {"messages": [{"role": "user", "content": "봄"}, {"role": "assistant", **message}]}

    assert ("empty_answers" in found(tmp_path, [example])) is is_empty


def test_calls_of_tools_are_in_no_language(tmp_path: Path) -> None:
    korean = [chat(f"글감 {word}", f"{word}은 언제나 내 마음에 남아 있다.") for word in "봄산강달별꽃"]

    assert "language_mix" not in found(tmp_path, [*korean, call('{"city": "Seoul", "unit": "celsius"}', 1)])


@pytest.mark.parametrize("kind", ["images", "sound", "numbers of a grader's task"])
def test_what_differs_in_more_than_words_can_be_split(tmp_path: Path, kind: str) -> None:
    source = write(tmp_path / "a.jsonl", DIFFERENT[kind])

    assert split(source, tmp_path / "b.jsonl", ratio=0.7, seed=1, part="validation") == 1


def test_one_instruction_before_other_texts_ties_nothing(tmp_path: Path) -> None:
    parts = [[{"type": "text", "text": TASK}, {"type": "text", "text": f"{word} 이야기"}] for word in "봄산강달"]
    source = write(tmp_path / "a.jsonl", [chat(each, "좋다") for each in parts])

    assert split(source, tmp_path / "b.jsonl", ratio=0.7, seed=1, part="validation") == 1
