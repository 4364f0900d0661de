"""The steps by which the pods of pod_shapes.py are made: lines for a shell with the real client in it,
and, where a manifest says it better, objects that are applied. See shape_workshop.py."""

import datetime

from cluster_case import deployment, is_ready, wait_for
from shape_workshop import SECONDS_MAX, Step

SERVING = {"podcron.dev/serving": "true"}
LABELS = "app=shop,podcron.dev/serving=true"
DEBUG = "kubectl debug $POD --copy-to=$COPY"
OF_JOB = "batch.kubernetes.io/job-name"


# ---- lines ----

def by_hand(name, metadata="", container=""):
    """A copy of the replica's manifest by the client alone, with more fields of metadata or container."""
    patch = '"metadata":{"name":"\'' + name + '\'","resourceVersion":null' + (metadata and "," + metadata) + "}"
    if container:
        patch += ',"spec":{"containers":[{"name":"app",' + container + "}]}"
    return ("kubectl get pod $POD -o json | kubectl patch --local -f - -o json -p '{" + patch
            + "}' | kubectl create -f -")


def condition_true(name, reason, pod="pod $POD"):
    """Written into the status, as its own controller does."""
    return (f"kubectl patch {pod} --subresource=status -p '"
            '{"status":{"conditions":[{"type":"' + name + '","status":"True","reason":"' + reason
            + "\",\"lastTransitionTime\":\"'$(date -u +%FT%TZ)'\"}]}}'")


# ---- the pod that a line has made ----

def pod_of(selector, node=None):
    """Nobody could name it before."""
    def make(workshop):
        return workshop.wait_pods(
            selector.replace("$COPY", workshop.copy),
            until=lambda pod: node in (None, pod["spec"].get("nodeName")))[0]
    return Step("", make)


def open_shell(line):
    def make(workshop):
        workshop.open_shell(line)
        return workshop.copy
    return Step(f"`{line}`, left open", make)


def twin_ready_for(seconds):
    """So that it passes `minReadySeconds`."""
    def since(pod):
        return next(datetime.datetime.fromisoformat(c["lastTransitionTime"].replace("Z", "+00:00"))
                    for c in pod["status"]["conditions"] if c["type"] == "Ready")

    def make(workshop):
        ready = since(workshop.get(workshop.twin))
        wait_for("the twin's age", lambda: (
            datetime.datetime.now(datetime.timezone.utc) - ready).total_seconds() > seconds, 2 * seconds)
    return Step("", make)


# ---- workloads beside the app ----

def variant(tier, text, labels=None, metadata=None, **pod_spec):
    """A Deployment of one pod with the app's labels, and one label more: `tier`."""
    def make(workshop):
        made = deployment(f"shop-{tier}", 1,
                          labels={"app": "shop", "tier": tier, **SERVING, **(labels or {})})
        made["spec"]["selector"]["matchLabels"]["tier"] = tier
        made["spec"]["template"]["metadata"].update(metadata or {})
        made["spec"]["template"]["spec"].update(pod_spec)
        workshop.plane.apply(made)
        return workshop.wait_pods(f"app=shop,tier={tier}", until=lambda pod: True)[0]
    return Step(text, make)


def dev_clone(tool, label, text):
    """What the tool makes beside the workload: its labels, its own container, nothing that probes it."""
    return variant(tool, text, labels={label: "true"}, containers=[
        {"name": "app", "image": "dev:1", "command": ["sleep", "infinity"]}])


def canary():
    return variant("canary", "a second Deployment with the app's labels, `track=canary` and a new image",
                   labels={"track": "canary"}, containers=[{"name": "app", "image": "shop:2"}])


def job_template(labels=None, command=None):
    container = {"name": "app", "image": "shop:1", **({"command": command} if command else {})}
    return {"template": {"metadata": {"labels": labels or {"app": "shop", **SERVING}},
                         "spec": {"restartPolicy": "Never", "containers": [container]}}}


def job(text="a Job whose template has the app's labels", **template):
    def make(workshop):
        workshop.plane.apply({"apiVersion": "batch/v1", "kind": "Job",
                              "metadata": {"name": workshop.copy}, "spec": job_template(**template)})
        return workshop.wait_pods(f"{OF_JOB}={workshop.copy}", until=lambda pod: True)[0]
    return Step(text, make)


def cron_job():
    """One that nothing but `kubectl create job --from` starts."""
    def make(workshop):
        workshop.plane.apply({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report"},
            "spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job_template()}}})
    return Step("a CronJob whose template has the app's labels", make)


def daemon_set():
    def make(workshop):
        made = deployment("agent", 1, labels={"app": "shop", "tier": "agent", **SERVING})
        made["kind"] = "DaemonSet"
        made["spec"]["selector"]["matchLabels"] = {"tier": "agent"}
        del made["spec"]["replicas"]
        workshop.plane.apply(made)
        return workshop.wait_pods("tier=agent")[0]
    return Step("a DaemonSet whose template has the app's labels", make)


def replication_controller():
    def make(workshop):
        made = deployment("old", 1, labels={"app": "shop", "tier": "old", **SERVING})
        made.update(apiVersion="v1", kind="ReplicationController")
        made["spec"]["selector"] = {"tier": "old"}
        workshop.plane.apply(made)
        return workshop.wait_pods("tier=old")[0]
    return Step("a ReplicationController whose template has the app's labels", make)


# ---- pods and owners that nothing on this plane makes by itself ----

def owned_by(workshop, kind, resource, api_version, name):
    """The `controller: true` reference to an object that is there."""
    owner = workshop.plane.get(resource, name)
    return [{"apiVersion": api_version, "kind": kind, "name": name, "controller": True,
             "uid": owner["metadata"]["uid"]}]


def applied_pod(workshop, spec=None, **metadata):
    workshop.plane.apply({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": workshop.copy, "labels": {"app": "shop", **SERVING}, **metadata},
        "spec": {"containers": [{"name": "app", "image": "shop:1"}], **(spec or {})}})
    return workshop.copy


def static_pod(owned):
    def make(workshop):
        metadata = {"annotations": {"kubernetes.io/config.mirror": "1",
                                    "kubernetes.io/config.source": "file"}}
        if owned:
            metadata["ownerReferences"] = owned_by(workshop, "Node", "node", "v1", "plane-node-0")
        return applied_pod(workshop, {"nodeName": "plane-node-0"}, **metadata)
    return Step("a pod with the annotation `kubernetes.io/config.mirror`"
                + (" and the Node as its owner" if owned else ""), make)


def foreign_owner(workshop, kind, group, name):
    """An object of somebody's CRD, with as much of the CRD as an owner reference needs."""
    plural = kind.lower() + "s"
    workshop.plane.apply({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced",
                 "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                 "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {
                     "openAPIV3Schema": {"type": "object",
                                         "x-kubernetes-preserve-unknown-fields": True}}}]}})
    workshop.plane.kubectl("wait", "--for=condition=Established", f"crd/{plural}.{group}")
    workshop.plane.apply({"apiVersion": f"{group}/v1alpha1", "kind": kind, "metadata": {"name": name}})
    return owned_by(workshop, kind, f"{plural}.{group}", f"{group}/v1alpha1", name)


def clone_set_pod():
    def make(workshop):
        owner = foreign_owner(workshop, "CloneSet", "apps.kruise.io", "clones")
        return applied_pod(workshop, generateName="clones-", ownerReferences=owner)
    return Step("a pod whose owner is a CloneSet of OpenKruise", make)


def argo_replica_set():
    """The ReplicaSet as Argo Rollouts' controller makes it; its pods are the real controller's."""
    def make(workshop):
        made = deployment("argo-6d5f", 2, labels={"app": "argo", "rollouts-pod-template-hash": "6d5f",
                                                  **SERVING})
        made["kind"] = "ReplicaSet"
        made["metadata"]["ownerReferences"] = foreign_owner(workshop, "Rollout", "argoproj.io", "argo")
        workshop.plane.apply(made)
        return workshop.use_app("argo")
    return Step("a ReplicaSet that a Rollout of Argo owns", make)


def rollout(name, judged, slow=False):
    """A new image on its way: it stays halfway, because nothing is ever available."""
    def make(workshop):
        made = deployment(name, 2)
        made["spec"]["minReadySeconds"] = 300
        workshop.plane.apply(made)
        old = workshop.wait_pods(f"app={name}", 2)
        made["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:2"
        if slow:
            made["spec"]["template"]["metadata"]["annotations"] = {"plane.podcron.dev/start-delay": "3600"}
        workshop.plane.apply(made)
        new = workshop.wait_pods(f"app={name}", until=lambda pod: (slow or is_ready(pod))
                                 and pod["spec"]["containers"][0]["image"] == "shop:2")
        workshop.app = name
        # What is eligible beside it: the other revision, or another old one.
        workshop.twin = new[0] if judged == "old" and not slow else old[1]
        return old[0] if judged == "old" else new[0]
    return Step(f"`kubectl set image deployment/{name} app=shop:2`"
                + (", the new pods slow to start" if slow else ""), make)


# ---- admission ----

def sidecar_first(name, image):
    return ('[JSONPatch{op: "add", path: "/spec/containers/0", '
            'value: Object.spec.containers{name: "' + name + '", image: "' + image + '"}}')


def annotated(key, value):
    return (', JSONPatch{op: "add", path: "/metadata/annotations", value: {"' + key + '": "'
            + value + '"}}')


def admission_policy(app, expression):
    """Changes pods of `app` when they are created, as an injecting webhook would."""
    kind = {"apiVersion": "admissionregistration.k8s.io/v1"}
    return [
        {**kind, "kind": "MutatingAdmissionPolicy", "metadata": {"name": app},
         "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
                  "matchConstraints": {
                      "objectSelector": {"matchLabels": {"app": app}},
                      "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                                         "operations": ["CREATE"], "resources": ["pods"]}]},
                  "mutations": [{"patchType": "JSONPatch",
                                 "jsonPatch": {"expression": expression}}]}},
        {**kind, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": app},
         "spec": {"policyName": app}}]


def injected(app, text, expression, is_changed, all_of_them=False):
    """An app of two replicas, of which admission has changed one, or both."""
    def make(workshop):
        workshop.plane.apply(deployment(app, 2))
        twins = workshop.wait_pods(f"app={app}", 2)[:0 if all_of_them else 1]
        workshop.plane.apply(*admission_policy(app, expression))

        def changed():
            # The API server takes a moment to know a policy; until then replicas come unchanged.
            pods = set(workshop.wait_pods(f"app={app}", 2)) - set(twins)
            found = sorted(pod for pod in pods if is_changed(workshop.get(pod)))
            for pod in pods - set(found):
                workshop.plane.kubectl("delete", "pod", pod)
            return found if len(found) + len(twins) == 2 else None
        found = wait_for(f"replicas of {app} that admission has changed", changed, SECONDS_MAX)
        workshop.app, workshop.twin = app, (twins or found)[-1]
        return found[0]
    return Step(text, make)
