"""A damaged object is one line with its address, whichever command reads it.

For each command, each object of a store is damaged in each way. The command prints what
it prints on the whole store, or names the object and exits with 8.
"""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from nightsieve.cli.commands import reviews
from nightsieve.nights.find import find_night
from nightsieve.store import configurations, history, layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.runs import list_runs, manifest_of
from tests.support.commands import nightsieve
from tests.support.damages import DAMAGES
from tests.support.example_night import store_with_night
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, november

NIGHT = "2026-11-20"
RULE = "- {id: win, pattern: 'win a', why: test, matches: [win a]}\n"
REVIEWS = ["key", "body", "label", "source", "annotator", "reviewed_at"]
(_RUN,) = list_runs(store_with_night())
DIGEST = _RUN.config
#: The label of the rule is the name of its folder.
COMMANDS = {
    "runs list": ("runs", "list"),
    "runs show": ("runs", "show", NIGHT),
    "runs show by digest": ("runs", "show", NIGHT, "--config", DIGEST),
    "runs fetch": ("runs", "fetch", NIGHT, "--to", "out"),
    "runs explain": ("runs", "explain", NIGHT, "--against", "2026-11-17"),
    "models list": ("models", "list"),
    "models fetch": ("models", "fetch", "--to", "out"),
    "models fetch by serial": ("models", "fetch", "--serial", "1", "--to", "out"),
    "models rollback": ("models", "rollback", "1", "--reason", "it is better"),
    "models pin": ("models", "pin", "1"),
    "rules diff": ("rules", "diff", "spam/win.yaml", NIGHT),
    "rules report": ("rules", "report", NIGHT),
    "reviews sheet": ("reviews", "sheet", NIGHT, "--to", "s.csv", "--count", "3"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory of the commands, with a rule file."""
    (tmp_path / "spam").mkdir()
    (tmp_path / "spam" / "win.yaml").write_text(RULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reviews, "_reviews", _no_reviews)
    return tmp_path


def _no_reviews(settings: object, date: object) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in REVIEWS})


def _store() -> MemoryStore:
    """Return a store with two nights, a layout and a pinned model."""
    store = store_with_night()
    write_night(store, november(17))
    Registry(store).pin(1)
    store.write(layout.LAYOUT, b'{\n  "layout": 1,\n  "written_by": "nightsieve"\n}\n')
    return store


def write_night(store: MemoryStore, date: datetime.date) -> None:
    """Write the manifest of the example night as that of another date."""
    night = find_night(store, datetime.date(2026, 11, 20))
    run = layout.Run(date, night.config)
    manifest_of(store, run).dump(night.model_copy(update={"date": date}), ACCOUNT)


class ReadStore(MemoryStore):
    """A store that notes which objects were read, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.read_keys: dict[str, None] = {}

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        answer = super().read_with_etag(key)
        if answer is not None:
            self.read_keys[key] = None
        return answer


class Answer:
    """What a command printed and wrote."""

    def __init__(self, command: tuple[str, ...], store: MemoryStore, folder: Path):
        configurations._settings.clear()
        history._warned.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "from_environment", lambda: store)
            done = nightsieve(
                *command,
                environment={
                    "NIGHTSIEVE_DATABASE_URL": "postgresql://127.0.0.1/messages"
                },
            )
        self.code = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        self.files = dict(_take_files(folder))


def _take_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what was written, and remove it."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != "win.yaml":
            yield str(file.relative_to(folder)), file.read_bytes()
            file.unlink()


def is_error(answer: Answer) -> bool:
    """Return whether the command printed one error of one or two lines."""
    lines = answer.stderr.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    return len(errors) == 1 and "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_damaged_object_is_named_or_not_read(
    command: tuple[str, ...], folder: Path
) -> None:
    undamaged = ReadStore()
    undamaged.objects.update(_store().objects)
    whole = Answer(command, undamaged, folder)
    assert (whole.code, whole.stderr) == (0, "")
    named = set()
    before = _store().objects
    for key in before.keys() & undamaged.read_keys.keys():
        content = before[key]
        for name, damage in DAMAGES.items():
            store = _store()
            store.objects[key] = damage(content)
            answer = Answer(command, store, folder)
            case = f"{key} {name}: {answer.code} {answer.stderr}"
            if answer.code == whole.code:
                assert "Traceback" not in answer.stderr, case
                continue
            named.add(layout.described(key))
            assert is_error(answer), case
            if key == layout.LAYOUT and answer.code == 5:
                continue  # a flipped digit is another layout
            assert answer.code == 8, case
            address = store.address(key)
            assert address in answer.stderr, case
            assert not answer.files, case
    assert layout.LAYOUT in named


@pytest.mark.parametrize("receipt", [False, True], ids=["object", "receipt"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_run_of_another_night_is_left_out(
    damage: Callable[[bytes], bytes], receipt: bool, folder: Path
) -> None:
    store = _store()
    write_night(store, november(18))
    write_night(store, november(19))
    key = layout.run(november(19), DIGEST)
    damaged = layout.receipt(key) if receipt else key
    store.objects[damaged] = damage(store.objects[damaged])
    answer = Answer(("runs", "explain", NIGHT), store, folder)
    assert answer.code == 0
    assert answer.stdout.startswith("Compared with the night of 2026-11-18,")


def test_with_a_key_what_is_not_signed_is_one_line_and_can_be_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store()
    show = ("runs", "show", NIGHT)
    before = Answer(show, store, folder)
    published = Registry(store).require(1)
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0123456789abcdef" * 2)
    objects = dict(store.objects)
    refused = Answer(show, store, folder)
    assert refused.code == 8
    assert is_error(refused)
    assert "is not signed with the key in NIGHTSIEVE_RECEIPT_KEY; " in refused.stderr
    assert store.objects == objects
    assert Answer(("models", "list"), store, folder).code == 0
    signed = Answer(("runs", "sign"), store, folder)
    assert (signed.code, signed.stderr) == (0, "")
    assert signed.stdout == "Signed 8 receipts; 0 had the signature\n"
    assert Answer(show, store, folder).stdout == before.stdout
    assert Registry(store).champion() == published
    again = Answer(("runs", "sign"), store, folder)
    assert again.stdout == "Signed 0 receipts; 8 had the signature\n"
    # Another key: the operator says which receipts to trust.
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "fedcba9876543210" * 2)
    assert Answer(show, store, folder).code == 8
    assert Answer(("runs", "sign"), store, folder).code == 0
    assert Answer(show, store, folder).code == 0


def test_what_is_damaged_is_not_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store()
    monkeypatch.setenv("NIGHTSIEVE_RECEIPT_KEY", "0123456789abcdef" * 2)
    key = "export/model-9f3a.json"
    store.objects[key] = b"{}"
    receipt = store.objects[layout.receipt(key)]
    signed = Answer(("runs", "sign"), store, folder)
    assert signed.code == 8
    assert is_error(signed)
    assert f"s3://memory/{key}: is not the object that was written" in signed.stderr
    assert store.objects[layout.receipt(key)] == receipt
    monkeypatch.delenv("NIGHTSIEVE_RECEIPT_KEY")
    without = Answer(("runs", "sign"), store, folder)
    assert without.code == 3
    assert "NIGHTSIEVE_RECEIPT_KEY: is not set; " in without.stderr
