"""The console without a browser and without a server: its types, its unit tests, and what make does with its files.

The first two need what `./bootstrap check` installs with npm. tests/e2e/test_console_files.py asks nginx for the files.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from paths import SOURCE
from processes import find_program, make_directory
from tap import equal, ok, run, skip

CONSOLE = os.path.join(SOURCE, "data", "console")
SOURCES = ("src", "index.html", "build.mjs", "package.json", "package-lock.json")
# Stands in for node and npm: "npm ci" makes a folder, "node build.mjs" the files.
PROGRAMS = {
    "npm": 'echo "npm $*" >>"$CALLS"; [ ! -e "$CALLS.offline" ] && mkdir -p node_modules',
    "node": 'echo "node $*" >>"$CALLS"; mkdir -p dist/assets && echo new >dist/index.html && '
    'echo z >dist/index.html.gz && echo js >"dist/assets/page-$(wc -l <"$CALLS").js"',
}


def npm(*args):
    """Runs a script of package.json; None if it cannot, with the reason printed as a skipped test."""
    if not find_program("node") or not find_program("npm"):
        return skip(f"npm {' '.join(args)}", "node or npm is not installed")
    if not os.path.isdir(os.path.join(CONSOLE, "node_modules")):
        return skip(f"npm {' '.join(args)}", "no packages: ./bootstrap check installs them with npm")
    return subprocess.run(["npm", *args], cwd=CONSOLE, capture_output=True, text=True, timeout=200)


def types():
    done = npm("run", "--silent", "check")
    if done:
        ok(done.returncode == 0, "the types are right", done.stdout + done.stderr)


def units():
    if not os.path.isdir(os.path.join(CONSOLE, "tests", "unit")):
        skip("the unit tests", "there are none")
        return
    done = npm("run", "--silent", "unit", "--", "--test-reporter=tap")
    if not done:
        return
    # Node.js names each file as a test, too.
    for passed, name in re.findall(r"^ *(ok|not ok) \d+ - (?!/)(.*)$", done.stdout, re.M):
        ok(passed == "ok", f"unit: {name}", done.stdout)
    ok(done.returncode == 0, "the unit tests pass", done.stdout + done.stderr)


class Tree:
    """A copy of the console's sources, for files.sh with stand-ins for node and npm."""

    def __init__(self):
        self.dir = make_directory("polytask-console-")
        self.console = os.path.join(self.dir, "console")
        self.calls = os.path.join(self.dir, "calls")
        os.mkdir(self.console)
        for name in SOURCES:
            self.write(os.path.join("src", "a.ts") if name == "src" else name, "old", 1000)
        shutil.copy(os.path.join(CONSOLE, "files.sh"), self.console)
        for name, text in PROGRAMS.items():
            with open(os.path.join(self.dir, name), "w") as program:
                program.write(f"#!/bin/sh\n{text}\n")
            os.chmod(program.name, 0o755)

    def path(self, name):
        return os.path.join(self.console, name)

    def write(self, name, text, time=None):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)
        if time:
            os.utime(self.path(name), (time, time))

    def files(self, how, *args):
        """Runs files.sh; returns its status, its messages, and the programs that it has called."""
        with open(self.calls, "w"):
            pass
        done = subprocess.run(
            ["sh", self.path("files.sh"), *args],
            env=dict(
                os.environ, CONSOLE=how, CALLS=self.calls, INSTALL_DATA="install -m 644",
                **{name.upper(): os.path.join(self.dir, name) for name in PROGRAMS},
            ),
            capture_output=True,
            text=True,
            timeout=60,
        )
        with open(self.calls) as calls:
            return done.returncode, done.stderr, [line.split()[0] for line in calls]

    def offline(self):
        with open(self.calls + ".offline", "w"):
            pass


def built_when_needed():
    tree = Tree()
    equal(tree.files("build", "build"), (0, "", ["npm", "node"]), "the first build fetches and builds")
    equal(tree.files("build", "build"), (0, "", []), "a second one does nothing")
    tree.write("src/b.ts", "new", 4e9)
    equal(tree.files("build", "build")[2], ["node"], "a new source is built, without npm")
    os.unlink(tree.path("src/b.ts"))
    equal(tree.files("build", "build")[2], [], "a source that is gone needs no build")
    tree.write("package-lock.json", "new", 4e9)
    equal(tree.files("build", "build")[2], ["npm", "node"], "other packages are fetched")


def not_built():
    for how in ("no", "missing"):
        tree = Tree()
        equal(tree.files(how, "build"), (0, "", []), f"{how}: make leaves it out")
        tree.files(how, "install", tree.path("installed"))
        ok(not os.path.exists(tree.path("installed")), f"{how}: nothing is installed")
        status, text, _ = tree.files(how, "distribute", tree.path("release"))
        equal((status, text.count("\n")), (0, 1), f"{how}: a release is made, and one line says that it has none")
    tree = Tree()
    tree.offline()
    status, text, _ = tree.files("build", "build")
    ok(status == 1 and "--without-console" in text and text.count("\n") == 1, "no network: fails with the way out", text)
    status, text, _ = tree.files("built", "build")
    ok(status == 1 and "configure again" in text, "the files that configure saw are gone: it fails", text)
    tree.write("dist/index.html", "built", 2000)
    equal(tree.files("built", "build"), (0, "", []), "a release needs no npm")
    tree.write("src/a.ts", "new", 3000)
    status, text, _ = tree.files("built", "build")
    ok(status == 0 and "older" in text, "a changed source and no npm: a note", text)


def installed():
    tree = Tree()
    tree.files("build", "build")
    target = tree.path("installed")

    def content():
        return sorted(
            os.path.relpath(os.path.join(folder, name), target)
            for folder, _, names in os.walk(target)
            for name in names
        )

    equal(tree.files("build", "install", target)[:2], (0, ""), "the files are installed")
    equal(content(), ["assets/page-2.js", "index.html", "index.html.gz"], "all of them")
    os.rename(tree.path("dist/assets/page-2.js"), tree.path("dist/assets/page-3.js"))
    tree.files("build", "install", target)
    equal(content(), ["assets/page-3.js", "index.html", "index.html.gz"], "those of an earlier version are removed")
    modes = {os.stat(os.path.join(target, name)).st_mode & 0o777 for name in content()}
    equal(modes, {0o644}, "everyone can read them")


def distributed():
    tree = Tree()
    tree.files("build", "build")
    release = tree.path("release")
    os.makedirs(release + "/tests/e2e/node_modules/x")
    equal(tree.files("build", "distribute", release)[:2], (0, ""), "a release")
    ok(os.path.isfile(release + "/dist/index.html"), "has the built files")
    equal(os.listdir(release + "/tests/e2e"), [], "has no packages")
    equal(
        os.stat(release + "/dist/index.html").st_mtime,
        os.stat(tree.path("dist/index.html")).st_mtime,
        "keeps the times, which decide whether they are current",
    )


run((types, units, built_when_needed, not_built, installed, distributed))
