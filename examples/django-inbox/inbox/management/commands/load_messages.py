"""``manage.py load_messages``: messages from a file."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.arrivals import save_messages
from inbox.forms import MessageForm
from inbox.models import Message

_MESSAGES_OF_A_TRANSACTION = 1_000


class Command(BaseCommand):
    """Load messages and have them labelled."""

    help = (
        "Load messages from a file of JSON lines with body and, if known, key, sender "
        "and received_at. A message whose key is there already is left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, **options: object) -> None:
        """Load the file, a part in each transaction."""
        path = options["file"]
        total = new = 0
        try:
            with path.open(encoding="utf-8") as lines:
                messages = _messages(path, lines)
                while part := list(
                    itertools.islice(messages, _MESSAGES_OF_A_TRANSACTION)
                ):
                    total += len(part)
                    new += save_messages(part)
                    self.stderr.write(f"{total:,} messages")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: cannot be read: {error}") from None
        self.stdout.write(f"{new:,} new messages, {total - new:,} already there")


def _messages(path: Path, lines: Iterator[str]) -> Iterator[Message]:
    for number, line in enumerate(lines, start=1):
        form = MessageForm(_fields(path, number, line))
        if not form.is_valid():
            names = ", ".join(form.errors)
            raise CommandError(f"{path}:{number}: wrong {names}; correct the line")
        yield form.save(commit=False)


def _fields(path: Path, number: int, line: str) -> dict[str, str]:
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not all(
        isinstance(value, str) for value in fields.values()
    ):
        raise CommandError(
            f"{path}:{number}: not an object of strings; write one JSON object a line"
        )
    return fields
