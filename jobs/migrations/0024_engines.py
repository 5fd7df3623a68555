"""What is behind a model: until now every model of our own trainer was simulated."""

from typing import Any

from django.db import migrations, models

NAMED = ("FineTuneJob", "TunedModel", "Run")


def name_engines(apps: Any, _schema_editor: Any) -> None:
    """Jobs, models and runs of the trainer's connections, and the models in those connections' lists."""
    connection = apps.get_model("jobs", "Connection")
    ours = connection.objects.filter(profile="trainer")
    for name in NAMED:
        apps.get_model("jobs", name).objects.filter(connection__in=ours.values("pk")).update(engine="simulated")
    for one in ours.exclude(models_seen=[]).only("models_seen").iterator():
        one.models_seen = [{**model, "engine": "simulated"} for model in one.models_seen]
        one.save(update_fields=["models_seen"])


def engine() -> models.CharField:  # type: ignore[type-arg]
    choices = [("simulated", "simulated"), ("transformers", "real training")]
    return models.CharField(blank=True, choices=choices, max_length=16, verbose_name="engine")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0023_look_for_lost_orders")]

    operations = [
        *(migrations.AddField(model_name=name.lower(), name="engine", field=engine()) for name in NAMED),
        migrations.AddField("finetunejob", "model_facts", models.JSONField(blank=True, default=dict)),
        migrations.AlterField(
            model_name="connection",
            name="profile",
            field=models.CharField(
                choices=[
                    ("trainer", "Bundled trainer"),
                    ("openai", "OpenAI"),
                    ("custom", "Other OpenAI-shaped service"),
                ],
                max_length=16,
                verbose_name="service",
            ),
        ),
        migrations.RunPython(name_engines, migrations.RunPython.noop, elidable=True),
    ]
