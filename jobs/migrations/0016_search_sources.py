import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0015_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='search',
            name='last_source',
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='search',
            name='source',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='searches', to='jobs.source'),
        ),
        migrations.AddField(
            model_name='search',
            name='texts',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='search',
            name='passage',
            field=models.TextField(blank=True),
        ),
    ]
