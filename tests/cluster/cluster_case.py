"""A test case with a plane and a controller that a whole module shares."""

import json
import os
import subprocess
import time
import unittest

from harness import ROOT, SYSTEM, Controller, Failure, Plane, deployment, pod_cron_job, wait_for

# For tests that kill the one that leads: the next one leads after 4 s instead of 15.
QUICK_ELECTION = ("--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s",
                  "--leader-elect-retry-period=1s")
PLUGIN = os.path.join(ROOT, "build/release/kubectl-podcron")


class ClusterCase(unittest.TestCase):
    """One plane per class; one controller unless `controllers` says otherwise."""

    controllers = 1
    plane_arguments = ()
    controller_arguments = ()
    chart_values = ()

    @classmethod
    def setUpClass(cls):
        cls.plane = Plane(arguments=cls.plane_arguments)
        cls.addClassCleanup(cls.plane.stop)
        cls.plane.install("rbac.clusterWideExec=true", *cls.chart_values)
        cls.running = []
        for _ in range(cls.controllers):
            cls.start_controller()
        for controller in cls.running:
            controller.wait_ready()

    @classmethod
    def start_controller(cls, *arguments, **options):
        controller = Controller(cls.plane, *cls.controller_arguments, *arguments, **options)
        cls.running.append(controller)
        cls.addClassCleanup(controller.stop)
        return controller

    @property
    def controller(self):
        return self.running[0]

    def make_app(self, name="shop", replicas=2, namespace="default", **options):
        self.plane.apply(deployment(name, replicas, namespace, **options))
        return self.ready_pods(name, replicas, namespace)

    def ready_pods(self, app, count, namespace="default"):
        def check():
            pods = [p for p in self.plane.get("pods", namespace=namespace, selector=f"app={app}")
                    if "deletionTimestamp" not in p["metadata"] and is_ready(p)]
            return sorted(p["metadata"]["name"] for p in pods) if len(pods) >= count else None
        return wait_for(f"{count} ready pods of {app}", check, 60)

    def ended_runs(self, job, count=1, namespace="default", seconds=40):
        """At least `count` finished PodJobs of the PodCronJob, by scheduled time."""
        def check():
            runs = [r for r in self.plane.get("podjobs", namespace=namespace)
                    if r["spec"].get("podCronJobName") == job
                    and r.get("status", {}).get("phase") in ("Succeeded", "Failed", "Unknown")]
            return sorted(runs, key=lambda r: r["spec"]["scheduledTime"]) \
                if len(runs) >= count else None
        try:
            return wait_for(f"{count} ended runs of {job}", check, seconds)
        except Failure as failure:
            raise Failure(f"{failure}\nstatus: {self.status(job, namespace)}\n"
                          f"log: {self.controller.lines()[-8:]}") from None

    def status(self, job, namespace="default"):
        found = self.plane.get("podcronjob", job, namespace)
        return found.get("status", {}) if found else {}

    def condition(self, job, kind, namespace="default"):
        for condition in self.status(job, namespace).get("conditions", []):
            if condition["type"] == kind:
                return condition
        return None

    def wait_condition(self, job, kind, status, namespace="default", seconds=20, reason=None):
        def check():
            found = self.condition(job, kind, namespace)
            right = found and found["status"] == status and reason in (None, found["reason"])
            return found if right else None
        return wait_for(f"{job}: {kind}={status} {reason or ''}", check, seconds)

    def remove(self, *jobs, namespace="default"):
        self.plane.kubectl("delete", "podcronjob", *jobs, "-n", namespace, "--ignore-not-found",
                           "--timeout=60s")

    def explain(self, job, namespace="default"):
        """{pod: reason or None} as the plugin says; asked again while a run makes a pod busy."""
        for _ in range(50):
            found = self.explain_once(job, namespace)
            if "PodBusy" not in found.values():
                break
            time.sleep(0.2)  # between two looks at the condition
        return found

    def explain_once(self, job, namespace="default"):
        done = subprocess.run([PLUGIN, "explain", job, "-v", "-n", namespace, "-o", "json",
                               "--kubeconfig", self.plane.kubeconfig],
                              capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise Failure("explain: " + done.stderr)
        return {p["name"]: None if p["eligible"] else p["reason"]
                for p in json.loads(done.stdout)["pods"]}


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True"
               for c in pod.get("status", {}).get("conditions", []))


__all__ = ["QUICK_ELECTION", "SYSTEM", "ClusterCase", "Controller", "Failure", "Plane",
           "deployment", "is_ready", "pod_cron_job", "wait_for"]
