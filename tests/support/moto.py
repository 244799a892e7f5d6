"""An S3 server that keeps keys as Amazon does, and honours conditions."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import boto3

BUCKET = "nightsieve"
_ATTEMPTS = 200


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """Run moto with an empty bucket, and yield its endpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            for _ in range(_ATTEMPTS):
                time.sleep(0.05)
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
            client = boto3.client(
                "s3",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="any",
                aws_secret_access_key="any",
            )
            client.create_bucket(Bucket=BUCKET)
            yield url
        finally:
            server.kill()
