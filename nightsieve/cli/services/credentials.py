"""Keep secrets in small files that are written whole and that others cannot read."""

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pipeline.errors import ServiceError

FILE = "credentials.json"


def write_private(path: Path, text: str) -> None:
    """Replace the content of a file in one step; the file has mode 0600."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


@dataclass(frozen=True)
class Credentials:
    """The generated secrets of one home.

    They are hexadecimal, so they need no quotes in a URL, a shell or a CSV.

    Attributes
    ----------
    postgres, postgres_reader
        The passwords of the account that owns the tables, and of the account of nights.
    receipt_key
        The key with which nights sign their receipts.
    """

    postgres_superuser: str = ""
    postgres: str = ""
    postgres_reader: str = ""
    s3_key: str = ""
    s3_secret: str = ""
    receipt_key: str = ""

    @classmethod
    def generate(cls) -> Self:
        """Return new random credentials."""
        return cls(
            postgres_superuser=secrets.token_hex(32),
            postgres=secrets.token_hex(32),
            postgres_reader=secrets.token_hex(32),
            s3_key=secrets.token_hex(10),
            s3_secret=secrets.token_hex(32),
            receipt_key=secrets.token_hex(32),
        )

    @classmethod
    def of(cls, home: Path) -> Self:
        """Return the credentials of a home; those that it does not have yet are empty.

        Raises
        ------
        ServiceError
            The file exists and does not hold credentials.
        """
        path = home / FILE
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError):
            # The parser's own message would quote the file.
            raise ServiceError(
                f"{path}: not the credentials that nightsieve up wrote; restore the "
                "file from a copy"
            ) from None

    @classmethod
    def complete(cls, home: Path) -> None:
        """Generate the credentials that a home does not have yet.

        A home of an earlier version has some of them.
        """
        present = {name: value for name, value in asdict(cls.of(home)).items() if value}
        complete = asdict(cls.generate()) | present
        if complete != present:
            write_private(home / FILE, json.dumps(complete, indent=2))
