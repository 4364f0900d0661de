"""What a user of kubectl sees: apply, columns, names, explain, server-side apply."""

import pathlib
import re
import textwrap

from api import NAMESPACE, PLURAL

HERE = pathlib.Path(__file__).parent
ROOT = HERE.resolve().parents[2]


def check_example(api, checks):
    """The example of the contract can be applied as it stands, and again without a change.

    Runs after check_shipped_examples, which makes the namespace.
    """
    for word in ("created", "unchanged"):
        code, out, err = api.kubectl("apply", "-f", str(HERE / "example.yaml"))
        checks.equal(f"the example is {word}", (code, out, err),
                     (0, f"podcronjob.podcron.dev/nightly-digest {word}\n", ""))
    code, out, err = api.kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts",
                                 "-f", str(HERE / "example.yaml"))
    checks.equal("the example can be applied on the server's side", (code, err), (0, ""))
    code, out, err = api.kubectl("create", "--dry-run=server", "-f", "-",
                                 text=(HERE / "example.yaml").read_text().replace("nightly", "weekly"))
    checks.equal("the example can be created", (code, err), (0, ""))


def check_shipped_examples(api, checks):
    """Each file of examples/ can be applied as it stands, and the README shows one of them."""
    api.kubectl("create", "namespace", "shop")
    files = sorted((ROOT / "examples").glob("*.yaml"))
    checks.that("there are examples", len(files) >= 2, str(files))
    for file in files:
        code, _, err = api.kubectl("apply", "--dry-run=server", "-f", str(file))
        checks.equal(f"examples/{file.name} can be applied", (code, err), (0, ""))
    block = re.search(r"^ *```yaml\n( *apiVersion: podcron.*?)^ *```$", (ROOT / "README.md").read_text(),
                      re.DOTALL | re.MULTILINE)
    shown = textwrap.dedent(block.group(1)) if block else None
    example = "".join(line for line in (ROOT / "examples/nightly-digest.yaml").open()
                      if not line.startswith("#"))
    checks.equal("the README shows examples/nightly-digest.yaml", shown, example)


def table(out):
    lines = [re.split(r"\s{2,}", line.strip()) for line in out.strip().splitlines()]
    return lines


def check_columns(api, checks):
    """Runs after record.py has left a PodCronJob `digest` with a status, and finished runs."""
    code, out, _ = api.kubectl("get", "pcj", "-n", NAMESPACE)
    lines = table(out)
    checks.equal("columns of a PodCronJob", lines[0],
                 ["NAME", "SCHEDULE", "ZONE", "STRATEGY", "LAST", "NEXT", "READY", "REASON", "AGE"])
    row = lines[1]
    checks.equal("row of a PodCronJob", row[:4] + row[5:8],
                 ["digest", "0 3 * * *", "UTC", "Random", "2999-11-23T03:00:00Z", "False",
                  "NoEligiblePod"])
    checks.that("no column shows <invalid>", "<invalid>" not in " ".join(row[5:]), out)
    code, out, _ = api.kubectl("get", "pjob", "run-failed", "-n", NAMESPACE)
    lines = table(out)
    checks.equal("columns of a PodJob", lines[0],
                 ["NAME", "PHASE", "TARGET", "LATE", "TOOK", "EXIT", "AGE"])
    checks.equal("row of a PodJob", lines[1][:6], ["run-failed", "Failed", "shop-0", "0.02s", "2s", "7"])
    code, out, _ = api.kubectl("get", "pjob", "run-failed", "-n", NAMESPACE, "-o", "wide")
    checks.that("-o wide says more", "REASON" in out and "PODCRONJOB" in out and "MESSAGE" in out, out)
    code, out, _ = api.kubectl("get", "podcron", "-n", NAMESPACE, "-o", "name")
    checks.that("the category podcron has both kinds",
                "podcronjob.podcron.dev/digest" in out and "podjob.podcron.dev/run-failed" in out, out)
    code, out, _ = api.kubectl("get", "all", "-n", NAMESPACE, "-o", "name")
    checks.that("the category all is left alone", "podcron" not in out, out)
    code, out, err = api.kubectl("wait", "--for=condition=Finished", "pjob/run-failed", "-n", NAMESPACE,
                                 "--timeout=5s")
    checks.equal("kubectl wait sees the end of a run", code, 0)


def check_explain(api, checks):
    for kind in PLURAL.values():
        code, out, err = api.kubectl("explain", kind, "--recursive")
        checks.that(f"kubectl explain {kind} works", code == 0 and "decidedThrough" in out or
                    "podCronJobName" in out, err)
    for field in ("podcronjobs.spec.schedule", "podjobs.spec.target.revision", "podjobs.status.phase"):
        code, out, err = api.kubectl("explain", field)
        checks.that(f"kubectl explain {field} has a text", code == 0 and "<empty>" not in out, out + err)


def check_server_side_apply(api, checks):
    """Two owners of one object, each with its own entry of a list that merges by key."""
    whole = """
apiVersion: podcron.dev/v1alpha1
kind: PodCronJob
metadata: {name: shared, namespace: crd-test}
spec:
  schedule: "@daily"
  podJobTemplate:
    spec:
      target: {selector: {matchLabels: {app: shop}}}
      exec: {command: [a], env: [{name: A, value: "1"}]}
"""
    part = whole.replace('schedule: "@daily"', "suspend: true").replace("command: [a], ", "") \
        .replace("name: A", "name: B").replace("      target: {selector: {matchLabels: {app: shop}}}\n", "")
    # Strict validation is of the whole object, after the merge.
    for manager, text in (("team", whole), ("operations", part)):
        code, out, err = api.kubectl("apply", "--server-side", f"--field-manager={manager}", "-f", "-",
                                     text=text)
        checks.equal(f"{manager} can apply its part", (code, err), (0, ""))
    merged = api.request("GET", api.path("PodCronJob", "shared")).body["spec"]
    checks.equal("both parts are there",
                 (merged["suspend"], merged["schedule"],
                  [e["name"] for e in merged["podJobTemplate"]["spec"]["exec"]["env"]]),
                 (True, "@daily", ["A", "B"]))
