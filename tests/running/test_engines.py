"""Every engine gives the same bytes, in whatever order shards are done; what workers may do wrong
ends in one paragraph."""

import os
import pickle
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder
from hypothesis import given, settings, strategies as st

from seedbed.cleaning.rows import clean_rows, clean_texts
from seedbed.cleaning.rules import RULE_NAMES, CleanParams, Limits
from seedbed.core.errors import ParamsError, SeedbedError, WorkError, of_the_machine
from seedbed.core.params import read_params
from seedbed.private.conversations import values_of
from seedbed.private.detection import changes
from seedbed.private.kinds import AnonymizeParams
from seedbed.running import engine, engines, processes
from seedbed.running.code_versions import version_of
from seedbed.running.engine import FLOAT32, INT32, JSON, UINT64, cut, map_texts
from seedbed.running.on_ray import _died as on_ray_died, _differences
from seedbed.scoring.evaluation import languages_of
from seedbed.splitting.shingles import shingles_of
from tests.running import works

TEXTS = [
    f"{begin} {number}{end}"
    for number in range(9)
    for begin in ("<p>The parcel&nbsp;has not arrived, order", "Das Paket ist nicht da, Nummer", "")
    for end in (", write to ann@shop.com or call 020 7946 0958.", " 我的订单还没到", "")
]
LIMITS = Limits(3, 10**5, 0.25, 0.7)
WANTED = AnonymizeParams(
    **read_params("anonymize", dict) | {"names": ["person", "place", "age"]}
).wanted  # fmt: skip
WORKS = {
    "clean": (partial(clean_texts, rules=RULE_NAMES, limits=LIMITS), TEXTS, JSON),
    "anonymize": (
        partial(changes, wanted=WANTED._replace(names=frozenset()), key=b"k", mode="hash"),
        TEXTS,
        JSON,
    ),
    "names": (partial(changes, wanted=WANTED, key=b"k", mode="placeholder"), TEXTS, JSON),
    "values of turns": (
        partial(values_of, wanted=WANTED),
        list(zip(["", *TEXTS], TEXTS, strict=False)),
        JSON,
    ),
    "shingles": (partial(shingles_of, words=3), TEXTS, UINT64),
    "languages": (partial(languages_of, min_chars=5), TEXTS, JSON),
}


@pytest.fixture(autouse=True)
def no_memo(monkeypatch):
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    monkeypatch.setattr(processes, "WORTH_SECONDS", 0.0)


@pytest.fixture(scope="module", autouse=True)
def no_helper_is_left():
    yield
    processes.end_helpers()


@pytest.fixture
def slow_driver(monkeypatch):
    """Leave most shards to helpers, however slowly they start on a busy machine."""
    own = processes._own

    def later(*arguments):
        time.sleep(0.25)
        return own(*arguments)

    monkeypatch.setattr(processes, "_own", later)


def by(name: str, monkeypatch) -> None:
    monkeypatch.setenv("SEEDBED_ENGINE", name)


def same(one: list, other: list) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def as_kept(form, values) -> list[bytes]:
    return [form.pack(value) for value in values]


@pytest.mark.parametrize("name", WORKS)
@settings(max_examples=8)
@given(batch=st.integers(1, 100), seed=st.integers(0, 10**6))
def test_any_number_of_shards_done_in_any_order_gives_the_same_bytes(name, batch, seed):
    work, items, form = WORKS[name]

    def in_any_order(job, chosen, shards):
        order = list(range(len(shards)))
        random.Random(seed).shuffle(order)
        return ((index, job.function(shards[index])) for index in order)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "finished", in_any_order)
        found = map_texts(work, items, form, batch=batch)
    if name not in DIRECT:
        DIRECT[name] = as_kept(form, work(items))
    assert as_kept(form, found) == DIRECT[name]


DIRECT: dict[str, list[bytes]] = {}


@given(st.sets(st.text(max_size=3)), st.integers(1, 9), st.randoms())
def test_shards_depend_on_the_items_alone(items, batch, chance):
    keys = {item: engine._key(b"prefix", item) for item in items}
    in_order = sorted(items)
    shards = cut(in_order, keys, batch, in_order=False)
    assert sorted(item for shard in shards for item in shard) == in_order
    assert len(shards) <= -(-len(items) // batch)
    mixed = list(items)
    chance.shuffle(mixed)
    assert [set(shard) for shard in cut(mixed, keys, batch, in_order=False)] == [*map(set, shards)]
    assert [key for shard in shards for key in sorted(keys[item] for item in shard)] == sorted(
        keys.values()
    )
    neighbours = cut(in_order, keys, batch, in_order=True)
    assert [item for shard in neighbours for item in shard] == in_order
    assert all(len(shard) == batch for shard in neighbours[:-1])


def test_processes_in_other_surroundings_give_the_same_bytes(monkeypatch, tmp_path, slow_driver):
    tiny_encoder(tmp_path / "tiny", TEXTS)
    from seedbed.encoding.encoder import embed_texts
    from seedbed.encoding.tokens import Truncation, token_ids

    embed = partial(
        embed_texts, folder=tmp_path / "tiny", truncation=Truncation(32), dtype="float32"
    )
    ids = partial(token_ids, file=tmp_path / "tiny/tokenizer.json")
    # The encoder computes on one thread here, as it does in the helpers.
    every = {name: (*work, {}) for name, work in WORKS.items()}
    every |= {"vectors": (embed, TEXTS, FLOAT32, {"threads": 1}), "ids": (ids, TEXTS, INT32, {})}
    import torch

    torch.set_num_threads(1)
    by("serial", monkeypatch)
    expected = {
        name: map_texts(work, items, form, batch=16, **more)
        for name, (work, items, form, more) in every.items()
    }
    by("processes:3", monkeypatch)
    processes.end_helpers()
    others = {"PYTHONHASHSEED": "4711", "LC_ALL": "tr_TR.UTF-8", "LANG": "C", "TZ": "Asia/Tokyo",
              "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}  # fmt: skip
    monkeypatch.setattr(processes, "ENVIRONMENT", processes.ENVIRONMENT | others)
    here = set(map_texts(works.surroundings, TEXTS, batch=4))
    assert len(here) == 2, "no helper was asked"
    for name, (work, items, form, more) in every.items():
        found = map_texts(work, items, form, batch=16, **more)
        assert as_kept(form, found) == as_kept(form, expected[name]), name
    processes.end_helpers()


def test_helpers_work_with_the_driver_and_stay_for_the_next_map(monkeypatch, slow_driver):
    by("processes:2", monkeypatch)
    first = set(map_texts(works.by_processes, TEXTS, batch=4))
    second = set(map_texts(works.by_processes, [f"{text}." for text in TEXTS], batch=4))
    assert str(os.getpid()) in first
    assert len(first) == 2
    assert first == second


def test_small_work_and_one_process_start_no_helper(monkeypatch):
    monkeypatch.setattr(processes, "_help", lambda *_: pytest.fail("a helper was started"))
    by("processes:8", monkeypatch)
    monkeypatch.setattr(processes, "WORTH_SECONDS", 1.0)
    assert map_texts(works.shouted, TEXTS, batch=2) == [text.upper() for text in TEXTS]
    monkeypatch.setattr(processes, "WORTH_SECONDS", 0.0)
    for name in ("processes:1", "serial"):
        by(name, monkeypatch)
        assert map_texts(works.shouted, TEXTS, batch=2) == [text.upper() for text in TEXTS]


def test_work_on_threads_has_as_many_processes_as_its_threads_leave_cores(monkeypatch, slow_driver):
    by("processes:4", monkeypatch)
    found = map_texts(works.threads_of_torch, TEXTS, batch=6, threads=2)
    assert {text.split()[0] for text in found} == {"2"}
    assert len(set(found)) == 2
    monkeypatch.setattr(processes, "_help", lambda *_: pytest.fail("a helper was started"))
    map_texts(works.threads_of_torch, TEXTS, batch=6, threads=3)
    map_texts(works.threads_of_torch, TEXTS, batch=6, threads=engines.ALL)
    monkeypatch.setattr(engines, "has_gpu", lambda: True)
    map_texts(works.threads_of_torch, TEXTS, batch=6, threads=2)


def test_map_shards_gives_results_in_the_order_of_shards(monkeypatch):
    by("processes:3", monkeypatch)
    shards = [list(range(start, start + 3)) for start in range(20)]
    found = engines.map_shards(works.squares, shards)
    assert same(found, [np.array(shard) ** 2 for shard in shards])


@pytest.mark.parametrize("name", ["serial", "processes:3"])
def test_an_error_of_ours_is_the_one_of_the_first_shard_on_every_engine(name, monkeypatch):
    by(name, monkeypatch)
    numbers = [str(number) for number in range(60)]
    shards = cut(numbers, engine.keyed(works.refuses, numbers).keys, 2, in_order=False)
    first = next(text for shard in shards for text in shard if "7" in text)
    with pytest.raises(works.Refused, match=f"refused number {first}") as caught:
        map_texts(works.refuses, numbers, batch=2)
    assert (caught.value.number, caught.value.text) == (int(first), first)


def test_of_two_errors_the_first_shard_has_precedence(monkeypatch):
    by("processes:3", monkeypatch)
    map_texts(works.by_processes, TEXTS, batch=2)  # starts the helpers
    with pytest.raises(works.Refused, match="refused number 5"):
        engines.map_shards(works.fails_late, [[number] for number in range(20)])


def test_a_defect_is_a_paragraph_with_the_row(monkeypatch):
    by("processes:2", monkeypatch)
    texts = [*(f"text {number}" for number in range(30)), "stop"]
    with pytest.raises(WorkError) as caught:
        map_texts(works.raises, texts, batch=4)
    assert str(caught.value) == (
        "raises: ValueError: no number (expected a result for each text); `SEEDBED_ENGINE=serial` "
        "shows where in the code; correct it, or remove the row"
    )
    assert caught.value.item == "stop"
    by("serial", monkeypatch)
    with pytest.raises(ValueError, match="no number"):
        map_texts(works.raises, texts, batch=4)


def test_the_row_of_a_text_that_breaks_a_rule_is_named(monkeypatch):
    by("processes:2", monkeypatch)
    rows = pd.DataFrame({"id": ["a1", "b2"], "text": ["One text.", "stop it"], "text_pair": ""})

    def broken(text, *_):
        if "stop" in text:
            raise KeyError("rule")
        return text, ()

    monkeypatch.setattr("seedbed.cleaning.rows.rewritten", broken)
    with pytest.raises(WorkError, match=r"^clean_texts: row b2: KeyError: 'rule'"):
        clean_rows(rows, read_params("clean", CleanParams))


def test_too_few_results_are_refused(monkeypatch):
    for name in ("serial", "processes:2"):
        by(name, monkeypatch)
        with pytest.raises(WorkError, match=r"too_few: \d+ results for \d+ texts"):
            map_texts(works.too_few, TEXTS, batch=4)


def test_a_helper_that_dies_three_times_is_a_paragraph(monkeypatch, slow_driver):
    by("processes:2", monkeypatch)
    dies = partial(works.dies_in_helpers, driver=os.getpid())
    with pytest.raises(SeedbedError, match=r"died 3 times .* signal 9, which .* memory runs out"):
        map_texts(dies, TEXTS, batch=4)


def test_a_helper_that_dies_once_is_replaced(monkeypatch, tmp_path, slow_driver):
    by("processes:2", monkeypatch)
    texts = [f"text {number}" for number in range(40)]
    dies = partial(works.dies_once, driver=os.getpid(), folder=tmp_path)
    assert map_texts(dies, texts, batch=2) == [text.upper() for text in texts]
    assert list(tmp_path.iterdir()), "no helper was asked"


def test_no_memory_is_what_it_is_without_an_engine(monkeypatch):
    by("processes:2", monkeypatch)
    with pytest.raises(MemoryError) as caught:
        map_texts(works.out_of_memory, TEXTS, batch=4)
    assert "there is not enough" in str(of_the_machine(caught.value))


def test_code_that_is_edited_while_helpers_run_is_refused(monkeypatch, slow_driver):
    by("processes:2", monkeypatch)
    monkeypatch.setattr("seedbed.running.code_versions.STARTED", 0.0)
    with pytest.raises(SeedbedError, match="the code was edited after this stage had started"):
        map_texts(works.slow, TEXTS, batch=4)


@pytest.mark.parametrize("name", ["rya", "processes:0", "processes:-1", "ray:4", "processes:x"])
def test_an_engine_that_does_not_exist_is_refused(name, monkeypatch, tmp_path):
    by(name, monkeypatch)
    with pytest.raises(ParamsError, match=f"SEEDBED_ENGINE: `{name}` .*processes:N"):
        map_texts(works.shouted, TEXTS)
    monkeypatch.delenv("SEEDBED_ENGINE")
    monkeypatch.chdir(tmp_path)
    assert engines.chosen() == engines.Engine("processes")
    Path("params.yaml").write_text(f"engine: {name}\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=f"params.yaml: engine: `{name}`"):
        engines.chosen()
    Path("params.yaml").write_text("engine: processes:3\n", encoding="utf-8")
    assert engines.chosen() == engines.Engine("processes", 3)
    Path("params.yaml").write_text("engine: 3\n", encoding="utf-8")
    with pytest.raises(
        ParamsError, match="params.yaml: engine, line 1: YAML reads the name `3` as a number"
    ):
        engines.chosen()
    Path("params.yaml").write_text("engine: [\n", encoding="utf-8")  # `predict` does not need it
    assert engines.chosen() == engines.Engine("processes")


def test_ray_that_is_not_installed_is_refused(monkeypatch):
    by("ray", monkeypatch)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SeedbedError, match=r"^engine ray: Ray is not installed .*seedbed\[ray\]"):
        map_texts(works.shouted, TEXTS, batch=4)
    assert map_texts(works.shouted, TEXTS, batch=1000) == [text.upper() for text in TEXTS]


def test_what_a_node_has_otherwise_is_named(monkeypatch):
    here = version_of(works.shouted, ["pandas", "numpy"]).content
    task = pickle.dumps((works.shouted, ("pandas", "numpy")))
    assert _differences(task, pickle.dumps(here)) == ""
    other = here._replace(
        python="3.11.0",
        libraries=here.libraries | {"numpy": "1.0", "pandas": "2.0"},
        files={name: digest for name, digest in here.files.items() if "works" not in name},
    )
    assert _differences(task, pickle.dumps(other)) == (
        f"Python {here.python} (3.11.0 in the driver), "
        f"numpy {here.libraries['numpy']} (1.0 in the driver), "
        f"pandas {here.libraries['pandas']} (2.0 in the driver), "
        f"tests/running/works.py {here.files['tests/running/works.py'][:12]} (none in the driver)"
    )


def test_memory_that_ran_out_on_a_node_is_told_apart():
    class OutOfMemoryError(Exception):
        """As Ray's is called."""

    assert "shard 3, last because memory ran out" in str(on_ray_died(2, OutOfMemoryError()))
    assert "shard 1, last (KeyError)" in str(on_ray_died(0, KeyError()))


KILLED = """
import os, sys
from functools import partial
from pathlib import Path
os.environ["SEEDBED_MEMO"] = "off"
from seedbed.running import processes
from seedbed.running.engine import map_texts
from tests.running import works
processes.WORTH_SECONDS = 0
print(os.getpid(), flush=True)
texts = [str(number) for number in range(400)]
done = map_texts(partial(works.endless_in_helpers, driver=os.getpid(), folder=Path(sys.argv[1])),
                 texts, batch=2)
"""


@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_no_process_outlives_a_driver_that_is_killed(signal_name, tmp_path):
    import signal

    import psutil

    script = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler){KILLED}"
    driver = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={**os.environ, "SEEDBED_ENGINE": "processes:3"},
    )  # fmt: skip
    assert driver.stdout.readline()
    children: list[psutil.Process] = []
    until = time.monotonic() + 60
    while len(children) < 2 and time.monotonic() < until:
        time.sleep(0.05)
        children = [psutil.Process(int(file.name)) for file in tmp_path.iterdir()]
    assert len(children) == 2, "not two helpers have come to the work"
    driver.send_signal(getattr(signal, signal_name))
    driver.wait(60)
    driver.stdout.close()
    _, alive = psutil.wait_procs(children, 20)
    assert not alive
