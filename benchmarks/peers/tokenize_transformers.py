"""`tokenize_transformers.py TEXTS FOLDER`: one plain call of the stock tokenizer on all texts."""

import json
import sys
from pathlib import Path

from cost import measured, tell
from transformers import AutoTokenizer

if __name__ == "__main__":
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
    tokenizer.model_max_length = sys.maxsize  # or every long text is warned of
    tokenizer(texts[:2])
    tell(measured(lambda: sum(map(len, tokenizer(texts)["input_ids"]))))
