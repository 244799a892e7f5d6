"""Run the golden nights: ``python -m tests.golden`` compares, ``--write`` rewrites."""

import argparse
import sys
import time

from tests.golden.compare import differences, read_expectation, write_expectation
from tests.golden.night import CASES, FinishedNight, run_nights
from tests.golden.observe import observe

MAX_SHOWN = 40


def main() -> int:
    """Run every night that can run here; return 1 if one has a difference, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="Rewrite the expectations."
    )
    write = parser.parse_args().write
    counts = []
    for case in CASES:
        if case.obstacle:
            print(f"{case.name}: skipped, {case.obstacle}")
            continue
        print(f"{case.name}: two nights run ...", file=sys.stderr)
        started = time.monotonic()
        for night in run_nights(case):
            seconds = time.monotonic() - started
            print(f"{night.name}: after {seconds:.0f} seconds", file=sys.stderr)
            if write:
                write_expectation(night.expectation, observe(night))
                print(f"{night.name}: {night.expectation.name} written")
            else:
                counts.append(_compare(night))
    return 1 if any(counts) else 0


def _compare(night: FinishedNight) -> int:
    """Print the differences from the expectation, and return how many there are."""
    differing = differences(read_expectation(night.expectation), observe(night))
    for difference in differing[:MAX_SHOWN]:
        print(f"  {difference}")
    if len(differing) > MAX_SHOWN:
        print(f"  ... and {len(differing) - MAX_SHOWN} more")
    print(f"{night.name}: {len(differing)} differences")
    return len(differing)


if __name__ == "__main__":
    sys.exit(main())
