"""The rules that a person has changed, as a whole pack: from a folder, or from one file of a pack."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from pipeline.config.settings import Labelling, Rule
from pipeline.errors import ConfigError
from pipeline.rules.files import WrittenRule, read_file, read_pack


def changed(old: Labelling, path: Path) -> tuple[Labelling, str]:
    """The labelling of a night with what the path holds in place of its own rules, and a line that says how.

    A folder is a whole pack. So is the folder that a file is in, if that is where the night's pack comes from: then
    rules that the file has no longer are seen. The rules of any other file join those of the night.

    Raises
    ------
    ConfigError : the path holds no rules, or rules that cannot be read.
    """
    if path.is_dir():
        pack = _whole(path)
        how = f"{path} is read as a whole pack"
    elif (folder := _home(old, path)) is not None:
        pack = _whole(folder)
        how = f"{path} belongs to the pack in {folder}, which is read as a whole"
    else:
        name = path.absolute().parent.name
        label = name if name in old.labels else path.stem
        joining = {rule.id: rule.rule() for rule in read_file(path, label)}
        pack = [joining.pop(rule.id, rule) for rule in old.rules] + list(
            joining.values()
        )
        how = f"{path} stands alone, for {label}: rules of the night that it no longer has cannot be told and stay"
    try:
        return Labelling(
            rules=tuple(pack), engine=old.engine, resolution=old.resolution
        ), how
    except ValidationError as failure:
        raise ConfigError(
            f"{path}: {failure.errors()[0]['msg'].removeprefix('Value error, ')}"
        ) from None


def _whole(folder: Path) -> list[Rule]:
    try:
        return [written.rule() for written in read_pack(folder)]
    except ConfigError as error:
        raise ConfigError(
            f"{folder} is read as a whole pack of rules, and is none:\n{error}"
        ) from None


def _home(old: Labelling, file: Path) -> Path | None:
    """The folder that the night's pack comes from, if the file is in it.

    Looked at are folders called ``rules``, and those in which the file would be for one of the night's labels. The
    right one holds at least half of the night's rules that are not in the file.
    """
    known = {(rule.id, rule.label) for rule in old.rules}
    mine = {rule.id for rule in read_file(file, old.labels[0])}
    others = {(id_, label) for id_, label in known if id_ not in mine}
    below = file.absolute()
    for folder in below.parents:
        if folder.name == "rules" or below.with_suffix("").name in old.labels:
            held = {(rule.id, rule.label) for rule in _readable(folder)}
            if len(others & held) * 2 >= len(others) > 0:
                return folder
        below = folder
    return None


def _readable(folder: Path) -> Sequence[WrittenRule]:
    try:
        return read_pack(folder)
    except ConfigError:
        return ()
