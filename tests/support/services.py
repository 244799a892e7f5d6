"""Run `nightsieve serve` as its users do, and ask it."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import ROOT

PATIENCE = 30  # seconds to start and to stop, on a busy machine
_LISTENING = re.compile(r"listening on (\S+);")


@contextmanager
def serving(
    *options: str, environment: dict[str, str], log: Path
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run ``nightsieve serve`` on a free port; yield its address and its process.

    Parameters
    ----------
    log
        Receives stderr.
    """
    # The user's own file of tokens is none of the tests'.
    environment = {
        "NIGHTSIEVE_TOKENS": str(log.with_name("tokens.json")),
        **environment,
    }
    command = ["nightsieve", "serve", "--port", "0", *options]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        listening = _LISTENING.match(process.stdout.readline())
        assert listening is not None, log.read_text()
        yield listening[1], process
    finally:
        process.terminate()
        process.wait(PATIENCE)
