"""The rooms of `seedbed/` in order: a room imports only from rooms before it.

The table in docs/explanation/architecture.md is made from this list, and a test compares the
imports with its order.
"""

from typing import NamedTuple


class Room(NamedTuple):
    """A folder of `seedbed/`, and its subject."""

    name: str
    about: str


ROOMS = (
    Room("core", "what every stage needs: rows, ledger, params, files, keys, errors"),
    Room("running", "the engine for per-text work, and the memo behind it"),
    Room("pages", "the one way anything is shown: sections, tables, figures, alarms"),
    Room("cleaning", "rules that clean texts, and limits that drop them"),
    Room("collecting", "sources of every kind, read into rows"),
    Room("private", "personal data: found, and replaced by stand-ins"),
    Room("splitting", "copies and near copies, splits, the leak gate, the frozen test set"),
    Room("encoding", "texts as token ids and vectors"),
    Room("label_errors", "suspected label errors, and the policy for them"),
    Room("making", "augmentation, negatives, balancing, and what they gain"),
    Room("scoring", "metrics, intervals, paired tests, calibration, the choice"),
    Room("training", "the training loop, and what approaches share around it"),
    Room("approaches", "one file per fine-tuning approach, and the table of all"),
    Room("serving", "the model in use"),
    Room("pipeline", "the stages as dvc.yaml wires them and dvc.lock records them"),
    Room("versions", "two versions of the data, compared row by row"),
    Room("reporting", "the report, the cards, and what the model needs next"),
    Room("merging", "two branches merged into one dataset"),
    Room("gate", "whether a model may replace the current one"),
    Room("pull_request", "the report for a reviewer, and how it is posted"),
    Room("reviewing", "queues of rows, and the session in which people decide"),
    Room("review_page", "the local web page for review"),
    Room("forgetting", "a person or a row removed everywhere"),
    Room("arrivals", "a new batch: checked, rehearsed, added"),
    Room("commands", "what people type"),
    Room("upkeep", "what is made from code and tables: wiring, marked blocks, reference pages"),
)
ROOM_NAMES = tuple(room.name for room in ROOMS)
