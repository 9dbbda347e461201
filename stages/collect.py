"""Read every source into one schema with stable ids; unreadable rows go to quarantine.

sources of params.yaml, data/tombstones.csv -> data/collect (private), data/quarantine.csv,
data/ledger/collect.csv, reports/metrics/collect.json
"""

from collections import Counter

from seedbed.collecting import collection, contract, joining, raw_rows
from seedbed.collecting.collection import CollectParams as Params
from seedbed.collecting.diversity import collect_metrics
from seedbed.collecting.raw_rows import TOMBSTONES
from seedbed.collecting.source import shown_name
from seedbed.core.files import load_key, write_csv
from seedbed.core.labels import alike_in_words, in_line, unused_in_words
from seedbed.core.metrics import settle
from seedbed.core.params import read_params
from seedbed.core.rows import COLUMNS, QUARANTINE, write_results
from seedbed.core.stage import script
from seedbed.tasks import load
from seedbed.tasks.named import TaskParams


@script
def main() -> str:
    task = load(read_params("task", TaskParams).kind)  # as a whole: an unknown key is an error
    params = read_params("collect", Params)
    key = load_key(read_params("anonymize.key_fingerprint", str))
    sources = collection.read_sources()
    collection.check_declared(sources)
    raw, encodings, notes = collection.read_all(sources, params, task)
    if values := raw_rows.published(raw, sources, params.not_personal, task):
        from seedbed.private.published import check_published  # which few runs need to load

        check_published(values)
    raw = raw_rows.without_forgotten(
        raw_rows.identified(raw, key), raw_rows.read_tombstones(TOMBSTONES)
    )
    bad = [row for row in raw if row.reason not in ("", *raw_rows.CHOSEN)]
    collection.check_quarantine(bad, len(raw), params.max_quarantine_share)
    collection.check_usable(sources, raw, params.max_classes, task)
    dropped = collection.drops_of(raw, key)
    rows = contract.figures_of(raw, task)
    readable = [row.id for row in raw if row.reason in ("", *raw_rows.CHOSEN)]
    counts = settle("collect", readable, rows["id"], dropped)
    reasons = Counter(row.reason for row in bad)
    quarantined = {
        "read": len(raw),
        "quarantined": len(bad),
        "quarantined_by_reason": dict(sorted(reasons.items())),
    }
    metrics = collect_metrics(rows, counts.model_copy(update=quarantined), encodings, task)
    unused = collection.unused_entries(raw, sources, params.labels, task)
    forms = {
        "alike": joining.labels_alike(raw, params.labels, task),
        "joined": {old: new for row in raw for old, new in row.spellings.items()},
    }
    shown = {"show_text": sorted(source.name for source in sources if source.show_text)}
    known = {key: names for key, names in (forms | shown).items() if names}
    metrics = metrics.model_copy(update=known)
    chunks = contract.contract_chunks(raw, sources, key, task)
    write_results("collect", metrics.naming(unused), chunks, dropped, private=True)
    lines = [(row.source, shown_name(row.file), row.line, row.reason) for row in bad]
    write_csv(QUARANTINE, COLUMNS[QUARANTINE], lines)
    always = [name for name, number in metrics.by_class.items() if number == len(rows)]
    if always and task.TARGET == "label":
        notes.append(f"in every row, so that nothing can be learned about it: {in_line(always)}")
    doubtful = raw_rows.doubtful_dates(raw)
    more = f", {doubtful:,} with a date before 1970 or after their batch" if doubtful else ""
    line = f"{len(rows):,} rows kept, {len(dropped):,} dropped, {len(bad):,} in quarantine{more}"
    return "; ".join([line, *notes]) + unused_in_words(unused) + alike_in_words(**forms)
