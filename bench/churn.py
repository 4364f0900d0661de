"""What 100,000 serving pods, a fifth of them replaced every minute, cost the controller.

A real API server that makes and keeps so many would need this machine for itself, so pods come from
one that only tells: it lists and watches as a real one does, over TLS, with pods of the size that
kubelets leave behind (some 6 KB), and takes Leases. What is measured is the podcron process.
"""

import datetime
import http.server
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness import PODCRON, Failure, wait_for

PODS = 100_000
REPLACED_A_MINUTE = 20_000
APPS = 500
NODES = 1000
PAGE = 500


def uid(number):
    return f"00000000-0000-4000-8000-{number:012x}"


def owner_uid(app):
    return f"10000000-0000-4000-8000-{app:012x}"


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(number):
    letters = "bcdfghjklmnpqrstvwxz2456789"
    out = ""
    for _ in range(5):
        number, digit = divmod(number, len(letters))
        out += letters[digit]
    return out


def pod(number, version, state="ready"):
    app = number % APPS
    ready = state == "ready"
    status = [{"name": "app", "ready": ready, "started": ready, "restartCount": 0, "image": f"app{app}:1",
               "imageID": "registry.example/app@sha256:" + "0" * 64,
               "containerID": f"containerd://{number:064x}",
               "state": {"running": {"startedAt": "2026-11-23T00:00:00Z"}} if ready
               else {"waiting": {"reason": "ContainerCreating"}}}]
    meta = {"name": f"app{app}-7c9d4c8f6b-{suffix(number)}", "generateName": f"app{app}-7c9d4c8f6b-",
            "namespace": f"team{app % 50}", "uid": uid(number), "resourceVersion": str(version),
            "creationTimestamp": "2026-11-23T00:00:00Z",
            "labels": {"app": f"app{app}", "pod-template-hash": "7c9d4c8f6b",
                       "podcron.dev/serving": "true"},
            "annotations": {"checksum/config": "c" * 64, "prometheus.io/scrape": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                 "name": f"app{app}-7c9d4c8f6b", "uid": owner_uid(app),
                                 "controller": True, "blockOwnerDeletion": True}],
            # What a real pod has most of, and podcron asks nothing of.
            "managedFields": [{"manager": "kubelet", "operation": "Update", "apiVersion": "v1",
                               "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {
                                   f"k:{i}": {"f:lastProbeTime": {}, "f:status": {}}
                                   for i in range(60)}}}]}
    if state == "terminating":
        meta["deletionTimestamp"] = rfc3339(time.time())
    return {"metadata": meta,
            "spec": {"nodeName": f"node-{number % NODES}", "restartPolicy": "Always",
                     "containers": [{"name": "app", "image": f"app{app}:1",
                                     "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
                                     "env": [{"name": f"E{i}", "value": "v" * 24} for i in range(20)]}]},
            "status": {"phase": "Running" if ready else "Pending", "podIP": "10.0.0.1",
                       "conditions": [{"type": t, "status": "True" if ready else "False",
                                       "lastProbeTime": None,
                                       "lastTransitionTime": "2026-11-23T00:00:00Z"}
                                      for t in ("Initialized", "Ready", "ContainersReady",
                                                "PodScheduled")],
                       "containerStatuses": status}}


def replica_set(app):
    return {"metadata": {"name": f"app{app}-7c9d4c8f6b", "namespace": f"team{app % 50}",
                         "uid": owner_uid(app), "resourceVersion": "1"},
            "spec": {"template": {"metadata": {"labels": {"app": f"app{app}"}},
                                  "spec": {"containers": [{"name": "app", "image": f"app{app}:1"}]}}}}


def pod_cron_job(app):
    """Daily: it keeps the owners watched, and nothing is due meanwhile."""
    return {"apiVersion": "podcron.dev/v1alpha1", "kind": "PodCronJob",
            "metadata": {"name": f"job{app}", "namespace": f"team{app % 50}",
                         "uid": f"20000000-0000-4000-8000-{app:012x}", "resourceVersion": "1",
                         "generation": 1, "creationTimestamp": rfc3339(time.time())},
            "spec": {"schedule": "0 0 1 1 *", "timeZone": "UTC", "podJobTemplate": {"spec": {
                "target": {"selector": {"matchLabels": {"app": f"app{app}"}}},
                "exec": {"command": ["true"]}}}}}


class Told:
    """What the API server knows; `version` moves with every change."""

    def __init__(self):
        self.first, self.last, self.version = 0, PODS, 1000
        self.lock = threading.Lock()
        self.stop = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told = None

    def log_message(self, *_):
        pass

    def answer(self, value, status=200):
        body = json.dumps(value, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        with self.told.lock:
            self.told.version += 1
            body.setdefault("metadata", {})["resourceVersion"] = str(self.told.version)
        body["metadata"].setdefault("uid", uid(2**40))
        body["metadata"].setdefault("name", self.path.split("?")[0].rsplit("/", 1)[1])
        body["metadata"].setdefault("namespace", "default")
        self.answer(body, 201 if self.command == "POST" else 200)

    do_POST = do_PUT = do_PATCH = do_DELETE = take

    def items(self, resource, start):
        if resource == "pods":
            with self.told.lock:
                numbers = range(self.told.first + start, min(self.told.last, self.told.first + start + PAGE))
            return [pod(n, 1000) for n in numbers], start + PAGE < PODS
        if resource == "replicasets":
            return [replica_set(a) for a in range(APPS)], False
        if resource == "podcronjobs":
            return [pod_cron_job(a) for a in range(APPS)], False
        return [], False

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        resource = url.path.rsplit("/", 1)[1]
        if query.get("watch") in ("1", "true"):
            return self.watch(resource)
        start = int(query.get("continue", 0))
        items, more = self.items(resource, start)
        meta = {"resourceVersion": str(self.told.version)}
        if more:
            meta["continue"] = str(start + PAGE)
        self.answer({"kind": "List", "apiVersion": "v1", "metadata": meta, "items": items})

    def chunk(self, *events):
        text = "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events).encode()
        self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")

    def watch(self, resource):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            if resource == "pods":
                self.replace_pods()
            while not self.told.stop.wait(5):
                self.chunk({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {
                    "resourceVersion": str(self.told.version)}}})
        except OSError:
            pass
        self.close_connection = True

    def replace_pods(self):
        """The oldest goes and a new one comes, in the events that a rollout makes of it."""
        began, done = time.monotonic(), 0
        while not self.told.stop.is_set():
            due = int((time.monotonic() - began) * REPLACED_A_MINUTE / 60)
            if done == due:
                time.sleep(0.02)  # the rate itself
                continue
            with self.told.lock:
                old, new = self.told.first, self.told.last
                self.told.first, self.told.last = old + 1, new + 1
                self.told.version += 4
                version = self.told.version
            done += 1
            self.chunk({"type": "ADDED", "object": pod(new, version - 3, "starting")},
                       {"type": "MODIFIED", "object": pod(new, version - 2)},
                       {"type": "MODIFIED", "object": pod(old, version - 1, "terminating")},
                       {"type": "DELETED", "object": pod(old, version, "terminating")})


def make_certificate(directory):
    """A key and a certificate of 127.0.0.1, which is its own authority."""
    key, certificate = os.path.join(directory, "key.pem"), os.path.join(directory, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=churn",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return key, certificate


def kubeconfig_of(directory, port, certificate):
    path = os.path.join(directory, "kubeconfig")
    with open(path, "w") as file:
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "churn",
                   "clusters": [{"name": "churn", "cluster": {
                       "server": f"https://127.0.0.1:{port}", "certificate-authority": certificate}}],
                   "users": [{"name": "churn", "user": {"token": "none"}}],
                   "contexts": [{"name": "churn", "context": {"cluster": "churn", "user": "churn"}}]},
                  file)
    return path


def peak_rss_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024


def measure_churn(cpu_seconds, seconds):
    """{"peak_rss_mib", "cores", "replaced_a_minute"}: since its start, and while pods churn."""
    with tempfile.TemporaryDirectory() as directory:
        key, certificate = make_certificate(directory)
        Handler.told = Told()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log = open(os.path.join(directory, "log"), "w+")
        process = subprocess.Popen(
            [PODCRON, "--kubeconfig", kubeconfig_of(directory, server.server_port, certificate),
             "--listen", "127.0.0.1:0"], stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
        try:
            def listed():
                if process.poll() is not None:
                    raise Failure("podcron ended: " + open(log.name).read()[-500:])
                return "all resources listed" in open(log.name).read()
            wait_for("all pods are listed", listed, 300, 0.5)
            cpu, began = cpu_seconds(process.pid), time.monotonic()
            first = Handler.told.first
            time.sleep(seconds)  # the time that is measured
            took = time.monotonic() - began
            return {"peak_rss_mib": peak_rss_mib(process.pid), "cores": (cpu_seconds(process.pid) - cpu) / took,
                    "replaced_a_minute": (Handler.told.first - first) * 60 / took}
        finally:
            Handler.told.stop.set()
            process.terminate()
            process.wait(30)
            server.shutdown()
            server.server_close()
            log.close()
