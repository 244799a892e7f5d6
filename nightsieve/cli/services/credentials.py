"""Keep secrets in small files that are written whole and that others cannot read."""

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import ServiceError


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
    """

    postgres_superuser: str
    postgres: str
    s3_key: str
    s3_secret: str

    @classmethod
    def of(cls, home: Path) -> "Credentials":
        """Return the credentials of a home, and generate them at the first call.

        Raises
        ------
        ServiceError
            The file exists and does not hold credentials.
        """
        path = home / "credentials.json"
        if not path.exists():
            fresh = cls(
                postgres_superuser=secrets.token_hex(32),
                postgres=secrets.token_hex(32),
                s3_key=secrets.token_hex(10),
                s3_secret=secrets.token_hex(32),
            )
            write_private(path, json.dumps(asdict(fresh), indent=2))
        try:
            return cls(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            # The parser's own message would quote the file.
            raise ServiceError(
                f"{path}: not the credentials that nightsieve up wrote; restore the "
                "file from a copy"
            ) from None
