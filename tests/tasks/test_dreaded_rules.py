"""Rules whose patterns take for ever, in a night: to compile, or to search for."""

import re
from pathlib import Path

import pytest

from tests.support.commands import fork
from tests.support.nights import SMALL, retrain, sample

# Without examples, which a night does not ask for.
RULE = """
- id: {id}
  pattern: '{pattern}'
  why: Dreaded.
"""
SLOW_IN_OTHER_MODES = (
    r"<[^>]{1,1000}onMouseOver=[^>]{1,1000}window\.status="  # of Hyperscan: minutes
)
SLOW_TO_COMPILE = "|".join(
    f"{letter}.{{1,4000}}b.{{1,4000}}c.{{1,4000}}d" for letter in "efghijkl"
)  # in any mode
CATASTROPHIC = "(a+)+$"  # for backtracking engines
ENDLESS = "(?=(a+)+$)a"  # the look-ahead leaves it to re


@pytest.fixture
def pack(tmp_path) -> Path:
    """So few rules that the time that is allowed for compiling them together is short too."""
    for label, pattern in {
        "notification": "code|account|order",
        "personal": "you|home|me",
        "spam": "win|offer",
    }.items():
        (tmp_path / "rules" / label).mkdir(parents=True)
        (tmp_path / "rules" / label / "common.yaml").write_text(
            RULE.format(id=label, pattern=pattern)
        )
    return tmp_path / "rules"


@pytest.fixture
def messages(environment, tmp_path) -> dict[str, str]:
    """The environment of a database with the sample and one message that backtracking cannot leave."""
    sample(environment, 1_000)
    (tmp_path / "inbox.csv").write_text("key,body\nlong," + "a" * 60 + "!\n")
    loaded = fork(
        "nightsieve",
        "load",
        str(tmp_path / "inbox.csv"),
        "--key",
        "key",
        "--body",
        "body",
        environment=environment,
    )
    assert loaded.returncode == 0, loaded.stderr
    return environment


def night(pack: Path, environment: dict[str, str], **patterns: str):
    (pack / "spam" / "dreaded.yaml").write_text(
        "".join(
            RULE.format(id=id_.replace("_", "-"), pattern=pattern)
            for id_, pattern in patterns.items()
        )
    )
    limits = [
        "labelling.engine.compile_timeout_seconds=1",
        "labelling.engine.search_timeout_seconds=1",
    ]
    return fork(
        *retrain(patches=[*SMALL, f"labelling.rules={pack}", *limits]),
        environment=environment,
    )


def test_neither_a_slow_compile_nor_catastrophic_backtracking_keeps_a_night_from_its_end(
    pack, messages
):
    dreaded = {
        "slow": SLOW_TO_COMPILE,
        "slow_elsewhere": SLOW_IN_OTHER_MODES,
        "catastrophic": CATASTROPHIC,
    }
    ended = night(pack, messages, **dreaded)
    assert ended.returncode == 0, ended.stderr
    named = re.findall(
        r"CompileRules: rule ([\w-]+) needs re \((\w+)\): (.*)", ended.stderr
    )
    assert ("slow", "does not compile in 1 s") in {
        (rule, reason) for rule, _, reason in named
    }
    assert {"catastrophic", "slow-elsewhere"}.isdisjoint(rule for rule, _, _ in named)
    assert re.search(
        r"^(confirmed|searched) by re: slow \(does not compile in 1 s\)$",
        ended.stdout,
        re.MULTILINE,
    )


def test_a_search_of_re_that_does_not_end_fails_the_night_by_the_name_of_its_rule(
    pack, messages
):
    failed = night(pack, messages, endless=ENDLESS)
    assert failed.returncode == 30
    assert "rule endless: its search in one message did not end in 1 s" in failed.stderr
    assert "aaaaaaaa" not in failed.stderr and "Traceback" not in failed.stderr
