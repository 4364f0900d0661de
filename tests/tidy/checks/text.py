"""What is seen in the text alone: banned names, left-over notes, guards, lengths of lines."""

import re

from .source import CPP_SUFFIXES, Finding, line_of

COLUMNS_MAX = 100
# Nothing breaks the lines of scripts for us.
SCRIPT_COLUMNS_MAX = 120

# In src/ the same state and input give the same bytes on every build: these do not.
BANNED_IN_SRC = (
    (r"\bstd\s*::\s*hash\b", "std::hash", "hash64 of base/hash.h"),
    (r"\bstd\s*::\s*(ranges\s*::\s*)?(shuffle|sample)\b", "std::shuffle", "Prng of base/prng.h"),
    (r"\bstd\s*::\s*\w+_distribution\b", "a std distribution", "Prng of base/prng.h"),
    (r"\bstd\s*::\s*(mt19937|minstd_rand|ranlux|knuth_b|random_device|default_random_engine)\w*",
     "a std random engine", "Prng of base/prng.h"),
    (r"\b(system|steady|high_resolution|utc|file)_clock\s*::\s*now\b", "a clock read",
     "`now` as an argument"),
    (r"(?<![\w.>:])(s?rand|getenv|gettimeofday|clock_gettime)\s*\(",
     "a call into the environment", "an argument"),
    (r"\bthis_thread\b|\bstd\s*::\s*(j?thread|mutex|async)\b|\bthread_local\b", "a thread",
     "none: the driver has the threads"),
    (r"\b__(DATE|TIME|TIMESTAMP)__\b", "the build's own time", "cmake/version.cmake"),
    (r"\blocal_time_zone\b", "the host's time zone", "a zone by name from ZoneDatabase"),
    (r"\bstd\s*::\s*(map|set|multimap|multiset|less|greater)\s*<\s*(const\s+)?[\w:]+(<[^<>]*>)?"
     r"\s*(const\s*)?\*", "an order of pointers", "an order of values"),
    (r"\bu?intptr_t\b", "a pointer as a number", "a handle"),
    (r"\b(std\s*::\s*)?(cout|cerr|clog|printf|puts)\b", "output", "a Log effect"),
)

# (File, what) -> why it may.
BANNED_EXCEPT = {
    ("src/cron/zone_database.cc", "a thread"):
        "cctz asks one global factory for a zone's bytes, so they are laid out per call",
}

# Split, so that this file does not find itself.
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")

_UNORDERED = re.compile(r"\bunordered_\w+\s*<")
_DECLARED = re.compile(r"\s*[&*]?\s*(\w+)\s*[;={(,)]")


def check(tree):
    findings = []
    for path in tree.cpp(("src",)):
        findings += _banned(tree, path)
        findings += _unordered_iteration(tree, path)
    for path in tree.cpp():
        text = tree.text(path)
        if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
            findings.append(Finding(path, 1, "guard", "header without #pragma once"))
        if text and not text.endswith("\n"):
            findings.append(Finding(path, text.count("\n") + 1, "text", "no line end at the end"))
    for path in tree.code():
        columns_max = COLUMNS_MAX if path.endswith(CPP_SUFFIXES) else SCRIPT_COLUMNS_MAX
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            left = LEFT_OVER.search(line)
            if left:
                findings.append(Finding(path, number, "left-over", f"{left[0]}, wanted it done or "
                                        "an issue"))
            if len(line) > columns_max and not _may_be_long(path, line):
                findings.append(Finding(path, number, "columns",
                                        f"{len(line)} columns, wanted at most {columns_max}"))
            if line != line.rstrip():
                findings.append(Finding(path, number, "text", "blanks at the end of the line"))
    return findings


def _may_be_long(path, line):
    """gofmt breaks no lines, links cannot be broken, and what a test expects is read best whole."""
    if path.endswith(".go") or "://" in line:
        return True
    return path.startswith("tests/") and len(re.sub(r'"[^"]*"', '""', line)) <= COLUMNS_MAX


def _banned(tree, path):
    bare = tree.bare(path)
    return [Finding(path, line_of(bare, match.start()), "banned",
                    f"{what} (`{match[0].strip()}`) in src/, wanted {wanted}")
            for pattern, what, wanted in BANNED_IN_SRC if (path, what) not in BANNED_EXCEPT
            for match in re.finditer(pattern, bare)]


def _unordered_iteration(tree, path):
    """Look-ups in unordered containers are fine, walking through them is not."""
    names = set()
    for other in (path, re.sub(r"\.cc$", ".h", path)):
        if (tree.root / other).is_file():
            names |= _unordered_names(tree.bare(other))
    findings = []
    bare = tree.bare(path)
    for name in sorted(names):
        for match in re.finditer(rf"\bfor\s*\([^;{{}}]*?:\s*(\w+(\.|->))*{name}\s*\)|"
                                 rf"\b{name}\s*(\.|->)\s*c?begin\s*\(", bare):
            findings.append(Finding(path, line_of(bare, match.start()), "banned",
                                    f"a walk through unordered `{name}`, wanted a sorted order"))
    return findings


def _unordered_names(bare):
    names = set()
    for match in _UNORDERED.finditer(bare):
        depth, at = 1, match.end()
        while at < len(bare) and depth:
            depth += {"<": 1, ">": -1}.get(bare[at], 0)
            at += 1
        declared = _DECLARED.match(bare, at)
        if declared:
            names.add(declared[1])
    return names
