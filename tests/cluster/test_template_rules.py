"""Rules 8 and 11 on objects that change under a PodCronJob: which image a pod has, of which revision it
is. See test_eligibility.py, and test_pod_shapes.py for what stays as it is."""

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

    # ---- rule 8 ----

    def test_rule_08_a_registry_is_rewritten_for_all_or_for_none(self):
        pods = self.make_app(self.app, 2)
        for pod in pods:
            self.set_image(pod, "mirror.example/team/shop:1")
        self.apply_job()
        self.wait_verdicts({pods[0]: None, pods[1]: None})
        wait_for("runs", lambda: len(self.plane.starts(self.job)) >= 2, 30)
        self.set_image(pods[0], "shop:1")
        self.judge(pods[1], "TemplateMismatch", pods[0])

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
