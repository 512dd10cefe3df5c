"""Every file and folder that README, HACKING and SECURITY name exists."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tap
from paths import SOURCE
from tap import equal, ok

TOP = ("data", "m4", "nginx", "src", "tests")
FOLDERS = ("", "src", "tests")
# With a folder, or with an ending: "tests/fuzz/", "auth/judge_*.c", "test_access.py".
NAME = re.compile(r"(?<![\w./*-])(?:[\w*-]+/)*[\w*.-]*\w/?(?![\w*])")
ENDING = re.compile(r"\.(c|h|in|json|md|py)$")


def named(text):
    """<name> in a path stands for any name; <db.h> alone is a header of the system."""
    text = re.sub(r"(?<![/\w])<[\w.]+>", "", text)
    for name in sorted(set(NAME.findall(re.sub(r"<\w+>", "*", text)))):
        first = name.split("/")[0]
        is_path = "/" in name and any(
            os.path.isdir(os.path.join(SOURCE, folder, first))
            for folder in FOLDERS
            if folder or first in TOP
        )
        if is_path or ENDING.search(name):
            yield name


def is_there(name):
    """From the top, from src/ or tests/, a program by its source; a name alone anywhere."""
    forms = [os.path.join(SOURCE, folder, name) for folder in FOLDERS]
    forms += [form + ".c" for form in forms]
    if "/" not in name:
        forms += [os.path.join(SOURCE, folder, "**", name) for folder in TOP]
    return any(glob.glob(form, recursive=True) for form in forms)


def pages():
    for page in ("README", "HACKING", "SECURITY"):
        with open(os.path.join(SOURCE, page)) as text:
            names = list(named(text.read()))
        missing = [name for name in names if not is_there(name)]
        ok(len(names) > 10 and not missing, f"{page}: {len(names)} names are there", missing)
    names = list(named("GNU/Linux, <db.h>, auth/ and tests/e2e/test_<name>.c"))
    equal(names, ["auth/", "tests/e2e/test_*.c"], "what is a name")
    equal([is_there(name) for name in names], [True, False], "and what is there")


tap.run([pages])
