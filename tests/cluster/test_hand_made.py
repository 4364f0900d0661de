"""PodJobs made by hand: "run it now" under the same rules, once, whoever dies meanwhile."""

import json
import os
import signal
import subprocess
import unittest

import cluster_case
from cluster_case import ClusterCase, pod_cron_job, wait_for

PLUGIN = os.environ.get("PODCRON_PLUGIN", cluster_case.PLUGIN)
NEVER = "0 0 31 12 *"


class HandMade(ClusterCase):
    controllers = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pods = cls().make_app("shop", 2)

    def start_plugin(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                       "KUBECONFIG": self.plane.kubeconfig}
        return subprocess.Popen([PLUGIN, *arguments], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE, env=environment)

    def plugin(self, *arguments, code=0):
        process = self.start_plugin(*arguments)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, out + err)
        return out

    def make_job(self, name, command, namespace="default", **options):
        self.plane.apply(pod_cron_job(name, NEVER, command, namespace=namespace, **options))
        self.addCleanup(self.remove, name, namespace=namespace)

    def run_now(self, job, namespace="default"):
        """The name of its PodJob."""
        return self.plugin("run", job, "-n", namespace, "-o", "name").strip().split("/")[1]

    def record(self, name, namespace="default"):
        return self.plane.get("podjob", name, namespace)

    def ended(self, name, namespace="default", seconds=40):
        def check():
            found = self.record(name, namespace)
            over = found and found.get("status", {}).get("phase") in (
                "Succeeded", "Failed", "Unknown")
            return found if over else None
        return wait_for(f"{name} is over", check, seconds)

    def starts_of(self, record):
        return self.plane.starts(record["metadata"]["uid"])

    def wait_gone_from_active(self, job):
        wait_for("nothing active", lambda: not self.status(job).get("active"), 30)

    def test_run_wait_follows_it_to_its_end(self):
        self.make_job("now", ["sh", "-c", "echo id=$PODCRON_RUN_ID; sleep 1.5"],
                      job={"outputPolicy": "Always"}, suspend=True)
        lines = self.plugin("run", "now", "--wait").splitlines()
        self.assertRegex(lines[0], r"^podjob.podcron.dev/now-manual-[a-z0-9]{5} created$")
        self.assertRegex(lines[-1], r"^Succeeded  exit 0, .*in shop-")
        name = lines[0].split("/")[1].split()[0]
        record = self.record(name)
        status = record["status"]
        self.assertIn("id=" + record["metadata"]["uid"], status["targets"][0]["output"])
        starts = self.starts_of(record)
        self.assertEqual([s["pod"] for s in starts], [status["target"]], "two controllers, one run")
        self.assertEqual(status["eligibility"], {"matched": 2, "eligible": 2, "reasons": {}})
        owner = record["metadata"]["ownerReferences"][0]
        self.assertEqual((owner["kind"], owner["name"], owner["controller"]),
                         ("PodCronJob", "now", True))
        self.plane.kubectl("wait", "--for=condition=Finished", f"pjob/{name}", "--timeout=10s")
        self.wait_gone_from_active("now")
        self.assertEqual([(h["outcome"], h["podJob"]) for h in self.status("now")["history"]
                          if "podJob" in h], [("Succeeded", name)])
        wait_for("its finalizer is gone",
                 lambda: "finalizers" not in self.record(name)["metadata"], 30)
        runs = json.loads(self.plugin("runs", "now", "-o", "json"))["runs"]
        self.assertEqual([(r["name"], r["byHand"], r["phase"]) for r in runs],
                         [(name, True, "Succeeded")])

    def test_a_failure_is_the_exit_code_and_forbid_refuses_at_once(self):
        self.make_job("strict", ["podcron-sleep", "3"])
        first = self.run_now("strict")
        wait_for("it runs", lambda: self.plane.starts(self.record(first)["metadata"]["uid"]))
        last = self.plugin("run", "strict", "--wait", code=1).splitlines()[-1]
        self.assertRegex(last, f"^Failed     ConcurrencyForbidden, run {first} ")
        self.assertEqual(self.ended(first)["status"]["phase"], "Succeeded")
        # What has ended keeps nobody waiting, though `active` is written later.
        self.assertEqual(self.ended(self.run_now("strict"))["status"]["phase"], "Succeeded")

    def test_a_podjob_without_a_podcronjob_goes_after_its_lifetime(self):
        spec = pod_cron_job("x", NEVER, ["true"])["spec"]["podJobTemplate"]["spec"]
        made = self.plane.kubectl("create", "-f", "-", "-o", "json", text=json.dumps(
            {"apiVersion": "podcron.dev/v1alpha1", "kind": "PodJob",
             "metadata": {"name": "alone", "namespace": "default"},
             "spec": {**spec, "ttlSecondsAfterFinished": 1}}))
        uid = json.loads(made)["metadata"]["uid"]  # it may be gone by the next look
        wait_for("it is gone", lambda: self.record("alone") is None, 40)
        self.assertEqual(len(self.plane.starts(uid)), 1)

    def test_the_switch_of_the_namespace_holds_it_and_suspend_does_not(self):
        self.plane.kubectl("create", "namespace", "hushed")
        self.make_app("shop", 1, namespace="hushed")
        self.make_job("held", ["true"], namespace="hushed")
        self.assertIn(" suspended", self.plugin("suspend", "held", "-n", "hushed"))
        self.assertIn(" was suspended already", self.plugin("suspend", "held", "-n", "hushed"))
        self.assertEqual(self.ended(self.run_now("held", "hushed"), "hushed")["status"]["phase"],
                         "Succeeded")
        self.plane.kubectl("annotate", "namespace", "hushed", "podcron.dev/suspend=true")
        name = self.run_now("held", "hushed")
        told = wait_for("it says why", lambda: (
            lambda r: r.get("status", {}).get("reason") and r)(self.record(name, "hushed")))
        self.assertEqual((told["status"]["phase"], told["status"]["reason"]),
                         ("Pending", "NamespaceSuspended"))
        self.assertEqual(self.starts_of(told), [])
        self.plane.kubectl("annotate", "namespace", "hushed", "podcron.dev/suspend-")
        self.assertEqual(self.ended(name, "hushed")["status"]["phase"], "Succeeded")
        self.assertIn(" resumed", self.plugin("resume", "held", "-n", "hushed"))

    def test_a_copy_from_a_backup_never_runs(self):
        self.make_job("original", ["true"])
        record = self.ended(self.run_now("original"))
        meta = record["metadata"]
        # A backup keeps names, owners, annotations and finalizers; status and UID are lost. The
        # policy lets nobody else write the mark of a holder, so it is out of the way meanwhile.
        policy = ["validatingadmissionpolicybinding", "podcron-record"]
        binding = json.loads(self.plane.kubectl("get", *policy, "-o", "json"))
        copy = {**record, "metadata": {
            **{k: meta[k] for k in ("namespace", "annotations", "ownerReferences")},
            "name": "restored", "finalizers": ["podcron.dev/record"]}}
        del copy["status"]
        refused = self.plane.kubectl("create", "-f", "-", text=json.dumps(copy), check=False)
        self.assertIn("only the controller may write the annotation", refused.stderr)
        self.plane.kubectl("delete", *policy)
        del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
        self.addCleanup(self.plane.apply, binding)

        def made():
            done = self.plane.kubectl("create", "-f", "-", text=json.dumps(copy), check=False)
            return done.returncode == 0 or "AlreadyExists" in done.stderr
        wait_for("the copy is there", made)
        status = self.ended("restored")["status"]
        self.assertEqual((status["phase"], status["reason"]), ("Unknown", "RestoredRecord"))
        self.assertEqual(self.starts_of(self.record("restored")), [])


class HolderDies(ClusterCase):
    def test_killed_between_start_and_end_it_is_unknown_and_not_run_again(self):
        self.make_app("shop", 2)
        self.plane.apply(pod_cron_job("mortal", NEVER, ["podcron-sleep", "60"]))
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                       "KUBECONFIG": self.plane.kubeconfig}
        follower = subprocess.Popen([PLUGIN, "run", "mortal", "--wait"], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        name = follower.stdout.readline().split("/")[1].split()[0]
        uid = self.plane.get("podjob", name)["metadata"]["uid"]
        wait_for("it runs", lambda: self.plane.starts(uid))
        interrupted = subprocess.Popen([PLUGIN, "run", "mortal", "--wait"], env=environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.controller.kill()
        interrupted.stdout.readline()
        interrupted.stdout.readline()  # Pending: it follows
        interrupted.send_signal(signal.SIGINT)
        _, said = interrupted.communicate(timeout=30)
        self.assertEqual(interrupted.returncode, 130)
        self.assertIn("goes on; kubectl podcron runs mortal shows it", said)
        self.start_controller().wait_ready()
        out, _ = follower.communicate(timeout=60)
        self.assertEqual(follower.returncode, 2, out)
        self.assertIn("Unknown    HolderGone", out)
        self.assertEqual(len(self.plane.starts(uid)), 1)


if __name__ == "__main__":
    unittest.main()
