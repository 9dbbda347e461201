"""Several processes train and score one model: the steps are those of one process, the main process
alone writes, a kill costs an epoch at most, and what cannot be run together is refused."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from conftest import ROOT
from trained_together import PARAMS, classes, dialogues, prepare, train

from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_csv, read_json
from seedbed.encoding import encoder
from seedbed.encoding.encoder import SentenceEncoder, load_model
from seedbed.training import together
from seedbed.training.models import check_files

NAMES = tuple(PARAMS)
BOUND = 1e-5  # of a step's loss, between one process and two
ACCELERATE = [
    sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
    "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
]  # fmt: skip


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def two() -> str:
    """The options of `accelerate launch` for two processes."""
    return f"--multi_gpu --num_processes 2 --main_process_port {free_port()}"


def environments() -> list[dict[str, str]]:
    """What a launcher sets for each of two processes."""
    shared = {
        **os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(),
    }  # fmt: skip
    return [{**shared, "RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]


def by_both(folder: Path, *names: str, fault: str = "") -> list[int]:
    """Train by two processes, and give their exit codes."""
    script = [sys.executable, str(ROOT / "tests/trained_together.py"), str(folder), fault, *names]
    running = [subprocess.Popen(script, env=one) for one in environments()]
    if fault.startswith("kill"):
        running[0].wait()
        running[1].kill()  # as the launcher does
    return [process.wait() for process in running]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[str, Path]:
    """The folder of models that one process trained, the same by two, and by two that divide by
    the weight of their own share."""
    one = tmp_path_factory.mktemp("one")
    prepare(one)
    made = {name: tmp_path_factory.mktemp(name) / "made" for name in ("two", "wrong")}
    for folder in made.values():
        shutil.copytree(one, folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in NAMES:
        train(one, name)
    torch.set_num_threads(threads)
    assert by_both(made["two"], *NAMES) == [0, 0]
    assert by_both(made["wrong"], "full", "chat", fault="own_share") == [0, 0]
    return {"one": one, **made}


def furthest(one: Path, other: Path, name: str) -> float:
    """The largest difference between the losses of two trainings, step by step."""
    first, second = (read_json(folder / f"{name}.json")["steps"] for folder in (one, other))
    assert len(first) == len(second) >= 6
    assert np.ptp(first) > 1000 * BOUND  # the weights move
    return max(abs(np.subtract(first, second)))


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_take_the_steps_of_one(trained, name):
    one, two = trained["one"], trained["two"]
    assert furthest(one, two, name) < BOUND
    score = "validation_loss" if name in ("chat", "packed") else "validation_macro_f1"
    ends = [read_json(folder / f"{name}.json")["curve"][-1][score] for folder in (one, two)]
    assert ends[0] == pytest.approx(ends[1], abs=BOUND)
    check_files(two / name)
    alone, both = (read_json(folder / name / "seedbed.json")["settings"] for folder in (one, two))
    assert set(both) - set(alone) == {"processes"}
    assert both["processes"] == "2"


@pytest.mark.parametrize("name", ["full", "chat"])
def test_the_bound_refuses_losses_that_are_divided_by_the_weight_of_a_share(trained, name):
    assert furthest(trained["one"], trained["wrong"], name) > 100 * BOUND


def test_a_batch_in_parts_takes_the_steps_of_a_whole_one(trained, tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.setenv(together.PARTS, "3")
    with together.joined():
        train(tmp_path, "chat")
    assert furthest(trained["one"], tmp_path, "chat") < BOUND
    assert read_json(tmp_path / "chat/seedbed.json")["settings"]["parts"] == "3"


def test_a_training_that_was_killed_continues_on_both_processes(trained):
    folder = trained["two"]
    whole = read_json(folder / "full.json")
    weights = (folder / "full/model.safetensors").read_bytes()
    shutil.rmtree(folder / "full")
    codes = by_both(folder, "full", fault="kill5")  # two steps an epoch: in the third
    assert codes[0] == -9
    assert not (folder / "full").exists()
    assert len(list((folder / "checkpoints/full").glob("*.safetensors"))) == 1
    assert by_both(folder, "full") == [0, 0]
    rest = read_json(folder / "full.json")
    assert rest == {"steps": whole["steps"][4:], "curve": whole["curve"]}
    assert (folder / "full/model.safetensors").read_bytes() == weights


def test_shares_are_all_of_a_batch_and_a_row_is_in_one(monkeypatch):
    batch = np.arange(10, 17)
    for number, parts in ((1, 1), (2, 1), (3, 2), (9, 1)):
        groups = [together.Group(number, rank, parts) for rank in range(number)]
        found, whole = [], []
        for group in groups:
            monkeypatch.setattr(together, "_group", group)
            found += together.shares(batch, whole=False)
            whole += together.shares(batch, whole=True)
        assert np.concatenate(found).tolist() == batch.tolist()
        assert all(map(len, found))
        assert [rows.tolist() for rows in whole] == [batch.tolist()]


class Waiting(Exception):
    """A process has done its share and waits for the others."""


def by_three(compute, monkeypatch):
    """What three processes compute together, one after the other."""
    done = []

    def gathered(own):
        done.append(own)
        if len(done) < 3:
            raise Waiting
        return done

    monkeypatch.setattr(together, "gathered", gathered)
    for rank in (0, 1):
        monkeypatch.setattr(together, "_group", together.Group(3, rank))
        with pytest.raises(Waiting):
            compute()
    monkeypatch.setattr(together, "_group", together.Group(3, 2))
    return compute()


def test_rows_to_score_are_dealt_in_whole_batches_so_that_scores_are_the_same_bits(
    trained, monkeypatch
):
    from seedbed.training.chat import generation, losses
    from seedbed.training.chat.bases import load_writer

    data, talks = classes(trained["one"]), dialogues(trained["one"])
    model = load_writer(trained["one"] / "writer")
    module = losses.AnswerLogits(model)
    encoder_model = SentenceEncoder(load_model(data.encoder), "mean")
    writer = generation.Writer(model, [2], 512)
    prompts = [ids[:9] for ids in talks.train.ids]
    computed = {
        "outputs": lambda: together.shared_outputs(encoder_model, data.train, torch.float32, ""),
        "losses": lambda: losses.answer_losses(module, talks.train, torch.float32, ""),
        "answers": lambda: [[*one.ids, one.ended] for one in writer.write(prompts, 5, "")],
    }
    for name, compute in computed.items():
        for tokens in (40, 10**6):  # many batches, and one, of which two processes have no share
            with monkeypatch.context() as patch:
                for module_of_it in (encoder, together, losses):
                    patch.setattr(module_of_it, "BATCH_TOKENS", tokens)
                patch.setattr(generation, "BATCH_ROWS", 2 if tokens < 100 else 100)
                alone = compute()
                shared = by_three(compute, patch)
            assert np.array_equal(shared, alone), name
            assert len(alone) == len(data.train.ids if name == "outputs" else talks.train.ids)


def files_of(folder: Path, *names: str) -> dict[str, bytes]:
    """The bytes of all files below some folders, by name."""
    every = (file for name in names for file in sorted((folder / name).rglob("*")))
    files = (file for file in every if file.is_file() and file.name != ".gitignore")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def project(example, tmp_path_factory) -> Path:
    """A copy of the example after its run."""
    copy = tmp_path_factory.mktemp("project") / "copy"
    shutil.copytree(example.folder, copy, symlinks=True)
    return copy


def run(project: Path, command: list[str], **more: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **more}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_a_stage_is_run_by_as_many_processes_as_the_environment_asks_for(project):
    costs = project / ".seedbed/costs.jsonl"
    costs.unlink(missing_ok=True)
    before = read_csv(project / "reports/plots/learning/full.csv")
    one = [sys.executable, "-m", "stages.finetune", "full"]
    done = run(project, one, SEEDBED_LAUNCH=f"{two()} --gradient_accumulation_steps 2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finetune@full:") == 1
    assert ", 2 processes, 2 parts (" in done.stdout
    runs = read_json(project / "models/full/runs.json")
    assert (runs["processes"], runs["parts"]) == (2, 2)
    [line] = [json.loads(line) for line in costs.read_text().splitlines()]
    assert (line["stage"], line["processes"]) == ("finetune@full", 2)
    assert not (project / ".seedbed/checkpoints/full").exists()
    after = read_csv(project / "reports/plots/learning/full.csv")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert float(new["train_loss"]) == pytest.approx(float(old["train_loss"]), abs=BOUND)


def test_two_processes_score_as_one_to_the_byte(project):
    places = "data/evaluate/lora", "reports/metrics/evaluate/lora", "reports/plots"
    before = files_of(project, *places)
    command = [*ACCELERATE, "--main_process_port", free_port(), "-m", "stages.evaluate", "lora"]
    shutil.rmtree(project / "data/evaluate/lora")
    done = run(project, command)
    assert done.returncode == 0, done.stderr
    assert files_of(project, *places) == before
    assert done.stdout.count("evaluate@lora:") == 1


def test_two_processes_predict_as_one_to_the_byte(project):
    texts = [line["text"] for line in read_csv(project / "data/raw/rows.csv")]
    (project / "in.jsonl").write_text("".join(json.dumps({"text": one}) + "\n" for one in texts))
    predict = ["-m", "seedbed.cli", "predict", "in.jsonl"]
    alone = run(project, [sys.executable, *predict, "one.csv"])
    assert alone.returncode == 0, alone.stderr
    both = run(project, [*ACCELERATE, "--main_process_port", free_port(), *predict, "two.csv"])
    assert both.returncode == 0, both.stderr
    assert (project / "two.csv").read_bytes() == (project / "one.csv").read_bytes()
    assert both.stdout == alone.stdout.replace("one.csv", "two.csv")


def test_a_stage_that_cannot_be_shared_is_refused_and_writes_nothing(project):
    before = files_of(project, "data/clean")
    done = run(project, [sys.executable, "-m", "stages.clean"], WORLD_SIZE="2", RANK="0")
    assert done.returncode == 1
    assert "accelerate launch: 2 processes (expected one process" in done.stderr
    assert "python -m stages.clean" in done.stderr
    assert files_of(project, "data/clean") == before


def test_a_launcher_that_started_one_process_of_several_is_told(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(SeedbedError, match="replace `--cpu` by `--multi_gpu`"), together.joined():
        pass


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "²"])
def test_a_number_of_parts_that_is_none_is_told(monkeypatch, given):
    monkeypatch.setenv(together.PARTS, given)
    with pytest.raises(SeedbedError, match="a whole number from 1"), together.joined():
        pass


@pytest.mark.parametrize(
    "given",
    [
        "--x 'y",
        "--bogus",
        "--cpu --multi_gpu --num_processes 2",
        "--multi_gpu --mixed_precision bf16",
        "--use_fsdp",
    ],
)
def test_arguments_that_are_none_are_told(project, given):
    done = run(project, [sys.executable, "-m", "stages.finetune", "full"], SEEDBED_LAUNCH=given)
    assert done.returncode == 1
    assert "seedbed: finetune@full: SEEDBED_LAUNCH:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("killed", ["one of the two", "the launcher"])
def test_no_process_outlives_the_others_and_the_outputs_stay(project, killed):
    before = files_of(project, "models/lora")
    command = [sys.executable, "-m", "stages.finetune", "lora"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    environment["SEEDBED_LAUNCH"] = two()
    environment.pop("PYTHONPATH", None)
    with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE) as stage:
        launcher = psutil.Process(stage.pid)
        while len(both := launcher.children()) < 2:
            assert stage.poll() is None
            time.sleep(0.1)
        if killed == "the launcher":
            launcher.terminate()
        else:
            both[1].kill()
        said = stage.stderr.read().decode()
    assert stage.returncode != 0
    assert not [process for process in both if process.is_running()]
    assert "Traceback" not in said
    if killed == "one of the two":
        assert "SEEDBED_LAUNCH: process 1 was ended by signal 9" in said
    assert files_of(project, "models/lora") == before


def test_a_mistake_that_all_meet_is_one_paragraph(project):
    text = (project / "params.yaml").read_text()
    wrong = text.replace("learning_rate: 3.0e-3", "learning_rate: -1")
    assert wrong != text
    (project / "params.yaml").write_text(wrong)
    command = [sys.executable, "-m", "stages.finetune", "lora"]
    done = run(project, command, SEEDBED_LAUNCH=two())
    (project / "params.yaml").write_text(text)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("seedbed: finetune@lora: params.yaml: approaches.lora")
    assert done.stderr.strip().count("\n") == 0
