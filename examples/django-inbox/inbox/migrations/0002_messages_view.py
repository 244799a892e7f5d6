"""Show Nightsieve the messages: as a view, under the name that it reads by default."""

from django.db import migrations

# Its nights and its API see the text of a message, and nothing else of the inbox.
_CREATE = """
    CREATE VIEW messages AS SELECT key, body, sender, received_at FROM inbox_message
"""


class Migration(migrations.Migration):
    """Create the view."""

    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunSQL(_CREATE, "DROP VIEW messages")]
