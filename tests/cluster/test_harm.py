"""A run whose container ends under it: it is told, and the second one in a row stops the job."""

import unittest

from cluster_case import ClusterCase, pod_cron_job, wait_for


class Harm(ClusterCase):
    def running_pod(self, job):
        """The pod that a command of the job is in now."""
        def check():
            runs = [r for r in self.plane.get("podjobs")
                    if r["spec"].get("podCronJobName") == job
                    and r.get("status", {}).get("phase") == "Running"]
            return runs[0]["status"]["targets"][0]["podName"] if runs else None
        return wait_for(f"a running run of {job}", check, 40)

    def test_a_container_that_ends_during_a_run_is_told_and_two_stop_the_job(self):
        self.make_app("shop", 2)
        self.plane.apply(pod_cron_job("heavy", "*/3 * * * * *", ["podcron-sleep", "60"],
                                      failedJobsHistoryLimit=5))
        self.addCleanup(self.remove, "heavy")
        for number in range(2):
            pod = self.running_pod("heavy")
            self.plane.kubectl("annotate", "pod", pod, "--overwrite",
                               f"plane.podcron.dev/restart=OOMKilled:{number}",
                               "plane.podcron.dev/backoff=0")
            run = self.ended_runs("heavy", number + 1)[-1]["status"]
            self.assertEqual((run["phase"], run["reason"], run["exitCode"]),
                             ("Failed", "TargetHarmed", 137))
            self.assertIn("container app ended with exit code 137 (OOMKilled)", run["message"])
        ready = self.wait_condition("heavy", "Ready", "False", reason="HarmfulToTarget")
        self.assertIn("until the spec changes", ready["message"])
        wait_for("a due time that is skipped for it", lambda: any(
            entry["reason"] == "HarmfulToTarget" for entry in self.status("heavy")["history"])
            or None)
        self.assertEqual(self.status("heavy")["active"], [])
        # Another spec gets another chance.
        self.plane.apply(pod_cron_job("heavy", "*/3 * * * * *", ["true"]))
        wait_for("a run under the new spec", lambda: any(
            entry["outcome"] == "Succeeded" for entry in self.status("heavy")["history"]) or None)
        self.wait_condition("heavy", "Ready", "True")


if __name__ == "__main__":
    unittest.main()
