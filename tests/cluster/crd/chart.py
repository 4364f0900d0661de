"""The Helm chart on a real API server: it renders, installs, upgrades and goes away; its account can
do what podcron needs and nothing else; its admission policies let the right people through.
"""

import copy
import json
import os
import pathlib
import subprocess
import time

from api import NAMESPACE, pod_cron_job, pod_job, with_value

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHART = ROOT / "helm" / "podcron"
SYSTEM = "podcron-system"
CONTROLLER = f"system:serviceaccount:{SYSTEM}:podcron"

VALUE_SETS = {
    "default": [],
    "everything on": [
        "replicas=3", "leaderElection.retryPeriod=1s", "namespaces={crd-test,shop}",
        "podDisruptionBudget.enabled=true",
        "ownerKinds={ReplicaSet,CloneSet}", "globalSuspend=true", "priorityClassName=system-cluster-critical", "podLabels.a=b",
        "rbac.extraReadRules[0].apiGroups={apps.kruise.io}",
        "rbac.extraReadRules[0].resources={clonesets}", "rbac.extraReadRules[0].verbs={get}",
        "commonLabels.team=platform", "imagePullSecrets[0].name=registry", "service.annotations.a=b",
        "serviceAccount.annotations.a=b", "podAnnotations.a=b", "nodeSelector.a=b",
        "strategyServices[0].name=quiet", "strategyServices[0].url=https://quiet.ops.svc/choose",
        "strategyServices[0].timeoutSeconds=3",
        "image.digest=sha256:" + 64 * "0", "logLevel=debug", "service.port=9090"],
    "some namespaces": ["watchNamespaces={crd-test}", "namespaces={crd-test}"],
    "exec everywhere": ["rbac.clusterWideExec=true"],
    "bare": ["crds.enabled=false", "serviceAccount.create=false", "serviceAccount.name=mine",
             "rbac.create=false", "rbac.aggregateRoles=false", "admissionPolicy.enabled=false",
             "service.enabled=false", "sessions.enabled=false", "resources=null"],
    "sessions by URL": ["sessions.url=https://10.0.0.1:8443/sessions"],
    "sessions from a Secret, in some namespaces": [
        "sessions.tls.secretName=sessions-tls", "sessions.tls.caBundle=YQ==",
        "sessions.namespaceLabels.team=a"],
}

TYPOS = ["replica=2", "leaderElection.leaseDuration=15", "leaderElection.leases=15s", "crds.keeps=true", "image.tags=1", "logLevel=loud", "limits.runsPerPod=0", "ownerKinds={}",
         "namespaces=shop", "namespaces={Shop}", "serviceAccount.create=false",
         "rbac.extraReadRules[0].verbs={delete}", "sessions.url=http://10.0.0.1/sessions",
         "sessions.url=https://10.0.0.1/", "sessions.tls.secretName=a", "sessions.port=443",
         "strategyServices[0].name=Quiet", "strategyServices[0].failurePolicy=Random"]


class Helm:
    def __init__(self, program, directory):
        self.program = program
        home = os.path.join(directory, "helm")
        # The user's own Helm settings and cluster must play no part.
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith("HELM_") and k != "KUBECONFIG"}
        self.environment.update(HELM_CACHE_HOME=home, HELM_CONFIG_HOME=home, HELM_DATA_HOME=home)
        self.cluster = ["--kubeconfig", os.path.join(directory, "admin.kubeconfig")]

    def __call__(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=300, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def render(self, values):
        sets = [word for value in values for word in ("--set", value)]
        return self("template", "podcron", CHART, "--namespace", SYSTEM, "--kube-version", "1.30.0",
                    *sets)


def check_rendering(api, helm, checks):
    done = subprocess.run([ROOT / "helm" / "sync-crds.sh", "--check"], capture_output=True, text=True)
    checks.that("the chart has the CRDs of crds/", done.returncode == 0, done.stdout + done.stderr)
    code, out, err = helm("lint", "--strict", CHART)
    checks.that("helm lint finds nothing", code == 0 and "[WARNING]" not in out, out + err)
    for name, values in VALUE_SETS.items():
        code, text, err = helm.render(values)
        checks.that(f"values \"{name}\" render", code == 0, err)
        code, out, err = api.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server",
                                     "-f", "-", text=text)
        checks.equal(f"the API server accepts values \"{name}\"", (code, err), (0, ""))
        checks.that(f"values \"{name}\" render no empty label or annotation block",
                    "annotations:\n  n" not in text and "null" not in text.split("kind: Deployment")[1],
                    text)
    for typo in TYPOS:
        code, _, err = helm.render([typo])
        checks.that(f"a chart value is refused: {typo}", code != 0 and "schema" in err, err)
    code, _, err = helm("template", "podcron", CHART, "--kube-version", "1.29.9")
    checks.that("Kubernetes 1.29 is refused", code != 0 and "kubeVersion" in err, err)


def check_restricted(api, helm, checks):
    """The controller's pod is what Pod Security admission calls restricted."""
    api.request("POST", "/api/v1/namespaces", {
        "metadata": {"name": "restricted", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    deployment = api.request("GET", f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/podcron").body
    spec = deployment["spec"]["template"]["spec"]
    # The account is not part of the question, and this namespace has only its default one.
    spec.pop("serviceAccountName"), spec.pop("serviceAccount", None)
    spec["automountServiceAccountToken"] = False

    def create(spec):
        return api.request("POST", "/api/v1/namespaces/restricted/pods?dryRun=All",
                           {"metadata": {"name": "a"}, "spec": spec})
    api.request("POST", "/api/v1/namespaces/restricted/serviceaccounts", {"metadata": {"name": "default"}})
    reply = create(spec)
    checks.that("the controller's pod is restricted", reply.ok, repr(reply))
    loose = copy.deepcopy(spec)
    del loose["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
    reply = create(loose)
    checks.that("a looser one would have been refused", reply.status == 403, repr(reply))


def may(api, verb, resource, namespace, user=CONTROLLER, group="", subresource="", name=""):
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": user, "groups": ["system:serviceaccounts", "system:authenticated"],
        "resourceAttributes": {"verb": verb, "resource": resource, "namespace": namespace, "group": group,
                               "subresource": subresource, "name": name}}}
    return api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body) \
        .body["status"]["allowed"]


OWN = "podcron.dev"
ALLOWED = [("get list watch", "podcronjobs", OWN, ""), ("patch", "podcronjobs", OWN, "status"),
           ("get list watch create patch delete", "podjobs", OWN, ""), ("patch", "podjobs", OWN, "status"),
           ("update", "podcronjobs", OWN, "finalizers"), ("update", "podjobs", OWN, "finalizers"),
           ("create patch", "events", "events.k8s.io", ""), ("get list watch", "pods", "", ""),
           ("get list watch", "replicasets", "apps", ""), ("get list watch", "deployments", "apps", ""),
           ("get list watch", "statefulsets", "apps", ""), ("get list watch", "daemonsets", "apps", ""),
           ("get list watch", "controllerrevisions", "apps", ""),
           ("list watch", "endpointslices", "discovery.k8s.io", "")]
DENIED = [("create update patch delete deletecollection", "podcronjobs", OWN, ""),
          ("deletecollection", "podjobs", OWN, ""), ("create update patch delete", "pods", "", ""),
          ("get create", "pods", "", "proxy"), ("get create", "pods", "", "attach"),
          ("get create", "pods", "", "portforward"), ("get", "pods", "", "log"),
          ("patch", "pods", "", "ephemeralcontainers"), ("create", "pods", "", "eviction"),
          ("get list watch", "secrets", "", ""), ("get list", "configmaps", "", ""),
          ("create", "serviceaccounts", "", "token"), ("impersonate", "users", "", ""),
          ("get", "nodes", "", "proxy"), ("create", "jobs", "batch", ""),
          ("update patch", "deployments", "apps", ""), ("get list create", "leases", "coordination.k8s.io", ""),
          ("get create update patch delete", "endpointslices", "discovery.k8s.io", ""),
          ("create", "rolebindings", "rbac.authorization.k8s.io", ""),
          ("bind escalate", "clusterroles", "rbac.authorization.k8s.io", "")]


def check_rights(api, checks):
    """Default install plus the namespace crd-test that has opted in."""
    for rows, wanted in ((ALLOWED, True), (DENIED, False)):
        for verbs, resource, group, subresource in rows:
            for verb in verbs.split():
                got = may(api, verb, resource, "shop", group=group, subresource=subresource)
                checks.equal(f"podcron may {verb} {resource}/{subresource} in any namespace", got, wanted)
    for verb in ("get", "create"):
        for namespace, wanted in ((NAMESPACE, True), ("shop", False), (SYSTEM, False), ("kube-system", False)):
            checks.equal(f"podcron may {verb} pods/exec in {namespace}",
                         may(api, verb, "pods", namespace, subresource="exec"), wanted)
    for verb in ("get", "create"):
        for namespace, name, wanted in ((SYSTEM, "podcron-self-test", True), (SYSTEM, "podcron-0", False),
                                        ("shop", "podcron-self-test", False)):
            checks.equal(f"podcron may {verb} pods/exec of {namespace}/{name}",
                         may(api, verb, "pods", namespace, subresource="exec", name=name), wanted)
    for verb, name, wanted in (("get", "podcron-sessions", True), ("update", "podcron-sessions", True),
                               ("update", "another", False), ("create", "podcron-sessions", False),
                               ("delete", "podcron-sessions", False)):
        checks.equal(f"podcron may {verb} the webhook configuration {name}",
                     may(api, verb, "validatingwebhookconfigurations", "",
                         group="admissionregistration.k8s.io", name=name), wanted)
    for verb in ("get", "list", "watch", "create", "update", "patch", "delete"):
        checks.equal(f"podcron may {verb} leases in its own namespace",
                     may(api, verb, "leases", SYSTEM, group="coordination.k8s.io"), True)


def grant(api, name, user, rules, namespace=NAMESPACE):
    """`user` gets exactly these rules in the namespace."""
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.request("POST", base + "/roles", {"metadata": {"name": name}, "rules": [
        {"apiGroups": [g], "resources": [r], "verbs": verbs.split()} for g, r, verbs in rules]})
    api.request("POST", base + "/rolebindings", {
        "metadata": {"name": name}, "subjects": [
            {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}})


WRITE = [(OWN, r, "get list create update patch delete") for r in
         ("podcronjobs", "podjobs", "podcronjobs/status", "podjobs/status")]
EXECUTORS = {
    "exec": ({"exec": {"command": ["a"]}}, "pods/exec", "", "pods/exec"),
    "http": ({"http": {"port": 80}}, "pods/proxy", "", "pods/proxy"),
    "job": ({"job": {}}, "jobs", "batch", "jobs"),
}


def of_executor(make, name, executor):
    spec = {k: v for k, v in pod_job()["spec"].items() if k != "exec"}
    spec.update(EXECUTORS[executor][0])
    if make is pod_cron_job:
        return pod_cron_job(name, podJobTemplate={"spec": spec})
    whole = pod_job(name)
    whole["spec"] = spec
    return whole


def denied(checks, law, reply, message):
    checks.that(law, reply.status == 403 and reply.message.endswith("denied request: " + message), repr(reply))


def wait_until_enforced(api, checks):
    """Policies take effect a moment after they are created."""
    probe = with_value(pod_job("probe"), "spec.podCronJobName", "digest")
    probe = with_value(probe, "spec.scheduledTime", "2026-11-22T03:00:00Z")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if api.create(probe, user="writer-with-all", dry_run=True).status == 403 and \
                api.create(pod_job("probe"), user="writer", dry_run=True).status == 403:
            return
        time.sleep(0.1)
    checks.that("the admission policies take effect within 30 seconds", False)


def check_admission(api, checks):
    grant(api, "writer", "writer", WRITE)
    every = [("", "pods/exec", "create"), ("", "pods/proxy", "create"), ("batch", "jobs", "create")]
    grant(api, "writer-with-all", "writer-with-all", WRITE + every)
    for executor, (_, resource, group, _) in EXECUTORS.items():
        grant(api, "writer-with-" + executor, "writer-with-" + executor,
              WRITE + [(group, resource, "create")])
    wait_until_enforced(api, checks)

    for make, kind in ((pod_cron_job, "PodCronJob"), (pod_job, "PodJob")):
        for executor, (_, _, _, right) in EXECUTORS.items():
            thing = of_executor(make, "a", executor)
            message = f"you must be allowed to create {right} in this namespace to write a {kind} with {executor}"
            for holder in [""] + list(EXECUTORS):
                user = "writer" + (holder and "-with-" + holder)
                reply = api.create(thing, user=user, dry_run=True)
                if holder == executor:
                    checks.that(f"{user} may create a {kind} with {executor}", reply.ok, repr(reply))
                else:
                    denied(checks, f"{user} must not create a {kind} with {executor}", reply, message)
            reply = api.create(thing, user=CONTROLLER, dry_run=True)
            if kind == "PodJob":
                checks.that(f"the controller may create a {kind} with {executor}", reply.ok, repr(reply))

    probing = of_executor(pod_cron_job, "a", "http")
    probing = with_value(probing, "spec.podJobTemplate.spec.target.servingProbe", {"exec": {"command": ["a"]}})
    denied(checks, "a serving probe by exec is exec", api.create(probing, user="writer-with-http", dry_run=True),
           "you must be allowed to create pods/exec in this namespace to write a PodCronJob with exec")
    probing = of_executor(pod_cron_job, "a", "exec")
    probing = with_value(probing, "spec.podJobTemplate.spec.target.servingProbe", {"httpGet": {"port": 80}})
    denied(checks, "a serving probe by HTTP is HTTP", api.create(probing, user="writer-with-exec", dry_run=True),
           "you must be allowed to create pods/proxy in this namespace to write a PodCronJob with http")

    reply = api.create(pod_cron_job("guarded"), user="writer-with-exec")
    checks.that("writer-with-exec creates a PodCronJob", reply.ok, repr(reply))
    denied(checks, "a change of spec is asked about again",
           api.patch("PodCronJob", "guarded", {"spec": {"suspend": True}}, user="writer"),
           "you must be allowed to create pods/exec in this namespace to write a PodCronJob with exec")
    for change in ({"labels": {"a": "b"}}, {"finalizers": ["example.com/a"]}, {"finalizers": None}):
        reply = api.patch("PodCronJob", "guarded", {"metadata": change}, user="writer")
        checks.that(f"a change of metadata is not: {change}", reply.ok, repr(reply))


def check_record_policy(api, checks):
    """Not even an administrator writes what is the controller's."""
    user, admin = "writer-with-all", None
    scheduled = with_value(with_value(pod_job("forged"), "spec.scheduledTime", "2026-11-22T03:00:00Z"),
                           "spec.podCronJobName", "guarded")
    with_targets = with_value(scheduled, "spec.targets", [{"podName": "a", "podUID": "b"}])
    held = with_value(pod_job("forged"), "metadata.annotations", {"podcron.dev/holder": ""})
    rows = [(scheduled, "only the controller may set spec.scheduledTime; leave it out to run now"),
            (held, "only the controller may write the annotation podcron.dev/holder")]
    for who in (user, admin):
        for thing, message in rows:
            denied(checks, f"{who or 'an administrator'} must not forge a PodJob: {message}",
                   api.create(thing, user=who, dry_run=True), message)
    reply = api.create(with_targets, user=user, dry_run=True)
    checks.that("nor one with targets", reply.status == 403, repr(reply))
    for thing in (scheduled, with_targets, held):
        reply = api.create(thing, user=CONTROLLER, dry_run=True)
        checks.that("the controller may make each of them", reply.ok, repr(reply))

    reply = api.create(with_value(pod_job("by-hand"), "metadata.annotations", {"example.com/a": "b"}), user=user)
    checks.that("a user may run now", reply.ok, repr(reply))
    holder = {"metadata": {"annotations": {"podcron.dev/holder": "podcron-0/x/1"}}}
    message = "only the controller may write the annotation podcron.dev/holder"
    denied(checks, "a user must not take a run", api.patch("PodJob", "by-hand", holder, user=user), message)
    reply = api.patch("PodJob", "by-hand", holder, user=CONTROLLER)
    checks.that("the controller takes it", reply.ok, repr(reply))
    for value in (None, "", "other/1"):
        denied(checks, f"a user must not make its holder {value!r}",
               api.patch("PodJob", "by-hand", {"metadata": {"annotations": {"podcron.dev/holder": value}}},
                         user=user), message)
    reply = api.patch("PodJob", "by-hand", {"metadata": {"labels": {"a": "b"}, "annotations": None}}, user=user)
    checks.that("nor by removing all annotations", reply.status == 403, repr(reply))
    reply = api.patch("PodJob", "by-hand", {"metadata": {"labels": {"a": "b"}}}, user=user)
    checks.that("but may label it", reply.ok, repr(reply))

    for kind, name, change in (("PodCronJob", "guarded", {"decidedThrough": "2026-11-22T03:00:00Z"}),
                               ("PodJob", "by-hand", {"phase": "Succeeded"})):
        for who in (user, admin):
            denied(checks, f"{who or 'an administrator'} must not write the status of a {kind}",
                   api.patch(kind, name, {"status": change}, "status", user=who),
                   f"only the controller may write the status of a {kind}")
        reply = api.patch(kind, name, {"status": change}, "status", user=CONTROLLER)
        checks.that(f"the controller writes the status of a {kind}", reply.ok, repr(reply))


def check_policy_types(api, checks):
    """The API server's own type checker has looked at the expressions and found nothing."""
    base = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/"
    for name in ("podcron-writer", "podcron-record"):
        deadline = time.monotonic() + 20
        checked = {}
        while time.monotonic() < deadline and not checked.get("observedGeneration"):
            checked = api.request("GET", base + name).body.get("status", {})
            time.sleep(0.1)
        warnings = checked.get("typeChecking", {}).get("expressionWarnings", [])
        checks.that(f"{name} type-checks", checked.get("observedGeneration") and not warnings,
                    json.dumps(warnings) or "was not checked")


def check_install(api, helm, checks):
    """From nothing to installed, upgraded and uninstalled, with Helm itself."""
    for plural in ("podcronjobs", "podjobs"):
        api.request("DELETE", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.podcron.dev")
    api.kubectl("wait", "--for=delete", "crd/podcronjobs.podcron.dev", "crd/podjobs.podcron.dev",
                "--timeout=60s")
    code, out, err = helm("install", "podcron", CHART, *helm.cluster, "--namespace", SYSTEM,
                          "--create-namespace", "--set", f"namespaces={{{NAMESPACE}}}")
    checks.that("helm install works", code == 0, out + err)
    checks.that("it says the next step", "kubectl apply --namespace shop" in out and
                f"commands in the pods of: {NAMESPACE}" in out, out)
    api.kubectl("wait", "--for=condition=Established", "crd/podcronjobs.podcron.dev",
                "crd/podjobs.podcron.dev", "--timeout=60s")
    check_restricted(api, helm, checks)
    check_rights(api, checks)
    check_admission(api, checks)
    check_record_policy(api, checks)
    check_policy_types(api, checks)
    check_opt_in(api, checks)

    code, out, err = helm("upgrade", "podcron", CHART, *helm.cluster, "--namespace", SYSTEM,
                          "--set", "replicas=3")
    checks.that("helm upgrade works", code == 0, out + err)
    checks.equal("a namespace that is taken from the list loses the right",
                 may(api, "create", "pods", NAMESPACE, subresource="exec"), False)
    code, out, err = helm("uninstall", "podcron", *helm.cluster, "--namespace", SYSTEM)
    checks.that("helm uninstall works", code == 0, out + err)
    reply = api.request("GET", api.path("PodCronJob", "guarded"))
    checks.that("CRDs and records outlive it", reply.ok, repr(reply))
    checks.equal("its rights do not", may(api, "list", "pods", "shop"), False)


def check_opt_in(api, checks):
    """The file by which the owner of a namespace lets podcron in."""
    grant(api, "owner", "owner", [("rbac.authorization.k8s.io", "rolebindings", "get create patch")], "shop")
    apply = ("apply", "--namespace", "shop", "--as=owner", "-f", str(CHART / "files" / "opt-in.yaml"))
    code, out, err = api.kubectl(*apply)
    checks.that("who may not exec cannot opt a namespace in", code != 0 and "attempting to grant" in err, err)
    grant(api, "owner-exec", "owner", [("", "pods/exec", "get create")], "shop")
    code, out, err = api.kubectl(*apply)
    checks.that("who may exec can", code == 0, err)
    checks.equal("podcron may exec there now", may(api, "create", "pods", "shop", subresource="exec"), True)
