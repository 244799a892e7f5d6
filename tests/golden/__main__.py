"""Run the golden nights: ``python -m tests.golden`` compares, ``--write`` rewrites."""

import argparse
import sys
import time

from tests.golden.compare import differences, read_expectation, write_expectation
from tests.golden.night import CASES, Case, run_night
from tests.golden.observe import Observation, observe

MOST_SHOWN = 40


def main() -> int:
    """Run every night that can run here; return 1 if one has a difference, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the expectations")
    write = parser.parse_args().write
    counts = []
    for case in CASES:
        if case.obstacle:
            print(f"{case.name}: skipped, {case.obstacle}")
            continue
        observed = _observe(case)
        if write:
            write_expectation(case.expectation, observed)
            print(f"{case.name}: {case.expectation.name} written")
        else:
            counts.append(_compare(case, observed))
    return 1 if any(counts) else 0


def _observe(case: Case) -> Observation:
    """Run a night and observe it; say on stderr what goes on and how long it took."""
    print(f"{case.name}: the night runs ...", file=sys.stderr)
    started = time.monotonic()
    observed = observe(run_night(case))
    seconds = time.monotonic() - started
    print(f"{case.name}: {seconds:.0f} seconds", file=sys.stderr)
    return observed


def _compare(case: Case, observed: Observation) -> int:
    """Print the differences from the expectation and return how many there are."""
    found = differences(read_expectation(case.expectation), observed)
    for difference in found[:MOST_SHOWN]:
        print(f"  {difference}")
    if len(found) > MOST_SHOWN:
        print(f"  ... and {len(found) - MOST_SHOWN} more")
    print(f"{case.name}: {len(found)} differences")
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
