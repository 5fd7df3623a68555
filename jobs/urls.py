"""The portal's table of contents, a group per noun. Pages of a team live under /t/<team>/."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.views import home, invitations, members, settings, team

type Urls = list[URLPattern | URLResolver]

job_urls: Urls = []
file_urls: Urls = []
model_urls: Urls = []
playground_urls: Urls = []
connection_urls: Urls = []
team_urls: Urls = [
    path("", team.team, name="team"),
    path("audit/", team.team_audit, name="team-audit"),
    path("rename/", team.team_rename, name="team-rename"),
    path("leave/", members.team_leave, name="team-leave"),
    path("invite/", invitations.invite, name="team-invite"),
    path("invitations/<int:pk>/withdraw/", invitations.invitation_withdraw, name="team-invitation-withdraw"),
    path("members/<int:pk>/role/", members.member_role, name="team-member-role"),
    path("members/<int:pk>/remove/", members.member_remove, name="team-member-remove"),
]

urlpatterns: Urls = [
    path("", home.home, name="home"),
    path("settings/", settings.settings_page, name="settings"),
    path("language/", settings.set_language, name="set-language"),
    path("teams/new/", team.team_new, name="team-new"),
    path("join/<str:token>/", invitations.join, name="join"),
    path("t/<slug:team>/jobs/", include(job_urls)),
    path("t/<slug:team>/files/", include(file_urls)),
    path("t/<slug:team>/models/", include(model_urls)),
    path("t/<slug:team>/playground/", include(playground_urls)),
    path("t/<slug:team>/connections/", include(connection_urls)),
    path("t/<slug:team>/team/", include(team_urls)),
]
