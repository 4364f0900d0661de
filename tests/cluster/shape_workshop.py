"""Where the pods of pod_shapes.py are made: a shell with the plane's own kubectl in it, and the pods
that it works on. A step that is text is a line of that shell, and docs/pod-shapes.md prints it as
it was run."""

import dataclasses
import json
import os
import re
import stat
import subprocess
from typing import Callable

from cluster_case import Failure, deployment, is_ready, wait_for
from harness import PLANE

SECONDS_MAX = 60  # of each wait; other clusters may run on the same machine
# The endings that the API server's generator makes have these letters only.
GENERATOR_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclasses.dataclass(frozen=True)
class Step:
    """What no line of a shell says shortly. `make` may return the name of the pod to judge."""
    text: str  # as the docs say it
    make: Callable


def install_kubectl(plane):
    """A folder with a `kubectl` that speaks to this plane."""
    folder = os.path.join(plane.directory, "bin")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "kubectl")
    with open(path, "w") as script:
        script.write(f'#!/bin/bash\nexec "{PLANE}" kubectl --dir "{plane.directory}" "$@"\n')
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return folder


class App:
    """A workload whose replicas the shapes are made from. It wants more than its controller may make:
    so an orphan is adopted as soon as it is there, and no replica is ever one too many."""

    MISSING = 50  # more than there are rows that are adopted

    def __init__(self, plane, name, kind, count):
        self.plane = plane
        self.name = name
        self.kind = kind
        self.count = count
        # The only name that a StatefulSet adopts is that of its next replica.
        self.next_replica = f"{name}-{count}" if kind == "StatefulSet" else None
        self.untouched = []  # names of replicas that no shape has changed, in order
        plane.apply(self.manifest(count))

    def open(self):
        """Once its replicas are there."""
        self.untouched = wait_pods(self.plane, f"app={self.name}", self.count)
        self.plane.apply(*self.no_more_replicas())
        wait_for(f"{self.name} can have no more replicas", self.is_full, SECONDS_MAX)
        self.plane.apply(self.manifest(self.count + (1 if self.next_replica else self.MISSING)))

    def manifest(self, count):
        made = deployment(self.name, count)
        made["kind"] = self.kind
        made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 600
        if self.kind == "StatefulSet":
            made["spec"].update(serviceName=self.name, podManagementPolicy="Parallel")
        return made

    @property
    def controller(self):
        kind = "statefulset" if self.kind == "StatefulSet" else "replicaset"
        return f"system:serviceaccount:kube-system:{kind}-controller"

    def no_more_replicas(self):
        """A policy against this controller's pods; of a StatefulSet against the next one only."""
        allowed = f'request.userInfo.username != "{self.controller}"'
        if self.next_replica:
            allowed += f' || object.metadata.name != "{self.next_replica}"'
        kind = {"apiVersion": "admissionregistration.k8s.io/v1"}
        return [
            {**kind, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "full-" + self.name},
             "spec": {"matchConstraints": {
                 "objectSelector": {"matchLabels": {"app": self.name}, "matchExpressions": [
                     {"key": "tier", "operator": "DoesNotExist"}]},
                 "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                    "resources": ["pods"]}]},
                 "validations": [{"expression": allowed, "message": "full"}]}},
            {**kind, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "full-" + self.name},
             "spec": {"policyName": "full-" + self.name, "validationActions": ["Deny"]}}]

    def is_full(self):
        template = self.manifest(1)["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"], "metadata": {
            **template["metadata"], "name": self.next_replica or f"{self.name}-asked"}}
        asked = self.plane.kubectl("create", "--dry-run=server", "--as=" + self.controller, "-f", "-",
                                   text=json.dumps(pod), check=False)
        return "full" in asked.stderr

    def take(self, pod):
        """It is nobody's twin any more."""
        self.untouched.remove(pod)


def wait_pods(plane, selector, count, until=is_ready):
    """The names of at least `count` such pods, in order."""
    def check():
        pods = sorted(p["metadata"]["name"] for p in plane.get("pods", selector=selector)
                      if "deletionTimestamp" not in p["metadata"] and until(p))
        return pods if len(pods) >= count else None
    return wait_for(f"{count} pods with {selector}", check, SECONDS_MAX)


class Workshop:
    """One shape in the making. `app`, `pod` and `twin` are others when a step has made an app."""

    def __init__(self, plane, app, number):
        self.plane = plane
        self.app = app.name
        self.pod, self.twin = app.untouched[0], app.untouched[-1]
        self.copy = app.next_replica or f"{app.name}-copy-{number}"
        high, low = divmod(number, len(GENERATOR_LETTERS))
        ending = "bbb" + GENERATOR_LETTERS[high] + GENERATOR_LETTERS[low]
        self.replica = self.pod.rsplit("-", 1)[0] + "-" + ending
        self.open_shells = []

    def use_app(self, app):
        """One that a step has made; the first of two replicas."""
        self.app = app
        self.pod, self.twin = self.wait_pods(f"app={app}", 2)[:2]
        return self.pod

    def environment(self):
        path = os.path.join(self.plane.directory, "bin") + os.pathsep + os.environ["PATH"]
        return {**os.environ, "PATH": path, "POD": self.pod, "COPY": self.copy,
                "REPLICA": self.replica}

    def named(self, variable):
        """The name that this variable of the lines has."""
        return self.environment()[variable]

    def run(self, line):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], env=self.environment(),
                              cwd=self.plane.directory, capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure(f"{line}: {done.stderr.strip()}")

    def open_shell(self, line):
        """Goes on until close(), as a person's terminal would."""
        self.open_shells.append(subprocess.Popen(
            ["bash", "-c", "exec " + line], env=self.environment(), cwd=self.plane.directory,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def close(self):
        for shell in self.open_shells:
            shell.kill()
            shell.wait()
            shell.stdin.close()

    def get(self, name):
        return self.plane.get("pod", name) or {}

    def wait_pod(self, name, until):
        """The pod as the API server returns it, once it is as the shape says."""
        def check():
            pod = self.get(name)
            return pod if pod and until(pod) else None
        try:
            return wait_for(f"{name} as the shape says", check, SECONDS_MAX)
        except Failure as failure:
            raise Failure(f"{failure}\n{json.dumps(self.get(name).get('status'))}") from None

    def wait_pods(self, selector, count=1, until=is_ready):
        return wait_pods(self.plane, selector, count, until)


def variables(steps):
    """The names of pods that the lines among the steps use."""
    return set(re.findall(r"\$\{?(POD|COPY|REPLICA)\b",
                          " ".join(step for step in steps if isinstance(step, str))))
