"""The kubectl plugin: offline, against the plane, and what it says when something is wrong."""

import json
import os
import subprocess
import tempfile
import time
import unittest

import cluster_case
from cluster_case import ClusterCase, pod_cron_job, wait_for

PLUGIN = os.environ.get("PODCRON_PLUGIN", cluster_case.PLUGIN)
FROM = "2026-03-28T12:00:00Z"


def plugin(*arguments, kubeconfig=None, text=None):
    """The finished process. Nothing of the caller's own kubeconfig reaches it."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    if kubeconfig:
        environment["KUBECONFIG"] = kubeconfig
    return subprocess.run([PLUGIN, *arguments], input=text, capture_output=True, text=True,
                          timeout=30, env=environment)


class Offline(unittest.TestCase):
    def fails(self, code, part, *arguments, **options):
        done = plugin(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("kubectl podcron: "), done.stderr)
        self.assertIn(part, done.stderr)

    def times(self, *arguments, **options):
        done = plugin("next", *arguments, "--from", FROM, "-o", "json", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["times"] for line in done.stdout.splitlines()]

    def test_next_of_an_expression(self):
        self.assertEqual(self.times("30 2 * * *", "--zone", "Europe/Berlin", "--count", "2"),
                         [["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]])
        table = plugin("next", "30 2 * * *", "--zone", "Europe/Berlin", "--from", FROM).stdout
        self.assertIn("clock goes forward, 02:00 to 03:00", table)
        self.assertNotIn("\x1b", table)

    def test_next_of_every_object_in_a_file(self):
        text = "\n---\n".join(json.dumps(o) for o in (
            pod_cron_job("a", "0 3 * * *", ["true"], timeZone="Asia/Shanghai"),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
            pod_cron_job("b", "@daily", ["true"])))
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            wanted = [["2026-03-28T19:00:00Z"], ["2026-03-29T00:00:00Z"]]
            self.assertEqual(self.times("-f", file.name, "--count", "1"), wanted)
        self.assertEqual(self.times("-f", "-", "--count", "1", text=text), wanted)

    def test_errors_are_one_line(self):
        self.fails(1, 'minute "61" is out of range 0-59', "next", "61 * * * *")
        self.fails(1, 'did you mean "Europe/Berlin"', "next", "@daily", "--zone", "europe/berlin")
        self.fails(1, "No such file", "next", "-f", "/no/such/file")
        self.fails(1, "no PodCronJob", "next", "-f", "-", text="kind: Pod\n")
        self.fails(1, "no kubeconfig", "explain", "digest")
        self.fails(1, "No such file", "explain", "digest", "--kubeconfig", "/no/such/file")
        self.fails(1, "init container", "convert", "-", text="@reboot x\n")
        self.fails(1, "no crontab entry", "convert", "-", text="")
        self.fails(2, "wanted one of", "next")
        self.fails(2, "wanted one of NAME and -f FILE", "explain")
        self.fails(2, "wanted one of NAME and -f FILE", "explain", "digest", "-f", "-")
        self.fails(2, "frobnicate", "frobnicate")
        self.fails(2, "--from", "next", "@daily", "--from", "tomorrow")

    def test_version_and_help(self):
        self.assertRegex(plugin("version").stdout, r"^kubectl-podcron \d+\.\d+\.\d+ .*\ntzdata ")
        for arguments in ([], ["next"], ["explain"], ["convert"]):
            done = plugin(*arguments, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.startswith(" ".join(["kubectl podcron", *arguments]) + ":"))


class Explain(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pods = cls().make_app("shop", 3)

    def ask(self, *arguments):
        done = plugin("explain", *arguments, "-o", "json", kubeconfig=self.plane.kubeconfig)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def make(self, name, schedule, **options):
        self.plane.apply(pod_cron_job(name, schedule, ["true"], **options))
        self.addCleanup(self.remove, name)

    def test_a_file_is_explained_as_it_would_be_applied_and_is_not(self):
        job = pod_cron_job("not-yet", "@daily", ["true"])
        both = "\n---\n".join(json.dumps(each) for each in (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, job,
            dict(job, metadata={"name": "neither", "namespace": "default"})))
        done = plugin("explain", "-f", "-", "-o", "json", kubeconfig=self.plane.kubeconfig, text=both)
        self.assertEqual(done.returncode, 0, done.stderr)
        first, second = (json.loads(line) for line in done.stdout.splitlines())
        self.assertEqual([first["podCronJob"], second["podCronJob"]],
                         ["default/not-yet", "default/neither"])
        self.assertEqual({p["name"] for p in first["pods"] if p["eligible"]}, set(self.pods))
        self.assertEqual(len(first["choices"]), 3, "the API server's defaults are in it")
        self.assertIn("not applied yet", first["notes"][0])
        self.assertIsNone(self.plane.get("podcronjob", "not-yet"))
        text = plugin("explain", "-f", "-", kubeconfig=self.plane.kubeconfig, text=both).stdout
        self.assertIn("default/neither\nPOD ", text)

    def test_a_file_that_would_not_be_taken_is_refused_in_the_servers_words(self):
        def refused(change):
            job = pod_cron_job("wrong", "@daily", ["true"])
            change(job["spec"])
            done = plugin("explain", "-f", "-", kubeconfig=self.plane.kubeconfig,
                          text=json.dumps(job))
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            return done.stderr
        self.assertIn("spec.shedule", refused(lambda spec: spec.update(shedule="@daily")))
        self.assertIn("spec.catchUpPolicy", refused(lambda spec: spec.update(catchUpPolicy="Some")))

    def test_an_applied_object_is_explained_with_the_files_changes(self):
        # What the file no longer has is gone, as with kubectl apply.
        self.make("changed", "@daily", target={"selector": {"matchLabels": {
            "app": "shop", "tier": "nobody"}}}, job={"strategy": {
                "type": "PerTopology", "topologyKey": "kubernetes.io/hostname"}})
        done = plugin("explain", "-f", "-", "-o", "json", kubeconfig=self.plane.kubeconfig,
                      text=json.dumps(pod_cron_job("changed", "@daily", ["true"])))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["eligible"], len(self.pods))
        self.assertEqual(json.loads(done.stdout)["notes"], [])
        self.assertEqual(self.ask("changed")["eligible"], 0)

    def test_the_reasons_are_those_of_the_rules(self):
        self.plane.kubectl("run", "shop-shell", "--image=busybox", "--stdin", "--attach=false",
                           "--labels=app=shop,podcron.dev/serving=true")
        self.plane.kubectl("run", "stranger", "--image=busybox", "--labels=app=other")
        self.addCleanup(self.plane.kubectl, "delete", "pod", "shop-shell", "stranger", "--now")
        self.make("reasons", "@yearly")
        answer = self.ask("reasons")
        pods = {p["name"]: p for p in answer["pods"]}
        self.assertEqual(sorted(pods), sorted([*self.pods, "shop-shell"]))
        self.assertEqual(pods["shop-shell"]["reason"], "NotOwnedByWorkload")
        self.assertEqual((answer["matched"], answer["eligible"]), (4, 3))
        self.assertTrue(answer["summary"].startswith("3 of 4 pods eligible: 1 NotOwnedByWorkload"),
                        answer["summary"])
        everything = {p["name"]: p for p in self.ask("reasons", "-v")["pods"]}
        self.assertEqual(everything["stranger"]["reason"], "NotLabelledServing")
        self.assertIn("SelectorMismatch", everything["stranger"]["reasons"])
        named = self.ask("reasons", "--pod", "stranger")["pods"]
        self.assertEqual([p["name"] for p in named], ["stranger"])

    def test_the_summary_is_the_conditions_message(self):
        self.make("condition", "@yearly")
        condition = self.wait_condition("condition", "TargetsAvailable", "True")
        self.assertEqual(self.ask("condition")["summary"], condition["message"])

    def test_a_missing_serving_label_is_named(self):
        self.plane.apply(cluster_case.deployment("bare", 1, labels={"app": "bare"}))
        self.addCleanup(self.plane.kubectl, "delete", "deployment", "bare")
        self.make("bare", "@yearly", app="bare")
        wait_for("a pod of bare", lambda: self.ask("bare")["pods"])
        answer = self.ask("bare")
        self.assertEqual(answer["pods"][0]["reason"], "NotLabelledServing")
        self.assertIn("add it to the pod template of Deployment bare", answer["summary"])
        self.assertEqual(answer["choices"][0]["pods"], [])
        self.assertIn("no eligible pod", answer["choices"][0]["instead"])

    def test_the_controller_chooses_what_was_foretold(self):
        self.make("foretold", "*/5 * * * * *")
        choices = {c["scheduledTime"]: c["pods"] for c in self.ask("foretold")["choices"]}
        self.assertEqual(len(choices), 3)
        runs = [r for r in self.ended_runs("foretold", 3) if r["spec"]["scheduledTime"] in choices]
        self.assertTrue(runs)
        for run in runs:
            self.assertEqual([t["podName"] for t in run["spec"]["targets"]],
                             choices[run["spec"]["scheduledTime"]])

    def why(self, *arguments):
        done = plugin("why", *arguments, "-o", "json", kubeconfig=self.plane.kubeconfig)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["times"]

    def test_why_tells_what_the_record_tells(self):
        self.make("told", "*/2 * * * * *", successfulJobsHistoryLimit=1)
        first = self.ended_runs("told", 1)[0]
        time = first["spec"]["scheduledTime"]
        told = self.why("told", time)[0]
        self.assertEqual((told["scheduledTime"], told["outcome"]), (time, "Succeeded"))
        wait_for("the record is gone", lambda: self.plane.get(
            "podjob", first["metadata"]["name"]) is None)
        later = self.why("told", time)[0]
        self.assertEqual(later["outcome"], "Succeeded")
        self.assertIn("its PodJob is gone", later["meaning"])

    def test_why_tells_what_was_not_run(self):
        self.make("untold", "* * * * * *", suspend=True)
        wait_for("it is seen", lambda: self.status("untold").get("observedSchedule"))
        begin = time.time()
        wait_for("three more are due", lambda: time.time() > begin + 3)
        self.make("untold", "* * * * * *", suspend=False)
        wait_for("the skipped are told", lambda: [
            h for h in self.status("untold").get("history", []) if h.get("count", 1) >= 2])
        since = self.status("untold")["history"][0]["from"]
        told = self.why("untold", since)[0]
        self.assertEqual((told["outcome"], told["reason"]), ("Skipped", "Suspended"))
        self.assertGreaterEqual(told["partOf"]["count"], 2)
        text = plugin("why", "untold", "tomorrow", kubeconfig=self.plane.kubeconfig)
        self.assertEqual(text.returncode, 1)
        self.assertIn('"tomorrow" is no time', text.stderr)

    def test_next_by_name_uses_the_objects_zone(self):
        self.make("zoned", "0 3 * * *", timeZone="Asia/Shanghai")
        done = plugin("next", "zoned", "--from", FROM, "--count", "1", "-o", "json",
                      kubeconfig=self.plane.kubeconfig)
        self.assertEqual(json.loads(done.stdout)["times"], ["2026-03-28T19:00:00Z"], done.stderr)

    def test_what_is_not_there_is_named(self):
        for arguments, part in ((["nope"], 'podcronjobs.podcron.dev "nope" not found'),
                                (["nope", "--context", "nope"], 'no "nope"')):
            done = plugin("explain", *arguments, kubeconfig=self.plane.kubeconfig)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(part, done.stderr)


CRON_JOBS = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: berlin, labels: {app: digest}, annotations: {note: "a\\nb: #c"}}
spec:
  schedule: 30 2 * * *
  timeZone: Europe/Berlin
  successfulJobsHistoryLimit: 5
  startingDeadlineSeconds: 0
  jobTemplate:
    metadata: {labels: {team: a}}
    spec:
      backoffLimit: 0
      ttlSecondsAfterFinished: 100
      parallelism: 2
      template:
        metadata: {labels: {app: digest}}
        spec:
          restartPolicy: OnFailure
          volumes: [{name: v, emptyDir: {}}]
          containers:
          - name: main
            image: shop:1
            command: ["/bin/sh", "-c", "echo \\"$A\\" $(A)\\nexit"]
            env: [{name: A, value: "yes"}, {name: P, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
            volumeMounts: [{name: v, mountPath: /v}]
---
apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: a-name-of-fifty-two-characters-is-what-cronjobs-have}
  spec:
    schedule: 0 0 13 * fri
    concurrencyPolicy: Replace
    jobTemplate:
      spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: shop:1, args: [-x]}]}}}
"""
CRONTAB = """\
SHELL=/bin/bash
MAILTO="ops@example.com"
0 9 * * 7 root /opt/report.sh --day $(date +\\%F) --pid $$
CRON_TZ=Europe/Berlin
30 2 * * * www-data mail -s hi bob%Hello%"World"
@weekly root /opt/report.sh
*/20 1-3 * * 1-7 root true
"""


class Convert(ClusterCase):
    controllers = 0

    def convert(self, text, *arguments):
        """The output as it was applied; each difference in it was also on standard error."""
        done = plugin("convert", "-", *arguments, text=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stdout.splitlines():
            if line.startswith("# - "):
                self.assertIn(line[len("# - "):], done.stderr)
        self.plane.apply(done.stdout, server_side=True)
        return done.stdout

    def next_of(self, name, start=FROM, count=3):
        done = plugin("next", name, "--from", start, "--count", str(count), "-o", "json",
                      kubeconfig=self.plane.kubeconfig)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_cron_jobs_apply_with_the_times_of_the_source(self):
        # What the server would refuse of the source proves nothing about the output.
        self.plane.kubectl("create", "--dry-run=server", "-f", "-", text=CRON_JOBS)
        out = self.convert(CRON_JOBS)
        long_name = "a-name-of-fifty-two-characters-is-what-cronjob"
        self.addCleanup(self.remove, "berlin", long_name)
        # 02:30 does not exist on 29 March in Berlin: a CronJob leaves that day out.
        self.assertEqual(self.next_of("berlin"), {"times": [
            "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z", "2026-04-01T00:30:00Z"]})
        # Either day field may match: the 13th and every Friday.
        self.assertEqual(self.next_of(long_name, "2026-04-03T00:00:00Z"), {"times": [
            "2026-04-10T00:00:00Z", "2026-04-13T00:00:00Z", "2026-04-17T00:00:00Z"]})
        job = self.plane.get("podcronjob", "berlin")
        self.assertTrue(job["spec"]["suspend"])
        self.assertEqual(job["metadata"]["annotations"]["note"], "a\nb: #c")
        run = job["spec"]["podJobTemplate"]["spec"]
        self.assertEqual(run["exec"], {
            "command": ["/bin/sh", "-c", 'echo "$A" $(A)\nexit'],
            "env": [{"name": "A", "value": "yes"}]})
        for part in ("parallelism", "volumes", "restartPolicy", '"P"', "$(NAME)", "image"):
            self.assertIn(part, out)

    def test_crontab_lines_apply_with_the_times_of_the_source(self):
        self.convert(CRONTAB, "--format", "system-crontab")
        self.addCleanup(self.remove, "report", "mail", "report-2", "true")
        self.assertEqual(self.next_of("report", count=2), {"times": [
            "2026-03-29T09:00:00Z", "2026-04-05T09:00:00Z"]})
        # cron runs 02:30 right after the gap.
        self.assertEqual(self.next_of("mail", count=2), {"times": [
            "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]})
        self.assertEqual(self.next_of("report-2", count=1), {"times": ["2026-03-28T23:00:00Z"]})
        # A wildcard keeps its spacing: nothing in the hour that is left out.
        self.assertEqual(self.next_of("true", "2026-03-29T00:30:00Z", 2), {"times": [
            "2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z"]})
        report, mail = (self.plane.get("podcronjob", n)["spec"]["podJobTemplate"]["spec"]["exec"]
                        for n in ("report", "mail"))
        # podcron reads $$ as $.
        self.assertEqual(report["command"], [
            "/bin/bash", "-c", "/opt/report.sh --day $(date +%F) --pid $$$$"])
        self.assertEqual(mail["stdin"], 'Hello\n"World"\n')


if __name__ == "__main__":
    unittest.main()
