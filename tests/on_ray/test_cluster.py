"""A real Ray cluster of several nodes, each with processes of its own, on this machine: the same
bytes as one process, while nodes die and join."""

import os
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import tiny_encoder

from seedbed.cleaning.rows import clean_texts
from seedbed.cleaning.rules import RULE_NAMES, Limits
from seedbed.core.errors import SeedbedError, WorkError
from seedbed.core.params import read_params
from seedbed.private.detection import NAME_DATA, changes
from seedbed.private.kinds import AnonymizeParams
from seedbed.running import on_ray
from seedbed.running.engine import FLOAT32, JSON, UINT64, map_texts
from seedbed.splitting.shingles import shingles_of
from tests.running import works

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]
MEMORY = 150 * 2**20  # of a node's object store, the least that Ray takes is 75 MB
TEXTS = 3000


def made_texts() -> list[str]:
    """Reviews made of a few words, some with a name, a number or an address."""
    chance = random.Random(0)
    words = (
        "the film plot actors music scenes were was dull bright long short but and <br/>".split()
    )
    more = ("", "", "Write to ann.lee@shop.com.", "Call 020 7946 0958.", "John Smith was in it.")
    return [
        f"{number}. {' '.join(chance.choices(words, k=60))} {chance.choice(more)}"
        for number in range(TEXTS)
    ]


class Nodes:
    """The nodes of the cluster besides its head."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.last = self.add()

    def add(self, **environment: str) -> Any:
        self.last = self.cluster.add_node(
            num_cpus=1, object_store_memory=MEMORY, env_vars=environment or None
        )
        return self.last

    def kill(self) -> None:
        """Kill all processes of the last node, without grace."""
        raylet = psutil.Process(self.last.all_processes["raylet"][0].process.pid)
        every = [raylet, *raylet.children(recursive=True)]
        for process in every:
            process.kill()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A cluster of two nodes, with one CPU each."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": MEMORY}
    )
    os.environ["RAY_ADDRESS"] = cluster.address
    os.environ["SEEDBED_MEMO"] = "off"
    yield Nodes(cluster)
    ray.shutdown()
    cluster.shutdown()
    del os.environ["RAY_ADDRESS"], os.environ["SEEDBED_MEMO"]


def on_both(monkeypatch, work, items, form=JSON, **more) -> None:
    """Compare the bytes of one process and of the cluster."""
    monkeypatch.setenv("SEEDBED_ENGINE", "serial")
    expected = [form.pack(value) for value in map_texts(work, items, form, **more)]
    monkeypatch.setenv("SEEDBED_ENGINE", "ray")
    found = [form.pack(value) for value in map_texts(work, items, form, **more)]
    assert found == expected


@pytest.fixture
def disturbed(nodes, monkeypatch):
    """Kill a node after some replies, and let another one join; what came of it."""
    replies = on_ray._Crew.replies
    seen: list[object] = []

    def counted(crew):
        for index, reply in replies(crew):
            seen.append(reply)
            if len(seen) == 4:
                nodes.kill()
                nodes.add()
            yield index, reply

    monkeypatch.setattr(on_ray._Crew, "replies", counted)
    return seen


def test_the_data_stages_give_the_same_bytes_while_a_node_dies_and_another_joins(
    nodes, disturbed, monkeypatch
):
    texts = made_texts()
    clean = partial(clean_texts, rules=RULE_NAMES, limits=Limits())
    on_both(monkeypatch, clean, texts, batch=100)
    wanted = AnonymizeParams(
        **read_params("anonymize", dict) | {"names": ["person", "place"]}
    ).wanted
    work = partial(changes, wanted=wanted, key=b"k", mode="placeholder")
    on_both(monkeypatch, work, texts[:1000], batch=50, libraries=NAME_DATA)
    on_both(monkeypatch, partial(shingles_of, words=3), texts, UINT64, batch=200)
    assert len(disturbed) >= 30 + 20 + 15


@pytest.mark.parametrize("libraries", [(), ("names",)])  # by tasks, and by actors
def test_a_shard_whose_node_dies_is_done_by_another(nodes, disturbed, monkeypatch, libraries):
    texts = [f"text {number}" for number in range(60)]
    on_both(monkeypatch, works.slow, texts, batch=2, libraries=libraries)
    died = [reply for reply in disturbed if isinstance(reply, Exception)]
    assert died, "no shard was lost: the node was killed too late"


def test_vectors_by_actors_are_the_same_bytes(nodes, disturbed, monkeypatch, tmp_path):
    import torch

    from seedbed.encoding.encoder import embed_texts
    from seedbed.encoding.tokens import Truncation

    texts = made_texts()[:2000]
    tiny_encoder(tmp_path / "tiny", texts)
    monkeypatch.chdir(tmp_path)  # a relative folder means the driver's on every node
    torch.set_num_threads(1)
    embed = partial(embed_texts, folder=Path("tiny"), truncation=Truncation(64), dtype="float32")
    on_both(monkeypatch, embed, texts, FLOAT32, batch=200, threads=1)
    assert len(disturbed) >= 10


def test_a_defect_on_a_node_is_a_paragraph(nodes, monkeypatch):
    monkeypatch.setenv("SEEDBED_ENGINE", "ray")
    texts = [*(f"text {number}" for number in range(30)), "stop"]
    with pytest.raises(WorkError, match=r"^raises: ValueError: no number \(expected a result"):
        map_texts(works.raises, texts, batch=4)
    with pytest.raises(works.Refused, match="refused number"):
        map_texts(works.refuses, [str(number) for number in range(60)], batch=2)
    with pytest.raises(WorkError, match=r"too_few: \d+ results for \d+ texts"):
        map_texts(works.too_few, texts, batch=4)


@pytest.mark.parametrize("libraries", [(), ("names",)])
def test_a_worker_that_dies_three_times_is_a_paragraph(nodes, monkeypatch, libraries):
    monkeypatch.setenv("SEEDBED_ENGINE", "ray")
    dies = partial(works.dies_in_helpers, driver=os.getpid())
    with pytest.raises(SeedbedError, match=r"^a Ray worker: it died 3 times on shard \d+, last"):
        map_texts(dies, [f"text {number}" for number in range(8)], batch=4, libraries=libraries)


OTHER_VERSION = """
from importlib import metadata
known = metadata.version
metadata.version = lambda name: "0.9" if name == "ftfy" else known(name)
"""


def test_a_node_of_another_version_is_refused_before_any_work(nodes, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(OTHER_VERSION)
    nodes.add(PYTHONPATH=f"{tmp_path}")
    monkeypatch.setenv("SEEDBED_ENGINE", "ray")
    clean = partial(clean_texts, rules=RULE_NAMES, limits=Limits())
    message = r"^Ray node .*other versions than the driver's: ftfy 0\.9 \(6\.\d.* in the driver\)"
    with pytest.raises(SeedbedError, match=message):
        map_texts(clean, made_texts()[:20], batch=4)
    # Also if it joins later: a process of it compares before it works.
    monkeypatch.setattr(on_ray, "_check_nodes", lambda *_: None)
    with pytest.raises(SeedbedError, match=message):
        map_texts(clean, made_texts(), batch=50)
    nodes.kill()
    time.sleep(1)


def test_an_address_without_a_cluster_is_refused(nodes, monkeypatch):
    import ray

    ray.shutdown()
    monkeypatch.setenv("SEEDBED_ENGINE", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(SeedbedError, match=r"^engine ray: RAY_ADDRESS 127\.0\.0\.1:1: .*ray start"):
        map_texts(works.shouted, ["a", "b", "c"], batch=1)
