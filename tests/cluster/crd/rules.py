"""Every rule of the CRDs: an object that breaks only this rule is refused with exactly this message,
and its twin, which differs in nothing else, is accepted.
"""

import copy

from api import REMOVED, pod_cron_job, pod_job, template, with_value

INVALID, FORBIDDEN, REQUIRED = "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired"

ONE_EXECUTOR = "must have exactly one of `exec`, `http` or `job`"
FIELDS = ("must have 5 fields (minute, hour, day of month, month, day of week), or 6 with seconds "
          "first, or be a macro such as '@daily'")
MACROS = ("must be one of '@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', "
          "'@annually', or '@every' and a duration such as '@every 90s'")
ZONE_PREFIX = "must not begin with 'TZ=' or 'CRON_TZ=': name the zone in `timeZone`"
ZONE = "must be an IANA time zone name such as 'Europe/Berlin' or 'UTC'"
LOCAL = "must not be 'Local': that would be the zone of whichever machine the controller is on"
EMPTY_SELECTOR = ("must have at least one entry in `matchLabels` or `matchExpressions`: an empty "
                  "selector would choose among all pods of the namespace")
LABELS = ("must have label keys and values as Kubernetes allows them: letters, digits, '-', '_' and "
          "'.', beginning and ending with a letter or digit; a key may have a DNS prefix and '/'")
ANNOTATIONS = ("must have annotation keys as Kubernetes allows them: letters, digits, '-', '_' and "
               "'.', beginning and ending with a letter or digit, with an optional DNS prefix and '/'")
OWN_KEYS = "must not have keys that begin with 'podcron.dev/': podcron sets these itself"
PORT = "must be a port number from 1 to 65535 or the name of a container port"
PATH = "must begin with '/' and have no spaces or control characters"
HEADER_NAME = "must be a header name: letters, digits, '-' and '_'"
OWN_HEADER = "must not be a header that podcron or the connection sets itself"
ONE_LINE = "must be one line without control characters"
VARIABLE = "must be a variable's name: letters, digits and '_', not beginning with a digit"
OWN_VARIABLE = "must not begin with 'PODCRON_': podcron sets these itself"
SEVERAL = ("must not be set unless `type` is 'All', 'Random', 'Percent', 'PerTopology' or 'Webhook': "
           "the others choose one pod")
TOPOLOGY_KEY = "must be a label key such as 'kubernetes.io/hostname' or 'topology.kubernetes.io/zone'"
STATUS_CODE = "must be a status code from 200 to 599 or a class from '2xx' to '5xx'"


def only_when(kind):
    return f"must be set when `type` is '{kind}', and only then"


# Rules of PodCronJob.spec: field, values that break it, values that do not, message.
SCHEDULES = [
    ("schedule", ["TZ=UTC 0 3 * * *", "CRON_TZ=Asia/Tokyo 0 3 * * *", " TZ=UTC 0 3 * * *"],
     ["0 3 * * *"], ZONE_PREFIX),
    ("schedule", ["0 3 * *", "0 0 3 * * * *", "daily", "   "],
     ["0 3 * * *", "0 0 3 * * *", " 0  3 * * * ", "*/5,7 8-18/2 ? JAN-mar mon#1", "H H(2-4) L * 1W"],
     FIELDS),
    ("schedule", ["@reboot", "@Daily", "@every", "@every day", "@daily @weekly"],
     ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "@every 90s",
      "@every 1h30m", "@every 1.5h"], MACROS),
    ("timeZone", ["../../etc/passwd", "/UTC", "Europe/", "Europe//Berlin", "+01:00", "a b"],
     ["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia", "Etc/GMT+12", "EST5EDT"], ZONE),
    ("timeZone", ["Local", "local"], ["Localtime"], LOCAL),
    ("podJobTemplate.metadata.labels", [{"a b": "c"}, {"a": "-"}, {"x/y/z": "a"}, {"-a": "b"}],
     [{"team": "shop", "example.com/team": "", "a": "B_1.c-d"}], LABELS),
    ("podJobTemplate.metadata.labels", [{"podcron.dev/run": "1"}], [{"podcron": "1"}], OWN_KEYS),
    ("podJobTemplate.metadata.annotations", [{"a b": "c"}], [{"example.com/why": "a b, c"}],
     ANNOTATIONS),
    ("podJobTemplate.metadata.annotations", [{"podcron.dev/holder": "me"}],
     [{"example.com/holder": "me"}], OWN_KEYS),
]

# Rules of the template, which PodJob.spec shares. Each row: base, field, bad, good, message, and
# reason and field of the complaint where they are not Invalid and the field itself.
BASES = {
    "exec": template(),
    "http": {"target": template()["target"], "http": {"port": 8080}},
    "https": {"target": template()["target"], "http": {"port": 8080, "scheme": "HTTPS", "tls": {}}},
    "job": {"target": template()["target"], "job": {}},
    "probe": dict(template(), target=dict(
        template()["target"], servingProbe={"httpGet": {"port": 8080}})),
    "workload": dict(template(), target=dict(
        template()["target"], workloadRef={"kind": "Deployment", "name": "shop"})),
    "expression": dict(template(), target={"selector": {"matchExpressions": [
        {"key": "app", "operator": "In", "values": ["shop"]}]}}),
}
for kind, parameters in {"All": {}, "Random": {}, "RoundRobin": {}, "Ordinal": {"ordinal": 0},
                         "PerTopology": {"topologyKey": "zone"}, "Percent": {"percent": 10},
                         "Webhook": {"webhook": {"name": "ours"}}}.items():
    BASES[kind] = dict(template(), strategy=dict(parameters, type=kind))

TARGET = [
    ("exec", "target", [{}, {"container": "app"}],
     [{"workloadRef": {"kind": "Deployment", "name": "shop"}}],
     "must have `selector` or `workloadRef`", REQUIRED),
    ("exec", "target.selector", [{}, {"matchLabels": {}}, {"matchExpressions": []}],
     [{"matchLabels": {"a": "b"}}, {"matchExpressions": [{"key": "a", "operator": "Exists"}]}],
     EMPTY_SELECTOR),
    ("workload", "target.selector", [{}], [REMOVED], EMPTY_SELECTOR),
    ("exec", "target.selector.matchLabels", [{"a b": "c"}, {"a": "b c"}],
     [{"app.kubernetes.io/name": "shop"}], LABELS),
    ("expression", "target.selector.matchExpressions.0.values", [REMOVED, []], [["a", "b"]],
     "must be set when `operator` is 'In' or 'NotIn'", REQUIRED),
    ("expression", "target.selector.matchExpressions.0",
     [{"key": "app", "operator": "Exists", "values": ["a"]},
      {"key": "app", "operator": "DoesNotExist", "values": ["a"]}],
     [{"key": "app", "operator": "Exists"}, {"key": "app", "operator": "DoesNotExist", "values": []}],
     "must not be set when `operator` is 'Exists' or 'DoesNotExist'", FORBIDDEN,
     "target.selector.matchExpressions[0].values"),
    ("expression", "target.selector.matchExpressions.0.key", ["a b", "a/b/c"], ["example.com/a"],
     "must be a label key such as 'app' or 'app.kubernetes.io/name'"),
    ("workload", "target.workloadRef.kind", ["deployment", "apps/Deployment"],
     ["StatefulSet", "DaemonSet", "CloneSet"], "must be a kind such as 'Deployment'"),
    ("workload", "target.workloadRef.name", ["Shop", "other/shop", "shop-"], ["shop.v1"],
     "must be a lowercase DNS name such as 'shop'"),
    ("exec", "target.podNames", [["shop-0", "other/shop-1"]], [[], ["shop-0", "shop-1"]],
     "must be a pod's name: lowercase letters, digits, '-' and '.'", INVALID, "target.podNames[1]"),
    ("exec", "target.serviceName", ["Shop", "shop.other"], ["", "shop"],
     "must be a Service's name: lowercase letters, digits and '-'"),
    ("exec", "target.container", ["App", "a_b"], ["", "app"],
     "must be a container's name: lowercase letters, digits and '-'"),
    ("probe", "target.servingProbe", [{}, {"httpGet": {"port": 1}, "exec": {"command": ["a"]}}],
     [{"exec": {"command": ["true"]}}], "must have exactly one of `httpGet` or `exec`"),
    ("probe", "target.servingProbe.httpGet.port", [0, 65536, "", "Http"], [80, "http"], PORT),
    ("probe", "target.servingProbe.httpGet.path", ["healthz", "/a b", "/a\nb"], ["/", "/healthz?a=b"],
     PATH),
    ("probe", "target.servingProbe.httpGet.httpHeaders", [[{"name": "a b", "value": ""}]],
     [[{"name": "X-A", "value": "b c"}]], HEADER_NAME, INVALID,
     "target.servingProbe.httpGet.httpHeaders[0].name"),
    ("probe", "target.servingProbe.httpGet.httpHeaders", [[{"name": "a", "value": "b\r\nc: d"}]],
     [[{"name": "a", "value": "b"}]], ONE_LINE, INVALID,
     "target.servingProbe.httpGet.httpHeaders[0].value"),
    ("exec", "serviceAccountName", ["other/runner", "Runner"], ["", "runner"],
     "must be the name of a service account of this namespace: lowercase letters, digits, '-' and '.'"),
]

STRATEGIES = [
    ("All", "strategy.count", [1], [REMOVED], "must not be set unless `type` is 'Random'", FORBIDDEN),
    ("RoundRobin", "strategy.maxParallel", [1], [REMOVED], SEVERAL, FORBIDDEN),
    ("RoundRobin", "strategy.maxFailed", [1], [REMOVED], SEVERAL, FORBIDDEN),
    ("All", "strategy.maxParallel", [0, 1001, "0%", "101%", "25", "%"], [1, 1000, "1%", "25%", "100%"],
     "must be a number from 1 to 1000 or a percentage from '1%' to '100%'"),
    ("All", "strategy.maxFailed", [-1, 1001, "101%", "5"], [0, 1000, "0%", "100%"],
     "must be a number from 0 to 1000 or a percentage from '0%' to '100%'"),
    ("Ordinal", "strategy.ordinal", [REMOVED], [0, 7], only_when("Ordinal")),
    ("All", "strategy.ordinal", [0], [REMOVED], only_when("Ordinal")),
    ("All", "strategy.fallback", ["Random"], [REMOVED], "must not be set unless `type` is 'Ordinal'",
     FORBIDDEN),
    ("Ordinal", "strategy.fallback", [], ["None", "Random", REMOVED], ""),
    ("PerTopology", "strategy.topologyKey", [REMOVED], ["kubernetes.io/hostname"],
     only_when("PerTopology")),
    ("All", "strategy.topologyKey", ["zone"], [REMOVED], only_when("PerTopology")),
    ("PerTopology", "strategy.topologyKey", ["a b"], ["topology.kubernetes.io/zone"], TOPOLOGY_KEY),
    ("Percent", "strategy.percent", [REMOVED], [100], only_when("Percent")),
    ("All", "strategy.percent", [10], [REMOVED], only_when("Percent")),
    ("Webhook", "strategy.webhook", [REMOVED], [{"name": "ours", "failurePolicy": "Random"}],
     only_when("Webhook")),
    ("All", "strategy.webhook", [{"name": "ours"}], [REMOVED], only_when("Webhook")),
    ("Webhook", "strategy.webhook.name", ["https://example.com", "Ours"], ["ours"],
     "must be the name of a registered strategy service: lowercase letters, digits and '-'"),
]

EXECUTORS = [
    ("exec", "exec", [REMOVED], [{"command": ["a"]}], ONE_EXECUTOR, INVALID, ""),
    ("exec", "http", [{"port": 80}], [REMOVED], ONE_EXECUTOR, INVALID, ""),
    ("exec", "job", [{}], [REMOVED], ONE_EXECUTOR, INVALID, ""),
    ("exec", "exec.command", [["", "a"]], [["a", ""], ["sh", "-c", "a | b > c"]],
     "must begin with the program to run: the first entry must not be empty"),
    ("exec", "exec.env", [[{"name": "1A", "value": "b"}], [{"name": "A=B"}]],
     [[{"name": "A", "value": "b"}, {"name": "_b2"}]], VARIABLE, INVALID, "exec.env[0].name"),
    ("exec", "exec.env", [[{"name": "PODCRON_RUN_ID", "value": "b"}]], [[{"name": "PODCRONS"}]],
     OWN_VARIABLE, INVALID, "exec.env[0].name"),
    ("job", "job.env", [[{"name": "a-b"}]], [[{"name": "a_b"}]], VARIABLE, INVALID, "job.env[0].name"),
    ("job", "job.env", [[{"name": "PODCRON_ATTEMPT"}]], [[{"name": "ATTEMPT"}]], OWN_VARIABLE,
     INVALID, "job.env[0].name"),
    ("http", "http.port", [0, 65536, "", "Http", "a_b"], [1, 65535, "http"], PORT),
    ("http", "http.path", ["jobs", "http://example.com/", "/a b"], ["/jobs/$(PODCRON_RUN_ID)?a=b%20c"],
     PATH),
    ("http", "http.headers", [[{"name": "a:", "value": "b"}]], [[{"name": "X-A", "value": "b c"}]],
     HEADER_NAME, INVALID, "http.headers[0].name"),
    ("http", "http.headers",
     [[{"name": name, "value": "b"}] for name in
      ("Idempotency-Key", "podcron-job", "PODCRON-X", "Content-Length", "transfer-encoding", "Connection")],
     [[{"name": "Host", "value": "shop"}, {"name": "Authorization", "value": "Bearer x"}]],
     OWN_HEADER, INVALID, "http.headers[0].name"),
    ("http", "http.headers", [[{"name": "a", "value": "b\r\nc: d"}], [{"name": "a", "value": "\u0000"}]],
     [[{"name": "a", "value": "b\tc ü"}]], ONE_LINE, INVALID, "http.headers[0].value"),
    ("http", "http.tls", [{}], [REMOVED], "must not be set unless `scheme` is 'HTTPS'", FORBIDDEN),
    ("https", "http.via", ["ApiServerProxy"], ["PodIP"],
     "must not be set when `via` is 'ApiServerProxy': the API server decides about TLS then",
     FORBIDDEN, "http.tls"),
    ("https", "http.tls", [{"verification": "None", "caBundle": "YQ=="}],
     [{"verification": "None"}, {"caBundle": "YQ==", "serverName": "shop.example.com"}],
     "must not be set when `verification` is 'None'", FORBIDDEN, "http.tls.caBundle"),
    ("https", "http.tls.serverName", ["a b", "*.example.com"], ["shop"], "must be a DNS name"),
    ("http", "http", [{"port": 80, "method": "HEAD", "via": "ApiServerProxy"}],
     [{"port": 80, "method": "GET", "via": "ApiServerProxy"}, {"port": 80, "method": "HEAD"}],
     "must not be 'HEAD' when `via` is 'ApiServerProxy': whose answer it is cannot be told then",
     FORBIDDEN, "http.method"),
    ("http", "http", [{"port": 80, "method": "GET", "body": "a"}, {"port": 80, "method": "HEAD", "body": "a"}],
     [{"port": 80, "method": "GET"}, {"port": 80, "body": "a"}],
     "must not be set when `method` is 'GET' or 'HEAD'", FORBIDDEN, "http.body"),
    ("http", "http.expectedStatus", [[199], [600], ["1xx"], ["20x"]],
     [[200, 404], ["2xx", "3xx", "404"]], STATUS_CODE, INVALID, "http.expectedStatus[0]"),
]

POD_JOB = [
    ("exec", "scheduledTime", ["2026-11-22T03:00:00Z"], [REMOVED],
     "must be set when `scheduledTime` is set", REQUIRED, "podCronJobName"),
    ("exec", "targets", [[{"podName": "a", "podUID": "b"}]], [REMOVED],
     "must not be set unless `scheduledTime` is set: of a run made by hand the targets are chosen later",
     FORBIDDEN),
]


def as_field(path):
    """a.0.b -> a[0].b, as the API server writes it."""
    text = ""
    for step in path.split("."):
        text += f"[{step}]" if step.isdigit() else f".{step}"
    return text.lstrip(".")


def try_row(api, checks, make, prefix, path, bad, good, message, reason=INVALID, field=None):
    field = prefix if field == "" else f"{prefix}.{as_field(path) if field is None else field}"
    for value in bad:
        reply = api.create(make(path, value), dry_run=True)
        shown = "no value" if value is REMOVED else value
        causes = reply.causes
        holds = (reply.status == 422 and len(causes) == 1 and causes[0][:2] == (field, reason) and
                 (causes[0][2] == message or causes[0][2].endswith(": " + message)))
        checks.that(f"{field} refuses {shown!r}: {message}", holds, repr(reply))
        checks.messages.add(message)
    for value in good:
        reply = api.create(make(path, value), dry_run=True)
        shown = "no value" if value is REMOVED else value
        checks.that(f"{prefix}.{path} accepts {shown!r}", reply.ok, repr(reply))


def check_rules(api, checks):
    for path, bad, good, message in SCHEDULES:
        def make(path, value):
            return with_value(pod_cron_job(), "spec." + path, value)
        try_row(api, checks, make, "spec", path, bad, good, message)

    for row in TARGET + STRATEGIES + EXECUTORS:
        base, rest = copy.deepcopy(BASES[row[0]]), row[1:]

        def in_template(path, value, base=base):
            return pod_cron_job(podJobTemplate={"spec": with_value(base, path, value)})

        def in_pod_job(path, value, base=base):
            whole = pod_job()
            whole["spec"] = with_value(base, path, value)
            return whole
        try_row(api, checks, in_template, "spec.podJobTemplate.spec", *rest)
        # The two schemas are compared as a whole elsewhere; one value each shows that it matters.
        path, bad, good, *others = rest
        try_row(api, checks, in_pod_job, "spec", path, bad[:1], good[:1], *others)

    for row in POD_JOB:
        base, rest = copy.deepcopy(BASES[row[0]]), row[1:]

        def of_pod_job(path, value, base=base):
            whole = pod_job()
            whole["spec"] = with_value(base, path, value)
            return whole
        try_row(api, checks, of_pod_job, "spec", *rest)

    scheduled = pod_job(podCronJobName="digest", podCronJobGeneration=1,
                        scheduledTime="2026-11-22T03:00:00Z", startingDeadlineSeconds=None,
                        targets=[{"podName": "shop-0", "podUID": "u", "nodeName": "n",
                                  "containerID": "c://1", "container": "app"}])
    reply = api.create(scheduled, dry_run=True)
    checks.that("a scheduled PodJob is accepted", reply.ok, repr(reply))

    message = "must be no more than 46 characters, so that the names of its runs are no more than 63"
    reply = api.create(pod_cron_job("n" * 47), dry_run=True)
    checks.that(f"metadata.name refuses 47 characters: {message}",
                [c[:2] for c in reply.causes] == [("metadata.name", INVALID)] and
                reply.causes[0][2].endswith(message), repr(reply))
    checks.messages.add(message)
    reply = api.create(pod_cron_job("n" * 46), dry_run=True)
    checks.that("metadata.name accepts 46 characters", reply.ok, repr(reply))
