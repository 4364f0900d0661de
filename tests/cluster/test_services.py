"""Rules 22 and 23 on EndpointSlices that the real controller wrote for a real Service."""

import json
import unittest

from cluster_case import ClusterCase, deployment, pod_cron_job, wait_for


def service(name, selector, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": selector, "ports": [{"port": 80}], **spec}}


class Services(ClusterCase):
    # A slice refuses loopback addresses; nothing is sent to these.
    plane_arguments = ("--pod-cidr", "10.244.0.0/16")

    def apply_job(self, job, app, **options):
        self.plane.apply(pod_cron_job(job, "* * * * * *", ["true"], target={
            "selector": {"matchLabels": {"app": app}}, "serviceName": app}, **options))

    def wait_verdicts(self, job, wanted):
        def check():
            found = self.explain(job)
            return all(found.get(pod, "?") == reason for pod, reason in wanted.items())
        wait_for(f"{job}: {wanted}", check, 20)

    def starts_after(self, job, count=2):
        """The pods of the next starts."""
        before = len(self.plane.starts(job))
        wait_for(f"runs of {job}", lambda: len(self.plane.starts(job)) >= before + count, 30)
        return {start["pod"] for start in self.plane.starts(job)[before:]}

    def test_only_the_endpoints_of_the_service_run_it(self):
        inside = self.make_app("blue", 1)[0]
        self.plane.apply(deployment("blue-dark", 1, labels={
            "app": "blue", "tier": "dark", "podcron.dev/serving": "true"}))
        dark = wait_for("the dark pod", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector="tier=dark")])[0]
        hash_ = self.plane.get("pod", inside)["metadata"]["labels"]["pod-template-hash"]
        self.plane.apply(service("blue", {"app": "blue", "pod-template-hash": hash_}))
        self.apply_job("blue-job", "blue")
        self.wait_verdicts("blue-job", {inside: None, dark: "NotInService"})
        self.assertEqual(self.starts_after("blue-job"), {inside})
        self.remove("blue-job")

    def test_a_pod_that_joins_the_service_wakes_who_waits(self):
        pod = self.make_app("late", 1)[0]
        # Rarely due: what runs it is the change of the slice, not the next time.
        self.plane.apply(pod_cron_job("late-job", "* * * * * *", ["true"], target={
            "selector": {"matchLabels": {"app": "late"}}, "serviceName": "late"},
            concurrencyPolicy="Queue"))
        found = self.wait_condition("late-job", "TargetsAvailable", "False",
                                    reason="NoEligiblePod")
        self.assertIn("1 NotInService; no EndpointSlice of Service late names", found["message"])
        self.assertEqual(self.plane.starts("late-job"), [])
        self.plane.apply(service("late", {"app": "late"}))
        self.assertEqual(self.starts_after("late-job"), {pod})
        self.wait_condition("late-job", "TargetsAvailable", "True")
        self.remove("late-job")

    def test_serving_counts_and_not_ready_of_a_service_that_publishes_all(self):
        # Such an endpoint is `ready` and not `serving`. The pod's own Ready is a rule before this
        # one, so the slice is frozen while the pod says that it is ready again.
        pods = self.make_app("open", 2)
        self.plane.apply(service("open", {"app": "open"}, clusterIP="None",
                                 publishNotReadyAddresses=True))
        self.apply_job("open-job", "open")
        self.wait_verdicts("open-job", {pods[0]: None, pods[1]: None})
        self.plane.kubectl("annotate", "pod", pods[0], "plane.podcron.dev/ready=false")

        def endpoint():
            for each in self.plane.get("endpointslices",
                                       selector="kubernetes.io/service-name=open"):
                for entry in each["endpoints"]:
                    if entry["targetRef"]["name"] == pods[0]:
                        return entry["conditions"]
            return None
        wait_for("the endpoint says so", lambda: endpoint()["serving"] is False, 20)
        self.assertTrue(endpoint()["ready"])
        self.plane.command("stop", "kube-controller-manager")
        try:
            self.plane.kubectl("annotate", "pod", pods[0], "plane.podcron.dev/ready-")
            self.wait_verdicts("open-job", {pods[0]: "EndpointNotServing", pods[1]: None})
            self.assertEqual(self.starts_after("open-job"), {pods[1]})
        finally:
            self.plane.command("cont", "kube-controller-manager")
        self.wait_verdicts("open-job", {pods[0]: None})
        self.remove("open-job")

    def test_without_the_right_the_condition_says_so_and_the_right_cures_it(self):
        self.make_app("shut", 1)
        self.plane.apply(service("shut", {"app": "shut"}))
        whole = self.plane.get("clusterrole", "podcron-read")
        poorer = json.loads(json.dumps(whole))
        poorer["rules"] = [r for r in whole["rules"] if r["resources"] != ["endpointslices"]]
        self.assertEqual(len(poorer["rules"]), len(whole["rules"]) - 1)

        def give(role):
            role["metadata"].pop("resourceVersion", None)
            self.plane.kubectl("replace", "-f", "-", text=json.dumps(role))

        self.addCleanup(give, whole)
        give(poorer)
        # A new name is a new list, which is refused now.
        self.apply_job("shut-job", "shut")
        found = self.wait_condition("shut-job", "Ready", "False", reason="EndpointsNotListed",
                                    seconds=40)
        self.assertIn("endpointslices", found["message"])
        self.assertEqual(self.plane.starts("shut-job"), [])
        give(whole)
        wait_for("runs", lambda: self.plane.starts("shut-job"), 60)
        self.wait_condition("shut-job", "Ready", "True")
        self.remove("shut-job")


if __name__ == "__main__":
    unittest.main()
