"""Strategy Webhook against real HTTPS: a service of the test's own, honest, hostile, slow and gone."""

import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import unittest

from cluster_case import ClusterCase, deployment, pod_cron_job, wait_for
from harness import PODCRON


class Service:
    """Answers each StrategyReview by `choose(request)`: a list of names, bytes, or a status."""

    def __init__(self, directory, name):
        self.certificate = os.path.join(directory, name + ".crt")
        key = os.path.join(directory, name + ".key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-subj", "/CN=strategy", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True)
        self.asked = []
        self.choose = None
        self.gate = threading.Event()
        self.gate.set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append((self.path, body))
                service.gate.wait(60)
                self.reply(service.choose(body["request"]), body["request"])

            def reply(self, said, request):
                status = said if isinstance(said, int) else 200
                if isinstance(said, list):
                    said = json.dumps({"response": {"uid": request["uid"], "pods": said}}).encode()
                body = said if isinstance(said, bytes) else b"{}"
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # nobody waits any more

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def asked_for(self, job):
        return [b["request"] for _, b in self.asked if b["request"]["podCronJob"]["name"] == job]


def names(request):
    return [pod["name"] for pod in request["pods"]]


class StrategyWebhook(ClusterCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.service = Service(temporary.name, "ours")
        cls.addClassCleanup(cls.service.stop)
        forger = Service(temporary.name, "forger")
        cls.addClassCleanup(forger.stop)
        forger.choose = names
        cls.forger = forger
        path = os.path.join(temporary.name, "services.yaml")
        with open(path, "w") as file:
            json.dump({"services": [
                {"name": "ours", "url": f"https://127.0.0.1:{cls.service.port}/choose",
                 "caFile": "ours.crt", "timeoutSeconds": 10},
                {"name": "forged", "url": f"https://127.0.0.1:{forger.port}/", "caFile": "ours.crt"},
                {"name": "gone", "url": "https://127.0.0.1:1/", "caFile": "ours.crt"}]}, file)
        cls.controller_arguments = ("--strategy-services", path)
        super().setUpClass()

    def apply_job(self, name, service="ours", job=None, schedule="* * * * * *", **webhook):
        self.plane.apply(pod_cron_job(
            name, schedule, ["true"], app="web", successfulJobsHistoryLimit=100,
            job={"strategy": {"type": "Webhook", "webhook": {"name": service, **webhook}},
                 **(job or {})}))
        self.addCleanup(self.remove, name)

    def setUp(self):
        self.pods = self.make_app("web", 3)
        self.service.choose = names

    def refused(self, name, words):
        """The condition says so, and nothing was ever started."""
        lack = self.wait_condition(name, "TargetsAvailable", "False", reason="NoEligiblePod")
        self.assertIn(words, lack["message"])
        self.assertEqual(self.plane.starts(name), [])

    def test_runs_where_the_service_says(self):
        self.service.choose = lambda request: [names(request)[1]]
        self.apply_job("told")
        runs = self.ended_runs("told", 3)
        ran = {s["pod"] for s in self.plane.starts("told")}
        self.assertEqual(ran, {self.pods[1]})
        request = self.service.asked_for("told")[0]
        self.assertEqual(self.service.asked[0][0], "/choose")
        self.assertEqual(names(request), self.pods)
        self.assertEqual(request["run"], runs[0]["metadata"]["name"])
        self.assertEqual(request["podCronJob"]["uid"],
                         self.plane.get("podcronjob", "told")["metadata"]["uid"])
        uids = {p["metadata"]["name"]: p["metadata"]["uid"] for p in self.plane.get("pods")}
        self.assertEqual([p["uid"] for p in request["pods"]], [uids[n] for n in self.pods])
        asked = [r["run"] for r in self.service.asked_for("told")]
        self.assertEqual(len(asked), len(set(asked)), "each due time is asked about once")

    def test_a_pod_that_was_not_offered_is_refused(self):
        self.plane.apply(deployment("other", 1))
        other = self.ready_pods("other", 1)
        self.service.choose = lambda request: names(request)[:1] + other
        self.apply_job("hostile", job={"noTargetPolicy": "Skip"})
        self.refused("hostile", f'response.pods[1]: got "{other[0]}", wanted the name of a pod')
        self.service.choose = names
        self.ended_runs("hostile")

    def test_no_json_an_error_and_a_redirect_are_no_answers(self):
        for name, said, words in (("html", b"<html>", "the answer is of no use"),
                                  ("error", 500, "HTTP status 500, wanted 200"),
                                  ("moved", 307, "HTTP status 307, wanted 200"),
                                  ("large", b" " * 600_000, "larger than 524288 bytes")):
            with self.subTest(name):
                self.service.choose = lambda request, said=said: said
                self.apply_job(name, job={"noTargetPolicy": "Skip"})
                self.refused(name, words)
                self.remove(name)

    def test_a_service_that_is_slow_is_not_waited_for(self):
        self.service.gate.clear()
        self.addCleanup(self.service.gate.set)
        self.apply_job("slow", schedule="*/5 * * * * *", timeoutSeconds=1, failurePolicy="Random")
        runs = self.ended_runs("slow", 2)
        self.assertEqual({r["status"]["phase"] for r in runs}, {"Succeeded"})

    def test_a_service_that_is_gone_or_not_itself_is_no_service(self):
        for name, words in (("gone", "connection refused"),
                            ("forged", "certificate verify failed")):
            self.apply_job(name, service=name, job={"noTargetPolicy": "Skip"})
            self.refused(name, words)
        self.assertEqual(self.forger.asked, [])

    def test_a_time_waits_until_the_service_is_there_again(self):
        self.service.choose = lambda request: 503
        self.apply_job("waits", schedule="* * * * *")
        lack = self.wait_condition("waits", "TargetsAvailable", "False", reason="NoEligiblePod",
                                   seconds=80)
        self.assertIn("HTTP status 503", lack["message"])
        self.service.choose = names
        self.ended_runs("waits")

    def test_a_pod_that_vanished_while_the_service_thought_is_not_used(self):
        self.service.gate.clear()
        self.addCleanup(self.service.gate.set)
        self.service.choose = lambda request: names(request)[:1]
        self.apply_job("vanished", schedule="*/10 * * * * *", timeoutSeconds=30)
        wait_for("it is asked", lambda: self.service.asked_for("vanished"))
        self.plane.kubectl("label", "pod", self.pods[0], "podcron.dev/serving-")
        self.service.gate.set()
        # The next times are offered the other two alone.
        self.ended_runs("vanished")
        self.assertNotIn(self.pods[0], {s["pod"] for s in self.plane.starts("vanished")})
        self.plane.kubectl("delete", "pod", self.pods[0], "--wait=false")

    def test_a_name_that_is_not_registered_is_said(self):
        self.apply_job("nobody", service="nobody", failurePolicy="Random")
        lack = self.wait_condition("nobody", "TargetsAvailable", "False",
                                   reason="UnknownStrategyService")
        self.assertIn("forged, gone, ours", lack["message"])
        self.assertEqual(self.plane.starts("nobody"), [])

    def test_the_questions_are_counted(self):
        self.service.choose = lambda request: []
        self.apply_job("counted", job={"noTargetPolicy": "Skip"})
        self.refused("counted", "chooses none of them")
        self.assertGreater(self.controller.metric("podcron_strategy_reviews_total",
                                                  service="ours", result="none"), 0)


class Configuration(unittest.TestCase):
    def test_a_bad_file_ends_the_controller_with_its_place(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "services.yaml")
            with open(path, "w") as file:
                file.write("services:\n- {name: ours, url: \"http://127.0.0.1:1/\"}\n")
            config = os.path.join(directory, "config")
            with open(config, "w") as file:
                json.dump({"current-context": "c", "contexts": [
                    {"name": "c", "context": {"cluster": "k", "user": "u"}}],
                    "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:1"}}],
                    "users": [{"name": "u", "user": {"token": "t"}}]}, file)
            done = subprocess.run([PODCRON, "--kubeconfig", config, "--strategy-services", path],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"--strategy-services: {path}: services[0]: url: "
                          "\"http://127.0.0.1:1/\" is not an https:// URL", done.stderr)
