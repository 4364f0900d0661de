"""Two controllers at once, without any election: every scheduled time has exactly one start."""

import collections
import unittest

from cluster_case import ClusterCase, pod_cron_job, wait_for

TIMES = 200
JOBS = 10


class TwoControllers(ClusterCase):
    controllers = 2
    controller_arguments = ("--leader-elect=false",)

    def test_each_scheduled_time_starts_once(self):
        self.make_app("shop", 4)
        names = [f"pair-{i}" for i in range(JOBS)]
        self.plane.apply(*[pod_cron_job(n, "* * * * * *", ["podcron-noop"],
                                        successfulJobsHistoryLimit=100) for n in names])

        def enough():
            return len({s["run_id"] for s in self.plane.starts("pair-")}) >= TIMES
        wait_for(f"{TIMES} scheduled times", enough, 120, 0.5)
        for name in names:
            self.plane.kubectl("patch", "podcronjob", name, "--type=merge", "-p",
                               '{"spec":{"suspend":true}}')
        wait_for("nothing active", lambda: all(
            not self.status(n).get("active") for n in names), 60, 0.5)
        starts = collections.Counter(s["run_id"] for s in self.plane.starts("pair-"))
        doubled = {run: n for run, n in starts.items() if n != 1}
        self.assertEqual(doubled, {})
        runs = [r for r in self.plane.get("podjobs") if r["spec"]["podCronJobName"] in names]
        wrong = {r["metadata"]["name"]: r["status"] for r in runs
                 if r["status"]["phase"] != "Succeeded"}
        self.assertEqual(wrong, {}, "no record differs from what happened")
        self.assertEqual({r["metadata"]["name"] for r in runs} - set(starts), set())
        claims = [c.metric("podcron_scheduled_times_total", outcome="Claimed")
                  for c in self.running]
        self.assertEqual(sum(claims), len(starts), "claims equal starts")
        print(f"\n{len(starts)} scheduled times: {claims[0]:.0f} + {claims[1]:.0f} claims, "
              f"{sum(c.metric('podcron_claim_conflicts_total') for c in self.running):.0f} "
              "conflicts, 0 doubled", flush=True)


if __name__ == "__main__":
    unittest.main()
