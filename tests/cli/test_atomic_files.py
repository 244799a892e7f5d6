"""Names from a manifest stay in the folder; all files are written, or none."""

import os
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightsieve.cli.atomic_files import path_inside, write_together
from pipeline.errors import ArtefactError, DataError

BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "a/./b",
    "a//b",
    "/etc/passwd",
    "//x",
    "a/",
    "a\0b",
    "a\nb",
    "..\\x",
    "C:x",
    "c:/x",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_not_that_of_a_file_in_the_folder_is_refused(tmp_path, name):
    folder = tmp_path / "out"
    with pytest.raises(ArtefactError, match="not the name of a file in"):
        path_inside(folder, name)
    with pytest.raises(ArtefactError, match="not the name of a file in"):
        write_together(folder, {"model.json": b"{}", name: b"harm"})
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_to_the_folder_and_below(tmp_path):
    folder = tmp_path / "out"
    contents = {"model.json": b"{}", "report/index.html": b"<p>", "..hidden": b"."}
    write_together(folder, contents)
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert files == contents


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(tmp_path):
    (tmp_path / "model.json").write_bytes(b"before")
    (tmp_path / "report").write_bytes(b"a file where a folder should be")
    (tmp_path / "vectors.json").mkdir()
    for name in ("report/index.html", "vectors.json"):
        with pytest.raises(DataError, match="--to "):
            write_together(tmp_path, {"model.json": b"after", name: b""})
        assert (tmp_path / "model.json").read_bytes() == b"before"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"model.json", "report", "vectors.json"}


@given(st.text(st.sampled_from("./\\a:C\0")))
def test_no_name_leads_out_of_the_folder(name):
    folder = Path("/a/folder")
    try:
        path = path_inside(folder, name)
    except ArtefactError:
        return
    assert Path(os.path.normpath(path)) == path
    assert path.is_relative_to(folder)
    assert PureWindowsPath(f"/a/folder/{name}").is_relative_to("/a/folder")
    assert not PureWindowsPath(name).drive
