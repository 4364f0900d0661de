"""Laws about the schemas as a whole, read from the API server and then tried on it."""

import copy

from api import REMOVED, pod_cron_job, pod_job, template, with_value
from rules import BASES

# Fields that only a PodJob has; the rest of its spec is the template of a PodCronJob.
POD_JOB_ONLY = {"podCronJobName", "podCronJobGeneration", "scheduledTime", "startingDeadlineSeconds",
                "targets"}


def schema_of(api, plural):
    crd = api.request(
        "GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.podcron.dev").body
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def walk(schema, path=""):
    """(path, schema) of every field below."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from walk(field, here)
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield path + "[]", inner
            yield from walk(inner, path + "[]")


def check_schemas(api, checks):
    schedule, run = schema_of(api, "podcronjobs"), schema_of(api, "podjobs")
    shared = schedule["properties"]["spec"]["properties"]["podJobTemplate"]["properties"]["spec"]
    own = run["properties"]["spec"]
    rest = {k: v for k, v in own["properties"].items() if k not in POD_JOB_ONLY}
    for name in sorted(set(rest) | set(shared["properties"])):
        checks.equal(f"PodJob.spec.{name} is podJobTemplate.spec.{name}", rest.get(name),
                     shared["properties"].get(name))
    checks.equal("PodJob.spec requires what podJobTemplate.spec requires", own.get("required"),
                 shared.get("required"))

    for kind, schema in (("PodCronJob", schedule), ("PodJob", run)):
        for path, field in walk(schema):
            if path.startswith("metadata"):
                continue
            is_element = path.endswith("[]")
            checks.that(f"{kind}.{path} has a description", is_element or field.get("description"))
            text = field.get("type") == "string"
            closed = "enum" in field or field.get("format") == "date-time" or path in ("kind", "apiVersion")
            checks.that(f"{kind}.{path} has a longest length", not text or closed or "maxLength" in field)
            checks.that(f"{kind}.{path} has a most number of items",
                        field.get("type") != "array" or "maxItems" in field)
            checks.that(f"{kind}.{path} says how its items are merged",
                        field.get("type") != "array" or "x-kubernetes-list-type" in field)
            checks.that(f"{kind}.{path} has a most number of keys",
                        "additionalProperties" not in field or "maxProperties" in field)
            if path.startswith("spec") and field.get("type") == "integer":
                checks.that(f"{kind}.{path} has bounds", "minimum" in field and
                            ("maximum" in field or path == "spec.podCronJobGeneration"))


def check_every_rule_was_tried(api, checks):
    """Runs after the rules and the records: a rule that nobody tries may say anything."""
    for plural in ("podcronjobs", "podjobs"):
        schema = schema_of(api, plural)
        for path, field in [("", schema), *walk(schema)]:
            for rule in field.get("x-kubernetes-validations", []):
                checks.that(f"the rule of {plural} {path} is tried: {rule.get('message')}",
                            rule.get("message") in checks.messages)


# Where a field needs company to be allowed at all.
COMPANY = {"http": "http", "job": "job", "target.servingProbe": "probe", "target.workloadRef": "workload",
           "target.selector.matchExpressions": "expression", "strategy.ordinal": "Ordinal",
           "strategy.percent": "Percent", "strategy.webhook": "Webhook", "http.tls": "https"}


def base_for(path):
    longest = max((p for p in COMPANY if path == p or path.startswith(p + ".")), key=len, default=None)
    return BASES[COMPANY[longest]] if longest else template()


def check_bounds(api, checks):
    """Each number and enumeration: the ends are accepted, what is beyond is refused at this field."""
    spec = schema_of(api, "podcronjobs")["properties"]["spec"]
    inside = "podJobTemplate.spec."
    for path, field in walk(spec):
        if "[]" in path:
            continue

        def make(value, path=path):
            if path.startswith(inside):
                base = copy.deepcopy(base_for(path[len(inside):]))
                return pod_cron_job(podJobTemplate={"spec": with_value(base, path[len(inside):], value)})
            return with_value(pod_cron_job(), "spec." + path, value)
        refused, accepted = [], []
        if field.get("type") == "integer":
            refused = [field["minimum"] - 1, field["maximum"] + 1, "1"]
            accepted = [field["minimum"], field["maximum"]]
        elif "enum" in field and path != inside + "strategy.type":
            refused = ["Nonsense", field["enum"][0].lower() + "x"]
            accepted = [v for v in field["enum"] if not (path.endswith("fallback"))]
        elif field.get("type") == "boolean":
            refused, accepted = ["yes"], [True, False]
        for value in refused:
            reply = api.create(make(value), dry_run=True)
            fields = {c[0] for c in reply.causes}
            checks.that(f"spec.{path} refuses {value!r}", reply.status == 422 and f"spec.{path}" in fields,
                        repr(reply))
        for value in accepted:
            reply = api.create(make(value), dry_run=True)
            checks.that(f"spec.{path} accepts {value!r}", reply.ok, repr(reply))
    # The rule about the first entry must not fail where there is none.
    for whole, path in ((pod_cron_job(), "spec.podJobTemplate.spec.exec.command"),
                        (pod_job(), "spec.exec.command")):
        reply = api.create(with_value(whole, path, []), dry_run=True)
        checks.that(f"{path} refuses an empty list with one complaint",
                    reply.status == 422 and len(reply.causes) == 1 and reply.causes[0][0] == path
                    and reply.causes[0][2].endswith("should have at least 1 items"), repr(reply))
    reply = api.create(pod_cron_job(schedul="0 3 * * *"), dry_run=True)
    checks.that("a field that does not exist is refused",
                reply.status == 400 and 'unknown field "spec.schedul"' in reply.message, repr(reply))


DEFAULTS = {
    "timeZone": "UTC", "daylightSaving": "Once", "catchUpPolicy": "Latest", "catchUpLimit": 10,
    "concurrencyPolicy": "Forbid", "spreadSeconds": 0, "suspend": False,
    "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1, "startingDeadlineSeconds": REMOVED,
    "podJobTemplate.spec.strategy": {"type": "Random"},
    "podJobTemplate.spec.noTargetPolicy": "Wait",
    "podJobTemplate.spec.activeDeadlineSeconds": 600,
    "podJobTemplate.spec.deliveryPolicy": "AtMostOnce", "podJobTemplate.spec.backoffLimit": 0,
    "podJobTemplate.spec.outputPolicy": "OnFailure",
    "podJobTemplate.spec.ttlSecondsAfterFinished": REMOVED,
    "podJobTemplate.spec.target": {
        "selector": {"matchLabels": {"app": "shop"}}, "minReadySeconds": 0, "revision": "PreferLatest",
        "ownership": "Required", "minEligible": 1,
        "interactiveSessions": {"exclude": "StdinOrTTY", "cooldownSeconds": 3600}},
}


def check_defaults(api, checks):
    made = api.create(pod_cron_job(), dry_run=True).body["spec"]
    for path, wanted in DEFAULTS.items():
        place = made
        for step in path.split("."):
            place = place.get(step, REMOVED) if isinstance(place, dict) else REMOVED
        checks.equal(f"spec.{path} has its default", place, wanted)
    spec = with_value({}, "target", template()["target"])
    probed = dict(template(), target=dict(spec["target"], servingProbe={"httpGet": {"port": "http"}},
                                          workloadRef={"kind": "Deployment", "name": "shop"}))
    target = api.create(pod_cron_job(podJobTemplate={"spec": probed}), dry_run=True) \
        .body["spec"]["podJobTemplate"]["spec"]["target"]
    checks.equal("servingProbe has its defaults", target["servingProbe"],
                 {"httpGet": {"port": "http", "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1})
    checks.equal("workloadRef has its default", target["workloadRef"]["apiGroup"], "apps")
    sent = api.create(pod_cron_job(podJobTemplate={"spec": dict(spec, http={"port": 80})}), dry_run=True)
    checks.equal("http has its defaults", sent.body["spec"]["podJobTemplate"]["spec"]["http"],
                 {"port": 80, "path": "/", "method": "POST", "scheme": "HTTP", "expectedStatus": ["2xx"],
                  "via": "PodIP"})
    nulls = pod_cron_job(startingDeadlineSeconds=None, timeZone=None, suspend=None)
    nulls["spec"]["podJobTemplate"]["spec"]["ttlSecondsAfterFinished"] = None
    reply = api.create(nulls, dry_run=True)
    checks.that("null means not set", reply.ok and reply.body["spec"]["timeZone"] == "UTC", repr(reply))
