"""What the objects of src/ ask the outside for: `nm -uC` against a list of banned symbols.

Includes and text can be got around by a macro or a library's inline code; undefined symbols cannot.
"""

import re
import subprocess

from .source import Finding

# Symbol -> what it is. Matched against the whole demangled name, arguments cut off.
BANNED = (
    (r"std::chrono::_V2::\w+_clock::now", "a clock read"),
    (r"clock_gettime|clock|gettimeofday|time|ftime|timespec_get", "a clock read"),
    (r"localtime(_r)?|mktime|tzset|strftime|setlocale", "the host's time zone or locale"),
    (r"(nano|u)?sleep|clock_nanosleep|alarm|setitimer|timer_\w+|timerfd_\w+", "a timer"),
    (r"pthread_(create|join|detach|cond_\w+|kill)|std::thread::.*|std::this_thread::.*"
     r"|std::condition_variable\w*::.*|std::_V2::condition_variable\w*::.*", "a thread"),
    (r"pthread_(mutex|rwlock)_\w+|sem_\w+", "a lock"),
    (r"s?rand(om)?(_r)?|[dlmejn]rand48|getrandom|getentropy|arc4random\w*"
     r"|std::random_device::.*", "chance"),
    (r"(secure_)?getenv|__secure_getenv|setenv|putenv|environ", "the environment"),
    (r"socket(pair)?|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|shutdown"
     r"|getaddrinfo|gethostby\w+|gethostname", "the network"),
    (r"poll|ppoll|select|epoll_\w+|eventfd", "waiting for the outside"),
    (r"open(64|at|at64)?|creat|fopen(64)?|freopen|fdopen|opendir|readdir|mmap|unlink|rename|mkdir"
     r"|stat|fstat|lstat|access|read|write|pread|pwrite", "a file"),
    (r"std::basic_(i|o)?fstream.*|std::basic_filebuf.*|std::filesystem::.*|std::__basic_file.*",
     "a file"),
    (r"fprintf|__fprintf_chk|printf|__printf_chk|puts|fputs|fwrite|putchar"
     r"|std::c(out|err|log|in)", "output or input"),
    (r"fork|vfork|exec(v|ve|vp|l|lp)|posix_spawnp?|system|popen|dlopen|dlsym", "another program"),
    (r"signal|sigaction|kill|raise|exit|_exit|_Exit|quick_exit|atexit", "the process"),
    (r"cctz::(local_time_zone|LoadTimeZone)", "the host's time zone"),
)
_BANNED = tuple((re.compile(pattern + r"$"), what) for pattern, what in BANNED)

# Object -> symbol -> why it may.
ALLOWED = {
    "base/assert.cc": {"fprintf": "a broken invariant says so before it aborts",
                       "__fprintf_chk": "the same under FORTIFY"},
}


def check(tree, build):
    """`build` is a build folder, relative to the root, whose objects are up to date."""
    findings = []
    for folder in sorted({path.split("/")[1] for path in tree.cpp(("src",))
                          if path.endswith(".cc") and path.count("/") > 1}):
        archive = tree.root / build / "src" / f"libpodcron_{folder}.a"
        if not archive.is_file():
            findings.append(Finding(f"src/{folder}", 0, "symbols",
                                    f"no {build}/src/{archive.name}, wanted a build first"))
            continue
        sources = {path.rsplit("/", 1)[-1] for path in tree.cpp(("src",))
                   if path.startswith(f"src/{folder}/")}
        findings += of_archive(archive, folder, sources)
    return findings


def of_archive(archive, folder, sources):
    listed = subprocess.run(["nm", "--undefined-only", "--demangle", archive], check=True,
                            capture_output=True, text=True).stdout
    findings, source = [], ""
    for line in listed.splitlines():
        if line.endswith(":"):
            source = line[:-1].removesuffix(".o")
            continue
        match = re.match(r"\s*[Uw] (.+)$", line)
        # An object whose source is gone stays in no archive for long: the next build drops it.
        if not match or source not in sources:
            continue
        name = plain(match[1])
        what = banned(name)
        if what and name not in ALLOWED.get(f"{folder}/{source}", {}):
            findings.append(Finding(f"src/{folder}/{source}", 0, "symbols",
                                    f"`{name}` is {what}, wanted an input or an effect"))
    return sorted(set(findings))


def plain(symbol):
    """`std::thread::join()` -> `std::thread::join`; versions, arguments and [abi:…] cut off."""
    return re.sub(r"\[abi:\w+\]|@.*|\(.*", "", symbol)


def banned(name):
    for pattern, what in _BANNED:
        if pattern.match(name):
            return what
    return None
