"""Every rule on an object that the API server returned, beside an unmodified twin that is eligible.

The reason comes from `kubectl podcron explain`, which runs the controller's own rules; that the
controller acts on them is seen in the ledger: not one start in a refused pod.
"""

import datetime
import json
import unittest

from cluster_case import ClusterCase, deployment, is_ready, pod_cron_job, wait_for

SERVING = {"podcron.dev/serving": "true"}


def bare_pod(name, labels, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
            "spec": {"containers": [{"name": "app", "image": "shop:1"}], **spec}}


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

    def assert_serves(self, pod):
        """Eligible, unless a run hangs in it because its node is stopped: the last rule but one."""
        self.assertIn(self.explain_once(self.job)[pod], (None, "PodBusy"))

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

    def test_rule_03_opted_out(self):
        pods = self.make_app(self.app, 2)
        self.plane.kubectl("annotate", "pod", pods[0], "podcron.dev/exclude=true")
        self.apply_job()
        self.judge(pods[0], "OptedOut", pods[1])

    def test_rule_04_kubectl_run_with_the_apps_labels(self):
        twin = self.make_app(self.app, 1)[0]
        labels = ",".join(f"{k}={v}" for k, v in self.pods_with().items())
        self.plane.kubectl("run", self.app + "-shell", "--image=busybox", "--stdin",
                           "--attach=false", "--labels=" + labels)
        self.wait_running(self.app + "-shell")
        self.apply_job()
        self.judge(self.app + "-shell", "NotOwnedByWorkload", twin)

    def judge_debug_copy(self, flags):
        """A `kubectl debug --copy-to` copy without pod-template-hash; with it, it would be adopted."""
        pods = self.make_app(self.app, 2)
        copy = self.app[:50] + "-copy"
        # The controller manager would act on what it saw first, the copy with the hash.
        self.plane.command("stop", "kube-controller-manager")
        try:
            self.plane.kubectl("debug", pods[0], "--copy-to=" + copy, "--attach=false", *flags)
            self.plane.kubectl("label", "pod", copy, "pod-template-hash-")
            self.wait_running(copy)
            self.apply_job()
            self.judge(copy, "NotOwnedByWorkload", pods[1])
            self.plane.kubectl("delete", "pod", copy)
        finally:
            self.plane.command("cont", "kube-controller-manager")

    def test_rule_04_debug_copy_general_with_labels(self):
        self.judge_debug_copy(["--image=busybox", "--profile=general", "--keep-labels"])

    def test_rule_04_debug_copy_sysadmin_with_labels(self):
        self.judge_debug_copy(["--image=busybox", "--profile=sysadmin", "--keep-labels"])

    def test_rule_04_debug_copy_set_image_keeps_labels(self):
        self.judge_debug_copy(["--set-image=*=busybox"])

    def test_rule_01_debug_copy_that_loses_its_labels(self):
        pods = self.make_app(self.app, 2)
        copy = self.app + "-copy"
        self.plane.kubectl("debug", pods[0], "--copy-to=" + copy, "--attach=false",
                           "--image=busybox", "--profile=general")
        self.wait_running(copy)
        self.plane.kubectl("label", "pod", copy, "app=" + self.app)
        self.apply_job()
        self.judge(copy, "NotLabelledServing", pods[1])

    def test_rule_07_debug_copy_that_was_adopted(self):
        pods = self.make_app(self.app, 2)
        copy = self.app + "-copy"
        self.plane.command("stop", "kube-controller-manager")
        try:
            # One more is wanted, so that the ReplicaSet adopts the copy and keeps it.
            replicas = self.plane.get("replicasets", selector=f"app={self.app}")[0]
            self.plane.kubectl("scale", "deployment", self.app, "--replicas=3")
            self.plane.kubectl("scale", "replicaset", replicas["metadata"]["name"], "--replicas=3")
            self.plane.kubectl("debug", pods[0], "--copy-to=" + copy, "--attach=false",
                               "--set-image=*=busybox")
            self.wait_running(copy)
            # A controller that wakes may make a pod before it sees the copy: then others go first.
            self.plane.kubectl("annotate", "pod", copy, pods[1],
                               "controller.kubernetes.io/pod-deletion-cost=1000")
        finally:
            self.plane.command("cont", "kube-controller-manager")
        wait_for("the copy is adopted", lambda: self.plane.get("pod", copy)["metadata"]
                 .get("ownerReferences"))
        self.apply_job()
        self.judge(copy, "AdoptedPod", pods[1])

    def test_rule_05_job_pod_with_the_apps_labels(self):
        twin = self.make_app(self.app, 1)[0]
        self.plane.apply({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": self.app + "-job", "labels": {"app": self.app}},
            "spec": {"template": {"metadata": {"labels": self.pods_with()},
                                  "spec": {"restartPolicy": "Never", "containers": [
                                      {"name": "app", "image": "shop:1"}]}}}})
        pod = wait_for("the Job's pod", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector=f"app={self.app}")
            if p["metadata"]["name"].startswith(self.app + "-job")])[0]
        self.wait_running(pod)
        self.apply_job()
        self.judge(pod, "OwnerKindNotAllowed", twin)

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

    def test_rule_07_a_copy_by_hand_keeps_generate_name_but_not_the_name(self):
        pods = self.make_app(self.app, 2)
        original = self.plane.get("pod", pods[0])
        copy = bare_pod(self.app + "-copy", original["metadata"]["labels"])
        copy["metadata"]["generateName"] = original["metadata"]["generateName"]
        copy["metadata"]["ownerReferences"] = original["metadata"]["ownerReferences"]
        self.plane.command("stop", "kube-controller-manager")
        try:
            self.plane.kubectl("create", "-f", "-", text=json.dumps(copy))
            self.wait_running(copy["metadata"]["name"])
            self.apply_job()
            self.judge(copy["metadata"]["name"], "AdoptedPod", pods[1])
        finally:
            self.plane.command("cont", "kube-controller-manager")

    def test_rule_09_stdin_that_the_template_does_not_have(self):
        pods = self.make_app(self.app, 2)
        original = self.plane.get("pod", pods[0])
        name = original["metadata"]["generateName"] + "bcdfg"
        shell = bare_pod(name, original["metadata"]["labels"], containers=[
            {"name": "app", "image": "shop:1", "stdin": True, "tty": True}])
        shell["metadata"]["generateName"] = original["metadata"]["generateName"]
        shell["metadata"]["ownerReferences"] = original["metadata"]["ownerReferences"]
        self.plane.command("stop", "kube-controller-manager")
        try:
            self.plane.kubectl("create", "-f", "-", text=json.dumps(shell))
            self.wait_running(name)
            self.apply_job()
            self.judge(name, "InteractiveContainer", pods[1])
        finally:
            self.plane.command("cont", "kube-controller-manager")

    def test_rule_12_terminating(self):
        pods = self.make_app(self.app, 2, annotations={"plane.podcron.dev/grace-ignored": "true"})
        self.plane.kubectl("patch", "pod", pods[0], "--type=merge", "-p",
                           '{"metadata":{"finalizers":["example.com/hold"]}}')
        self.plane.kubectl("delete", "pod", pods[0], "--wait=false")
        twin = [p for p in self.ready_pods(self.app, 2) if p != pods[0]][0]
        self.apply_job()
        self.judge(pods[0], "PodTerminating", twin)
        self.plane.kubectl("patch", "pod", pods[0], "--type=merge", "-p",
                           '{"metadata":{"finalizers":null}}')

    def patch_status(self, pod, status):
        self.plane.kubectl("patch", "pod", pod, "--subresource=status", "-p", json.dumps(status))

    def test_rule_13_disrupted(self):
        pods = self.make_app(self.app, 2)
        # The node would write its own conditions again, and the disruption controller takes away
        # a condition that has no time or an old one.
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.plane.command("stop", "node")
        try:
            self.patch_status(pods[0], {"status": {"conditions": [
                {"type": "DisruptionTarget", "status": "True",
                 "reason": "EvictionByEvictionAPI", "lastTransitionTime": now}]}})
            self.apply_job()
            wait_for("PodDisrupted", lambda: self.explain(self.job).get(pods[0])
                     == "PodDisrupted")
            self.assert_serves(pods[1])
        finally:
            self.plane.command("cont", "node")

    def test_rule_14_evicted(self):
        pods = self.make_app(self.app, 2)
        self.plane.command("stop", "node")
        try:
            self.patch_status(pods[0], {"status": {"phase": "Failed", "reason": "Evicted"}})
            self.apply_job()
            wait_for("PodCompleted", lambda: self.explain(self.job).get(pods[0]) == "PodCompleted")
        finally:
            self.plane.command("cont", "node")

    def test_rule_15_pending(self):
        twin = self.make_app(self.app, 1)[0]
        slow = deployment(self.app + "-slow", 1, labels=self.pods_with(tier="slow"))
        slow["spec"]["selector"]["matchLabels"]["tier"] = "slow"
        slow["spec"]["template"]["metadata"]["annotations"] = {
            "plane.podcron.dev/start-delay": "3600"}
        self.plane.apply(slow)
        pod = wait_for("the slow pod", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector="tier=slow")
            if p["metadata"]["labels"]["app"] == self.app])[0]
        self.apply_job()
        self.judge(pod, "PodPending", twin)
        self.plane.kubectl("delete", "deployment", self.app + "-slow", "--wait=false")

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

    def test_rule_18_container_not_running(self):
        pods = self.make_app(self.app, 2)
        status = self.plane.get("pod", pods[0])["status"]["containerStatuses"]
        status[0].update(state={"waiting": {"reason": "CrashLoopBackOff"}}, ready=False)
        self.plane.command("stop", "node")
        try:
            self.patch_status(pods[0], {"status": {"containerStatuses": status}})
            self.apply_job()
            wait_for("ContainerNotRunning", lambda: self.explain(self.job).get(pods[0])
                     == "ContainerNotRunning")
            self.assert_serves(pods[1])
        finally:
            self.plane.command("cont", "node")

    def test_rule_19_container_not_ready(self):
        pods = self.make_app(self.app, 2)
        self.plane.kubectl("annotate", "pod", pods[0], "plane.podcron.dev/ready=false")
        self.apply_job()
        self.judge(pods[0], "ContainerNotReady", pods[1])

    def test_rule_20_readiness_gate_unmet(self):
        twin = self.make_app(self.app, 1)[0]
        gated = deployment(self.app + "-gated", 1, labels=self.pods_with(tier="gated"))
        gated["spec"]["selector"]["matchLabels"]["tier"] = "gated"
        gated["spec"]["template"]["spec"]["readinessGates"] = [
            {"conditionType": "example.com/in-load-balancer"}]
        self.plane.apply(gated)
        pod = wait_for("the gated pod runs", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector="tier=gated")
            if p["metadata"]["labels"]["app"] == self.app
            and p["status"].get("phase") == "Running"])[0]
        self.apply_job()
        self.judge(pod, "PodNotReady", twin)
        self.plane.kubectl("delete", "deployment", self.app + "-gated", "--wait=false")

    def test_rule_21_not_available_yet(self):
        self.make_app(self.app, 1)
        self.apply_job({"selector": {"matchLabels": {"app": self.app}}, "minReadySeconds": 3600})
        wait_for("NotAvailableYet", lambda: self.verdicts()
                 == {"NotAvailableYet"})
        self.assertEqual(self.plane.starts(self.job), [])

    def test_rule_24_a_debug_container_that_runs(self):
        pods = self.make_app(self.app, 2)
        self.plane.kubectl("debug", pods[0], "--image=busybox", "--target=app",
                           "--profile=general", "--attach=false")
        self.apply_job()
        self.judge(pods[0], "EphemeralContainerRunning", pods[1])

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
