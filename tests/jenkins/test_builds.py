"""The Jenkinsfile, run under JenkinsPipelineUnit: what becomes of each build.

Its shell steps run the project's own Makefile and ``.ci/night``. Only the programs in
``.venv/bin`` are stand-ins, with the exit codes of the real ones.
"""

import datetime
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

HERE = Path(__file__).parent
MVN = shutil.which("mvn")
JAVA = shutil.which("java")
pytestmark = [
    pytest.mark.skipif(
        "CI" not in os.environ and (MVN is None or JAVA is None),
        reason="mvn and java are missing",
    ),
    # Some 20 builds in one process; each runs make several times.
    pytest.mark.timeout(900),
]

PROGRAMS = ("luigi", "nightsieve", "python", "ruff", "mypy", "lint-imports")
COPIED = ("Makefile", "setup.py", "requirements", ".ci/night", ".ci/package-lock.json")
# What make compares with these, in the order of their times.
DONE = (
    ".venv/.core",
    ".venv/.test",
    ".venv/.bench",
    ".venv/.docs",
    ".ci/node_modules/.package-lock.json",
)

CLOCK = "hudson.triggers.TimerTrigger$TimerTriggerCause"
CHANGE = "hudson.triggers.SCMTrigger$SCMTriggerCause"
PERSON = "hudson.model.Cause$UserIdCause"
TESTED = {"GIT_COMMIT": "c0ffee", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": "c0ffee"}
UNTESTED = {"GIT_COMMIT": "c0ffee", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": "bad"}
AGENT = {"CI": "true", "JOB_NAME": "nights", "BUILD_URL": "https://ci/job/nights/7/"}
TEAM = "team@example.org"
SECRETS = {
    "NIGHTSIEVE_DATABASE_URL",
    "NIGHTSIEVE_RECEIPT_KEY",
    "NIGHTSIEVE_WEBHOOK_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "LUIGI_CONFIG_PATH",
}
HOSTILE = (
    "a.b='; touch run; '\"; touch run; \"$(touch run)`touch run`$(shell touch run)"
)

Build = dict[str, Any]


def build(
    *,
    cause: str = CLOCK,
    before: str = "SUCCESS",
    environment: dict[str, str] | None = None,
    mail_fails: bool = False,
    abort_during: str = "",
    **params: object,
) -> Build:
    """Return what Jenkins knows of a build.

    Parameters
    ----------
    before
        The result of the build before it.
    environment
        Of the agent, beside what every agent has.
    params
        What a person chose.
    """
    return {
        "causes": [cause],
        "before": before,
        "env": TESTED | (environment or {}),
        "mailFails": mail_fails,
        "abortDuring": abort_during,
        "params": {"NOTIFY": TEAM, **params},
    }


def night(code: str, **options: Any) -> Build:
    """Return a build whose luigi exits with this code."""
    return build(environment={"LUIGI_CODE": code}, **options)


FAILURES = ("1", "30", "40", "45", "137")
BUILDS = {
    "published": night("0"),
    "refused": night("50"),
    **{f"failed {code}": night(code) for code in FAILURES},
    "aborted": night("hang", abort_during=".ci/night retrain"),
    "without an export": build(environment={"LUIGI_CODE": "50", "FETCH_CODE": "3"}),
    "fixed": night("0", before="FAILURE"),
    "nobody to tell": night("30", NOTIFY=""),
    "no mail server": night("50", mail_fails=True),
    "untested": build(environment=UNTESTED),
    "broken code": build(environment=UNTESTED | {"PYTEST_CODE": "1"}),
    "not in Git": build(environment={"GIT_COMMIT": ""}),
    "change": build(cause=CHANGE, environment=UNTESTED),
    "tests asked for": build(cause=PERSON, TESTS=True),
    "tests": build(cause=PERSON, JOB="tests"),
    "benchmark": build(cause=PERSON, JOB="search-benchmark"),
    "slow benchmark": build(JOB="search-benchmark", environment={"MISSED": "1"}),
    "no benchmark": build(JOB="search-benchmark", environment={"BENCHMARK_CODE": "1"}),
    "credentials": build(
        cause=PERSON,
        environment={f"{name}_CREDENTIAL": f"id of {name}" for name in SECRETS},
        TESTS=True,
    ),
    "parameters": build(
        cause=PERSON,
        AGENT="large",
        DATE="2026-11-20",
        CONFIG="a.yaml s3://b/c.yaml",
        PATCH="a.b=1 2\nc.d=[3]",
        WORKERS="7",
    ),
    "hostile": build(DATE=HOSTILE, CONFIG=HOSTILE, PATCH=HOSTILE, WORKERS=HOSTILE),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Build]:
    """Run every build in one process of Java, and return what became of each."""
    folder = tmp_path_factory.mktemp("jenkins")
    for number, given in enumerate(BUILDS.values()):
        workspace = folder / str(number)
        make_workspace(workspace)
        given["workspace"] = str(workspace)
        given["env"] |= {**AGENT, "PATH": os.environ["PATH"]}
    (folder / "builds.json").write_text(json.dumps(list(BUILDS.values())))
    run_java(
        str(ROOT / "Jenkinsfile"),
        str(folder / "builds.json"),
        str(folder / "results.json"),
        folder=folder,
    )
    read = json.loads((folder / "results.json").read_text())
    return dict(zip(BUILDS, read, strict=True))


def make_workspace(workspace: Path) -> None:
    """Make a checkout that is set up, with stand-ins for the programs."""
    for name in COPIED:
        target = workspace / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copy(ROOT / name, target)
    for name in DONE:
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).touch()
    (workspace / ".venv/bin").mkdir()
    source = (HERE / "program.py").read_text()
    for name in PROGRAMS:
        program = workspace / ".venv/bin" / name
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)


def run_java(*arguments: str, folder: Path) -> None:
    """Run build.groovy, with what pom.xml names; Maven downloads it once."""
    assert MVN is not None, "mvn: not on the PATH; install maven"
    assert JAVA is not None, "java: not on the PATH; install a JDK"
    classpath = folder / "classpath"
    maven = [MVN, "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:build-classpath"]
    subprocess.run([*maven, f"-Dmdep.outputFile={classpath}"], check=True, timeout=600)
    java = [JAVA, "-cp", classpath.read_text().strip(), "groovy.ui.GroovyMain"]
    finished = subprocess.run(
        [*java, str(HERE / "build.groovy"), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def calls(name: str, program: str) -> list[Build]:
    """Return the calls of a stand-in by the build of this name."""
    path = Path(BUILDS[name]["workspace"]) / "calls"
    if not path.exists():
        return []
    made = map(json.loads, path.read_text().splitlines())
    return [call for call in made if call["program"] == program]


def has_tested(name: str) -> bool:
    """Return whether the build of this name ran the tests."""
    return any("pytest" in call["arguments"] for call in calls(name, "python"))


def yesterday() -> str:
    """Return the last complete day, UTC."""
    return str(datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1))


def test_a_published_night_is_a_success_with_its_report(results):
    ended = results["published"]
    assert ended["result"] == "SUCCESS"
    assert ended["stages"] == ["set up", "job"]
    assert ended["pages"] == ["Night"]
    assert ended["archived"] == ["figures.json", "junit.xml", "report/index.html"]
    assert ended["tests"] == [["build/out/junit.xml", 0]]
    assert ended["mails"] == []
    assert ended["cron"] == "TZ=Etc/UTC\nH 2 * * *"
    assert ended["jobs"][0] == "night"
    (luigi,) = calls("published", "luigi")
    assert luigi["arguments"] == [
        "--module",
        "tasks",
        "Retrain",
        f"--date={yesterday()}",
        "--workers=2",
        "--config=config/pipeline.yaml",
    ]
    fetch, show = (call["arguments"] for call in calls("published", "nightsieve"))
    assert fetch[:3] == ["runs", "fetch", yesterday()]
    assert fetch[-2:] == ["--to", "build/out"]
    assert show[:3] == ["runs", "show", yesterday()]
    assert show[-1] == "--junit"


def test_a_refused_model_is_unstable_with_its_report_and_somebody_is_told(results):
    ended = results["refused"]
    assert ended["result"] == "UNSTABLE"
    assert ended["pages"] == ["Night"]
    assert ended["tests"] == [["build/out/junit.xml", 1]]
    assert ended["unstable"].endswith("refused or overtaken (exit code 50)")
    (mail,) = ended["mails"]
    assert mail["to"] == TEAM
    assert mail["subject"] == "nights #7: UNSTABLE"
    assert mail["body"] == (
        f"night of {yesterday()}: the model was refused or overtaken\n"
        "https://ci/job/nights/7/"
    )


@pytest.mark.parametrize("code", FAILURES)
def test_every_other_code_is_a_failure_without_a_report(results, code):
    ended = results[f"failed {code}"]
    assert ended["result"] == "FAILURE"
    assert ended["pages"] == ended["archived"] == []
    assert f"exited with {code}; see docs/" in ended["error"]
    assert calls(f"failed {code}", "nightsieve") == []
    (mail,) = ended["mails"]
    assert mail["subject"].endswith("FAILURE")
    assert f"exit code {code}\n" in mail["body"]


def test_an_aborted_night_is_aborted(results):
    ended = results["aborted"]
    assert ended["result"] == "ABORTED"
    assert ended["pages"] == []
    assert calls("aborted", "nightsieve") == []
    (mail,) = ended["mails"]
    assert mail["subject"].endswith("ABORTED")


def test_a_night_without_its_export_is_a_failure(results):
    assert results["without an export"]["result"] == "FAILURE"
    assert results["without an export"]["pages"] == []


def test_who_is_told(results):
    (mail,) = results["fixed"]["mails"]
    assert mail["subject"].endswith("SUCCESS")
    assert results["nobody to tell"]["mails"] == []
    assert results["nobody to tell"]["result"] == "FAILURE"
    assert results["no mail server"]["result"] == "UNSTABLE"
    assert results["no mail server"]["caught"].startswith("The mail was not sent.")


@pytest.mark.parametrize("name", ["untested", "not in Git", "tests asked for"])
def test_a_night_is_tested_first_after_a_change_or_on_demand(results, name):
    ended = results[name]
    assert ended["result"] == "SUCCESS"
    assert ended["stages"] == ["set up", "test", "job"]
    assert ended["tests"][0] == ["build/tests.xml", 0]
    assert has_tested(name)
    assert len(calls(name, "luigi")) == 1
    assert not has_tested("published")


def test_code_that_fails_its_tests_runs_no_night(results):
    ended = results["broken code"]
    assert ended["result"] == "FAILURE"
    assert ended["stages"] == ["set up", "test"]
    assert ended["tests"] == [["build/tests.xml", 1]]
    assert calls("broken code", "luigi") == []
    (mail,) = ended["mails"]
    assert mail["body"].startswith("set-up and tests\n")


@pytest.mark.parametrize("name", ["change", "tests"])
def test_a_change_runs_the_tests_alone(results, name):
    assert results[name]["result"] == "SUCCESS"
    assert results[name]["stages"] == ["set up", "test"]
    assert calls(name, "luigi") == []


def test_the_benchmark_has_a_report_and_results_of_its_own(results):
    ended = results["benchmark"]
    assert ended["result"] == "SUCCESS"
    assert ended["pages"] == ["Search benchmark"]
    assert ended["tests"] == [["build/out/junit.xml", 0]]
    assert "report/index.html" in ended["archived"]
    assert calls("benchmark", "luigi") == []
    assert results["slow benchmark"]["result"] == "UNSTABLE"
    assert results["slow benchmark"]["pages"] == ["Search benchmark"]
    assert results["no benchmark"]["result"] == "FAILURE"


def test_a_credential_is_bound_where_jenkins_names_one_and_for_the_night_alone(results):
    assert results["published"]["credentials"] == []
    assert set(results["credentials"]["credentials"]) == SECRETS
    (luigi,) = calls("credentials", "luigi")
    for name in SECRETS:
        assert luigi["environment"][name] == f"secret of id of {name}"
    programs = calls("credentials", "python") + calls("credentials", "ruff")
    assert programs
    for call in programs:
        assert SECRETS.isdisjoint(call["environment"])


def test_parameters_arrive_as_they_are(results):
    assert results["parameters"]["agent"] == "large"
    assert results["published"]["agent"] == ""
    (luigi,) = calls("parameters", "luigi")
    assert luigi["arguments"][3:] == [
        "--date=2026-11-20",
        "--workers=7",
        "--config=a.yaml",
        "--config=s3://b/c.yaml",
        "--patch=a.b=1 2",
        "--patch=c.d=[3]",
    ]
    (luigi,) = calls("hostile", "luigi")
    assert f"--date={HOSTILE}" in luigi["arguments"]
    assert f"--patch={HOSTILE}" in luigi["arguments"]
    assert not (Path(BUILDS["hostile"]["workspace"]) / "run").exists()


def test_nothing_is_left_on_the_agent(results):
    assert results
    for given in BUILDS.values():
        assert not (Path(given["workspace"]) / "build").exists()
