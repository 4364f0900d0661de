"""Pods as people, tools and controllers make them, and what podcron says of each: the one table.

test_pod_shapes.py makes every row on a real control plane and asks `kubectl podcron explain`;
pod_shapes_page.py writes docs/pod-shapes.md from the same rows, and tests/tidy compares. So a new row is
a line here and the page written anew.
"""

import dataclasses
from typing import Callable, Optional

from cluster_case import is_ready
from shape_steps import (DEBUG, LABELS, OF_JOB, annotated, argo_replica_set, by_hand, canary,
                         clone_set_pod, condition_true, cron_job, daemon_set, dev_clone, injected, job,
                         open_shell, pod_of, replication_controller, rollout, sidecar_first,
                         static_pod, twin_ready_for, variant)
from shape_workshop import variables

BEFORE, AFTER = "before it is adopted", "once it is adopted"
PROFILES = ("general", "baseline", "restricted", "netadmin", "sysadmin", "legacy")
WORKLOAD = {"workloadRef": {"kind": "Deployment", "name": "shop"}}
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


@dataclasses.dataclass(frozen=True)
class Shape:
    """`reason` is the first that `explain` gives; None when the pod is eligible."""
    name: str
    reason: Optional[str]
    steps: tuple
    until: Callable = is_ready  # true of the pod once it is as the shape says; it is judged then
    target: Optional[dict] = None  # of the PodCronJob, beside the selector of the app
    app: str = "shop"
    adoption: str = ""  # BEFORE: the controllers stand still; AFTER: the app's has adopted the copy

    @property
    def law(self):
        return " ".join(filter(None, (self.name, self.adoption, "is", self.reason or "eligible")))

    @property
    def judged(self):
        """The variable that names the pod, unless a step says which it is: a copy, not its original."""
        used = variables(self.steps)
        return next((each for each in ("COPY", "REPLICA") if each in used), "POD")

    @property
    def changes_replica(self):
        """Or deletes it."""
        lines = " ".join(step for step in self.steps if isinstance(step, str))
        return "$POD" in lines and (self.judged == "POD" or "--replace" in lines)


# ---- when a shape is as its name says ----

def is_running(pod):
    return pod["status"].get("phase") == "Running"


def is_pending(pod):
    return pod["status"].get("phase") == "Pending"


def has_ended(pod):
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def is_running_not_ready(pod):
    return is_running(pod) and not is_ready(pod)


def is_owned(pod):
    return bool(pod["metadata"].get("ownerReferences"))


def is_terminating_and_ready(pod):
    return "deletionTimestamp" in pod["metadata"] and is_ready(pod)


def is_disrupted_and_ready(pod):
    return is_ready(pod) and any(c["type"] == "DisruptionTarget" and c["status"] == "True"
                                 for c in pod["status"]["conditions"])


def waits(reason):
    def check(pod):
        return any(s["state"].get("waiting", {}).get("reason") == reason
                   for s in pod["status"].get("containerStatuses", []))
    return check


def has_debugger(state):
    """Ready, and all its ephemeral containers are in that state."""
    def check(pod):
        found = pod["status"].get("ephemeralContainerStatuses", [])
        return is_ready(pod) and found and all(state in s["state"] for s in found)
    return check


def has_container(name, image):
    def check(pod):
        return is_ready(pod) and any((c["name"], c["image"]) == (name, image)
                                     for c in pod["spec"]["containers"])
    return check


def has_only(name):
    return lambda pod: is_ready(pod) and [c["name"] for c in pod["spec"]["containers"]] == [name]


# ---- rows that differ in one thing ----

def adoptable(name, *steps, **options):
    """A labelled orphan: what it is at first, and when the app's controller has taken it over."""
    return (Shape(name, "NotOwnedByWorkload", steps, adoption=BEFORE, **options),
            Shape(name, "AdoptedPod", steps, adoption=AFTER, **options))


def debug_copies():
    for profile in PROFILES:
        line = f"{DEBUG} --profile={profile}"
        name = f"a {profile} debug copy"
        yield Shape(name, "NotLabelledServing", (f"{line} --image=busybox",))
        for words, flags in (("--keep-labels", "--keep-labels"),
                             ("--keep-labels and --replace", "--keep-labels --replace")):
            keeping = f"{line} --image=busybox {flags}"
            if profile == "legacy":  # takes them away whatever the flag says
                yield Shape(f"{name} with {words}", "NotLabelledServing", (keeping,))
            else:
                yield from adoptable(f"{name} with {words}", keeping)
        # Nothing but the image is changed, whatever the profile.
        yield from adoptable(f"{name} with --set-image alone", f"{line} --set-image='*=busybox'")


def debug_containers():
    for profile in PROFILES:
        yield Shape(f"a replica with a {profile} debug container that runs", "EphemeralContainerRunning",
                    (f"kubectl debug $POD --image=busybox --target=app --profile={profile}",),
                    until=has_debugger("running"))


def dev_clones(tool, label):
    clone = dev_clone(tool.lower(), label, f"Deployment `shop-{tool.lower()}`: the app's labels, `{label}`, "
                      "another image and a command that waits")
    return (Shape(f"a dev pod of {tool} that workloadRef does not name", "OwnerMismatch", (clone,), target=WORKLOAD),
            Shape(f"a dev pod of {tool} without workloadRef", "DevToolActive", (clone,)))


# ---- the table ----

GROUPS = (
    ("kubectl run", (
        Shape("a pod of kubectl run", "NotLabelledServing", ("kubectl run $COPY --image=shop:1",)),
        Shape("a pod of kubectl run with the app's labels", "NotOwnedByWorkload",
              (f"kubectl run $COPY --image=shop:1 --labels={LABELS}",)),
        Shape("an open shell of kubectl run with the app's labels", "NotOwnedByWorkload",
              (open_shell(f"kubectl run $COPY -it --rm --image=busybox --labels={LABELS} --command -- "
                          "sleep 600"),)),
        *adoptable("a pod of kubectl run with all labels of a replica",
                   f"kubectl run $COPY --image=shop:1 --labels={LABELS},pod-template-hash="
                   "$(kubectl get pod $POD -o 'jsonpath={.metadata.labels.pod-template-hash}')"),
    )),
    ("kubectl debug: copies", (
        *debug_copies(),
        Shape("a debug copy that is given the app's labels later", "NotOwnedByWorkload",
              (f"{DEBUG} --image=busybox", "kubectl label pod $COPY " + LABELS.replace(",", " "))),
        Shape("a debug copy with --set-image and a debug container", "NotLabelledServing",
              (f"{DEBUG} --set-image='app=busybox' --image=busybox",)),
        *adoptable("a debug copy with the app's own container changed",
                   f"{DEBUG} --container=app --image=busybox --keep-labels -- sleep 600"),
        *adoptable("a debug copy on the same node", f"{DEBUG} --image=busybox --same-node --keep-labels"),
        *adoptable("a debug copy with a terminal",
                   f"{DEBUG} --image=busybox -it --attach=false --keep-labels"),
        Shape("a debug copy with --replace", "NotLabelledServing", (f"{DEBUG} --image=busybox --replace",)),
        *adoptable("a debug copy with --replace and --set-image",
                   f"{DEBUG} --replace --set-image='*=busybox'"),
        *adoptable("a debug copy of a StatefulSet's replica",
                   f"{DEBUG} --image=busybox --keep-labels", app="db"),
    )),
    ("kubectl debug: nodes", (
        Shape("a node debugger", "NotLabelledServing",
              ("kubectl debug node/plane-node-0 --image=busybox --profile=sysadmin",
               pod_of("app.kubernetes.io/managed-by=kubectl-debug", "plane-node-0"))),
        Shape("a node debugger that is given the app's labels", "NotOwnedByWorkload",
              ("kubectl debug node/plane-node-1 --image=busybox",
               "kubectl label pod --field-selector spec.nodeName=plane-node-1 "
               "-l app.kubernetes.io/managed-by=kubectl-debug " + LABELS.replace(",", " "),
               pod_of("app.kubernetes.io/managed-by=kubectl-debug", "plane-node-1"))),
    )),
    ("kubectl debug: ephemeral containers", (
        *debug_containers(),
        Shape("a replica with an open terminal in a debug container", "EphemeralContainerRunning",
              ("kubectl debug $POD --image=busybox -it --attach=false",), until=has_debugger("running")),
        Shape("a replica whose debug container has ended", None,
              ("kubectl annotate pod $POD plane.podcron.dev/ephemeral=terminated",
               "kubectl debug $POD --image=busybox --target=app"), until=has_debugger("terminated")),
        Shape("a replica with mirrord's agent in it", "EphemeralContainerRunning",
              ("kubectl debug $POD --image=mirrord --container=mirrord-agent-x1y2z --target=app",),
              until=has_debugger("running")),
    )),
    ("Copies by hand", (
        Shape("a copy with a new name", "AdoptedPod", (by_hand("$COPY"),), adoption=BEFORE),
        *adoptable("a copy with a new name and no owner", by_hand("$COPY", metadata='"ownerReferences":null')),
        Shape("a copy with another image", "TemplateMismatch",
              (by_hand("$REPLICA", container='"image":"busybox"'),), adoption=BEFORE),
        Shape("a copy with another command", "TemplateMismatch",
              (by_hand("$REPLICA", container='"command":["sleep","600"]'),), adoption=BEFORE),
        Shape("a copy with other arguments", "TemplateMismatch",
              (by_hand("$REPLICA", container='"args":["--verbose"]'),), adoption=BEFORE),
        Shape("a copy with stdin", "InteractiveContainer",
              (by_hand("$REPLICA", container='"stdin":true'),), adoption=BEFORE),
        Shape("a copy with a terminal", "InteractiveContainer",
              (by_hand("$REPLICA", container='"tty":true'),), adoption=BEFORE),
        Shape("a copy with a replica's name, owner and containers", None, (by_hand("$REPLICA"),),
              adoption=BEFORE),
    )),
    ("Replicas that somebody has changed", (
        Shape("a replica with another image", "TemplateMismatch",
              ("kubectl set image pod/$POD app=busybox",), until=has_container("app", "busybox")),
        Shape("a replica from another registry, alone", "TemplateMismatch",
              ("kubectl set image pod/$POD app=mirror.example/shop:1",),
              until=has_container("app", "mirror.example/shop:1")),
        Shape("a replica without the serving label", "NotLabelledServing",
              ("kubectl label pod $POD podcron.dev/serving-",)),
        Shape("a replica that its ReplicaSet has let go", "NotOwnedByWorkload",
              ("kubectl label pod $POD pod-template-hash-",),
              until=lambda pod: is_ready(pod) and not is_owned(pod)),
        Shape("a replica that is opted out", "OptedOut",
              ("kubectl annotate pod $POD podcron.dev/exclude=true",)),
        Shape("a replica with another label and annotation", None,
              ("kubectl label pod $POD team=blue", "kubectl annotate pod $POD note=seen")),
    )),
    ("Other workloads with the app's labels", (
        Shape("a Job's pod", "OwnerKindNotAllowed", (job(),)),
        Shape("a Job's pod that has ended", "OwnerKindNotAllowed",
              (job("a Job with the app's labels whose command ends", command=["true"]),), until=has_ended),
        Shape("a CronJob's pod", "OwnerKindNotAllowed",
              (cron_job(), "kubectl create job --from=cronjob/report $COPY", pod_of(f"{OF_JOB}=$COPY"))),
        Shape("a DaemonSet's pod that workloadRef does not name", "OwnerMismatch", (daemon_set(),),
              target=WORKLOAD),
        Shape("a DaemonSet's pod without workloadRef", None, (daemon_set(),)),
        Shape("a ReplicationController's pod", "OwnerKindNotAllowed", (replication_controller(),)),
        Shape("a static pod", "OwnerKindNotAllowed", (static_pod(owned=True),)),
        Shape("a static pod without its Node as owner", "NotOwnedByWorkload", (static_pod(owned=False),)),
        Shape("a CloneSet's pod, not in --owner-kinds", "OwnerKindNotAllowed", (clone_set_pod(),)),
    )),
    ("Rollouts and canaries", (
        Shape("an old replica while a new one serves", "RevisionExcluded", (rollout("roll-old", "old"),)),
        Shape("an old replica while a new one serves, with revision Any", None,
              (rollout("roll-any", "old"),), target={"revision": "Any"}),
        Shape("an old replica while no new one serves", None, (rollout("roll-slow", "old", slow=True),)),
        Shape("a new replica that has not started", "PodPending",
              (rollout("roll-late", "new", slow=True),), until=is_pending),
        Shape("a canary that workloadRef does not name", "OwnerMismatch", (canary(),), target=WORKLOAD),
        Shape("a canary without workloadRef", None, (canary(),)),
        Shape("a replica of an Argo Rollout", None, (argo_replica_set(),)),
        Shape("a replica of an Argo Rollout that workloadRef names", None, (argo_replica_set(),),
              target={"workloadRef": {"apiGroup": "argoproj.io", "kind": "Rollout", "name": "argo"}}),
    )),
    ("StatefulSets", (
        Shape("a StatefulSet's replica", None, (), app="db"),
        Shape("a successor under the same name", None, ("kubectl delete pod $POD",), app="db"),
    )),
    ("State", (
        Shape("a replica that is being deleted and still ready", "PodTerminating",
              ("kubectl annotate pod $POD plane.podcron.dev/grace=600",
               "kubectl delete pod $POD --wait=false"), until=is_terminating_and_ready),
        Shape("a replica that is being evicted by the API", "PodTerminating",
              ("kubectl annotate pod $POD plane.podcron.dev/grace=600",
               "echo '{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"'$POD'\"}}' "
               "| kubectl create --raw /api/v1/namespaces/default/pods/$POD/eviction -f -"),
              until=is_terminating_and_ready),
        Shape("a replica that is about to be preempted", "PodDisrupted",
              (condition_true("DisruptionTarget", "PreemptionByScheduler"),), until=is_disrupted_and_ready),
        Shape("a replica that its node has evicted", "PodCompleted",
              ("kubectl annotate pod $POD plane.podcron.dev/phase=Failed:Evicted",), until=has_ended),
        Shape("a replica that no node has taken", "PodPending",
              (variant("unscheduled", "a Deployment that fits no node",
                       nodeSelector={"example.com/none": "true"}),), until=is_pending),
        Shape("a replica whose image is not there", "PodPending",
              (variant("pull", "a Deployment whose image cannot be pulled", metadata={"annotations": {
                  "plane.podcron.dev/waiting": "ImagePullBackOff"}}),),
              until=waits("ImagePullBackOff")),
        Shape("a replica whose init container runs", "PodPending",
              (variant("init", "a Deployment with an init container that takes its time", initContainers=[
                  {"name": "migrate", "image": "shop:1", "command": ["sleep", "600"]}]),),
              until=is_pending),
        Shape("a replica in a crash loop", "ContainerNotRunning",
              (variant("crash", "a Deployment whose command fails", metadata={"annotations": {
                  "plane.podcron.dev/backoff": "3600"}}, containers=[
                      {"name": "app", "image": "shop:1", "command": ["false"]}]),),
              until=waits("CrashLoopBackOff")),
        Shape("a replica whose readiness probe fails", "ContainerNotReady",
              ("kubectl annotate pod $POD plane.podcron.dev/ready=false",), until=is_running_not_ready),
        Shape("a replica whose startup probe has not succeeded", "ContainerNotReady",
              (variant("startup", "a Deployment with a startup probe that fails", containers=[
                  {"name": "app", "image": "shop:1", "command": ["sleep", "600"],
                   "startupProbe": {"exec": {"command": ["false"]}, "failureThreshold": 1000}}]),),
              until=is_running_not_ready),
        Shape("a replica whose readiness gate nobody has opened", "PodNotReady",
              (variant("gated", "a Deployment with a readiness gate", readinessGates=[
                  {"conditionType": "example.com/in-load-balancer"}]),), until=is_running_not_ready),
        Shape("a replica whose readiness gate is open", None,
              (variant("opened", "a Deployment with a readiness gate", readinessGates=[
                  {"conditionType": "example.com/in-load-balancer"}]),
               condition_true("example.com/in-load-balancer", "Registered",
                              pod="$(kubectl get pod -l tier=opened -o name)"))),
        Shape("a replica that has just become ready", "NotAvailableYet",
              (twin_ready_for(40), variant("young", "a Deployment scaled up a moment ago")),
              target={"minReadySeconds": 40}),
    )),
    ("Sidecars", (
        Shape("a replica with a sidecar first and nothing that says which is the app", "ContainerAmbiguous",
              (variant("ambiguous", "a Deployment with two containers", containers=[
                  {"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": "shop:1"}]),)),
        Shape("a replica with a sidecar first and default-container", None,
              (variant("named", f"the same with the annotation `{DEFAULT_CONTAINER}`",
                       metadata={"annotations": {DEFAULT_CONTAINER: "app"}}, containers=[
                           {"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": "shop:1"}]),)),
        Shape("a replica whose default-container is not there", "ContainerNotFound",
              (variant("misnamed", "the same with a name that no container has",
                       metadata={"annotations": {DEFAULT_CONTAINER: "web"}}),)),
        Shape("a replica with a sidecar that is not ready", "PodNotReady",
              (variant("half", "the same with a sidecar that is not ready", metadata={"annotations": {
                  DEFAULT_CONTAINER: "app", "plane.podcron.dev/unready-containers": "proxy"}}, containers=[
                      {"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": "shop:1"}]),),
              until=is_running_not_ready),
        Shape("a replica with a native sidecar", None,
              (variant("native", "a Deployment with an init container of `restartPolicy: Always`",
                       initContainers=[{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]),)),
        Shape("a replica with a native sidecar that is not ready", "PodNotReady",
              (variant("native-half", "the same with a sidecar that is not ready", metadata={
                  "annotations": {"plane.podcron.dev/unready-containers": "proxy"}}, initContainers=[
                      {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]),),
              until=is_running_not_ready),
        Shape("a replica with Istio's sidecar injected first", None,
              (injected("istio", f"admission adds `istio-proxy` first and `{DEFAULT_CONTAINER}`",
                        sidecar_first("istio-proxy", "proxyv2:1") + annotated(DEFAULT_CONTAINER, "app")
                        + "]", has_container("istio-proxy", "proxyv2:1")),)),
        Shape("a replica with Linkerd's sidecar injected first", "ContainerAmbiguous",
              (injected("linkerd", "admission adds `linkerd-proxy` first and no annotation",
                        sidecar_first("linkerd-proxy", "proxy:2") + "]",
                        has_container("linkerd-proxy", "proxy:2")),)),
        Shape("a replica whose registry admission rewrites for all", None,
              (injected("mirrored", "admission makes `mirror.example/shop:1` of every `shop:1`",
                        '[JSONPatch{op: "replace", path: "/spec/containers/0/image", '
                        'value: "mirror.example/shop:1"}]',
                        has_container("app", "mirror.example/shop:1"), all_of_them=True),)),
    )),
    ("Development tools", (
        *dev_clones("DevSpace", "devspace.sh/replaced"),
        *dev_clones("Okteto", "interactive.dev.okteto.com"),
        Shape("a replica that Telepresence intercepts", "DevToolActive",
              ("kubectl label pod $POD telepresence.io/workloadEnabled=true",)),
        Shape("a replica whose container Telepresence replaces", "TemplateMismatch",
              (injected("replaced", "admission puts `alpine:latest` that sleeps in the app's place and adds "
                        "`traffic-agent`",
                        sidecar_first("traffic-agent", "tel2:2")
                        + ', JSONPatch{op: "replace", path: "/spec/containers/1/image", value: '
                        '"alpine:latest"}, JSONPatch{op: "add", path: "/spec/containers/1/args", '
                        'value: ["sleep", "infinity"]}]', has_container("app", "alpine:latest")),)),
        Shape("a replica whose container Telepresence takes away", "TemplateMismatch",
              (injected("removed", "admission puts `traffic-agent` in the app's place",
                        sidecar_first("traffic-agent", "tel2:2")
                        + ', JSONPatch{op: "remove", path: "/spec/containers/1"}]',
                        has_only("traffic-agent")),)),
        Shape("a replica of skaffold run", None, ("kubectl label pod $POD skaffold.dev/run-id=4711",)),
        Shape("a replica of skaffold debug", "DevToolActive",
              ("kubectl annotate pod $POD debug.cloud.google.com/config='{\"app\":{\"runtime\":\"go\"}}'",)),
        Shape("a replica that mirrord's operator has copied", "DevToolActive",
              ("kubectl label pod $POD operator.metalbear.co/owner=ann",)),
        Shape("an agent pod of mirrord", "NotLabelledServing",
              (job("a Job with the label `app=mirrord`", labels={"app": "mirrord"}),)),
    )),
)

SHAPES = tuple(shape for _, shapes in GROUPS for shape in shapes)

# What the plane cannot make -> why not, and what stands for it.
NOT_MADE = (
    ("`kubectl exec`, `attach` and `cp`, k9s, Lens", "they leave nothing in the pod's object, so there is "
     "no shape to refuse; the API server tells of them ([sessions](sessions.md))"),
    ("copies by kubectl 1.30 and before", "the plane's client is newer. Those clients take the labels away "
     "whatever the profile, so their copies are `NotLabelledServing`"),
    ("static pods from a node's own folder", "the plane's node has none; the object above has the same "
     "annotation and owner, and came through the API"),
    ("eviction by a node under pressure, preemption", "the plane has neither resources nor a scheduler; the "
     "same status is written instead"),
    ("pods of a node that is lost", "`Ready` is taken away from them after the node has stood still for 50 s, "
     "too long for a row; a pod that is not ready is above"),
    ("the tools and controllers themselves (DevSpace, Okteto, Telepresence, Skaffold, mirrord, Argo "
     "Rollouts, OpenKruise, Istio, Linkerd)", "they are not part of the plane; the objects above are what "
     "they make, by Deployments, labels and admission policies"),
)
