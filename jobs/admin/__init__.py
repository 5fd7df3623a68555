"""Staff oversight: every team's rows, read-only, never a key and never text of theirs; a few audited acts (ADR 0017).

The order of the imports is the order on the page.
"""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from jobs.admin import jobs, connections, files, data, evaluations, rescue, people, told  # isort: skip  # noqa: F401

for foreign in (Group, EmailAddress):  # the portal has roles and pages of its own for these
    admin.site.unregister(foreign)
