from django.db import migrations, models


def read_method(apps, schema_editor):
    """Imported jobs may have been trained otherwise: their JSON says so. Every order so far was supervised."""
    jobs = apps.get_model("jobs", "FineTuneJob").objects.filter(origin="imported")
    for job in jobs.only("remote", "imported").iterator(500):
        told = [record.get("method") for record in (job.remote, job.imported) if isinstance(record, dict)]
        kinds = [method.get("type") for method in told if isinstance(method, dict)]
        if kind := next((kind for kind in kinds if kind and isinstance(kind, str)), ""):
            jobs.filter(pk=job.pk).update(method=kind[:32])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0013_searches")]

    operations = [
        migrations.AddField(
            model_name="finetunejob",
            name="method",
            field=models.CharField(
                choices=[
                    ("supervised", "Supervised"),
                    ("dpo", "DPO (preferences)"),
                    ("reinforcement", "Reinforcement (RFT)"),
                ],
                default="supervised",
                max_length=32,
            ),
        ),
        migrations.RunPython(read_method, migrations.RunPython.noop, elidable=True),
    ]
