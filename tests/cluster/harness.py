"""A real control plane, our controller beside it, and the ways to ask both.

Used by tools/run-demo, tests/cluster and bench. Nothing here sleeps for a fixed time where a
condition can be waited for, and every process started here is ended by its id.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLANE = os.path.join(ROOT, "build/plane/plane")
PODCRON = os.environ.get("PODCRON_BINARY", os.path.join(ROOT, "build/release/podcron"))
SYSTEM = "podcron-system"


class Failure(Exception):
    """Something did not become true in time; the text says what was seen last."""


def wait_for(what, check, seconds=30.0, interval=0.05):
    """The first true value of check(); a Failure naming `what` and the last value after `seconds`."""
    end = time.monotonic() + seconds
    last = None
    while True:
        last = check()
        if last:
            return last
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds:g} s (last: {last!r})")
        time.sleep(interval)


class Plane:
    """`plane up` in a directory of its own."""

    def __init__(self, directory=None, arguments=()):
        self.temporary = None if directory else tempfile.TemporaryDirectory(prefix="podcron-")
        self.directory = directory or self.temporary.name
        self.log = open(os.path.join(self.directory, "up.log"), "wb")
        # A session of its own, so that Ctrl-C reaches us first and we end things in order.
        self.process = subprocess.Popen(
            [PLANE, "up", "--dir", self.directory, *arguments],
            stdout=subprocess.PIPE, stderr=self.log, start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            with open(os.path.join(self.directory, "up.log"), errors="replace") as log:
                raise Failure("the control plane did not start:\n" + log.read()[-4000:])
        self.ready = json.loads(line)
        self.kubeconfig = self.ready["kubeconfig"]

    def kubectl(self, *arguments, text=None, check=True, timeout=60):
        """Standard output of kubectl; a Failure with standard error if it fails and check is set."""
        done = subprocess.run([PLANE, "kubectl", "--dir", self.directory, *arguments],
                              input=text, capture_output=True, text=True, timeout=timeout,
                              cwd=self.directory)
        if check and done.returncode != 0:
            raise Failure(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if check else done

    def get(self, kind, name=None, namespace="default", selector=None):
        """One object, or the items of a list; None when the object is not there."""
        arguments = ["get", kind, "-n", namespace, "-o", "json"]
        if name:
            arguments.insert(2, name)
        if selector:
            arguments += ["-l", selector]
        done = self.kubectl(*arguments, check=False)
        if done.returncode != 0:
            if "NotFound" in done.stderr or "not found" in done.stderr:
                return None
            raise Failure(done.stderr.strip())
        value = json.loads(done.stdout)
        return value if name else value["items"]

    def apply(self, *objects, server_side=False):
        text = "\n---\n".join(o if isinstance(o, str) else json.dumps(o) for o in objects)
        flags = ["--server-side"] if server_side else []
        return self.kubectl("apply", *flags, "-f", "-", text=text)

    def command(self, verb, *arguments):
        return subprocess.run([PLANE, verb, "--dir", self.directory, *arguments], check=True,
                              capture_output=True, text=True, timeout=60).stdout

    def ledger(self):
        """What really happened in the pods, oldest first."""
        path = os.path.join(self.directory, "ledger.jsonl")
        if not os.path.exists(path):
            return []
        with open(path) as lines:
            # A last line without its newline is still being written.
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def starts(self, run_prefix=""):
        return [e for e in self.ledger()
                if e["event"] == "start" and e.get("run_id", "").startswith(run_prefix)]

    def install(self, *values):
        """CRDs, service account and rights, as the chart renders them; no controller pods."""
        # Helm renders what a plain `kubectl apply` can take; the controller runs beside the plane.
        self.kubectl("create", "namespace", SYSTEM)
        rendered = subprocess.run(
            [os.path.join(ROOT, "helm/run-helm"), "template", "podcron",
             os.path.join(ROOT, "helm/podcron"), "--namespace", SYSTEM, "--kube-version", "1.36.4",
             # Without the webhook's process every exec of a test would wait for its time-out.
             "--set", "replicas=0", "--set", "sessions.enabled=false",
             *[a for v in values for a in ("--set", v)]],
            capture_output=True, text=True)
        if rendered.returncode != 0:
            raise Failure("helm template: " + rendered.stderr.strip())
        self.apply(rendered.stdout, server_side=True)
        self.kubectl("wait", "--for=condition=Established", "crd/podcronjobs.podcron.dev",
                     "crd/podjobs.podcron.dev", "--timeout=30s")

    def account_kubeconfig(self, namespace=SYSTEM, name="podcron"):
        path = os.path.join(self.directory, f"{namespace}-{name}.kubeconfig")
        self.command("kubeconfig", "--serviceaccount", f"{namespace}/{name}", "--output", path)
        return path

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()
        if self.temporary:
            self.temporary.cleanup()


class Controller:
    """One podcron process, with the chart's own account."""

    count = 0

    def __init__(self, plane, *arguments, name=None, kubeconfig=None, namespace=SYSTEM):
        """`namespace` None: as somebody starts it by hand, outside of any pod."""
        Controller.count += 1
        self.name = name or f"podcron-{Controller.count}"
        self.plane = plane
        self.address_file = os.path.join(plane.directory, self.name + ".address")
        if os.path.exists(self.address_file):
            os.unlink(self.address_file)
        self.log_path = os.path.join(plane.directory, self.name + ".log")
        self.log = open(self.log_path, "ab")
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("KUBECONFIG", "POD_NAME", "POD_NAMESPACE")}
        if namespace:
            environment.update(POD_NAME=self.name, POD_NAMESPACE=namespace)
        self.process = subprocess.Popen(
            [PODCRON, "--kubeconfig", kubeconfig or plane.account_kubeconfig(),
             "--listen", "127.0.0.1:0", "--listen-file", self.address_file, *arguments],
            stdout=self.log, stderr=self.log, env=environment, start_new_session=True)

    def lines(self):
        with open(self.log_path, errors="replace") as log:
            out = []
            for line in log:
                try:
                    out.append(json.loads(line))
                except ValueError:
                    out.append({"msg": line.rstrip()})
            return out

    def http(self, path):
        """(status, body); (0, reason) while nobody answers."""
        try:
            with open(self.address_file) as file:
                address = file.read().strip()
            with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, ValueError) as error:
            return 0, str(error)

    def wait_ready(self, seconds=30):
        def check():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}: "
                              + "\n".join(str(l) for l in self.lines()[-5:]))
            return self.http("/readyz")[0] == 200
        try:
            wait_for(f"{self.name} ready", check, seconds)
        except Failure as failure:
            said = "\n".join(str(line) for line in self.lines()[-8:])
            raise Failure(f"{failure}\n/readyz: {self.http('/readyz')}\n{said}") from None

    def metric(self, name, **labels):
        """The value of one series, 0.0 if it does not exist."""
        status, body = self.http("/metrics")
        if status != 200:
            raise Failure(f"/metrics: {status} {body}")
        total = 0.0
        for line in body.splitlines():
            if line.startswith(name) and line[len(name)] in "{ ":
                if all(f'{k}="{v}"' in line for k, v in labels.items()):
                    total += float(line.rsplit(" ", 1)[1])
        return total

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        return self.process.returncode


def free_port():
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def deployment(name, replicas, namespace="default", labels=None, containers=None, annotations=None):
    """A Deployment whose containers are no-ops on the plane's node: they run until deleted."""
    labels = {"app": name, "podcron.dev/serving": "true"} if labels is None else labels
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": labels["app"]}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations or {}},
                "spec": {"terminationGracePeriodSeconds": 1,
                         "containers": containers or [{"name": "app", "image": "shop:1"}]}}}}


def pod_cron_job(name, schedule, command, namespace="default", app="shop", target=None, job=None,
                 **spec):
    """A PodCronJob that runs `command` in pods labelled app=<app>."""
    return {
        "apiVersion": "podcron.dev/v1alpha1", "kind": "PodCronJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "schedule": schedule,
            **spec,
            "podJobTemplate": {"spec": {
                "target": target or {"selector": {"matchLabels": {"app": app}}},
                "exec": {"command": command},
                **(job or {})}}}}
