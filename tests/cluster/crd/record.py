"""What the guarantees rest on: decidedThrough never goes back or away, a final phase never changes,
and a PodJob's spec is what it was when it was made. The API server itself enforces it.
"""

from api import pod_cron_job, pod_job

BACK = "must not go back: scheduled times up to it have been decided"
REMOVED = "must not be removed: scheduled times up to it have been decided"
FINAL = "must not change: 'Succeeded', 'Failed' and 'Unknown' are final"
IMMUTABLE = "must not change: a PodJob is the record of one run; create another one instead"

T1, T2 = "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"

SCHEDULE_STATUS = {
    "observedGeneration": 1, "decidedThrough": T1,
    "observedSchedule": {"schedule": "0 3 * * *", "timeZone": "UTC", "daylightSaving": "Once",
                         "spreadSeconds": 0, "suspend": False, "since": T1},
    "lastScheduleTime": T1, "lastSuccessfulTime": T1, "lastFailureTime": T1,
    "nextScheduleTime": "2999-11-23T03:00:00Z",
    "active": [{"name": "digest-1", "scheduledTime": T1, "holder": "podcron-0/x", "attempt": 1,
                "state": "Active"}],
    "history": [{"from": T1, "to": T1, "count": 1, "outcome": "Succeeded", "reason": "Completed",
                 "podJob": "digest-1"},
                {"from": T1, "to": T2, "count": 5, "outcome": "Skipped", "reason": "Suspended"}],
    "strategyState": {"shop-0": T1},
    "conditions": [{"type": "Ready", "status": "False", "reason": "NoEligiblePod", "message": "none",
                    "lastTransitionTime": T1, "observedGeneration": 1}],
}
RUN_STATUS = {
    "phase": "Running", "reason": "Started", "message": "", "startTime": T1, "completionTime": T2,
    "attempt": 1, "target": "shop-0", "exitCode": 7, "late": "0.02s", "took": "1.50s",
    "targets": [{"podName": "shop-0", "podUID": "u", "container": "app", "attempt": 1,
                 "outcome": "Failed", "reason": "ExitCode", "message": "", "exitCode": 7,
                 "httpStatus": 500, "took": "1.50s", "output": "a\n", "verified": False}],
    "eligibility": {"matched": 3, "eligible": 1, "reasons": {"PodNotReady": 2}},
    "conditions": [{"type": "Finished", "status": "True", "reason": "Failed", "message": "",
                    "lastTransitionTime": T1}],
}


def refused(checks, law, reply, field, message):
    fields = {c[0] for c in reply.causes}
    texts = [c[2] for c in reply.causes]
    checks.that(law, reply.status == 422 and field in fields and
                any(t == message or t.endswith(": " + message) for t in texts), repr(reply))
    checks.messages.add(message)


def accepted(checks, law, reply):
    checks.that(law, reply.ok, repr(reply))


def check_decided_through(api, checks):
    accepted(checks, "a PodCronJob is created", api.create(pod_cron_job()))

    def status(change, **also):
        return api.patch("PodCronJob", "digest", dict({"status": change}, **also), "status")
    field = "status.decidedThrough"
    accepted(checks, "the whole status is accepted", status(SCHEDULE_STATUS))
    kept = api.request("GET", api.path("PodCronJob", "digest"))
    checks.equal("no field of the status is lost", kept.body["status"], SCHEDULE_STATUS)
    accepted(checks, "decidedThrough may stay", status({"decidedThrough": T1}))
    accepted(checks, "decidedThrough may go forward", status({"decidedThrough": T2}))
    refused(checks, "decidedThrough must not go back", status({"decidedThrough": T1}), field, BACK)
    refused(checks, "an earlier instant in another zone goes back as well",
            status({"decidedThrough": "2026-11-23T04:00:00+08:00"}), field, BACK)
    accepted(checks, "the same instant in another zone may be written",
             status({"decidedThrough": "2026-11-23T11:00:00+08:00"}))
    refused(checks, "decidedThrough must not be removed", status({"decidedThrough": None}), field, REMOVED)
    refused(checks, "the status must not be removed", status(None), field, REMOVED)
    now = api.request("GET", api.path("PodCronJob", "digest")).body
    bare = {k: v for k, v in now.items() if k != "status"}
    refused(checks, "the status must not be replaced by none",
            api.request("PUT", api.path("PodCronJob", "digest", "status"), bare), field, REMOVED)
    accepted(checks, "whoever replaces the object leaves its status alone",
             api.request("PUT", api.path("PodCronJob", "digest"), bare))
    after = api.request("GET", api.path("PodCronJob", "digest")).body
    checks.equal("decidedThrough outlives a replace", after["status"]["decidedThrough"],
                 now["status"]["decidedThrough"])
    stale = status({"observedGeneration": 2}, metadata={"resourceVersion": "1"})
    checks.equal("a claim on an old version is a conflict", stale.status, 409)

    run = SCHEDULE_STATUS["active"][0]
    for name, most, value in (
            ("active", 100, lambda n: {"active": [dict(run, name=f"r{i}") for i in range(n)]}),
            ("history", 10, lambda n: {"history": SCHEDULE_STATUS["history"][:1] * n}),
            ("strategyState", 64, lambda n: {"strategyState": {"shop-0": None} | {f"k{i}": "" for i in range(n)}})):
        accepted(checks, f"status.{name} may have {most} entries", status(value(most)))
        reply = status(value(most + 1))
        checks.equal(f"status.{name} must not have {most + 1} entries",
                     (reply.status, {c[0] for c in reply.causes}), (422, {f"status.{name}"}))


def check_final_phase(api, checks):
    for phase in ("Succeeded", "Failed", "Unknown"):
        name = "run-" + phase.lower()
        accepted(checks, "a PodJob is created", api.create(pod_job(name, podCronJobName="digest")))

        def status(change, name=name):
            return api.patch("PodJob", name, {"status": change}, "status")
        accepted(checks, "the whole status is accepted", status(RUN_STATUS))
        accepted(checks, "a phase that is not final may change", status({"phase": "Pending"}))
        accepted(checks, f"{phase} may be reached", status({"phase": phase}))
        for other in ("Pending", "Running", "Succeeded", "Failed", "Unknown"):
            if other != phase:
                refused(checks, f"{phase} must not become {other}", status({"phase": other}),
                        "status.phase", FINAL)
        refused(checks, f"{phase} must not be removed", status({"phase": None}), "status.phase", FINAL)
        refused(checks, f"the status of a {phase} run must not be removed", status(None), "status.phase",
                FINAL)
        accepted(checks, "the rest of a final record may be completed", status({"phase": phase, "took": "2s"}))
    kept = api.request("GET", api.path("PodJob", "run-failed")).body["status"]
    checks.equal("no field of the status is lost", kept, dict(RUN_STATUS, phase="Failed", took="2s"))
    for phase, wanted in (("Failed", ["run-failed"]), ("Pending", [])):
        found = api.request("GET", api.path("PodJob") + f"?fieldSelector=status.phase={phase}")
        checks.equal(f"PodJobs are found by status.phase={phase}",
                     [r["metadata"]["name"] for r in found.body.get("items", [])], wanted)
    found = api.request("GET", api.path("PodJob") + "?fieldSelector=spec.podCronJobName=digest")
    checks.equal("PodJobs are found by spec.podCronJobName", len(found.body.get("items", [])), 3)


def check_immutable_spec(api, checks):
    accepted(checks, "a PodJob is created", api.create(pod_job("fixed")))
    for change in ({"activeDeadlineSeconds": 5}, {"target": {"container": "other"}},
                   {"exec": {"command": ["other"]}}, {"ttlSecondsAfterFinished": 1},
                   {"podCronJobName": "digest"}):
        refused(checks, f"spec must not change: {change}", api.patch("PodJob", "fixed", {"spec": change}),
                "spec", IMMUTABLE)
    accepted(checks, "metadata may change",
             api.patch("PodJob", "fixed", {"metadata": {"annotations": {"podcron.dev/holder": "a/1"},
                                                        "finalizers": ["podcron.dev/record"]}}))
    accepted(checks, "a finalizer may be removed",
             api.patch("PodJob", "fixed", {"metadata": {"finalizers": None}}))
