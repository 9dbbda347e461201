"""Texts in `seedbed diff`: found where the data is, shown only where their source lets them be."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.rows import write_rows
from seedbed.versions.changes import changes
from seedbed.versions.diff_sections import edit_of
from stages.split import write_manifest

TEXTS = {
    "aa01": ("open", "the van lost my <script>alert(1)</script> parcel | @everyone"),
    "aa02": ("closed", "my name is in this text"),
    "aa03": ("open", "where is my refund"),
    "aa04": ("open", "forget me please"),
    "aa05": ("open", "an address \x1b[31mchanged\u202e"),
}
OLD = {"aa05": ("open", "an address")}
LABELS = {"aa01": "late", "aa02": "late", "aa03": "refund", "aa04": "refund", "aa05": "late"}
FORMATS = ("md", "json", "html")


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def version(texts: dict[str, tuple[str, str]], kept: list[str], open_source: bool = True) -> None:
    """The files of a version, its texts in data/anonymize, cached as DVC caches them."""
    digests = {row: hashlib.md5(text.encode()).hexdigest()[:16] for row, (_, text) in texts.items()}
    lines = [f"{row},{digests[row]},{LABELS[row]},train\n" for row in kept]
    write("data/manifest/2026-01.csv", "id,digest,label,split\n" + "".join(lines))
    flag = str(open_source).lower()
    sources = f"  - name: open\n    show_text: {flag}\n  - name: closed\n"
    write("params.yaml", f"sources:\n{sources}")
    rows = pd.DataFrame(
        {"id": row, "digest": digests[row], "text": text, "label": LABELS[row], "source": source,
         "batch": "2026-01", "provenance": "{}"}
        for row, (source, text) in texts.items()
    )  # fmt: skip
    write_rows(Path("data/anonymize"), rows)
    file = Path("data/anonymize/2026-01.parquet")
    listing = json.dumps([{"md5": cached(file.read_bytes()), "relpath": file.name}]).encode()
    folder = cached(listing, ".dir")
    write(
        "dvc.lock",
        "schema: '2.0'\nstages:\n  anonymize:\n    cmd: python -m stages.anonymize\n    outs:\n"
        f"    - path: data/anonymize\n      hash: md5\n      md5: {folder}\n      size: 1\n",
    )


def cached(content: bytes, suffix: str = "") -> str:
    md5 = hashlib.md5(content).hexdigest() + suffix
    path = Path(".dvc/cache/files/md5", md5[:2], md5[2:])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Base keeps aa04 and aa05, head aa01 to aa03 and aa05 edited; aa04 was forgotten."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    write(".gitignore", "data/anonymize\n.dvc\n")
    write("data/tombstones.csv", "id,digest\n")
    version(TEXTS | OLD, ["aa04", "aa05"])
    git("add", ".")
    git("commit", "-q", "-m", "base")
    write("data/tombstones.csv", "id,digest\naa04,x\n")
    version(TEXTS, ["aa01", "aa02", "aa03", "aa05"])
    git("add", ".")
    git("commit", "-q", "-m", "head")
    return tmp_path


def told(form: str, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["diff", "HEAD~1", *arguments, "--format", form])
    assert done.exit_code == 0, done.output
    return done.output


def test_texts_of_open_sources_are_shown_escaped_and_no_others_in_any_format(project) -> None:
    pages = {form: told(form) for form in FORMATS}
    for form, page in pages.items():
        assert "where is my refund" in page, form
        assert "my name is in this text" not in page, form
        assert "forget me" not in page, form
    assert "&lt;script&gt;alert(1)&lt;/script&gt; parcel \\| @\u2060everyone" in pages["md"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; parcel | @everyone" in pages["html"]
    assert "<script" not in pages["md"] + pages["html"]
    assert "an address → an address &lt;U+001B&gt;\\[31mchanged&lt;U+202E&gt;" in pages["md"]
    edited = json.loads(pages["json"])["changes"]["edited"][0]
    assert edited["text_before"] == "an address"


def test_a_row_forgotten_since_or_a_copy_of_it_is_not_shown_out_of_old_versions(project) -> None:
    assert changes("HEAD~1", "HEAD").texts.keys() == {"aa01", "aa03", "aa05"}
    digest = hashlib.md5(TEXTS["aa03"][1].encode()).hexdigest()[:16]
    write("data/tombstones.csv", f"id,digest\naa01,x\n,{digest}\n")
    found = changes("HEAD~1", "HEAD")
    assert found.texts.keys() == {"aa05"}
    write("data/tombstones.csv", "id,digest\naa05,x\n")
    assert changes("HEAD~1", "HEAD").texts_before == {}


def test_the_newest_version_that_names_a_source_says_whether_it_is_shown(project) -> None:
    version(TEXTS, ["aa01", "aa02", "aa03", "aa05"], open_source=False)
    for form in FORMATS:
        assert "where is my refund" not in told(form, "HEAD"), form  # the workspace closed it
    assert "No source has show_text: true, so no text is shown." in told("md", "HEAD")


def test_one_batch_that_is_not_to_be_shown_closes_its_source(project) -> None:
    entries = "  - name: open\n    batch: 2025-12\n  - name: open\n    show_text: true\n"
    write("params.yaml", f"sources:\n{entries}")
    assert "where is my refund" not in told("md", "HEAD")


def test_old_texts_come_out_of_the_cache_by_the_lock_without_a_checkout(project) -> None:
    shutil.rmtree("data/anonymize")
    found = changes("HEAD~1", "HEAD")
    assert found.texts_before == {"aa05": "an address"}
    assert found.texts["aa03"] == "where is my refund"
    assert {one.of for one in found.drift.shifts} == {"labels", "lengths", "vocabulary"}
    assert found.drift.test is not None
    assert (found.drift.test.base_rows, found.drift.test.head_rows) == (2, 3)


def test_where_a_side_is_not_here_it_is_said_and_the_other_is_shown(project) -> None:
    git("checkout", "-q", "HEAD~1", "--", "dvc.lock")
    lock = Path("dvc.lock").read_text()
    shutil.rmtree(Path(".dvc/cache/files/md5", lock.split("md5: ")[1][:2]))
    git("checkout", "-q", "HEAD", "--", "dvc.lock")
    found = changes("HEAD~1")
    assert "where is my refund" in found.texts.values()
    assert found.texts_before == {}
    assert found.drift.test is None
    assert "is unknown" in found.drift.untold[0]


def test_an_edit_far_into_a_long_text_is_shown_where_it_is() -> None:
    found = edit_of("x" * 1000 + " old " + "y" * 500, "x" * 1000 + " new " + "y" * 500)
    assert found.startswith("(961 characters as before) … xxx")
    assert " old " in found
    assert " new " in found
    assert "more characters)" in found
    assert edit_of("a", "b") == "a → b"


def test_texts_can_be_left_alone(project) -> None:
    assert changes("HEAD~1", with_texts=False).texts == {}
    assert "where is my refund" not in told("json", "--no-texts")


def test_labels_by_policy_come_out_of_the_data_or_are_said_to_be_unknown(project) -> None:
    write("reports/metrics/find_label_errors.json", '{"policy": "relabel"}')
    assert "is unknown: its data is not here" in " ".join(changes("HEAD").notes)
    shutil.copytree("data/anonymize", "data/find_label_errors")
    line = Path("data/manifest/2026-01.csv").read_text()
    write("data/manifest/2026-01.csv", line.replace(",refund,", ",other,"))
    found = changes("HEAD").rows.relabelled_by_policy
    assert [(one.id, one.before, one.after) for one in found] == [("aa03", "other", "refund")]


def many_rows(rows: dict[str, str]) -> None:
    """A version with more rows than git is to hold: counts, and data/split in DVC's cache."""
    table = pd.DataFrame(
        {"id": row, "batch": "2026-01-a", "digest": row, "label": label, "split": "train"}
        for row, label in rows.items()
    )
    Path("data/split").mkdir(parents=True, exist_ok=True)
    table.to_parquet("data/split/2026-01-a.parquet")
    write_manifest(table, max_rows=0)
    content = Path("data/split/2026-01-a.parquet").read_bytes()
    entry = {"md5": cached(content), "relpath": "2026-01-a.parquet"}
    folder = cached(json.dumps([entry]).encode(), ".dir")
    write(
        "dvc.lock",
        "schema: '2.0'\nstages:\n  split:\n    cmd: python -m stages.split\n    outs:\n"
        f"    - path: data/split\n      hash: md5\n      md5: {folder}\n      size: 1\n",
    )


def test_a_manifest_of_counts_is_read_out_of_the_cache_or_said_to_be_missing(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    write(".gitignore", "data/split\n.dvc\n")
    for rows in ({"aa01": "late", "aa02": "late"}, {"aa01": "refund", "aa03": "late"}):
        many_rows(rows)
        git("add", ".")
        git("commit", "-q", "-m", "a version")
    shutil.rmtree("data/split")
    found = changes("HEAD~1", "HEAD").rows
    assert [one.id for one in found.added] == ["aa03"]
    assert [one.id for one in found.removed] == ["aa02"]
    assert [(one.id, one.before, one.after) for one in found.relabelled] == [
        ("aa01", "late", "refund")
    ]
    shutil.rmtree(".dvc")
    done = CliRunner().invoke(app, ["diff", "HEAD~1", "HEAD"])
    assert done.exit_code == 1
    assert "counts of 2 rows, but" in str(done.exception)
    assert "dvc fetch --all-commits data/split" in str(done.exception)
