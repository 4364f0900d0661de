"""One leads and the other stands by; when the leader ends or dies the other goes on. How long that
takes is read from what the API server was told, not from our own clock."""

import collections
import signal
import unittest

from cluster_case import QUICK_ELECTION, SYSTEM, ClusterCase, pod_cron_job, wait_for
from due_times import instant

DURATION, RETRY = 4, 1  # of QUICK_ELECTION


class TakeOver(ClusterCase):
    controllers = 2
    controller_arguments = QUICK_ELECTION

    def setUp(self):
        self.make_app("shop", 2)
        while len(self.running) < 2:
            self.start_controller().wait_ready()

    def lease_holder(self):
        lease = self.plane.get("lease", "podcron", SYSTEM)
        return lease["spec"].get("holderIdentity", "") if lease else ""

    def leader_and_standby(self):
        def pair():
            leading = [c for c in self.running if c.metric("podcron_leader") == 1]
            standing = [c for c in self.running if c.metric("podcron_leader") == 0]
            return (leading[0], standing[0]) if len(leading) == len(standing) == 1 else None
        return wait_for("one leader", pair, 30)

    def run_each_second(self, name):
        self.plane.apply(pod_cron_job(name, "* * * * * *", ["podcron-noop"],
                                      successfulJobsHistoryLimit=1000, concurrencyPolicy="Allow"))
        self.addCleanup(self.remove, name)
        self.ended_runs(name, 3)

    def gap(self, name, before, after):
        """Due seconds from the last scheduled time that `before` ran to the first that `after` did."""
        def times():
            found = collections.defaultdict(list)
            for run in self.plane.get("podjobs"):
                if run["spec"]["podCronJobName"] == name:
                    holder = run["metadata"]["annotations"]["podcron.dev/holder"]
                    found[holder.split("_")[0]].append(instant(run["spec"]["scheduledTime"]))
            return found
        wait_for("the other one runs", lambda: max(times()[after.name], default=0)
                 > max(times()[before.name]), 40)
        found = times()
        last = max(found[before.name])
        # What it took over from the other one is no claim of its own.
        return min(time for time in found[after.name] if time > last) - last

    def test_a_standby_is_ready_and_does_nothing(self):
        leader, standby = self.leader_and_standby()
        self.run_each_second("calm")
        self.assertEqual(standby.http("/readyz")[0], 200)
        for purpose in ("claim", "permit", "outcome", "event"):
            self.assertEqual(standby.metric("podcron_api_requests_total", purpose=purpose), 0,
                             purpose)
        self.assertGreater(leader.metric("podcron_api_requests_total", purpose="claim"), 0)
        self.assertTrue(self.lease_holder().startswith(leader.name + "_"))

    def test_sigterm_hands_over_within_two_seconds_and_finishes_its_runs(self):
        leader, standby = self.leader_and_standby()
        self.run_each_second("term")
        self.plane.apply(pod_cron_job("long", "*/30 * * * * *", ["podcron-sleep", "6"]))
        self.addCleanup(self.remove, "long")
        wait_for("a long run", lambda: self.plane.starts("long-"), 60)
        leader.process.send_signal(signal.SIGTERM)
        # Two seconds, the second between two due times, and that of the one that was cut off.
        self.assertLessEqual(self.gap("term", leader, standby), 2 + 1 + 1)
        self.assertEqual(leader.process.wait(40), 0)
        self.running.remove(leader)
        long = self.ended_runs("long")[0]
        self.assertEqual(long["status"]["phase"], "Succeeded", "its holder waited for its end")
        self.assertIn(leader.name, long["metadata"]["annotations"]["podcron.dev/holder"])
        starts = collections.Counter(s["run_id"] for s in self.plane.starts("term-"))
        self.assertEqual({r: n for r, n in starts.items() if n > 1}, {})

    def test_after_sigkill_the_standby_leads_when_the_lease_is_over(self):
        leader, standby = self.leader_and_standby()
        self.run_each_second("kill")
        leader.kill()
        self.running.remove(leader)
        self.assertLessEqual(self.gap("kill", leader, standby), DURATION + 2 * RETRY + 2)
        self.assertTrue(self.lease_holder().startswith(standby.name + "_"))


if __name__ == "__main__":
    unittest.main()
