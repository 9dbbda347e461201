"""Work of tests, in a module that worker processes can import."""

import locale
import os
import signal
import time
from pathlib import Path

import numpy as np

from seedbed.core.errors import SeedbedError


class Refused(SeedbedError):
    """An error whose constructor takes other things than its text."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__("a test", f"refused number {number}")
        self.number, self.text = number, text


def shouted(texts):
    return [text.upper() for text in texts]


def slow(texts):
    time.sleep(0.2)
    return [text.upper() for text in texts]


def by_processes(texts):
    """The process that did it; slow, so that helpers get some."""
    time.sleep(0.1)
    return [str(os.getpid())] * len(texts)


def surroundings(texts):
    """What a result must not depend on, but may: to see that workers have other ones."""
    time.sleep(0.1)
    text = f"{hash('a')} {locale.setlocale(locale.LC_ALL)} {time.tzname} {os.environ.get('TZ')}"
    return [text] * len(texts)


def raises(texts):
    if "stop" in texts:
        raise ValueError("no number")
    return shouted(texts)


def refuses(texts):
    time.sleep(0.02)
    for text in texts:
        if "7" in text:
            raise Refused(int(text), text)
    return shouted(texts)


def too_few(texts):
    return shouted(texts)[1:]


def dies_in_helpers(texts, driver):
    if os.getpid() != driver:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return shouted(texts)


def dies_once(texts, driver, folder: Path):
    """Die in a helper the first time that it has these texts."""
    time.sleep(0.1)
    mark = folder / texts[0]
    if os.getpid() != driver and not mark.exists():
        mark.touch()
        os._exit(3)
    return shouted(texts)


def endless_in_helpers(texts, driver, folder: Path):
    """Never come back in a helper, which leaves a file with its number."""
    if os.getpid() != driver:
        (folder / str(os.getpid())).touch()
        time.sleep(600)
    time.sleep(0.2)
    return shouted(texts)


def fails_late(numbers):
    """Refuse numbers from 5 on, the first of them last."""
    if numbers[0] >= 5:
        time.sleep(2.0 if numbers[0] == 5 else 0.0)
        raise Refused(numbers[0], "")
    return [number + 1 for number in numbers]


def out_of_memory(texts):
    raise MemoryError


def squares(numbers):
    time.sleep(0.05)
    return np.array(numbers) ** 2


def threads_of_torch(texts):
    import torch

    time.sleep(0.1)
    return [f"{torch.get_num_threads()} {os.getpid()}" for _ in texts]
