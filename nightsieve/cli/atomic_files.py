"""Files that are written together: all of them, or none."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pipeline.errors import ArtefactError, DataError


def path_inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder or below.

    Every name that comes from a manifest passes through here before it becomes a path.

    Raises
    ------
    ArtefactError
        The name would lead out of the folder, or is not the name of a file.
    """
    path = PurePosixPath(name)
    is_file = path.name not in ("", "..") and not name.endswith("/")
    if not is_file or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ArtefactError(
            f"{name!r}: not the name of a file in {folder}; the manifest is damaged, "
            "or somebody has changed it"
        )
    return folder / path


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files by their names to a folder, which is created if it is missing.

    Parameters
    ----------
    contents
        By name; a name such as ``report/index.html`` is that of a file in a subfolder.

    Raises
    ------
    ArtefactError
        A name would lead out of the folder.
    DataError
        The folder cannot be written to; the files that were there are as they were.
    """
    paths = {path_inside(folder, name): content for name, content in contents.items()}
    try:
        for path, content in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _unfinished(path).write_bytes(content)
        for path in paths:
            _unfinished(path).replace(path)
    except OSError as error:
        raise DataError(f"--to {folder}: {error.strerror}") from None


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
