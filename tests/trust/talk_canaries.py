"""Canaries in conversations: personal values in every turn of every form, looked for in all that
a run, or its stages up to split, writes outside the private zone."""

import json
from contextlib import chdir, redirect_stderr
from io import StringIO
from pathlib import Path

from tests import talks
from tests.chat_project import answer_project
from tests.conftest import Project, make_project, yaml

# A value is planted in one of these; what precedes it names the columns or the roles.
PLACES = {
    "openai": ("system", "early user", "early assistant", "question", "answer"),
    "sharegpt": ("system", "question", "answer"),
    "alpaca": ("instruction", "input", "output", "system", "history"),
    "columns": ("question", "answer", "context"),
}
EVERY = [(form, place) for form, places in PLACES.items() for place in places]
STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split")
WORDS = "harbour meadow tower bakery stadium orchard tunnel museum quarry lighthouse".split()


def sentence(number: int, value: str = "it") -> str:
    """A text that is no near copy of another number's."""
    first, second = WORDS[number % 10], WORDS[number // 10 % 10]
    return f"Row {number * 7919}: at the {first} and the {second} they noted {value} today."


def row(form: str, place: str, number: int, value: str) -> dict[str, object]:
    """A record of a form with the value in one place."""
    texts = {name: sentence(number * 8 + n) for n, name in enumerate(PLACES[form])}
    texts[place] = sentence(number * 8 + PLACES[form].index(place), value)
    if form == "columns":
        return texts
    if form == "alpaca":
        earlier = [[texts.pop("history"), "And then?"]]
        return {**texts, "history": earlier}
    names = ("role", "content") if form == "openai" else ("from", "value")
    roles = {"question": "user", "answer": "assistant"} if form == "openai" else {
        "question": "human", "answer": "gpt"}  # fmt: skip
    said = [
        dict(zip(names, (roles.get(name, name.removeprefix("early ")), text), strict=True))
        for name, text in texts.items()
    ]
    return {"messages" if form == "openai" else "conversations": said}


def plant(folder: Path, values: dict[str, str], whole: bool) -> Project:
    """A project whose conversations have each value in one of EVERY, in turn. `whole`: it has a
    tiny language model and conversations to learn from, so that every stage runs."""
    project = answer_project(folder) if whole else make_project(folder)
    folder = project.folder
    rows: dict[str, talks.Rows] = {form: [] for form in PLACES}
    for number, value in enumerate(values.values()):
        form, place = EVERY[number // 10 % len(EVERY)]  # ten kinds of values, one after the other
        rows[form].append(row(form, place, number, value))
    sources = []
    for form, members in rows.items():
        if not members:
            continue
        file = folder / f"data/raw/{form}.{talks.ENDINGS[form]}"
        talks.write(file, members)
        columns = {"text": "question", "answer": "answer", "context": "context"}
        sources.append(
            {"name": form, "kind": "file", "path": file.relative_to(folder).as_posix(),
             "batch": f"2026-01-{form}", "licence": "CC0", "show_text": True,
             **({"columns": columns} if form == "columns" else {})}
        )  # fmt: skip

    def change(content) -> None:
        content["task"]["kind"] = "answer"
        content["sources"] = [*(content["sources"] if whole else []), *sources]

    project.params(change)
    pipeline = yaml.load(folder / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"] += [source["path"] for source in sources]
    yaml.dump(pipeline, folder / "dvc.yaml")
    return project


def run(folder: Path) -> str:
    """Run the stages up to split, none of which needs a model; return what they print."""
    from importlib import import_module

    said = []
    with chdir(folder), redirect_stderr(StringIO()) as printed:
        for stage in STAGES:
            said.append(import_module(f"stages.{stage}").main())
    return "\n".join([*map(str, said), printed.getvalue()])


def raw_values(folder: Path, values: dict[str, str]) -> int:
    """How many of the values are in what collect has read: all, or nothing was measured."""
    from seedbed.core.rows import read_rows

    rows = read_rows(folder / "data/collect")
    texts = "\n".join(rows["context"] + rows["text"] + rows["answer"])
    return sum(json.dumps(value, ensure_ascii=False)[1:-1] in texts for value in values.values())
