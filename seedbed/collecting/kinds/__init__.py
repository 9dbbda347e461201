"""The kinds of sources, one file each; a new kind is a new file in this folder.

Every module has a class that extends `seedbed.collecting.source.Source`, and names it SOURCE.
"""

from importlib import import_module
from pkgutil import iter_modules

from seedbed.collecting.source import Source

KINDS: dict[str, type[Source]] = {
    module.name: import_module(f"{__name__}.{module.name}").SOURCE
    for module in sorted(iter_modules(__path__), key=lambda module: module.name)
}
