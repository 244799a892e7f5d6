"""A night with rules whose patterns never end: to compile, or to search for."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import fork
from tests.support.nights import SMALL, retrain, sample

# A night needs no examples of a rule.
RULE = """
- id: {id}
  pattern: '{pattern}'
  why: Dreaded.
"""
# It takes Hyperscan minutes in other modes than ours.
SLOW_IN_OTHER_MODES = r"<[^>]{1,1000}onMouseOver=[^>]{1,1000}window\.status="
# In any mode.
SLOW_TO_COMPILE = "|".join(
    f"{letter}.{{1,4000}}b.{{1,4000}}c.{{1,4000}}d" for letter in "efghijkl"
)
# For engines that backtrack.
CATASTROPHIC = "(a+)+$"
# re must search for it, because of the look-ahead.
ENDLESS = "(?=(a+)+$)a"
COMMON_PATTERNS = {
    "notification": "code|account|order",
    "personal": "you|home|me",
    "spam": "win|offer",
}


@pytest.fixture
def pack(tmp_path) -> Path:
    """Return a pack of few rules, so that the time to compile all of them is short."""
    rules = tmp_path / "rules"
    for label, pattern in COMMON_PATTERNS.items():
        folder = rules / label
        folder.mkdir(parents=True)
        rule = RULE.format(id=label, pattern=pattern)
        (folder / "common.yaml").write_text(rule)
    return rules


@pytest.fixture
def messages(environment, tmp_path) -> dict[str, str]:
    """Load the sample and one message on which backtracking never ends."""
    sample(environment, 1_000)
    inbox = tmp_path / "inbox.csv"
    inbox.write_text("key,body\nlong," + "a" * 60 + "!\n")
    load = ["nightsieve", "load", str(inbox), "--key", "key", "--body", "body"]
    loaded = fork(*load, environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    return environment


def night(
    pack: Path, environment: dict[str, str], **patterns: str
) -> subprocess.CompletedProcess[str]:
    """Run a night with a rule of spam for each of these patterns."""
    rules = []
    for name, pattern in patterns.items():
        rules.append(RULE.format(id=name.replace("_", "-"), pattern=pattern))
    (pack / "spam" / "dreaded.yaml").write_text("".join(rules))
    patches = [
        *SMALL,
        f"labelling.rules={pack}",
        "labelling.engine.compile_timeout_seconds=1",
        "labelling.engine.search_timeout_seconds=1",
    ]
    return fork(*retrain(patches=patches), environment=environment)


def test_a_night_ends_despite_a_slow_compile_and_catastrophic_backtracking(
    pack, messages
):
    dreaded = {
        "slow": SLOW_TO_COMPILE,
        "slow_elsewhere": SLOW_IN_OTHER_MODES,
        "catastrophic": CATASTROPHIC,
    }
    ended = night(pack, messages, **dreaded)
    assert ended.returncode == 0, ended.stderr
    warnings = re.findall(
        r"CompileRules: rule ([\w-]+) needs re \(\w+\): (.*)", ended.stderr
    )
    assert ("slow", "does not compile in 1 s") in warnings
    warned_of = {rule for rule, _ in warnings}
    assert {"catastrophic", "slow-elsewhere"}.isdisjoint(warned_of)
    assert re.search(
        r"^Rule slow is (confirmed|searched) by .*: does not compile in 1 s$",
        ended.stdout,
        re.MULTILINE,
    )


def test_a_search_of_re_that_does_not_end_fails_the_night_and_names_its_rule(
    pack, messages
):
    failed = night(pack, messages, endless=ENDLESS)
    assert failed.returncode == 30
    assert "rule endless: its search in one message did not end in 1 s" in failed.stderr
    assert "aaaaaaaa" not in failed.stderr
    assert "Traceback" not in failed.stderr
