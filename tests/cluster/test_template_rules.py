"""Rules 8, 10 and 11 on objects of the real API server and its controllers: what runs in a pod, whose
tool works in it, and of which revision it is. See test_eligibility.py."""

import json
import unittest

from cluster_case import deployment, is_ready, wait_for
from test_eligibility import EligibilityCase


class TemplateRules(EligibilityCase):
    def target(self, **fields):
        return {"selector": {"matchLabels": {"app": self.app}}, **fields}

    def wait_verdicts(self, wanted, seconds=20):
        """`wanted`: {pod: reason or None}; other pods may be there."""
        def said():
            verdicts = self.explain(self.job)
            return all(pod in verdicts and verdicts[pod] == reason
                       for pod, reason in wanted.items())
        wait_for(f"{wanted}", said, seconds)

    def set_image(self, pod, image):
        self.plane.kubectl("set", "image", "pod/" + pod, "app=" + image)

    def replica_by_hand(self, original, containers, **annotations):
        """A pod as the ReplicaSet would have made it, but for what an admission webhook changed."""
        meta = self.plane.get("pod", original)["metadata"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": meta["generateName"] + "bcdfg", "generateName": meta["generateName"],
            "labels": meta["labels"], "ownerReferences": meta["ownerReferences"],
            "annotations": annotations}, "spec": {"containers": containers}}
        self.plane.kubectl("create", "-f", "-", text=json.dumps(pod))
        self.wait_running(pod["metadata"]["name"])
        return pod["metadata"]["name"]

    # ---- rule 8 ----

    def test_rule_08_an_image_changed_in_place(self):
        pods = self.make_app(self.app, 2)
        self.set_image(pods[0], "busybox")
        self.apply_job()
        self.judge(pods[0], "TemplateMismatch", pods[1])

    def test_rule_08_a_registry_is_rewritten_for_all_or_for_none(self):
        pods = self.make_app(self.app, 2)
        for pod in pods:
            self.set_image(pod, "mirror.example/team/shop:1")
        self.apply_job()
        self.wait_verdicts({pods[0]: None, pods[1]: None})
        wait_for("runs", lambda: len(self.plane.starts(self.job)) >= 2, 30)
        self.set_image(pods[0], "shop:1")
        self.judge(pods[1], "TemplateMismatch", pods[0])

    def by_hand(self, containers, **annotations):
        pods = self.make_app(self.app, 2)
        self.plane.command("stop", "kube-controller-manager")
        self.addCleanup(self.plane.command, "cont", "kube-controller-manager")
        return self.replica_by_hand(pods[0], containers, **annotations), pods[1]

    def test_rule_08_telepresence_replaces_the_container(self):
        pod, twin = self.by_hand([
            {"name": "app", "image": "alpine:latest", "args": ["sleep", "infinity"]},
            {"name": "traffic-agent", "image": "tel2:2"}])
        self.apply_job(self.target(container="app"))
        self.judge(pod, "TemplateMismatch", twin)

    def test_rule_08_telepresence_takes_the_container_away(self):
        pod, twin = self.by_hand([{"name": "traffic-agent", "image": "tel2:2"}])
        self.apply_job()
        self.judge(pod, "TemplateMismatch", twin)

    def test_rule_08_another_command(self):
        pod, twin = self.by_hand([{"name": "app", "image": "shop:1", "command": ["sleep", "1d"]}])
        self.apply_job()
        self.judge(pod, "TemplateMismatch", twin)

    def test_rule_08_an_injected_sidecar_is_no_difference(self):
        pod, twin = self.by_hand(
            [{"name": "istio-proxy", "image": "proxyv2:1", "args": ["proxy"]},
             {"name": "app", "image": "shop:1"}],
            **{"kubectl.kubernetes.io/default-container": "app"})
        self.apply_job()
        self.wait_verdicts({pod: None, twin: None})

    # ---- rule 10 ----

    def judge_marked(self, verb, mark):
        pods = self.make_app(self.app, 2)
        self.plane.kubectl(verb, "pod", pods[0], mark)
        self.apply_job()
        self.judge(pods[0], "DevToolActive", pods[1])

    def test_rule_10_devspace(self):
        self.judge_marked("label", "devspace.sh/replaced=true")

    def test_rule_10_okteto(self):
        self.judge_marked("label", "interactive.dev.okteto.com=shop")

    def test_rule_10_telepresence(self):
        self.judge_marked("label", "telepresence.io/workloadEnabled=true")

    def test_rule_10_skaffold_debug(self):
        self.judge_marked("annotate", 'debug.cloud.google.com/config={"app":{"runtime":"go"}}')

    # ---- rule 11 ----

    def rolling_out(self, **template):
        """(an old pod, a new one): the rollout stops there, because nothing is ever available."""
        old = self.make_app(self.app, 2)
        new = deployment(self.app, 2, **template)
        new["spec"]["minReadySeconds"] = 300
        new["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:2"
        self.plane.apply(new)
        pod = wait_for("a new pod", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector=f"app={self.app}")
            if p["spec"]["containers"][0]["image"] == "shop:2"])[0]
        return old[0], pod

    def test_rule_11_prefer_latest_leaves_out_what_is_being_replaced(self):
        old, new = self.rolling_out()
        self.apply_job()
        self.judge(old, "RevisionExcluded", new)

    def test_rule_11_prefer_latest_runs_in_the_old_while_no_new_one_serves(self):
        old, new = self.rolling_out(annotations={"plane.podcron.dev/start-delay": "3600"})
        self.apply_job()
        self.judge(new, "PodPending", old)

    def test_rule_11_latest_and_any(self):
        old, new = self.rolling_out(annotations={"plane.podcron.dev/start-delay": "3600"})
        self.apply_job(self.target(revision="Latest"))
        self.wait_verdicts({old: "RevisionExcluded", new: "PodPending"})
        self.apply_job(self.target(revision="Any"))
        self.judge(new, "PodPending", old)

    def by_revision(self, kind, **spec):
        """A workload that replaces no pod by itself: the user deletes them."""
        made = deployment(self.app, 2)
        made["kind"] = kind
        made["spec"].update(updateStrategy={"type": "OnDelete"}, **spec)
        if kind == "DaemonSet":
            del made["spec"]["replicas"]
        self.plane.apply(made)
        return made

    def update_image(self, made):
        made["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:2"
        self.plane.apply(made)

    def test_rule_11_a_stateful_set_that_is_being_updated(self):
        made = self.by_revision("StatefulSet", serviceName=self.app)
        old, new = f"{self.app}-1", f"{self.app}-0"
        self.ready_pods(self.app, 2)
        self.update_image(made)
        self.apply_job(self.target(revision="Latest"))
        self.wait_verdicts({old: "RevisionExcluded", new: "RevisionExcluded"})
        self.plane.kubectl("delete", "pod", new)
        self.wait_running(new)
        self.judge(old, "RevisionExcluded", new)
        # The old one is no copy: it runs what its own revision says.
        self.apply_job(self.target(revision="Any"))
        self.wait_verdicts({old: None, new: None})

    def test_rule_11_a_daemon_set_that_is_being_updated(self):
        made = self.by_revision("DaemonSet")
        old = self.ready_pods(self.app, 1)
        self.apply_job(self.target(revision="Latest"))
        self.wait_verdicts({pod: None for pod in old})
        self.update_image(made)
        self.wait_verdicts({pod: "RevisionExcluded" for pod in old})
        self.apply_job(self.target(revision="Any"))
        self.wait_verdicts({pod: None for pod in old})
        self.plane.kubectl("delete", "pod", old[0])
        new = wait_for("its successor", lambda: [
            p["metadata"]["name"] for p in self.plane.get("pods", selector=f"app={self.app}")
            if p["metadata"]["name"] not in old and is_ready(p)])
        self.apply_job(self.target(revision="Latest"))
        self.wait_verdicts({new[0]: None})


if __name__ == "__main__":
    unittest.main()
