"""Each shape of pod_shapes.py, made with the real client, beside an unmodified twin that is eligible.

The object is the API server's, and it is judged at once when it is as the shape says: nothing waits
for the wanted answer. The whole module shares one plane and a handful of workloads.
"""

import json
import re
import unittest

from cluster_case import ClusterCase, deployment, pod_cron_job
from pod_shapes import AFTER, BEFORE, SHAPES, is_owned
from shape_workshop import App, Workshop, install_kubectl

# One for each shape that changes a replica, and some that stay as they are.
SHOP_REPLICAS = sum(s.app == "shop" and s.changes_replica for s in SHAPES) + 4
DB_REPLICAS = 4


class PodShapes(ClusterCase):
    plane_arguments = ("--nodes", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        install_kubectl(cls.plane)
        cls.jobs = {}  # target as JSON -> name of the PodCronJob that is asked
        cls.refused = {}  # UID -> law, of the pods that the app's own selector takes in
        made = (App(cls.plane, "shop", "Deployment", SHOP_REPLICAS),
                App(cls.plane, "db", "StatefulSet", DB_REPLICAS))
        cls.apps = {app.name: app for app in made}
        for app in made:
            app.open()

    def job_with(self, target):
        """A PodCronJob that is never due, only asked."""
        text = json.dumps(target, sort_keys=True)
        if text not in self.jobs:
            name = f"judge-{len(self.jobs)}"
            self.plane.apply(pod_cron_job(name, "0 0 1 1 *", ["true"], target=target))
            self.jobs[text] = name
        return self.jobs[text]

    def prove(self, shape):
        app = self.apps[shape.app]
        workshop = Workshop(self.plane, app, SHAPES.index(shape))
        self.addCleanup(workshop.close)
        if shape.changes_replica:
            app.take(workshop.pod)
        if shape.adoption == BEFORE:
            self.plane.command("stop", "kube-controller-manager")
            self.addCleanup(self.plane.command, "cont", "kube-controller-manager")
        name = self.make(shape, workshop)
        if shape.adoption == BEFORE or name == app.next_replica:
            # Cleanups run from the last to the first: no owner finds it when it wakes.
            self.addCleanup(self.plane.kubectl, "delete", "pod", name, "--force", "--grace-period=0")
        if shape.adoption == AFTER:
            workshop.wait_pod(name, is_owned)
        self.judge(shape, workshop, workshop.wait_pod(name, shape.until))

    def make(self, shape, workshop):
        """The name of the pod to judge."""
        name = None
        for step in shape.steps:
            made = workshop.run(step) if isinstance(step, str) else step.make(workshop)
            name = made or name
        return name or workshop.named(shape.judged)

    def judge(self, shape, workshop, pod):
        selector = {"selector": {"matchLabels": {"app": workshop.app}}}
        name = pod["metadata"]["name"]
        said = self.explain_once(self.job_with({**selector, **(shape.target or {})}))
        self.assertNotEqual(name, workshop.twin)
        self.assertEqual({each: said.get(each, "not said") for each in (name, workshop.twin)},
                         {name: shape.reason, workshop.twin: None})
        if shape.reason and not shape.target and workshop.app == "shop":
            self.refused[pod["metadata"]["uid"]] = shape.law

    # unittest takes names in order; see add_row.
    def test_the_controller_runs_in_what_is_eligible_and_in_none_of_the_refused(self):
        if not self.refused:
            self.skipTest("none was made")
        eligible = {pod for pod, reason in self.explain_once(self.job_with(
            {"selector": {"matchLabels": {"app": "shop"}}})).items() if reason is None}
        self.plane.apply(pod_cron_job("everywhere", "* * * * * *", ["true"], app="shop",
                                      job={"strategy": {"type": "All"}}))
        run = self.ended_runs("everywhere", seconds=120)[0]
        self.remove("everywhere")
        self.assertEqual({t["podName"] for t in run["spec"]["targets"]}, eligible)
        starts = self.plane.starts("everywhere")
        self.assertLessEqual(eligible, {s["pod"] for s in starts})
        self.assertEqual({s["container"] for s in starts}, {"app"})
        self.assertEqual([self.refused[s["uid"]] for s in starts if s["uid"] in self.refused], [])


def add_row(shape):
    def test(self):
        self.prove(shape)
    name = "test_" + re.sub(r"\W+", "_", shape.law)
    if hasattr(PodShapes, name):
        raise ValueError(f"two shapes have one law: {shape.law}")
    if name > "test_the":
        raise ValueError(f"{shape.law}: it would come after the test that looks back at all of them")
    setattr(PodShapes, name, test)


for each in SHAPES:
    add_row(each)


if __name__ == "__main__":
    unittest.main()
