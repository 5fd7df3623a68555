"""The site as an app of its own, only to register its checks; and which admin site it has."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register

from ftsite import checks


class Site(AppConfig):
    name = "ftsite"

    def ready(self) -> None:
        for check in (checks.secrets, checks.upstream_hosts, checks.surroundings):
            register(check, Tags.security)


class Oversight(AdminConfig):
    default_site = "jobs.oversight.OversightSite"
