"""A helper process of the engine: takes shards from its standard input until that is closed.

A message is the length of a pickle in 8 bytes, and the pickle. A request is (function, shard), both
pickled by the driver; the reply is (True, result), or (False, how to raise the error again).
"""

import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import IO, Any, NamedTuple

from seedbed.core.errors import SeedbedError

LENGTH_BYTES = 8


class Failure(NamedTuple):
    """An error of a worker, in a form that can be raised in the driver."""

    kind: type[BaseException]
    arguments: tuple[Any, ...]
    state: dict[str, object]
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Take an error apart; what cannot be pickled of it becomes text."""
        trace = "".join(traceback.format_exception(error))
        failure = cls(type(error), error.args, dict(vars(error)), trace)
        try:
            pickle.loads(pickle.dumps(failure))
        except Exception:
            return cls(RuntimeError, (f"{type(error).__name__}: {error}",), {}, trace)
        return failure

    def error(self) -> BaseException:
        """Return the error; that of a defect has the worker's traceback as a note."""
        # Constructors of ours take other arguments than the text that `args` holds.
        error = self.kind.__new__(self.kind, *self.arguments)
        error.args = self.arguments
        vars(error).update(self.state)
        if not isinstance(error, SeedbedError):
            error.add_note(f"in a worker:\n{self.trace}")
        return error


def send(stream: IO[bytes], content: bytes) -> None:
    """Write a message."""
    stream.write(len(content).to_bytes(LENGTH_BYTES, "big"))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read a message; None where the stream ends, also in the middle of one."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "big")
    content = stream.read(size)
    return content if len(content) == size else None


def attempt(function: bytes, shard: bytes | None) -> bytes:
    """Return the reply to a request; `function` and `shard` are pickles. Without a shard it imports
    what the function needs."""
    try:
        work = pickle.loads(function)
        reply = True, None if shard is None else work(pickle.loads(shard))
        return pickle.dumps(reply, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return pickle.dumps((False, Failure.of(error)))


def main() -> None:
    """Answer requests until the driver closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver, which ends workers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        while (request := receive(sys.stdin.buffer)) is not None:
            requests.put(request)
        os._exit(0)  # in the middle of a shard, too: nobody waits for it

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            send(answers, attempt(*pickle.loads(requests.get())))
    except OSError:
        os._exit(0)  # likewise
