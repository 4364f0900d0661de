"""Runs by HTTP against pods that serve: identity, outcomes, probes, and where they may not go."""

import json

from cluster_case import ClusterCase, deployment, pod_cron_job, wait_for

SERVER = r"""
import http.server, json, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do(self):
        length = int(self.headers.get("Content-Length", 0))
        told = {"path": self.path, "method": self.command, "body": self.rfile.read(length).decode(),
                "pod": os.environ["POD_NAME"], "headers": dict(self.headers)}
        status = int(self.path.strip("/").split("/")[0].split("?")[0])
        body = json.dumps(told).encode()
        if status == 0:  # breaks off in the middle
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + 100))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = do_PUT = do
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer((os.environ["POD_IP"], 8000), Handler).serve_forever()
"""


def container(**more):
    return {"name": "app", "image": "shop:1", "command": ["python3", "-c", SERVER],
            "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "ports": [{"name": "http", "containerPort": 8000}],
            "readinessProbe": {"httpGet": {"path": "/200", "port": "http"}, "periodSeconds": 1},
            **more}


def by_http(name, http, **options):
    """A PodCronJob with `http` instead of exec."""
    job = pod_cron_job(name, "*/2 * * * * *", None, app="web", **options)
    spec = job["spec"]["podJobTemplate"]["spec"]
    del spec["exec"]
    spec["http"] = {"port": "http", **http}
    return job


class Http(ClusterCase):
    controller_arguments = ("--allow-loopback-targets",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pods = cls().make_app("web", 2, containers=[container()])

    def one_run(self, job):
        self.plane.apply(job)
        self.addCleanup(self.remove, job["metadata"]["name"])
        return self.ended_runs(job["metadata"]["name"])[0]

    def test_a_run_is_a_request_with_its_identity(self):
        run = self.one_run(by_http("asks", {"path": "/200/$(PODCRON_POD_NAME)", "method": "PUT",
                                            "body": "for $(PODCRON_RUN_ID)"},
                                   job={"outputPolicy": "Always"}))
        status, name = run["status"], run["metadata"]["name"]
        target = status["targets"][0]
        self.assertEqual((status["phase"], target["httpStatus"]), ("Succeeded", 200))
        seen = json.loads(target["output"])
        self.assertEqual(seen["pod"], status["target"])
        self.assertEqual((seen["method"], seen["path"], seen["body"]),
                         ("PUT", "/200/" + status["target"], "for " + name))
        headers = seen["headers"]
        self.assertEqual(headers["Idempotency-Key"], name + "/0")
        self.assertEqual(headers["Podcron-Job"], "default/asks")
        self.assertEqual(headers["Podcron-Scheduled-Time"], run["spec"]["scheduledTime"])
        self.assertRegex(headers["User-Agent"], r"^podcron/\d")

    def test_other_answers_are_failures_and_a_cut_one_is_unknown(self):
        for path, phase, reason, message in (("/500", "Failed", "UnexpectedStatus", "HTTP 500"),
                                             ("/302", "Failed", "UnexpectedStatus", "not followed"),
                                             ("/0", "Unknown", "ContactLost", "cut short")):
            status = self.one_run(by_http("answers" + path[1:], {"path": path}))["status"]
            self.assertEqual((status["phase"], status["reason"]), (phase, reason))
            self.assertIn(message, status["message"])

    def test_a_probe_that_says_no_keeps_the_run_out(self):
        def probed(name, path):
            return self.one_run(by_http(name, {"path": "/200"}, target={
                "selector": {"matchLabels": {"app": "web"}},
                "servingProbe": {"httpGet": {"port": "http", "path": path}}}))["status"]
        self.assertEqual(probed("healthy", "/204")["phase"], "Succeeded")
        sick = probed("sick", "/503")
        self.assertEqual((sick["phase"], sick["reason"]), ("Failed", "NotStarted"))
        self.assertIn("ServingProbeFailed: HTTP 503", sick["message"])

    def test_pods_with_the_nodes_network_and_undeclared_ports_are_refused(self):
        undeclared = self.one_run(by_http("undeclared", {"port": 8001}))["status"]
        self.assertEqual(undeclared["phase"], "Failed")
        self.assertIn("TargetRefused: no container of the pod declares the TCP port 8001",
                      undeclared["message"])
        app = deployment("host", 1, containers=[{"name": "app", "image": "shop:1", "ports": [
            {"name": "http", "containerPort": 8000, "hostPort": 8000}]}])
        app["spec"]["template"]["spec"]["hostNetwork"] = True
        self.plane.apply(app)
        self.ready_pods("host", 1)
        job = by_http("host", {"path": "/200"})
        job["spec"]["podJobTemplate"]["spec"]["target"]["selector"]["matchLabels"]["app"] = "host"
        self.assertIn("hostNetwork", self.one_run(job)["status"]["message"])

    def test_by_way_of_the_api_server_its_refusal_is_told(self):
        job = by_http("proxied", {"path": "/200", "via": "ApiServerProxy"})
        status = self.one_run(job)["status"]
        self.assertEqual((status["phase"], status["reason"]), ("Failed", "NotStarted"))
        self.assertIn("the API server: HTTP 403", status["message"])
        self.assertIn("pods/proxy", status["message"])
        self.remove("proxied")
        self.plane.kubectl("create", "rolebinding", "podcron-proxy", "--clusterrole=podcron-proxy",
                           "--serviceaccount=podcron-system:podcron")
        # The plane's pods have loopback addresses, to which the API server connects nobody.
        def refused():
            status = self.one_run(by_http("proxied", {"path": "/200", "via": "ApiServerProxy"}))[
                "status"]
            self.remove("proxied")
            return "address not allowed" in status["message"] or None
        wait_for("the right to be known", refused, 60)


if __name__ == "__main__":
    import unittest
    unittest.main()
