"""Bad input and faults: a clear message, nothing lost, and one bad object never stops the others."""

import json
import os
import re
import signal
import subprocess
import unittest

from cluster_case import ClusterCase, Failure, deployment, pod_cron_job, wait_for
from harness import PODCRON, ROOT, Controller, Plane


class Faults(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pods = cls().make_app("shop", 3)

    def misbehave(self, app, mode):
        """One pod of its own app that answers exec as `mode` says."""
        self.make_app(app, 1, annotations={"plane.podcron.dev/exec": mode})

    def one_run(self, name, command=("true",), app="shop", seconds=40, **options):
        self.plane.apply(pod_cron_job(name, "*/2 * * * * *", list(command), app=app, **options))
        self.addCleanup(self.remove, name)
        return self.ended_runs(name, seconds=seconds)[0]

    # ---- exec that goes wrong ----

    def test_a_status_that_never_comes_is_unknown(self):
        self.misbehave("cut", "cut-before-status")
        run = self.one_run("cut", ["true"], app="cut")
        self.assertEqual(run["status"]["phase"], "Unknown")
        self.assertEqual(len(self.plane.starts(run["metadata"]["name"])), 1, "and it did run, once")
        self.assertIn(run["status"]["reason"], ("ContactLost", "NoStatus"))

    def test_a_refused_exec_draws_another_pod_or_is_not_started(self):
        self.misbehave("refuses", "refuse")
        run = self.one_run("refuses", app="refuses")
        self.assertEqual(self.plane.starts(run["metadata"]["name"]), [])
        self.assertIn(run["status"]["phase"], ("Failed", "Unknown"))

    def test_an_exec_that_never_ends_is_given_up_at_its_deadline(self):
        self.misbehave("hangs", "hang")
        run = self.one_run("hangs", app="hangs", job={"activeDeadlineSeconds": 2})
        self.assertEqual((run["status"]["phase"], run["status"]["reason"]),
                         ("Unknown", "DeadlineExceeded"))

    def test_flooding_output_costs_no_memory_and_keeps_its_tail(self):
        def rss():
            with open(f"/proc/{self.controller.process.pid}/status") as status:
                return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        before = rss()
        run = self.one_run("floods", ["podcron-flood", "100000000"], seconds=60,
                           job={"outputPolicy": "Always"})
        self.assertEqual(run["status"]["phase"], "Succeeded")
        self.assertLessEqual(len(run["status"]["targets"][0]["output"]), 2048)
        self.assertLess(rss() - before, 20_000, "KiB for 100 MB of output")

    def test_a_pod_that_goes_away_in_mid_run_does_not_hold_the_run(self):
        self.make_app("leaves", 1)
        self.plane.apply(pod_cron_job("leaves", "*/2 * * * * *", ["podcron-sleep", "300"],
                                      app="leaves"))
        self.addCleanup(self.remove, "leaves")
        start = wait_for("a start", lambda: self.plane.starts("leaves-"), 20)[0]
        self.plane.kubectl("delete", "pod", start["pod"], "--wait=false")
        run = self.ended_runs("leaves")[0]
        self.assertIn(run["status"]["phase"], ("Unknown", "Failed"))

    # ---- objects that are hostile or in the way ----

    def test_hostile_pods_do_not_stop_anything(self):
        huge = deployment("hostile", 1, annotations={
            "a": "x" * 200_000, "b": "\ud83d\ude08 \u202e \ufffd", "c": '{"status":"Success"}'})
        self.plane.apply(huge, server_side=True)
        self.ready_pods("hostile", 1)
        run = self.one_run("hostile", app="hostile")
        self.assertEqual(run["status"]["phase"], "Succeeded")

    def test_one_bad_object_never_stops_the_others(self):
        self.plane.apply(pod_cron_job("bad", "0 0 30 2 *", ["true"]),
                         pod_cron_job("nobody", "* * * * * *", ["true"], app="nobody",
                                      job={"noTargetPolicy": "Skip"}))
        self.addCleanup(self.remove, "bad", "nobody")
        self.assertEqual(self.one_run("good")["status"]["phase"], "Succeeded")
        self.wait_condition("nobody", "TargetsAvailable", "False", reason="NoPodsMatch")
        wait_for("an Event that says why", lambda: [
            e for e in self.plane.get("events.events.k8s.io")
            if e["reason"] == "RunSkipped" and e["regarding"]["name"] == "nobody"
            and ": NoEligiblePod: no pod in namespace default matches" in e.get("note", "")])

    def test_a_denied_podjob_is_recorded_and_told(self):
        self.plane.kubectl("create", "namespace", "full")
        self.make_app("shop", 1, namespace="full")
        self.plane.apply({"apiVersion": "v1", "kind": "ResourceQuota",
                          "metadata": {"name": "none", "namespace": "full"},
                          "spec": {"hard": {"count/podjobs.podcron.dev": "0"}}})
        wait_for("the quota", lambda: self.plane.get("resourcequota", "none", "full")
                 .get("status", {}).get("hard"))
        self.plane.apply(pod_cron_job("denied", "*/2 * * * * *", ["true"], namespace="full"))
        history = wait_for("Denied", lambda: [
            h for h in self.status("denied", "full").get("history", [])
            if h.get("reason") == "Denied"], 40)
        self.assertEqual(history[0]["outcome"], "Skipped")
        self.assertEqual(self.plane.starts("denied-"), [])
        self.remove("denied", namespace="full")

    # ---- the API server ----

    def test_the_api_server_may_go_and_come_back(self):
        self.plane.apply(pod_cron_job("steady", "* * * * * *", ["podcron-noop"]))
        self.addCleanup(self.remove, "steady")
        self.ended_runs("steady", 2)
        self.plane.command("restart", "kube-apiserver")
        before = len(self.plane.starts("steady-"))
        wait_for("runs go on", lambda: len(self.plane.starts("steady-")) >= before + 3, 90, 0.5)
        wait_for("ready again", lambda: self.controller.http("/readyz")[0] == 200, 60)
        ids = [s["run_id"] for s in self.plane.starts("steady-")]
        self.assertEqual(len(ids), len(set(ids)), "none doubled")

    def test_an_unreachable_api_server_is_told_and_readyz_says_no(self):
        path = os.path.join(self.plane.directory, "dead.kubeconfig")
        with open(self.plane.account_kubeconfig()) as file:
            text = re.sub(r"server: .*", "server: https://127.0.0.1:9", file.read())
        with open(path, "w") as file:
            file.write(text)
        controller = Controller(self.plane, kubeconfig=path)
        self.addCleanup(controller.stop)
        wait_for("a log line", lambda: [l for l in controller.lines()
                                        if "cannot read from the API server" in l.get("msg", "")
                                        and "connect to 127.0.0.1:9" in l.get("error", "")])
        self.assertEqual(wait_for("an answer", lambda: controller.http("/readyz")[0]), 503)
        self.assertIsNone(controller.process.poll(), "it goes on trying")

    def run_podcron(self, *arguments, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KUBE")}
        return subprocess.run([PODCRON, *arguments], capture_output=True, text=True, timeout=20,
                              env={**clean, **environment})

    def test_a_malformed_kubeconfig_is_refused_with_path_and_reason(self):
        for name, text, wanted in (
                ("empty", "", "not a kubeconfig"),
                ("broken", "clusters: [", ":1:1: not YAML"),
                ("nowhere", "apiVersion: v1\nkind: Config\ncurrent-context: x\n", "x")):
            path = os.path.join(self.plane.directory, name + ".yaml")
            with open(path, "w") as file:
                file.write(text)
            done = self.run_podcron("--kubeconfig", path)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(path, done.stderr)
            self.assertIn(wanted, done.stderr)

    def test_no_cluster_is_touched_that_was_not_named(self):
        done = self.run_podcron(KUBECONFIG=self.plane.kubeconfig, HOME=self.plane.directory)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--kubeconfig", done.stderr)

    def test_sigterm_ends_in_order_and_frees_the_lease(self):
        extra = self.start_controller()
        extra.wait_ready()
        leases = lambda: {l["spec"]["holderIdentity"] for l in self.plane.get(  # noqa: E731
            "leases", namespace="podcron-system")}
        holder = wait_for("its Lease", lambda: [h for h in leases()
                                                if h.startswith(extra.name + "_")])[0]
        extra.process.send_signal(signal.SIGTERM)
        self.assertEqual(extra.process.wait(40), 0)
        self.assertNotIn(holder, leases())

    def test_missing_rights_are_told_not_hidden(self):
        self.plane.kubectl("create", "serviceaccount", "nobody", "-n", "default")
        controller = Controller(self.plane,
                                kubeconfig=self.plane.account_kubeconfig("default", "nobody"))
        self.addCleanup(controller.stop)
        line = wait_for("a log line", lambda: [l for l in controller.lines()
                                               if l.get("http_status") in ("403", 403)])[0]
        self.assertIn("msg", json.loads(json.dumps(line)))
        self.assertEqual(controller.http("/readyz")[0], 503)

    def test_a_claim_that_is_refused_is_missed_because_of_the_api(self):
        whole = self.plane.get("clusterrole", "podcron")
        poorer = json.loads(json.dumps(whole))
        poorer["rules"] = [r for r in whole["rules"] if r["resources"] != ["podcronjobs/status"]]
        self.assertEqual(len(poorer["rules"]), len(whole["rules"]) - 1)

        def give(role):
            role["metadata"].pop("resourceVersion", None)
            self.plane.kubectl("replace", "-f", "-", text=json.dumps(role))

        self.plane.apply(pod_cron_job("refused", "* * * * * *", ["podcron-noop"]))
        self.addCleanup(self.remove, "refused")
        self.ended_runs("refused")
        self.addCleanup(give, whole)
        give(poorer)
        wait_for("what the API server answers", lambda: [
            l for l in self.controller.lines() if l.get("msg") == "status not written"
            and l.get("podcronjob") == "default/refused" and "forbidden" in l.get("error", "")])
        give(whole)
        wait_for("the reason", lambda: [
            h for h in self.status("refused").get("history", [])
            if (h["outcome"], h.get("reason")) == ("Missed", "ApiUnavailable")], 60)



class BareCluster(unittest.TestCase):
    """`podcron --kubeconfig FILE` on a cluster that has nothing of ours: no chart, no namespace."""

    def test_the_crds_alone_are_enough_and_are_asked_for(self):
        plane = Plane()
        self.addCleanup(plane.stop)
        controller = Controller(plane, kubeconfig=plane.kubeconfig, namespace=None)
        self.addCleanup(controller.stop)
        wait_for("what is missing", lambda: [
            l for l in controller.lines() if "kubectl apply -f crds/" in l.get("error", "")])
        self.assertEqual(controller.http("/readyz")[0], 503)
        plane.kubectl("apply", "--server-side", "-f", os.path.join(ROOT, "crds"))
        controller.wait_ready(60)
        plane.apply(deployment("shop", 1), pod_cron_job("served", "* * * * * *", ["true"]))
        wait_for("a run", lambda: [r for r in plane.get("podjobs")
                                   if r.get("status", {}).get("phase") == "Succeeded"])


if __name__ == "__main__":
    unittest.main()
