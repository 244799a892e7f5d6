"""Write files together: all of them, or none."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pipeline.errors import ArtefactError, DataError


def path_inside(folder: Path, name: str) -> Path:
    """Return the path of the file of this name in a folder or below.

    Every name from a manifest passes through this function before it becomes a path.

    Examples
    --------
    >>> path_inside(Path("out"), "report/index.html").as_posix()
    'out/report/index.html'

    Raises
    ------
    ArtefactError
        The name leads out of the folder, or is not the name of a file.
    """
    path = PurePosixPath(name)
    is_file = path.name not in ("", "..") and not name.endswith("/")
    if not is_file or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ArtefactError(
            f"{name!r}: not the name of a file in {folder}; the manifest is damaged, "
            "repair it with nightsieve runs repair or models repair"
        )
    return folder / path


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
        The folder cannot be written to; its files are as they were before.
    """
    paths = {path_inside(folder, name): content for name, content in contents.items()}
    try:
        for path, content in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _unfinished(path).write_bytes(content)
        for path in paths:
            _unfinished(path).replace(path)
    except OSError as error:
        raise DataError(
            f"--to {folder}: cannot be written: {error.strerror}; name another folder"
        ) from None


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
