"""What padding costs on the questions of banking77: in batches by token budget, and as it is done
elsewhere. Train texts only; no label is read.

DATA=FOLDER python -m benchmarks.padding -> benchmarks/results/padding.json
"""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.public_sets import data_folder
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from stages.tokenize import padding_figures

RESULT = Path("benchmarks/results/padding.json")
MAX_LENGTH = 128


def main() -> None:
    texts = list(pd.read_csv(data_folder() / "banking77/train.csv", keep_default_na=False)["text"])
    folder = encoder_folder(read_params("encoder", EncoderParams))
    encoded = TextTokenizer(folder, Truncation(MAX_LENGTH))(texts)
    count = len(encoded.ids)
    examples = Examples(
        encoded.ids, None, np.zeros(count), np.ones(count), [str(row) for row in range(count)]
    )
    shares = padding_figures(examples, MAX_LENGTH)
    figures = {"texts": count, "padded_to": MAX_LENGTH, "share": shares}
    write_json(RESULT, figures)
    print(figures)


if __name__ == "__main__":
    main()
