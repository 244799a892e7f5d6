"""The linter finds every planted mistake in time, and nothing in valid rules."""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.rules.files import read_pack
from pipeline.rules.lint.checks import lint_pack
from pipeline.rules.lint.redos_inputs import SUFFIX, redos_inputs
from pipeline.rules.lint.redos_probe import MAX_MESSAGE

GOOD = {
    "id": "good",
    "pattern": r"\bprize\b",
    "why": "test",
    "matches": ["a prize"],
    "near_misses": ["a surprise"],
}


def lint(folder: Path, *rules: Mapping[str, object], budget: float = 2.0) -> list[str]:
    """Return the findings in a file of these rules, without the path.

    Each rule is `GOOD` but for the entries that it has.
    """
    entries = [{**GOOD, "id": f"r{index}", **rule} for index, rule in enumerate(rules)]
    (folder / "spam.yaml").write_text(yaml.safe_dump(entries))
    result = lint_pack(folder, budget)
    assert result.rule_count <= len(rules)
    return [str(problem).replace(f"{folder}/", "") for problem in result.problems]


def mentions(findings: list[str], text: str) -> bool:
    return any(text in finding for finding in findings)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (r"(prize", "pattern: does not compile: missing )"),
        (r"(?:a prize)?", "matches the empty string"),
        (r"prizes", "matches: example 1 is not matched"),
        (r"prise|prize", "near_misses: example 1 is matched"),
        (r"(a+)+$|prize", "catastrophic: no answer in 2 s on 'a' many times"),
        (r"(?:\w+\s?)*:|prize", "catastrophic: no answer in 2 s"),
        (r"(x|x)*y|prize", "catastrophic: no answer in 2 s on 'x' many times"),
        (r"prize(?:.*\d)? bonus", "catastrophic: "),
        (r"\s+$|prize", "characters of ' ' many times"),
        (r"(?:(?:[a-z]{1,9} ){1,9}){1,9}prize|prize", "catastrophic: "),
        (r".{0,200}.{0,200}prize1|prize", "'a' many times"),
    ],
)
def test_a_bad_pattern_is_reported(tmp_path, pattern, problem):
    findings = lint(
        tmp_path,
        {"label": "personal"},
        {"pattern": pattern, "near_misses": ["a surprise"]},
    )
    findings_of_r1 = [
        finding for finding in findings if finding.startswith("spam.yaml: rule r1: ")
    ]
    assert mentions(findings_of_r1, problem), findings
    assert not mentions(findings, "rule r0")


def test_an_endless_search_ends_with_its_budget_and_the_next_rule_is_checked(tmp_path):
    evil = {"pattern": "(b|b)*c", "matches": ["b" * 60], "near_misses": ["a"]}
    started = time.monotonic()
    findings = lint(tmp_path, evil, {"pattern": "x?"}, budget=1.0)
    assert time.monotonic() - started < 10
    assert "rule r0: catastrophic: no answer in 1 s on its examples" in findings[0]
    empty = "rule r1: pattern: matches the empty string"
    assert mentions(findings, empty)


def test_rules_that_repeat_others_are_found(tmp_path):
    findings = lint(
        tmp_path,
        {"pattern": r"prize|win[|)]|a\|b"},
        {"pattern": r"prize"},
        {"pattern": r"a\|b|prize"},
        {"pattern": r"prize", "label": "personal"},
        {"pattern": r"prize", "field": "sender"},
        {"pattern": r"win[|"[:3] + "|prize"},
        {"id": "r0", "pattern": "a prize"},
    )
    problems = [
        finding.removeprefix("spam.yaml: rule ")
        for finding in findings
        if "example" not in finding
    ]
    shadowed = [problem for problem in problems if "shadowed" in problem]
    others = [problem for problem in problems if "shadowed" not in problem]
    assert [problem.split(";")[0] for problem in others] == [
        "r0: the id is already used in spam.yaml",
        "r3: pattern: the same as in rule r1 in spam.yaml",
    ]
    assert {problem.split(":")[0] for problem in shadowed} == {"r1", "r2"}


def test_every_error_of_every_file_is_reported(tmp_path):
    (tmp_path / "ham").mkdir()
    (tmp_path / "ham" / "broken.yaml").write_text("- [")
    (tmp_path / "ham" / "mapping.yaml").write_text("a: b")
    findings = lint(tmp_path, {"why": "", "weight": -1}, {"label": "No!"}, {"extra": 1})
    for problem in (
        "ham/broken.yaml: line 1",
        "ham/mapping.yaml: must be a list of rules",
        "rule r0: why: ",
        "rule r0: weight: ",
        "rule r1: label: ",
        "rule r2: extra: ",
    ):
        assert mentions(findings, problem), (problem, findings)
    assert "no rule files" in str(lint_pack(tmp_path / "nothing", 1.0).problems[0])


def test_a_rule_without_examples_is_reported_with_file_and_id(tmp_path):
    bare = {"id": "bare", "pattern": "prize", "why": "test"}
    half = {**GOOD, "id": "half", "pattern": "win", "matches": ["win"]}
    half["near_misses"] = []
    (tmp_path / "spam.yaml").write_text(yaml.safe_dump([bare, GOOD, half]))
    result = lint_pack(tmp_path, 2.0)
    missing = [
        (problem.file, problem.rule, problem.problem.partition(":")[0])
        for problem in result.problems
        if "missing" in problem.problem
    ]
    file = tmp_path / "spam.yaml"
    assert missing == [
        (file, "bare", "matches"),
        (file, "bare", "near_misses"),
        (file, "half", "near_misses"),
    ]
    assert result.rule_count == 3


def test_a_rule_without_examples_is_probed_like_any_other(tmp_path):
    findings = lint(tmp_path, {"pattern": "(a+)+$", "matches": [], "near_misses": []})
    assert mentions(findings, "rule r0: catastrophic")


def test_no_night_imports_the_linter():
    code = """
import sys
import tasks
from pipeline import config
from tasks.luigi_setup.warm_up import prepare
from pipeline.rules.files import read_rules
layers = [config.file_layer(config.DEFAULTS)]
prepare(config.resolve(layers, read_rules).settings)
assert "pipeline.rules.patterns" in sys.modules
sys.exit(any(name.startswith("pipeline.rules.lint") for name in sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], check=False)
    assert run.returncode == 0


def test_valid_rules_have_no_finding(tmp_path):
    bounded = {
        "pattern": r"\b(?:a|the) (?:[a-z]{1,12} ){0,2}prize\b.{0,60}|(?<!no )\bprize\b"
    }
    anchored = {"pattern": r"^[a-z]{2}-\d{6}$", "matches": ["AB-123456"]}
    assert lint(tmp_path, {}, bounded, anchored) == []


def test_a_rule_is_reported_if_another_rule_matches_all_that_it_matches(tmp_path):
    findings = lint(
        tmp_path,
        {
            "pattern": r"\b(?:free|big) prizes?\b",
            "matches": ["free prize", "a big prize"],
            "near_misses": ["prized"],
        },
        {"pattern": r"prize(?!d)", "near_misses": ["none"]},
        {
            "pattern": r"\b(?:free|big) prizes?\b.{0,9}",
            "matches": ["big prize"],
            "label": "personal",
        },
        {"pattern": r"\bprize$", "matches": ["a prize"]},
        {
            "pattern": r"\b(?:free|big|one) (?:prize|award)\b",
            "matches": ["free prize"],
            "near_misses": ["prized"],
        },
    )
    problem = "seems shadowed: rule r1 in spam.yaml matches all that it matches"
    assert [finding.split(";")[0] for finding in findings] == [
        f"spam.yaml: rule r0: {problem}",
        f"spam.yaml: rule r3: {problem}",
    ]


def test_a_file_with_another_suffix_is_reported_and_refused(tmp_path):
    (tmp_path / "more.yml").write_text("- {}")
    assert lint(tmp_path, {}) == [
        "more.yml: not read, because rule files end in .yaml; rename the file"
    ]
    with pytest.raises(ConfigError, match=r"more\.yml: not read, because rule files"):
        read_pack(tmp_path)


def test_patterns_too_large_or_too_deep_to_be_tried_are_reported_without_a_traceback(
    tmp_path, capfd
):
    large = r"(?:(?:(?:(?:(?:a{100}){100}){100}){100}){100})*b|prize"
    deep = "(" * 300 + "prize" + ")" * 300
    findings = lint(tmp_path, {"pattern": large}, {"pattern": deep}, {"pattern": "x?"})
    others = [finding for finding in findings if "rule r0" not in finding]
    assert [finding.split(";")[0] for finding in others[:2]] == [
        "spam.yaml: rule r1: pattern: nested too deeply to be examined",
        "spam.yaml: rule r2: pattern: matches the empty string, so every message",
    ]
    assert not mentions(findings, "crashed")
    assert capfd.readouterr().err == ""


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                ".",
                r"\w",
                "[^x]",
                "(?:ab)*",
                "[a-f]{0,20}",
                "(a|b)+",
                "(?<=a)",
                r"\b",
            ]
        )
    )
)
def test_inputs_are_made_for_repeats_and_have_their_length(parts):
    pattern = "".join(parts)
    inputs = redos_inputs(pattern)
    assert bool(inputs) == bool(re.search(r"[*+}]", pattern))
    for redos_input in inputs:
        text = redos_input.text(MAX_MESSAGE)
        pumped = len(text) - len(redos_input.prefix) - len(SUFFIX)
        assert MAX_MESSAGE - 100 < pumped <= MAX_MESSAGE
