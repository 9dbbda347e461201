"""The Hugging Face cards: what stands in them, that the Hub's library reads them, and no text."""

import shutil

import pytest
from conftest import ROOT
from huggingface_hub import DatasetCard, ModelCard

from seedbed.core.errors import PipelineError
from seedbed.core.metrics import read_metrics
from seedbed.private.kinds import AnonymizeParams
from seedbed.reporting.data import DataMetrics, DatasetVersion
from seedbed.reporting.dataset_card import (
    SourceEntry,
    data_card,
    languages,
    licence_id,
    size_category,
)
from seedbed.reporting.model_card import Encoder, ModelFacts, model_card
from seedbed.scoring.metrics_files import (
    Behaviour,
    Choice,
    Evaluation,
    MinimumFunctionality,
    Validation,
)
from seedbed.serving.model_folder import Serving, TextPreparation
from seedbed.tasks import class_task
from seedbed.training.models import SavedModel

METRICS = ROOT / "reports/metrics"
SOURCES = [
    SourceEntry(name="bbc", kind="package", batch="2005-07-bbc", licence="for research"),
    SourceEntry(name="tickets", kind="file", batch="2026-11-a", licence="CC BY 4.0"),
]
SERVING = Serving(
    paired=False, temperature=1.2, outside="", thresholds=[], precision="float32",
    preparation=TextPreparation(
        rules=[], anonymize=AnonymizeParams(key_fingerprint="0" * 12, kinds=("email",))
    ),
)  # fmt: skip


def dataset() -> DatasetVersion:
    return read_metrics(ROOT / "reports/dataset.json", DatasetVersion)


@pytest.fixture(scope="module")
def data() -> str:
    return data_card(class_task, dataset(), SOURCES, DataMetrics.read(METRICS))


def told(**changes) -> ModelFacts:
    choice = read_metrics(ROOT / "reports/choice.json", Choice)
    figures = METRICS / "evaluate" / choice.approach
    test = read_metrics(figures / "test.json", Evaluation)
    card = SavedModel(
        approach="lora", kind="sequence_classifier", library="transformers",
        pipeline_tag="text-classification", usage='pipeline(model="{folder}")',
        classes=list(test.per_class), trainable_parameters=1925, params={"rank": "8"},
        truncation={"max_length": 128, "keep": "head", "overlap": 0, "max_windows": 1},
    )  # fmt: skip
    whole = ModelFacts(
        choice, dataset(),
        read_metrics(figures / "validation.json", Validation), test, card,
        SERVING, "0123456789abcdef",
        Encoder("some/encoder", "abc", "d" * 64),
        SOURCES, {"en": 2225},
    )  # fmt: skip
    return whole._replace(**changes)


def test_the_hubs_library_reads_the_dataset_card(data):
    found = DatasetCard(data).data.to_dict()
    assert found["license"] == ["cc-by-4.0", "other"]
    assert found["language"] == ["en"]
    assert found["size_categories"] == "1K<n<10K"
    assert found["task_categories"] == ["text-classification"]


def test_the_dataset_card_says_what_the_leak_gate_could_not_compare(data):
    figures = DataMetrics.read(METRICS)
    split = figures.split.model_copy(update={"rows_without_words": 2})
    card = data_card(class_task, dataset(), SOURCES, figures.model_copy(update={"split": split}))
    assert "two splits (2 rows of punctuation alone were compared as whole texts only)" in card
    assert "punctuation" not in data


def test_the_hubs_library_reads_the_model_card_and_its_figures():
    found = ModelCard(model_card(told())).data
    assert found.pipeline_tag == "text-classification"
    assert found.license == "other"
    metrics = {one.metric_name: one for one in found.eval_results}
    accuracy = told().test["accuracy"].mean
    assert metrics["accuracy"].metric_value == pytest.approx(accuracy, abs=1e-4)
    assert metrics["macro-F1"].dataset_split == "test"
    assert metrics["accuracy"].dataset_revision == told().dataset.version


def test_the_dataset_card_says_where_rows_are_from_and_what_became_of_them(data):
    assert "| `tickets` | file | 2026-11-a | 0 | CC BY 4.0 |" in data
    assert "| `bbc` | package | 2005-07-bbc | 2,225 | for research |" in data
    assert "101 exact_duplicate" in data
    assert "no exact copy, near copy or group is in two splits" in data
    assert "the public example key" in data


def test_a_licence_is_never_markup():
    licence = "<script>x</script> | [a](b) @all"
    sources = [SOURCES[0].model_copy(update={"licence": licence})]
    body = data_card(class_task, dataset(), sources, DataMetrics.read(METRICS)).split("---", 2)[2]
    assert "<script" not in body
    assert "@all" not in body
    assert "\\| \\[a\\](b)" in body


def test_the_model_card_has_every_part_a_reader_looks_for():
    page = model_card(told())
    parts = ("Intended use", "How to load it", "Training", "Evaluation", "Calibration",
             "Weakest slices", "Behaviour", "Limits", "Licence")  # fmt: skip
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(parts)
    assert "`some/encoder`, revision abc" in page
    assert "| `rank` | `8` |" in page
    assert "tickets: CC BY 4.0" in page
    assert "| `run` |" not in page


def test_the_model_card_says_how_many_processes_trained_it():
    found = told()
    assert "Trained by" not in model_card(found)
    for settings, words in (
        ({"processes": "2"}, "Trained by 2 processes: one"),
        ({"processes": "2", "parts": "4"}, "Trained by 2 processes, each in 4 parts a batch: one"),
        ({"parts": "4"}, "Trained by one process in 4 parts a batch: one"),
    ):
        card = found.card.model_copy(update={"settings": settings})
        assert words in model_card(found._replace(card=card))


def test_what_the_model_does_with_other_texts_is_told():
    serving = SERVING.model_copy(update={"thresholds": [0.5], "outside": "oos"})
    page = model_card(told(serving=serving))
    assert "Below a confidence of 0.50 a text is out of scope." in page
    assert "Its task is `class`: one label a text." in page


def test_the_card_of_sets_says_what_accuracy_is_and_that_a_set_may_be_empty():
    found = told(serving=SERVING.model_copy(update={"thresholds": [0.25, 0.5]}))
    page = model_card(found._replace(card=found.card.model_copy(update={"task": "labels"})))
    assert "Its task is `labels`: a set of labels a text, which may be empty." in page
    assert "threshold (0.25 to 0.50, chosen on validation)" in page
    assert "Accuracy is the mean Jaccard similarity" in page


def test_where_nothing_was_measured_the_card_says_so():
    found = told()
    nothing = Behaviour(invariance={}, minimum_functionality=MinimumFunctionality())
    validation = found.validation.model_copy(update={"behaviour": nothing})
    test = found.test.model_copy(update={"slices": {}})
    page = model_card(found._replace(validation=validation, test=test))
    assert "Not measured." in page
    assert "No slices were requested." in page


@pytest.mark.parametrize(
    ("said", "known"),
    [("CC BY 4.0", "cc-by-4.0"), ("MIT", "mit"), ("Apache 2.0", "apache-2.0"), ("CC0", "cc0-1.0"),
     ("internal", "other")],
)  # fmt: skip
def test_licences_are_known_by_how_sources_write_them(said, known):
    assert licence_id(said) == known


def test_sizes_and_languages_are_in_the_hubs_terms():
    assert [size_category(rows) for rows in (999, 1000, 10**5)] == [
        "n<1K", "1K<n<10K", "100K<n<1M"
    ]  # fmt: skip
    assert languages({"de": 3, "en": 9, "too short to tell": 4}) == ["en", "de"]


def test_the_same_figures_give_the_same_bytes(data):
    assert model_card(told()) == model_card(told())
    assert "\r" not in data


def test_a_renamed_key_fails_when_the_file_is_read(tmp_path):
    folder = tmp_path / "metrics"
    shutil.copytree(METRICS, folder)
    file = folder / "find_label_errors.json"
    file.write_text(file.read_text().replace('"wrong_share"', '"share_wrong"'))
    with pytest.raises(PipelineError, match="find_label_errors.json: `noise.wrong_share`"):
        DataMetrics.read(folder)
