"""The rooms of `seedbed/` in order: a room imports only from rooms before it.

The table in docs/explanation/architecture.md is made from this list, and a test compares the
imports with its order.
"""

# Each folder of `seedbed/`, and its subject.
ROOMS = {
    "core": "what every stage needs: rows, ledger, params, files, keys, errors",
    "running": "the engine for per-text work, and the memo behind it",
    "pages": "the one way anything is shown: sections, tables, figures, alarms",
    "cleaning": "rules that clean texts, and limits that drop them",
    "collecting": "sources of every kind, read into rows",
    "private": "personal data: found, and replaced by stand-ins",
    "splitting": "copies and near copies, splits, the leak gate, the frozen test set",
    "encoding": "texts as token ids and vectors",
    "label_errors": "suspected label errors, and the policy for them",
    "making": "augmentation, negatives, balancing, and what they gain",
    "scoring": "metrics, intervals, paired tests, calibration, the choice",
    "training": "the training loop, and what approaches share around it",
    "approaches": "one file per fine-tuning approach, and the table of all",
    "serving": "the model in use",
    "pipeline": "the stages as dvc.yaml wires them and dvc.lock records them",
    "versions": "two versions of the data, compared row by row",
    "reporting": "the report, the cards, and what the model needs next",
    "merging": "two branches merged into one dataset",
    "gate": "whether a model may replace the current one",
    "pull_request": "the report for a reviewer, and how it is posted",
    "reviewing": "queues of rows, and the session in which people decide",
    "review_page": "the local web page for review",
    "forgetting": "a person or a row removed everywhere",
    "arrivals": "a new batch: checked, rehearsed, added",
    "commands": "what people type",
    "upkeep": "what is made from code and tables: wiring, marked blocks, reference pages",
}
ROOM_NAMES = tuple(ROOMS)
