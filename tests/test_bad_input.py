"""Each named case of bad input, through the real pages: its message in English and in Korean."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from jobs.models import FileState, TrainingFile
from jobs.pipeline.checking import check
from jobs.training_data.codes import Code
from tests.conftest import World
from tests.factories import make_file
from tests.training_cases import FILES, LINES, with_line_four

Login = Callable[..., Client]

CHECKED = [  # bytes, message in English, message in Korean
    pytest.param(
        FILES[Code.BOM][1],
        "The file begins with an invisible byte order mark (BOM).",
        "파일 맨 앞에 보이지 않는 바이트 순서 표시(BOM)가 있습니다.",
        id="BOM",
    ),
    pytest.param(
        with_line_four(LINES[Code.CP949]),
        "The text is encoded as CP949 (EUC-KR), not as UTF-8.",
        "글자가 UTF-8이 아니라 CP949(EUC-KR)로 저장되어 있습니다.",
        id="cp949",
    ),
    pytest.param(
        FILES[Code.UTF16][1],
        "The file is encoded as UTF-16.",
        "파일이 UTF-16으로 저장되어 있습니다.",
        id="UTF-16",
    ),
    pytest.param(
        with_line_four(LINES[Code.NUL]),
        "There is a NUL character in the text.",
        "텍스트에 NUL 문자가 들어 있습니다.",
        id="NUL bytes",
    ),
    pytest.param(
        FILES[Code.LINE_TOO_LONG][1],
        "The line is longer than 8 MB.",
        "줄이 너무 깁니다. 한도: 8 MB",
        id="a 50 MB single line",
    ),
    pytest.param(
        with_line_four(LINES[Code.TOO_DEEP]),
        "Brackets are nested more than 64 deep.",
        "괄호가 너무 깊게 겹쳐 있습니다. 한도: 64단계",
        id="nesting 10,000 deep",
    ),
    pytest.param(
        with_line_four(LINES[Code.DUPLICATE_KEY]),
        "A key stands twice in the same object. Key: role",
        "한 객체에 같은 키가 두 번 나옵니다. 키: role",
        id="duplicate keys",
    ),
    pytest.param(
        with_line_four(LINES[Code.NOT_A_NUMBER]),
        'NaN and Infinity are not JSON. Found: NaN}, {"role": "ass…',
        'NaN과 Infinity는 JSON 값이 아닙니다. 찾은 것: NaN}, {"role": "ass…',
        id="NaN",
    ),
    pytest.param(
        FILES[Code.JSON_ARRAY][1],
        "The file is one JSON array; JSON Lines wants one object per line.",
        "파일 전체가 하나의 JSON 배열입니다. JSON Lines는 한 줄에 객체 하나를 씁니다.",
        id="a JSON array",
    ),
    pytest.param(
        FILES[Code.TOO_FEW_EXAMPLES][1],
        "Too few examples: 9. At least 10 are needed.",
        "예제가 부족합니다. 예제 수: 9, 최소: 10",
        id="9 examples",
    ),
    pytest.param(
        with_line_four(LINES[Code.ROLE_MISSPELT]),
        "Message 2 has an unknown role: assistent. Probably meant: assistant",
        "2번째 메시지의 역할을 알 수 없습니다: assistent. 혹시 이것입니까: assistant",
        id="roles misspelt",
    ),
    pytest.param(
        with_line_four(LINES[Code.CONTENT_MISSING]),
        "Message 2 has no content.",
        "2번째 메시지에 내용(content)이 없습니다.",
        id="content null without tool_calls",
    ),
    pytest.param(
        FILES[Code.NOT_TEXT][1],
        "This is not a text file, whatever its name says. Kind: PNG",
        "이름과 달리 텍스트 파일이 아닙니다. 종류: PNG",
        id="a PNG",
    ),
]


def send(client: Client, world: World, body: bytes) -> int:
    upload = SimpleUploadedFile("bad.jsonl", body)
    return client.post(world.url("files/new/"), {"upload": upload}).status_code


@pytest.mark.parametrize(("body", "english", "korean"), CHECKED)
def test_a_bad_file_is_kept_and_its_first_fault_named(
    world: World, login: Login, body: bytes, english: str, korean: str
) -> None:
    assert send(login(world.bob), world, body) == 302
    file = TrainingFile.objects.get()
    check(file)

    pages = {language: login(world.bob, language).get(world.url(f"files/{file.uuid}/")) for language in ("en", "ko")}

    file.refresh_from_db()
    assert file.state == FileState.INVALID
    assert {language: page.context["facts"].faults[0].message for language, page in pages.items()} == {
        "en": english,
        "ko": korean,
    }
    assert escape(english) in pages["en"].text
    assert escape(korean) in pages["ko"].text


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "The file is empty. Choose the file again; perhaps saving it went wrong."),
        ("ko", "파일이 비어 있습니다. 파일을 다시 고르세요. 저장이 제대로 되지 않았을 수 있습니다."),
    ],
)
def test_an_empty_file_is_refused(world: World, login: Login, language: str, message: str) -> None:
    upload = SimpleUploadedFile("bad.jsonl", b"")

    response = login(world.bob, language).post(world.url("files/new/"), {"upload": upload})

    assert (response.status_code, response.context["form"].errors) == (422, {"upload": [message]})
    assert TrainingFile.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "The upload was cut off, so nothing was stored. Please send the file again."),
        ("ko", "올리기가 중간에 끊겨 아무것도 저장하지 않았습니다. 파일을 다시 보내 주세요."),
    ],
)
def test_an_upload_cut_in_half_is_said(world: World, login: Login, language: str, message: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="upload"; filename="bad.jsonl"\r\n\r\n' + b"{}\n" * 100

    response = login(world.bob, language).generic(
        "POST",
        world.url("files/new/"),
        body,
        "multipart/form-data; boundary=b",
        headers={"X-Requested-With": "upload"},
    )

    assert (response.status_code, response.json()) == (422, {"error": message})
    assert TrainingFile.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "message"),
    [
        (
            "en",
            "The file is larger than 1000\N{NO-BREAK SPACE}bytes. "
            "Split it, or ask whoever runs this portal for a higher limit.",
        ),
        (
            "ko",
            "파일이 너무 큽니다. 한도: 1000\N{NO-BREAK SPACE}바이트. "
            "나누어 올리거나 운영자에게 한도를 높여 달라고 요청해 주세요.",
        ),
    ],
)
def test_a_file_over_the_limit_is_refused(
    world: World, login: Login, settings: object, language: str, message: str
) -> None:
    settings.UPLOAD_LIMIT = settings.BODY_LIMIT = 1000  # type: ignore[attr-defined]

    response = login(world.bob, language).post(
        world.url("files/new/"),
        {"upload": SimpleUploadedFile("bad.jsonl", b"x" * 1001)},
        headers={"X-Requested-With": "upload"},
    )

    assert (response.status_code, response.json()) == (413, {"error": message})
    assert TrainingFile.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "message"), [("en", "There is nothing here"), ("ko", "여기에는 아무것도 없습니다")]
)
def test_a_file_id_of_another_team_is_not_found(world: World, login: Login, language: str, message: str) -> None:
    theirs = make_file(world.mallory.ensure_team())
    client = login(world.bob, language)

    answers = [client.get(world.url(f"files/{uuid}/")) for uuid in (theirs.uuid, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert [message in answer.text for answer in answers] == [True, True]
