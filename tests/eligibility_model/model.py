"""The rules of the contract's section 4, said a second time: naively, over raw JSON, in the order of
the contract, sharing nothing with src/. Where this and src/ differ, one of them is wrong.

A world is a dict: job (a PodCronJob), serving (a LabelSelector or None), owner_kinds, now (Unix
seconds), busy and resting (UIDs of pods), objects ({uid: owner or ControllerRevision}), slices
(EndpointSlices), leases, pods.
"""

import calendar
import json
import re
import time

WATCHED = {"ReplicaSet", "StatefulSet", "DaemonSet", "Deployment"}
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
DEV_TOOL_KEYS = {"devspace.sh/replaced", "interactive.dev.okteto.com", "detached.dev.okteto.com",
                 "telepresence.io/workloadEnabled", "skaffold.dev/debug",
                 "debug.cloud.google.com/config", "operator.metalbear.co/owner"}


def labels(thing):
    return thing["metadata"].get("labels", {})


def annotations(thing):
    return thing["metadata"].get("annotations", {})


def selects(selector, of):
    for key, value in selector.get("matchLabels", {}).items():
        if of.get(key) != value:
            return False
    for each in selector.get("matchExpressions", []):
        value = of.get(each["key"])
        holds = {"In": value is not None and value in each.get("values", []),
                 "NotIn": value is None or value not in each.get("values", []),
                 "Exists": value is not None,
                 "DoesNotExist": value is None}[each["operator"]]
        if not holds:
            return False
    return True


def controller(thing):
    for owner in thing["metadata"].get("ownerReferences", []):
        if owner.get("controller"):
            return owner
    return None


def group(owner):
    return owner["apiVersion"].rpartition("/")[0]


def is_apps(owner, kinds):
    return group(owner) == "apps" and owner["kind"] in kinds


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def condition(pod, kind):
    for each in pod["status"].get("conditions", []):
        if each["type"] == kind:
            return each
    return {"status": "Unknown"}


def named(things, name):
    for each in things:
        if each["name"] == name:
            return each
    return None


class World:
    def __init__(self, world):
        self.job = world["job"]
        self.target = self.job["spec"]["podJobTemplate"]["spec"]["target"]
        self.serving = world["serving"]
        self.owner_kinds = world["owner_kinds"]
        self.now = world["now"]
        self.busy = world["busy"]
        self.resting = world["resting"]
        self.slices = world["slices"]
        self.leases = world["leases"]
        self.objects = world["objects"]
        self.pods = world["pods"]

    # ---- what is known of a pod's origin ----

    def declared(self):
        """The object that workloadRef names, if it is of a kind that podcron watches."""
        ref = self.target["workloadRef"]
        for each in self.objects.values():
            if each["kind"] == ref["kind"] and each["metadata"]["name"] == ref["name"]:
                return each
        return None

    def owner(self, pod):
        of = controller(pod)
        return self.objects.get(of["uid"]) if of else None

    def revisions(self, owner):
        return [each for each in self.objects.values() if each["kind"] == "ControllerRevision"
                and controller(each)["uid"] == owner["metadata"]["uid"]]

    def revision(self, pod, owner):
        wanted = labels(pod).get("controller-revision-hash")
        for each in self.revisions(owner):
            name = each["metadata"]["name"]
            if wanted and name in (wanted, owner["metadata"]["name"] + "-" + wanted):
                return each
        return None

    def template_holder(self, pod):
        owner = self.owner(pod)
        if owner and owner["kind"] in ("StatefulSet", "DaemonSet"):
            return self.revision(pod, owner) or owner
        return owner

    def template(self, pod):
        holder = self.template_holder(pod)
        if holder is None:
            return None
        spec = holder["data"]["spec"] if holder["kind"] == "ControllerRevision" else holder["spec"]
        return spec["template"]["spec"]["containers"]

    def workload(self, pod):
        """Whose revisions count; None where podcron knows of none."""
        owner = self.owner(pod)
        if owner is None:
            return None
        if owner["kind"] != "ReplicaSet":
            return owner
        above = controller(owner)
        return self.objects.get(above["uid"]) if above and is_apps(above, {"Deployment"}) else None

    def is_newest(self, pod):
        owner = self.owner(pod)
        if owner is None:
            return True
        mine = labels(pod).get("controller-revision-hash")
        if owner["kind"] == "StatefulSet":
            return bool(mine) and owner.get("status", {}).get("updateRevision") == mine
        if owner["kind"] == "DaemonSet":
            known = self.revisions(owner)
            return bool(known) and self.revision(pod, owner) is \
                max(known, key=lambda each: each["revision"])
        above = controller(owner)
        if not above or not is_apps(above, {"Deployment"}):
            return True
        deployment = self.objects.get(above["uid"])
        return deployment is not None and \
            without_hash(owner["spec"]["template"]) == without_hash(deployment["spec"]["template"])

    # ---- rules, each True when the pod passes ----

    def origin_matters(self, pod):
        return self.target.get("ownership", "Required") == "Required" and controller(pod) is not None

    def labelled_serving(self, pod):
        return self.serving is None or selects(self.serving, labels(pod))

    def selected(self, pod):
        names = self.target.get("podNames")
        if names and pod["metadata"]["name"] not in names:
            return False
        selector = self.target.get("selector")
        if not selector:
            declared = self.declared()
            if declared is None:
                return False
            selector = declared["spec"]["selector"]
        return selects(selector, labels(pod))

    def not_opted_out(self, pod):
        return annotations(pod).get("podcron.dev/exclude", "false") == "false"

    def owned(self, pod):
        return self.target.get("ownership", "Required") == "Optional" or controller(pod) is not None

    def owner_kind(self, pod):
        return not self.origin_matters(pod) or controller(pod)["kind"] in self.owner_kinds

    def owner_chain(self, pod):
        if not self.origin_matters(pod) or "workloadRef" not in self.target:
            return True
        ref = self.target["workloadRef"]
        owner = self.owner(pod)
        chain = [controller(pod)] + ([controller(owner)] if owner and controller(owner) else [])
        if ref["apiGroup"] == "apps" and ref["kind"] in WATCHED:
            declared = self.declared()
            return declared is not None and \
                declared["metadata"]["uid"] in [each["uid"] for each in chain]
        return any((group(each), each["kind"], each["name"])
                   == (ref["apiGroup"], ref["kind"], ref["name"]) for each in chain)

    def made_by_owner(self, pod):
        return not self.origin_matters(pod) or is_made_by(controller(pod), pod)

    def like_template(self, pod):
        if not self.origin_matters(pod):
            return True
        template = self.template(pod)
        if template is None:
            return not is_apps(controller(pod), WATCHED)
        seen = self.same_but_images(pod, template)
        if seen is None:
            return False
        if seen == [each["image"] for each in template]:
            return True
        names = [image_name(each) for each in seen]
        if names != [image_name(each["image"]) for each in template]:
            return False
        # A registry that is rewritten is rewritten for every pod of the template.
        holder = self.template_holder(pod)["metadata"]["uid"]
        siblings = [each for each in self.pods
                    if self.template_holder(each) and controller(each)
                    and self.template_holder(each)["metadata"]["uid"] == holder
                    and is_made_by(controller(each), each)]
        shown = [self.same_but_images(each, template) for each in siblings]
        shown = [each for each in shown if each is not None
                 and [image_name(i) for i in each] == names]
        return bool(shown) and all(each == seen for each in shown)

    def same_but_images(self, pod, template):
        """The images of the template's containers as the pod has them; None: it runs others."""
        images = []
        for wanted in template:
            got = named(pod["spec"]["containers"], wanted["name"])
            if got is None:
                return None
            for field in ("command", "args"):
                if got.get(field, []) != wanted.get(field, []):
                    return None
            images.append(got["image"])
        return images

    def container(self, pod):
        """The target container; "none" or "several" when there is not one."""
        containers = pod["spec"]["containers"]
        name = self.target.get("container") or \
            annotations(pod).get("kubectl.kubernetes.io/default-container")
        if name:
            return named(containers, name) or "none"
        if not containers:
            return "none"
        return containers[0] if len(containers) == 1 else "several"

    def not_interactive(self, pod):
        chosen = self.container(pod)
        if isinstance(chosen, str):
            return True
        template = None
        if self.target.get("ownership", "Required") == "Required":
            template = self.template(pod)
        allowed = named(template or [], chosen["name"]) or {}
        return all(allowed.get(field, False) or not chosen.get(field, False)
                   for field in ("stdin", "tty"))

    def no_dev_tool(self, pod):
        for marks in (labels(pod), annotations(pod)):
            if any(key in DEV_TOOL_KEYS and value != "false" for key, value in marks.items()):
                return False
            if marks.get("app") == "mirrord":
                return False
        return True

    def revision_allowed(self, pod, renewed):
        wanted = self.target.get("revision", "PreferLatest")
        if wanted == "Any" or self.is_newest(pod):
            return True
        if wanted == "Latest":
            return False
        workload = self.workload(pod)
        return workload is None or workload["metadata"]["uid"] not in renewed

    def not_terminating(self, pod):
        return "deletionTimestamp" not in pod["metadata"]

    def not_disrupted(self, pod):
        return condition(pod, "DisruptionTarget")["status"] != "True"

    def not_completed(self, pod):
        return pod["status"].get("phase") not in ("Succeeded", "Failed")

    def not_pending(self, pod):
        return pod["status"].get("phase") in ("Running", "Succeeded", "Failed")

    def container_found(self, pod):
        return self.container(pod) != "none"

    def container_unambiguous(self, pod):
        return self.container(pod) != "several"

    def container_status(self, pod):
        chosen = self.container(pod)
        if isinstance(chosen, str):
            return None
        return named(pod["status"].get("containerStatuses", []), chosen["name"]) or {}

    def container_running(self, pod):
        status = self.container_status(pod)
        return status is None or ("running" in status.get("state", {})
                                  and bool(status.get("containerID")))

    def container_ready(self, pod):
        status = self.container_status(pod)
        return status is None or (status.get("ready", False) and status != {}
                                  and status.get("started", True))

    def ready(self, pod):
        return condition(pod, "Ready")["status"] == "True"

    def available(self, pod):
        wanted = self.target.get("minReadySeconds", 0)
        if wanted == 0:
            return True
        found = condition(pod, "Ready")
        return found["status"] == "True" and "lastTransitionTime" in found and \
            seconds(found["lastTransitionTime"]) + wanted <= self.now

    def endpoints(self, pod):
        """The entries of its Service that name the pod; None: no Service is asked for."""
        service = self.target.get("serviceName")
        if not service:
            return None
        return [entry for each in self.slices
                if labels(each).get("kubernetes.io/service-name") == service
                for entry in each["endpoints"]
                if entry.get("targetRef", {}).get("kind") == "Pod"
                and entry["targetRef"].get("uid") == pod["metadata"]["uid"]]

    def in_service(self, pod):
        return self.endpoints(pod) != []

    def endpoint_serving(self, pod):
        return not self.endpoints(pod) or any(
            entry.get("conditions", {}).get("serving", True)
            and not entry.get("conditions", {}).get("terminating", False)
            for entry in self.endpoints(pod))

    def left_alone(self, pod):
        sessions = self.target.get("interactiveSessions", {})
        counted = {"StdinOrTTY": ["tty"], "AnyExec": ["tty", "exec"],
                   "None": []}[sessions.get("exclude", "StdinOrTTY")]
        names = [f"{pod['metadata']['uid']}-{kind}" for kind in counted]
        ends = [micros(lease["spec"]["renewTime"]) + sessions.get("cooldownSeconds", 3600)
                for lease in self.leases if lease["metadata"]["name"] in names]
        return all(end <= self.now for end in ends)

    def rested(self, pod):
        return pod["metadata"]["uid"] not in self.resting

    def no_ephemeral(self, pod):
        statuses = pod["status"].get("ephemeralContainerStatuses", [])
        ended = {each["name"] for each in statuses if "terminated" in each.get("state", {})}
        there = {each["name"] for each in statuses}
        there |= {each["name"] for each in pod["spec"].get("ephemeralContainers", [])}
        return there <= ended

    def not_busy(self, pod):
        return pod["metadata"]["uid"] not in self.busy

    def failing(self, pod, renewed=()):
        return [reason for reason, passes in RULES
                if not (passes(self, pod, renewed) if reason == "RevisionExcluded"
                        else passes(self, pod))]

    def verdicts(self):
        """The failing rules of each pod, in order."""
        found = [self.failing(pod) for pod in self.pods]
        if self.target.get("revision", "PreferLatest") != "PreferLatest":
            return found
        # Whether an older pod counts depends on which of the newest revision are eligible.
        renewed = {self.workload(pod)["metadata"]["uid"]
                   for pod, failing in zip(self.pods, found)
                   if not failing and self.workload(pod) and self.is_newest(pod)}
        return [self.failing(pod, renewed) for pod in self.pods]


def micros(text):
    """A MicroTime, with what is left of its last second counted as a whole one."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return seconds(whole + "Z") + (1 if int(rest[:3] or 0) else 0)


def without_hash(template):
    copy = json.loads(json.dumps(template))
    copy["metadata"]["labels"].pop("pod-template-hash", None)
    return copy


def image_name(reference):
    return re.sub(r"[@:].*", "", reference.split("@")[0].split("/")[-1])


def is_made_by(owner, pod):
    prefix = owner["name"] + "-"
    if len(owner["name"]) >= 253:
        prefix = owner["name"]
    if pod["metadata"].get("generateName") != prefix:
        return False
    name = pod["metadata"]["name"]
    if owner["kind"] == "StatefulSet":
        return re.fullmatch(re.escape(prefix) + r"(0|[1-9][0-9]{0,9})", name) is not None
    return re.fullmatch(re.escape(prefix[:58]) + f"[{ALPHABET}]{{5}}", name) is not None


# In the contract's order.
RULES = [
    ("NotLabelledServing", World.labelled_serving),
    ("SelectorMismatch", World.selected),
    ("OptedOut", World.not_opted_out),
    ("NotOwnedByWorkload", World.owned),
    ("OwnerKindNotAllowed", World.owner_kind),
    ("OwnerMismatch", World.owner_chain),
    ("AdoptedPod", World.made_by_owner),
    ("TemplateMismatch", World.like_template),
    ("InteractiveContainer", World.not_interactive),
    ("DevToolActive", World.no_dev_tool),
    ("RevisionExcluded", World.revision_allowed),
    ("PodTerminating", World.not_terminating),
    ("PodDisrupted", World.not_disrupted),
    ("PodCompleted", World.not_completed),
    ("PodPending", World.not_pending),
    ("ContainerNotFound", World.container_found),
    ("ContainerAmbiguous", World.container_unambiguous),
    ("ContainerNotRunning", World.container_running),
    ("ContainerNotReady", World.container_ready),
    ("PodNotReady", World.ready),
    ("NotAvailableYet", World.available),
    ("NotInService", World.in_service),
    ("EndpointNotServing", World.endpoint_serving),
    ("EphemeralContainerRunning", World.no_ephemeral),
    ("InteractiveSession", World.left_alone),
    ("PodBusy", World.not_busy),
    ("RecentlyFailed", World.rested),
]
