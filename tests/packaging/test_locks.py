"""The locks: one for the core and one for what each extra adds to it."""

import re
from collections import defaultdict

import pytest

from tests.support import ROOT

PATHS = sorted((ROOT / "requirements").glob("*.lock"))
LOCKS = {path.stem: path.read_text() for path in PATHS}
# Programs that check files have an environment of their own.
EXTRAS = sorted(LOCKS.keys() - {"core", "tools"})
PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?P<marker> ;.*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(lock: str) -> set[tuple[str, str, str]]:
    """Return name, version and marker of each package that a lock names."""
    matches = map(PINNED.match, LOCKS[lock].splitlines())
    return {(m["name"], m["version"], m["marker"] or "") for m in matches if m}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_and_nothing_else(lock):
    for line in LOCKS[lock].splitlines():
        assert PINNED.match(line) or HASH.match(line), line


def test_all_locks_can_be_installed_together():
    versions = defaultdict(set)
    for lock in ["core", *EXTRAS]:
        for name, version, marker in pins(lock):
            versions[name, marker].add(version)
    several = {key: value for key, value in versions.items() if len(value) > 1}
    assert several == {}


@pytest.mark.parametrize("lock", EXTRAS)
def test_an_extra_holds_only_what_it_adds_to_the_core(lock):
    core = {name for name, _, _ in pins("core")}
    assert core.isdisjoint(name for name, _, _ in pins(lock))


def test_every_extra_has_a_lock():
    setup = (ROOT / "setup.py").read_text()
    extras = re.search(r"extras_require=\{(.*?)\}", setup, re.DOTALL)
    assert extras is not None
    names = set(re.findall(r'"(\w+)":', extras[1]))
    # What builds the wheel is in the core: an editable installation needs it.
    assert names - {"build"} == set(EXTRAS)
