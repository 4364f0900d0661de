"""Interactive sessions: whoever has a shell in a pod is left alone there (rule 25).

The sessions are those of the real kubectl against a real API server; nothing is written by hand.
"""

import json
import os
import pty
import signal
import subprocess
import time
import unittest

from cluster_case import PLUGIN, QUICK_ELECTION, ClusterCase, is_ready, pod_cron_job, wait_for
from harness import PLANE, free_port

COOLDOWN = 15


class Sessions(ClusterCase):
    port = free_port()
    chart_values = ("sessions.enabled=true", f"sessions.url=https://127.0.0.1:{port}/sessions")
    controller_arguments = ("--webhook-listen", f"127.0.0.1:{port}", "--webhook-names", "127.0.0.1",
                            "--webhook-configuration", "podcron-sessions", *QUICK_ELECTION)

    def setUp(self):
        self.app = self.id().rsplit(".", 1)[1].replace("test_", "").replace("_", "-")[:40].rstrip("-")
        self.job = "j-" + self.app[:38].rstrip("-")
        wait_for("sessions are seen", lambda: self.controller.metric(
            "podcron_session_detection_active") == 1, 90)

    def tearDown(self):
        self.remove(self.job)
        self.plane.kubectl("delete", "deployment", self.app, "--ignore-not-found", "--wait=false")

    def run_in(self, exclude="StdinOrTTY", cooldown=COOLDOWN):
        self.plane.apply(pod_cron_job(
            self.job, "* * * * * *", ["true"], app=self.app, target={
                "selector": {"matchLabels": {"app": self.app}},
                "interactiveSessions": {"exclude": exclude, "cooldownSeconds": cooldown}}))

    def sessions(self, *arguments, check=True):
        done = subprocess.run([PLUGIN, "sessions", "--kubeconfig", self.plane.kubeconfig, "-n",
                               "default", "-o", "json", *arguments],
                              capture_output=True, text=True, timeout=30)
        if not check:
            return done
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["sessions"]

    def kinds(self, pod):
        return {s["kind"] for s in self.sessions() if s["pod"] == pod}

    def wait_reason(self, pod, reason, seconds=20):
        return wait_for(f"{pod}: {reason}",
                        lambda: self.explain(self.job).get(pod, "-") == reason, seconds)

    def starts_in(self, pod):
        return [s for s in self.plane.starts(self.job) if s["pod"] == pod]

    def in_terminal(self, *arguments, keys=b"exit\n"):
        """kubectl with a terminal of its own, as a person has one; ends when its command does."""
        master, slave = pty.openpty()
        process = subprocess.Popen([PLANE, "kubectl", "--dir", self.plane.directory, *arguments],
                                   stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        os.write(master, keys)
        return process, master

    def judge(self, pods, kind):
        """`pods[0]` had a session: it is left out for the cooldown, and runs return after it."""
        self.wait_reason(pods[0], "InteractiveSession")
        self.assertIn(kind, self.kinds(pods[0]))
        left = len(self.starts_in(pods[0]))
        others = len(self.starts_in(pods[1]))
        # Meanwhile the twin is used, so the schedule goes on.
        wait_for("runs in the twin", lambda: len(self.starts_in(pods[1])) >= others + 2, 20)
        self.assertLessEqual(len(self.starts_in(pods[0])), left + 1, "one may have been under way")
        wait_for("runs return", lambda: len(self.starts_in(pods[0])) > left + 1, 60)

    def test_exec_with_a_terminal(self):
        pods = self.make_app(self.app, 2)
        self.run_in()
        wait_for("runs", lambda: self.plane.starts(self.job), 20)
        process, master = self.in_terminal("exec", "-it", pods[0], "--", "sh")
        self.assertEqual(process.wait(30), 0)
        os.close(master)
        self.judge(pods, "tty")
        user = next(s["user"] for s in self.sessions() if s["pod"] == pods[0])
        self.assertEqual(user, self.plane.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))

    def test_exec_without_terminal_counts_for_any_exec_only(self):
        pods = self.make_app(self.app, 2)
        self.run_in("AnyExec", cooldown=30)
        self.plane.kubectl("exec", pods[0], "--", "true")
        self.wait_reason(pods[0], "InteractiveSession")
        self.assertEqual(self.kinds(pods[0]), {"exec"})
        self.run_in("StdinOrTTY", cooldown=30)
        self.wait_reason(pods[0], None)
        self.run_in("AnyExec", cooldown=30)
        self.wait_reason(pods[0], "InteractiveSession")
        self.run_in("None", cooldown=30)
        self.wait_reason(pods[0], None)

    def test_attach(self):
        pods = self.make_app(self.app, 2, containers=[
            {"name": "app", "image": "shop:1", "stdin": True, "command": ["cat"]}])
        self.run_in()
        process = subprocess.Popen([PLANE, "kubectl", "--dir", self.plane.directory, "attach", "-i",
                                    pods[0]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        self.judge(pods, "tty")

    def test_copy_into_a_pod(self):
        pods = self.make_app(self.app, 2)
        self.run_in()
        source = os.path.join(self.plane.directory, "copied.txt")
        with open(source, "w") as file:
            file.write("x")
        target = os.path.join(self.plane.directory, "target.txt")
        self.plane.kubectl("cp", "copied.txt", f"{pods[0]}:{target}")
        self.judge(pods, "tty")

    def test_debug_container(self):
        pods = self.make_app(self.app, 2)
        self.run_in()
        process, master = self.in_terminal("debug", "-it", pods[0], "--image=busybox",
                                           "--target=app", "--", "cat", keys=b"")
        self.wait_reason(pods[0], "EphemeralContainerRunning")
        wait_for("it is attached", lambda: "tty" in self.kinds(pods[0]), 20)
        os.write(master, b"\x04")  # end of input: cat ends, and with it the container
        process.wait(30)
        os.close(master)
        self.judge(pods, "tty")

    def test_clearing_ends_it_early(self):
        pods = self.make_app(self.app, 1)
        self.run_in(cooldown=3600)
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        self.wait_reason(pods[0], "InteractiveSession")
        found = self.wait_condition(self.job, "TargetsAvailable", "False", reason="NoEligiblePod")
        self.assertIn("1 InteractiveSession", found["message"])
        self.assertNotEqual(self.sessions("--clear", "no-such-pod", check=False).returncode, 0)
        self.assertEqual({s["pod"] for s in self.sessions("--clear", pods[0])}, {pods[0]})
        self.assertEqual(self.kinds(pods[0]), set())
        before = len(self.starts_in(pods[0]))
        wait_for("runs return", lambda: len(self.starts_in(pods[0])) > before, 20)

    def test_whoever_waits_wakes_when_the_cooldown_ends(self):
        pods = self.make_app(self.app, 1)
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        ended = time.time()
        # Due at once and then not for a day: only the end of the cooldown can start it.
        due = time.gmtime(time.time() + 6)
        self.plane.apply(pod_cron_job(
            self.job, f"{due.tm_sec} {due.tm_min} {due.tm_hour} * * *", ["true"], app=self.app,
            target={"selector": {"matchLabels": {"app": self.app}},
                    "interactiveSessions": {"exclude": "StdinOrTTY", "cooldownSeconds": COOLDOWN}}))
        wait_for("the run", lambda: self.starts_in(pods[0]), 60, 0.2)
        self.assertGreaterEqual(time.time() - ended, COOLDOWN - 1)

    def test_podcrons_own_execs_are_no_sessions(self):
        pods = self.make_app(self.app, 1)
        self.run_in("AnyExec", cooldown=3600)
        wait_for("runs", lambda: len(self.starts_in(pods[0])) >= 3, 30)
        self.assertEqual(self.kinds(pods[0]), set())

    def test_a_session_that_begins_during_a_run_is_told(self):
        pods = self.make_app(self.app, 1)
        due = time.gmtime(time.time() + 4)
        self.plane.apply(pod_cron_job(
            self.job, f"{due.tm_sec} {due.tm_min} {due.tm_hour} * * *", ["sleep", "12"],
            app=self.app))
        wait_for("the run", lambda: self.starts_in(pods[0]), 30, 0.2)
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        run = self.ended_runs(self.job)[0]
        self.assertEqual(run["status"]["phase"], "Succeeded")
        self.assertEqual(run["status"]["targets"][0]["unexpectedReason"], "InteractiveSession")

    def test_the_api_server_gets_the_answer(self):
        """Failing open hides a webhook that never answers; failing closed does not."""
        pods = self.make_app(self.app, 1)

        def fail(policy):
            self.plane.kubectl("patch", "validatingwebhookconfiguration", "podcron-sessions",
                               "--type=json", "-p", json.dumps([
                                   {"op": "replace", "path": "/webhooks/0/failurePolicy",
                                    "value": policy}]))
        fail("Fail")
        self.addCleanup(fail, "Ignore")
        self.addCleanup(self.controller.process.send_signal, signal.SIGCONT)
        self.controller.process.send_signal(signal.SIGSTOP)
        wait_for("the API server sees the new policy", lambda: self.plane.kubectl(
            "exec", "-i", pods[0], "--", "true", check=False).returncode != 0, 60)
        self.controller.process.send_signal(signal.SIGCONT)
        wait_for("the answer arrives", lambda: self.plane.kubectl(
            "exec", "-i", pods[0], "--", "true", check=False).returncode == 0, 30)

    def test_leases_of_gone_pods_go(self):
        pods = self.make_app(self.app, 1)
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        wait_for("the session", lambda: self.kinds(pods[0]) == {"tty"}, 20)
        self.plane.kubectl("delete", "deployment", self.app, "--wait=false")
        self.plane.kubectl("delete", "pod", pods[0], "--ignore-not-found", "--timeout=60s")
        wait_for("no Lease is left", lambda: self.kinds(pods[0]) == set(), 180, 1)

    def test_pods_without_the_serving_label_are_no_candidates(self):
        self.plane.kubectl("run", self.app, "--image=busybox")
        wait_for("it runs", lambda: is_ready(self.plane.get("pod", self.app) or {}))
        before = self.controller.metric("podcron_session_reviews_total", result="no_candidate")
        self.plane.kubectl("exec", "-i", self.app, "--", "cat", text="")
        self.assertEqual(
            self.controller.metric("podcron_session_reviews_total", result="no_candidate"), before + 1)
        self.assertEqual(self.kinds(self.app), set())
        self.plane.kubectl("delete", "pod", self.app, "--wait=false")

    def test_detection_is_active_and_degraded_when_it_is(self):
        self.make_app(self.app, 1)
        self.run_in()
        self.wait_condition(self.job, "SessionDetection", "True", reason="Active")
        # Whoever is away answers nobody; exec goes on all the same.
        self.controller.process.send_signal(signal.SIGSTOP)
        try:
            self.plane.kubectl("exec", "-i", self.ready_pods(self.app, 1)[0], "--", "cat", text="")
        finally:
            self.controller.process.send_signal(signal.SIGCONT)
        # Without its rule the API server asks nobody.
        configuration = json.loads(self.plane.kubectl(
            "get", "validatingwebhookconfiguration", "podcron-sessions", "-o", "json"))
        rules = configuration["webhooks"][0]["rules"]

        def write(value):
            self.plane.kubectl("patch", "validatingwebhookconfiguration", "podcron-sessions",
                               "--type=json", "-p", json.dumps([
                                   {"op": "replace", "path": "/webhooks/0/rules", "value": value}]))
        write([dict(rules[0], resources=["pods/attach"])])
        try:
            self.controller.stop()
            self.running.remove(self.controller)
            again = self.start_controller()
            again.wait_ready()
            self.running.insert(0, self.running.pop())
            found = self.wait_condition(self.job, "SessionDetection", "False", reason="Degraded",
                                        seconds=60)
            self.assertIn("did not ask the webhook", found["message"])
        finally:
            write(rules)
        self.wait_condition(self.job, "SessionDetection", "True", reason="Active", seconds=90)

    def test_a_restarted_controller_is_trusted_again(self):
        """It has another certificate: the bundle gets it without anybody's help."""
        pods = self.make_app(self.app, 1)
        self.controller.kill()
        self.running.pop(0)
        self.running.insert(0, self.start_controller())
        self.running.pop()
        self.controller.wait_ready()
        self.setUp()
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        self.assertEqual(self.kinds(pods[0]), {"tty"})

    def test_what_one_controller_was_told_the_others_know(self):
        pods = self.make_app(self.app, 2)
        # Without a listener it learns of sessions from their Leases alone.
        arguments, type(self).controller_arguments = self.controller_arguments, QUICK_ELECTION
        other = self.start_controller()
        type(self).controller_arguments = arguments
        other.wait_ready()
        self.plane.kubectl("exec", "-i", pods[0], "--", "cat", text="")
        wait_for("it knows", lambda: other.metric("podcron_sessions")
                 == self.controller.metric("podcron_sessions") > 0, 30)
        self.controller.process.send_signal(signal.SIGSTOP)
        try:
            self.run_in(cooldown=3600)
            wait_for("runs", lambda: len(self.starts_in(pods[1])) >= 3, 60)
        finally:
            self.controller.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.starts_in(pods[0]), [])
        other.stop()
        self.running.remove(other)

    def test_many_reviews_at_once_are_all_stored(self):
        pods = self.make_app(self.app, 3)
        before = self.controller.metric("podcron_session_reviews_total", result="stored")
        late = self.controller.metric("podcron_session_reviews_total", result="late")
        execs = [subprocess.Popen(
            [PLANE, "kubectl", "--dir", self.plane.directory, "exec", "-i", pods[i % 3], "--", "cat"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for i in range(12)]
        self.assertEqual([e.wait(60) for e in execs], [0] * 12)
        self.assertGreaterEqual(
            self.controller.metric("podcron_session_reviews_total", result="stored"), before + 12)
        self.assertEqual(self.controller.metric("podcron_session_reviews_total", result="late"), late)


if __name__ == "__main__":
    unittest.main()
