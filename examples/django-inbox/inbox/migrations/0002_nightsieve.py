"""Give Nightsieve what it reads and writes, under the names that it uses by default."""

from django.db import migrations

from nightsieve.database.tables import REVIEWS

# Nightsieve creates a table where there is none, for example when its API starts first.
# It is removed only if it is that one, and empty.
_NO_EMPTY_TABLE = """
    DO $$ BEGIN
        IF (
            SELECT array_agg(attname::text ORDER BY attnum)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE attrelid = to_regclass('messages') AND relkind = 'r' AND attnum > 0
        ) = ARRAY['key', 'body', 'sender', 'received_at'] THEN
            IF NOT EXISTS (SELECT FROM messages) THEN
                DROP TABLE messages;
            END IF;
        END IF;
    END $$
"""
# Its nights and its API see the text of a message, and nothing else of the inbox. The
# API locks the key of a message that it stores a correction of, which PostgreSQL grants
# with UPDATE (key) alone. The key is an expression, so that no one can change it there.
_MESSAGES = """
    CREATE VIEW messages AS
        SELECT key::text AS key, body, sender, received_at FROM inbox_message
"""


class Migration(migrations.Migration):
    """Create the view of messages, and the table of reviews, where corrections go."""

    dependencies = [("inbox", "0001_initial")]
    operations = [
        migrations.RunSQL(_NO_EMPTY_TABLE, migrations.RunSQL.noop),
        migrations.RunSQL(_MESSAGES, "DROP VIEW messages"),
        migrations.RunSQL(REVIEWS.definition(), migrations.RunSQL.noop),
    ]
