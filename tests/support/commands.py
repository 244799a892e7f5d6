"""Commands as a person would run them, in processes of their own, in forks, or in this process."""

import io
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from nightsieve.cli.main import main
from nightsieve.store import objects
from tests.support import ROOT
from tests.support.forks import Fork


def forget() -> None:
    """Let this process read its environment again.

    It keeps one S3 client for its lifetime: commands that run here one after another
    are processes of their own elsewhere.
    """
    objects.disconnect()


def run(
    *command: str, environment: dict[str, str], cwd: Path = ROOT, **options
) -> subprocess.CompletedProcess[str]:
    """The finished command, run as a person would, its output as text."""
    whole = {**os.environ, **environment}
    return subprocess.run(
        command,
        env=whole,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        **options,
    )


def fork(
    *command: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The same in a fork of a process that has imported everything: imports are a quarter of a small night."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        code = Fork(command, environment, stdout.fileno(), stderr.fileno()).wait()
        said = [file.seek(0) or file.read() for file in (stdout, stderr)]
    return subprocess.CompletedProcess(command, code, *said)


def nightsieve(
    *arguments: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The finished nightsieve command, run in this process: another one takes longer to start than most work of it."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["nightsieve", *arguments])
        forget()
        with pytest.raises(SystemExit) as ended:
            main()
    forget()
    return subprocess.CompletedProcess(
        arguments, ended.value.code, stdout.getvalue(), stderr.getvalue()
    )
