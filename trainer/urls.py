"""Placeholder until the trainer's calls are written: see trainer/views.py."""

urlpatterns: list[object] = []
