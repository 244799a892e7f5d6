"""Commands do not import Luigi and the tasks."""

import json
import subprocess
import sys

import pytest

from nightsieve.cli.main import COMMANDS
from tests.support import ROOT

MODULES = sorted({target.partition(":")[0] for target in COMMANDS.values()})
LOADED = "import {}, sys, json; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("module", MODULES)
def test_a_command_is_imported_without_luigi_and_the_tasks(module):
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(module)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    packages = {name.partition(".")[0] for name in json.loads(loaded.stdout)}
    assert "click" in packages
    assert not packages & {"luigi", "tasks"}
