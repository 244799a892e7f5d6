"""The wheel works in an environment of its own, outside the checkout.

This environment sees the packages that are installed in the running one, but none of
its ``.pth`` files: so not the checkout, which is installed there in editable mode.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGES = ("pipeline", "tasks", "nightsieve", "scorers")
#: The scorers are single files without types, which their users copy.
TYPED_PACKAGES = ("pipeline", "tasks", "nightsieve")
BUILD_FILES = ("setup.py", "pyproject.toml", "README.md")
SHIPPED_CONFIG = "pipeline/config/shipped"
OUR_VARIABLES = ("NIGHTSIEVE_", "LUIGI_", "PYTHON")

IMPORT_MODULES = """
import importlib, json, sys
modules = map(importlib.import_module, sys.argv[1:])
print(json.dumps({module.__name__: module.__file__ for module in modules}))
"""
RESOLVE_DEFAULTS = """
from pipeline import config
from pipeline.rules.files import read_rules
defaults = config.file_layer(config.DEFAULTS)
settings = config.resolve([defaults], read_rules).settings
print(config.DEFAULTS, len(settings.labelling.rules))
"""


@dataclass(frozen=True)
class Installed:
    """The environment with the wheel, and a folder outside the checkout."""

    folder: Path
    site_packages: Path
    outside: Path
    wheel: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, which must succeed."""
        environment = {}
        for name, value in os.environ.items():
            if not name.startswith(OUR_VARIABLES):
                environment[name] = value
        program, *arguments = command
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.outside,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command[:4]}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    wheel = _build(folder / "source", folder / "wheels")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    paths = {"base": str(environment), "platbase": str(environment)}
    site_packages = Path(sysconfig.get_path("purelib", "venv", paths))
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    _pip("install", str(wheel), python=str(python))
    outside = folder / "outside"
    outside.mkdir()
    return Installed(environment, site_packages, outside, wheel)


def test_the_wheel_has_every_file_of_the_packages_and_of_the_configuration(installed):
    expected = {f"{SHIPPED_CONFIG}/{name}" for name in _files(ROOT / "config")}
    for package in PACKAGES:
        names = _files(ROOT / package)
        expected |= {f"{package}/{name}" for name in names if name.suffix != ".md"}
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == expected


@pytest.mark.parametrize("package", TYPED_PACKAGES)
def test_type_checkers_of_users_read_the_types_of_the_packages(installed, package):
    # PEP 561: without this file, a type checker takes an installed package for untyped.
    assert (installed.site_packages / package / "py.typed").is_file()


def test_nothing_else_is_put_into_site_packages(installed):
    names = {entry.name for entry in installed.site_packages.iterdir()}
    metadata = {name for name in names if name.endswith(".dist-info")}
    assert names - metadata == {*PACKAGES, "dependencies.pth"}
    assert len(metadata) == 1


def test_every_module_is_imported_from_the_wheel(installed):
    expected = {}
    for package in PACKAGES:
        for file in _files(ROOT / package):
            if file.suffix == ".py":
                path = package / file
                expected[_module_name(path)] = str(installed.site_packages / path)
    done = installed.run("python", "-W", "ignore", "-c", IMPORT_MODULES, *expected)
    assert json.loads(done.stdout) == expected


def test_the_shipped_configuration_is_the_default(installed):
    printed = installed.run("python", "-c", RESOLVE_DEFAULTS).stdout
    path, rules = printed.split()
    assert Path(path) == installed.site_packages / SHIPPED_CONFIG / "pipeline.yaml"
    assert int(rules) == 440


def test_commands_need_neither_the_checkout_nor_a_service(installed):
    usage = installed.run("nightsieve", "--help").stdout
    assert "Retrain a message classifier every night" in usage
    shown = installed.run("nightsieve", "config", "show").stdout.splitlines()
    assert "labelling.rules = 440 rules" in shown
    checked = installed.run("nightsieve", "rules", "lint").stderr
    assert checked.startswith("440 rules checked")


def test_luigi_finds_the_tasks_in_any_folder(installed):
    # -P: like the luigi command, python does not look for modules in this folder.
    command = ("python", "-P", "-m", "luigi")
    usage = installed.run(*command, "--module", "tasks", "Retrain", "--help").stdout
    assert "--Retrain-patch" in usage


def _build(source: Path, wheels: Path) -> Path:
    """Build the wheel from a copy: setuptools leaves its files beside the source."""
    source.mkdir()
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, source)
    for name in (*PACKAGES, "config"):
        no_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=no_caches)
    _pip("wheel", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    (wheel,) = wheels.glob("nightsieve-*.whl")
    return wheel


def _pip(command: str, *arguments: str, python: str = sys.executable) -> None:
    """Run pip on an environment, without the network."""
    pip = [sys.executable, "-m", "pip", "--python", python, command]
    options = ["--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, *options, *arguments], check=True, timeout=120)


def _module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _files(folder: Path) -> set[Path]:
    """Return the files in a folder, relative to it."""
    files = set()
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files.add(path.relative_to(folder))
    return files
