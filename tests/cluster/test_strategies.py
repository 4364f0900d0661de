"""Strategies against a real API server: what stands in the status survives the controller, and the
ledger of the pods says who really ran."""

from cluster_case import QUICK_ELECTION, ClusterCase, deployment, pod_cron_job, wait_for


def stateful_set(name, replicas):
    """As a Deployment of the same name would be."""
    made = deployment(name, replicas)
    made["kind"] = "StatefulSet"
    made["spec"].update(serviceName=name, podManagementPolicy="Parallel")
    return made


class Strategies(ClusterCase):
    plane_arguments = ("--nodes", "3")
    controller_arguments = QUICK_ELECTION

    def pods_by_time(self, job, count):
        """The pods that ran the first `count` scheduled times, oldest first."""
        runs = self.ended_runs(job, count, seconds=90)
        starts = {s["run_id"]: s["pod"] for s in self.plane.starts(job)}
        return [starts[r["metadata"]["name"]] for r in runs[:count]]

    def apply_job(self, name, app, strategy):
        # Who takes over a claim of a killed controller has the time to run it.
        self.plane.apply(pod_cron_job(name, "* * * * * *", ["true"], app=app,
                                      successfulJobsHistoryLimit=100, failedJobsHistoryLimit=100,
                                      catchUpPolicy="None", startingDeadlineSeconds=90,
                                      job={"strategy": strategy}))
        self.addCleanup(self.remove, name)

    def test_round_robin_goes_on_where_a_killed_controller_stopped(self):
        pods = self.make_app("turns", 3)
        self.apply_job("turns", "turns", {"type": "RoundRobin"})
        self.ended_runs("turns", 4)
        self.controller.kill()
        self.start_controller().wait_ready()
        self.running.pop(0)
        ran = self.pods_by_time("turns", 10)
        first = pods.index(ran[0])
        self.assertEqual(first, 0)
        self.assertEqual(ran, [pods[i % len(pods)] for i in range(len(ran))])
        state = self.status("turns")["strategyState"]
        self.assertEqual(len(state), 1, "the last one used, no more")

    def test_least_recent_forgets_pods_by_the_merge_patch_of_another_strategy(self):
        self.make_app("forget", 2)
        self.apply_job("forget", "forget", {"type": "LeastRecent"})
        wait_for("both are remembered",
                 lambda: len(self.status("forget").get("strategyState", {})) == 2)
        self.apply_job("forget", "forget", {"type": "RoundRobin"})
        wait_for("one is left", lambda: len(self.status("forget").get("strategyState", {})) == 1)
        self.apply_job("forget", "forget", {"type": "Oldest"})
        wait_for("none is left", lambda: "strategyState" not in self.status("forget"))

    def test_ordinal_runs_in_its_pod_only_and_waits_for_it(self):
        self.plane.apply(stateful_set("db", 3))
        self.ready_pods("db", 3)
        self.apply_job("ordinal", "db", {"type": "Ordinal", "ordinal": 1})
        self.assertEqual(set(self.pods_by_time("ordinal", 4)), {"db-1"})
        self.plane.kubectl("scale", "statefulset", "db", "--replicas=1")
        lack = self.wait_condition("ordinal", "TargetsAvailable", "False", reason="NoEligiblePod")
        self.assertIn("none of them is the StatefulSet pod with index 1", lack["message"])
        before = len(self.plane.starts("ordinal"))
        self.plane.kubectl("scale", "statefulset", "db", "--replicas=2")
        wait_for("it runs again", lambda: len(self.plane.starts("ordinal")) > before, 40)
        self.assertEqual({s["pod"] for s in self.plane.starts("ordinal")}, {"db-1"})
        self.assertEqual(self.condition("ordinal", "TargetsAvailable")["status"], "True")

    def test_per_topology_runs_once_in_each_place_as_nodes_are_labelled(self):
        zone = "example.com/hall"  # the plane's nodes have the well-known labels already
        nodes = [n["metadata"]["name"] for n in self.plane.get("nodes")]
        self.make_app("zones", 6)
        self.apply_job("zones", "zones", {"type": "PerTopology", "topologyKey": zone})
        lack = self.wait_condition("zones", "TargetsAvailable", "False", reason="NoEligiblePod")
        self.assertIn(f"no node of theirs has the label {zone}", lack["message"])
        self.assertEqual(self.plane.starts("zones"), [])
        for node, name in zip(nodes, ("east", "west", "west")):
            self.plane.kubectl("label", "node", node, f"{zone}={name}")
        self.addCleanup(self.plane.kubectl, "label", "node", *nodes, f"{zone}-")
        in_zone = dict(zip(nodes, ("east", "west", "west")))
        self.wait_condition("zones", "TargetsAvailable", "True")
        runs = wait_for("a run in both zones", lambda: [
            r for r in self.ended_runs("zones", 1) if len(r["spec"]["targets"]) == 2])
        for run in runs:
            self.assertEqual(sorted(in_zone[t["nodeName"]] for t in run["spec"]["targets"]),
                             ["east", "west"])

    def test_per_topology_runs_once_on_each_node(self):
        self.make_app("nodes", 4)
        self.apply_job("nodes", "nodes", {"type": "PerTopology",
                                          "topologyKey": "kubernetes.io/hostname"})
        run = self.ended_runs("nodes", 1)[0]
        nodes = {p["spec"]["nodeName"] for p in self.plane.get("pods", selector="app=nodes")}
        self.assertEqual(sorted(t["nodeName"] for t in run["spec"]["targets"]), sorted(nodes))
        self.assertEqual(len(self.plane.starts(run["metadata"]["name"])), len(nodes))
