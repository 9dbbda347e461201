"""How long texts are cut, as `encoder:` in params.yaml says: the same in embed and in tokenize."""

from pathlib import Path

from seedbed.core.errors import ModelError
from seedbed.core.rows import read_rows
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.encoding.tokens import TextTokenizer, Truncation, auto_max_length, longest_input


def truncation_of(params: EncoderParams, folder: Path, split: Path) -> Truncation:
    """How long texts are cut. `max_length: auto` is the smallest that keeps 99 % of the tokens of
    the train rows in the rows folder `split`, which is read for nothing else. Raises ModelError."""
    longest = longest_input(folder)
    cut = Truncation(longest, params.truncation)
    if params.truncation == "windows":  # or a param that says nothing would change the memo's keys
        cut = cut._replace(overlap=params.window_overlap, max_windows=params.max_windows)
    if params.max_length == "auto":
        rows = read_rows(split)
        train = rows[rows["split"] == "train"]
        texts, pairs = list(train["text"]), list(train["text_pair"])
        lengths = TextTokenizer(folder, cut, remember=True).lengths(texts, pairs)
        cut = cut._replace(max_length=auto_max_length(lengths, longest))
    else:
        cut = cut._replace(max_length=params.max_length)
    if cut.overlap * 4 >= cut.max_length:  # a pair's text may take half of the room
        raise ModelError(
            "params.yaml: encoder.window_overlap",
            f"{cut.overlap} tokens of a window of {cut.max_length}",
            "less than a quarter",
            "lower it, or raise max_length",
        )
    return cut
