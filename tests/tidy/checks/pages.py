"""Pages of docs/ that are written from the tables of tests: they say what the tests prove."""

import importlib
import itertools
import os
import pathlib
import sys

from .source import Finding

CLUSTER = pathlib.Path(__file__).resolve().parents[2] / "cluster"
# Module of tests/cluster that writes the page at its PATH.
WRITERS = ("pod_shapes_page",)


def check(tree):
    findings = []
    sys.path.insert(0, str(CLUSTER))
    try:
        for name in WRITERS:
            findings += _difference(tree, importlib.import_module(name), name)
    finally:
        sys.path.remove(str(CLUSTER))
    return findings


def _difference(tree, writer, name):
    got = tree.text(writer.PATH).split("\n") if writer.PATH in tree.paths else []
    lines = itertools.zip_longest(got, writer.page().split("\n"), fillvalue="no line")
    for number, (is_there, wanted) in enumerate(lines, 1):
        if is_there != wanted:
            first = max(0, len(os.path.commonprefix([is_there, wanted])) - 30)
            got, wanted = (text[first:first + 80] for text in (is_there, wanted))
            return [Finding(writer.PATH, number, "pages", f"got `{got}`, wanted `{wanted}`: run "
                            f"tests/cluster/{name}.py")]
    return []
