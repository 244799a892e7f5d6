"""Report everything that is wrong with a pack of rules at once."""

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.patterns.search_timeout import SearchTimeout, SearchTimer
from pipeline.rules.files import (
    LocatedRule,
    RuleFiles,
    RuleProblem,
    read_file,
    read_folder,
    repeated_ids,
)
from pipeline.rules.lint.redos_inputs import sample_texts
from pipeline.rules.lint.redos_probe import ProbeProcess, ProbeRequest

# A rule must match this many texts before it can be shown that another rule matches all
# of them.
MIN_SAMPLES = 5
SAMPLES = 200  # texts that are made to find those
CONTEXTS = ("{}", "Hello. {} Bye.", "a{}", "{}a", "0{}0", "\n{}\n")
# CPU seconds of a search in such a text. The probe reports what takes longer.
SEARCH_TIMEOUT = 0.2
ORDINARY_CHARACTERS = 4_000  # of ordinary text
# Escapes, character classes and characters of a pattern.
PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^]\\])*\]|.", re.DOTALL)
# Numbers and names of groups, and flags.
REFERENCES = re.compile(r"\\[1-9]|\(\?(?:P|\(|[aiLmsux-])")


@dataclass(frozen=True)
class LintResult:
    """The problems of a pack, and how many rules could be read."""

    problems: tuple[RuleProblem, ...]
    rule_count: int


def lint_pack(
    path: Path,
    budget: float,
    progress: Callable[[int, int], None] | None = None,
) -> LintResult:
    """Check the rules of a file, or of all files under a folder.

    Parameters
    ----------
    budget
        CPU seconds for each rule, after which the attempt to search with it ends.
    progress
        Receives how many rules are done, and how many there are.

    Examples
    --------
    >>> file = Path("spam.yaml")
    >>> _ = file.write_text(
    ...     "- {id: prize, pattern: prize, why: Lotteries., matches: [A free prize]}"
    ... )
    >>> for problem in lint_pack(file, budget=10).problems:
    ...     print(problem)
    spam.yaml: rule prize: near_misses: missing; add a text that the rule must not match
    """
    contents = _read(path)
    rules = contents.rules
    problems = [
        *contents.problems,
        *repeated_ids(rules),
        *_repeated_patterns(rules),
        *_contained_branches(rules),
    ]
    # A rule with one of these problems is not reported as shadowed, too.
    reported = {(problem.file, problem.rule) for problem in problems}
    problems += _shadowed(rules, reported)
    problems += _missing_examples(rules)
    ordinary_text = _ordinary_text(rules)
    with ProbeProcess() as probe:
        for i, located in enumerate(rules):
            if progress is not None:
                progress(i, len(rules))
            rule = located.rule
            request = ProbeRequest(
                pattern=rule.pattern,
                matches=tuple(rule.matches),
                near_misses=tuple(rule.near_misses),
                ordinary_text=ordinary_text,
            )
            for problem in probe.problems(request, budget):
                problems.append(RuleProblem(located.file, rule.id, problem))
    if progress is not None:
        progress(len(rules), len(rules))
    return LintResult(tuple(problems), len(rules))


def _read(path: Path) -> RuleFiles:
    if path.is_file():
        # A single file may be of a label or of a topic. The name of the label does not
        # matter, because all rules have the same label.
        return read_file(path, label="any")
    return read_folder(path)


def _missing_examples(rules: Iterable[LocatedRule]) -> Iterator[RuleProblem]:
    for located in rules:
        rule = located.rule
        if not rule.matches:
            problem = "matches: missing; add a text that the rule must match"
            yield RuleProblem(located.file, rule.id, problem)
        if not rule.near_misses:
            problem = "near_misses: missing; add a text that the rule must not match"
            yield RuleProblem(located.file, rule.id, problem)


def _repeated_patterns(rules: Iterable[LocatedRule]) -> Iterator[RuleProblem]:
    first_rules: dict[tuple[str, str], LocatedRule] = {}
    for located in rules:
        rule = located.rule
        first = first_rules.setdefault((rule.field, rule.pattern), located)
        if first is not located:
            problem = (
                f"pattern: the same as in rule {first.rule.id} in {first.file}; keep "
                "one of them"
            )
            yield RuleProblem(located.file, rule.id, problem)


def _contained_branches(rules: Iterable[LocatedRule]) -> Iterator[RuleProblem]:
    """Yield each rule whose alternatives another rule has too, and more."""
    for located, other in itertools.permutations(rules, 2):
        if not _are_comparable(located, other):
            continue
        if _branches(located.rule.pattern) < _branches(other.rule.pattern):
            problem = (
                f"shadowed: rule {other.rule.id} in {other.file} has all of its "
                "branches; drop it"
            )
            yield RuleProblem(located.file, located.rule.id, problem)


def _are_comparable(rule: LocatedRule, other: LocatedRule) -> bool:
    """Return whether both rules vote for the same label, on the same field."""
    return (rule.rule.label, rule.rule.field) == (other.rule.label, other.rule.field)


class _SearchedRule:
    """A rule, and the texts that it is seen to match."""

    def __init__(self, located: LocatedRule, timer: SearchTimer) -> None:
        self.located = located
        self.rule = located.rule
        self._timer = timer
        self._pattern = re.compile(self.rule.pattern, re.IGNORECASE)
        self._timed_out = False

    def matches(self, text: str) -> bool:
        """Return whether the rule matches; False once a search took too long."""
        if self._timed_out:
            return False
        try:
            return self._timer.search(self._pattern, text) is not None
        except SearchTimeout:
            self._timed_out = True
            return False

    def matches_all(self, texts: Iterable[str]) -> bool:
        """Return whether the rule matches every text."""
        return all(map(self.matches, texts))

    @functools.cached_property
    def matched_texts(self) -> list[str]:
        """Examples and samples that the rule matches, alone and in a context.

        The list is empty if most samples are not matched. Then they do not show what
        the pattern is about, for example because of a look-ahead.
        """
        samples = sample_texts(self.rule.pattern, SAMPLES)
        n_matched = sum(map(self.matches, samples))
        if 2 * n_matched < len(samples):
            return []
        candidates: list[str] = []
        for text in (*self.rule.matches, *samples):
            candidates.extend(context.format(text) for context in CONTEXTS)
        return list(filter(self.matches, dict.fromkeys(candidates)))


def _shadowed(
    rules: Sequence[LocatedRule], reported: set[tuple[Path, str | None]]
) -> list[RuleProblem]:
    """Return the rules that seem to match only what another rule matches, too.

    Parameters
    ----------
    reported
        Files and ids of rules to leave out.
    """
    problems: list[RuleProblem] = []
    skipped = set(reported)
    with SearchTimer(SEARCH_TIMEOUT) as timer:
        searched_rules = [_SearchedRule(located, timer) for located in rules]
        for searched, rival in itertools.permutations(searched_rules, 2):
            located = searched.located
            key = (located.file, located.rule.id)
            if key in skipped or not _are_comparable(located, rival.located):
                continue
            if _seems_shadowed(searched, rival):
                rival_id = rival.rule.id
                problem = (
                    f"seems shadowed: rule {rival_id} in {rival.located.file} matches "
                    "all that it matches; drop one or add its weight to the other"
                )
                problems.append(RuleProblem(*key, problem))
                skipped.add(key)
    return problems


def _seems_shadowed(searched: _SearchedRule, rival: _SearchedRule) -> bool:
    """Return whether the rival matches all that the rule matches, and more."""
    if not rival.matches_all(searched.rule.matches):
        return False
    try:
        texts = searched.matched_texts
        if len(texts) < MIN_SAMPLES or not rival.matches_all(texts):
            return False
        rival_texts = (*rival.rule.matches, *rival.matched_texts)
        return not searched.matches_all(rival_texts)
    except RecursionError:
        return False  # the probe reports patterns that are nested too deeply


@functools.cache
def _branches(pattern: str) -> frozenset[str]:
    """Return the alternatives at the top of a pattern, as they are written.

    If they refer to groups or set flags, the pattern is one alternative.
    """
    if REFERENCES.search(pattern):
        return frozenset([pattern])
    branches = [""]
    depth = 0
    for piece in PIECES.findall(pattern):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        if piece == "|" and depth == 0:
            branches.append("")
        else:
            branches[-1] += piece
    return frozenset(branches)


def _ordinary_text(rules: Iterable[LocatedRule]) -> str:
    """Return the pack's own examples, joined and repeated as needed."""
    examples: list[str] = []
    for located in rules:
        examples.extend(located.rule.matches)
        examples.extend(located.rule.near_misses)
    words = " ".join(examples) or "no words"
    repeats = ORDINARY_CHARACTERS // len(words) + 1
    return (f"{words} " * repeats)[:ORDINARY_CHARACTERS]
