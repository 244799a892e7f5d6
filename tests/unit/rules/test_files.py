"""The rules of the repository keep their own examples; a wrong rule file is refused."""

import re

import pytest

from pipeline.config import DEFAULTS
from pipeline.config.settings import Rule
from pipeline.errors import ConfigError
from pipeline.rules.files import WrittenRule, read_folder, read_pack, read_rules

PACK = read_pack(DEFAULTS.parent / "rules")
RULE = (
    "- {id: prize, pattern: prize, why: prizes are bait, "
    "matches: [a prize], near_misses: [surprise party]}\n"
)


def rule_with(pattern: str) -> str:
    """Return a file with a rule of this pattern."""
    return f"- {{id: a, pattern: '{pattern}', why: x, matches: [a], near_misses: [b]}}"


@pytest.mark.parametrize("rule", PACK, ids=[rule.id for rule in PACK])
def test_every_example_holds_anywhere_in_a_message(rule: WrittenRule):
    search = re.compile(rule.pattern, re.IGNORECASE).search
    assert [text for text in rule.matches if not search(text)] == []
    assert [text for text in rule.near_misses if search(text)] == []
    if rule.field == "body" and not re.search(r"\\A|\\Z|\^|\$", rule.pattern):
        sentences = [f"Hello. {text.upper()} Bye." for text in rule.matches]
        assert [text for text in sentences if not search(text)] == []
    assert not search("")


def test_the_first_folder_is_the_label_at_any_depth_and_the_order_is_that_of_the_paths(
    tmp_path,
):
    (tmp_path / "spam" / "fraud").mkdir(parents=True)
    for path in ["spam/prizes.yaml", "spam/fraud/tax.yaml", "personal.yaml"]:
        (tmp_path / path).write_text(
            RULE.replace("id: prize", f"id: {path.replace('/', '-')}")
        )
    assert [(rule.label, rule.id) for rule in read_pack(tmp_path)] == [
        ("personal", "personal.yaml"),
        ("spam", "spam-fraud-tax.yaml"),
        ("spam", "spam-prizes.yaml"),
    ]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({}, "no rule files"),
        (
            {"spam.yaml": rule_with("(win")},
            "spam.yaml: rule a: pattern: does not compile: "
            "missing ), unterminated subpattern at position 0",
        ),
        (
            {"spam.yaml": rule_with("a{99999999999999}")},
            "rule a: pattern: does not compile: the repetition number is too large",
        ),
        (
            {"spam.yaml": rule_with("[[a]")},
            "rule a: pattern: does not compile: Possible nested set at position 1",
        ),
        (
            {"spam.yaml": RULE, "z.yaml": RULE},
            "z.yaml: rule prize: the id is already used in",
        ),
        ({"spam.yaml": "- {id: a, pattern: win}"}, "rule a: why: Field required"),
        (
            {"spam.yaml": "- {id: a, pattern: win, why: x, matches: ['']}"},
            "rule a: matches.0: String should have",
        ),
        (
            {"spam.yaml": "- {id: a, patern: win}"},
            "spam.yaml: rule a: pattern: Field required",
        ),
        ({"spam.yaml": "prize"}, "spam.yaml: must be a list of rules"),
        ({"spam.yaml": "- [prize"}, "spam.yaml: line 1, column"),
        ({"Spam!.yaml": RULE}, "rule prize: label: String should match pattern"),
        (
            {"Spam!/prizes.yaml": RULE},
            "prizes.yaml: rule prize: label: String should match pattern",
        ),
    ],
)
def test_a_wrong_rule_file_is_refused_with_file_and_id(tmp_path, files, error):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=re.escape(error)):
        read_pack(tmp_path)


def test_rules_without_examples_load(tmp_path):
    (tmp_path / "spam.yaml").write_text("- {id: prize, pattern: prize, why: bait}\n")
    (tmp_path / "personal.yaml").write_text(
        "- {id: mum, pattern: mum, why: kin, matches: [mum]}\n"
    )
    kin, bait = read_pack(tmp_path)
    assert (kin.matches, kin.near_misses) == (["mum"], [])
    assert (bait.matches, bait.near_misses) == ([], [])
    expected = Rule(id="prize", label="spam", pattern="prize", why="bait")
    assert read_rules(tmp_path)[1] == expected


def test_every_problem_of_every_file_is_returned_with_the_valid_rules(tmp_path):
    (tmp_path / "a.yml").write_text(RULE)
    (tmp_path / "b.yaml").write_text("- [")
    (tmp_path / "c.yaml").write_text(RULE + "- {id: x}\n- 3\n")
    contents = read_folder(tmp_path)
    assert [located.rule.id for located in contents.rules] == ["prize"]
    assert [(problem.file.name, problem.rule) for problem in contents.problems] == [
        ("a.yml", None),
        ("b.yaml", None),
        ("c.yaml", "x"),
        ("c.yaml", "x"),
        ("c.yaml", "number 3"),
    ]
    with pytest.raises(ConfigError, match=r"a\.yml: not read, because rule files"):
        contents.require()
