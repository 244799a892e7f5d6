"""Stands in for every program of ``.venv/bin``: logs its call, and exits as told.

The environment says how: ``LUIGI_CODE``, ``FETCH_CODE``, ``PYTEST_CODE``,
``BENCHMARK_CODE``, and ``MISSED``, the number of missed targets.
"""

import json
import os
import sys
import time
from pathlib import Path

OUT = Path(os.environ.get("OUT", "out"))
NAME = Path(sys.argv[0]).name
ARGUMENTS = sys.argv[1:]


def main() -> None:
    """Log the call, and do what the program would do to the workspace."""
    call = {
        "program": NAME,
        "arguments": ARGUMENTS,
        "environment": dict(os.environ),
    }
    with open("calls", "a") as calls:
        calls.write(json.dumps(call) + "\n")
    if NAME == "luigi":
        luigi()
    elif NAME == "nightsieve":
        finish("FETCH_CODE")
        if ARGUMENTS[1] == "show":
            print(suite(failures=1 if os.environ.get("LUIGI_CODE") == "50" else 0))
        else:
            page()
    elif ARGUMENTS[:2] == ["-m", "pytest"]:
        failed = int(os.environ.get("PYTEST_CODE", "0"))
        for word in ARGUMENTS:
            if word.startswith("--junitxml="):
                junit(Path(word.removeprefix("--junitxml=")), failed)
        finish("PYTEST_CODE")
    elif ARGUMENTS[:2] == ["-m", "benchmarks.training.grid_search"]:
        finish("BENCHMARK_CODE")
    elif ARGUMENTS[:2] == ["-m", "benchmarks.report"]:
        page()
        junit(OUT / "junit.xml", int(os.environ.get("MISSED", "0")))


def luigi() -> None:
    """Work until somebody ends it, or finish at once."""
    if os.environ.get("LUIGI_CODE") == "hang":
        print("at work", flush=True)
        time.sleep(60)
    finish("LUIGI_CODE")


def finish(variable: str) -> None:
    """Exit with the code that the environment has for this program, unless it is 0."""
    code = int(os.environ.get(variable, "0"))
    if code:
        sys.exit(code)


def page() -> None:
    """Write a report."""
    (OUT / "report").mkdir(parents=True)
    (OUT / "report" / "index.html").write_text("<h1>Report</h1>")
    (OUT / "figures.json").write_text("{}")


def junit(path: Path, failures: int) -> None:
    """Write test results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(suite(failures))


def suite(failures: int) -> str:
    """Return test results."""
    cases = "<testcase name='good'/>"
    cases += "<testcase name='bad'><failure/></testcase>" * failures
    return f"<testsuite>{cases}</testsuite>"


if __name__ == "__main__":
    main()
