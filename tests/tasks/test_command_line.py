"""What ``luigi`` answers in any directory: exit codes, and wrong command lines."""

import os
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest
from luigi.configuration import LuigiConfigParser

from nightsieve.nights.exit_codes import (
    NOT_STARTED,
    RETCODE,
    TASK_FAILED,
    USAGE,
)
from tasks.luigi_setup import defaults
from tasks.luigi_setup.parameters import today
from tests.support import ROOT
from tests.support.commands import run
from tests.support.nights import RULED, retrain, sample


@pytest.fixture
def elsewhere(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment whose luigi.cfg is empty."""
    return {**environment, "LUIGI_CONFIG_PATH": os.devnull}


def luigi(options: str, environment: dict[str, str], cwd: Path):
    return run("luigi", *shlex.split(options), environment=environment, cwd=cwd)


def test_a_failed_night_has_its_exit_code_in_any_directory(elsewhere, tmp_path):
    sample(elsewhere, rows=100)
    wrong = [*RULED, "source.messages.columns.body.name=txt"]
    options = ["--local-scheduler", "--scheduler-retry-delay", "0.1"]
    failed = run(*retrain(*options, patches=wrong), environment=elsewhere, cwd=tmp_path)
    assert failed.returncode == TASK_FAILED, failed.stderr
    assert "column txt does not exist in messages; use one of" in failed.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (
            "--module tasks Retrain --date 2026-11-20 --patch training.serch=1",
            NOT_STARTED,
            "--patch training.serch: training.serch: unknown key; did you mean search?",
        ),
        (
            "--module tasks Retrain --date 2026-13-20",
            NOT_STARTED,
            "--date 2026-13-20: not a date; use YYYY-MM-DD",
        ),
        (
            "--module tasks Retrain --date 2062-11-20",
            NOT_STARTED,
            "--date 2062-11-20: after today, TODAY (UTC); correct it, "
            "or add --allow-future",
        ),
        (
            "--module tasks RangeDaily --of Retrian --start 2026-11-20",
            NOT_STARTED,
            "--of Retrian: not a task; use Retrain",
        ),
        (
            "--module tasks RangeDaily --of Retrain --start 20-11-2026",
            NOT_STARTED,
            "--start 20-11-2026: not a date; use YYYY-MM-DD",
        ),
        (
            "--module tasks RangeDaily --of Retrain --start 2026-11-20 --of-params {",
            NOT_STARTED,
            "--of-params {: not a JSON object; "
            """use one such as '{"config": ["overlay.yaml"]}'""",
        ),
        (
            "--module tasks Retrian --date 2026-11-20",
            USAGE,
            "Retrian: not a task of this module; did you mean Retrain?",
        ),
        (
            "--module tasks",
            USAGE,
            "luigi: no task is named; use luigi --module tasks Retrain --date DATE",
        ),
        (
            "--module tasks Retrain --date 2026-11-20 --workers x",
            USAGE,
            "--workers x: not a whole number; use one, such as 2",
        ),
        (
            "--module tasks Retrain --date 2026-11-20 --workers 0",
            USAGE,
            "--workers 0: no process could run a task; use at least 1",
        ),
        (
            "--module tasks RangeDaily --start 2026-11-19 --days-back x",
            USAGE,
            "--days-back x: not a whole number; use one, such as 2",
        ),
        (
            "--module tasks Retrain --date 2026-11-20 --log-level loud",
            USAGE,
            "--log-level loud: not a value of this option; see luigi --help-all",
        ),
    ],
)
def test_what_is_wrong_with_a_command_is_its_last_line(
    options, code, line, elsewhere, tmp_path
):
    answer = luigi(options, elsewhere, tmp_path)
    assert answer.returncode == code, answer.stderr
    assert answer.stderr.splitlines()[-1] == line.replace("TODAY", str(today()))
    assert "Traceback" not in answer.stderr


def test_a_file_of_luigi_wins_over_our_settings(tmp_path, monkeypatch):
    (tmp_path / "luigi.cfg").write_text("[retcode]\ntask_failed = 99\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LuigiConfigParser, "_instance", None)
    monkeypatch.setattr(LuigiConfigParser, "_config_paths", ["luigi.cfg"])
    defaults.install()
    config = LuigiConfigParser.instance()
    assert config.get("retcode", "task_failed") == "99"
    assert config.get("retcode", "not_run") == RETCODE["not_run"]
    assert config.get("worker", "keep_alive") == "true"


def test_the_file_of_the_checkout_repeats_no_setting():
    file = ConfigParser()
    file.read(ROOT / "luigi.cfg")
    for section, options in defaults.DEFAULTS.items():
        if file.has_section(section):
            assert not file[section].keys() & options.keys()


def test_the_embedded_services_name_the_exit_codes(services):
    file = ConfigParser()
    file.read(services["LUIGI_CONFIG_PATH"])
    assert dict(file["retcode"]) == RETCODE
