"""Django's registration of this app."""

from django.apps import AppConfig


class TrainerConfig(AppConfig):
    name = "trainer"
