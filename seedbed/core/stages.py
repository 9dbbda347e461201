"""The stages of the pipeline, in order: the one list of them.

Sections of params.yaml, the chain of rows in the report, the graph, the reference and tests are
made from it. dvc.yaml wires the same stages, and a test compares.
"""

from typing import NamedTuple


class StageEntry(NamedTuple):
    """A stage of the pipeline."""

    name: str  # of the script in stages/, in dvc.yaml, and of the section in params.yaml
    about: str  # one sentence: what it does
    passes_rows: bool = False  # part of the chain in which each stage reads what the last one kept
    has_section: bool = True  # whether params.yaml has a section of its name
    has_metrics: bool = True  # whether it writes reports/metrics/NAME.json


STAGES = (
    StageEntry("collect", "Read all sources into rows.", passes_rows=True),
    StageEntry("clean", "Clean the texts, and drop those not worth keeping.", passes_rows=True),
    StageEntry("anonymize", "Replace personal values in the texts.", passes_rows=True),
    StageEntry("apply_decisions", "Apply people's decisions to the labels.", passes_rows=True),
    StageEntry("deduplicate", "Drop exact and near copies.", passes_rows=True),
    StageEntry("split", "Split the rows, and prove that nothing leaks.", passes_rows=True),
    StageEntry("embed", "Compute a vector for each text.", has_section=False),
    StageEntry("cv", "Cross-validate approaches on the folds."),
    StageEntry("find_label_errors", "Rank suspected label errors.", passes_rows=True),
    StageEntry("augment", "Make more train rows, and negatives.", passes_rows=True),
    StageEntry("balance", "Balance classes by caps and weights.", passes_rows=True),
    StageEntry("ablate", "Measure the gain of augmentation, negatives and balancing."),
    StageEntry("learning_curve", "Estimate the gain of more rows."),
    StageEntry("tokenize", "Turn texts into token ids.", passes_rows=True, has_section=False),
    StageEntry("adapt", "Adapt the encoder to unlabelled texts."),
    StageEntry("finetune", "Fine-tune a model by one approach.", has_metrics=False),
    StageEntry("evaluate", "Score the models of one approach.", has_metrics=False),
    StageEntry(
        "select", "Choose the best model on validation.", has_section=False, has_metrics=False
    ),
    StageEntry("prioritize", "List the rows to label next.", has_metrics=False),
    StageEntry("report", "Write the report.", has_section=False, has_metrics=False),
    StageEntry(
        "cards", "Write the cards of dataset and model.", has_section=False, has_metrics=False
    ),
)
STAGE_NAMES = tuple(stage.name for stage in STAGES)
ROW_STAGES = tuple(stage.name for stage in STAGES if stage.passes_rows)
METRIC_STAGES = tuple(stage.name for stage in STAGES if stage.has_metrics)
