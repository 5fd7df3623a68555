"""WSGI entry point, for hosts without ASGI: everything works, but chat answers arrive in one piece."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

application = get_wsgi_application()
