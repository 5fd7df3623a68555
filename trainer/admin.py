"""What staff see of the trainer: its workers, and the room that bases and models take."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from trainer.models import Worker
from trainer.weights import disk

SHOWN = 200  # jobs, the largest first


@admin.register(Worker)
class WorkerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Read-only: a worker writes its own row."""

    list_display = ("shown_name", "shown_device", "total", "free", "seen")
    list_display_links = None
    change_list_template = "admin/trainer/workers.html"

    @admin.display(description=_("Name"), ordering="name")
    def shown_name(self, worker: Worker) -> str:
        return worker.name

    @admin.display(description=_("Device"), ordering="device")
    def shown_device(self, worker: Worker) -> str:
        return worker.device

    @admin.display(description=_("Memory"), ordering="memory_total")
    def total(self, worker: Worker) -> str:
        return filesizeformat(worker.memory_total)

    @admin.display(description=_("Free of it"), ordering="memory_free")
    def free(self, worker: Worker) -> str:
        return filesizeformat(worker.memory_free)

    @admin.display(description=_("Last heard of"), ordering="seen_at")
    def seen(self, worker: Worker) -> datetime:
        return worker.seen_at

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [path("disk/", self.admin_site.admin_view(self.disk), name="trainer_disk"), *super().get_urls()]

    def disk(self, request: HttpRequest) -> HttpResponse:
        jobs = disk.of_jobs()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Room that the trainer takes"),
            "bases": disk.of_bases(),
            "jobs": jobs[:SHOWN],
            "more": max(0, len(jobs) - SHOWN),
            "total": sum(one.total for one in jobs),
            "free": disk.free(),
        }
        return render(request, "admin/trainer/disk.html", context)
