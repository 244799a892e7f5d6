"""Everything private of luigi that we replace or lean on.

Luigi is pinned to one minor version. Before the pin is raised, the tests here must
pass: each asserts that a name exists, with the parameters that we know, and that it is
used in the way that we lean on.
"""

import ast
import inspect
import textwrap
from types import FunctionType

import luigi
import luigi.retcodes
import luigi.worker
import pytest
from luigi import execution_summary
from luigi.cmdline_parser import CmdlineParser
from luigi.scheduler import Scheduler
from luigi.task_status import DONE, FAILED, PENDING, SUSPENDED

from tasks.luigi_setup import command_line
from tasks.luigi_setup.processes import NightProcess
from tasks.luigi_setup.results import Report
from tasks.luigi_setup.worker import NightWorker, check_complete

#: Luigi's own worker, in whose place the module has ours.
(THEIRS,) = (cls for cls in NightWorker.__mro__ if cls.__module__ == "luigi.worker")

#: Methods of luigi's worker that ours replaces or extends.
REPLACED = {
    "__init__",
    "__enter__",
    "__exit__",
    "add",
    "run",
    "_add_task",
    "_create_task_process",
    "_email_dependency_error",
    "_handle_next_task",
    "_keep_alive",
    "_log_complete_error",
    "_log_dependency_error",
    "_purge_children",
    "_run_task",
}
#: Private attributes of luigi's worker that ours reads, sets or calls.
USED = {
    "_add_worker",
    "_add_task_history",  # also read by luigi.execution_summary, for the exit code
    "_config",
    "_id",
    "_running_tasks",
    "_scheduled_tasks",
    "_scheduler",
    "_task_result_queue",
    "_worker_info",
}
#: What our processes use of luigi's.
USED_OF_PROCESSES = {"result_queue", "task", "timeout_time", "worker_timeout"}


def our_functions() -> list[FunctionType]:
    """Return the functions that our classes of workers define."""
    classes = NightWorker.__mro__[: NightWorker.__mro__.index(THEIRS)]
    members = [member for cls in classes for member in vars(cls).values()]
    return [member for member in members if isinstance(member, FunctionType)]


def attributes_of_self(method: FunctionType) -> set[str]:
    """Return the attributes of ``self`` that the code of a method names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


@pytest.fixture
def luigi_worker():
    return THEIRS(scheduler=Scheduler())


def test_the_list_of_replaced_methods_is_complete():
    defined = {function.__name__ for function in our_functions()}
    assert defined & vars(THEIRS).keys() == REPLACED


@pytest.mark.parametrize("name", sorted(REPLACED - {"__init__"}))
def test_a_replaced_method_has_the_parameters_that_we_know(name):
    # What has only *args and **kwargs passes everything on.
    theirs = inspect.signature(vars(THEIRS)[name]).parameters
    replacement = inspect.signature(getattr(NightWorker, name)).parameters
    if "kwargs" not in replacement and name != "__exit__":
        assert list(replacement) == list(theirs)
    assert len(replacement) == len(theirs) or "kwargs" in replacement


def test_the_list_of_used_attributes_is_complete_and_each_exists(luigi_worker):
    theirs = {name for name in dir(luigi_worker) if name.startswith("_")} - REPLACED
    named: set[str] = set()
    for function in our_functions():
        named |= attributes_of_self(function)
    assert named & theirs == USED


def test_the_command_line_is_checked_after_the_import_and_before_luigi_fails():
    assert CmdlineParser._possibly_exit_with_help is command_line.check
    steps = inspect.getsource(CmdlineParser.__init__)
    ours = steps.index("_possibly_exit_with_help(parser, known_args)")
    assert steps.index("_attempt_load_module") < ours < steps.index("get_task_cls")


def test_what_is_set_in_luigi_s_modules_is_ours():
    assert luigi.worker.Worker is NightWorker
    assert luigi.worker.check_complete is check_complete
    theirs = (
        "ContextManagedTaskProcess(\n            self._config.task_process_context,"
    )
    assert theirs in inspect.getsource(THEIRS._create_task_process)


def test_a_process_has_what_ours_uses(luigi_worker):
    process = luigi_worker._create_task_process(luigi.Task())
    assert vars(process).keys() >= USED_OF_PROCESSES
    assert isinstance(process, NightProcess.__base__)
    # The process reports with one call, and then it ends.
    run = inspect.getsource(luigi.worker.TaskProcess.run)
    assert run.count("self.result_queue") == 1
    assert "self.result_queue.put((self.task.task_id, status, expl, missing," in run
    assert len(Report._fields) == 5
    # It ends, without a word, with an exception that is a KeyboardInterrupt.
    assert "except KeyboardInterrupt:\n            raise" in run


def test_luigi_s_worker_uses_its_queue_of_results_as_ours_is_made():
    used = set()
    for _, method in inspect.getmembers(THEIRS, inspect.isfunction):
        source = inspect.getsource(method)
        for line in source.splitlines():
            if "self._task_result_queue" in line:
                used.add(line.partition("self._task_result_queue")[2].split("(")[0])
    assert used == {" = multiprocessing.Queue", ".put", ".get", ".close", ","}
    handles = inspect.getsource(THEIRS._handle_next_task)
    assert "task_id, status, expl, missing, new_requirements = " in handles
    assert "self._purge_children()  # Deal" in handles


def add(on: Scheduler, status: str, **arguments: object) -> str:
    on.add_task(worker="w", task_id="t", status=status, **arguments)
    (found,) = [s for s in (DONE, FAILED, PENDING) if "t" in on.task_list(status=s)]
    return found


def test_a_scheduler_believes_that_a_task_just_done_is_suspended_not_pending():
    on = Scheduler()
    assert add(on, DONE) == DONE
    assert add(on, PENDING) == DONE
    assert add(on, SUSPENDED) == PENDING


def test_a_running_task_with_new_requirements_is_pending_and_has_not_failed():
    on = Scheduler(retry_count=1)
    add(on, PENDING)
    assert on.get_work(worker="w", host="h", current_tasks=[])["task_id"] == "t"
    assert add(on, PENDING, new_deps=["u"]) == PENDING
    assert not on._state.get_task("t").failures


def test_luigi_lets_a_system_exit_out():
    """So a signal, and a refused model, end the command with their own code."""
    source = inspect.getsource(luigi.retcodes.run_with_retcodes)
    assert "except Exception:" in source
    assert "BaseException" not in source


def test_the_history_is_read_as_ours_is_written():
    source = inspect.getsource(execution_summary._partition_tasks)
    assert "for (task, status, ext) in task_history" in source
