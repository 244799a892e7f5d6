"""A fixture that tests of commands on a database share."""

from contextlib import closing

import psycopg2
import pytest


@pytest.fixture
def query(database_url):
    """A function that runs a statement in the test's own schema."""
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True

        def run(sql):
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else None

        yield run
