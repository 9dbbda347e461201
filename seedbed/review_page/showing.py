"""How a row looks on the page. Every text goes through `escape`, so that nothing in it runs."""

import hashlib
import json
from html import escape

import pandas as pd
import streamlit as st

from seedbed.core.reasons import in_words
from seedbed.pages.escaping import for_terminal

# Background and ink, distinct in hue and readable in print.
COLOURS = [
    ("#dbeafe", "#1e3a8a"), ("#dcfce7", "#14532d"), ("#fef3c7", "#78350f"), ("#fce7f3", "#831843"),
    ("#ede9fe", "#4c1d95"), ("#cffafe", "#164e63"), ("#ffedd5", "#7c2d12"), ("#e2e8f0", "#1e293b"),
]  # fmt: skip
STYLE = """<style>
.row-text {font-family: Georgia, 'Times New Roman', serif; font-size: 1.08rem; line-height: 1.55;
  white-space: pre-wrap; overflow-wrap: anywhere; max-width: 72ch; color: #1c1917}
.row-text.small {font-size: .88rem; line-height: 1.4; color: #44403c}
.pair-mark {font-size: .75rem; color: #78716c; margin: .8rem 0 .2rem; text-transform: uppercase}
.chip {display: inline-block; padding: .12rem .6rem; border-radius: .6rem; font-weight: 600;
  font-size: .95rem; margin-right: .3rem; overflow-wrap: anywhere}
.fact {color: #57534e; font-size: .86rem; line-height: 1.5; overflow-wrap: anywhere}
.life {display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem;
  font-size: .92rem; overflow-wrap: anywhere; margin-bottom: 1rem}
.life .whole {grid-column: 1 / -1; border-left: 3px solid #d6d3d1; padding-left: .7rem}
.block-container {padding-top: 2.2rem; max-width: 1240px}
</style>"""


def chip(label: str) -> str:
    """Return a label as a coloured chip; the same label has the same colour everywhere."""
    number = int(hashlib.sha256(label.encode()).hexdigest(), 16) % len(COLOURS)
    back, ink = COLOURS[number]
    return (
        f'<span class="chip" style="background:{back};color:{ink}">'
        f"{escape(for_terminal(label)) or 'no label'}</span>"
    )


def text_block(row: pd.Series, small: bool = False, limit: int = 0) -> str:
    """Return the text of a row, and its second text in pair tasks, as HTML.

    `limit`: the most characters of each, on one line; 0: all.
    """
    style = "row-text small" if small else "row-text"
    blocks = [f'<div class="{style}" dir="auto">{_safe(row["text"], limit)}</div>']
    if row["text_pair"]:
        blocks.append('<div class="pair-mark">second text</div>')
        blocks.append(f'<div class="{style}" dir="auto">{_safe(row["text_pair"], limit)}</div>')
    return "".join(blocks)


def _safe(text: str, limit: int) -> str:
    if limit:  # a preview, so its lines are joined
        text = " ".join(text.split())
        text = f"{text[:limit]} …" if len(text) > limit else text
    return escape(for_terminal(text))


def facts(row: pd.Series) -> str:
    """Return where a row comes from, one fact per line, as HTML."""
    origin = json.loads(row["provenance"] or "{}")
    place = f"{origin.get('file', '?')}:{origin.get('line', origin.get('key', '?'))}"
    lines = [
        f"row {row['id']}",
        f"source {row['source']}, batch {row['batch']}, {row['date'] or 'no date'}",
        place,
        f"licence {origin.get('licence') or 'not given'}",
    ]
    lines += [f"{key} {value}" for key, value in json.loads(row["meta"] or "{}").items()]
    return f'<div class="fact">{"<br>".join(escape(for_terminal(line)) for line in lines)}</div>'


def why(given: str, suggested: str, score: float | None, reason: str) -> str:
    """Return the given and the suggested label, and why the given one is suspected, as HTML."""
    parts = [f"given {chip(given)}"]
    if suggested and suggested != given:
        parts.append(f"suggested {chip(suggested)}")
    line = " ".join(parts)
    if reason:
        quality = (
            f"; label quality {score:.3f} (lower: more likely wrong)" if score is not None else ""
        )
        line += f'<div class="fact">{escape(in_words(reason))}{quality}</div>'
    return line


def near_rows(rows: list[pd.Series], blind: bool = False) -> None:
    """Show rows of similar meaning, each with its label."""
    for row in rows:
        with st.container(border=True):
            st.html(chip(row["label"]) + text_block(row, small=True, limit=220))
    if not rows:
        st.caption(
            "Not shown in a blind queue: they would hint at the suggestion." if blind else "None."
        )
