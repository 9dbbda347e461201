"""A sample of the harness fuzz, and that it names what it looks for."""

import random

import pytest

from tests.trust import fuzz
from tests.trust.fuzz import GOOD, found_in, measure
from tests.trust.fuzz_inputs import inputs, mutated


def test_no_file_or_param_of_a_sample_is_a_traceback_or_hangs():
    found = measure(0.02, seed=16)
    assert found.missed == []
    assert sum(row[1] for row in found.table.rows) == 460
    columns = found.table.header.index("one paragraph"), found.table.header.index("read")
    assert all(sum(row[column] for row in found.table.rows) > 10 for column in columns)


def test_inputs_are_the_same_each_time_and_differ():
    first, again = (list(inputs("files", 1, range(40))) for _ in range(2))
    assert first == again
    assert len({data for _, _, data in first}) == 40
    assert mutated(b"text", random.Random(1)) == mutated(b"text", random.Random(1))


FAULTY = """
import seedbed.collecting.conversations as conversations
whole = conversations.exchanges
def faulty(turns, may_lack):
    found = whole(turns, may_lack)
    {fault}
conversations.exchanges = faulty
"""


@pytest.mark.parametrize(
    "fault",
    ["return found[1:] or found", "return found if len(turns) > 2 else []", "raise TypeError('x')"],
)
def test_a_reader_that_loses_a_row_of_a_conversation_is_named(monkeypatch, fault):
    code = FAULTY.format(fault=fault)
    monkeypatch.setattr(fuzz, "PLANT", f"exec({code!r})")
    found = [what for _, _, what in found_in("talks", 0, 40)]
    assert any(what.startswith("TRACEBACK") for what in found)
    monkeypatch.setattr(fuzz, "PLANT", "pass")
    assert all(what in GOOD for _, _, what in found_in("talks", 0, 40))


@pytest.mark.parametrize(
    ("fault", "happened"),
    [
        ("raise KeyError('x')", "TRACEBACK KeyError"),
        ("time.sleep(9)", "more than 1 s"),
        ("b'x' * (3 << 30)", "TRACEBACK MemoryError"),
        ("os._exit(3)", "the process died"),
        ("raise SeedbedError('x' * 9999, '')", "a long message"),
    ],
)
def test_a_planted_fault_is_named(monkeypatch, tmp_path, fault, happened):
    (tmp_path / "planted_fault.py").write_text(
        "import sys, runpy\n"
        "def plant(fuzz):\n"
        "    import os, time\n"
        "    from seedbed.core.errors import SeedbedError\n"
        "    fuzz.SECONDS = 1\n"
        "    def broken(kind, data):\n"
        f"        {fault}\n"
        "    fuzz.READERS['tombstones'] = broken\n"
    )
    monkeypatch.setattr(fuzz, "PLANT", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
                        "from planted_fault import plant; plant(fuzz)")  # fmt: skip
    by_kind = {kind: what for _, kind, what in found_in("ours", 0, len(fuzz.READERS))}
    assert by_kind["tombstones"].startswith(happened)
    assert by_kind["params"] in GOOD
