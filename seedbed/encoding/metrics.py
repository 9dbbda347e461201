"""The metrics files of embed and tokenize."""

from pydantic import Field

from seedbed.core.metrics import Metrics, RowCounts


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
    at_least_90: float = Field(
        validation_alias="at_least_0.90", serialization_alias="at_least_0.90"
    )
    at_least_95: float = Field(
        validation_alias="at_least_0.95", serialization_alias="at_least_0.95"
    )


class EmbedMetrics(Metrics):
    """reports/metrics/embed.json."""

    vectors: int
    width: int
    mean_pairwise_distance: float
    by_class: dict[str, ClassSpread]
    most_alone: list[IsolatedRow]
    near_train: dict[str, NearTrain]  # validation and test


class Lengths(Metrics):
    """Token counts of texts before truncation, and what truncation removes."""

    tokens_p5_p50_p95_p99: list[int]
    rows_cut_share: float
    tokens_cut_share: float
    unknown_token_share: float
    windows_a_row: float


class LengthsByClass(Metrics):
    """Lengths over all rows and by class."""

    all: Lengths
    by_class: dict[str, Lengths]


class Padding(Metrics):
    """The share of padding in one epoch: in batches of similar length by token budget, as the
    training loop makes them; in shuffled batches padded to their longest; padded to max_length."""

    token_budget: float
    longest_of_batch: float
    max_length: float


class TruncationInUse(Metrics):
    """The truncation that params.yaml asks for, with the length that `auto` gives."""

    max_length: int
    keep: str
    overlap: int
    max_windows: int


class TokenizeMetrics(Metrics):
    """reports/metrics/tokenize.json."""

    rows: RowCounts
    by_side: dict[str, int]
    truncation: TruncationInUse
    lengths: LengthsByClass
    padding_share: Padding
