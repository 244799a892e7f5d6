"""What is wrong with a command line of ``luigi``, in one line.

Luigi answers a misspelt task with a traceback and exit code 1. It ends the same way if
an option of its own, such as ``--workers``, is not a number.
"""

import argparse
import difflib
import sys
from typing import Any, NoReturn

import luigi
from luigi import cmdline_parser
from luigi.task_register import Register, TaskClassException

from nightsieve.nights.exit_codes import USAGE

_check_of_luigi = cmdline_parser.CmdlineParser._possibly_exit_with_help
_parse_of_luigi = cmdline_parser.CmdlineParser._get_task_kwargs
_WORKERS = "workers"


def install() -> None:
    """Check the command line when luigi has imported the tasks.

    This is the first of luigi's steps that we can replace: the import is the one before
    it.
    """
    parser = cmdline_parser.CmdlineParser
    parser._possibly_exit_with_help = staticmethod(check)  # type: ignore[method-assign]
    parser._get_task_kwargs = parse_options  # type: ignore[method-assign]


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit if luigi's help was asked for, or the command line is wrong.

    Parameters
    ----------
    options
        All options but those that the task has without a prefix.
    """
    _check_of_luigi(parser, options)
    _check_task(options.root_task)
    for section, is_short, name, parameter in Register.get_all_params():
        value = getattr(options, f"{section}_{name}", None)
        if not isinstance(value, str):
            continue
        flag = name if is_short else f"{section}_{name}"
        number = _parse(flag, value, parameter)
        if flag == _WORKERS and number < 1:
            _exit(f"--workers {value}: no process could run a task; use at least 1")


def parse_options(parser: cmdline_parser.CmdlineParser) -> dict[str, Any]:
    """Return the options that the task has without a prefix; exit if one is wrong."""
    for name, parameter in parser._get_task_cls().get_params():
        value = getattr(parser.known_args, name)
        if isinstance(value, str):
            _parse(name, value, parameter)
    return _parse_of_luigi(parser)


def _parse(flag: str, value: str, parameter: luigi.Parameter) -> Any:
    try:
        return parameter.parse(value)
    except (ValueError, TypeError):
        _exit(f"--{flag.replace('_', '-')} {value}: {_problem(parameter)}")


def _check_task(name: str | None) -> None:
    if name is None:
        _exit("luigi: no task is named; use luigi --module tasks Retrain --date DATE")
    try:
        Register.get_task_cls(name)
    except TaskClassException:
        tasks = [task for task in Register.task_names() if task[0].isupper()]
        (closest,) = difflib.get_close_matches(name, tasks, 1, 0) or ["Retrain"]
        _exit(f"{name}: not a task of this module; did you mean {closest}?")


def _problem(parameter: luigi.Parameter) -> str:
    if isinstance(parameter, luigi.IntParameter):
        return "not a whole number; use one, such as 2"
    return "not a value of this option; see luigi --help-all"


def _exit(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(USAGE)
