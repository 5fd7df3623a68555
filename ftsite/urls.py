"""The site's table of contents."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

handler500 = "ftsite.outages.handler500"
urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    *([path("trainer/v1/", include("trainer.urls"))] if settings.TRAINER_ENABLED else []),
    path("", include("jobs.urls")),
]
