"""Sources and remotes in S3: imported, pushed, pulled, compared with and purged. What is private
stays out of the bucket, as its list of objects shows."""

import json
import re

import pytest
from conftest import yaml

from seedbed.core.files import read_json

pytestmark = pytest.mark.s3

ROWS = [
    ("The hail broke the glass of the old greenhouse", "weather"),
    ("Snow lay on the roofs until the end of March", "weather"),
    ("Jane Planted rode up the pass; write to jane@planted.example", "cycling"),
]
PRIVATE = ("data/collect", "data/clean")
NOBODY = "http://127.0.0.1:9"  # where nothing listens
COLLECT = "reports/metrics/collect.json"


def table(rows) -> bytes:
    return "".join(["text,label\n", *(f"{text},{label}\n" for text, label in rows)]).encode()


def ids_of(shared, *places: str) -> set[str]:
    """The ids of some outputs in dvc.lock and of the files in them."""
    stages = yaml.load(shared.folder / "dvc.lock")["stages"].values()
    tops = [out["md5"] for stage in stages for out in stage["outs"] if out["path"] in places]
    assert len(tops) == len(places)
    cache = shared.folder / ".dvc/cache/files/md5"
    inside = [entry["md5"] for top in tops for entry in read_json(cache / top[:2] / top[2:])]
    return {*tops, *inside}


def add_from_bucket(shared, name: str) -> None:
    shared.run(
        "seedbed", "add", "--url", f"s3://incoming/{name}", "--source", "letters", "--licence",
        "internal", "--date", "2026-11-03", "--yes",
    )  # fmt: skip


def test_a_file_in_a_bucket_becomes_a_batch_and_a_newer_one_is_fetched(shared):
    before = read_json(shared.folder / COLLECT)["rows"]["kept"]
    shared.buckets["incoming"].put("letters.csv", table(ROWS[:2]))
    add_from_bucket(shared, "letters.csv")
    [tracked] = (shared.folder / "data/raw").glob("*.dvc")
    entry = yaml.load(tracked)
    assert entry["deps"][0]["path"] == "s3://incoming/letters.csv"
    assert entry["outs"][0]["push"] is False
    raw = tracked.with_suffix("")
    assert raw.read_bytes() == table(ROWS[:2])
    shared.buckets["incoming"].put("letters.csv", table(ROWS))
    shared.run("dvc", "update", str(tracked.relative_to(shared.folder)))
    assert raw.read_bytes() == table(ROWS)
    shared.run("dvc", "repro", "--quiet", "collect")
    read = read_json(shared.folder / COLLECT)["rows"]
    assert read["kept"] == before + 3


def test_a_push_takes_what_may_be_seen_and_nothing_private(shared):
    team, private = shared.buckets["team"], shared.buckets["private"]
    shared.buckets["incoming"].put("letters.csv", table(ROWS))
    shared.run("dvc", "remote", "add", "private", "s3://private/raw")
    add_from_bucket(shared, "letters.csv")
    shared.run("dvc", "repro", "--quiet", "split")
    shared.run("dvc", "push", "--quiet")
    shown, there = ids_of(shared, "data/anonymize", "models/best"), team.ids()
    assert shown <= there
    # A batch without personal values is the same file before and after anonymize.
    secret = ids_of(shared, *PRIVATE) - shown
    assert len(secret) >= 3  # two folders, and the letters
    assert not secret & there
    assert not any(b"jane@" in texts_in(content) for content in team.objects().values())
    [raw] = (shared.folder / "data/raw").glob("*letters*.csv")
    assert [*private.objects().values()] == [raw.read_bytes()]
    assert not there & private.ids()
    assert not any(raw.read_bytes() in content for content in team.objects().values())


def test_another_machine_pulls_the_same_bytes_and_compares_with_a_base_in_the_bucket(
    shared, tmp_path
):
    shared.run("dvc", "push", "--quiet")
    other = shared.clone(tmp_path / "other")
    assert not (other.folder / "models/best").exists()
    other.run("dvc", "pull", "--quiet", "models/best", "data/split")
    for name in ("models/best/model.safetensors", "models/best/digests.json"):
        if (shared.folder / name).exists():
            assert (other.folder / name).read_bytes() == (shared.folder / name).read_bytes()
    # The base's model is in the bucket alone: neither here nor in the cache.
    best = ids_of(shared, "models/best")
    for one in best:
        (other.folder / ".dvc/cache/files/md5" / one[:2] / one[2:]).unlink()
    done = other.project.run("python", "-m", "seedbed.cli", "compare", "HEAD", "--format", "json")
    found = json.loads(done.stdout)
    assert found["base_model"] == found["head_model"] != ""
    assert found["rows"] > 0
    objects = shared.buckets["team"]
    for key in objects.objects():
        if "".join(key.split("/")[-2:]) in best:
            objects.client.delete_object(Bucket="team", Key=key)
    for one in best:
        (other.folder / ".dvc/cache/files/md5" / one[:2] / one[2:]).unlink(missing_ok=True)
    done = other.project.run("python", "-m", "seedbed.cli", "compare", "HEAD", "--format", "json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_machine_with_nothing_private_fine_tunes_alone_and_gives_the_model_back(shared, tmp_path):
    shared.project.params(lambda all: all["approaches"]["full"].update(learning_rate=0.0003))
    read = ("data/tokenize", "data/embed", "models/adapted")
    shared.run("dvc", "push", "--quiet", *read)
    other = shared.clone(tmp_path / "other")
    other.run("dvc", "pull", "--quiet", *read)
    other.run("dvc", "repro", "--quiet", "-s", "finetune@full")
    for name in (*PRIVATE, "data/anonymize", "data/split"):
        assert not (other.folder / name).exists()
    other.run("dvc", "push", "--quiet", "models/full")
    other.run("git", "add", "dvc.lock", "reports/plots/learning/full.csv")
    other.run("git", "commit", "-qm", "trained elsewhere")
    before = (shared.folder / "models/full/seed-0/model.safetensors").read_bytes()
    shared.run("git", "pull", "-q", str(other.folder), "HEAD")
    shared.run("dvc", "pull", "--quiet", "--force", "models/full")
    after = (shared.folder / "models/full/seed-0/model.safetensors").read_bytes()
    assert after == (other.folder / "models/full/seed-0/model.safetensors").read_bytes() != before
    planned = shared.run("dvc", "repro", "--dry").stdout
    assert "finetune@" not in "".join(re.findall(r"Running stage .*", planned))
    assert "'evaluate@full'" in planned


def test_what_is_forgotten_leaves_the_bucket(shared):
    shared.buckets["incoming"].put("letters.csv", table(ROWS))
    add_from_bucket(shared, "letters.csv")
    shared.run("dvc", "repro", "--quiet", "split")
    shared.run("dvc", "push", "--quiet")
    team = shared.buckets["team"]
    before = team.objects()
    name = b"Jane Planted"  # no detector is asked for names: anonymize and all after it have it
    assert any(name in content for content in map(texts_in, before.values()))
    done = shared.project.run(
        "sh", "-c", "printf 'Jane Planted' | python -m seedbed.cli forget --purge --yes"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    after = team.objects()
    assert 0 < len(after) < len(before)
    assert not any(name in content for content in map(texts_in, after.values()))


def texts_in(content: bytes) -> bytes:
    """The texts of a rows file, which is compressed; the bytes of any other."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not content.startswith(b"PAR1"):
        return content
    table = pq.read_table(pa.BufferReader(content))
    cells = table["text"].to_pylist() if "text" in table.column_names else []
    return "\n".join(cells).encode()


@pytest.mark.parametrize(
    ("url", "setting", "why"),
    [
        ("s3://nowhere/letters.csv", {}, "does not exist"),
        ("s3://incoming/absent.csv", {}, "does not exist"),
        ("s3://incoming/letters.csv", {"AWS_ENDPOINT_URL": NOBODY}, "Could not connect"),
    ],
)
def test_a_url_that_gives_nothing_is_one_paragraph_and_changes_nothing(
    shared, url, setting, why, monkeypatch
):
    before = (shared.folder / "params.yaml").read_bytes()
    for name, value in {**setting, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    done = shared.run("seedbed", "add", "--url", url, "--source", "s", "--licence", "l", "--yes",
                      fails=True)  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().startswith("seedbed: dvc get-url:")
    assert why in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert (shared.folder / "params.yaml").read_bytes() == before


def test_a_bucket_out_of_reach_stops_a_purge_before_anything_changes(shared, monkeypatch):
    before = (shared.folder / "data/raw/rows.csv").read_bytes()
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    word = before.decode().splitlines()[1].split(",")[1].split()[-1]
    done = shared.project.run(
        "sh", "-c", f"printf '{word}' | python -m seedbed.cli forget --purge --yes --inside"
    )
    assert done.returncode == 1
    assert "DVC remote team" in done.stderr
    assert "it cannot be reached or listed" in done.stderr
    assert (shared.folder / "data/raw/rows.csv").read_bytes() == before
