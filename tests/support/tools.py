"""Programs that check files; the Makefile gives them an environment of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Names the folder of the programs where it is not beside the environment.
FOLDER_VARIABLE = "NIGHTSIEVE_TOOLS"


def check_file(program: str, *arguments: str | Path) -> None:
    """Run a program on a file, which it must accept.

    Without the program, the test is skipped; where CI is set, it fails.
    """
    path = _find(program)
    if path is None:
        message = f"{program} is missing; make test-examples installs it"
        if "CI" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    command = [path, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _find(program: str) -> str | None:
    environment = Path(sys.prefix)
    folders = [environment.with_name(f"{environment.name}-tools") / "bin"]
    if FOLDER_VARIABLE in os.environ:
        folders.insert(0, Path(os.environ[FOLDER_VARIABLE]))
    for folder in folders:
        path = folder / program
        if path.exists():
            return str(path)
    return shutil.which(program)
