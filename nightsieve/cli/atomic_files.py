"""Files that are written together: all of them, or none."""

from pathlib import Path

from pipeline.errors import DataError


def write_together(folder: Path, contents: dict[str, bytes]) -> None:
    """Write files by their names to a folder, which is made where it is missing; a name may be that of a file deeper.

    Raises
    ------
    DataError : the folder cannot be written to; the files that were there are as they were.
    """
    try:
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.part").write_bytes(content)
        for name in contents:
            (folder / f"{name}.part").replace(folder / name)
    except OSError as error:
        raise DataError(f"--to {folder}: {error.strerror}") from None
