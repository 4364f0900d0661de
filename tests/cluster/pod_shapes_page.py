#!/usr/bin/env python3
"""Writes docs/pod-shapes.md from the rows of pod_shapes.py, which test_pod_shapes.py proves.

Usage: tests/cluster/pod_shapes_page.py
tests/tidy compares the page with the rows.
"""

import itertools
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import ROOT  # noqa: E402
from pod_shapes import GROUPS, NOT_MADE  # noqa: E402

PATH = "docs/pod-shapes.md"
PIPE = r"\|"  # in a cell
HEAD = """\
# Pod shapes, and what podcron says of each

<!-- Written by tests/cluster/pod_shapes_page.py from tests/cluster/pod_shapes.py: edit that. -->

Every row is a test: the pod is made on a real control plane by the real client and the real controllers, and
`kubectl podcron explain` must give this reason first, for the object that the API server returned. Beside it
stands a twin, a replica of the same app that nobody has touched, which must be eligible. In the end one run
with strategy `All` must start in every eligible pod, and in none of those that the app's labels alone select and
that were refused. What the reasons mean: [Which pods run my job](eligibility.md).

The PodCronJob selects the app's labels, unless the row names `workloadRef` or another field of the target.
`$POD` is a replica, `$COPY` the new pod; `$REPLICA` is a name such as the ReplicaSet's generator makes.
Annotations `plane.podcron.dev/…` tell the tests' node how to behave. A copy "before it is adopted" is seen while
the controllers stand still, as are all copies by hand. Once adopted it counts as a replica to Kubernetes; there it
fills a gap, because the tests let the app's controller make no pods of its own.
"""


def made(step):
    """How the page says a step; "" for one that only looks or waits."""
    return f"`{step}`" if isinstance(step, str) else step.text


def reason(shape, when):
    said = f"`{shape.reason}`" if shape.reason else "eligible"
    return f"{said} {shape.adoption}" if when else said


def row(shapes):
    """Shapes of one name are one pod at different times."""
    how = "; ".join(filter(None, map(made, shapes[0].steps))) or "as its controller made it"
    reasons = ", ".join(reason(shape, len(shapes) > 1) for shape in shapes)
    return f"| {shapes[0].name} | {how.replace('|', PIPE)} | {reasons} |"


def page():
    lines = [HEAD]
    for title, shapes in GROUPS:
        lines += [f"## {title}", "", "| pod | how it is made | reason |", "|---|---|---|"]
        lines += [row(tuple(same)) for _, same in itertools.groupby(shapes, lambda shape: shape.name)]
        lines.append("")
    lines += ["## What the plane cannot make", "", "| shape | why, and what stands for it |", "|---|---|"]
    lines += [f"| {shape} | {why} |" for shape, why in NOT_MADE]
    return "\n".join(lines) + "\n"


def main():
    with open(os.path.join(ROOT, PATH), "w", encoding="utf-8") as file:
        file.write(page())


if __name__ == "__main__":
    main()
