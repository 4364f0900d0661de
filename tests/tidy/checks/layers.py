"""Every #include of src/, controller/ and cli/ against tables: dependencies point one way.

The link lines of src/CMakeLists.txt say the same for functions; headers with inline code and
plain structs need no linking, so they are checked here.
"""

import re

from .source import Finding, PRODUCT_FOLDERS

# Folder of src/ -> the folders it may include, besides itself, base and observe.
SRC = {
    "base": (),
    "observe": (),
    "api": (),
    "cron": ("api",),
    "store": ("api", "cron"),
    "eligibility": ("api", "store"),
    "strategy": ("api", "store", "eligibility"),
    "reconcile": ("api", "cron", "store", "eligibility", "strategy"),
    "kube": ("api",),
    "engine": ("api", "cron", "store", "eligibility", "strategy", "reconcile", "kube"),
}
SRC["simulation"] = tuple(folder for folder in SRC if folder not in ("base", "observe"))
EVERYWHERE = ("base", "observe")

# The process drives the engine and knows nothing of the simulator; the command line may simulate.
CONTROLLER_MAY = tuple(folder for folder in SRC if folder != "simulation")
CLI_MAY_OF_CONTROLLER = ("net", "config")

# Library -> (include names, folders that may use it, why only there).
LIBRARIES = {
    "tl::expected": (r"tl/", ("src/base",), "use base/result.h"),
    "simdjson": (r"simdjson", ("src/api", "src/kube"), "reading watched objects is api's work"),
    "nlohmann_json": (r"nlohmann/", ("src/api", "src/kube", "src/simulation", "controller", "cli"),
                      "what decides works on structs, not on JSON"),
    "cctz": (r"cctz/", ("src/cron",), "time zones come through cron/zone_database.h"),
    "yaml-cpp": (r"yaml-cpp/", ("controller/config", "cli"), "only people write YAML"),
    "Boost": (r"boost/", ("controller/net", "controller/inbound"),
              "20 s a translation unit; use Transport"),
    "OpenSSL": (r"openssl/", ("controller/net",), "TLS is the transport's"),
    "cpprestsdk": (r"(cpprest|pplx)/", ("controller/net",), "use Transport"),
    "prometheus-cpp": (r"prometheus/", ("controller/telemetry",), "use telemetry's registry"),
    "CLI11": (r"CLI/", ("controller/config", "cli"), "flags become one validated Config"),
}
# cpprestsdk carries an Asio of its own: in one translation unit with hidden visibility it cannot
# clash with Boost's. CLI11 costs 8 s each time.
ONE_FILE_PER_PROGRAM = {"cpprestsdk": ("controller",), "CLI11": ("controller", "cli")}
ANYWHERE = re.compile(r"fmt/")
# These cost seconds in every file that includes them: only in a .cc, or in a header that only those
# folders see which use the library anyway.
COSTLY = re.compile(
    r"nlohmann/json\.hpp|simdjson|boost/(beast|asio)|cpprest/|CLI/|yaml-cpp/")

# Standard and system headers that bring time, threads, chance, files or the environment to src/.
NOT_IN_SRC = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|atomic|future|semaphore|latch|barrier|"
    r"stop_token|random|fstream|iostream|filesystem|ctime|csignal|locale|time\.h|signal\.h|"
    r"pthread\.h|unistd\.h|fcntl\.h|netdb\.h|poll\.h|stdio\.h|stdlib\.h|"
    r"(sys|netinet|arpa|linux|net)/.*)$")
# Legitimate exceptions: (file, header) -> why.
NOT_IN_SRC_EXCEPT = {}

STANDARD = re.compile(r"[a-z_]+$")
SYSTEM = re.compile(r"[a-z_]+\.h$|(sys|netinet|arpa|linux|net)/[a-z_]+\.h$")


def check(tree):
    findings = []
    users = {}
    includers = _includers(tree)
    for path in tree.cpp(PRODUCT_FOLDERS):
        for line, name, is_system in tree.includes(path):
            if is_system:
                text = _system(path, name, users) or _costly(path, name, includers)
            else:
                text = _own(tree, path, name)
            if text:
                findings.append(Finding(path, line, "layers", text))
    for (library, program), files in sorted(users.items()):
        for path in sorted(files)[1:]:
            findings.append(Finding(
                path, 0, "layers", f"{library} in a second file of {program}/, wanted one: "
                f"{sorted(files)[0]}"))
    return findings


def _includers(tree):
    """Path -> the files that include it directly."""
    includers = {}
    for path in tree.cpp(PRODUCT_FOLDERS):
        for _, name, is_system in tree.includes(path):
            if not is_system:
                for prefix in ("src/", ""):
                    includers.setdefault(prefix + name, set()).add(path)
    return includers


def _costly(path, name, includers):
    """The words of a finding, or None."""
    if not path.endswith(".h") or not COSTLY.match(name):
        return None
    folders = next(folders for pattern, folders, _ in LIBRARIES.values() if re.match(pattern, name))
    seen, todo = set(), [path]
    while todo:
        for user in includers.get(todo.pop(), ()):
            if not user.startswith(folders):
                return (f"include <{name}> in a header that {user} sees, wanted in a .cc: it "
                        "costs seconds each time")
            if user not in seen:
                seen.add(user)
                todo.append(user)
    return None


def _own(tree, path, name):
    """The words of a finding, or None."""
    parts = path.split("/")
    if "/" not in name and name != "podcron_version.h":
        return f'include "{name}", wanted a path from src/ or from the root'
    if name.startswith("src/") or name.startswith("../"):
        return f'include "{name}", wanted it without src/ and without ..'
    target = name.split("/")
    if name != "podcron_version.h" and not any(
            (tree.root / prefix / name).is_file() for prefix in ("src", "")):
        return f'include "{name}": no such file in src/ or at the root'
    if parts[0] == "src":
        if name == "podcron_version.h" or target[0] in PRODUCT_FOLDERS + ("tests",):
            return f'include "{name}": src/ decides and never sees {target[0]}'
        allowed = SRC.get(parts[1])
        if allowed is None:
            return f"folder src/{parts[1]} has no row in the table of layers.py"
        if target[0] not in (parts[1],) + EVERYWHERE + allowed:
            may = ", ".join(EVERYWHERE + allowed)
            return f'include "{name}": src/{parts[1]} may include {may}'
        # base and observe are below everything: they see nothing, or only base.
        if parts[1] == "base" and target[0] != "base":
            return f'include "{name}": src/base includes nothing but itself'
    elif parts[0] == "controller":
        if target[0] in ("cli", "tests") or target[0] == "simulation":
            return f'include "{name}": controller/ never sees {target[0]}'
    elif target[0] == "tests" or (
            target[0] == "controller" and target[1] not in CLI_MAY_OF_CONTROLLER):
        may = ", ".join(f"controller/{folder}" for folder in CLI_MAY_OF_CONTROLLER)
        return f'include "{name}": cli/ may include src/ and {may}'
    return None


def _system(path, name, users):
    folder = "/".join(path.split("/")[:2])
    program = path.split("/")[0]
    for library, (pattern, folders, why) in LIBRARIES.items():
        if not re.match(pattern, name):
            continue
        if folder not in folders and program not in folders:
            return f"include <{name}>: {library} belongs to {', '.join(folders)}: {why}"
        if program in ONE_FILE_PER_PROGRAM.get(library, ()):
            users.setdefault((library, program), set()).add(path)
        return None
    if program == "src" and NOT_IN_SRC.match(name) and (path, name) not in NOT_IN_SRC_EXCEPT:
        return f"include <{name}> in src/, wanted none: it brings the outside in"
    if ANYWHERE.match(name) or STANDARD.match(name) or SYSTEM.match(name):
        return None
    return f"include <{name}>: a library without a row in the table of layers.py"
