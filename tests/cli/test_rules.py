"""`nightsieve rules`: what a night's rules did, what a message gets, what a changed pack would relabel."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.commands import fork, nightsieve
from tests.support.nights import NIGHT, SMALL, retrain, sample

BEFORE = "2026-11-19"
GRID = """training.search.grids=[{estimator: multinomial_nb, ngrams: [[1, 1]], min_df: [2], sublinear_tf: [false],
norm: [null], alpha: [0.1]}]"""
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
RULE = "- {id: tried, pattern: '%s', weight: 50, why: test, matches: [the code], near_misses: [none]}\n"


def write(folder: Path, **changed: str | None) -> Path:
    """The pack in a folder, some of its rules with another pattern, or left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in PACK.items():
        patterns = {
            **written,
            **{id_: pattern for id_, pattern in changed.items() if id_ in written},
        }
        entries = [
            {
                "id": id_,
                "pattern": pattern,
                "why": "test",
                "matches": ["x"],
                "near_misses": ["y"],
            }
            for id_, pattern in patterns.items()
            if pattern
        ]
        (folder / name).write_text(json.dumps(entries))
    return folder


def rules(*arguments: str, environment: dict[str, str] = DATABASE_FREE, code: int = 0):
    done = nightsieve("rules", *arguments, environment=environment)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """The rules of the later night."""
    return write(tmp_path_factory.mktemp("later"), money=None)


@pytest.fixture(scope="module")
def nights(night_environment, pack, tmp_path_factory) -> dict[str, str]:
    """The environment of two finished nights."""
    sample(night_environment, rows=800)
    for night, folder in (
        (BEFORE, write(tmp_path_factory.mktemp("earlier"), win=None)),
        (NIGHT, pack),
    ):
        patches = [*SMALL, GRID, f"labelling.rules={folder}"]
        done = fork(
            *retrain(patches=patches, night=night), environment=night_environment
        )
        assert done.returncode == 0, done.stderr
    return night_environment


def test_the_report_shows_every_rule_with_its_drift(nights):
    summary = json.loads(rules("report", NIGHT, "--json", environment=nights).stdout)
    earlier = json.loads(rules("report", BEFORE, "--json", environment=nights).stdout)
    assert (summary["drift_since"], earlier["drift_since"], summary["gone"]) == (
        BEFORE,
        None,
        ["money"],
    )
    share = {row["id"]: row["share"] for row in earlier["rules"]}
    drift = {row["id"]: row["drift"] for row in summary["rules"]}
    assert drift.pop("win") is None and {row["drift"] for row in earlier["rules"]} == {
        None
    }
    assert any(drift.values())
    for row in summary["rules"]:
        if row["id"] != "win":
            assert row["drift"] == pytest.approx(row["share"] - share[row["id"]])
    assert any(
        row["reviewed"] and row["precision"]["low"] < row["precision"]["value"]
        for row in summary["rules"]
    )
    printed = rules("report", NIGHT, "--sort", "drift", environment=nights).stdout
    assert re.search(r"^win +spam .* new ", printed.splitlines()[1])
    assert (
        f"Drift is against the night of {BEFORE}, configuration {summary['drift_since_config']}\n"
        in printed
    )
    assert f"Gone since {BEFORE}: money" in printed


def test_a_night_that_is_not_there_is_said_in_a_line(nights, pack):
    for arguments in (("report", "2026-01-01"), ("diff", str(pack), "2026-01-01")):
        assert rules(*arguments, environment=nights, code=3).stderr.startswith(
            "Error: there is no such run of 2026-01"
        )


def test_diff_counts_what_a_changed_pack_relabels_and_shows_no_text(
    nights, pack, tmp_path
):
    same = rules("diff", str(pack), environment=nights).stdout
    assert "No rule is different." in same and "\n0 messages change their label" in same
    write(tmp_path, money=None, link=None, win="nothing like it")
    (tmp_path / "spam").mkdir()
    (tmp_path / "spam" / "more.yaml").write_text(RULE % r"\bcode\b")
    tried = rules("diff", str(tmp_path), NIGHT, environment=nights).stdout
    summary = {
        row["id"]: row
        for row in json.loads(
            rules("report", NIGHT, "--json", environment=nights).stdout
        )["rules"]
    }
    assert re.search(
        rf"^link +gone +0 +{summary['link']['coverage']}$", tried, re.MULTILINE
    )
    assert re.search(
        rf"^win +pattern +0 +{summary['win']['coverage']}$", tried, re.MULTILINE
    )
    gains = int(re.search(r"^tried +new +(\d+) +0$", tried, re.MULTILINE)[1])
    moved = {
        (a, b): int(n)
        for a, b, n in re.findall(r"^(\w+) -> (\w+): (\d+)$", tried, re.MULTILINE)
    }
    assert 0 < moved["notification", "spam"] <= gains and sum(moved.values()) > gains
    assert f"\n{sum(moved.values())} messages change their label" in tried
    keys = re.findall(r"^  (.*)$", tried, re.MULTILINE)
    assert all(re.fullmatch(r"sample-\d+-\d+", key) for key in keys)
    assert len(keys) == sum(min(n, 10) for n in moved.values())
    shown = rules("diff", str(tmp_path), "--show-texts", environment=nights).stdout
    texts = re.findall(r"^  sample-\S+  (.*)$", shown, re.MULTILINE)
    assert len(texts) == len(keys) and any("code" in text.lower() for text in texts)
    assert not re.search("[1-9]", "".join(texts))


def test_diff_takes_one_file_among_the_night_s_other_rules(nights, tmp_path):
    (tmp_path / "spam").mkdir()
    changed = RULE.replace("tried", "link") % "nothing like it"
    for name, label in (
        ("spam/topic.yaml", "spam"),
        ("spam.yaml", "spam"),
        ("fraud.yaml", "fraud"),
    ):
        file = tmp_path / name
        file.write_text(changed + RULE % "delivery")
        tried = rules("diff", str(file), environment=nights).stdout
        listed = re.findall(
            r"^(\S+) +(new|gone|label, pattern, weight|pattern, weight) ",
            tried,
            re.MULTILINE,
        )
        assert listed == [
            (
                "link",
                "pattern, weight" if label == "spam" else "label, pattern, weight",
            ),
            ("tried", "new"),
        ]
        assert re.search(rf"^notification -> {label}: \d+$", tried, re.MULTILINE)


def test_diff_reads_the_night_s_whole_pack_for_a_file_of_it_so_what_it_no_longer_has_is_gone(
    nights, tmp_path
):
    file = write(tmp_path / "rules", money=None, link=None) / "spam.yaml"
    tried = rules("diff", str(file), environment=nights).stdout
    assert (
        f"{file} belongs to the pack in {file.parent}, which is read as a whole\n"
        in tried
    )
    assert re.findall(r"^(\S+) +(new|gone) ", tried, re.MULTILINE) == [("link", "gone")]
    alone = tmp_path / "alone" / "spam.yaml"
    alone.parent.mkdir()
    file.rename(alone)
    tried = rules("diff", str(alone), environment=nights).stdout
    assert (
        "stands alone, for spam; the night's rules that it does not have stay" in tried
    )
    assert "No rule is different." in tried


def test_diff_as_json_says_the_same(nights, tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "delivery")
    tried = json.loads(
        rules("diff", str(tmp_path / "spam.yaml"), "--json", environment=nights).stdout
    )
    (rule,) = tried["rules"]
    assert (rule["id"], rule["change"], rule["loses"]) == (
        "tried",
        "new",
        0,
    ) and "stands alone" in tried["read"]
    for each in tried["transitions"]:
        assert each["to"] == "spam" and len(each["examples"]) == min(
            10, each["messages"]
        )
        assert set(each["examples"][0]) == {"key"}
    assert 0 < sum(each["messages"] for each in tried["transitions"]) <= rule["gains"]


def test_diff_says_what_is_wrong_with_the_pack(nights, tmp_path):
    (tmp_path / "far" / "off").mkdir(parents=True)
    (tmp_path / "far" / "off" / "other.yaml").write_text("a: b")
    refused = rules("diff", str(tmp_path), environment=nights, code=3).stderr
    assert refused.startswith(
        f"Error: {tmp_path}: not a whole pack of rules; a folder is read as one\n"
    )
    shutil.rmtree(tmp_path / "far")
    (tmp_path / "spam.yaml").write_text(RULE % "code")
    assert (
        "two labels at least"
        in rules("diff", str(tmp_path), environment=nights, code=3).stderr
    )
    assert (
        "missing.yaml: No such file"
        in rules(
            "diff", str(tmp_path / "missing.yaml"), environment=nights, code=3
        ).stderr
    )


def test_match_says_which_rules_find_what_and_the_label_without_a_database(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % r"cod\w")
    (tmp_path / "notification.yaml").write_text(
        "- {id: bank, pattern: '^AX-', field: sender, why: test, matches: [AX-BANK], near_misses: [bank]}\n"
    )
    pack = ("--patch", f"labelling.rules={tmp_path}")
    environment = {"NIGHTSIEVE_STORAGE": ""}
    both = rules(
        "match", "The CODE, dear", "--sender", "ax-bank", *pack, environment=environment
    ).stdout
    assert re.search(r"tried +spam +body +50 +4-8 +The \[\[CODE\]\], dear", both)
    assert re.search(r"bank +notification +sender +1 +0-3 +\[\[ax-\]\]bank", both)
    assert both.endswith("Label: spam\n")
    assert rules("match", "x", "--sender", "AX-1", *pack).stdout.endswith(
        "Label: notification\n"
    )
    assert rules("match", "AX-1", *pack).stdout == "Label: none: no rule matches\n"


def test_match_shows_every_place_and_says_how_a_night_would_resolve(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % r"cod\w")
    (tmp_path / "personal.yaml").write_text(RULE.replace("tried", "other") % "mum")
    asked = ("match", "code, coda and mum", "--patch", f"labelling.rules={tmp_path}")
    shown = rules(*asked).stdout
    assert re.findall(r" (\d+-\d+) ", shown) == ["15-18", "0-4", "6-10"]
    assert shown.endswith("\nLabel: none: the rules' weights do not decide\n")
    by_model = ("--patch", "labelling.resolution.method=label_model")
    assert (
        "by the majority of weights; this configuration resolves by label_model"
        in rules(*asked, *by_model).stdout
    )
    told = json.loads(rules(*asked, *by_model, "--json").stdout)
    assert (told["label_by_majority"], told["resolution"]) == (None, "label_model")
    assert [
        (rule["id"], [span["text"] for span in rule["spans"]]) for rule in told["rules"]
    ] == [
        ("other", ["mum"]),
        ("tried", ["code", "coda"]),
    ]


def test_match_ends_a_search_that_would_not_by_the_name_of_the_rule(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "(a+)+$")
    (tmp_path / "personal.yaml").write_text(RULE.replace("tried", "other") % "mum")
    limits = (
        "--patch",
        f"labelling.rules={tmp_path}",
        "--patch",
        "labelling.engine.search_timeout_seconds=0.5",
    )
    ended = fork(
        "nightsieve",
        "rules",
        "match",
        "a" * 51 + "!",
        *limits,
        environment=DATABASE_FREE,
    )
    assert ended.returncode == 7
    assert ended.stderr.startswith(
        "Error: rule tried: its search in one message did not end in 0.5 s\n"
    )
    assert len(ended.stderr.splitlines()) == 2 and "aaa" not in ended.stderr


def test_lint_takes_one_file_and_tells_json(tmp_path):
    (tmp_path / "spam.yaml").write_text(RULE % "(code")
    (tmp_path / "other.yaml").write_text("- [")
    told = json.loads(
        rules("lint", str(tmp_path / "spam.yaml"), "--json", code=3).stdout
    )
    ((finding,), file) = told["findings"], str(tmp_path / "spam.yaml")
    assert (told["rules"], finding["file"], finding["rule"]) == (0, file, "tried")
    assert finding["problem"].startswith("pattern: does not compile")
    assert (
        "no rule files" in rules("lint", str(tmp_path / "missing.yaml"), code=3).stdout
    )


def test_lint_is_clean_for_the_pack_and_exits_3_with_a_finding(tmp_path):
    clean = fork("nightsieve", "rules", "lint", environment=DATABASE_FREE)
    assert (clean.returncode, clean.stdout) == (0, "")
    assert re.search(r"^\d+ rules checked in .*: no findings$", clean.stderr)
    (tmp_path / "spam.yaml").write_text(RULE % "(o+)+$|code" + RULE % "(code")
    found = rules("lint", str(tmp_path), "--budget", "0.5", code=3)
    assert len(found.stdout.splitlines()) == 2 and found.stderr.strip().endswith(
        ": 2 findings"
    )
    assert all(
        line.startswith(f"{tmp_path}/spam.yaml: rule tried: ")
        for line in found.stdout.splitlines()
    )
