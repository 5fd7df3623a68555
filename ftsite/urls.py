"""The site's table of contents."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

# Staff sign in where everyone does: by e-mail, counted by the same rate limit.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    *([path("trainer/v1/", include("trainer.urls"))] if settings.TRAINER_ENABLED else []),
    path("", include("jobs.urls")),
]
