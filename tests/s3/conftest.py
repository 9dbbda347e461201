"""A server that speaks S3 on this machine, and the example project with a remote in it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, Project

SERVER = ROOT / ".seedbed/moto/bin/moto_server"
KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "hidden-secret",
        "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
GIT = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org"]


class Bucket(NamedTuple):
    """A bucket, by a client of its own, which shares no code with DVC."""

    client: object
    name: str

    def objects(self) -> dict[str, bytes]:
        """Every object by its key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        read = self.client.get_object
        return {key: read(Bucket=self.name, Key=key)["Body"].read() for key in keys}

    def ids(self) -> set[str]:
        """The ids of DVC's objects in it."""
        return {"".join(key.split("/")[-2:]) for key in self.objects()}

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of the server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    command = [str(SERVER), "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as server:
        try:
            for _ in range(300):
                with socket.socket() as asking:
                    if asking.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, f"{SERVER} ended"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def buckets(endpoint) -> Iterator[dict[str, Bucket]]:
    """Three empty buckets: where data comes from, the team's remote, and the private one."""
    from botocore.session import get_session

    client = get_session().create_client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1",
    )  # fmt: skip
    made = {name: Bucket(client, name) for name in ("incoming", "team", "private")}
    for bucket in made.values():
        client.create_bucket(Bucket=bucket.name)
    yield made
    for bucket in made.values():
        for key in bucket.objects():
            client.delete_object(Bucket=bucket.name, Key=key)
        client.delete_bucket(Bucket=bucket.name)
    client.close()


class Shared(NamedTuple):
    """A project whose remote `team` is a bucket."""

    project: Project
    buckets: dict[str, Bucket]

    @property
    def folder(self) -> Path:
        return self.project.folder

    def run(self, *command: str, fails: bool = False) -> subprocess.CompletedProcess:
        """Run `dvc`, `seedbed` or `git` there; it must fail only where that is expected."""
        program, *rest = command
        start = {
            "dvc": [sys.executable, "-m", "dvc"], "git": GIT,
            "seedbed": [sys.executable, "-m", "seedbed.cli"],
        }[program]  # fmt: skip
        done = self.project.run(*start, *rest)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        assert "hidden-secret" not in done.stdout + done.stderr
        return done

    def clone(self, folder: Path) -> "Shared":
        """Another machine: what git has, and an empty cache."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", "a run")
        self.run("git", "clone", "-q", str(self.folder), str(folder))
        return Shared(Project(folder, self.project.trace), self.buckets)


@pytest.fixture
def shared(example, buckets, endpoint, tmp_path, monkeypatch) -> Shared:
    """The example after its run, with a remote that nothing was pushed to."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith(("AWS_PROFILE", "AWS_SESSION"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    found = Shared(Project(folder, tmp_path / "trace.tsv"), buckets)
    found.run("dvc", "remote", "add", "--default", "team", "s3://team/cache")
    return found
