"""Safety never rests on the lease: three controllers that are stopped, resumed and killed at random,
while somebody deletes the Lease of the election and makes it name others. Nothing runs twice,
nothing is lost, the record tells the truth. The judges are the node's ledger and what users see."""

import collections
import json
import os
import random
import signal
import time
import unittest

from cluster_case import QUICK_ELECTION, SYSTEM, ClusterCase, Failure, pod_cron_job, wait_for
from due_times import DueTimes, instant

SEED = int(os.environ.get("PODCRON_SEED", "20261123"))
DUE_TIMES = int(os.environ.get("PODCRON_DUE_TIMES", "1000"))
JOBS = 20
CONTROLLERS = 3
LEASE = ("lease", "podcron", "-n", SYSTEM)


class Storm(ClusterCase):
    controllers = CONTROLLERS
    controller_arguments = QUICK_ELECTION

    def setUp(self):
        self.rng = random.Random(SEED)
        self.done = collections.Counter()
        self.stopped = {}  # controller -> when it goes on

    # ---- what strikes ----

    def stop_one(self):
        controller = self.rng.choice(self.running)
        if controller not in self.stopped:
            controller.process.send_signal(signal.SIGSTOP)
            # Often for longer than the lease: it comes back and thinks that it leads.
            self.stopped[controller] = time.monotonic() + self.rng.uniform(0.5, 8.0)

    def kill_one(self):
        controller = self.rng.choice(self.running)
        controller.kill()
        self.stopped.pop(controller, None)
        self.running.remove(controller)
        self.start_controller()

    def delete_lease(self):
        self.plane.kubectl("delete", *LEASE, "--ignore-not-found")

    def forge_lease(self):
        holders = [l["spec"]["holderIdentity"] for l in self.plane.get("leases", namespace=SYSTEM)
                   if l["metadata"]["name"].startswith("podcron-holder-")]
        patch = {"spec": {"holderIdentity": self.rng.choice(["", *holders])}}
        self.plane.kubectl("patch", *LEASE, "--type=merge", "-p", json.dumps(patch), check=False)

    def resume(self, everybody=False):
        for controller, until in list(self.stopped.items()):
            if everybody or time.monotonic() >= until:
                controller.process.send_signal(signal.SIGCONT)
                del self.stopped[controller]

    def rage(self, until):
        strikes = (self.stop_one, self.stop_one, self.kill_one, self.delete_lease,
                   self.forge_lease)
        while not until():
            strike = self.rng.choice(strikes)
            strike()
            self.done[strike.__name__] += 1
            # Random moments are what is tested here, so this is no wait for a condition.
            time.sleep(self.rng.uniform(0.2, 1.5))
            self.resume()
        self.resume(everybody=True)

    # ---- the story ----

    def test_whoever_believes_to_lead_nothing_is_doubled_or_lost(self):
        self.make_app("shop", 4)
        names = [f"storm-{i}" for i in range(JOBS)]
        watch = DueTimes(self.plane)
        self.addCleanup(watch.stop)
        # Under Allow a run that a killed holder left does not keep the next one away.
        self.plane.apply(*[pod_cron_job(
            name, "* * * * * *", ["podcron-sleep", "0.2"], successfulJobsHistoryLimit=1000,
            failedJobsHistoryLimit=1000, concurrencyPolicy="Forbid" if i % 4 == 0 else "Allow",
            # Who takes a claim of a killed holder over has the time to run it.
            startingDeadlineSeconds=90,
            job={"activeDeadlineSeconds": 5}) for i, name in enumerate(names)])
        wait_for("runs", lambda: len(self.plane.starts("storm-")) > JOBS, 60)
        begin = time.monotonic()
        # The seconds that pass are due in each of them.
        self.rage(lambda: (time.monotonic() - begin) * JOBS > DUE_TIMES * 1.1)
        self.settle(names)
        watch.stop()
        self.judge(names, watch.accounts())
        self.one_leads()

    def settle(self, names):
        for name in names:
            self.plane.kubectl("patch", "podcronjob", name, "--type=merge", "-p",
                               '{"spec":{"suspend":true}}')

        def left():
            jobs = self.plane.get("podcronjobs")
            return {j["metadata"]["name"]: j["status"].get("active") for j in jobs
                    if j["status"].get("active")
                    or not j["status"].get("observedSchedule", {}).get("suspend")}
        try:
            wait_for("every run has left `active`", lambda: not left(), 120, 0.5)
            # Those of a killed holder go when its Lease is over.
            wait_for("every record has lost its finalizer", lambda: not any(
                "finalizers" in r["metadata"] for r in self.plane.get("podjobs")), 60, 0.5)
        except Failure as failure:
            raise Failure(f"{failure}: {left()}; logs: "
                          f"{[c.lines()[-6:] for c in self.running]}") from None

    def judge(self, names, accounts):
        starts = collections.Counter(s["run_id"] for s in self.plane.starts("storm-"))
        self.assertEqual({r: n for r, n in starts.items() if n > 1}, {}, "nothing runs twice")
        self.assertEqual(set(accounts), set(names))
        due = 0
        seen = collections.Counter()
        runs = {r["metadata"]["name"]: r for r in self.plane.get("podjobs")}
        for name, account in accounts.items():
            outcomes = account.outcomes({
                instant(r["spec"]["scheduledTime"]): r["status"]["phase"] for r in runs.values()
                if r["spec"]["podCronJobName"] == name})
            due += len(outcomes)
            wrong = {second: all_ for second, all_ in outcomes.items() if len(all_) != 1}
            self.assertEqual(wrong, {}, f"{name}: each due second has one outcome on record")
            seen.update(all_[0] for all_ in outcomes.values())
        self.assertGreaterEqual(due, DUE_TIMES)
        claimed = set().union(*[account.claimed for account in accounts.values()])
        self.assertEqual(set(starts) - claimed, set(), "only what was claimed starts")
        self.assertEqual(set(starts) - set(runs), set(), "every start has its record")
        exits = {e["run_id"]: e["exit_code"] for e in self.plane.ledger()
                 if e["event"] == "end" and e.get("run_id", "").startswith("storm-")}
        for name, run in runs.items():
            phase = run["status"].get("phase")
            self.assertIn(phase, ("Succeeded", "Failed", "Unknown"), name)
            if phase == "Succeeded":
                self.assertEqual(exits.get(name), 0, f"{name} says Succeeded")
            if phase == "Failed":
                self.assertNotEqual(exits.get(name), 0, f"{name} says Failed")
        self.assertGreater(len(starts), due // 10, "it also ran")
        print(f"\nseed {SEED}: {dict(self.done)}; {due} due times: {len(claimed)} claimed, "
              f"{len(starts)} started, 0 doubled, 0 lost; {dict(seen.most_common())}", flush=True)

    def one_leads(self):
        def leaders():
            return [c for c in self.running if c.metric("podcron_leader") == 1]
        wait_for("one leads", lambda: len(leaders()) == 1 and self.plane.get(
            *LEASE[:2], SYSTEM)["spec"]["holderIdentity"].startswith(leaders()[0].name + "_"), 30)


if __name__ == "__main__":
    unittest.main()
