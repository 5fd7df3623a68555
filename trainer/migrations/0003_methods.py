from django.db import migrations, models


def name_chat_files(apps, schema_editor):
    """Until now a file without a fault was one of chats."""
    apps.get_model("trainer", "File").objects.filter(purpose="fine-tune", fault="").update(format="chat")


class Migration(migrations.Migration):
    dependencies = [("trainer", "0002_hooks")]

    operations = [
        migrations.AddField(model_name="file", name="format", field=models.CharField(blank=True, max_length=16)),
        migrations.AddField(model_name="job", name="beta", field=models.FloatField(null=True)),
        migrations.AddField(
            model_name="job", name="method", field=models.CharField(default="supervised", max_length=16)
        ),
        migrations.RunPython(name_chat_files, migrations.RunPython.noop, elidable=True),
    ]
