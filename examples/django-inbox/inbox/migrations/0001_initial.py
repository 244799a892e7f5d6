"""The tables of messages and corrections, as Django's makemigrations wrote them."""

import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
from django.db import migrations, models

import inbox.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("sweep_after", models.DateTimeField(default=inbox.models.first_sweep)),
                ("sweeps", models.PositiveIntegerField(default=0)),
                (
                    "key",
                    models.CharField(
                        default=inbox.models.new_key,
                        max_length=200,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("sender", models.CharField(blank=True, max_length=200)),
                ("body", models.TextField(blank=True, max_length=100000)),
                (
                    "received_at",
                    models.DateTimeField(default=django.utils.timezone.now),
                ),
                ("label", models.CharField(max_length=200, null=True)),
                ("scores", models.JSONField(null=True)),
                ("serial", models.PositiveBigIntegerField(null=True)),
                ("labelled_at", models.DateTimeField(null=True)),
                ("corrected_label", models.CharField(max_length=200, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        django.db.models.functions.comparison.Coalesce(
                            "corrected_label", "label"
                        ),
                        models.OrderBy(models.F("received_at"), descending=True),
                        name="inbox_by_label",
                    ),
                    models.Index(fields=["-received_at"], name="inbox_by_time"),
                    models.Index(
                        condition=models.Q(("label", None)),
                        fields=["sweep_after"],
                        name="inbox_unlabelled",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("sweep_after", models.DateTimeField(default=inbox.models.first_sweep)),
                ("sweeps", models.PositiveIntegerField(default=0)),
                ("annotator", models.CharField(max_length=150)),
                ("label", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("detail", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                (
                    "corrected_at",
                    models.DateTimeField(default=django.utils.timezone.now),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="inbox.message",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["sweep_after"],
                        name="corrections_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("message", "annotator"),
                        name="one_correction_for_each_person",
                    )
                ],
            },
        ),
    ]
