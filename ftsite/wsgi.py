"""WSGI entry point, for hosts without ASGI: everything works, but chat answers arrive in one piece."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

from ftsite.charsets import harmless_environ

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    return django_application(harmless_environ(environ), start_response)
