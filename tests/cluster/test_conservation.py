"""Every due second of a per-second schedule ends in exactly one recorded outcome, through a killed
controller, a restarted API server and a suspension. The judge adds up what users can see."""

import time
import unittest

from cluster_case import QUICK_ELECTION, ClusterCase, pod_cron_job, wait_for
from due_times import instant

NAME = "every"
RUN_OUTCOMES = ("Succeeded", "Failed", "Unknown")


class Conservation(ClusterCase):
    controller_arguments = QUICK_ELECTION

    def look(self):
        """Remembers what `history` says now: it keeps ten entries, this test all of them."""
        status = self.status(NAME)
        for entry in status.get("history", []):
            start = instant(entry["from"])
            end = instant(entry.get("to", entry["from"]))
            self.entries[start] = (end, entry.get("count", 1), entry["outcome"],
                                   entry.get("reason", ""))
        return status

    def goes_on(self, count=3):
        before = len(self.plane.starts(NAME + "-"))
        wait_for("runs go on", lambda: self.look() and
                 len(self.plane.starts(NAME + "-")) >= before + count, 90, 0.5)

    def restart_api_server(self):
        self.plane.command("restart", "kube-apiserver")
        wait_for("the API server", lambda: self.plane.kubectl(
            "get", "--raw", "/readyz", check=False).returncode == 0, 60, 0.5)

    def suspend(self, value):
        self.plane.kubectl("patch", "podcronjob", NAME, "--type=merge", "-p",
                           f'{{"spec":{{"suspend":{str(value).lower()}}}}}')
        wait_for("observed", lambda: self.look().get("observedSchedule", {})
                 .get("suspend", False) is value, 60, 0.5)

    def test_every_due_second_has_one_outcome(self):
        self.entries = {}
        self.make_app("shop", 2)
        self.plane.apply(pod_cron_job(NAME, "* * * * * *", ["podcron-noop"],
                                      successfulJobsHistoryLimit=1000, failedJobsHistoryLimit=1000,
                                      job={"activeDeadlineSeconds": 5}))
        self.goes_on()
        self.controller.kill()
        self.restart_api_server()
        controller = self.start_controller()
        self.goes_on()
        self.restart_api_server()
        self.goes_on()
        self.suspend(True)
        controller.kill()
        self.start_controller().wait_ready()
        # On a fast machine all this fits between two due seconds. What a suspension holds back is
        # counted when it ends, so only the clock tells that there was something.
        decided = instant(self.look()["decidedThrough"])
        wait_for("a due second passes", lambda: time.time() >= decided + 2, 60, 0.2)
        self.suspend(False)
        self.goes_on()
        self.suspend(True)
        status = wait_for("nothing under way", lambda: (
            lambda s: s if not s.get("active") else None)(self.look()), 90, 0.5)

        first = min(self.entries)
        through = instant(status["decidedThrough"])
        outcome_of = {}
        for start, (end, count, outcome, reason) in sorted(self.entries.items()):
            self.assertEqual(count, end - start + 1, f"{outcome} {reason} counts its seconds")
            for second in range(start, end + 1):
                self.assertNotIn(second, outcome_of, "one outcome")
                outcome_of[second] = (outcome, reason)
        self.assertEqual([s for s in range(first, through + 1) if s not in outcome_of], [],
                         f"no due second is lost: {sorted(self.entries.items())}")
        runs = {instant(r["spec"]["scheduledTime"]): r["status"]["phase"]
                for r in self.plane.get("podjobs")}
        self.assertEqual({s: o for s, (o, _) in outcome_of.items() if o in RUN_OUTCOMES}, runs,
                         "a run of the history is a PodJob, and a PodJob is in the history")
        started = {int(s["run_id"].split("-")[1]) for s in self.plane.starts(NAME + "-")}
        self.assertEqual(started - set(runs), set(), "what was started is on record")
        reasons = {reason for _, reason in outcome_of.values()}
        self.assertIn("Suspended", reasons)
        self.assertIn("Superseded", reasons)


if __name__ == "__main__":
    unittest.main()
