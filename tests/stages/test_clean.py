"""Stage clean: every row is kept clean or dropped for a reason, and no text leaves it."""

import hashlib
import stat
from pathlib import Path

import pandas as pd
import pytest

from seedbed.cleaning.rules import BOILERPLATE, RULE_NAMES
from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import read_json
from seedbed.core.metrics import Drop, read_ledger
from seedbed.core.rows import CLEAN, COLLECT, read_rows, write_rows
from stages.clean import Params, main

LEDGER = Path("data/ledger/clean.csv")
METRICS = Path("reports/metrics/clean.json")

PARAMS = """\
clean:
  encoding: true
  entities: true
  tags: true
  control_characters: true
  nfc: true
  white_space: true
  boilerplate: []
  min_chars: 3
  max_chars: 500
  min_letter_share: 0.25
  max_repeated_share: 0.6
  languages: []
  min_chars_for_language: 40
"""
TEXTS = {
    "01": "<p>The parcel that I ordered has&nbsp;not arrived, and nobody answers.</p>",
    "02": "Das Paket, das ich letzte Woche bestellt habe, ist nicht angekommen.",
    "03": "ok",
    "04": "All good, thank you \U0001f44d\U0001f3fd",
    "05": "no  " * 200,
    "06": "--- 12 / 34 ---",
    "07": "Click here click here click here click here click here",
    "08": "Fine.\n\n\n-- \nAnn Example",
}


def rows_of(texts: dict[str, str], pairs: dict[str, str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"id": texts.keys(), "text": texts.values()})
    batches = ["2026-01-a" if int(id) % 2 else "2026-02-b" for id in texts]
    return frame.assign(
        text_pair=[(pairs or {}).get(id, "") for id in texts],
        digest=frame["id"],
        label="delivery",
        source="shop",
        batch=batches,
        provenance="{}",
    )


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    write_rows(COLLECT, rows_of(TEXTS), private=True)
    return tmp_path


def set_params(old: str, new: str) -> None:
    assert old in PARAMS
    Path("params.yaml").write_text(PARAMS.replace(old, new), encoding="utf-8")


def digests(*places: Path) -> dict[str, str]:
    files = [
        file
        for place in places
        for file in (sorted(place.rglob("*")) if place.is_dir() else [place])
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_rows_are_cleaned_or_dropped_for_a_reason(workspace):
    line = main()
    texts = read_rows(CLEAN).set_index("id")["text"]
    assert texts.to_dict() == {
        "01": "The parcel that I ordered has not arrived, and nobody answers.",
        "02": TEXTS["02"],
        "04": TEXTS["04"],
        "08": "Fine.\n\n--\nAnn Example",
    }
    assert read_ledger(LEDGER) == [
        Drop("03", "too_short"),
        Drop("05", "too_long"),
        Drop("06", "low_letter_share"),
        Drop("07", "repetitive"),
    ]
    assert line.startswith("4 of 8 rows kept")


def test_metrics_count_rows_by_fate_by_rule_and_by_language(workspace):
    main()
    assert read_json(METRICS) == {
        "rows": {
            "read": 8,
            "made": 0,
            "kept": 4,
            "dropped": 4,
            "dropped_by_reason": {
                "low_letter_share": 1,
                "repetitive": 1,
                "too_long": 1,
                "too_short": 1,
            },
        },
        "rows_touched_by_rule": {
            "encoding": 0,
            "entities": 1,
            "tags": 1,
            "control_characters": 0,
            "nfc": 0,
            "white_space": 3,
        },
        "rows_by_language": {"de": 1, "en": 1, "unknown": 2},
    }


def test_nothing_for_git_holds_text_and_rows_are_private(workspace):
    main()
    public = LEDGER.read_text(encoding="utf-8") + METRICS.read_text(encoding="utf-8")
    assert "parcel" not in public
    assert "Paket" not in public
    files = sorted(CLEAN.glob("*.parquet"))
    assert [file.name for file in files] == ["2026-01-a.parquet", "2026-02-b.parquet"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_same_rows_twice_give_the_same_bytes(workspace):
    main()
    first = digests(CLEAN, LEDGER, METRICS)
    main()
    assert digests(CLEAN, LEDGER, METRICS) == first


def test_cleaning_clean_rows_changes_nothing(workspace):
    main()
    once = read_rows(CLEAN)
    write_rows(COLLECT, once)
    main()
    pd.testing.assert_frame_equal(read_rows(CLEAN), once)


def test_a_rule_that_is_off_does_nothing(workspace):
    set_params("  tags: true", "  tags: false")
    main()
    assert read_rows(CLEAN)["text"].iloc[0].startswith("<p>The parcel")
    assert "tags" not in read_json(METRICS)["rows_touched_by_rule"]


def test_boilerplate_goes_where_it_is_named(workspace):
    set_params("boilerplate: []", "boilerplate:\n    - signature")
    main()
    assert read_rows(CLEAN).set_index("id")["text"]["08"] == "Fine."
    assert read_json(METRICS)["rows_touched_by_rule"]["signature"] == 1


def test_an_unknown_boilerplate_rule_is_refused(workspace):
    set_params("boilerplate: []", "boilerplate:\n    - greetings")
    with pytest.raises(ParamsError, match=r"clean\.boilerplate\.0.*greetings.*one of quoted_reply"):
        main()


def test_every_rule_is_switched_in_params():
    switches = {name for name in Params.model_fields if PARAMS.count(f"  {name}: true")}
    assert switches | set(BOILERPLATE) == set(RULE_NAMES)


def test_an_unknown_rule_is_refused_and_the_nearest_is_named(workspace):
    set_params("  tags: true", "  tagz: true")
    with pytest.raises(ParamsError, match=r"unknown key `tagz`; there is `tags`.*white_space"):
        main()


def test_a_language_that_no_text_can_have_is_refused(workspace):
    set_params("languages: []", "languages:\n    - english")
    with pytest.raises(ParamsError, match=r"clean\.languages: unknown name `english`"):
        main()


def test_other_languages_go_where_languages_are_named_and_short_texts_stay(workspace):
    set_params("languages: []", "languages:\n    - en")
    main()
    drops = {drop.id: drop.reason for drop in read_ledger(LEDGER)}
    assert drops["02"] == "wrong_language"
    assert set(read_rows(CLEAN)["id"]) == {"01", "04", "08"}


def test_a_second_text_is_cleaned_alike_and_an_empty_one_stays_empty(workspace):
    texts = {"01": "Where is it?", "02": "Where is it?", "03": "Where is it?"}
    pairs = {"01": "It&nbsp;left <b>today</b>", "02": "", "03": "<br>"}
    write_rows(COLLECT, rows_of(texts, pairs))
    main()
    assert read_rows(CLEAN).set_index("id")["text_pair"].to_dict() == {
        "01": "It left today",
        "02": "",
    }
    assert read_ledger(LEDGER) == [Drop("03", "too_short")]


def test_bad_input_is_cleaned_and_nothing_is_lost(workspace):
    texts = {
        "01": "NUL \x00 and byte order mark \ufeff in a text",
        "02": "<script>alert('x')</script>script gone, text stays",
        "03": "مرحبا بالعالم، كيف حالك اليوم",
        "04": "a 10 MB row " * 900_000,
        "05": "curl https://example.org/?a=1&b=2 gives 3 < 4",
    }
    write_rows(COLLECT, rows_of(texts))
    main()
    assert read_rows(CLEAN).set_index("id")["text"].to_dict() == {
        "01": "NUL and byte order mark in a text",
        "02": "script gone, text stays",
        "03": texts["03"],
        "05": texts["05"],
    }
    assert read_ledger(LEDGER) == [Drop("04", "too_long")]


def test_no_rows_after_cleaning_is_an_error_and_leaves_no_output(workspace):
    write_rows(COLLECT, rows_of({"01": "\x00\x01", "02": "<br>"}))
    with pytest.raises(RowsError, match="0 rows are left"):
        main()
    assert not CLEAN.exists()
    assert not LEDGER.exists()


def test_no_rows_to_read_is_an_error(workspace):
    for file in COLLECT.glob("*.parquet"):
        file.unlink()
    with pytest.raises(RowsError, match="no rows here"):
        main()


def test_rules_and_languages_that_no_text_has_are_named(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(COLLECT, rows_of({name: TEXTS[name] for name in ("01", "02")}))
    asked = PARAMS.replace("boilerplate: []", "boilerplate: [quoted_reply, signature]")
    Path("params.yaml").write_text(asked.replace("languages: []", "languages: [en, de, fi]"))
    line = main()
    assert read_json(METRICS)["unused"] == {
        "clean.boilerplate": {"quoted_reply": "", "signature": ""},
        "clean.languages": {"fi": ""},
    }
    assert line.endswith(
        "matches nothing: clean.boilerplate: quoted_reply, signature; clean.languages: fi"
    )
    Path("params.yaml").write_text(PARAMS)
    assert "matches nothing" not in main()
    assert "unused" not in read_json(METRICS)
