"""What the documentation says is so."""

import datetime
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import yaml
from luigi.task import Task, flatten

from docs.generate.files import generated_files
from docs.generate.graph import POSITIONS, REQUIRES
from docs.generate.settings import read_settings
from nightsieve.cli.main import nightsieve
from nightsieve.nights import exit_codes
from nightsieve.store import layout
from pipeline import errors
from pipeline.records.export import MODEL_FILES
from scorers.python import nightsieve_scorer
from tasks import Retrain
from tests.support import ROOT
from tests.support.sentences import BANNED_WORDS

DOCS = ROOT / "docs"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
CHANGELOG = ROOT / "CHANGELOG.md"
SITE = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
PAGES = {path: path.read_text() for path in [README, CONTRIBUTING, CHANGELOG, *SITE]}
# What changed has names that are gone.
EVERYTHING = "\n".join(text for path, text in PAGES.items() if path != CHANGELOG)
COMMANDS_PAGE = PAGES[DOCS / "commands.md"]

CODE_FOLDERS = ("pipeline", "tasks", "nightsieve", "scorers", "benchmarks", "config")
CODE_SUFFIXES = (".py", ".java", ".js", ".json", ".yaml")

MAX_README_LINES = 150
MAX_LINE = 100
CODE_BLOCK = re.compile(r"^ *(```+).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ +(?P<title>.+?) *$", re.MULTILINE)
TREE = re.compile(r"^```\{toctree\}\n(?P<entries>.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages that are not of the site, but are read by the same people.
OTHER_PAGES = [
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "scorers").rglob("*.md")),
    *sorted((ROOT / "config").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "tests" / "spec").glob("*.md")),
]
TESTS_NEED_THE_SITE = "CI" in os.environ


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> dict[str, click.Command]:
    """Return every command by its words."""
    by_name: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        words = (*path, name)
        if isinstance(command, click.Group):
            by_name |= commands(command, words)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            by_name[" ".join(words)] = command
    return by_name


COMMANDS = commands(nightsieve)


def code_files() -> Iterator[Path]:
    """Yield the files that may name a page."""
    for folder in CODE_FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in CODE_SUFFIXES:
                yield path


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = HEADING.findall(CODE_BLOCK.sub("", text))
    return {anchor(title) for title in titles}


def anchor(title: str) -> str:
    words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def prose(text: str) -> str:
    """Return a page without its code."""
    return CODE.sub("", CODE_BLOCK.sub("", text))


def relative(path: Path) -> str:
    """Return a path from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def comments(path: Path) -> str:
    """Return the comments of a YAML file, joined."""
    lines = re.findall(r"(?:^|\s)#(.*)$", path.read_text(), re.MULTILINE)
    return " ".join(line.strip() for line in lines)


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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_with_its_command(name):
    _, _, section = COMMANDS_PAGE.partition(f"### `{name}`\n")
    section = section.partition("\n### ")[0]
    shared = COMMANDS_PAGE.partition("## Services")[0]
    options = [
        parameter.opts[0]
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
    ]
    missing = [option for option in options if option not in section + shared]
    assert missing == []


@pytest.mark.parametrize("name", MODEL_FILES)
def test_every_file_of_a_model_is_in_the_lists_of_files(name):
    for page in (PAGES[README], PAGES[DOCS / "format.md"], COMMANDS_PAGE):
        assert f"| `{name}` |" in page


def test_every_documented_command_and_make_target_exists():
    text = re.sub(r"nightsieve-\w+", "", EVERYTHING)
    # A command in a sentence may be wrapped.
    text = re.sub(r"(`nightsieve(?: \w+)?)\s+", r"\1 ", text)
    named = set(
        re.findall(
            r"nightsieve ((?:config|models|package|reviews|rules|runs) [a-z]+"
            r"|[a-z][a-z-]*)",
            text,
        )
    )
    assert {name for name in named if name not in COMMANDS} <= {"command", "help"}
    in_folders = r"`make (?:-C ([\w/-]+) )?([a-z]+[a-z-]*)"
    for folder, target in re.findall(in_folders, EVERYTHING):
        makefile = (ROOT / folder / "Makefile").read_text()
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_exit_codes_are_those_of_the_reference():
    page = PAGES[DOCS / "reference" / "exit-codes.md"]
    rows = re.findall(r"^\| ?(\d*) ?\|[^|]*\| (\d+) \|", page, re.MULTILINE)
    of_luigi = {int(code) for code, _ in rows if code}
    constants = [code for code in vars(exit_codes).values() if isinstance(code, int)]
    assert of_luigi == set(constants)
    classes = [
        c
        for c in vars(errors).values()
        if isinstance(c, type) and c.__mro__[1] is errors.NightsieveError
    ]
    assert {int(code) for _, code in rows} == {c.exit_code for c in classes} | {0, 2}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_to_a_file_and_to_a_heading_of_it(page):
    for link in LINK.finditer(CODE_BLOCK.sub("", PAGES[page])):
        target = (page.parent / link["path"]).resolve() if link["path"] else page
        assert target.is_file(), f"{link[0]}: there is no such file"
        if link["anchor"]:
            assert link["anchor"] in anchors(target.read_text()), link[0]


def test_pages_that_the_code_names_exist():
    for path in code_files():
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\bdocs/[\w/.-]+\.(?:md|svg|png)\b", text):
            assert (ROOT / name).exists(), f"{relative(path)}: {name}"


def test_every_page_is_in_the_tree_of_the_site_and_in_the_list_of_its_parent():
    in_tree = set()
    for page in SITE:
        for tree in TREE.findall(PAGES[page]):
            entries = [line for line in tree.splitlines() if line and line[0] != ":"]
            pages = {(page.parent / f"{entry}.md").resolve() for entry in entries}
            listed = {
                (page.parent / link["path"]).resolve()
                for link in LINK.finditer(PAGES[page])
            }
            assert pages <= listed, f"{page.name}: not all pages are in its list"
            in_tree |= pages
    assert in_tree == {*SITE} - {DOCS / "index.md"}


def test_the_readme_is_short():
    assert len(PAGES[README].splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_lines_of_prose_are_wrapped(page):
    for line in CODE_BLOCK.sub("", PAGES[page]).splitlines():
        is_table_or_formula = line.startswith("    ") or line.lstrip().startswith("|")
        assert is_table_or_formula or len(line) <= MAX_LINE or " " not in line.strip()


@pytest.mark.parametrize("words", BANNED_WORDS)
def test_words_that_are_hard_to_read_do_not_occur(words):
    texts = {path: prose(text) for path, text in PAGES.items()}
    texts |= {path: prose(path.read_text()) for path in OTHER_PAGES}
    texts |= {path: comments(path) for path in (ROOT / "config").rglob("*.yaml")}
    pattern = re.compile(rf"\b{words}\b".replace(" ", r"\s+"), re.IGNORECASE)
    for path, text in texts.items():
        match = pattern.search(text)
        assert match is None, (
            f"{relative(path)}: {match[0]!r}; write {BANNED_WORDS[words]!r}"
        )


def test_generated_parts_are_those_of_the_code():
    for path, content in generated_files().items():
        is_same = path.read_text(encoding="utf-8") == content
        assert is_same, f"{relative(path)}: run python -m docs.generate"


def test_every_setting_has_a_meaning():
    settings = [setting for setting in read_settings() if setting.type]
    assert len(settings) > 50
    assert [setting.path for setting in settings if not setting.meaning] == []


def test_the_drawn_graph_is_that_of_the_tasks(environment):
    requires: dict[str, set[str]] = {}
    collect(Retrain(date=datetime.date(2026, 11, 20)), requires)
    assert {task: set(required) for task, required in REQUIRES.items()} == {
        task: direct(required, requires) for task, required in requires.items()
    }
    assert POSITIONS.keys() == REQUIRES.keys()


def collect(task: Task, requires: dict[str, set[str]]) -> None:
    """Add what a task requires, and all tasks below it, by their families."""
    if task.get_task_family() in requires:
        return
    dependencies = flatten(task.requires())
    names = {dependency.get_task_family() for dependency in dependencies}
    requires[task.get_task_family()] = names
    for dependency in dependencies:
        collect(dependency, requires)


def direct(required: Iterable[str], requires: dict[str, set[str]]) -> set[str]:
    """Return the tasks that no other one of these requires, directly or not."""
    return set(required) - set().union(*(below(task, requires) for task in required))


def below(task: str, requires: dict[str, set[str]]) -> set[str]:
    """Return all tasks that a task rests on."""
    return requires[task].union(*(below(name, requires) for name in requires[task]))


def test_every_key_of_the_store_is_documented():
    assert layout.__doc__ is not None
    of_code = set(re.findall(r"^``(.+?)``", layout.__doc__, re.MULTILINE))
    page = PAGES[DOCS / "reference" / "store.md"]
    table = page[page.index("## Keys") : page.index("## What tasks hand over")]
    assert set(re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)) == of_code


def test_the_example_of_the_format_is_answered_as_it_says(tmp_path):
    page = PAGES[DOCS / "format.md"]
    model = tmp_path / "model.json"
    model.write_text(page.split("```json\n")[1].split("```")[0])
    texts, answers, explained = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    for options, expected in (([], answers), (["--explain"], explained)):
        command = [sys.executable, nightsieve_scorer.__file__, str(model), *options]
        run = subprocess.run(
            command, input=texts, capture_output=True, text=True, check=True
        )
        assert run.stdout == expected


def test_layers_are_kept():
    kept = subprocess.run(
        ["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert kept.returncode == 0, kept.stdout


def test_the_hooks_run_what_make_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    entries = {hook["entry"] for hook in hooks[0]["hooks"]}
    commands_of_hooks = {
        entry.removeprefix(".venv/bin/").removesuffix(" --force-exclude")
        for entry in entries
    }
    recipe = (
        (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    )
    lines = re.findall(r"\$\(BIN\)/(.+)", recipe)
    assert commands_of_hooks == {line.removesuffix(" .") for line in lines}


# Without the docs extra this test is skipped; on a build server it fails.
@pytest.mark.skipif(
    not TESTS_NEED_THE_SITE and find_spec("furo") is None,
    reason="needs the docs extra: make docs",
)
def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going"]
    built = subprocess.run(
        [*command, str(DOCS), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    loaded = r'(?:src|href)="(https?:)?//[^"]+\.(?:js|css|woff2?|png|svg)'
    for page in tmp_path.rglob("*.html"):
        assert not re.search(loaded, page.read_text()), f"{page.name} needs a network"
