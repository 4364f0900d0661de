"""clang-format and gofmt over everything, clang-tidy over what changed."""

import concurrent.futures
import hashlib
import json
import os
import re
import signal
import subprocess
import time

from .source import Finding

JOBS = 2
# Of CPU, so that a busy machine finds what a quiet one does. Beast files take the longest.
FILE_SECONDS_MAX = 240
# Enough for the files of one issue. What is left is named, and looked at by the next run, because
# clean files are remembered; in CI it is a finding.
ALL_SECONDS_MAX = 480


def check_format(tree):
    paths = tree.cpp()
    batches = [paths[start:start + 20] for start in range(0, len(paths), 20)]
    findings = []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for errors in pool.map(lambda batch: _format_errors(tree, batch), batches):
            # One finding a file is enough: `make format` mends them all.
            seen = {}
            for path, line in re.findall(r"^([^\n:]+):(\d+):\d+: error:", errors, re.MULTILINE):
                seen.setdefault(path, int(line))
            findings += [Finding(path, line, "format", "not as clang-format-14 writes it, wanted "
                                 "`make format`") for path, line in seen.items()]
    go = [path for path in tree.paths if path.endswith(".go")]
    if go:
        bad = subprocess.run(["gofmt", "-l", *go], cwd=tree.root, check=True, capture_output=True,
                             text=True).stdout
        findings += [Finding(path, 0, "format", "not as gofmt writes it, wanted `make format`")
                     for path in bad.split()]
    return findings


def _format_errors(tree, batch):
    return subprocess.run(["clang-format-14", "--dry-run", "-Werror", *batch], cwd=tree.root,
                          capture_output=True, text=True).stderr


def changed(tree):
    """Files that differ from where this branch left the main one; on the main one itself, from
    the commit before; all of them where there is none (the first commit, a clone without history).
    Uncommitted and new files count."""
    names = _git(tree, "diff", "--name-only", "--relative", _base(tree))
    new = _git(tree, "ls-files", "--others", "--exclude-standard")
    return sorted(set(names.split("\n")) | set(new.split("\n")) - {""})


def _base(tree):
    chosen = os.environ.get("PODCRON_TIDY_BASE")
    if chosen:
        return chosen
    head = _git(tree, "rev-parse", "HEAD")
    for main in ("origin/HEAD", "origin/main"):
        fork = _git(tree, "merge-base", "HEAD", main)
        if fork and fork != head:
            return fork
    return (_git(tree, "rev-parse", "--verify", "--quiet", "HEAD~1")
            or _git(tree, "hash-object", "-t", "tree", os.devnull))


def unreached(tree, units):
    """What CI could not look at is a finding: nobody runs it again there. Not in a clone without
    history, where everything counts as changed."""
    if os.environ.get("CI") != "true" or not _git(tree, "rev-parse", "--verify", "--quiet", "HEAD~1"):
        return []
    return [Finding(unit, 0, "clang-tidy", f"not reached in {ALL_SECONDS_MAX} s; run it again, or "
                    "name a nearer commit in PODCRON_TIDY_BASE") for unit in units]


def _git(tree, *arguments):
    done = subprocess.run(["git", "-C", tree.root, *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


class ClangTidy:
    """Runs clang-tidy-14 on translation units; remembers by content which were clean."""

    def __init__(self, tree, build):
        self.tree = tree
        self.build = build
        self.commands = {}
        database = tree.root / build / "compile_commands.json"
        for entry in json.loads(database.read_text()):
            self.commands[os.path.relpath(entry["file"], tree.root)] = entry["command"]
        self.clean_folder = tree.root / build / "clean"
        self.clean_folder.mkdir(exist_ok=True)

    def units(self, paths):
        """The translation units that show `paths`: a .cc itself, a header through one that
        includes it (its own .cc if there is one)."""
        found = set()
        for path in paths:
            if path in self.commands:
                found.add(path)
            elif path.endswith(".h"):
                users = [unit for unit in self.commands if path in self.closure(unit)]
                own = path.removesuffix(".h") + ".cc"
                found.update([own] if own in users else sorted(users)[:1])
        return sorted(found)

    def closure(self, path, seen=None):
        """`path` and all files of ours that it includes, directly or not."""
        seen = set() if seen is None else seen
        if path in seen or not (self.tree.root / path).is_file():
            return seen
        seen.add(path)
        for _, name, is_system in self.tree.includes(path):
            if not is_system:
                for prefix in ("src/", "", "tests/", os.path.dirname(path) + "/"):
                    self.closure(os.path.normpath(prefix + name), seen)
        return seen

    def key(self, unit):
        """Everything of ours that the result depends on."""
        digest = hashlib.sha256(self.commands[unit].encode())
        digest.update((self.tree.root / ".clang-tidy").read_bytes())
        for path in sorted(self.closure(unit)):
            digest.update(path.encode() + b"\0" + self.tree.text(path).encode())
        return digest.hexdigest()

    def check(self, units, progress=lambda text: None):
        """(findings, units that there was no time for)."""
        todo = [unit for unit in units if not (self.clean_folder / self.key(unit)).exists()]
        began = time.monotonic()
        findings, late = set(), []

        def one(unit):
            if time.monotonic() - began > ALL_SECONDS_MAX:
                late.append(unit)
                return
            found = self._run(unit)
            findings.update(found)
            if not found:
                (self.clean_folder / self.key(unit)).touch()
            progress(f"clang-tidy: {unit}: {len(found)} findings")

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(one, todo))
        return sorted(findings), sorted(late)

    def _run(self, unit):
        try:
            done = subprocess.run(
                ["prlimit", f"--cpu={FILE_SECONDS_MAX}",
                 "clang-tidy-14", "--quiet", "-p", self.build, unit], cwd=self.tree.root,
                capture_output=True, text=True, timeout=ALL_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return {Finding(unit, 0, "clang-tidy", f"took more than {ALL_SECONDS_MAX} s")}
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return {Finding(unit, 0, "clang-tidy", f"took more than {FILE_SECONDS_MAX} s of CPU")}
        found = set()
        for path, line, text in re.findall(
                r"^([^\s:][^\n:]*):(\d+):\d+: (?:error|warning): (.*)$", done.stdout, re.MULTILINE):
            path = os.path.relpath(self.tree.root / path, self.tree.root)
            text = text.replace(",-warnings-as-errors", "")
            found.add(Finding(path, int(line), "clang-tidy", text))
        if done.returncode != 0 and not found:
            found.add(Finding(unit, 0, "clang-tidy", f"failed: {done.stderr.strip()[-200:]}"))
        return found
