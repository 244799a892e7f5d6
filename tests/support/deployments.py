"""The commands in the files of a deployment, and how they are run on this machine."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support import ROOT

Service = dict[str, Any]
ENV_EXAMPLE = ROOT / "examples" / "containers" / "env.example"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<otherwise>[^}]*)\}")


class Place(NamedTuple):
    """What a file of a deployment says, and what is there on this machine."""

    theirs: str
    ours: str


def read_compose(variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services of compose.yaml, with the variables of an env file."""
    text = (ROOT / "compose.yaml").read_text()

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if not variables.get(name):
            assert not match["otherwise"].startswith(":?"), f"{name} is not set"
        return variables.get(name, "")

    document = yaml.safe_load(_VARIABLE.sub(value, text))
    services: dict[str, Service] = document["services"]
    return services


def env_names() -> list[str]:
    """Return the variables that the example of an env file names."""
    lines = ENV_EXAMPLE.read_text().splitlines()
    return [line.partition("=")[0] for line in lines if not line.startswith("#")]


def dockerfile_commands(instruction: str) -> list[list[str]]:
    """Return the commands in exec form of CMD or of HEALTHCHECK."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found = re.findall(rf"^{instruction}\b.*?(\[.*\])$", text, re.MULTILINE)
    return [json.loads(words) for words in found]


def dockerfile_runs() -> list[list[str]]:
    """Return the commands of the RUN instructions."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    commands: list[list[str]] = []
    for line in re.findall(r"^RUN (.*)$", text, re.MULTILINE):
        commands.extend(shlex.split(part) for part in line.split("&&"))
    return commands


def healthcheck(service: Service) -> list[str]:
    """Return the command that checks a service."""
    kind, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    return words


def read_unit(path: Path) -> dict[str, list[str]]:
    """Return the settings of a systemd unit; a name may have several values."""
    settings: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def unit_command(line: str) -> list[str]:
    """Return the words of ExecStart, as systemd passes them."""
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


def on_this_machine(words: Sequence[str], places: Sequence[Place]) -> list[str]:
    """Return a command, or values, with this machine's paths and addresses."""
    ours = list(words)
    for place in places:
        ours = [word.replace(place.theirs, place.ours) for word in ours]
    return ours
