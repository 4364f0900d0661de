"""The API contract on a real API server. Started by ./run; see there."""

import argparse
import pathlib
import signal
import sys

import bounds
import chart
import cli
import record
import rules
from api import NAMESPACE, Api
from checks import Checks

ROOT = pathlib.Path(__file__).resolve().parents[3]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--plane", required=True, help="the plane's program")
    arguments.add_argument("--dir", required=True, help="directory of the running plane")
    arguments.add_argument("--helm", required=True, help="the Helm program")
    options = arguments.parse_args()
    # As an exception, so that what is started here is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checks = Checks()
    api = Api(options.plane, options.dir)
    try:
        # Apply by the client keeps a copy of the object in an annotation, whose size is limited.
        for how in (["--dry-run=server"], ["--server-side"]):
            code, _, err = api.kubectl("apply", *how, "-f", str(ROOT / "crds"))
            checks.equal(f"kubectl apply -f crds/ {how[0]} works", (code, err), (0, ""))
        api.kubectl("wait", "--for=condition=Established", "crd/podcronjobs.podcron.dev",
                    "crd/podjobs.podcron.dev", "--timeout=60s")
        for name in (NAMESPACE, chart.SYSTEM):
            api.kubectl("create", "namespace", name)
        rules.check_rules(api, checks)
        bounds.check_schemas(api, checks)
        bounds.check_bounds(api, checks)
        bounds.check_defaults(api, checks)
        record.check_decided_through(api, checks)
        record.check_final_phase(api, checks)
        record.check_immutable_spec(api, checks)
        bounds.check_every_rule_was_tried(api, checks)
        cli.check_shipped_examples(api, checks)
        cli.check_example(api, checks)
        cli.check_columns(api, checks)
        cli.check_explain(api, checks)
        cli.check_server_side_apply(api, checks)
        helm = chart.Helm(options.helm, options.dir)
        chart.check_rendering(api, helm, checks)
        chart.check_install(api, helm, checks)
    finally:
        api.close()
    print(f"crd: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


sys.exit(main())
