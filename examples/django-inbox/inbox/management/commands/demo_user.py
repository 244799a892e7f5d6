"""``manage.py demo_user``: someone who can log in."""

import secrets

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Create a user for the demo."""

    help = "Create a user, or give the one that is there a new password; print it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name."""
        parser.add_argument("name")

    def handle(self, *args: object, **options: object) -> None:
        """Print the new password."""
        password = secrets.token_urlsafe(12)
        user, _ = get_user_model().objects.get_or_create(username=options["name"])
        user.set_password(password)
        user.save()
        self.stdout.write(password)
