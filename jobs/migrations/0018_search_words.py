import django.db.models.deletion
from django.db import migrations, models

ROWS = 2000


def fill(apps, _editor):
    """As jobs.models.vocabulary does it for every job that is stored from now on."""
    job_model, word_model = apps.get_model("jobs", "FineTuneJob"), apps.get_model("jobs", "SearchWord")
    link_model = job_model.search_words.through
    known = {}  # (team, text) → primary key
    rows = job_model.objects.order_by("pk").values_list("pk", "team_id", "words")
    for start in range(0, rows.count(), ROWS):
        stood = [(job, team, set(words.split())) for job, team, words in rows[start : start + ROWS]]
        new = sorted({(team, text) for _job, team, texts in stood for text in texts} - known.keys())
        made = word_model.objects.bulk_create([word_model(team_id=team, text=text) for team, text in new])
        known |= {(word.team_id, word.text): word.pk for word in made}
        link_model.objects.bulk_create(
            [
                link_model(finetunejob_id=job, searchword_id=known[team, text])
                for job, team, texts in stood
                for text in texts
            ]
        )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0017_source_read_at")]

    operations = [
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_words",
                        to="jobs.team",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("team", "text"), name="each_search_word_once")],
            },
        ),
        migrations.AddField(
            model_name="finetunejob",
            name="search_words",
            field=models.ManyToManyField(editable=False, related_name="jobs", to="jobs.searchword"),
        ),
        migrations.RemoveIndex(model_name="finetunejob", name="jobs_of_team_by_state"),
        migrations.AddIndex(
            model_name="finetunejob",
            index=models.Index(
                fields=[
                    *("team", "state", "-created_at", "-id", "created_by", "connection"),
                    *("training_file", "words"),
                ],
                name="jobs_of_team_by_state",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
