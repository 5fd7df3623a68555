"""docker-compose.yml, .env.example and the Dockerfile read as Docker reads them, for tests that have no Docker."""

import base64
import json
import os
import re
import secrets
from typing import Any

import yaml

from tests.running import ROOT

type Json = dict[str, Any]

DOCKERFILE = (ROOT / "Dockerfile").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def wanted() -> list[str]:
    """What .env.example marks as needed by a real installation, less what docker-compose.yml gives."""
    example = (ROOT / ".env.example").read_text()
    given = compose({"POSTGRES_PASSWORD": "x"})["services"]["web"]["environment"]
    return [name for name in re.findall(r"^# ([A-Z_]+)=.*?# \(real\)", example, re.MULTILINE) if name not in given]


def dot_env(**more: str) -> dict[str, str]:
    """A .env as docs/operations.md tells to write it: everything marked (real), and the database's password."""
    made = {
        "POSTGRES_PASSWORD": secrets.token_hex(12),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "ALLOWED_HOSTS": "tuning.example.com",
        "SITE_URL": "https://tuning.example.com",
        "BEHIND_PROXY": "true",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    }
    assert set(wanted()) <= set(made)
    return {**made, **more}


def compose(env: dict[str, str]) -> Json:
    """The file with ${…} filled in from `env`."""

    def filled(match: re.Match[str]) -> str:
        name, kind, word = match.groups()
        if env.get(name):
            return env[name]
        assert kind == "-", f"{name}: {word}"
        return word or ""

    read: Json = yaml.safe_load(VARIABLE.sub(filled, (ROOT / "docker-compose.yml").read_text()))
    return read


def environment(service: Json, env: dict[str, str]) -> dict[str, str]:
    """What a process of `service` finds: the image's variables, then .env, then its own."""
    portal, train = (
        dict(re.findall(r"(\w+)=(\S+)", line)) for line in re.findall(r"^ENV (.+)$", DOCKERFILE, re.MULTILINE)
    )
    image = portal | (train if service.get("image") == "texthelper-train" else {})
    image.pop("PATH")  # the virtual environment's folder first: so has ours
    files = env if service.get("env_file") else {}
    own = {name: str(value) for name, value in service.get("environment", {}).items()}
    return {**image, **files, **own, "PATH": f"{ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}"}


def command(service: Json) -> list[str]:
    """What it runs: its own command, or the image's."""
    if "command" in service:
        return list(service["command"])
    image: list[str] = json.loads(DOCKERFILE.rpartition("\nCMD ")[2].partition("\n\n")[0].replace("\\\n", ""))
    return image
