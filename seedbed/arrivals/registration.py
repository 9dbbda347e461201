"""A source written into params.yaml, and its path into dvc.yaml, with every other line as it was.

The new lines are put in as text where the parsed file says they belong: writing the whole file anew
would move comments. What comes out is parsed again and must hold what was there and the addition,
nothing else.
"""

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter

from seedbed.core.errors import ArrivalError


def with_source(params: str, entry: dict[str, Any]) -> str:
    """params.yaml with one more entry at the end of `sources`. Raises ArrivalError."""
    place = "params.yaml: sources"
    items = _value(_root(params, place), ("sources",), place)
    return _added(params, items, ("sources",), entry, place)


def with_dep(pipeline: str, path: str) -> str:
    """dvc.yaml with one more path among what stage collect reads. Raises ArrivalError."""
    keys = ("stages", "collect", "deps")
    place = "dvc.yaml: stages: collect: deps"
    if path in _loaded(pipeline)["stages"]["collect"]["deps"]:
        return pipeline
    items = _value(_root(pipeline, place), keys, place)
    return _added(pipeline, items, keys, path, place)


def _added(text: str, items: Node, keys: tuple[str, ...], item: Any, place: str) -> str:
    if not isinstance(items, SequenceNode):
        raise _not_a_list(place)
    lines = text.split("\n")
    if items.flow_style:
        if items.value:
            raise _not_a_list(place)
        number, dash = items.start_mark.line, _indent(lines[items.start_mark.line]) + 2
        line = lines[number]
        lines[number] = (line[: items.start_mark.column] + line[items.end_mark.column :]).rstrip()
        after = number
    else:
        dash = items.start_mark.column
        after = _last_line(items, lines, dash)
    lines[after + 1 : after + 1] = _item_lines(item, dash)
    written = "\n".join(lines)
    _check(text, written, keys, item, place)
    return written


class _Representer(RoundTripRepresenter):
    """Writes nothing as `null`, so that a label that is dropped does not look forgotten."""


_Representer.add_representer(
    type(None), lambda writer, _: writer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def _item_lines(item: Any, dash: int) -> list[str]:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.width = 10_000  # a long value stays on its line
    yaml.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    yaml.dump([item], buffer)
    lines = [line[2:] for line in buffer.getvalue().rstrip("\n").split("\n")]
    return [" " * dash + line for line in lines]


def _last_line(items: SequenceNode, lines: list[str], dash: int) -> int:
    """The last line that belongs to a block list: of its last value, and comments that stand
    deeper than its dashes."""
    after = _end(items)
    for number in range(after + 1, len(lines)):
        line = lines[number]
        if not line.lstrip().startswith("#") or _indent(line) <= dash:
            break
        after = number
    return after


def _end(node: Node) -> int:
    """The line in which the last value below a node ends."""
    if isinstance(node, ScalarNode):
        mark = node.end_mark  # a block scalar (|, >) ends at the start of the next line
        return mark.line - (mark.column == 0 and mark.line > node.start_mark.line)
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.line
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _root(text: str, place: str) -> Node:
    node = YAML().compose(text)
    if not isinstance(node, MappingNode):
        raise _not_a_list(place)
    return node


def _value(node: Node, keys: tuple[str, ...], place: str) -> Node:
    for key in keys:
        found = [value for name, value in node.value if name.value == key]
        if not isinstance(node, MappingNode) or not found:
            raise _not_a_list(place)
        node = found[0]
    return node


def _loaded(text: str) -> Any:
    return YAML(typ="safe").load(text)


def _check(before: str, after: str, keys: tuple[str, ...], item: Any, place: str) -> None:
    """Raise ArrivalError unless the new text is the old content with the item at the end."""
    expected = _loaded(before)
    holder = expected
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = [*(holder[keys[-1]] or []), item]
    if _loaded(after) != expected:
        raise _not_a_list(place)


def _not_a_list(place: str) -> ArrivalError:
    return ArrivalError(
        place,
        "not a list in block style, one item a line",
        "`- ` before each item",
        "write it so, or add the new one by hand",
    )
