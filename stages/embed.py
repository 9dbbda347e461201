"""Turn each text into one vector with the encoder, frozen.

data/split/ -> data/embed/, reports/metrics/embed.json
"""

from pathlib import Path

from seedbed.encoder import SentenceEncoder, load_model, outputs, pooling_of, precision
from seedbed.encoder_files import EncoderParams, encoder_folder
from seedbed.files import write_json
from seedbed.params import read_params
from seedbed.rows import read_rows
from seedbed.stage import run
from seedbed.tokens import encode, load_tokenizer
from seedbed.vectors import write_vectors

SOURCE = Path("data/split")
VECTORS = Path("data/embed")
METRICS = Path("reports/metrics/embed.json")


def main() -> str:
    params = read_params("encoder", EncoderParams)
    rows = read_rows(SOURCE)
    folder = encoder_folder(params)
    tokenizer = load_tokenizer(folder, params.max_length, params.truncation)
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    ids = encode(tokenizer, list(rows["text"]), list(rows["text_pair"]))
    vectors = outputs(encoder, ids, precision(params.precision), "embed")
    write_vectors(VECTORS, rows, vectors)
    write_json(METRICS, {"vectors": len(vectors), "width": vectors.shape[1]})
    return f"{len(vectors):,} vectors of {vectors.shape[1]} numbers"


if __name__ == "__main__":
    run("embed", main)
