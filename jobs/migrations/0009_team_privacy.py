from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0008_versions'),
    ]

    operations = [
        migrations.AddField(
            model_name='team',
            name='privacy',
            field=models.BooleanField(default=True),
        ),
    ]
