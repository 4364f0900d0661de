"""What every check shares: a finding, the list of files, C++ text without comments and strings."""

import dataclasses
import functools
import os
import pathlib
import re
import subprocess

CPP_SUFFIXES = (".cc", ".h")
CODE_SUFFIXES = CPP_SUFFIXES + (".py", ".go", ".sh")
CPP_FOLDERS = ("src", "controller", "cli", "tests", "bench")
PRODUCT_FOLDERS = ("src", "controller", "cli")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """`path:line: rule: what, got, wanted`; line 0 means the file as a whole."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class Tree:
    """The files of one work tree, by path relative to its root, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.cached_property
    def paths(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard"], check=True, capture_output=True, text=True).stdout
            found = {path for path in listed.split("\0") if path}
        else:
            found = set()
            for folder, names, files in os.walk(self.root):
                names[:] = [name for name in names if name not in ("build", "__pycache__")]
                found.update(os.path.relpath(os.path.join(folder, f), self.root) for f in files)
        # A file that was deleted but not yet committed is still listed.
        return sorted(path for path in found if (self.root / path).is_file())

    def cpp(self, folders=CPP_FOLDERS):
        return [p for p in self.paths if p.endswith(CPP_SUFFIXES) and p.split("/")[0] in folders]

    def code(self):
        """Every file whose text is a program: by suffix, or by `#!` where there is none."""
        return [p for p in self.paths if p.endswith(CODE_SUFFIXES) or self._is_script(p)]

    def _is_script(self, path):
        if "." in path.rsplit("/", 1)[-1]:
            return False
        with open(self.root / path, "rb") as file:
            return file.read(2) == b"#!"

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    @functools.lru_cache(maxsize=None)
    def bare(self, path):
        """The text with comments and the insides of strings blanked; same lines, same columns."""
        return blank(self.text(path))

    @functools.lru_cache(maxsize=None)
    def includes(self, path):
        """[(line, name, is_system)], without those in comments."""
        found = []
        for number, line in enumerate(blank(self.text(path), strings=False).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*(<([^>]+)>|"([^"]+)")', line)
            if match:
                found.append((number, match[2] or match[3], match[2] is not None))
        return found


_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    # Not a character literal: the separator of 86'400.
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def blank(text, strings=True):
    def replace(match):
        token = match[0]
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        if not strings:
            return token
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    return _TOKENS.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
