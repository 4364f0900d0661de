"""Rules that ask about more than the pod: the PodCronJob's fields, its runs, its conditions; and that the
controller acts on the rules: not one start in a refused pod, in the ledger.

What pods there are and what is said of each: test_pod_shapes.py.
"""

import unittest

from cluster_case import ClusterCase, deployment, is_ready, pod_cron_job, wait_for

SERVING = {"podcron.dev/serving": "true"}


class EligibilityCase(ClusterCase):
    """One app and one PodCronJob a test, both named after it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plane.apply(pod_cron_job("probe", "0 0 1 1 *", ["true"]))

    def setUp(self):
        self.app = self.id().rsplit(".", 1)[1].replace("test_", "").replace("_", "-")[:40].rstrip("-")
        self.job = "j-" + self.app[:38].rstrip("-")

    def tearDown(self):
        self.plane.kubectl("delete", "deployment,statefulset,daemonset,job,pod", "-l",
                           f"app={self.app}", "--ignore-not-found", "--wait=false")
        self.plane.kubectl("delete", "deployment,statefulset,daemonset", self.app,
                           "--ignore-not-found", "--wait=false")
        self.remove(self.job)

    def verdicts(self):
        """What is said of the app's own pods."""
        return {reason for pod, reason in self.explain(self.job).items()
                if pod.startswith(self.app + "-")}

    def apply_job(self, target=None, **options):
        self.plane.apply(pod_cron_job(self.job, "* * * * * *", ["true"], app=self.app,
                                      target=target, **options))

    def pods_with(self, **labels):
        return {"app": self.app, **SERVING, **labels}

    def judge(self, pod, reason, twin):
        """`pod` is refused for `reason`, `twin` is eligible, and runs happen in the twin only."""
        def said():
            verdicts = self.explain(self.job)
            return verdicts if verdicts.get(pod) == reason and twin in verdicts \
                and verdicts[twin] is None else None
        wait_for(f"{pod} refused for {reason}, {twin} eligible", said, 20)
        before = len(self.plane.starts(self.job))
        wait_for("runs in the twin", lambda: len(self.plane.starts(self.job)) >= before + 2, 30)
        pods = {s["pod"] for s in self.plane.starts(self.job)[before:]}
        self.assertNotIn(pod, pods)

    def wait_running(self, name):
        wait_for(f"{name} ready", lambda: is_ready(self.plane.get("pod", name) or {}))


class Eligibility(EligibilityCase):
    # Rules 1 and 2 are about labels: such a pod is not even listed by the selector.

    def test_rule_01_not_labelled_serving(self):
        twin = self.make_app(self.app, 1)[0]
        self.plane.apply(deployment(self.app + "-dark", 1, labels={"app": self.app, "tier": "dark"}))
        dark = wait_for("the dark pod", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector="tier=dark")
            if p["metadata"]["labels"]["app"] == self.app])[0]
        self.apply_job()
        self.judge(dark, "NotLabelledServing", twin)
        self.plane.kubectl("delete", "deployment", self.app + "-dark", "--wait=false")

    def test_rule_02_selector_mismatch_by_name(self):
        pods = self.make_app(self.app, 2)
        self.apply_job({"selector": {"matchLabels": {"app": self.app}}, "podNames": [pods[0]]})
        self.judge(pods[1], "SelectorMismatch", pods[0])

    def test_rule_04_a_debug_copy_that_keeps_its_labels(self):
        pods = self.make_app(self.app, 2)
        copy = self.app + "-copy"
        # Without pod-template-hash; with it, it would be adopted, and the controller manager would act
        # on what it saw first.
        self.plane.command("stop", "kube-controller-manager")
        try:
            self.plane.kubectl("debug", pods[0], "--copy-to=" + copy, "--set-image=*=busybox")
            self.plane.kubectl("label", "pod", copy, "pod-template-hash-")
            self.wait_running(copy)
            self.apply_job()
            self.judge(copy, "NotOwnedByWorkload", pods[1])
            self.plane.kubectl("delete", "pod", copy)
        finally:
            self.plane.command("cont", "kube-controller-manager")

    def test_rule_06_a_canary_is_another_workload(self):
        twin = self.make_app(self.app, 1)[0]
        canary = deployment(self.app + "-canary", 1, labels=self.pods_with(track="canary"))
        canary["spec"]["selector"]["matchLabels"]["track"] = "canary"
        canary["spec"]["template"]["metadata"]["labels"] = self.pods_with(track="canary")
        self.plane.apply(canary)
        pod = wait_for("the canary", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector="track=canary")
            if p["metadata"]["labels"]["app"] == self.app and is_ready(p)])[0]
        self.apply_job({"workloadRef": {"kind": "Deployment", "name": self.app},
                        "selector": {"matchLabels": {"app": self.app}}})
        self.judge(pod, "OwnerMismatch", twin)
        self.plane.kubectl("delete", "deployment", self.app + "-canary", "--wait=false")

    def test_rule_16_container_not_found(self):
        self.make_app(self.app, 1)
        self.apply_job({"selector": {"matchLabels": {"app": self.app}}, "container": "worker"})
        wait_for("ContainerNotFound", lambda: self.verdicts()
                 == {"ContainerNotFound"})
        found = self.wait_condition(self.job, "TargetsAvailable", "False")
        self.assertEqual(found["reason"], "NoEligiblePod")
        self.assertIn("1 ContainerNotFound", found["message"])

    def test_rule_17_container_ambiguous_and_its_cure(self):
        two = [{"name": "app", "image": "a"}, {"name": "sidecar", "image": "b"}]
        self.make_app(self.app, 1, containers=two)
        self.apply_job()
        wait_for("ContainerAmbiguous", lambda: self.verdicts()
                 == {"ContainerAmbiguous"})
        self.plane.apply(deployment(self.app, 1, containers=two, annotations={
            "kubectl.kubernetes.io/default-container": "app"}))
        wait_for("runs in the default container", lambda: [
            s for s in self.plane.starts(self.job) if s["container"] == "app"], 40)

    def test_rule_21_not_available_yet(self):
        self.make_app(self.app, 1)
        self.apply_job({"selector": {"matchLabels": {"app": self.app}}, "minReadySeconds": 3600})
        wait_for("NotAvailableYet", lambda: self.verdicts()
                 == {"NotAvailableYet"})
        self.assertEqual(self.plane.starts(self.job), [])

    def test_rule_26_a_pod_that_has_a_run_of_this_job(self):
        pods = self.make_app(self.app, 1)
        self.plane.apply(pod_cron_job(self.job, "* * * * * *", ["podcron-sleep", "8"],
                                      app=self.app, concurrencyPolicy="Allow"))
        wait_for("a run", lambda: self.plane.starts(self.job), 20)
        wait_for("PodBusy", lambda: self.explain(self.job).get(pods[0]) == "PodBusy")

    def test_the_missing_serving_label_is_named_with_its_workload(self):
        self.plane.apply(deployment(self.app, 2, labels={"app": self.app}))
        wait_for("pods", lambda: len(self.plane.get("pods", selector=f"app={self.app}")) == 2)
        self.apply_job()
        found = self.wait_condition(self.job, "Ready", "False", reason="NotLabelledServing",
                                    seconds=30)
        self.assertIn("podcron.dev/serving=true", found["message"])
        self.assertIn(f"Deployment {self.app}", found["message"])


if __name__ == "__main__":
    unittest.main()
