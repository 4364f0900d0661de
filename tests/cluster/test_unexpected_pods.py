"""What happens around a run in its pod: the probe before it, and pods that change under it."""

import unittest

from cluster_case import ClusterCase, pod_cron_job, wait_for


class ServingProbe(ClusterCase):
    def apply_job(self, name, probe, command=("true",)):
        self.plane.apply(pod_cron_job(name, "* * * * * *", list(command), app=name, target={
            "selector": {"matchLabels": {"app": name}},
            "servingProbe": {"exec": {"command": probe}, "timeoutSeconds": 2}}))

    def probes(self, pods):
        """Starts in these pods that belong to no run."""
        return [e for e in self.plane.ledger()
                if e["event"] == "start" and e["pod"] in pods and not e.get("run_id")]

    def test_each_run_comes_after_a_probe_of_its_own_pod(self):
        pods = self.make_app("asked", 2)
        self.apply_job("asked", ["true"])
        self.ended_runs("asked", 3)
        self.remove("asked")
        asked = {}
        for entry in self.plane.ledger():
            if entry["event"] != "start" or entry["pod"] not in pods:
                continue
            if not entry.get("run_id"):
                asked[entry["pod"]] = asked.get(entry["pod"], 0) + 1
            else:
                self.assertGreater(asked.get(entry["pod"], 0), 0, "a run without its probe")
                asked[entry["pod"]] -= 1

    def test_a_pod_that_says_no_gets_no_run_and_rests(self):
        pods = self.make_app("unfit", 2)
        self.apply_job("unfit", ["false"])
        run = self.ended_runs("unfit")[0]
        self.assertEqual(run["status"]["phase"], "Failed")
        self.assertIn("ServingProbeFailed", run["status"]["message"])
        found = self.wait_condition("unfit", "TargetsAvailable", "False")
        self.assertIn("2 RecentlyFailed", found["message"])
        self.assertEqual(self.plane.starts("unfit"), [])
        self.assertEqual({e["pod"] for e in self.probes(pods)}, set(pods), "both were asked")
        # An edit is a new start for both.
        self.apply_job("unfit", ["true"])
        wait_for("runs", lambda: self.plane.starts("unfit"), 20)
        self.remove("unfit")

    def test_a_pod_that_cannot_start_a_command_is_left_out_while_it_rests(self):
        pods = self.make_app("broken", 2)
        self.plane.kubectl("annotate", "pod", pods[0], "plane.podcron.dev/exec=start-error")
        self.plane.apply(pod_cron_job("broken", "* * * * * *", ["true"], app="broken",
                                      successfulJobsHistoryLimit=20))
        run = wait_for("a run that knows", lambda: [
            r for r in self.plane.get("podjobs") if r["spec"]["podCronJobName"] == "broken"
            and r.get("status", {}).get("eligibility", {}).get("reasons", {})
            .get("RecentlyFailed") == 1], 40)[0]
        self.assertEqual(run["spec"]["targets"][0]["podName"], pods[1])
        self.assertEqual({s["pod"] for s in self.plane.starts("broken")}, {pods[1]})
        self.remove("broken")

    def test_a_pod_that_does_not_answer_in_time_gets_no_run(self):
        self.make_app("slow", 1)
        self.apply_job("slow", ["sleep", "30"])
        run = self.ended_runs("slow")[0]
        self.assertIn("ServingProbeFailed", run["status"]["message"])
        self.assertEqual(self.plane.starts("slow"), [])
        self.remove("slow")


class UnexpectedPods(ClusterCase):
    def start_run(self, name, seconds="8"):
        pod = self.make_app(name, 1)[0]
        self.plane.apply(pod_cron_job(name, "* * * * * *", ["podcron-sleep", seconds], app=name))
        wait_for("the run", lambda: self.plane.starts(name), 20)
        # Only this one.
        self.plane.kubectl("patch", "podcronjob", name, "--type=merge", "-p",
                           '{"spec":{"suspend":true}}')
        return pod

    def judge(self, name, pod, reason):
        """Told once, in Event, metric and record, and the run goes on to its own end."""
        def events():
            return [e for e in self.plane.get("events.events.k8s.io")
                    if e["reason"] == "RanInUnexpectedPod" and e["regarding"]["name"] == name]
        wait_for("the Event", events, 20)
        self.assertIn(reason, events()[0]["note"])
        self.assertIn(pod, events()[0]["note"])
        run = self.ended_runs(name)[0]
        self.assertEqual(run["status"]["phase"], "Succeeded")
        self.assertEqual(run["status"]["targets"][0]["unexpectedReason"], reason)
        self.assertEqual(len(events()), 1)
        self.assertEqual(self.controller.metric("podcron_unexpected_pods_total", reason=reason), 1)
        self.remove(name)

    def test_a_debug_container_during_a_run(self):
        pod = self.start_run("debugged")
        self.plane.kubectl("debug", pod, "--image=busybox", "--target=app", "--profile=general",
                           "--attach=false")
        self.judge("debugged", pod, "EphemeralContainerRunning")

    def test_the_serving_label_is_taken_away_during_a_run(self):
        pod = self.start_run("unlabelled")
        self.plane.kubectl("label", "pod", pod, "podcron.dev/serving-")
        self.judge("unlabelled", pod, "NotLabelledServing")

    def test_the_pod_is_orphaned_during_a_run(self):
        pod = self.start_run("orphaned")
        # The ReplicaSet lets go of what its selector does not match.
        self.plane.kubectl("label", "pod", pod, "pod-template-hash=none", "--overwrite")
        self.judge("orphaned", pod, "NotOwnedByWorkload")


if __name__ == "__main__":
    unittest.main()
