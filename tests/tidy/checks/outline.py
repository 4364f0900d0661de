"""What universal-ctags sees: sizes of files and functions, names of files and declarations."""

import re
import subprocess

from .source import CPP_SUFFIXES, Finding, PRODUCT_FOLDERS

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

# Words that say nothing about the thing they name.
EMPTY_WORDS = {"manager", "helper", "helpers", "util", "utils", "common", "misc", "data", "info",
               "processor"}

# Names that a standard interface prescribes.
PRESCRIBED_TYPES = {"rep", "period", "duration", "time_point", "value_type", "iterator",
                    "const_iterator", "iterator_category", "iterator_concept", "difference_type",
                    "pointer", "reference", "const_reference", "size_type", "key_type",
                    "mapped_type", "is_transparent", "type", "string_type", "char_type", "int_type",
                    "pos_type", "off_type", "traits_type", "promise_type", "allocator_type",
                    "reader", "writer", "executor_type", "const_buffers_type",
                    "mutable_buffers_type"}
# GoogleTest's and Google Benchmark's macros look like functions.
PRESCRIBED_FUNCTIONS = {"TEST", "TEST_F", "TEST_P", "TYPED_TEST", "BENCHMARK_F",
                        "BENCHMARK_DEFINE_F", "MATCHER", "MATCHER_P", "MATCHER_P2", "ACTION",
                        "SetUp", "TearDown", "SetUpTestSuite", "TearDownTestSuite",
                        "LLVMFuzzerTestOneInput", "LLVMFuzzerInitialize", "PrintTo"}


# Its name was given by the interface that it implements.
_OVERRIDE = re.compile(r"\b(\w+)\s*\([^;{}()]*\)[^;{}()]*\boverride\b")


def check(tree):
    findings = []
    for path in tree.code():
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            findings.append(Finding(path, 0, "size", f"{lines} lines, wanted at most "
                                    f"{FILE_LINES_MAX}"))
        findings += _file_name(path)
    findings += _outline(tree)
    return findings


def _file_name(path):
    name = path.rsplit("/", 1)[-1]
    stem = name.split(".")[0]
    findings = []
    words = set(re.split(r"[_-]", stem.lower())) & EMPTY_WORDS
    if words:
        findings.append(Finding(path, 0, "names", f"`{min(words)}` in the file name `{name}`, "
                                "wanted what the file is about"))
    if path.endswith(CPP_SUFFIXES) and not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", stem):
        findings.append(Finding(path, 0, "names", f"file name `{name}`, wanted snake_case"))
    return findings


def _outline(tree):
    paths = [p for p in tree.code() if p.endswith(CPP_SUFFIXES + (".py",)) or "." not in p]
    if not paths:
        return []
    listed = subprocess.run(
        ["ctags-universal", "-x", "-L", "-", "--languages=C++,Python", "--kinds-C++=fcsgtued",
         "--kinds-Python=fm", "--map-C++=+.h", "--map-C++=+.cc",
         "--_xformat=%{name}\t%{kind}\t%{input}\t%{line}\t%{end}\t%{scope}"],
        cwd=tree.root, input="\n".join(paths), check=True, capture_output=True, text=True).stdout
    overriding = set()
    for path in tree.cpp(PRODUCT_FOLDERS):
        overriding.update(_OVERRIDE.findall(tree.bare(path)))
    findings = []
    for row in listed.splitlines():
        name, kind, path, line, end, scope = row.split("\t")
        if kind in ("function", "member") and end:
            length = int(end) - int(line) + 1
            if length > FUNCTION_LINES_MAX:
                findings.append(Finding(path, int(line), "size", f"function {name} has {length} "
                                        f"lines, wanted at most {FUNCTION_LINES_MAX}"))
        if (path.endswith(CPP_SUFFIXES) and not name.startswith("__anon") and
                name not in overriding):
            declaration = tree.bare(path).split("\n")[int(line) - 1]
            # ctags takes the variable of C's `struct stat found {}` for a type.
            if re.search(rf"\bstruct\s+\w+\s+{re.escape(name)}\b", declaration):
                continue
            text = _declared_name(name, kind, scope, path, declaration)
            if text:
                findings.append(Finding(path, int(line), "names", text))
    return findings


def _declared_name(name, kind, scope, path, declaration):
    """The words of a finding, or None."""
    if kind in ("class", "struct", "enum", "typedef", "union"):
        words = {word.lower() for word in re.findall(r"[A-Z][a-z0-9]*|[a-z0-9]+", name)}
        if words & EMPTY_WORDS:
            return f"`{min(words & EMPTY_WORDS)}` in the type name `{name}`, wanted what it is"
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) and name not in PRESCRIBED_TYPES:
            return f"type `{name}`, wanted PascalCase"
    if path.split("/")[0] not in PRODUCT_FOLDERS:
        return None
    if kind == "enumerator" and not re.fullmatch(r"k[A-Z][A-Za-z0-9]*", name):
        return f"enumerator `{name}`, wanted kPascalCase"
    # A macro without a body, or one that is 0 or 1, is a switch that some library reads.
    if kind == "macro" and not name.startswith("PODCRON_") and not re.search(
            rf"define\s+{name}\s*[01]?\s*$", declaration):
        return f"macro `{name}`, wanted PODCRON_ before it, or better no macro"
    if kind == "function":
        is_special = (name in PRESCRIBED_FUNCTIONS or name.startswith(("operator", "~")) or
                      name == scope.split("::")[-1])
        if not is_special and not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?", name):
            return f"function `{name}`, wanted snake_case"
    return None
