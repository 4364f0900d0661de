"""Schedules meet the world: tzdata that change under a running controller, edits, clocks."""

import os
import shutil
import subprocess
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from cluster_case import PLUGIN, ClusterCase, pod_cron_job, wait_for

SYSTEM_ZONES = "/usr/share/zoneinfo"
# The controller looks at its zone files once a minute.
ZONES_SECONDS = 90
# Far from each other and without daylight saving, so that no hour of the year makes them equal.
FIRST, SECOND = "Asia/Tokyo", "America/Phoenix"


def seen_utc(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def next_at(hour, minute, zone, after):
    """The first instant later than `after` at which clocks of `zone` show hour:minute."""
    day = after.astimezone(ZoneInfo(zone)).date()
    for days in range(3):
        local = datetime.combine(day + timedelta(days=days), datetime.min.time()).replace(
            hour=hour, minute=minute, tzinfo=ZoneInfo(zone))
        if local.astimezone(timezone.utc) > after:
            return local.astimezone(timezone.utc)
    raise AssertionError("no such time in three days")


class Time(ClusterCase):
    @classmethod
    def setUpClass(cls):
        cls.zones = tempfile.mkdtemp(prefix="podcron-zones-")
        cls.addClassCleanup(shutil.rmtree, cls.zones)
        for name in (FIRST, SECOND):
            cls.put_zone(name, name)
        cls.put_zone("Mars/Olympus", FIRST)
        cls.put_version("2101a")
        cls.controller_arguments = ("--zoneinfo", cls.zones)
        super().setUpClass()
        cls.pods = cls().make_app("shop", 1)

    @classmethod
    def put(cls, name, content):
        """As a package manager does it: a new file under another name, then a rename."""
        path = os.path.join(cls.zones, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.rename(path + ".new", path)

    @classmethod
    def put_zone(cls, name, rules_of):
        with open(os.path.join(SYSTEM_ZONES, rules_of), "rb") as file:
            cls.put(name, file.read())

    @classmethod
    def put_version(cls, version):
        cls.put("tzdata.zi", f"# version {version}\n".encode())

    def apply_daily(self, name, hour, zone, **spec):
        self.plane.apply(pod_cron_job(name, f"30 {hour} * * *", ["true"], timeZone=zone, **spec))
        self.addCleanup(self.remove, name)

    def wait_next(self, name, hour, zone, seconds=20):
        """nextScheduleTime becomes the next hour:30 in `zone`."""
        def check():
            found = self.status(name).get("nextScheduleTime")
            wanted = next_at(hour, 30, zone, datetime.now(timezone.utc))
            return found if found and seen_utc(found) == wanted else None
        return wait_for(f"{name}: next at {hour}:30 {zone} (status {self.status(name)})", check,
                        seconds)

    def tzdata_versions(self):
        """{version: value} of the metric's series."""
        body = self.controller.http("/metrics")[1]
        return {line.split('"')[1]: float(line.rsplit(" ", 1)[1]) for line in body.splitlines()
                if line.startswith("podcron_tzdata_version_info{")}

    def test_changed_tzdata_move_the_next_time_without_restart(self):
        self.apply_daily("moved", 6, "Mars/Olympus")
        self.apply_daily("kept", 6, FIRST)
        self.apply_daily("landing", 6, "Mars/Hellas")
        before = self.wait_next("moved", 6, FIRST)
        self.wait_next("kept", 6, FIRST)
        unknown = self.wait_condition("landing", "ScheduleValid", "False",
                                      reason="UnknownTimeZone")
        self.assertIn("Mars/Hellas", unknown["message"])
        self.assertIn("2101a", unknown["message"])
        self.assertNotIn("nextScheduleTime", self.status("landing"))
        self.assertEqual(self.tzdata_versions(), {"2101a": 1})

        self.put_zone("Mars/Olympus", SECOND)
        self.put_zone("Mars/Hellas", SECOND)
        self.put_version("2101b")

        after = self.wait_next("moved", 6, SECOND, ZONES_SECONDS)
        self.assertNotEqual(after, before)
        self.wait_condition("landing", "ScheduleValid", "True")
        self.wait_next("landing", 6, SECOND)
        self.wait_next("kept", 6, FIRST)
        self.assertEqual(self.tzdata_versions(), {"2101a": 0, "2101b": 1})
        loaded = [line["version"] for line in self.controller.lines()
                  if line["msg"] == "time zones loaded"]
        self.assertEqual((loaded[0], loaded[-1]), ("2101a", "2101b"))
        self.assertIsNone(self.controller.process.poll())
        writes = self.plane.get("podcronjob", "moved")["metadata"]["resourceVersion"]
        # A change of rules is no due time: nothing ran and nothing is in the history.
        self.assertEqual(self.plane.starts("moved-"), [])
        self.assertEqual(self.status("moved").get("history", []), [])
        # It is written once.
        self.plane.apply(pod_cron_job("after", "* * * * * *", ["true"]))
        self.addCleanup(self.remove, "after")
        self.ended_runs("after", 2)
        self.assertEqual(self.plane.get("podcronjob", "moved")["metadata"]["resourceVersion"],
                         writes)

    def test_one_zone_file_alone_is_noticed(self):
        # No version file changes, as when somebody mounts a zone of their own.
        self.apply_daily("private", 7, "Mars/Utopia")
        self.wait_condition("private", "ScheduleValid", "False", reason="UnknownTimeZone")
        self.put_zone("Mars/Utopia", SECOND)
        self.wait_condition("private", "ScheduleValid", "True", seconds=ZONES_SECONDS)
        self.wait_next("private", 7, SECOND)

    def test_edits_of_schedule_and_zone_move_the_next_time(self):
        self.apply_daily("edited", 8, FIRST)
        self.wait_next("edited", 8, FIRST)
        self.apply_daily("edited", 9, FIRST)
        self.wait_next("edited", 9, FIRST)
        self.apply_daily("edited", 9, SECOND)
        self.wait_next("edited", 9, SECOND)
        observed = self.status("edited")["observedSchedule"]
        self.assertEqual((observed["schedule"], observed["timeZone"]), ("30 9 * * *", SECOND))
        # To a zone that is not known, and back: no other zone takes its place.
        self.apply_daily("edited", 9, "Mars/Nowhere")
        self.wait_condition("edited", "ScheduleValid", "False", reason="UnknownTimeZone")
        self.assertNotIn("nextScheduleTime", self.status("edited"))
        self.apply_daily("edited", 9, FIRST)
        self.wait_condition("edited", "ScheduleValid", "True")
        self.wait_next("edited", 9, FIRST)

    def test_an_edit_replays_nothing(self):
        # Until the edit nothing is due for an hour; its times would have been due all the time.
        hour = datetime.now(timezone.utc).hour
        others = ",".join(str((hour + n) % 24) for n in range(2, 24))
        self.plane.apply(pod_cron_job("replay", f"* * {others} * * *", ["true"]))
        self.addCleanup(self.remove, "replay")
        first = wait_for("observed", lambda: self.status("replay").get("observedSchedule"))
        self.plane.apply(pod_cron_job("replay", "* * * * * *", ["true"]))
        self.ended_runs("replay")
        edited = self.status("replay")["observedSchedule"]
        self.assertGreater(seen_utc(edited["since"]), seen_utc(first["since"]))
        # A run is named after its scheduled time.
        times = [int(start["run_id"].split("-")[1]) for start in self.plane.starts("replay-")]
        self.assertGreater(min(times), seen_utc(edited["since"]).timestamp())

    def test_the_plugin_names_the_same_next_time(self):
        self.apply_daily("asked", 5, SECOND, daylightSaving="AsCronJob")
        expected = self.wait_next("asked", 5, SECOND)
        done = subprocess.run([PLUGIN, "next", "asked", "--count", "1", "-o", "json",
                               "--kubeconfig", self.plane.kubeconfig],
                              capture_output=True, text=True, timeout=30, check=True)
        self.assertIn(expected, done.stdout)

    def test_clocks_are_measured(self):
        body = wait_for("the skew", lambda: (
            lambda text: text if "\npodcron_api_clock_skew_seconds " in text else None)(
                self.controller.http("/metrics")[1]))
        # The API server is on this machine: a second of the Date header, and one for its age.
        self.assertLessEqual(abs(self.controller.metric("podcron_api_clock_skew_seconds")), 2)
        self.assertIn("\npodcron_clock_steps_total ", body)


if __name__ == "__main__":
    unittest.main()
