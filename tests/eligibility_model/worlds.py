"""Worlds drawn from a seed: workloads of every kind, replicas of theirs, and replicas that were
changed, copied, adopted, intercepted or that do not serve, as the API server would show them."""

import copy
import time

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
NOW = 1_772_971_200
IMAGES = ["shop:1", "shop:2", "registry.example:5000/team/shop:1", "busybox", "alpine:latest",
          "mirror.example/shop:1", "shop@sha256:" + "0a" * 32, "team/worker:1"]
COMMANDS = [["bin/shop", "start"], ["sh"], ["sleep", "infinity"], ["bin/shop"], []]
SERVINGS = [
    ("podcron.dev/serving=true", {"matchLabels": {"podcron.dev/serving": "true"}}),
    ("podcron.dev/serving=true,!canary", {"matchLabels": {"podcron.dev/serving": "true"},
     "matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]}),
    ("statefulset.kubernetes.io/pod-name notin (db-0)", {"matchExpressions": [
        {"key": "statefulset.kubernetes.io/pod-name", "operator": "NotIn", "values": ["db-0"]}]}),
    ("", None),
]
MARKS = [("devspace.sh/replaced", "true"), ("interactive.dev.okteto.com", "shop"),
         ("detached.dev.okteto.com", "shop"), ("telepresence.io/workloadEnabled", "true"),
         ("telepresence.io/workloadEnabled", "false"), ("skaffold.dev/debug", ""),
         ("skaffold.dev/run-id", "x"), ("debug.cloud.google.com/config", "{}"),
         ("operator.metalbear.co/owner", "7"), ("app", "mirrord")]


def at(instant):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant))


class Generator:
    def __init__(self, random):
        self.random = random
        self.count = 0

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def uid(self):
        self.count += 1
        return f"{self.count:08x}-0000-4000-8000-{self.random.getrandbits(48):012x}"

    def suffix(self, size=5):
        return "".join(self.random.choices(ALPHABET, k=size))

    def meta(self, name, **fields):
        uid = self.uid()
        return {"name": name, "namespace": "shop", "uid": uid,
                "resourceVersion": str(self.count), **fields}

    def owner_of(self, thing, api="apps/v1"):
        return [{"apiVersion": api, "kind": thing["kind"], "name": thing["metadata"]["name"],
                 "uid": thing["metadata"]["uid"], "controller": True}]

    # ---- workloads ----

    def container(self, name):
        made = {"name": name, "image": self.random.choice(IMAGES)}
        for field, percent in (("command", 30), ("args", 20)):
            if self.chance(percent):
                made[field] = self.random.choice(COMMANDS)
        for field in ("stdin", "tty"):
            if self.chance(8):
                made[field] = True
        return made

    def template(self, app):
        names = ["app"] if self.chance(70) else self.random.sample(["app", "worker", "proxy"], 2)
        marks = {"app": app, "podcron.dev/serving": "true"}
        return {"metadata": {"labels": marks},
                "spec": {"containers": [self.container(name) for name in names]}}

    def revised(self, template):
        new = copy.deepcopy(template)
        kind = self.random.randrange(3)
        if kind == 0:
            new["metadata"].setdefault("annotations", {})["restartedAt"] = str(self.count)
        elif kind == 1:
            new["spec"]["containers"][0]["image"] = self.random.choice(IMAGES)
        else:
            new["spec"]["containers"][0]["args"] = ["--revision", str(self.count)]
        self.count += 1
        return new

    def workload(self, kind, name, template, **meta):
        return {"kind": kind, "metadata": self.meta(name, **meta),
                "spec": {"selector": {"matchLabels": {"app": template["metadata"]["labels"]["app"]}},
                         "template": template}}

    def deployment(self, name, app, objects, sources):
        """A Deployment, or a kind that is not watched, with a ReplicaSet for each revision."""
        template = self.template(app)
        templates = [template]
        while self.chance(40):
            templates.append(self.revised(templates[-1]))
        kind, api = ("Deployment", "apps/v1") if self.chance(85) else ("Rollout", "argoproj.io/v1")
        above = self.workload(kind, name, templates[-1])
        if kind == "Deployment" and self.chance(97):
            objects.append(above)
        for each in templates[-1:] if self.chance(5) else templates:
            mark = self.suffix(4)
            own = copy.deepcopy(each)
            own["metadata"]["labels"]["pod-template-hash"] = mark
            made = self.workload("ReplicaSet", f"{name}-{mark}", own)
            if self.chance(95):
                made["metadata"]["ownerReferences"] = self.owner_of(above, api)
            if self.chance(97):
                objects.append(made)
            sources.append((made, "apps/v1", own, {}))
        if self.chance(10):  # edited, and the controller has not seen it yet
            above["spec"]["template"] = self.revised(templates[-1])
        return kind, api.split("/")[0], name

    def revised_in_place(self, kind, name, app, objects, sources):
        """A StatefulSet or DaemonSet with its ControllerRevisions."""
        template = self.template(app)
        made = self.workload(kind, name, template)
        known = self.chance(97)
        number = self.random.randrange(1, 5)
        for index in range(self.random.randrange(1, 4)):
            if index:
                template = self.revised(template)
            mark = self.suffix(6)
            revision = {"kind": "ControllerRevision", "revision": number + index,
                        "metadata": self.meta(f"{name}-{mark}",
                                              ownerReferences=self.owner_of(made)),
                        "data": {"spec": {"template": {**template, "$patch": "replace"}}}}
            if self.chance(93):
                objects.append(revision)
            label = f"{name}-{mark}" if kind == "StatefulSet" else mark
            sources.append((made, "apps/v1", template,
                            {"controller-revision-hash": label} if self.chance(97) else {}))
            made["spec"]["template"] = template
            if kind == "StatefulSet" and self.chance(80):
                made["status"] = {"updateRevision": label}
        if known:
            objects.append(made)
        return kind, "apps", name

    def other_kind(self, kind, name, app, objects, sources):
        template = self.template(app)
        api = {"Job": "batch/v1", "CloneSet": "apps.kruise.io/v1", "Node": "v1"}[kind]
        sources.append((self.workload(kind, name, template), api, template, {}))
        return kind, api.rpartition("/")[0], name

    # ---- pods ----

    def pod_name(self, kind, prefix):
        if kind == "StatefulSet":
            return prefix + str(self.random.randrange(12))
        return prefix[:58] + self.suffix()

    def pod(self, source):
        owner, api, template, marks = source
        kind, name = owner["kind"], owner["metadata"]["name"]
        prefix = name + "-"
        meta = self.meta(self.pod_name(kind, prefix), generateName=prefix,
                         labels={**template["metadata"]["labels"], **marks},
                         ownerReferences=self.owner_of(owner, api))
        if kind == "StatefulSet":
            meta["labels"]["statefulset.kubernetes.io/pod-name"] = meta["name"]
        containers = copy.deepcopy(template["spec"]["containers"])
        return {"metadata": meta, "spec": {"containers": containers, "nodeName": "node-1"},
                "status": {"phase": "Running", "conditions": [self.condition("Ready", True, 3600)],
                           "containerStatuses": [self.status(each["name"]) for each in containers]}}

    def condition(self, kind, holds, age):
        return {"type": kind, "status": "True" if holds else "False",
                "lastTransitionTime": at(NOW - age)}

    def status(self, name):
        return {"name": name, "ready": True, "started": True, "containerID": "containerd://" + "a" * 64,
                "state": {"running": {"startedAt": at(NOW - 4000)}}}

    def changed(self, pod):
        self.random.choice(CHANGES)(self, pod)

    def change_labels(self, pod):
        labels = pod["metadata"]["labels"]
        if not labels:
            return
        key = self.random.choice(sorted(labels))
        if self.chance(50):
            del labels[key]
        else:
            labels[key] = self.random.choice(["cart", "true", "false", "db-0"])

    def change_annotations(self, pod):
        key, value = self.random.choice([
            ("podcron.dev/exclude", "true"), ("podcron.dev/exclude", "false"),
            ("podcron.dev/exclude", ""), ("kubectl.kubernetes.io/default-container", "app"),
            ("kubectl.kubernetes.io/default-container", "proxy"), *MARKS])
        pod["metadata"].setdefault("annotations", {})[key] = value

    def change_marks(self, pod):
        key, value = self.random.choice(MARKS + [("canary", "true")])
        pod["metadata"]["labels"][key] = value

    def change_owner(self, pod):
        kind = self.random.randrange(5)
        owners = pod["metadata"].get("ownerReferences")
        if owners is None:
            return
        if kind == 0:
            del pod["metadata"]["ownerReferences"]
        elif kind == 1:
            owners[-1]["controller"] = False
        elif kind == 2:
            owners[-1]["uid"] = self.random.choice([self.uid(), "no UUID"])
        elif kind == 3:
            owners[-1]["kind"] = self.random.choice(["Job", "Node", "CloneSet", "StatefulSet"])
        else:
            owners.insert(0, {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": self.uid()})

    def change_name(self, pod):
        meta = pod["metadata"]
        kind = self.random.randrange(5)
        if kind == 0:
            meta.pop("generateName", None)
        elif kind == 1:
            meta["generateName"] = meta.get("generateName", "") + "-"
        elif kind == 2:
            meta["name"] = meta.get("generateName", "x-") + self.random.choice(
                ["copy", "bcdfa", "BCDFG", "00", "01", "7", "12345678901", "bcdfgh", "bcdfg-"])
        elif kind == 3:
            meta["name"] += self.random.choice(["b", "-", "1"])
        else:
            meta["name"] = "shop-debug" + self.suffix()
        meta["name"] = meta["name"] or "x"

    def change_container(self, pod):
        containers = pod["spec"]["containers"]
        if not containers:
            return
        each = self.random.choice(containers)
        kind = self.random.randrange(7)
        if kind == 0:
            each["image"] = self.random.choice(IMAGES)
        elif kind == 1:
            each[self.random.choice(["command", "args"])] = self.random.choice(COMMANDS)
        elif kind == 2:
            each[self.random.choice(["stdin", "tty"])] = True
        elif kind == 3:
            containers.remove(each)
        elif kind == 4:
            containers.insert(self.random.randrange(2), {"name": "traffic-agent", "image": "tel2:2"})
        elif kind == 5:
            each["image"] = "mirror.example/" + each["image"]
        else:
            each["name"] = self.random.choice(["app", "debugger"]) \
                if len(containers) == 1 else each["name"]

    def change_state(self, pod):
        status, meta = pod["status"], pod["metadata"]
        kind = self.random.randrange(6)
        if kind == 0:
            meta["deletionTimestamp"] = at(NOW)
        elif kind == 1:
            # One condition a type, as the API server has it.
            status["conditions"] = [each for each in status["conditions"] if each.get("type") == "Ready"]
            status["conditions"].append(self.condition("DisruptionTarget", self.chance(70), 1))
        elif kind == 2:
            status["phase"] = self.random.choice(["Pending", "Succeeded", "Failed", "Unknown", "New"])
        elif kind == 3:
            status["conditions"] = [self.condition("Ready", False, 10)]
        elif kind == 4:
            status["conditions"] = [self.condition("Ready", True, self.random.choice([0, 59, 60, 61]))]
        else:
            without = self.random.choice(["conditions", "phase", "lastTransitionTime"])
            status.pop(without, None)
            for each in status.setdefault("conditions", []):
                each.pop(without, None)

    def change_status(self, pod):
        statuses = pod["status"]["containerStatuses"]
        if not statuses:
            return
        each = self.random.choice(statuses)
        kind = self.random.randrange(6)
        if kind == 0:
            each["state"] = self.random.choice([{}, {"waiting": {"reason": "CrashLoopBackOff"}},
                                                {"terminated": {"exitCode": 1}}])
        elif kind == 1:
            each["ready"] = False
        elif kind == 2:
            each["started"] = False
        elif kind == 3:
            each.pop(self.random.choice(["started", "ready", "containerID", "state"]), None)
        elif kind == 4:
            statuses.remove(each)
        else:
            each["containerID"] = self.random.choice(["", "docker://short", "cri-o://" + "b" * 64])

    def change_ephemeral(self, pod):
        name = self.random.choice(["debugger-x", "mirrord-agent-y"])
        pod["spec"].setdefault("ephemeralContainers", []).append(
            {"name": name, "image": "busybox", "targetContainerName": "app", "stdin": True})
        state = self.random.choice([None, {"running": {}}, {"waiting": {}}, {"terminated": {}}])
        if state is not None:
            pod["status"].setdefault("ephemeralContainerStatuses", []).append(
                {"name": name, "state": state})

    # ---- the whole world ----

    def target(self, workloads):
        target = {"selector": {"matchLabels": {"app": "shop"}}}
        if self.chance(8):
            target["selector"] = {"matchExpressions": [
                {"key": "app", "operator": "In", "values": ["shop", "cart"]},
                {"key": self.random.choice(["canary", "statefulset.kubernetes.io/pod-name", "app"]),
                 "operator": self.random.choice(["Exists", "DoesNotExist"])}]}
        if self.chance(25):
            kind, group, name = self.random.choice(workloads)
            target["workloadRef"] = {"apiGroup": group, "kind": kind, "name": name}
            if self.chance(10):
                target["workloadRef"]["name"] = "gone"
            if self.chance(40):
                del target["selector"]
        if self.chance(15):
            target["container"] = self.random.choice(["app", "worker", "none"])
        if self.chance(20):
            target["minReadySeconds"] = 60
        if self.chance(60):
            target["revision"] = self.random.choice(["Any", "Latest", "PreferLatest"])
        if self.chance(30):
            target["serviceName"] = self.random.choice(["web", "web", "web", "none"])
        if self.chance(40):
            target["interactiveSessions"] = {
                "exclude": self.random.choice(["StdinOrTTY", "AnyExec", "None"]),
                "cooldownSeconds": self.random.choice([0, 60, 3600])}
        if self.chance(12):
            target["ownership"] = self.random.choice(["Optional", "Required"])
        return target

    def endpoint(self, pod):
        entry = {"addresses": ["10.0.0.1"], "conditions": {},
                 "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod["metadata"]["name"],
                               "uid": pod["metadata"]["uid"]}}
        conditions = entry["conditions"]
        if self.chance(70):
            conditions["ready"] = self.chance(60)
        if self.chance(70):
            conditions["serving"] = self.chance(75)
        if self.chance(50):
            conditions["terminating"] = self.chance(15)
        kind = self.random.randrange(40)
        if kind == 0:
            del entry["targetRef"]
        elif kind == 1:
            entry["targetRef"]["kind"] = "Node"
        elif kind == 2:
            entry["targetRef"]["uid"] = self.random.choice(["", "x", self.uid()])
        elif kind == 3:
            del entry["targetRef"]["uid"]
        return entry

    def slices(self, pods):
        made = []
        for _ in range(self.random.randrange(4)):
            meta = self.meta("web-" + self.suffix(), labels={
                "kubernetes.io/service-name": self.random.choice(["web", "web", "api"])})
            if self.chance(5):
                del meta["labels"]
            made.append({"metadata": meta, "addressType": "IPv4",
                         "endpoints": [self.endpoint(pod) for pod in pods if self.chance(70)]})
        return made

    def leases(self, pods):
        """Of sessions in some pods, and others that only look alike."""
        made = []
        for pod in pods:
            for kind in ("tty", "exec", "-tty", "ttys"):
                if not self.chance(10):
                    continue
                instant = NOW - self.random.choice([-1, 0, 1, 59, 60, 61, 3599, 3600, 3601, 9000])
                part = self.random.choice(["000000", "000001", "999000", "500000"])
                made.append({"metadata": self.meta(f"{pod['metadata']['uid']}-{kind}"),
                             "spec": {"holderIdentity": "alice",
                                      "renewTime": at(instant)[:-1] + f".{part}Z"}})
        return made

    def world(self):
        objects, sources, workloads = [], [], []
        for index in range(self.random.randrange(1, 4)):
            app = "shop" if self.chance(90) else "cart"
            name = ["shop", "db", "web"][index] + ("o" * 70 if self.chance(2) else "")
            kind = self.random.randrange(16)
            if kind < 8:
                workloads.append(self.deployment(name, app, objects, sources))
            elif kind < 15:
                workloads.append(self.revised_in_place(
                    "StatefulSet" if kind < 12 else "DaemonSet", name, app, objects, sources))
            else:
                workloads.append(self.other_kind(
                    self.random.choice(["Job", "CloneSet", "Node"]), name, app, objects, sources))
        pods = {}
        rewritten = {id(each[2]) for each in sources if self.chance(12)}
        spoilt = self.random.choice([10, 45, 80])
        for _ in range(self.random.randrange(1, 24)):
            source = self.random.choice(sources)
            pod = self.pod(source)
            if id(source[2]) in rewritten and self.chance(97):
                for each in pod["spec"]["containers"]:
                    each["image"] = "mirror.example/" + each["image"]
            while self.chance(spoilt):
                self.changed(pod)
            if len(pod["spec"]["containers"]) > 1 and self.chance(70):
                pod["metadata"].setdefault("annotations", {})[
                    "kubectl.kubernetes.io/default-container"] = "app"
            pods[pod["metadata"]["name"]] = pod
        pods = list(pods.values())
        target = self.target(workloads)
        if self.chance(8):
            target["podNames"] = [each["metadata"]["name"] for each in pods if self.chance(50)] or ["x"]
        serving_text, serving = self.random.choice(SERVINGS) if self.chance(20) else SERVINGS[0]
        kinds = ["ReplicaSet", "StatefulSet", "DaemonSet"]
        if self.chance(10):
            kinds = self.random.sample(kinds + ["CloneSet", "Job"], 3)
        job = {"kind": "PodCronJob", "metadata": self.meta("digest"),
               "spec": {"schedule": "* * * * *", "podJobTemplate": {"spec": {
                   "target": target, "exec": {"command": ["true"]}}}}}
        return {"job": job, "serving": serving, "serving_text": serving_text, "owner_kinds": kinds,
                "now": NOW, "objects": {each["metadata"]["uid"]: each for each in objects},
                "busy": {each["metadata"]["uid"] for each in pods if self.chance(5)},
                "resting": {each["metadata"]["uid"] for each in pods if self.chance(5)},
                "slices": self.slices(pods), "leases": self.leases(pods), "pods": pods}


CHANGES = [Generator.change_labels, Generator.change_annotations, Generator.change_marks,
           Generator.change_owner, Generator.change_name, Generator.change_container,
           Generator.change_container, Generator.change_state, Generator.change_state,
           Generator.change_status, Generator.change_ephemeral]
