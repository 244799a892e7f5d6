"""What is wrong with a pack of rules, all of it at once."""

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from pipeline.config import strict_yaml
from pipeline.errors import ConfigError
from pipeline.patterns.search_timeout import SearchTimeout, SearchTimer
from pipeline.rules.files import WrittenRule, misnamed, rule_files
from pipeline.rules.lint.redos_inputs import samples
from pipeline.rules.lint.redos_probe import Prober, Question

ENOUGH = 5  # texts that a rule matches, to say that another one matches them all
SAMPLES = 200  # texts made for that
IN_CONTEXT = ("{}", "Hello. {} Bye.", "a{}", "{}a", "0{}0", "\n{}\n")
SEARCH_SECONDS = (
    0.2  # a search in such a text; what takes longer is found to be slow by itself
)
ORDINARY = 4_000  # characters of ordinary text
PIECES = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^]\\])*\]|.", re.DOTALL
)  # escapes, sets and characters of a pattern
REFERRING = re.compile(
    r"\\[1-9]|\(\?(?:P|\(|[aiLmsux-])"
)  # numbers and names of groups, and flags


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what would be right, in one line.

    Attributes
    ----------
    file : the file, or the folder.
    rule : the rule's id, or its number in the file; none when it is about the file.
    """

    file: Path
    rule: str | None
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {f'rule {self.rule}: ' if self.rule else ''}{self.problem}"
        )


class Placed(NamedTuple):
    """A rule, and the file that it stands in."""

    file: Path
    rule: WrittenRule


def lint_pack(
    place: Path,
    budget: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Finding], int]:
    """Everything that is wrong with the rules of a file or under a folder, and how many rules could be read.

    Parameters
    ----------
    budget : seconds for each rule, after which the attempt to search with it is ended.
    progress : is told how many rules are done, of how many.
    """
    findings: list[Finding] = []
    pack: list[Placed] = []
    for read in _read(place):
        (pack if isinstance(read, Placed) else findings).append(read)
    findings += _repeated(pack)
    findings += _shadowed(pack, {(finding.file, finding.rule) for finding in findings})
    ordinary = _ordinary(pack)
    with Prober() as prober:
        for number, (file, rule) in enumerate(pack):
            progress(number, len(pack))
            question = Question(
                rule.pattern, tuple(rule.matches), tuple(rule.near_misses), ordinary
            )
            findings += [
                Finding(file, rule.id, problem)
                for problem in prober.problems(question, budget)
            ]
    progress(len(pack), len(pack))
    return findings, len(pack)


def _read(place: Path) -> Iterator[Placed | Finding]:
    """Every rule that can be read, and what is wrong with the others; `read_pack` stops at the first error."""
    files = [place] if place.is_file() else rule_files(place)
    if not files:
        yield Finding(
            place,
            None,
            "no rule files; there must be <label>.yaml or <label>/<topic>.yaml",
        )
    for file in files:
        if problem := misnamed(file):
            yield Finding(file, None, problem)
            continue
        # Alone, a file may be a topic or a label; what it is makes no difference to its own rules.
        label = (
            "any" if file == place else file.relative_to(place).with_suffix("").parts[0]
        )
        try:
            entries = strict_yaml.load(file.read_bytes(), str(file))
        except OSError as error:
            yield Finding(
                file, None, f"{error.strerror}; a rule file is a list of rules"
            )
            continue
        except ConfigError as error:
            # It names the file too, with line and column.
            yield Finding(file, None, str(error).removeprefix(str(file)).lstrip(",: "))
            continue
        if not isinstance(entries, list):
            yield Finding(
                file,
                None,
                "must be a list of rules, each with id, pattern, why, matches and near_misses",
            )
            continue
        for number, entry in enumerate(entries, 1):
            yield from _read_rule(entry, label, file, number)


def _read_rule(
    entry: Any, label: str, file: Path, number: int
) -> Iterator[Placed | Finding]:
    if not isinstance(entry, dict):
        yield Finding(
            file,
            f"number {number}",
            "must be a mapping with id, pattern, why, matches and near_misses",
        )
        return
    try:
        yield Placed(file, WrittenRule.model_validate({"label": label, **entry}))
    except ValidationError as failure:
        for error in failure.errors():
            key = ".".join(map(str, error["loc"]))
            message = error["msg"].removeprefix("Value error, ")
            yield Finding(
                file, str(entry.get("id", f"number {number}")), f"{key}: {message}"
            )


def _repeated(pack: list[Placed]) -> Iterator[Finding]:
    """What a rule has in common with another one, and should not."""
    ids: dict[str, Path] = {}
    patterns: dict[tuple[str, str], Placed] = {}
    for file, rule in pack:
        if rule.id in ids:
            yield Finding(
                file,
                rule.id,
                f"the id already stands in {ids[rule.id]}; ids are unique",
            )
        ids.setdefault(rule.id, file)
        first = patterns.setdefault((rule.field, rule.pattern), Placed(file, rule))
        if first.rule is not rule:
            yield Finding(
                file,
                rule.id,
                f"has the pattern of rule {first.rule.id} in {first.file}; keep one of them",
            )
    for one, other in itertools.permutations(pack, 2):
        same = (one.rule.label, one.rule.field) == (other.rule.label, other.rule.field)
        if same and _branches(one.rule.pattern) < _branches(other.rule.pattern):
            problem = f"shadowed: all of its branches stand in rule {other.rule.id} in {other.file}; drop it"
            yield Finding(one.file, one.rule.id, problem)


def _shadowed(
    pack: list[Placed], named: set[tuple[Path, str | None]]
) -> Iterator[Finding]:
    """Rules that match nothing that another one does not, as far as their examples and texts made from them show.

    Those that are ``named`` already are left out.
    """
    compiled = {
        id(placed): re.compile(placed.rule.pattern, re.IGNORECASE) for placed in pack
    }
    endless: set[int] = set()

    def finds(placed: Placed, text: str) -> bool:
        if id(placed) in endless:
            return False
        try:
            return timer.search(compiled[id(placed)], text) is not None
        except SearchTimeout:
            endless.add(id(placed))
            return False

    @functools.cache
    def texts(number: int) -> list[str]:
        """What the rule matches: its examples and samples, by themselves and between other characters.

        None, if most samples are not matched: then they do not show what the pattern is about, a look-ahead for one.
        """
        rule = pack[number].rule
        made = samples(rule.pattern, SAMPLES)
        if 2 * sum(finds(pack[number], text) for text in made) < len(made):
            return []
        some = itertools.product((*rule.matches, *made), IN_CONTEXT)
        return [
            text
            for text in dict.fromkeys(form.format(each) for each, form in some)
            if finds(pack[number], text)
        ]

    with SearchTimer(SEARCH_SECONDS) as timer:
        for (one, placed), (other, rival) in itertools.permutations(enumerate(pack), 2):
            rule, by = placed.rule, rival.rule
            if (rule.label, rule.field) != (by.label, by.field) or (
                placed.file,
                rule.id,
            ) in named:
                continue
            if not all(finds(rival, text) for text in rule.matches):
                continue
            try:
                mine = texts(one)
                shadowed = len(mine) >= ENOUGH and all(
                    finds(rival, text) for text in mine
                )
                if shadowed and any(
                    not finds(placed, text) for text in (*by.matches, *texts(other))
                ):
                    problem = f"seems shadowed by rule {by.id} in {rival.file}: matches nothing that {by.id} does not"
                    yield Finding(
                        placed.file,
                        rule.id,
                        f"{problem}; drop one or add its weight to the other",
                    )
                    named.add((placed.file, rule.id))
            except RecursionError:
                continue  # the prober says so


@functools.cache
def _branches(pattern: str) -> frozenset[str]:
    """The alternatives at the top of a pattern, as they are written; only all of it, if they hang together."""
    if REFERRING.search(pattern):
        return frozenset([pattern])
    branches, depth = [""], 0
    for piece in PIECES.findall(pattern):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "|" and depth == 0:
            branches.append("")
        else:
            branches[-1] += piece
    return frozenset(branches)


def _ordinary(pack: Iterable[Placed]) -> str:
    """What the pack's own examples say, one after another, as often as it takes."""
    words = (
        " ".join(
            text for _, rule in pack for text in (*rule.matches, *rule.near_misses)
        )
        or "no words"
    )
    return (f"{words} " * (ORDINARY // len(words) + 1))[:ORDINARY]
