"""How long the session webhook takes to answer while many work in pods at once.

The reviews are those that the API server would send, over TLS connections that stay open, as its own
do. They are sent at a fixed rate whatever the answers take, so that a slow answer does not make room
for itself; each waits for the write of a Lease.
"""

import http.client
import json
import queue
import ssl
import threading
import time

from harness import Controller, Failure, Plane, deployment, free_port, wait_for

PODS = 50
RATE = 200  # a second
CONNECTIONS = 16


def review(number, pod):
    options = {"apiVersion": "v1", "kind": "PodExecOptions", "stdin": True, "stdout": True,
               "tty": True, "container": "app", "command": ["sh"]}
    return json.dumps({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": f"00000000-0000-4000-8000-{number:012}",
                    "kind": {"group": "", "version": "v1", "kind": "PodExecOptions"},
                    "resource": {"group": "", "version": "v1", "resource": "pods"},
                    "subResource": "exec", "name": pod, "namespace": "default",
                    "operation": "CONNECT", "userInfo": {"username": f"user-{number % 7}"},
                    "object": options, "dryRun": False}})


class Caller(threading.Thread):
    def __init__(self, port, waiting, took, wrong):
        super().__init__(daemon=True)
        context = ssl.create_default_context()
        # Whom it is talking to is not what is measured.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        self.waiting, self.took, self.wrong = waiting, took, wrong
        self.connection.connect()
        self.start()

    def run(self):
        for at, body in iter(self.waiting.get, None):
            try:
                self.connection.request("POST", "/sessions", body,
                                        {"Content-Type": "application/json"})
                answer = json.load(self.connection.getresponse())
                if not answer["response"]["allowed"]:
                    self.wrong.append("refused")
            except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
                self.wrong.append(str(error))
                self.connection.close()
            self.took.append(time.monotonic() - at)


def measure_reviews(fast, seconds):
    """{"p50_ms", "p99_ms", "sent", "stored"}."""
    plane = Plane(arguments=fast)
    controller = None
    try:
        port = free_port()
        plane.install("sessions.enabled=true", f"sessions.url=https://127.0.0.1:{port}/sessions")
        plane.apply(deployment("shop", PODS))
        wait_for("the app", lambda: plane.get("deployment", "shop")["status"]
                 .get("readyReplicas") == PODS, 120)
        controller = Controller(plane, "--webhook-listen", f"127.0.0.1:{port}", "--webhook-names",
                                "127.0.0.1", "--webhook-configuration", "podcron-sessions")
        controller.wait_ready()
        pods = [pod["metadata"]["name"] for pod in plane.get("pods", selector="app=shop")]
        waiting, took, wrong = queue.SimpleQueue(), [], []
        callers = [Caller(port, waiting, took, wrong) for _ in range(CONNECTIONS)]
        before = controller.metric("podcron_session_reviews_total", result="stored")
        began = time.monotonic()
        sent = RATE * seconds
        for number in range(sent):
            at = began + number / RATE
            time.sleep(max(0, at - time.monotonic()))  # the rate itself
            waiting.put((at, review(number, pods[number * 7 % len(pods)])))
        for _ in callers:
            waiting.put(None)
        for caller in callers:
            caller.join(60)
        if wrong or len(took) < sent:
            raise Failure(f"{len(took)} of {sent} reviews answered; {wrong[:3]}")
        took.sort()
        stored = controller.metric("podcron_session_reviews_total", result="stored") - before
        return {"sent": sent, "stored": int(stored), "p50_ms": 1000 * took[sent // 2],
                "p99_ms": 1000 * took[sent * 99 // 100]}
    finally:
        if controller:
            controller.stop()
        plane.stop()
