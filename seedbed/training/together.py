"""Processes that accelerate started to train or score one model together, each with a GPU or a
share of the processor.

Every process runs the same stage on all its rows and has the whole model. Of each batch it computes
its share; losses and gradients are summed over the processes, and divided by the weights of the
whole batch, so that a step is that of one process up to rounding. Rows to score are dealt out by
whole batches, which makes scores those of one process to the bit. The main process alone writes.

Without a launcher nothing here does anything, and accelerate is not imported.
"""

import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from datetime import timedelta
from functools import wraps
from io import StringIO
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from seedbed.core.errors import ModelError, SeedbedError
from seedbed.core.files import fresh_folder
from seedbed.core.stage import launched
from seedbed.encoding.encoder import BATCH_TOKENS, outputs
from seedbed.encoding.examples import Examples, token_budget_batches
from seedbed.encoding.tokens import Encoded

LAUNCH = "SEEDBED_LAUNCH"  # arguments of `accelerate launch`
PARTS = "ACCELERATE_GRADIENT_ACCUMULATION_STEPS"  # in how many parts a share is computed
# Precision is ours to choose, and asking for neither spares accelerate's warning.
DEFAULTS = {"--num_machines": "1", "--mixed_precision": "no", "--dynamo_backend": "no"}
# Options that would be ignored, and the values that ask for nothing.
UNUSED = {
    "use_deepspeed": (False, None),
    "use_fsdp": (False, None),
    "use_megatron_lm": (False, None),
    "mixed_precision": ("no", None),
}
BUCKET = 2**25  # numbers that are summed over the processes at a time: 128 MB
PATIENCE = timedelta(hours=2)  # of a process that waits for the others; a dead one is seen at once

Main = TypeVar("Main", bound=Callable[..., str])
Value = TypeVar("Value")


class Group(NamedTuple):
    """How many processes there are, which one this is, and in how many parts, one after another, it
    computes its share of a batch (gradient accumulation)."""

    number: int = 1
    rank: int = 0
    parts: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def facts(self) -> dict[str, int]:
        """What differs from one process that computes a batch at once: nothing, for one that
        does."""
        given = {"processes": self.number, "parts": self.parts}
        return {name: value for name, value in given.items() if value > 1}

    def as_settings(self) -> dict[str, str | list[str]]:
        """The same for the card of a model that they trained."""
        return {name: str(value) for name, value in self.facts().items()}


_group = Group()  # of this process, while it has joined


def group() -> Group:
    """Return the processes that this one has joined."""
    return _group


def together(main: Main) -> Main:
    """Make a stage's `main` one that several processes can run: those that `accelerate launch`
    started, or as many as the arguments in SEEDBED_LAUNCH ask for."""

    @wraps(main)
    def on_processes(*arguments: str) -> str:
        if (given := os.environ.get(LAUNCH)) and launched() == 1:
            _launch(given, main, arguments)
        with joined():
            return main(*arguments)

    return on_processes  # type: ignore[return-value]


def _launch(given: str, main: Callable[..., str], arguments: Sequence[str]) -> NoReturn:
    """Start this stage on several processes and end as they do. Raises SeedbedError where they
    cannot be started, or one was killed."""
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    stage = Path(main.__code__.co_filename).stem
    expected, said = "arguments of `accelerate launch`: --multi_gpu --num_processes 2", StringIO()
    try:
        options = shlex.split(given)
        named = {option.partition("=")[0] for option in options}
        for option, value in DEFAULTS.items():
            options += [] if option in named or "--config_file" in named else [option, value]
        with redirect_stderr(said):
            every = [*options, "-m", f"stages.{stage}", *arguments]
            launch = launch_command_parser().parse_args(every)
    except (ValueError, SystemExit) as error:
        why = said.getvalue().strip().rpartition("\n")[2] or error
        raise SeedbedError(LAUNCH, f"{given!r} ({why})", expected, "correct it") from None
    if ignored := [name for name, value in UNUSED.items() if getattr(launch, name) not in value]:
        found = f"--{ignored[0]}, which changes nothing here"
        raise SeedbedError(LAUNCH, found, "whole models, by encoder.precision", "leave it out")
    del os.environ[LAUNCH]
    if launch.gradient_accumulation_steps:  # which accelerate passes on to DeepSpeed alone
        os.environ[PARTS] = str(launch.gradient_accumulation_steps)
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    try:
        launch_command(launch)
    except ValueError as error:  # options that do not go together
        raise SeedbedError(LAUNCH, f"{given!r} ({error})", expected, "correct it") from None
    except SignalException as error:
        sys.exit(128 + error.sigval)
    except ChildFailedError as error:
        which, failure = error.get_first_failure()
        if failure.exitcode < 0:
            found = f"process {which} was ended by signal {-failure.exitcode}"
            step = "look whether memory ran out: lower batch_tokens, or take fewer processes"
            raise SeedbedError(LAUNCH, found, "processes that end by themselves", step) from None
        sys.exit(1)  # the process said why
    except CalledProcessError:
        sys.exit(1)
    sys.exit(0)


@contextmanager
def joined() -> Iterator[Group]:
    """Join the processes that were started together with this one, until the end of the block.

    Raises SeedbedError where accelerate was asked for several processes and started one, and
    ModelError where there are fewer GPUs than processes.
    """
    global _group
    given = os.environ.get(PARTS) or "1"
    if not given.isascii() or not given.isdecimal() or not int(given):
        raise SeedbedError(PARTS, repr(given), "a whole number from 1", "correct it")
    parts = int(given)
    if launched() == 1:
        if os.environ.get("ACCELERATE_USE_CPU") == "True" and "MASTER_ADDR" in os.environ:
            found = "one process, although --num_processes asks for more (--cpu needs MPI for them)"
            step = "replace `--cpu` by `--multi_gpu`, which starts them without GPUs, too"
            raise SeedbedError("accelerate launch", found, "as many as were asked for", step)
        _group = Group(parts=parts)
        try:
            yield _group
        finally:
            _group = Group()
        return
    from accelerate import PartialState

    here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE") or launched()), torch.cuda.device_count()
    if 0 < gpus < here:
        expected, step = "at most one process for each GPU", f"lower --num_processes to {gpus}"
        raise ModelError("accelerate launch", f"{here} processes, {gpus} GPUs", expected, step)
    # Without `cpu` accelerate takes each process on a machine without GPUs for the only one.
    state = PartialState(cpu=not gpus, timeout=PATIENCE)
    _group = Group(state.num_processes, state.process_index, parts)
    try:
        yield _group
        state.wait_for_everyone()
    except SystemExit as end:  # as a command ends
        if not end.code:
            state.wait_for_everyone()
        raise
    finally:
        _group = Group()
        state.destroy_process_group()


@contextmanager
def one_first() -> Iterator[None]:
    """Let one process of each machine run the block before the others, which find what it made."""
    if _group.number == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().local_main_process_first():
        yield


@contextmanager
def written(folder: Path) -> Iterator[Path]:
    """Give a folder to write to, which takes the place of `folder` at the end of the block; to a
    process that does not write, a temporary one."""
    if _group.is_main:
        with fresh_folder(folder) as fresh:
            yield fresh
        return
    with tempfile.TemporaryDirectory() as spare:
        yield Path(spare)


def shares(batch: np.ndarray, whole: bool) -> list[np.ndarray]:
    """Return the rows of a batch that this process computes, in the parts that it does so in:
    adjacent rows, which are of like length, and none of them empty.

    `whole`: the loss of a row reads other rows of the batch, so that the main process computes all
    of it at once.
    """
    if whole:
        return [batch] if _group.is_main else []
    parts = _group.parts
    every = np.array_split(batch, _group.number * parts)
    own = every[_group.rank * parts : (_group.rank + 1) * parts]
    return [rows for rows in own if len(rows)]


def summed(loss: Tensor, weights: Iterable[nn.Parameter]) -> Tensor:
    """Sum a loss and the gradients of weights over all processes, the gradients in place.

    A weight that no process has a gradient of keeps none, or AdamW would let it decay.
    """
    if _group.number == 1:
        return loss
    trained = [weight for weight in weights if weight.requires_grad]
    there = [float(weight.grad is not None) for weight in trained]
    first = torch.cat([loss.float().reshape(1), torch.tensor(there, device=loss.device)])
    torch.distributed.all_reduce(first)
    used = [weight for weight, times in zip(trained, first[1:].tolist(), strict=True) if times > 0]
    bucket: list[nn.Parameter] = []
    for weight in used:
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
        bucket.append(weight)
        if weight is used[-1] or sum(one.numel() for one in bucket) >= BUCKET:
            flat = torch.cat([one.grad.flatten() for one in bucket if one.grad is not None])
            torch.distributed.all_reduce(flat)
            sizes = [one.numel() for one in bucket]
            for one, part in zip(bucket, flat.split(sizes), strict=True):
                one.grad = part.view_as(one)
            bucket = []
    return first[0]


def draw_apart(seed: int, epoch: int) -> None:
    """Let each process draw other numbers, such as for dropout: of an epoch always the same ones,
    so that a training that was killed continues as it would have."""
    if _group.number > 1:
        source = np.random.SeedSequence([seed, epoch, _group.rank])
        torch.manual_seed(int(source.generate_state(1, np.uint64)[0] >> 1))


def from_main(value: Value) -> Value:
    """Return the value that the main process has; it may be of any plain type."""
    if _group.number == 1:
        return value
    box = [value]
    torch.distributed.broadcast_object_list(box, src=0)
    return box[0]


def tensors_from_main(tensors: Mapping[str, Tensor], where: torch.device) -> dict[str, Tensor]:
    """Return the tensors that the main process has, by name, on `where`; what another process
    passes is not read."""
    if _group.number == 1:
        return dict(tensors)
    shapes = {name: (tuple(one.shape), one.dtype) for name, one in tensors.items()}
    found = {}
    for name, (shape, dtype) in from_main(shapes).items():
        tensor = tensors[name] if _group.is_main else torch.empty(shape, dtype=dtype)
        found[name] = tensor.to(where).contiguous()
        torch.distributed.broadcast(found[name], src=0)
    return found


def same_weights(weights: Iterable[Tensor]) -> None:
    """Give every process the weights of the main one: fits that they start from may differ in the
    last bits from machine to machine."""
    if _group.number > 1:
        for weight in weights:
            torch.distributed.broadcast(weight, src=0)


def own(batches: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the batches that this process computes, of some that were sorted by length."""
    return list(batches[_group.rank :: _group.number])


def gathered(own: Value) -> list[Value]:
    """Return what each process has, in their order."""
    if _group.number == 1:
        return [own]
    found: list[Any] = [None] * _group.number
    torch.distributed.all_gather_object(found, own)
    return found


def shared_outputs(
    module: nn.Module, rows: Encoded | Examples, dtype: torch.dtype, label: str
) -> np.ndarray:
    """Return the `outputs` of a module for all windows, computed by all processes: (windows, width)
    float32. Every process has to call this."""
    if _group.number == 1 or not len(rows.ids):
        return outputs(module, rows, dtype, label)
    batches = own(token_budget_batches([len(ids) for ids in rows.ids], BATCH_TOKENS))
    found: tuple[np.ndarray, np.ndarray] | None = None
    if batches:
        # In the order of `rows`, so that `outputs` cuts them into the same batches again.
        windows = np.sort(np.concatenate(batches))
        found = windows, outputs(module, _windows(rows, windows), dtype, label)
    parts = [part for part in gathered(found) if part is not None]
    indices = np.concatenate([windows for windows, _ in parts])
    in_order: np.ndarray = np.concatenate([values for _, values in parts])[np.argsort(indices)]
    return in_order


def _windows(rows: Encoded | Examples, windows: np.ndarray) -> Examples:
    """Some windows as examples, of which `outputs` reads the tokens alone."""
    ids = [rows.ids[index] for index in windows]
    segments = None if rows.segments is None else [rows.segments[index] for index in windows]
    nothing = np.zeros(len(ids), np.int64)
    return Examples(ids, segments, nothing, nothing, [""] * len(ids))
