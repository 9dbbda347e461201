"""Personal data in what goes to git, metrics and cards as it is: labels, meta columns, names of
files and sources, batches, licences."""

import re
from collections.abc import Iterable

from seedbed.collecting.raw_rows import MOMENT, Published
from seedbed.core.errors import SourceError
from seedbed.private.detection import detect
from seedbed.private.kinds import Wanted

# Of one person alone, even in a label or a name of a file: @home, 1.2.3.4 and dates are good ones.
SECRETS = frozenset({"api_key", "url_with_secret"})
STRONG = SECRETS | {"email", "phone", "credit_card", "iban", "national_id"}
ENDINGS = re.compile(r"(\.(csv|tsv|tab|txt|md|html?|jsonl?|ndjson|parquet|xlsx?|gz|bz2|xz|zip))+$")


def check_published(values: Iterable[Published]) -> None:
    """Raise SourceError, with the first two characters alone, for a value that looks personal."""
    for place, value, may_name in values:
        if kind := looks_personal(value, may_name):
            raise SourceError(
                place,
                f"`{value[:2]}…` ({len(value)} characters) looks like a {kind}",
                "nothing personal: it goes to git, metrics and cards as it is",
                "rename it where the rows come from, or, if it is nobody's, add it to "
                "`collect.not_personal`",
            )


def looks_personal(value: str, may_name: bool = False) -> str:
    """Return the kind of personal data in a label or name, "" for none. `may_name`: persons, too,
    which a name of a file may hold; a label such as Washington is none."""
    plain = MOMENT.sub("", ENDINGS.sub("", value))
    words = re.sub(r"[\W\d_]+", " ", plain).strip() if may_name else ""
    wanted = Wanted(STRONG, regions=()), Wanted(frozenset(), names=frozenset({"person"}))
    for text, one in zip((plain, words), wanted, strict=True):
        if text and (spans := detect([text], one)[0]):
            return spans[0].kind.replace("_", " ")
    return ""
