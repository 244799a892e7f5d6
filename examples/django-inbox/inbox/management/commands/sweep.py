"""``manage.py sweep``: enqueue again what was not done."""

from django.core.management.base import BaseCommand, CommandParser

from inbox.tasks import make_due, relabel_messages, sweep_corrections, sweep_messages


class Command(BaseCommand):
    """Do by hand what the scheduled sweep does."""

    help = (
        "Enqueue again the messages without a label and the corrections that wait. "
        "Celery's beat does the same every minute."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--now",
            action="store_true",
            help="Do not wait until they are due, for example after a long outage.",
        )
        parser.add_argument(
            "--relabel",
            action="store_true",
            help="Enqueue labelled messages too: labels of older models are replaced.",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Enqueue, and say how much."""
        if options["now"]:
            make_due()
        self.stdout.write(f"{sweep_messages():,} messages enqueued")
        self.stdout.write(f"{sweep_corrections():,} corrections enqueued")
        if options["relabel"]:
            self.stdout.write(f"{relabel_messages():,} labelled messages enqueued")
