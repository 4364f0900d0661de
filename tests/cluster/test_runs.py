"""The whole path: due time, claim, permit, exec, outcome; the node's ledger is the ground truth."""

import re
import unittest

from cluster_case import ClusterCase, pod_cron_job, wait_for


class Runs(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pods = cls().make_app("shop", 3)

    def one_run(self, name, command, count=1, **options):
        self.plane.apply(pod_cron_job(name, "*/2 * * * * *", command, **options))
        self.addCleanup(self.remove, name)
        return self.ended_runs(name, count)

    def test_a_scheduled_run_succeeds_in_a_serving_pod(self):
        run = self.one_run("works", ["true"])[0]
        status = run["status"]
        self.assertEqual(status["phase"], "Succeeded")
        self.assertEqual(status["exitCode"], 0)
        self.assertIn(status["target"], self.pods)
        self.assertRegex(run["metadata"]["name"], r"^works-\d+-[b-z2-9]{5}$")
        self.assertEqual([c["type"] for c in status["conditions"] if c["status"] == "True"],
                         ["Complete", "Finished"])
        starts = self.plane.starts(run["metadata"]["name"])
        self.assertEqual(len(starts), 1)
        self.assertEqual(starts[0]["pod"], status["target"])

    def test_the_status_of_the_podcronjob_follows(self):
        self.one_run("follows", ["true"], count=2)
        status = wait_for("history", lambda: (
            lambda s: s if any(h["outcome"] == "Succeeded" for h in s.get("history", []))
            else None)(self.status("follows")))
        self.assertLessEqual(status["observedSchedule"]["since"], status["decidedThrough"])
        self.assertIn("lastSuccessfulTime", status)
        self.assertGreater(status["nextScheduleTime"], status["lastScheduleTime"])
        ready = self.condition("follows", "Ready")
        self.assertEqual((ready["status"], ready["reason"]), ("True", "Ready"))

    def test_an_exit_code_is_a_failure_with_that_code(self):
        run = self.one_run("fails", ["sh", "-c", "echo about to fail; echo bad >&2; exit 7"])[0]
        status = run["status"]
        self.assertEqual((status["phase"], status["reason"], status["exitCode"]),
                         ("Failed", "NonZeroExitCode", 7))
        self.assertIn("about to fail", status["targets"][0]["output"])
        self.assertIn("bad", status["targets"][0]["output"])
        event = wait_for("Event RunFailed", lambda: [
            e for e in self.plane.get("events.events.k8s.io")
            if e["reason"] == "RunFailed" and e["regarding"]["name"] == "fails"])[0]
        self.assertIn("exit code 7", event["note"])

    def test_a_killed_command_is_137(self):
        # Two dollars are Kubernetes' escape of one: the shell sees $$, its own process id.
        run = self.one_run("killed", ["sh", "-c", "kill -9 $$$$"])[0]
        self.assertEqual(run["status"]["exitCode"], 137)

    def test_a_command_that_is_not_there_is_not_started(self):
        run = self.one_run("absent", ["no-such-command"])[0]
        self.assertEqual(run["status"]["phase"], "Failed")
        # `env` is there and says 127 itself.
        self.assertEqual(run["status"].get("exitCode"), 127)

    def test_the_run_carries_its_identity(self):
        run = self.one_run("identity", [
            "sh", "-c", "echo $PODCRON_RUN_ID $PODCRON_SCHEDULED_TIME $PODCRON_ATTEMPT "
            "$(PODCRON_POD_NAME) $(PODCRON_TARGET_INDEX)"], job={"outputPolicy": "Always"})[0]
        words = run["status"]["targets"][0]["output"].split()
        self.assertEqual(words, [run["metadata"]["name"], run["spec"]["scheduledTime"], "1",
                                 run["status"]["target"], "0"])

    def test_env_is_set_for_the_command(self):
        job = pod_cron_job("env", "*/2 * * * * *", ["sh", "-c", "echo mode=$MODE"],
                           job={"outputPolicy": "Always"})
        job["spec"]["podJobTemplate"]["spec"]["exec"]["env"] = [{"name": "MODE", "value": "fast"}]
        self.plane.apply(job)
        self.addCleanup(self.remove, "env")
        run = self.ended_runs("env")[0]
        self.assertEqual(run["status"]["targets"][0]["output"].strip(), "mode=fast")

    def test_all_runs_in_every_replica_once(self):
        run = self.one_run("all", ["true"], job={"strategy": {"type": "All"}})[0]
        starts = self.plane.starts(run["metadata"]["name"])
        self.assertEqual(sorted(s["pod"] for s in starts), self.pods)
        self.assertEqual(run["status"]["target"], "3 pods")

    def test_forbid_skips_with_a_reason_while_a_run_goes_on(self):
        self.one_run("slow", ["podcron-sleep", "5"])
        status = wait_for("a skip", lambda: (
            lambda s: s if any(h["reason"] == "ConcurrencyForbidden"
                               for h in s.get("history", []) if "reason" in h) else None)(
                                   self.status("slow")))
        skips = [h for h in status["history"] if h.get("reason") == "ConcurrencyForbidden"]
        self.assertEqual(skips[0]["outcome"], "Skipped")
        runs = sorted((e["time"], e["event"]) for e in self.plane.ledger()
                      if e.get("run_id", "").startswith("slow-"))
        events = [kind for _, kind in runs]
        self.assertNotIn(["start", "start"], [events[i:i + 2] for i in range(len(events))])

    def test_suspend_starts_nothing(self):
        self.plane.apply(pod_cron_job("asleep", "* * * * * *", ["true"], suspend=True))
        self.addCleanup(self.remove, "asleep")
        wait_for("observed", lambda: self.status("asleep").get("observedSchedule"))
        self.ended_runs_of_another("awake")
        self.assertEqual(self.plane.starts("asleep-"), [])
        self.plane.apply(pod_cron_job("asleep", "* * * * * *", ["true"], suspend=False))
        self.ended_runs("asleep", 1)
        history = self.status("asleep")["history"]
        self.assertEqual((history[0]["outcome"], history[0]["reason"]), ("Skipped", "Suspended"))
        self.assertGreaterEqual(history[0]["count"], 2)

    def test_a_namespace_can_be_suspended(self):
        self.plane.kubectl("create", "namespace", "quiet")
        self.make_app("shop", 1, namespace="quiet")
        self.plane.apply(pod_cron_job("hushed", "* * * * * *", ["true"], namespace="quiet"))
        self.addCleanup(self.remove, "hushed", namespace="quiet")
        observed = lambda: self.status("hushed", "quiet").get("observedSchedule", {})  # noqa: E731
        wait_for("a start", lambda: self.plane.starts("hushed-"))
        self.plane.kubectl("annotate", "namespace", "quiet", "podcron.dev/suspend=true")
        wait_for("held", lambda: observed().get("suspendReason") == "NamespaceSuspended")
        wait_for("nothing under way", lambda: not self.status("hushed", "quiet").get("active"))
        before = len(self.plane.starts("hushed-"))
        self.ended_runs_of_another("awake-too")
        self.assertEqual(len(self.plane.starts("hushed-")), before)
        self.plane.kubectl("annotate", "namespace", "quiet", "podcron.dev/suspend-")
        wait_for("goes on", lambda: len(self.plane.starts("hushed-")) > before)
        self.assertNotIn("suspendReason", observed())
        skipped = [h for h in self.status("hushed", "quiet")["history"]
                   if h.get("reason") == "NamespaceSuspended"]
        self.assertGreaterEqual(skipped[0]["count"], 2)

    def ended_runs_of_another(self, name):
        """Two runs of another PodCronJob, every second: so long a while passes."""
        self.plane.apply(pod_cron_job(name, "* * * * * *", ["true"]))
        self.addCleanup(self.remove, name)
        self.ended_runs(name, 2)

    def test_history_limits_delete_the_oldest(self):
        self.one_run("many", ["true"], successfulJobsHistoryLimit=2)
        wait_for("six starts", lambda: len(self.plane.starts("many-")) >= 6, 40)

        def finished():
            runs = [r for r in self.plane.get("podjobs")
                    if r["spec"]["podCronJobName"] == "many"]
            done = [r for r in runs if r["status"].get("phase") == "Succeeded"
                    and "finalizers" not in r["metadata"]]
            return len(done) <= 3 and len(self.plane.starts("many-")) >= 6
        wait_for("at most two kept beside the newest", finished, 20)

    def test_deleting_the_podcronjob_leaves_nothing(self):
        self.plane.apply(pod_cron_job("short", "* * * * * *", ["true"]))
        self.ended_runs("short", 2)
        self.remove("short")
        wait_for("its PodJobs are gone", lambda: not [
            r for r in self.plane.get("podjobs") if r["spec"]["podCronJobName"] == "short"])

    def test_the_schedule_and_zone_are_judged(self):
        self.plane.apply(pod_cron_job("mars", "* * * * *", ["true"], timeZone="Mars/Olympus"))
        self.addCleanup(self.remove, "mars")
        found = self.wait_condition("mars", "ScheduleValid", "False")
        self.assertEqual(found["reason"], "UnknownTimeZone")
        self.assertIn("Mars/Olympus", found["message"])
        self.plane.apply(pod_cron_job("impossible", "0 0 30 2 *", ["true"]))
        self.addCleanup(self.remove, "impossible")
        found = self.wait_condition("impossible", "Ready", "False")
        self.assertEqual(found["reason"], "InvalidSchedule")
        self.assertIn("spec.schedule: ", found["message"])

    def test_a_field_that_is_not_implemented_is_named(self):
        self.plane.apply(pod_cron_job("later", "* * * * * *", ["true"], job={"backoffLimit": 2}))
        self.addCleanup(self.remove, "later")
        found = self.wait_condition("later", "Ready", "False")
        self.assertEqual(found["reason"], "NotImplemented")
        self.assertIn("backoffLimit", found["message"])
        self.assertEqual(self.plane.starts("later-"), [])

    def test_metrics_and_health_are_served(self):
        self.one_run("measured", ["true"])
        self.assertEqual(self.controller.http("/healthz")[0], 200)
        self.assertEqual(self.controller.http("/readyz")[0], 200)
        self.assertEqual(self.controller.http("/other")[0], 404)
        self.assertGreaterEqual(self.controller.metric("podcron_runs_total", outcome="Succeeded"), 1)
        self.assertGreaterEqual(
            self.controller.metric("podcron_scheduled_times_total", outcome="Claimed"), 1)
        body = self.controller.http("/metrics")[1]
        for name in re.findall(r"^# TYPE (\S+)", body, re.M):
            self.assertIn(f"# HELP {name} ", body)


if __name__ == "__main__":
    unittest.main()
