"""Each command keeps the promises of docs/format.md, "The command"."""

import contextlib
import dataclasses
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import IO

import pytest

from pipeline.export.reference import units
from tests.support import scorer_models
from tests.support.scorer_commands import LANGUAGES, SOURCES, TIMEOUT, Language

EMPTY = b""
FREE = units("free free").encode()
# Seconds for a text of a million characters. It takes one or two where nothing is
# quadratic.
LONG_TEXT_TIMEOUT = 30


@pytest.fixture(params=LANGUAGES)
def language(request, running) -> Language:
    return running[request.param]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("a folder") / "model.json"
    path.write_bytes(scorer_models.exported(scorer_models.handmade()))
    return path


def tokens(output: bytes) -> list[list[str]]:
    return [json.loads(line)["tokens"] for line in output.splitlines()]


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        (b"", []),
        (b"\n", [EMPTY]),
        (b"\n\n", [EMPTY, EMPTY]),
        (b"\r\n", [EMPTY]),
        (FREE, [FREE]),
        (FREE + b"\n", [FREE]),
        (FREE + b"\r\n", [FREE]),
        (FREE + b"\r", [FREE]),
        (b"\n" + FREE, [EMPTY, FREE]),
        (FREE + b"\r\n\r\n" + FREE + b"\n", [FREE, EMPTY, FREE]),
    ],
)
def test_each_line_is_a_text(stdin, expected, language, model):
    run = language.run(model, stdin=stdin)
    assert (run.returncode, run.stderr) == (0, b"")
    assert tokens(run.stdout) == [
        bytes.fromhex(text.decode()).decode("utf-16-be").split() for text in expected
    ]
    assert run.stdout.count(b"\n") == len(expected)
    assert b"\r" not in run.stdout
    assert run.stdout.isascii()


@pytest.mark.parametrize(
    "line",
    [
        b"0",
        b"004",
        b"00410",
        b"004A",
        b"004g",
        b"0041 ",
        b" 0041",
        b"0041\r\r",
        b"\xc3\xa9\xc3\xa9",
        b"\0\0\0\0",
        b"free",
    ],
)
def test_a_line_that_is_not_a_text_is_refused_after_the_lines_before_it(
    line, language, model
):
    run = language.run(model, stdin=FREE + b"\n" + line + b"\n" + FREE + b"\n")
    assert run.returncode == 2
    assert tokens(run.stdout) == [["free", "free"]]
    assert run.stderr.count(b"\n") == 1
    assert b"2" in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["MODEL", "MODEL"],
        ["--explain"],
        ["MODEL", "--explan"],
        ["MODEL", "--explain", "--explain"],
    ],
)
def test_other_arguments_are_refused(arguments, language, model):
    argv = [argument.replace("MODEL", str(model)) for argument in arguments]
    run = language.run(*argv, stdin=FREE)
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.startswith(b"usage: ")
    assert run.stderr.count(b"\n") == 1


@pytest.mark.parametrize("wrong", ["missing", "a folder", "empty", "damaged"])
def test_a_wrong_model_is_refused_in_one_line(wrong, language, model, tmp_path):
    path = tmp_path / "wrong.json"
    match wrong:
        case "a folder":
            path.mkdir()
        case "empty":
            path.write_bytes(b"")
        case "damaged":
            path.write_bytes(model.read_bytes().replace(b"1.0", b"2.0", 1))
    for options in ([], ["--explain"]):
        run = language.run(path, *options, stdin=FREE)
        assert (run.returncode, run.stdout) == (2, b"")
        assert run.stderr.startswith(f"{path}: ".encode())
        assert run.stderr.count(b"\n") == 1
        assert len(run.stderr) > len(f"{path}: ") + 10


def test_a_reader_that_goes_away_is_not_an_error(language, model):
    command = subprocess.Popen(
        [*language.command, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdin is not None
    assert command.stdout is not None
    assert command.stderr is not None
    feeder = threading.Thread(
        target=feed, args=(command.stdin, (FREE + b"\n") * 200_000)
    )
    feeder.start()
    assert tokens(command.stdout.readline()) == [["free", "free"]]
    command.stdout.close()
    assert command.wait(TIMEOUT) == 0
    assert command.stderr.read() == b""
    feeder.join()
    command.stderr.close()


def feed(stream: IO[bytes], content: bytes) -> None:
    # The command stops reading when nobody reads its output.
    with contextlib.suppress(BrokenPipeError), stream:
        stream.write(content)


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "free " * 200_000, "\U00010428 u is " * 100_000],
    ids=["one token", "free", "astral letters"],
)
def test_a_text_of_a_million_characters_takes_a_moment(text, language, model):
    run = subprocess.run(
        [*language.command, str(model)],
        input=units(text).encode(),
        capture_output=True,
        timeout=LONG_TEXT_TIMEOUT,
        check=True,
    )
    assert len(tokens(run.stdout)[0]) == len(text.split())


def test_neither_locale_nor_character_set_changes_a_result(language, model):
    stdin = f"{units('FREE Iİıi ＦＲＥＥ nul')}\n".encode()
    plain = language.run(model, stdin=stdin)
    foreign = language
    if language.name == "java":
        options = ["-Duser.language=tr", "-Duser.country=TR", "-Dfile.encoding=UTF-16"]
        foreign = dataclasses.replace(
            language, command=[language.command[0], *options, *language.command[1:]]
        )
    environment = {
        **os.environ,
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "PYTHONIOENCODING": "utf-16",
    }
    run = subprocess.run(
        [*foreign.command, str(model)],
        input=stdin,
        capture_output=True,
        env=environment,
        check=True,
    )
    assert run.stdout == plain.stdout
    assert tokens(run.stdout)[0][0] == "free"


def test_java_runs_from_its_source_too(running, model):
    if "java" not in running:
        pytest.skip("no JDK on the PATH")
    source = Language("java", ["java", str(SOURCES["java"])], model.parent)
    compiled_output = running["java"].run(model, stdin=FREE).stdout
    assert compiled_output != b""
    assert source.run(model, stdin=FREE).stdout == compiled_output
