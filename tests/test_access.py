"""Every URL x every kind of user, against a written table. A new URL without a row fails."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from jobs.models import (
    Conversation,
    Evaluation,
    FineTuneJob,
    Invitation,
    Message,
    Origin,
    RemoteFile,
    RemoteModel,
    Role,
    Run,
    SavedPrompt,
    SavedRecipe,
    Search,
    SecondJob,
    TunedModel,
    User,
)
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_file, make_job, make_source, make_tuned_model
from tests.judging import make_answered, make_judging

type Login = Callable[..., Client]


class Row(NamedTuple):
    """One call. `least` is the lowest role that may make it; `answer` what that role gets."""

    name: str
    method: str
    least: Role
    answer: int


# --- pages of a team: strangers and staff get 404, signed-out people the log-in, lower roles 403 -------
VIEWER, TRAINER, OWNER = Role.VIEWER, Role.TRAINER, Role.OWNER
TEAM = [
    Row("job-list", "get", VIEWER, 200),
    Row("job-list-poll", "get", VIEWER, 200),
    Row("job-list-watch", "post", VIEWER, 204),
    Row("job-new", "get", TRAINER, 200),
    Row("job-new", "post", TRAINER, 422),
    Row("job-estimate", "get", TRAINER, 200),
    Row("job-bases", "get", TRAINER, 200),
    Row("job-detail", "get", VIEWER, 200),
    Row("job-poll", "get", VIEWER, 200),
    Row("job-watch", "post", VIEWER, 204),
    Row("job-cancel", "post", TRAINER, 302),
    Row("job-pause", "post", TRAINER, 302),
    Row("job-resume", "post", TRAINER, 302),
    Row("job-settle", "post", TRAINER, 302),
    Row("job-second-cancel", "post", TRAINER, 302),
    Row("job-left-behind", "get", VIEWER, 302),
    Row("job-left-behind-delete", "post", TRAINER, 302),
    Row("job-edit", "post", TRAINER, 302),
    Row("job-keep", "post", TRAINER, 302),
    Row("job-look", "post", TRAINER, 302),
    Row("job-import", "get", TRAINER, 200),
    Row("job-import", "post", TRAINER, 422),
    Row("job-json", "get", VIEWER, 200),
    Row("job-events-csv", "get", VIEWER, 200),
    Row("job-metrics-csv", "get", VIEWER, 200),
    Row("job-result-csv", "get", VIEWER, 200),
    Row("job-weights", "get", TRAINER, 200),
    Row("job-weights-order", "post", TRAINER, 302),
    Row("job-weights-download", "get", TRAINER, 404),  # not made yet: tests/test_weights_page.py downloads
    Row("file-list", "get", VIEWER, 200),
    Row("file-new", "get", TRAINER, 200),
    Row("file-new", "post", TRAINER, 422),
    Row("file-detail", "get", VIEWER, 200),
    Row("file-poll", "get", VIEWER, 200),
    Row("file-download", "get", VIEWER, 200),
    Row("file-faults-csv", "get", VIEWER, 200),
    Row("file-remote-json", "get", VIEWER, 200),
    Row("file-compare", "get", VIEWER, 200),
    Row("file-examples", "get", VIEWER, 200),
    Row("file-draft", "post", TRAINER, 302),
    Row("file-draft-delete", "post", TRAINER, 302),
    Row("file-draft-restore", "post", TRAINER, 302),
    Row("file-drafts-discard", "post", TRAINER, 302),
    Row("file-drafts-save", "post", TRAINER, 302),
    Row("file-change", "get", TRAINER, 200),
    Row("file-change-act", "post", TRAINER, 422),
    Row("file-map", "get", TRAINER, 302),  # no table
    Row("file-map", "post", TRAINER, 302),
    Row("file-repair", "post", TRAINER, 302),
    Row("file-repeat", "get", TRAINER, 200),
    Row("file-repeat", "post", TRAINER, 422),
    Row("file-convert", "post", TRAINER, 302),
    Row("file-mask", "post", TRAINER, 302),
    Row("file-reduce", "post", TRAINER, 302),
    Row("file-stop", "post", TRAINER, 302),
    Row("file-check", "post", TRAINER, 302),
    Row("file-delete", "post", TRAINER, 302),
    Row("source-list", "get", VIEWER, 200),
    Row("source-new", "get", TRAINER, 200),
    Row("source-new", "post", TRAINER, 422),
    Row("source-detail", "get", VIEWER, 200),
    Row("source-poll", "get", VIEWER, 200),
    Row("source-download", "get", VIEWER, 200),
    Row("source-encoding", "post", TRAINER, 302),
    Row("source-delete", "post", TRAINER, 302),
    Row("copy-list", "get", VIEWER, 200),
    Row("copy-delete", "post", TRAINER, 302),
    Row("run-list", "get", VIEWER, 200),
    Row("run-new", "get", TRAINER, 200),
    Row("run-new", "post", TRAINER, 422),
    Row("run-preview", "post", TRAINER, 422),
    Row("run-detail", "get", VIEWER, 200),
    Row("run-poll", "get", VIEWER, 200),
    Row("run-pause", "post", TRAINER, 302),
    Row("run-resume", "post", TRAINER, 302),
    Row("run-cancel", "post", TRAINER, 302),
    Row("run-cap", "post", TRAINER, 302),
    Row("run-retry", "post", TRAINER, 302),
    Row("run-take", "post", TRAINER, 302),
    Row("run-file", "post", TRAINER, 302),
    Row("recipe-list", "get", VIEWER, 200),
    Row("recipe-save", "post", TRAINER, 302),
    Row("recipe-rename", "post", TRAINER, 302),
    Row("recipe-delete", "post", TRAINER, 302),
    Row("passage-list", "get", VIEWER, 200),
    Row("passage-new", "post", TRAINER, 422),
    Row("passage-detail", "get", VIEWER, 200),
    Row("passage-poll", "get", VIEWER, 200),
    Row("passage-delete", "post", TRAINER, 302),
    Row("passage-forget", "post", OWNER, 302),
    Row("passage-models", "post", OWNER, 302),
    Row("model-list", "get", VIEWER, 200),
    Row("model-delete", "post", OWNER, 302),
    Row("rescue", "get", VIEWER, 200),
    Row("rescue-read", "post", TRAINER, 302),
    Row("rescue-archive", "post", TRAINER, 302),
    Row("rescue-model", "get", VIEWER, 200),
    Row("rescue-report", "get", VIEWER, 200),
    Row("rescue-compare", "get", TRAINER, 302),
    Row("rescue-compare", "post", TRAINER, 302),
    Row("rescue-sign", "post", OWNER, 302),
    Row("rescue-book", "post", TRAINER, 200),
    Row("rescue-propose", "post", TRAINER, 302),
    Row("rescue-record", "get", TRAINER, 200),
    Row("rescue-record", "post", TRAINER, 422),
    Row("rescue-recording", "get", VIEWER, 200),
    Row("evaluation-list", "get", VIEWER, 200),
    Row("evaluation-new", "get", TRAINER, 200),
    Row("evaluation-new", "post", TRAINER, 422),
    Row("evaluation-price", "post", TRAINER, 200),
    Row("evaluation-detail", "get", VIEWER, 200),
    Row("evaluation-poll", "get", VIEWER, 200),
    Row("evaluation-question", "get", VIEWER, 200),
    Row("evaluation-report", "get", VIEWER, 200),
    Row("evaluation-pause", "post", TRAINER, 302),
    Row("evaluation-resume", "post", TRAINER, 302),
    Row("evaluation-cancel", "post", TRAINER, 302),
    Row("evaluation-cap", "post", TRAINER, 302),
    Row("evaluation-retry", "post", TRAINER, 302),
    Row("evaluation-delete", "post", OWNER, 302),
    Row("evaluation-vote", "get", TRAINER, 200),
    Row("evaluation-vote", "post", TRAINER, 302),
    Row("evaluation-vote-back", "post", TRAINER, 302),
    Row("judging-new", "get", TRAINER, 200),
    Row("judging-new", "post", TRAINER, 422),
    Row("judging-price", "post", TRAINER, 200),
    Row("judging-detail", "get", VIEWER, 200),
    Row("judging-wish", "post", TRAINER, 302),
    Row("judging-cap", "post", TRAINER, 302),
    Row("judging-retry", "post", TRAINER, 302),
    Row("judging-delete", "post", OWNER, 302),
    Row("judging-csv", "get", VIEWER, 200),
    Row("evaluation-csv", "get", VIEWER, 200),
    Row("evaluation-json", "get", VIEWER, 200),
    Row("evaluation-promptfoo", "get", VIEWER, 200),
    Row("prompt-list", "get", VIEWER, 200),
    Row("prompt-new", "get", TRAINER, 200),
    Row("prompt-new", "post", TRAINER, 200),
    Row("prompt-questions", "post", TRAINER, 302),
    Row("prompt-detail", "get", VIEWER, 200),
    Row("prompt-edit", "post", TRAINER, 422),
    Row("prompt-delete", "post", TRAINER, 302),
    Row("question-talks", "get", TRAINER, 200),
    Row("question-talks", "post", TRAINER, 422),
    Row("question-list", "get", VIEWER, 200),
    Row("question-new", "get", TRAINER, 200),
    Row("question-new", "post", TRAINER, 422),
    Row("question-detail", "get", VIEWER, 200),
    Row("question-change", "get", TRAINER, 200),
    Row("question-change", "post", TRAINER, 422),
    Row("question-rest", "post", TRAINER, 302),
    Row("question-delete", "post", OWNER, 302),
    Row("playground", "get", TRAINER, 200),
    Row("playground-job", "get", TRAINER, 200),
    Row("playground-models", "post", TRAINER, 422),
    Row("playground-ask", "post", TRAINER, 422),
    Row("playground-say", "post", TRAINER, 400),  # a model that is not the job's
    Row("playground-clear", "post", TRAINER, 302),
    Row("playground-download", "get", TRAINER, 200),
    Row("connection-list", "get", VIEWER, 200),
    Row("connection-new", "get", OWNER, 200),
    Row("connection-new", "post", OWNER, 422),
    Row("connection-detail", "get", VIEWER, 200),
    Row("connection-key", "get", OWNER, 200),
    Row("connection-key", "post", OWNER, 422),
    Row("connection-issue", "post", OWNER, 302),
    Row("connection-hook", "get", OWNER, 200),
    Row("connection-hook", "post", OWNER, 422),
    Row("connection-hook-remove", "post", OWNER, 302),
    Row("connection-test", "post", TRAINER, 302),
    Row("connection-delete", "post", OWNER, 302),
    Row("team", "get", VIEWER, 200),
    Row("team-audit", "get", VIEWER, 200),
    Row("team-rename", "post", OWNER, 422),
    Row("team-privacy", "post", OWNER, 302),
    Row("team-export", "post", OWNER, 200),
    Row("team-leave", "post", VIEWER, 302),
    Row("team-invite", "post", OWNER, 422),
    Row("team-invitation-withdraw", "post", OWNER, 302),
    Row("team-member-role", "post", OWNER, 422),
    Row("team-member-remove", "post", OWNER, 302),
]

# --- pages of a person: (name, method, signed out, signed in) -------------------------------------------
PERSONAL = [
    ("healthz", "get", 200, 200),
    ("readyz", "get", 503, 503),  # no beat in a test
    ("home", "get", 302, 302),
    ("settings", "get", 302, 200),
    ("notices", "get", 302, 200),
    ("notices-seen", "post", 302, 400),  # says up to which
    ("notice-poll", "get", 302, 200),
    ("team-new", "get", 302, 200),
    ("set-language", "post", 302, 302),
    ("join", "get", 404, 404),
    ("hook", "post", 404, 404),  # no one signs in: the signature is the proof (tests/test_hooks.py)
    ("account_login", "get", 200, 302),
    ("account_signup", "get", 200, 302),
    ("account_logout", "get", 302, 200),
    ("account_inactive", "get", 200, 200),
    ("account_reauthenticate", "get", 302, 200),
    ("account_email", "get", 302, 200),
    ("account_email_verification_sent", "get", 200, 200),
    ("account_confirm_email", "get", 200, 200),
    ("account_change_password", "get", 302, 200),
    ("account_set_password", "get", 302, 302),
    ("account_reset_password", "get", 200, 200),
    ("account_reset_password_done", "get", 200, 200),
    ("account_reset_password_from_key", "get", 200, 200),
    ("account_reset_password_from_key_done", "get", 200, 200),
    ("account_confirm_login_code", "get", 302, 302),
]
ARGUMENTS: dict[str, list[str]] = {
    "join": ["no-such-token"],
    "hook": ["00000000-0000-0000-0000-000000000000"],
    "account_confirm_email": ["key"],
    "account_reset_password_from_key": ["1", "no-such-key"],
}
SENT: dict[str, dict[str, Any]] = {
    "playground-say": {"message": 777},
    "file-draft": {"key": "1", "raw": '{"messages": [{"role": "assistant", "content": "골목"}]}'},
    "file-draft-delete": {"key": "1"},
    "connection-new": {"name": ""},
    "connection-key": {"key": ""},
    "connection-hook": {"secret": ""},
}
ROWS_THAT_POST = [row.name for row in TEAM if row.method == "post"]
KINDS = ["signed out", "stranger", "staff", "viewer", "trainer", "owner"]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        where = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, where)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name), where


@pytest.fixture
def clients(world: World, login: Login) -> dict[str, Client]:
    staff = User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1")
    people = {"stranger": world.mallory, "staff": staff, "viewer": world.carol, "trainer": world.bob}
    return {"signed out": Client(), "owner": login(world.alice)} | {
        kind: login(person) for kind, person in people.items()
    }


def address(world: World, name: str, kind: str = "owner") -> str:
    """The URL of a row, for things that surely exist."""
    file = make_file(world.team, created_at="2026-01-01T00:00:00Z")
    made = make_file(world.team, parent=file, origin=Origin.SHUFFLED, options={"seed": 7})
    job = make_job(
        world.team,
        connection=world.connection,
        training_file=make_file(world.team),
        state=State.SUCCEEDED,
        result_csv="step\n1\n",
        fine_tuned_model="ft:sim-small-2026-06-01:o::1",
        remote_id=f"ftjob-{uuid4().hex}",
        engine="transformers" if name.startswith("job-weights") else "simulated",
    )
    if name.startswith("connection-"):
        FineTuneJob.objects.filter(pk=job.pk).update(due_at=None)
    copy = RemoteFile.objects.create(connection=world.connection, training_file=file, remote_id="file-1", raw={"id": 1})
    if name in ("playground-download", "playground-say"):
        for person in (world.alice, world.bob):
            talk = Conversation.objects.create(user=person, job=job)
            if person == (world.bob if kind == "trainer" else world.alice):
                Message.objects.filter(pk=777).delete()
                talk.messages.create(pk=777, role="user", content="눈")
    second = SecondJob.objects.create(job=job, remote_id=f"ftjob-{uuid4().hex}")
    search = Search.objects.create(team=world.team, by=world.alice, passage="함박눈이 내렸다")
    invitation = Invitation.objects.create(team=world.team, email="new@example.com", invited_by=world.alice)
    member = world.team.members.exclude(user=world.alice).first() or world.team.members.get()
    run = Run.objects.create(team=world.team, name="겨울", recipe={}).uuid if name.startswith("run-") else ""
    model = make_tuned_model(job).uuid if name == "model-delete" else ""
    recording = Evaluation.objects.create(team=world.team, name="기록", kind="recording").uuid
    remote = RemoteModel.objects.create(team=world.team, connection=world.connection, name=uuid4().hex).uuid
    recipe = ""
    if name.startswith("recipe-"):
        recipe = str(SavedRecipe.objects.create(team=world.team, name=uuid4().hex, recipe={}).uuid)
    prompt = SavedPrompt.objects.create(team=world.team, name="첫눈", text="첫눈?").uuid
    evaluated: dict[str, list[Any]] = {"evaluation-question": [], "evaluation-": [], "question-": []}
    if name.startswith(("evaluation-", "question-")):
        questions = make_questions(world.team, "눈")
        evaluation = make_evaluation(world.team, ["one"], questions, connection=world.connection).uuid
        evaluated["evaluation-question"] = [evaluation, questions.questions.get().pk]
        evaluated["evaluation-"], evaluated["question-"] = [evaluation], [questions.uuid]
        if name in ("evaluation-new", "evaluation-price"):
            return f"{reverse(name, args=[world.team.slug])}?questions={questions.uuid}"
    judged: dict[str, list[Any]] = {}
    if name.startswith("judging-"):
        row = make_answered(world.team, 1, connection=world.connection)
        judging = make_judging(row, connection=world.connection).uuid
        judged = {"judging-wish": [row.uuid, judging, "pause"], "judging-new": [row.uuid], "judging-price": [row.uuid]}
        judged["judging-"] = [row.uuid, judging]
    team = world.team.slug
    by_prefix: list[tuple[str, list[Any]]] = [
        ("file-remote-json", [file.uuid, copy.pk]),
        ("file-change-act", [file.uuid, "shuffle"]), ("file-repeat", [made.uuid]),
        ("file-compare", [made.uuid, file.uuid]),
        ("file-list", []), ("file-new", []), ("file-", [file.uuid]),
        ("source-list", []), ("source-new", []), ("source-", [make_source(world.team).uuid]),
        ("job-weights-", [job.uuid, "adapter"]),
        ("model-delete", [model]),
        ("job-second-cancel", [job.uuid, second.uuid]),
        ("job-list", []), ("job-new", []), ("job-estimate", []), ("job-bases", []), ("job-import", []),
        ("job-", [job.uuid]),
        ("run-list", []), ("run-new", []), ("run-preview", []), ("run-", [run]),
        ("rescue-model", [remote]), ("rescue-compare", [remote]), ("rescue-sign", [remote]),
        ("rescue-report", [remote]),
        ("rescue-recording", [recording]), ("rescue", []),
        ("recipe-list", []), ("recipe-save", []), ("recipe-", [recipe]),
        ("playground-", [job.uuid]),
        ("question-talks", []),
        ("prompt-list", []), ("prompt-new", []), ("prompt-questions", []), ("prompt-", [prompt]),
        ("evaluation-list", []), ("question-list", []), ("question-new", []), *evaluated.items(),
        *judged.items(),
        ("passage-list", []), ("passage-new", []), ("passage-", [search.uuid]),
        ("connection-list", []), ("connection-new", []), ("connection-", [world.connection.uuid]),
        ("team-invitation-withdraw", [invitation.pk]), ("team-member-", [member.pk]),
    ]  # fmt: skip
    arguments = next((found for prefix, found in by_prefix if name.startswith(prefix)), [])
    return reverse(name, args=[team, *arguments])


@pytest.mark.parametrize("row", TEAM, ids=lambda row: f"{row.method} {row.name}")
def test_pages_of_a_team(world: World, clients: dict[str, Client], row: Row) -> None:
    answers = {
        kind: getattr(clients[kind], row.method)(address(world, row.name, kind), SENT.get(row.name)) for kind in KINDS
    }

    assert {kind: answer.status_code for kind, answer in answers.items()} == {
        kind: expected(row, kind) for kind in KINDS
    }
    assert answers["signed out"].headers["Location"].startswith("/accounts/login/?next=")


def expected(row: Row, kind: str) -> int:
    if kind == "signed out":
        return 302
    if kind in ("stranger", "staff"):
        return 404
    if row.name == "team-leave" and kind == "owner":
        return 409  # the last owner stays
    return row.answer if Role(kind).rank >= row.least.rank else 403


@pytest.mark.parametrize("kind", ["signed out", "stranger"])
@pytest.mark.parametrize(("name", "method", "outside", "inside"), PERSONAL, ids=lambda value: str(value))
def test_pages_of_a_person(
    clients: dict[str, Client], name: str, method: str, outside: int, inside: int, kind: str
) -> None:
    response = getattr(clients[kind], method)(reverse(name, args=ARGUMENTS.get(name)))

    assert response.status_code == (outside if kind == "signed out" else inside)


@pytest.mark.parametrize("kind", KINDS)
def test_the_admin_is_for_staff_alone(clients: dict[str, Client], kind: str) -> None:
    assert clients[kind].get(reverse("admin:index")).status_code == (200 if kind == "staff" else 302)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "staff"])
def test_no_address_of_the_admin_opens_to_others(clients: dict[str, Client], kind: str) -> None:
    paths = [path for _name, path in patterns(get_resolver()) if path.startswith("admin/")]
    urls = ["/" + re.sub(r"<[^>]+>|\(.*", "1", path).replace("^", "").replace("$", "") for path in paths]
    for url in urls:
        answer = clients[kind].get(url)
        at_the_door = url == "/admin/login/" and kind != "signed out"
        assert answer.status_code == (403 if at_the_door else 302), url
        assert at_the_door or "login/?next=" in answer["Location"] or answer["Location"] == "/admin/", url


@pytest.mark.parametrize("kind", KINDS)
def test_the_trainer_knows_keys_not_people(clients: dict[str, Client], kind: str) -> None:
    paths = [path for _name, path in patterns(get_resolver()) if path.startswith("trainer/")]
    for path in paths:
        url = "/" + path.replace("<str:uid>", "x").replace("<path:name>", "x").replace("^.*$", "anything")
        assert clients[kind].get(url).status_code in (401, 404, 405)


def test_every_url_has_a_row() -> None:
    """Whoever adds a URL writes down who may open it."""
    written = {row.name for row in TEAM} | {name for name, *_ in PERSONAL}
    found = {name for name, path in patterns(get_resolver()) if not path.startswith(("admin/", "trainer/"))}

    assert found == written


def test_reading_urls_refuse_to_write_and_writing_urls_to_read(world: World, login: Login) -> None:
    client = login(world.alice)
    methods: dict[str, set[str]] = {}
    for row in TEAM:
        methods.setdefault(row.name, set()).add(row.method)
    for name, allowed in methods.items():
        for method in {"get", "post"} - allowed:
            assert getattr(client, method)(address(world, name)).status_code == 405, (name, method)
        TunedModel.objects.all().delete()
        FineTuneJob.objects.all().delete()
        RemoteFile.objects.all().delete()
