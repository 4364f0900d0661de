"""What became of each due second of per-second schedules, as users can see it: added up from every
version of the PodCronJobs that the API server showed to `kubectl get --watch`."""

import datetime
import json
import os
import subprocess

from harness import PLANE


def instant(text):
    return int(datetime.datetime.fromisoformat(text).timestamp())


class DueTimes:
    """`history` keeps ten entries; this keeps all of them."""

    def __init__(self, plane):
        self.path = os.path.join(plane.directory, "podcronjobs.watch")
        self.file = open(self.path, "wb")
        self.process = subprocess.Popen(
            [PLANE, "kubectl", "--dir", plane.directory, "get", "podcronjobs", "--watch", "-o",
             "json"], stdout=self.file, cwd=plane.directory)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.file.close()

    def versions(self):
        with open(self.path) as file:
            text = file.read()
        decoder = json.JSONDecoder()
        at = 0
        while at < len(text):
            try:
                value, at = decoder.raw_decode(text, at)
            except ValueError:
                return  # the last one is still being written
            while at < len(text) and text[at].isspace():
                at += 1
            yield from value.get("items", [value])

    def accounts(self):
        """{name: Account}."""
        found = {}
        for version in self.versions():
            if version.get("status", {}).get("decidedThrough"):
                found.setdefault(version["metadata"]["name"], Account()).see(version["status"])
        return found


class Account:
    def __init__(self):
        self.first = None      # decidedThrough of the first status: nothing before it was due
        self.through = None
        self.entries = {}      # from -> (to, count, outcome, reason)
        self.claimed = set()   # names of runs

    def see(self, status):
        self.through = instant(status["decidedThrough"])
        self.first = self.through if self.first is None else self.first
        self.claimed.update(run["name"] for run in status.get("active", []))
        for entry in status.get("history", []):
            start = instant(entry["from"])
            self.entries[start] = (instant(entry.get("to", entry["from"])), entry.get("count", 1),
                                   entry["outcome"], entry.get("reason", ""))
            if entry.get("podJob"):
                self.claimed.add(entry["podJob"])

    def outcomes(self, records):
        """{second: [outcomes]}: of each due second there must be one. `records` are the phases of
        its PodJobs by second: a run that leaves `active` late may be older than all that `history`
        keeps, and then never stands there."""
        found = {second: [] for second in range(self.first + 1, self.through + 1)}
        for start, (end, count, outcome, reason) in self.entries.items():
            if count != end - start + 1:
                raise AssertionError(f"{outcome} {reason} {start}-{end} counts {count}")
            for second in range(start, end + 1):
                found.setdefault(second, []).append(f"{outcome}/{reason}")
        for second, phase in records.items():
            if not found.get(second):
                found[second] = [f"{phase}, PodJob only"]
        return found
