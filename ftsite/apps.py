"""The site as an app of its own: only to register its checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from ftsite import checks


class Site(AppConfig):
    name = "ftsite"

    def ready(self) -> None:
        for check in (checks.secrets, checks.upstream_hosts, checks.surroundings):
            register(check, Tags.security)
