"""What the documentation says is so."""

import configparser
import re
import shlex
import subprocess

import click
import pytest

from nightsieve.cli.main import nightsieve
from pipeline import errors
from tasks.luigi_setup.worker import REFUSED
from tests.support import ROOT

README = (ROOT / "README.md").read_text()
DOCS = {
    path: path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
EVERYTHING = "\n".join(DOCS.values())
COMMANDS_PAGE = DOCS[ROOT / "docs" / "commands.md"]


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> dict[str, click.Command]:
    """Every command by its words."""
    found = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        words = (*path, name)
        found |= (
            commands(command, words)
            if isinstance(command, click.Group)
            else {" ".join(words): command}
        )
    return found


COMMANDS = commands(nightsieve)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_its_help_has_an_example_that_parses(name):
    assert f"`{name}`" in COMMANDS_PAGE
    command = COMMANDS[name]
    lines = f"{command.help}\n{command.epilog or ''}".splitlines()
    example = next(
        line
        for line in lines
        if f"nightsieve {name}" in line and not line.strip().endswith(".")
    )
    words = shlex.split(example[example.index(f"nightsieve {name}") :].rstrip('")'))
    arguments = words[1 + len(name.split()) :]
    command.make_context(name, arguments)


def test_every_documented_command_and_make_target_exists():
    text = re.sub(r"nightsieve-\w+", "", EVERYTHING)
    named = set(
        re.findall(
            r"nightsieve ((?:config|models|reviews|rules|runs) [a-z]+|[a-z][a-z-]*)",
            text,
        )
    )
    assert {name for name in named if name not in COMMANDS} <= {"command", "help"}
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    assert set(re.findall(r"`make ([a-z]+)", EVERYTHING)) <= targets


def test_exit_codes_are_those_of_the_readme():
    config = configparser.ConfigParser()
    config.read(ROOT / "luigi.cfg")
    rows = re.findall(r"^\| ?(\d*) ?\|[^|]*\| (\d+) \|", README, re.MULTILINE)
    assert {int(code) for code, _ in rows if code} == {
        int(code) for code in config["retcode"].values()
    } | {2, REFUSED}
    classes = [
        c
        for c in vars(errors).values()
        if isinstance(c, type) and c.__mro__[1] is errors.NightsieveError
    ]
    assert {int(code) for _, code in rows} == {c.exit_code for c in classes} | {0, 2}


def test_links_lead_somewhere():
    for path, text in DOCS.items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_layers_are_kept():
    kept = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert kept.returncode == 0, kept.stdout
