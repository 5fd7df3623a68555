"""The portal's table of contents, a group per noun. Pages of a team live under /t/<team>/."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.views import home

type Urls = list[URLPattern | URLResolver]

job_urls: Urls = []
file_urls: Urls = []
model_urls: Urls = []
playground_urls: Urls = []
connection_urls: Urls = []
team_urls: Urls = []

urlpatterns: Urls = [
    path("", home.home, name="home"),
    path("t/<slug:team>/jobs/", include(job_urls)),
    path("t/<slug:team>/files/", include(file_urls)),
    path("t/<slug:team>/models/", include(model_urls)),
    path("t/<slug:team>/playground/", include(playground_urls)),
    path("t/<slug:team>/connections/", include(connection_urls)),
    path("t/<slug:team>/team/", include(team_urls)),
]
