"""One fault in each night, then the same command again: the same bytes in the end."""

from collections.abc import Iterator

import pytest

from benchmarks.faults.flips import read_flipped, run_flipped
from benchmarks.faults.matrix import Plan, cheapest, plans, run_cell
from benchmarks.faults.records import MatrixResult
from benchmarks.faults.world import World, small_world
from benchmarks.harness.results import read_result

SLICE = cheapest(plans(), read_result("faults", MatrixResult))
FLIPS = 1_000
OF_EACH_KIND = 20
NIGHTS = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run the night that nothing disturbs."""
    with small_world(tmp_path_factory.mktemp("faults") / "home") as small:
        yield small


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plan", SLICE, ids=[plan.name for plan in SLICE])
def test_a_night_with_a_fault_ends_and_the_same_command_finishes_it(
    plan: Plan, world: World
) -> None:
    cell = run_cell(world, plan)
    assert not cell.problem, cell


@pytest.mark.timeout(600)
def test_a_flipped_bit_is_never_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    for kind in read_flipped(world, FLIPS, OF_EACH_KIND):
        assert kind.flips, kind
        assert kind.refused + kind.unchanged == kind.flips, kind


@pytest.mark.timeout(600)
def test_a_night_over_a_flipped_bit_makes_the_object_again(world: World) -> None:
    for night in run_flipped(world, NIGHTS, jobs=2):
        assert not night.problem, night
        assert night.warned, night
