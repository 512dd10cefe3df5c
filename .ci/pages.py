"""Every file and folder that the pages below name exists; polytaskd(8) has each log event, and says what to do about
each above info; mandoc finds no fault in the manuals.

    python3 .ci/pages.py     (in the top folder of the tree)

Prints what does not exist or is not documented and exits 1 if there is anything.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

# With the number of names that are found at least.
PAGES = {"README": 11, "HACKING": 11, "SECURITY": 11, "MOVING": 6}
MANUAL = "src/polytaskd.8"
LEVELS = ("info", "warn", "error")
MANUALS = ("src/*.[158]", "debian/*.8")
# Lines as wide as those of the tree; pages that are not installed on this machine.
ACCEPTED = ("input text line longer than 80 bytes", "referenced manual not found", "outdated mandoc.db")
TOP = ("data", "m4", "nginx", "src", "tests")
# A name may be relative to the top folder, to src/ or to tests/.
FOLDERS = ("", "src", "tests")
# With a folder, or with an ending: "tests/fuzz/", "auth/verify_*.c", "test_access.py".
NAME = re.compile(r"(?<![\w./*-])(?:[\w*-]+/)*[\w*.-]*\w/?(?![\w*])")
ENDING = re.compile(r"\.(c|h|in|json|md|py)$")


def names_in(text):
    """<name> in a path matches any name; <db.h> alone is a header of the system."""
    text = re.sub(r"(?<![/\w])<[\w.]+>", "", text)
    for name in sorted(set(NAME.findall(re.sub(r"<\w+>", "*", text)))):
        first = name.split("/")[0]
        is_path = "/" in name and any(
            os.path.isdir(os.path.join(folder, first))
            for folder in FOLDERS
            if folder or first in TOP
        )
        if is_path or ENDING.search(name):
            yield name


def exists(name):
    """Also if the name is that of a program whose source exists; without a folder, in any folder."""
    forms = [os.path.join(folder, name) for folder in FOLDERS]
    forms += [form + ".c" for form in forms]
    if "/" not in name:
        forms += [os.path.join(folder, "**", name) for folder in TOP]
    return any(glob.glob(form, recursive=True) for form in forms)


def check_patterns():
    """The patterns above find what they should."""
    names = list(names_in("GNU/Linux, <db.h>, auth/ and tests/e2e/test_<name>.c"))
    if names != ["auth/", "tests/e2e/test_*.c"] or [exists(name) for name in names] != [True, False]:
        yield f".ci/pages.py: the patterns are wrong: {names}"


def check_page(page):
    with open(page) as text:
        names = list(names_in(text.read()))
    if len(names) < PAGES[page]:
        yield f"{page}: only {len(names)} names were found"
    for name in names:
        if not exists(name):
            yield f"{page}: {name} does not exist"


def check_events():
    """The log events of each level; one that is logged at a level by a variable is in no call."""
    with open(MANUAL) as text:
        manual = text.read()
    listed = {}
    for level in LEVELS:
        found = re.search(rf"^\.It Cm {level}\n(.+)$", manual, re.M)
        listed[level] = set(found[1].split(", ")) if found else set()
    calls = 0
    for path in sorted(glob.glob("src/**/*.c", recursive=True)):
        with open(path) as text:
            found = re.findall(rf'\blog_({"|".join(LEVELS)})\(\s*"([^"]+)"', text.read())
        calls += len(found)
        for level, event in found:
            if event not in listed[level]:
                yield f"{MANUAL}: lacks the event {event} at {level} ({path})"
    described = set(re.findall(r"^\.It Cm (\S+)$", manual.split("\n.Sh TROUBLESHOOTING\n")[-1], re.M))
    for event in sorted((listed["warn"] | listed["error"]) - described):
        yield f"{MANUAL}: TROUBLESHOOTING lacks the event {event}"
    if calls <= 50:
        yield f".ci/pages.py: only {calls} calls that log an event were found"


def check_manuals():
    paths = sorted(path for pattern in MANUALS for path in glob.glob(pattern))
    if len(paths) < 4 or not shutil.which("mandoc"):
        yield f".ci/pages.py: needs mandoc and the manuals: {paths}"
        return
    done = subprocess.run(["mandoc", "-Tlint", *paths], capture_output=True, text=True)
    for line in (done.stdout + done.stderr).splitlines():
        if not any(accepted in line for accepted in ACCEPTED):
            yield line


faults = [*check_patterns(), *(fault for page in PAGES for fault in check_page(page))]
faults += [*check_events(), *check_manuals()]
print("\n".join(faults) if faults else f"{', '.join(PAGES)}, {MANUAL}: all names exist; no fault in the manuals")
sys.exit(1 if faults else 0)
