"""What a person does in a browser, by the same requests: upload, order, watch, cancel, give a new key."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore

from jobs.models import User

TOKEN = "c" * 32  # any well-formed CSRF secret, as cookie and as field


def sign_in(user: User) -> str:
    """Return the session's key."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


class Browser:
    """Sends forms beside the harness's own loop. The portal may die in the middle of any of them."""

    def __init__(self, port: int, session: str) -> None:
        cookies = {"sessionid": session, "csrftoken": TOKEN}
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=20)
        self.hands = ThreadPoolExecutor(12)

    def post(self, path: str, fields: dict[str, str], upload: tuple[str, bytes] | None = None) -> "Future[int]":
        """The status of the answer; 0 where there was none."""
        return self.hands.submit(self._post, path, fields, upload)

    def _post(self, path: str, fields: dict[str, str], upload: tuple[str, bytes] | None) -> int:
        files: Any = {"upload": upload} if upload else None
        try:
            answer = self.http.post(path, data={**fields, "csrfmiddlewaretoken": TOKEN}, files=files)
        except httpx2.TransportError:
            return 0
        return answer.status_code
