"""The anonymize stage: replaces in text and text_pair, drops nothing, tells counts alone."""

from pathlib import Path

import pandas as pd
import pytest

from seedbed.core.errors import ParamsError, SeedbedError
from seedbed.core.files import PUBLIC_KEY, fingerprint_of, read_json
from seedbed.core.rows import read_rows, write_rows
from stages import anonymize

TEXTS = {
    "a1": ("My mail is ann@shop.com.", ""),
    "a2": ("I give it 8/10.", "ask ann@shop.com or 020 7946 0958"),
    "a3": ("nothing here", ""),
    "a4": ("Order ZX-1234 for ann@shop.com", ""),
}
PARAMS = """
anonymize:
  key_fingerprint: {fingerprint}
  mode: {mode}
  kinds:
    - email
    - phone
  patterns:
    - name: order_number
      regex: '\\bZX-\\d{{4}}\\b'
      context:
        - order
  names: false
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    rows = [
        {"id": id, "digest": id, "text": text, "text_pair": pair, "label": "x", "source": "s",
         "batch": "2026-01-a", "provenance": "{}"}
        for id, (text, pair) in TEXTS.items()
    ]  # fmt: skip
    write_rows(tmp_path / "data/clean", pd.DataFrame(rows), private=True)
    set_params(tmp_path)
    return tmp_path


def set_params(folder: Path, mode: str = "placeholder", key: bytes = PUBLIC_KEY) -> None:
    content = PARAMS.format(fingerprint=fingerprint_of(key), mode=mode)
    (folder / "params.yaml").write_text(content)


def test_replaces_in_text_and_pair_and_drops_nothing(project: Path) -> None:
    assert anonymize.main() == "5 values replaced in 3 of 4 rows; national numbers of US, GB"
    after = read_rows(project / "data/anonymize").set_index("id")
    assert list(after.index) == list(TEXTS)
    assert after.loc["a1", "text"] == "My mail is <EMAIL>."
    assert after.loc["a2", "text"] == "I give it 8/10."
    assert after.loc["a2", "text_pair"] == "ask <EMAIL> or <PHONE>"
    assert after.loc["a4", "text"] == "Order <ORDER_NUMBER> for <EMAIL>"


def test_metrics_hold_counts_and_no_value(project: Path) -> None:
    anonymize.main()
    path = project / "reports/metrics/anonymize.json"
    metrics = read_json(path)
    assert next(iter(metrics)) == "rows"
    assert metrics["rows"]["kept"] == 4
    assert metrics["rows"]["dropped"] == 0
    assert metrics["replaced_by_kind"] == {"email": 3, "order_number": 1, "phone": 1}
    assert metrics["rows_touched"] == 3
    assert set(metrics["residual_scan"].values()) == {0}
    assert "ann" not in path.read_text().replace("anonymize", "")


def test_no_original_value_stands_in_any_file_or_line_it_prints(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    anonymize.main()
    printed = "".join(capfd.readouterr())
    assert "ann@shop.com" not in printed
    for path in project.rglob("*"):
        if path.is_file() and "clean" not in path.parts:
            assert b"ann@shop.com" not in path.read_bytes()
    texts = read_rows(project / "data/anonymize")
    assert not texts[["text", "text_pair"]].map(lambda text: "ann@" in text).any(axis=None)


def test_same_value_same_pseudonym_in_every_row(project: Path) -> None:
    set_params(project, "pseudonym")
    anonymize.main()
    after = read_rows(project / "data/anonymize").set_index("id")
    mail = after.loc["a1", "text"].removeprefix("My mail is ").removesuffix(".")
    assert mail.endswith("@example.org")
    assert mail in after.loc["a2", "text_pair"]
    assert mail in after.loc["a4", "text"]


@pytest.mark.parametrize("mode", ["placeholder", "pseudonym", "hash", "redact"])
def test_twice_gives_the_same_bytes(project: Path, mode: str) -> None:
    set_params(project, mode)
    anonymize.main()
    file = project / "data/anonymize/2026-01-a.parquet"
    first = file.read_bytes()
    anonymize.main()
    assert file.read_bytes() == first


def test_warns_of_the_public_key_only(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    anonymize.main()
    assert "public example key" in capsys.readouterr().err
    monkeypatch.setenv("SEEDBED_PII_KEY", "our own")
    set_params(project, key=b"our own")
    anonymize.main()
    assert capsys.readouterr().err == ""


def test_another_key_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_PII_KEY", "another")
    with pytest.raises(SeedbedError, match="fingerprint"):
        anonymize.main()
    assert not (project / "data/anonymize").exists()


def test_unknown_kind_is_an_error(project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("- phone", "- telephone"))
    with pytest.raises(ParamsError, match="telephone"):
        anonymize.main()


def test_a_run_says_which_regions_are_on_and_what_is_for_english_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_rows(project / "data/clean")
    rows["text"] = [
        "Das Paket ist nicht da, erreichbar bin ich unter 0171 2345678",
        "订单没到,电话13812345678一直打不通，请尽快联系我处理退款",
        "The parcel has not come and my number is 020 7946 0958.",
        "Bitte überweisen Sie das Geld auf mein altes Konto zurück",
    ]
    write_rows(project / "data/clean", rows, private=True)
    assert "DE, AT, CH" in anonymize.main()
    said = capsys.readouterr().err
    assert "2 de, " in said
    assert "for English alone: names" in said
    scope = read_json(project / "reports/metrics/anonymize.json")["looked_for"]
    assert scope["kinds"] == ["email", "phone"]
    assert scope["texts_by_language"] == {"de": 2, "en": 1, "zh": 1}
    assert {"US", "GB", "DE", "CN"} <= set(scope["regions"])
    assert scope["languages_without_words"] == []
    after = read_rows(project / "data/anonymize")["text"]
    assert after[1] == "订单没到,电话<PHONE>一直打不通，请尽快联系我处理退款"


def test_listed_regions_are_those_that_count(project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(
        params.read_text().replace("  names: false", "  regions: [FR]\n  names: false")
    )
    assert anonymize.main().endswith("; national numbers of FR")
    scope = read_json(project / "reports/metrics/anonymize.json")["looked_for"]
    assert scope["regions"] == ["FR"]


def test_an_unknown_region_is_an_error(project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(
        params.read_text().replace("  names: false", "  regions: [UK]\n  names: false")
    )
    with pytest.raises(ParamsError, match="regions"):
        anonymize.main()


def test_a_pattern_that_never_fires_is_named(project: Path) -> None:
    text = (project / "params.yaml").read_text()
    pattern = "    - name: parcel_number\n      regex: 'P-[0-9]{9}'\n"
    (project / "params.yaml").write_text(text.replace("  names:", f"{pattern}  names:"))
    assert anonymize.main().endswith("; matches nothing: anonymize.patterns: parcel_number")
    found = read_json(project / "reports/metrics/anonymize.json")
    assert found["unused"] == {"anonymize.patterns": {"parcel_number": ""}}
