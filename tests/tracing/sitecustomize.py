"""Writes every file of the working folder that a stage opens to the file SEEDBED_TRACE names."""

import os
import sys

if trace := os.environ.get("SEEDBED_TRACE"):
    top = os.getcwd() + os.sep
    log = open(trace, "a", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    stage = " ".join(sys.orig_argv[2:])

    def hook(event, arguments):
        if event not in ("open", "os.listdir", "os.scandir"):
            return
        path = arguments[0]
        if not isinstance(path, str | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(path))
        if path.startswith(top):
            mode = arguments[1] if event == "open" and isinstance(arguments[1], str) else "r"
            flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
            written = any(c in mode for c in "wax+") or flags & (os.O_WRONLY | os.O_RDWR)
            log.write(f"{stage}\t{'w' if written else 'r'}\t{path[len(top) :]}\n")
            log.flush()

    if stage.startswith("stages."):
        sys.addaudithook(hook)
