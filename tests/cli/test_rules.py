"""`nightsieve rules`: what rules did in a night, and what changed rules would do."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, retrain, sample

BEFORE = "2026-11-19"
GRID = (
    "training.search.grids=[{estimator: multinomial_nb, ngrams: [[1, 1]], min_df: [2], "
    "sublinear_tf: [false], norm: [null], alpha: [0.1]}]"
)
DATABASE_FREE = {"NIGHTSIEVE_DATABASE_URL": "", "NIGHTSIEVE_STORAGE": ""}
PACK = {
    "notification.yaml": {
        "otp": "otp|code",
        "bank": "account|balance|a/c",
        "parcel": "parcel|order|delivery",
    },
    "personal.yaml": {
        "you": r"\b(?:you|u|me|im)\b",
        "when": "tomorrow|tonight|later",
        "home": "home|mum|dad",
    },
    "spam.yaml": {
        "win": "win|prize|free",
        "money": "loan|cash|offer",
        "link": "http|www|click",
    },
}
RULE = (
    "- {id: tried, pattern: '%s', weight: 50, why: test, matches: [the code],"
    " near_misses: [none]}\n"
)
SENDER_RULE = (
    "- {id: bank, pattern: '^AX-', field: sender, why: test, matches: [AX-BANK],"
    " near_misses: [bank]}\n"
)


def write(folder: Path, **changed: str | None) -> Path:
    """Write the pack to a folder, some rules with another pattern, or without them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, patterns in PACK.items():
        entries = []
        for id_, pattern in patterns.items():
            new_pattern = changed.get(id_, pattern)
            if new_pattern is not None:
                entries.append(
                    {
                        "id": id_,
                        "pattern": new_pattern,
                        "why": "test",
                        "matches": ["x"],
                        "near_misses": ["y"],
                    }
                )
        (folder / name).write_text(json.dumps(entries))
    return folder


def rules(
    *arguments: str, environment: dict[str, str] = DATABASE_FREE, code: int = 0
) -> CompletedProcess[str]:
    done = nightsieve("rules", *arguments, environment=environment)
    assert done.returncode == code, done.stderr
    return done


def rules_as_json(
    *arguments: str, environment: dict[str, str] = DATABASE_FREE, code: int = 0
) -> Any:
    done = rules(*arguments, "--json", environment=environment, code=code)
    return json.loads(done.stdout)


def column(rows: Iterable[Mapping[str, Any]], name: str) -> dict[str, object]:
    """The values of a column by the ids of the rules."""
    return {row["id"]: row[name] for row in rows}


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """The rules of the later night."""
    return write(tmp_path_factory.mktemp("later"), money=None)


@pytest.fixture(scope="module")
def nights(night_environment, pack, tmp_path_factory) -> dict[str, str]:
    """The environment of two finished nights."""
    sample(night_environment, rows=800)
    pack_before = write(tmp_path_factory.mktemp("earlier"), win=None)
    for night, folder in ((BEFORE, pack_before), (NIGHT, pack)):
        patches = [*SMALL, GRID, f"labelling.rules={folder}"]
        command = retrain(patches=patches, night=night)
        done = fork(*command, environment=night_environment)
        assert done.returncode == 0, done.stderr
    return night_environment


def test_the_report_shows_every_rule_with_its_drift(nights):
    summary = rules_as_json("report", NIGHT, environment=nights)
    earlier = rules_as_json("report", BEFORE, environment=nights)
    assert summary["drift_since"] == BEFORE
    assert earlier["drift_since"] is None
    assert summary["gone"] == ["money"]
    share = column(summary["rules"], "share")
    share_before = column(earlier["rules"], "share")
    drift = column(summary["rules"], "drift")
    assert set(column(earlier["rules"], "drift").values()) == {None}
    assert drift.pop("win") is None
    assert any(drift.values())
    for id_, change in drift.items():
        assert change == pytest.approx(share[id_] - share_before[id_])
    assert any(has_an_interval(row) for row in summary["rules"])
    printed = rules("report", NIGHT, "--sort", "drift", environment=nights).stdout
    assert re.search(r"^win +spam .* new ", printed.splitlines()[1])
    config = summary["drift_since_config"]
    assert (
        f"Drift is against the night of {BEFORE}, configuration {config}\n" in printed
    )
    assert f"Gone since {BEFORE}: money" in printed


def has_an_interval(row: Any) -> bool:
    precision = row["precision"]
    return row["reviewed"] > 0 and precision["low"] < precision["value"]


def test_a_night_that_does_not_exist_is_an_error_in_a_line(nights, pack):
    for arguments in (("report", "2026-01-01"), ("diff", str(pack), "2026-01-01")):
        refused = rules(*arguments, environment=nights, code=3)
        assert refused.stderr == (
            "Error: there is no such run of 2026-01-01; see nightsieve runs list, or "
            "run the night: luigi --module tasks Retrain --date 2026-01-01\n"
        )


def test_diff_of_the_night_s_own_pack_finds_nothing(nights, pack):
    same = rules("diff", str(pack), environment=nights).stdout
    assert "No rule is different." in same
    assert "\n0 messages change their label" in same


def test_diff_counts_what_a_changed_pack_relabels_and_shows_no_text(nights, tmp_path):
    write(tmp_path, money=None, link=None, win="nothing like it")
    (tmp_path / "spam").mkdir()
    (tmp_path / "spam" / "more.yaml").write_text(RULE % r"\bcode\b")
    printed = rules("diff", str(tmp_path), NIGHT, environment=nights).stdout
    summary = rules_as_json("report", NIGHT, environment=nights)
    coverage = column(summary["rules"], "coverage")
    assert find_line(rf"link +gone +0 +{coverage['link']}", printed)
    assert find_line(rf"win +pattern +0 +{coverage['win']}", printed)
    new_rule = find_line(r"tried +new +(\d+) +0", printed)
    assert new_rule is not None
    gains = int(new_rule[1])
    relabelled = relabelled_messages(printed)
    total = sum(relabelled.values())
    assert 0 < relabelled["notification", "spam"] <= gains
    assert total > gains
    assert f"\n{total} messages change their label" in printed
    keys = re.findall(r"^  (.*)$", printed, re.MULTILINE)
    for key in keys:
        assert re.fullmatch(r"sample-\d+-\d+", key)
    assert len(keys) == sum(min(count, 10) for count in relabelled.values())
    shown = rules("diff", str(tmp_path), "--show-texts", environment=nights).stdout
    texts = re.findall(r"^  sample-\S+  (.*)$", shown, re.MULTILINE)
    assert len(texts) == len(keys)
    assert "code" in "".join(texts).lower()
    assert not re.search("[1-9]", "".join(texts))


def find_line(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(f"^{pattern}$", text, re.MULTILINE)


def relabelled_messages(printed: str) -> dict[tuple[str, str], int]:
    """The number of messages by their label before and after."""
    lines = re.findall(r"^(\w+) -> (\w+): (\d+)$", printed, re.MULTILINE)
    return {(before, after): int(count) for before, after, count in lines}


@pytest.mark.parametrize(
    ("name", "label", "change"),
    [
        ("spam/topic.yaml", "spam", "pattern, weight"),
        ("spam.yaml", "spam", "pattern, weight"),
        ("fraud.yaml", "fraud", "label, pattern, weight"),
    ],
)
def test_diff_takes_one_file_among_the_night_s_other_rules(
    *, nights, tmp_path, name, label, change
):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        RULE.replace("tried", "link") % "nothing like it" + RULE % "delivery"
    )
    printed = rules("diff", str(file), environment=nights).stdout
    changes = r"^(\S+) +(new|gone|label, pattern, weight|pattern, weight) "
    assert re.findall(changes, printed, re.MULTILINE) == [
        ("link", change),
        ("tried", "new"),
    ]
    assert find_line(rf"notification -> {label}: \d+", printed)


def test_diff_of_a_file_of_the_night_s_pack_reads_the_whole_pack(nights, tmp_path):
    file = write(tmp_path / "rules", money=None, link=None) / "spam.yaml"
    printed = rules("diff", str(file), environment=nights).stdout
    assert f"{file} belongs to the pack in {file.parent}" in printed
    changes = re.findall(r"^(\S+) +(new|gone) ", printed, re.MULTILINE)
    assert changes == [("link", "gone")]


def test_diff_of_a_file_that_stands_alone_finds_no_rule_that_is_gone(nights, tmp_path):
    file = tmp_path / "spam.yaml"
    write(tmp_path / "rules", money=None, link=None)
    (tmp_path / "rules" / "spam.yaml").rename(file)
    shutil.rmtree(tmp_path / "rules")
    printed = rules("diff", str(file), environment=nights).stdout
    assert "stands alone, for spam" in printed
    assert "No rule is different." in printed


def test_diff_as_json_has_the_same_figures(nights, tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "delivery")
    diff = rules_as_json("diff", str(tmp_path / "spam.yaml"), environment=nights)
    (rule,) = diff["rules"]
    assert (rule["id"], rule["change"], rule["loses"]) == ("tried", "new", 0)
    assert "stands alone" in diff["read"]
    messages = 0
    for transition in diff["transitions"]:
        assert transition["to"] == "spam"
        examples = transition["examples"]
        assert len(examples) == min(10, transition["messages"])
        assert set(examples[0]) == {"key"}
        messages += transition["messages"]
    assert 0 < messages <= rule["gains"]


def test_diff_says_what_is_wrong_with_the_pack(nights, tmp_path):
    def refused(path: Path) -> str:
        return rules("diff", str(path), environment=nights, code=3).stderr

    (tmp_path / "far" / "off").mkdir(parents=True)
    file = tmp_path / "far" / "off" / "other.yaml"
    file.write_text("a: b")
    assert refused(tmp_path) == (
        f"Error: {tmp_path}: not a whole pack of rules; complete it, or name a file\n"
        f"{file}: must be a list of rules, each with id, pattern and why\n"
    )
    shutil.rmtree(tmp_path / "far")
    (tmp_path / "spam.yaml").write_text(RULE % "code")
    assert "two labels" in refused(tmp_path)
    assert "missing.yaml: No such file" in refused(tmp_path / "missing.yaml")


def test_match_names_the_rules_and_the_label_without_a_database(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % r"cod\w")
    (tmp_path / "notification.yaml").write_text(SENDER_RULE)

    def match(*arguments: str) -> str:
        pack = ("--patch", f"labelling.rules={tmp_path}")
        environment = {"NIGHTSIEVE_STORAGE": ""}
        return rules("match", *arguments, *pack, environment=environment).stdout

    printed = match("The CODE, dear", "--sender", "ax-bank")
    assert re.search(r"tried +spam +body +50 +4-8 +The \[\[CODE\]\], dear", printed)
    assert re.search(r"bank +notification +sender +1 +0-3 +\[\[ax-\]\]bank", printed)
    assert printed.endswith("Label: spam\n")
    assert match("x", "--sender", "AX-1").endswith("Label: notification\n")
    assert match("AX-1") == "Label: none: no rule matches\n"


def test_match_shows_every_match_and_how_a_night_would_resolve_votes(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % r"cod\w")
    (tmp_path / "personal.yaml").write_text(RULE.replace("tried", "other") % "mum")
    match = ("match", "code, coda and mum", "--patch", f"labelling.rules={tmp_path}")
    printed = rules(*match).stdout
    assert re.findall(r" (\d+-\d+) ", printed) == ["15-18", "0-4", "6-10"]
    assert printed.endswith("\nLabel: none: the weights of the rules do not decide\n")
    by_model = ("--patch", "labelling.resolution.method=label_model")
    assert "resolves votes by label_model" in rules(*match, *by_model).stdout
    result = rules_as_json(*match, *by_model)
    assert result["label_by_majority"] is None
    assert result["resolution"] == "label_model"
    other, tried = result["rules"]
    assert (other["id"], tried["id"]) == ("other", "tried")
    assert [span["text"] for span in other["spans"]] == ["mum"]
    assert [span["text"] for span in tried["spans"]] == ["code", "coda"]


def test_match_stops_a_search_that_does_not_end_and_names_the_rule(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "(a+)+$")
    (tmp_path / "personal.yaml").write_text(RULE.replace("tried", "other") % "mum")
    pack = ("--patch", f"labelling.rules={tmp_path}")
    limit = ("--patch", "labelling.engine.search_timeout_seconds=0.5")
    match = ("nightsieve", "rules", "match", "a" * 51 + "!")
    ended = fork(*match, *pack, *limit, environment=DATABASE_FREE)
    assert ended.returncode == 7
    assert ended.stderr.startswith("Error: rule tried: ")
    assert "0.5 s" in ended.stderr
    assert len(ended.stderr.splitlines()) <= 2
    assert "aaa" not in ended.stderr


def test_lint_takes_one_file_and_prints_json(tmp_path):
    file = tmp_path / "spam.yaml"
    file.write_text(RULE % "(code")
    (tmp_path / "other.yaml").write_text("- [")
    result = rules_as_json("lint", str(file), code=3)
    (finding,) = result["findings"]
    assert result["rules"] == 0
    assert finding["file"] == str(file)
    assert finding["rule"] == "tried"
    assert finding["problem"].startswith("pattern: does not compile")
    missing = rules("lint", str(tmp_path / "missing.yaml"), code=3)
    assert "rule files" in missing.stdout


def test_lint_is_clean_for_the_project_s_rules():
    clean = fork("nightsieve", "rules", "lint", environment=DATABASE_FREE)
    assert (clean.returncode, clean.stdout) == (0, "")
    assert re.search(r"^\d+ rules checked in .*: no findings$", clean.stderr)


def test_lint_exits_with_3_for_a_finding(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "(o+)+$|code" + RULE % "(code")
    result = rules("lint", str(tmp_path), "--budget", "0.5", code=3)
    findings = result.stdout.splitlines()
    assert len(findings) == 2
    for finding in findings:
        assert finding.startswith(f"{tmp_path}/spam.yaml: rule tried: ")
    assert result.stderr.strip().endswith(": 2 findings")
