"""Native data is loaded only from a writer who is trusted: by the key, or this user."""

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import hyperscan
import pandas as pd
import pytest

from nightsieve.store import pattern_cache
from nightsieve.store.pattern_cache import compiled_patterns, trusted_patterns
from nightsieve.store.receipts import VARIABLE
from pipeline import patterns
from pipeline.errors import ConfigError
from pipeline.patterns import Matcher, Pattern, PatternDatabase

PATTERNS = [Pattern("prize", "body", "prizes?"), Pattern("echo", "body", r"(x)\1")]
KEY = "0f" * 16


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty cache; nothing is signed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "nightsieve"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which every compilation adds its number of patterns."""
    calls: list[int] = []
    compile_patterns = patterns.compile_patterns

    def counted(pattern_list: list[Pattern], timeout: float) -> PatternDatabase:
        calls.append(len(pattern_list))
        return compile_patterns(pattern_list, timeout)

    monkeypatch.setattr(patterns, "compile_patterns", counted)
    return calls


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("patterns-*"))


def matches(database: PatternDatabase) -> list[list[bool]]:
    table = pd.DataFrame({"body": ["Prizes", "xx", ""]})
    return (
        Matcher(PATTERNS, database, search_timeout=1).matches(table).toarray().tolist()
    )


EXPECTED = [[True, False], [False, True], [False, False]]


def never() -> bytes:
    raise AssertionError("the object is not read")


def hostile() -> PatternDatabase:
    """Return a database that whoever can write to the bucket put there."""
    database = patterns.compile_patterns(PATTERNS, 10)
    forged = [
        dataclasses.replace(part, content=part.content[:-1] + b"!")
        for part in database.databases
    ]
    return dataclasses.replace(database, databases=tuple(forged))


def test_patterns_are_compiled_once(folder, compiled):
    for _ in range(3):
        assert matches(compiled_patterns(PATTERNS, 10)) == EXPECTED
    assert compiled == [2]
    (entry,) = entries(folder)
    assert (folder.stat().st_mode & 0o777, entry.stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_other_patterns_another_timeout_engine_or_code_are_another_entry(
    folder, compiled, monkeypatch
):
    compiled_patterns(PATTERNS, 10)
    compiled_patterns(PATTERNS[:1], 10)
    compiled_patterns(PATTERNS, 11)
    for module, name in ((patterns, "engine"), (pattern_cache, "_code")):
        monkeypatch.setattr(module, name, lambda: "another")
        compiled_patterns(PATTERNS, 10)
    assert len(entries(folder)) == 5


def test_without_a_key_no_object_is_even_read(compiled):
    assert matches(trusted_patterns(never, PATTERNS, 10)) == EXPECTED
    assert matches(trusted_patterns(never, PATTERNS, 10)) == EXPECTED
    assert compiled == [2]


def test_with_a_key_a_signed_object_is_loaded_and_nothing_is_compiled(
    folder, compiled, monkeypatch
):
    content = patterns.compile_patterns(PATTERNS, 10).to_bytes()
    compiled.clear()
    monkeypatch.setenv(VARIABLE, KEY)
    assert matches(trusted_patterns(lambda: content, PATTERNS, 10)) == EXPECTED
    assert compiled == []
    assert not folder.exists()


def test_a_signed_object_of_another_engine_is_not_loaded(compiled, monkeypatch):
    database = patterns.compile_patterns(PATTERNS, 10)
    foreign = dataclasses.replace(hostile(), engine="hyperscan 0.7.8, AVX512, x86_64")
    compiled.clear()
    monkeypatch.setenv(VARIABLE, KEY)
    loaded: list[bytes] = []
    loadb = hyperscan.loadb

    def recorded(content: bytes, mode: int) -> hyperscan.Database:
        loaded.append(content)
        return loadb(content, mode)

    monkeypatch.setattr(hyperscan, "loadb", recorded)
    assert matches(trusted_patterns(foreign.to_bytes, PATTERNS, 10)) == EXPECTED
    assert compiled == [2]
    assert loaded == [part.content for part in database.databases]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1], lambda _: b"", lambda c: b"!" + c[1:]]
)
def test_a_damaged_entry_is_made_again(
    folder, compiled, damage: Callable[[bytes], bytes]
):
    compiled_patterns(PATTERNS, 10)
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert matches(compiled_patterns(PATTERNS, 10)) == EXPECTED
    assert compiled == [2, 2]
    assert entry.read_bytes() == whole


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o750, 0o705])
def test_a_folder_that_others_can_use_is_refused(folder, mode):
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigError, match=r"mode 700, or set XDG_CACHE_HOME$"):
        compiled_patterns(PATTERNS, 10)


def test_a_folder_of_another_user_or_a_link_is_refused(folder, monkeypatch):
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="not a folder of this user alone"):
        compiled_patterns(PATTERNS, 10)
    folder.unlink()
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ConfigError, match="not a folder of this user alone"):
        compiled_patterns(PATTERNS, 10)


def test_a_cache_that_cannot_be_written_costs_time_and_no_night(
    compiled, monkeypatch, caplog, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert matches(compiled_patterns(PATTERNS, 10)) == EXPECTED
    assert compiled == [2]
    assert "set XDG_CACHE_HOME to a folder" in caplog.text


def test_old_entries_and_those_above_the_size_are_removed(folder, monkeypatch):
    for index in range(4):
        compiled_patterns([Pattern("a", "body", f"word{index}")], 10)
    left = folder / "unfinished-x"
    left.touch()
    now = time.time()
    one, two, three, four = sorted(
        entries(folder), key=lambda file: file.stat().st_mtime
    )
    os.utime(left, (now, now - pattern_cache.MAX_SECONDS - 60))
    os.utime(one, (now, now - pattern_cache.MAX_SECONDS - 60))
    os.utime(two, (now, now - 60))
    os.utime(three, (now, now - 40))
    os.utime(four, (now, now - 20))
    monkeypatch.setattr(pattern_cache, "MAX_BYTES", 3 * two.stat().st_size + 100)
    compiled_patterns([Pattern("a", "body", "word-x")], 10)
    kept = set(entries(folder))
    assert {three, four} < kept
    assert len(kept) == 3
    assert not left.exists()


COMPILE = """
import sys
from nightsieve.store import pattern_cache
from pipeline import patterns
original = patterns.compile_patterns
def counted(*arguments):
    print("compiled", flush=True)
    return original(*arguments)
patterns.compile_patterns = counted
words = [patterns.Pattern(f"p{i}", "body", rf"\\bw{i}.{{0,40}}x") for i in range(300)]
pattern_cache.compiled_patterns(words, 10)
"""


def test_several_processes_at_once_compile_once(folder):
    processes = [
        subprocess.Popen([sys.executable, "-c", COMPILE], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == [b"", b"", b"", b"compiled\n"]
    assert len(entries(folder)) == 1


def test_a_process_that_dies_while_it_compiles_gives_the_lock_back(folder):
    process = subprocess.Popen([sys.executable, "-c", COMPILE], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"compiled\n"
    process.kill()
    process.communicate()
    again = subprocess.run(
        [sys.executable, "-c", COMPILE], capture_output=True, check=True, timeout=120
    )
    assert again.stdout == b"compiled\n"
    assert len(entries(folder)) == 1
