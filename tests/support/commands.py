"""Run commands as a person would: in processes, in forks, or in this process."""

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
    """Run a command as a person would; return its exit code and its output as text."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        **options,
    )


def fork(
    *command: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in a fork of a process that has imported everything.

    Imports take a quarter of a small night.
    """
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = Fork(command, environment, stdout.fileno(), stderr.fileno())
        code = process.wait()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(
            command, code, stdout=stdout.read(), stderr=stderr.read()
        )


def nightsieve(
    *arguments: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the nightsieve command in this process.

    A process takes longer to start than most commands take to run.
    """
    stdout = io.StringIO()
    stderr = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["nightsieve", *arguments])
        forget()
        with pytest.raises(SystemExit) as exit_:
            main()
    forget()
    code = exit_.value.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(
        arguments, code, stdout=stdout.getvalue(), stderr=stderr.getvalue()
    )
