"""Rule files, ``<label>/<topic>.yaml`` or ``<label>.yaml``: lists of rules with the examples that keep them honest."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from pipeline.config import strict_yaml
from pipeline.config.settings import Rule
from pipeline.errors import ConfigError

Examples = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class WrittenRule(Rule):
    """A rule as it stands in its file: with synthetic texts that it must match, and must not."""

    matches: Examples
    near_misses: Examples

    def rule(self) -> Rule:
        """The rule alone: an edited example rebuilds nothing."""
        return Rule(**self.model_dump(exclude={"matches", "near_misses"}))


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Read the rules of a pack without their examples: see `read_pack`."""
    return tuple(written.rule() for written in read_pack(folder))


def read_pack(folder: Path) -> tuple[WrittenRule, ...]:
    """Every rule of the files under the folder, at any depth, sorted by path, then in the order of the file.

    The label is the first folder below ``folder``, or the stem of a file that stands directly in it.

    Raises
    ------
    ConfigError : the folder or a file is missing, misnamed or malformed, a pattern does not compile, an id stands
        twice.
    """
    files = rule_files(folder)
    if not files:
        raise ConfigError(
            f"{folder}: no rule files; there must be one <label>.yaml for each label, or a folder <label>/ of them"
        )
    seen: dict[str, Path] = {}
    pack = []
    for file in files:
        for rule in read_file(file, file.relative_to(folder).with_suffix("").parts[0]):
            if rule.id in seen:
                raise ConfigError(
                    f"{file}: rule {rule.id}: the id already stands in {seen[rule.id]}; ids are unique"
                )
            seen[rule.id] = file
            pack.append(rule)
    return tuple(pack)


def rule_files(folder: Path) -> list[Path]:
    """The files under the folder, at any depth, that are rule files by their names, sorted by path.

    Those with a name that is nearly right are among them: `misnamed` says of which ones that is so.
    """
    files = (
        file for file in folder.rglob("*") if file.suffix.lower() in (".yaml", ".yml")
    )
    return sorted(files, key=lambda file: file.relative_to(folder).parts)


def misnamed(file: Path) -> str | None:
    """What is wrong with the name of a rule file, and what would be right."""
    return (
        None
        if file.suffix == ".yaml"
        else "rule files end in .yaml; rename it, its rules are not read as it is"
    )


def read_file(file: Path, label: str) -> list[WrittenRule]:
    """The rules of one file, which are for this label.

    Raises
    ------
    ConfigError : the file is missing, misnamed or malformed, or a pattern does not compile.
    """
    if problem := misnamed(file):
        raise ConfigError(f"{file}: {problem}")
    try:
        entries = strict_yaml.load(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(
            f"{file}: {error.strerror}; a rule file is a list of rules"
        ) from None
    if not isinstance(entries, list):
        raise ConfigError(
            f"{file}: must be a list of rules, each with id, pattern, why, matches and near_misses"
        )
    return [
        _read_rule(entry, label, file, number)
        for number, entry in enumerate(entries, 1)
    ]


def _read_rule(entry: Any, label: str, file: Path, number: int) -> WrittenRule:
    if not isinstance(entry, dict):
        raise ConfigError(
            f"{file}: entry {number}: must be a mapping with id, pattern, why, matches and near_misses"
        )
    try:
        return WrittenRule.model_validate({"label": label, **entry})
    except ValidationError as failure:
        error = failure.errors()[0]
        key = ".".join(map(str, error["loc"]))
        message = error["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"{file}: rule {entry.get('id', f'number {number}')}: {key}: {message}"
        ) from None
