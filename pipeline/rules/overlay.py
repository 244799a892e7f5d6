"""Replace rules of a night by rules that a person has changed.

The changed rules are a folder, which is a whole pack, or one file of a pack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipeline.config.settings import Labelling, Rule
from pipeline.errors import ConfigError
from pipeline.rules.files import read_file, read_folder, read_rules


@dataclass(frozen=True)
class ChangedPack:
    """The labelling of a night with changed rules.

    Attributes
    ----------
    source
        How the changed rules were read, in one line.
    """

    labelling: Labelling
    source: str


def overlay_rules(night: Labelling, path: Path) -> ChangedPack:
    """Return the labelling of a night with the rules of the path.

    A folder is a whole pack. A file of the night's own pack is read with the pack that
    it is in, so that rules which the file no longer has are gone. The rules of any
    other file replace the night's rules with the same ids, or are new.

    Raises
    ------
    ConfigError
        The path has no rules, or rules that cannot be read.

    Examples
    --------
    >>> from pipeline.config.settings import Engine, Resolution
    >>> night = Labelling(
    ...     rules=(
    ...         Rule(id="prize", label="spam", pattern="prize", why="Lotteries."),
    ...         Rule(id="plans", label="chat", pattern="see you", why="Plans."),
    ...     ),
    ...     engine=Engine(compile_timeout_seconds=10, search_timeout_seconds=1),
    ...     resolution=Resolution(
    ...         method="majority", min_confidence=0.6, soft_labels=False
    ...     ),
    ... )
    >>> file = Path("spam.yaml")
    >>> _ = file.write_text("- {id: prize, pattern: 'pri[sz]e', why: Lotteries.}")
    >>> changed = overlay_rules(night, file)
    >>> [rule.pattern for rule in changed.labelling.rules]
    ['pri[sz]e', 'see you']
    """
    rules: Sequence[Rule]
    if path.is_dir():
        rules = _whole_pack(path)
        source = f"{path} is read as a whole pack"
    elif (folder := _folder_of_pack(night, path)) is not None:
        rules = _whole_pack(folder)
        source = f"{path} belongs to the pack in {folder}, which is read as a whole"
    else:
        folder_name = path.absolute().parent.name
        label = folder_name if folder_name in night.labels else path.stem
        rules = _with_rules_of_file(night, path, label)
        source = (
            f"{path} stands alone, for {label}; the night's rules that it does not "
            "have stay"
        )
    try:
        labelling = Labelling(
            rules=tuple(rules), engine=night.engine, resolution=night.resolution
        )
    except ValidationError as failure:
        problem = failure.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path}: {problem}") from None
    return ChangedPack(labelling, source)


def _whole_pack(folder: Path) -> tuple[Rule, ...]:
    try:
        return read_rules(folder)
    except ConfigError as error:
        raise ConfigError(
            f"{folder}: not a whole pack of rules; complete it, or name a file\n{error}"
        ) from None


def _with_rules_of_file(night: Labelling, file: Path, label: str) -> list[Rule]:
    """Return the night's rules, changed ones in their place, new ones at the end."""
    located_rules = read_file(file, label).require()
    changed = {located.rule.id: located.rule.rule() for located in located_rules}
    kept = [changed.pop(rule.id, rule) for rule in night.rules]
    return [*kept, *changed.values()]


def _folder_of_pack(night: Labelling, file: Path) -> Path | None:
    """Return the folder that the night's pack comes from, if the file is in it.

    Candidates are folders called ``rules``, and those in which the file would be for
    one of the night's labels. The right folder has at least half of the night's rules
    that are not in the file.
    """
    rules_of_file = read_file(file, night.labels[0]).require()
    own_ids = {located.rule.id for located in rules_of_file}
    others = {(rule.id, rule.label) for rule in night.rules if rule.id not in own_ids}
    if not others:
        return None
    below = file.absolute()
    for folder in below.parents:
        is_candidate = folder.name == "rules" or below.stem in night.labels
        if is_candidate and 2 * len(others & _readable_rules(folder)) >= len(others):
            return folder
        below = folder
    return None


def _readable_rules(folder: Path) -> set[tuple[str, str]]:
    """Return ids and labels of the rules of a folder in which all can be read."""
    contents = read_folder(folder)
    if contents.problems:
        return set()
    return {(located.rule.id, located.rule.label) for located in contents.rules}
