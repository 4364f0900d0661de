"""Requests to the plane's API server through `kubectl proxy`, and kubectl itself.

The proxy does TLS and authenticates as the plane's administrator; a request can be made as somebody
else by impersonation. Plain HTTP is some hundred times faster than a kubectl process per request,
and shows the causes of a refusal as the API server gives them.
"""

import copy
import http.client
import json
import subprocess

GROUP = "/apis/podcron.dev/v1alpha1"
NAMESPACE = "crd-test"
PLURAL = {"PodCronJob": "podcronjobs", "PodJob": "podjobs"}


class Reply:
    def __init__(self, status, body):
        self.status = status
        self.body = body

    @property
    def ok(self):
        return self.status in (200, 201)

    @property
    def message(self):
        return self.body.get("message", "")

    @property
    def causes(self):
        """(field, reason, message) of each complaint.

        The API server adds one about no field when it did not get to the rules; it says nothing new.
        """
        found = self.body.get("details", {}).get("causes", [])
        return [(c.get("field", ""), c.get("reason", ""), c.get("message", "")) for c in found
                if c.get("field") != "<nil>"]

    def __repr__(self):
        return f"{self.status} {self.causes or self.message or self.body.get('metadata', {}).get('name')}"


class Api:
    def __init__(self, plane, directory):
        self.command = [plane, "kubectl", "--dir", directory]
        self.proxy = subprocess.Popen(self.command + ["proxy", "--port=0"], stdout=subprocess.PIPE,
                                      text=True)
        line = self.proxy.stdout.readline()
        if "127.0.0.1:" not in line:
            raise RuntimeError(f"kubectl proxy said {line!r}")
        self.port = int(line.strip().rsplit(":", 1)[1])

    def close(self):
        self.proxy.terminate()
        self.proxy.wait()

    def request(self, method, path, body=None, user=None, content="application/json"):
        headers = {"Content-Type": content, "Accept": "application/json"}
        if user:
            headers["Impersonate-User"] = user
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = {"message": text}
        return Reply(answer.status, parsed)

    def path(self, kind, name="", subresource=""):
        parts = [GROUP, "namespaces", NAMESPACE, PLURAL[kind], name, subresource]
        return "/".join(part for part in parts if part)

    def create(self, thing, user=None, dry_run=False):
        query = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self.request("POST", self.path(thing["kind"]) + query, thing, user)

    def patch(self, kind, name, change, subresource="", user=None):
        return self.request("PATCH", self.path(kind, name, subresource), change, user,
                            "application/merge-patch+json")

    def kubectl(self, *arguments, text=None):
        """(exit code, stdout, stderr)"""
        done = subprocess.run(self.command + list(arguments), input=text, capture_output=True,
                              text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr


def pod_cron_job(name="digest", **spec):
    """The shortest PodCronJob that is right; keywords replace fields of spec."""
    whole = {"schedule": "0 3 * * *", "podJobTemplate": {"spec": template()}}
    whole.update(copy.deepcopy(spec))
    return {"apiVersion": "podcron.dev/v1alpha1", "kind": "PodCronJob",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": whole}


def pod_job(name="digest-now", **spec):
    """The shortest PodJob that is right; keywords replace fields of spec."""
    whole = template()
    whole.update(copy.deepcopy(spec))
    return {"apiVersion": "podcron.dev/v1alpha1", "kind": "PodJob",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": whole}


def template():
    return {"target": {"selector": {"matchLabels": {"app": "shop"}}},
            "exec": {"command": ["bin/shop", "digest"]}}


REMOVED = object()


def with_value(thing, path, value):
    """A copy of `thing` in which the field at `path` ("a.b.0.c") is `value`."""
    changed = copy.deepcopy(thing)
    place = changed
    steps = path.split(".")
    for step in steps[:-1]:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if value is REMOVED:
        place.pop(steps[-1], None)
    elif isinstance(place, list):
        place[int(steps[-1])] = value
    else:
        place[steps[-1]] = value
    return changed
