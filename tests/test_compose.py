"""docker-compose.yml, the Dockerfile and .env.example hold together; `check --deploy` has nothing to say to them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils.module_loading import import_string

from ftsite import checks
from ftsite.mail import mailer
from tests.composed import DOCKERFILE, command, compose, dot_env, environment, wanted
from tests.running import ROOT

FULL = compose({"POSTGRES_PASSWORD": "x"})["services"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Exactly the environment of `web`, but for where its data lies."""
    env = dot_env()
    return environment(compose(env)["services"]["web"], env) | {"VAR_DIR": str(tmp_path_factory.mktemp("data"))}


def test_a_real_installation_checks_clean(real: dict[str, str]) -> None:
    line = ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(line, cwd=ROOT, env=real, capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == ("System check identified no issues (0 silenced).", "")
    assert done.returncode == 0


def test_all_of_the_portal_runs_with_one_environment() -> None:
    env = dot_env()
    services = compose(env)["services"]

    given = [environment(services[name], env) for name in ("setup", "web", "worker", "beat")]
    assert [one for one in given if one != given[0]] == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"EMAIL_URL": "carrier-pigeon://roof"}, '"EMAIL_URL" invalid'),
        ({"DEBUG": "true"}, '"DEBUG" invalid'),
    ],
)
def test_what_cannot_be_stops_the_start(real: dict[str, str], wrong: dict[str, str], named: str) -> None:
    done = subprocess.run(
        ["python", "-c", "import ftsite.settings"], cwd=ROOT, env=real | wrong, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert named in done.stderr.splitlines()[-1]


REAL = {
    "EMBEDDED": False,
    "FIELD_KEYS": ["0" * 43 + "="],
    "SECRET_KEY": "s" * 50,
    "REDIS_URL": "redis://redis",
    "HTTPS": True,
    "TRUSTED_PROXIES": 1,
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
    "UPSTREAM_HOSTS": ["api.openai.com", "gateway.example:8443", "[2001:db8::1]:8443"],
}


def checked(settings: Any, **given: Any) -> list[str | None]:
    values = {**REAL, **given}
    databases = values.pop("DATABASES")
    for name, value in values.items():
        setattr(settings, name, value)
    settings.DATABASES["default"] = {**settings.DATABASES["default"], **databases["default"]}
    return [message.id for check in (checks.secrets, checks.upstream_hosts, checks.surroundings) for message in check()]


@pytest.mark.parametrize(
    ("wrong", "ids"),
    [
        ({}, []),
        ({"FIELD_KEYS": ["not-a-key"]}, ["ftsite.E001"]),
        ({"FIELD_KEYS": []}, ["ftsite.E001"]),
        ({"SECRET_KEY": "s" * 49}, ["ftsite.E002"]),
        ({"SECRET_KEY": "s" * 49, "EMBEDDED": True}, []),
        ({"UPSTREAM_HOSTS": ["https://api.openai.com/v1"]}, ["ftsite.E003"]),
        ({"UPSTREAM_HOSTS": ["*.example.com", "a.example:99999", "a b", ""]}, ["ftsite.E003"] * 4),
        ({"REDIS_URL": ""}, ["ftsite.W002"]),
        ({"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, ["ftsite.W001"]),
        ({"TRUSTED_PROXIES": 0}, ["ftsite.W003"]),
        ({"TRUSTED_PROXIES": 0, "HTTPS": False}, []),
        ({"TRUSTED_PROXIES": 0, "REDIS_URL": "", "EMBEDDED": True}, []),
    ],
)
def test_what_is_wrong_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch, wrong: Any, ids: list[str]) -> None:
    monkeypatch.setitem(settings.DATABASES, "default", dict(settings.DATABASES["default"]))

    assert checked(settings, **wrong) == ids


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("smtp://localhost:25", {"host": "localhost", "port": 25, "timeout": 10}),
        (
            "smtp+tls://me:p%40ss@mail.example.com",
            {
                "host": "mail.example.com",
                "port": 587,
                "timeout": 10,
                "use_tls": True,
                "username": "me",
                "password": "p@ss",
            },
        ),
        ("smtp+ssl://mail.example.com", {"host": "mail.example.com", "port": 465, "timeout": 10, "use_ssl": True}),
    ],
)
def test_mail_goes_where_the_url_says(url: str, options: dict[str, Any]) -> None:
    backend = mailers_of(url)

    assert {name: getattr(backend, name) for name in options} == options


def mailers_of(url: str) -> Any:
    entry = mailer(url)
    return import_string(entry["BACKEND"])(alias="default", **entry["OPTIONS"])


def test_the_example_marks_what_must_be_given() -> None:
    assert set(wanted()) == {"ALLOWED_HOSTS", "SECRET_KEY", "FIELD_KEYS", "SITE_URL", "EMAIL_URL", "BEHIND_PROXY"}


@pytest.mark.parametrize("name", ["setup", "web", "worker", "beat", "trainer"])
def test_every_service_of_ours_is_shut_in(name: str) -> None:
    service = FULL[name]

    kept = {key: service[key] for key in ("read_only", "cap_drop", "security_opt", "init", "tmpfs")}
    assert kept == {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "tmpfs": ["/tmp"],
    }


def test_the_trainer_comes_when_asked_and_knows_no_secret_of_ours() -> None:
    asked = {name for name, service in FULL.items() if service.get("profiles")}
    knows = environment(FULL["trainer"], dot_env())

    assert asked == {"trainer", "train", "chat"}
    assert "ports" not in FULL["trainer"]
    assert {"SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "EMAIL_URL", "REDIS_URL"} & knows.keys() == set()
    assert FULL["trainer"]["volumes"] == ["trainer:/data"]


OURS = ("setup", "web", "worker", "beat", "trainer")


def test_one_service_builds_the_image_and_no_other_pulls_it() -> None:
    """Several that build one tag get in each other's way: `image … already exists` on a first start."""
    builds = {name: service["build"]["target"] for name, service in FULL.items() if "build" in service}
    assert builds == {"setup": "portal", "train": "train"}
    assert {(FULL[name]["image"], FULL[name]["pull_policy"]) for name in OURS} == {("texthelper", "never")}


def test_the_database_counts_as_well_by_tcp_only() -> None:
    """What makes a new volume ready answers on its socket, and stops before the real server starts."""
    assert FULL["db"]["healthcheck"]["test"][0] == "CMD"
    assert "--host=127.0.0.1" in FULL["db"]["healthcheck"]["test"]


@pytest.mark.parametrize("name", OURS)
def test_bodies_do_not_lie_in_memory(name: str, tmp_path: Path) -> None:
    """/tmp is a tmpfs; the folder for temporary files is on the volume, and there once the settings are read."""
    env = environment(FULL[name], dot_env()) | {"VAR_DIR": str(tmp_path)}
    volumes = [volume.rpartition(":")[2] for volume in FULL[name]["volumes"]]
    assert env["TMPDIR"] == "/data/tmp"
    assert volumes == ["/data"]
    line = ["python", "-c", "import ftsite.settings, tempfile; print(tempfile.gettempdir())"]

    done = subprocess.run(line, cwd=ROOT, env=env | {"TMPDIR": f"{tmp_path}/tmp"}, capture_output=True, text=True)

    assert done.stdout.strip() == f"{tmp_path}/tmp"


def test_what_trains_is_shut_in_and_shares_the_volume() -> None:
    """PyTorch knows no secret: the worker that starts it has them, and hands on none (trainer/work/child.py)."""
    train, chat = FULL["train"], FULL["chat"]
    shared = [
        {key: one[key] for key in ("read_only", "cap_drop", "tmpfs", "volumes", "image")} for one in (train, chat)
    ]

    assert shared[0] == shared[1]
    assert (train["volumes"], train["image"]) == (FULL["web"]["volumes"], "texthelper-train")
    assert environment(train, dot_env())["TRAINER_PYTHON"] == "/venv-trainer/bin/python"
    assert {"SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL"} & environment(chat, dot_env()).keys() == set()
    assert "--queues=train" in train["command"]


def test_two_web_servers_have_a_port_each() -> None:
    scaled = compose({"POSTGRES_PASSWORD": "x", "WEB_PORTS": "8000-8001"})["services"]

    assert scaled["web"]["ports"] == ["127.0.0.1:8000-8001:8000"]
    assert [name for name, service in scaled.items() if "container_name" in service] == []


def test_no_log_grows_without_end() -> None:
    kept = {(s["logging"]["driver"], *sorted(s["logging"]["options"].items())) for s in FULL.values()}

    assert kept == {("json-file", ("max-file", "5"), ("max-size", "10m"))}


def test_only_web_is_reached_and_from_this_machine_only() -> None:
    assert {name: service["ports"] for name, service in FULL.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }


def test_whoever_stops_has_time_to_finish() -> None:
    told = int(command(FULL["web"])[-1])

    assert (command(FULL["web"])[-2], told) == ("--timeout-graceful-shutdown", 25)
    assert told < int(FULL["web"]["stop_grace_period"].removesuffix("s"))
    assert int(FULL["worker"]["stop_grace_period"].removesuffix("s")) > 60  # ORDER_SECONDS: the longest call


def test_the_image_is_locked_and_runs_as_nobody() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?", DOCKERFILE, re.MULTILINE)
    python = "python:3.13-slim-bookworm"

    assert stages == [(python, "packages"), (python, "portal"), (python, "torch"), ("portal", "train")]
    commands = re.split(r"&&|;|\bRUN\b|\bthen\b|\belse\b", DOCKERFILE.replace("\\\n", ""))
    installs = [" ".join(line.partition("pip install ")[2].split()) for line in commands if "pip install " in line]
    files = [re.findall(r"/tmp/([\w-]+)\.txt", line) for line in installs if "--torch-backend=cpu" not in line]
    assert files == [["build"], ["base"], ["uv"], ["trainer-torch", "trainer-cuda"], ["trainer"]]
    assert [line for line in installs if "--require-hashes" not in line] == [
        "--no-cache --python /venv-trainer/bin/python --torch-backend=cpu --no-deps torch==2.13.0"
    ]
    assert "--no-build-isolation" in installs[1]  # else pip fetches what builds a package, whatever that is by now
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert not re.search(r"^(ARG|ENV).*(KEY|SECRET|PASSWORD)", DOCKERFILE, re.MULTILINE)


def test_what_builds_a_package_is_locked() -> None:
    pinned = (ROOT / "requirements/build.txt").read_text()
    bootstrap = (ROOT / "scripts/bootstrap").read_text()

    assert re.findall(r"^([\w-]+)==[\d.]+ \\$", pinned, re.MULTILINE) == ["setuptools"]
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", pinned)) == 2
    assert "--build-constraints requirements/build.txt" in bootstrap


def test_what_the_image_copies_reaches_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE, re.MULTILINE)

    assert ignore[1] == "*"
    assert sorted(line[1:] for line in ignore if line.startswith("!")) == sorted(copied)
    assert all((ROOT / path).exists() for path in copied)


def test_everything_the_site_reads_is_in_the_image(settings: Any) -> None:
    copied = set(re.findall(r"^COPY (?!--)(\w+)", DOCKERFILE, re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests", "scripts", "bench"} <= copied
    assert {"templates", "static", "locale", "samples"} <= copied
