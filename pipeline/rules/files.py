"""Read rule files, which are lists of rules.

A file is ``<label>/<topic>.yaml`` or ``<label>.yaml``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from pipeline.config import strict_yaml
from pipeline.config.settings import Rule
from pipeline.errors import ConfigError

EXAMPLES = frozenset({"matches", "near_misses"})

Text = Annotated[str, Field(min_length=1)]
Examples = Annotated[list[Text], Field(default_factory=list)]


class WrittenRule(Rule):
    """A rule as its file has it.

    Attributes
    ----------
    matches, near_misses
        Synthetic texts that the rule must match, and must not match. The linter
        requires them; a night does not.
    """

    matches: Examples
    near_misses: Examples

    def rule(self) -> Rule:
        """Return the rule without its examples, so that editing one rebuilds nothing.

        Examples
        --------
        >>> written = WrittenRule(
        ...     id="prize",
        ...     label="spam",
        ...     pattern="prize",
        ...     why="Lotteries.",
        ...     matches=["A free prize"],
        ... )
        >>> written.rule() == Rule(
        ...     id="prize", label="spam", pattern="prize", why="Lotteries."
        ... )
        True
        """
        return Rule(**self.model_dump(exclude=set(EXAMPLES)))


@dataclass(frozen=True)
class LocatedRule:
    """A rule, and the file that it is in."""

    file: Path
    rule: WrittenRule


@dataclass(frozen=True)
class RuleProblem:
    """What is wrong in a rule file, and what to do, in one line.

    Attributes
    ----------
    file
        The file, or the folder.
    rule
        The rule's id, or its number in the file; None if the whole file is wrong.

    Examples
    --------
    >>> print(RuleProblem(Path("spam.yaml"), "prize", "matches: missing; add a text"))
    spam.yaml: rule prize: matches: missing; add a text
    """

    file: Path
    rule: str | None
    problem: str

    def __str__(self) -> str:
        rule = f"rule {self.rule}: " if self.rule else ""
        return f"{self.file}: {rule}{self.problem}"


@dataclass(frozen=True)
class RuleFiles:
    """The rules of some files, and what is wrong with the rest, both in order.

    Attributes
    ----------
    rules
        Every rule that could be read.
    problems
        What is wrong with the files and rules that could not be read.
    """

    rules: tuple[LocatedRule, ...]
    problems: tuple[RuleProblem, ...]

    def require(self) -> tuple[LocatedRule, ...]:
        """Return the rules.

        Raises
        ------
        ConfigError
            There is a problem. The message is the first problem.

        Examples
        --------
        >>> problem = RuleProblem(Path("spam.yaml"), None, "must be a list of rules")
        >>> RuleFiles((), (problem,)).require()
        Traceback (most recent call last):
        pipeline.errors.ConfigError: spam.yaml: must be a list of rules
        """
        if self.problems:
            raise ConfigError(str(self.problems[0]))
        return self.rules


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Return the rules of a pack without their examples, as a night needs them.

    Raises
    ------
    ConfigError
        As `read_pack`.

    Examples
    --------
    >>> folder = Path("rules")
    >>> folder.mkdir()
    >>> _ = (folder / "spam.yaml").write_text(
    ...     "- {id: prize, pattern: prize, why: Lotteries., matches: [A free prize]}"
    ... )
    >>> for rule in read_rules(folder):
    ...     print(rule.id, rule.label, rule.field, rule.weight)
    prize spam body 1.0
    """
    return tuple(written.rule() for written in read_pack(folder))


def read_pack(folder: Path) -> tuple[WrittenRule, ...]:
    """Return every rule of the files under the folder.

    Raises
    ------
    ConfigError
        The folder has no rule files, a file or a rule cannot be read, or two rules
        have the same id.

    Examples
    --------
    >>> folder = Path("rules")
    >>> folder.mkdir()
    >>> _ = (folder / "spam.yaml").write_text(
    ...     "- {id: prize, pattern: prize, why: Lotteries., matches: [A free prize]}"
    ... )
    >>> [rule.matches for rule in read_pack(folder)]
    [['A free prize']]
    """
    located_rules = read_folder(folder).require()
    for problem in repeated_ids(located_rules):
        raise ConfigError(str(problem))
    return tuple(located.rule for located in located_rules)


def read_folder(folder: Path) -> RuleFiles:
    """Read all rule files under the folder, at any depth, sorted by path.

    The label of a rule is the name of the first folder below ``folder``, or the stem
    of a file that is directly in ``folder``.

    Examples
    --------
    >>> folder = Path("rules")
    >>> (folder / "spam").mkdir(parents=True)
    >>> _ = (folder / "spam" / "prizes.yaml").write_text("id: prize")
    >>> for problem in read_folder(folder).problems:
    ...     print(problem)
    rules/spam/prizes.yaml: must be a list of rules, each with id, pattern and why
    """
    files = _rule_files(folder)
    if not files:
        problem = (
            "holds no rule files; add a file <label>.yaml for each label, "
            "or a folder <label>/ of files"
        )
        return RuleFiles((), (RuleProblem(folder, None, problem),))
    rules: list[LocatedRule] = []
    problems: list[RuleProblem] = []
    for file in files:
        label = file.relative_to(folder).with_suffix("").parts[0]
        contents = read_file(file, label)
        rules.extend(contents.rules)
        problems.extend(contents.problems)
    return RuleFiles(tuple(rules), tuple(problems))


def read_file(file: Path, label: str) -> RuleFiles:
    """Read the rules of one file, which vote for this label.

    Examples
    --------
    >>> file = Path("prizes.yaml")
    >>> _ = file.write_text("- {id: prize, pattern: pri+++ze, why: Lotteries.}")
    >>> for problem in read_file(file, label="spam").problems:
    ...     print(problem)
    prizes.yaml: rule prize: pattern: does not compile: multiple repeat at position 5
    """
    try:
        entries = _entries(file)
    except ConfigError as error:
        return RuleFiles((), (RuleProblem(file, None, str(error)),))
    rules: list[LocatedRule] = []
    problems: list[RuleProblem] = []
    for position, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            problem = "must be a mapping with id, pattern and why"
            problems.append(RuleProblem(file, f"number {position}", problem))
            continue
        try:
            rule = WrittenRule.model_validate({"label": label, **entry})
        except ValidationError as failure:
            rule_name = _name_of(entry, position)
            for problem in _validation_problems(failure):
                problems.append(RuleProblem(file, rule_name, problem))
        else:
            rules.append(LocatedRule(file, rule))
    return RuleFiles(tuple(rules), tuple(problems))


def repeated_ids(rules: Iterable[LocatedRule]) -> Iterator[RuleProblem]:
    """Yield a problem for each rule whose id an earlier rule has.

    Examples
    --------
    >>> rule = WrittenRule(id="prize", label="spam", pattern="prize", why="Lotteries.")
    >>> located = LocatedRule(Path("spam.yaml"), rule)
    >>> for problem in repeated_ids([located, located]):
    ...     print(problem)
    spam.yaml: rule prize: the id is already used in spam.yaml; ids are unique
    """
    files: dict[str, Path] = {}
    for located in rules:
        rule_id = located.rule.id
        if rule_id in files:
            problem = f"the id is already used in {files[rule_id]}; ids are unique"
            yield RuleProblem(located.file, rule_id, problem)
        else:
            files[rule_id] = located.file


def _rule_files(folder: Path) -> list[Path]:
    """Return the rule files under the folder, those with a misspelt suffix included."""
    files = [
        path for path in folder.rglob("*") if path.suffix.lower() in (".yaml", ".yml")
    ]
    # Paths below the same folder compare by their parts.
    return sorted(files)


def _entries(file: Path) -> list[object]:
    """Return the items of a rule file.

    Raises
    ------
    ConfigError
        The file is misnamed, missing, malformed or not a list. The message does not
        name it.
    """
    if file.suffix != ".yaml":
        raise ConfigError("not read, because rule files end in .yaml; rename the file")
    try:
        content = strict_yaml.read_file(file)
        entries = strict_yaml.load(content, str(file))
    except OSError as error:
        raise ConfigError(
            f"{error.strerror}; check the path of the rule file"
        ) from None
    except ConfigError as error:
        # The message begins with the file. Line and column follow.
        raise ConfigError(str(error).removeprefix(str(file)).lstrip(",: ")) from None
    if not isinstance(entries, list):
        raise ConfigError("must be a list of rules, each with id, pattern and why")
    return entries


def _name_of(entry: Mapping[object, object], position: int) -> str:
    """Return the id of a rule, or its number if it has no id that can be shown."""
    rule_id = strict_yaml.quotable(entry.get("id", ""))
    return f"number {position}" if rule_id == "?" else rule_id


def _validation_problems(failure: ValidationError) -> Iterator[str]:
    for error in failure.errors():
        key = ".".join(map(strict_yaml.quotable, error["loc"]))
        message = error["msg"].removeprefix("Value error, ")
        yield f"{key}: {message}"
