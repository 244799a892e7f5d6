"""Flip single bits of stored objects, and read them.

Every kind of object is read by what reads it in a night or in a command: from an S3
server, on whose disk the bit was flipped. Then whole nights run over a flipped bit.
"""

import argparse
import contextlib
import datetime
import functools
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.progress import track

from benchmarks.faults import world
from benchmarks.faults.readers import Read, StoredObject, night_of, stored_objects
from benchmarks.faults.records import FlippedNight, FlipsResult, KindFlips
from benchmarks.faults.tables import flips_tables
from benchmarks.faults.world import World, small_world
from benchmarks.harness import command, machine
from benchmarks.harness.results import write_result
from nightsieve.store import layout, objects
from nightsieve.store.objects import Store
from pipeline.errors import NightsieveError

MODULE = "benchmarks.faults.flips"
FLIPS = 10_000
MINIMUM_OF_A_KIND = 200
NIGHTS = 100
JOBS = 2
SEED = 17
READ_TIMEOUT_SECONDS = 30
#: An error for a person has at most this many lines.
ERROR_LINES = 2


class _HungError(BaseException):
    """A read did not end."""


@dataclass
class _Counts:
    flips: int = 0
    refused: int = 0
    unchanged: int = 0
    used: int = 0
    hung: int = 0
    tracebacks: int = 0


def main() -> None:
    """Flip bits, run nights, and write ``flips.json``; exit with 1 if one was used."""
    arguments = _parse_arguments()
    with command.temporary_folder() as folder, small_world(folder / "home") as small:
        os.environ.update(small.environment)
        kinds = read_flipped(small, arguments.flips, arguments.minimum)
        nights = run_flipped(small, arguments.nights, arguments.jobs)
    result = FlipsResult(
        run=machine.describe_run("boto3", "luigi", "pyarrow"),
        messages=world.MESSAGES,
        kinds=kinds,
        nights=nights,
    )
    if arguments.output is not None:
        write_result("flips", result, arguments.output)
    print(flips_tables(result))
    sys.exit(1 if problems_of(result) else 0)


def problems_of(result: FlipsResult) -> list[str]:
    """Return a line for everything that is not as promised."""
    problems = []
    for kind in result.kinds:
        bad = kind.used + kind.hung + kind.tracebacks
        if bad:
            problems.append(f"{kind.kind}: {bad} of {kind.flips} flips")
    for night in result.nights:
        if night.problem or not night.warned:
            problem = night.problem or "no word of the damaged object"
            problems.append(f"{night.key}: {problem}")
    return problems


def read_flipped(small: World, flips: int, minimum: int) -> tuple[KindFlips, ...]:
    """Flip bits of every kind of object, one at a time, and read each object.

    Parameters
    ----------
    flips
        How many bits are flipped, in proportion to the bytes of a kind.
    minimum
        How many bits of a kind are flipped at least.

    The services of the world are those of the environment.
    """
    objects.disconnect()
    store = Store(f"s3://{small.bucket.name}/reference")
    root = night_of(store, datetime.date.fromisoformat(world.DATE), world.PATCHES)
    by_kind = defaultdict(list)
    for stored in stored_objects(store, root):
        by_kind[stored.kind].append(stored)
    sizes = {
        kind: sum(_size(small.reference / stored.key) for stored in group)
        for kind, group in by_kind.items()
    }
    all_bytes = sum(sizes.values())
    rng = random.Random(SEED)
    results = []
    for kind, group in track(by_kind.items(), "reading flipped objects"):
        share = round(flips * sizes[kind] / all_bytes)
        counts = _Counts()
        for _ in range(max(share, minimum)):
            _flip_and_read(rng, small.reference, group, counts)
        results.append(KindFlips(kind=kind, bytes=sizes[kind], **vars(counts)))
    return tuple(results)


def run_flipped(small: World, nights: int, jobs: int) -> tuple[FlippedNight, ...]:
    """Run whole nights, each over one flipped bit of an object that it reads.

    Parameters
    ----------
    jobs
        Nights at once.
    """
    with ThreadPoolExecutor(jobs) as pool:
        run_one = functools.partial(_run_one, small)
        runs = pool.map(run_one, range(nights))
        return tuple(track(runs, "nights over a flipped bit", total=nights))


def _run_one(small: World, index: int) -> FlippedNight:
    """Flip a bit of what a family wrote, in a store where it has just ended."""
    rng = random.Random(SEED + index)
    families = list(small.written)
    family = families[index % len(families)]
    later = small.families_from(family)[1:]
    with small.copied(without=later) as copy:
        # What was published is not read again in the same night.
        keys = [key for key in small.written[family] if not _is_published(key)]
        key = rng.choice(keys)
        _flip(rng, copy.folder / key)
        ended = copy.run()
        problem = world.problem_of(ended, copy.other_bytes(small.expected))
    return FlippedNight(
        kind=family,
        key=key,
        code=ended.code,
        warned=key.removesuffix(".receipt.json") in ended.output,
        problem=problem,
    )


def _is_published(key: str) -> bool:
    return key.startswith(layout.MODELS)


def _flip_and_read(
    rng: random.Random, folder: Path, group: Sequence[StoredObject], counts: _Counts
) -> None:
    sizes = [_size(folder / stored.key) for stored in group]
    if not any(sizes):
        return
    (stored,) = rng.choices(group, weights=sizes)
    path = folder / stored.key
    whole = path.read_bytes()
    expected = stored.read()
    _flip(rng, path)
    try:
        _count_outcome(stored.read, expected, counts)
    finally:
        path.write_bytes(whole)


def _count_outcome(read: Read, expected: object, counts: _Counts) -> None:
    counts.flips += 1
    try:
        with _timeout(READ_TIMEOUT_SECONDS):
            value = read()
    except NightsieveError as error:
        if len(str(error).splitlines()) > ERROR_LINES:
            counts.tracebacks += 1
        else:
            counts.refused += 1
    except _HungError:
        counts.hung += 1
    except Exception:
        counts.tracebacks += 1
    else:
        if value == expected:
            counts.unchanged += 1
        else:
            counts.used += 1


@contextlib.contextmanager
def _timeout(seconds: int) -> Iterator[None]:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise _HungError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _flip(rng: random.Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_size(parser, "flips", FLIPS, "bits to flip")
    command.add_size(parser, "minimum", MINIMUM_OF_A_KIND, "bits of each kind at least")
    command.add_size(parser, "nights", NIGHTS, "whole nights over a flipped bit")
    command.add_size(parser, "jobs", JOBS, "nights at once")
    return parser.parse_args()


if __name__ == "__main__":
    main()
