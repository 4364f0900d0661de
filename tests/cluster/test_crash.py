"""kill -9 at any moment: nothing runs twice, nothing is lost, the record tells the truth."""

import collections
import os
import random
import time
import unittest

from cluster_case import ClusterCase, Failure, pod_cron_job, wait_for

SEED = 20261123
KILLS = int(os.environ.get("PODCRON_KILLS", "8"))
JOBS = 6


class Crash(ClusterCase):
    def test_killed_again_and_again(self):
        rng = random.Random(SEED)
        self.make_app("shop", 4)
        names = [f"crash-{i}" for i in range(JOBS)]
        self.plane.apply(*[pod_cron_job(n, "* * * * * *", ["podcron-sleep", "0.3"],
                                        successfulJobsHistoryLimit=100,
                                        failedJobsHistoryLimit=100,
                                        job={"activeDeadlineSeconds": 5}) for n in names])
        controller = self.controller
        for _ in range(KILLS):
            before = len(self.plane.starts("crash-"))
            wait_for("runs go on", lambda: len(self.plane.starts("crash-")) > before + 4, 60)
            # A random moment is what is tested here, so this is no wait for a condition.
            time.sleep(rng.uniform(0.0, 1.0))
            controller.kill()
            controller = self.start_controller()
            controller.wait_ready()
        for name in names:
            self.plane.kubectl("patch", "podcronjob", name, "--type=merge", "-p",
                               '{"spec":{"suspend":true}}')
        try:
            wait_for("every run has left `active`", lambda: all(
                not self.status(n).get("active") for n in names), 90, 0.5)
        except Failure as failure:
            left = [self.status(n)["active"] for n in names if self.status(n).get("active")]
            raise Failure(f"{failure}: {left}; log: {controller.lines()[-12:]}") from None

        starts = collections.Counter(s["run_id"] for s in self.plane.starts("crash-"))
        self.assertEqual({r: n for r, n in starts.items() if n > 1}, {}, "nothing runs twice")
        exits = {e["run_id"]: e["exit_code"] for e in self.plane.ledger()
                 if e["event"] == "end" and e.get("run_id", "").startswith("crash-")}
        # They go after the run has left `active`; those of a killed holder when its Lease is over.
        wait_for("every record has lost its finalizer", lambda: not any(
            "finalizers" in r["metadata"] for r in self.plane.get("podjobs")), 60, 0.5)
        runs = {r["metadata"]["name"]: r for r in self.plane.get("podjobs")
                if r["spec"]["podCronJobName"] in names}
        phases = collections.Counter(r["status"].get("phase") for r in runs.values())
        for name, run in runs.items():
            phase = run["status"].get("phase")
            self.assertIn(phase, ("Succeeded", "Failed", "Unknown"), name)
            if phase == "Succeeded":
                self.assertEqual(exits.get(name), 0, f"{name} says Succeeded")
            if phase == "Failed":
                self.assertNotEqual(exits.get(name), 0, f"{name} says Failed")
        self.assertEqual(set(starts) - set(runs), set(), "every start has its record")
        print(f"\nseed {SEED}: {KILLS} kills, {len(starts)} starts, records {dict(phases)}",
              flush=True)


if __name__ == "__main__":
    unittest.main()
