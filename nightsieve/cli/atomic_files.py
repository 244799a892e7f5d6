"""Write files together, inside one folder: all of them, or none."""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ArtefactError, DataError

_DRIVE = re.compile("[A-Za-z]:")


def path_inside(folder: Path, name: str) -> Path:
    """Return the path of the file of this name in a folder or below.

    Every name from a manifest passes through this function before it becomes a path.
    A name is safe on every system: also where a backslash or a drive letter means more
    than here.

    Examples
    --------
    >>> path_inside(Path("out"), "report/index.html").as_posix()
    'out/report/index.html'

    Raises
    ------
    ArtefactError
        The name leads out of the folder, or is not the name of a file.
    """
    parts = name.split("/")
    leads_elsewhere = "\\" in name or _DRIVE.match(name) or not name.isprintable()
    if leads_elsewhere or any(part in ("", ".", "..") for part in parts):
        raise ArtefactError(
            f"{name!r}: not the name of a file in {folder}; the manifest is damaged, "
            "repair it with nightsieve runs repair or models repair"
        )
    return folder.joinpath(*parts)


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files to a folder, which is created if it is missing.

    Parameters
    ----------
    contents
        The content of each file by its name, such as ``report/index.html``.

    Raises
    ------
    ArtefactError
        A name leads out of the folder.
    DataError
        The folder cannot be written to, or has a symbolic link that leads out of it;
        its files are as they were before.
    """
    paths = {path_inside(folder, name): content for name, content in contents.items()}
    for path in paths:
        _check_links(folder, path)
        if path.is_dir():
            raise DataError(
                f"--to {folder}: {path.name} is a folder there, and must become a "
                "file; remove it, or name another folder"
            )
    try:
        for path, content in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(_unfinished(path), content)
        for path in paths:
            _unfinished(path).replace(path)
    except OSError as error:
        raise DataError(
            f"--to {folder}: cannot be written: {error.strerror}; name another folder"
        ) from None
    finally:
        for path in paths:
            with contextlib.suppress(OSError):
                _unfinished(path).unlink()


def _check_links(folder: Path, path: Path) -> None:
    """Check that no link below the folder leads out of it.

    The file itself may be a link: it is replaced, and what it points to stays.
    """
    try:
        is_inside = path.parent.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        is_inside = False
    if not is_inside:
        raise DataError(
            f"--to {folder}: {path.parent.name} is a symbolic link that leads out of "
            "it; remove the link, or name another folder"
        )


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there; what has its name, such as a link, is removed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
