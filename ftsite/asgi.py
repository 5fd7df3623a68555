"""ASGI entry point: the playground's streams need it, in every way of running."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

application = get_asgi_application()
