"""The console for its tests in a browser: an instance with users, and scenarios in JavaScript.

A scenario, data/console/tests/e2e/NAME.mjs, prints TAP lines, and asks by lines "@ [...]" for what only this side can
do: see Asked. It gets the address and the credentials by its environment.
"""
import json
import os
import re
import signal
import subprocess

from lib import Instance, run_tests
from paths import SOURCE
from processes import find_program, finish
from tap import note, ok, skip

CONSOLE = os.path.join(SOURCE, "data", "console")
BUILT = os.path.join(CONSOLE, "dist")
SCENARIOS = os.path.join(CONSOLE, "tests", "e2e")
# The shell draws the same with three fifths of the processor time.
CHROMIUM = (
    os.environ.get("POLYTASK_CHROMIUM")
    or find_program("chromium-headless-shell")
    or find_program("chromium")
)
RIGHTS = {
    "operator": "read,write,work,admin",
    "writer": "read,write",
    "viewer": "read",
}
PASSWORD = "correct horse + battery & staple ä"


def why_not():
    """Why the console cannot be tested here; None: it can."""
    for name, found in (("node", find_program("node")), ("chromium", CHROMIUM)):
        if not found:
            return f"{name} is not installed"
    if not os.path.isfile(os.path.join(BUILT, "index.html")):
        return "the console has not been built"
    if not os.path.isdir(os.path.join(SCENARIOS, "node_modules", "playwright-core")):
        return "no packages: ./bootstrap check installs them with npm"
    return None


class Site(Instance):
    """An instance with the console, and users with a password and a token each."""

    def __init__(self, **named):
        named.setdefault("nginx", {})["CONSOLE"] = BUILT
        super().__init__(**named)
        self.users = {}
        self.secrets.append(PASSWORD)
        for name, rights in RIGHTS.items():
            self.ctl("user", "add", name, "--tenant", "demo", "--rights", rights)
            self.ctl("password", "set", name, stdin=PASSWORD + "\n")
            token = self.add_token(name, name + "'s")
            self.users[name] = {"token": token, "password": PASSWORD}


class Asked:
    """What scenarios ask for, each with its arguments."""

    def __init__(self, site):
        self.site = site

    def ctl(self, *args):
        return self.site.ctl(*args)

    def token(self, user, label):
        return self.site.add_token(user, label)

    def secret(self, text):
        """A credential that must be in no log."""
        self.site.secrets.append(text)

    def stop(self, what):
        if what == "nginx":
            finish(self.site.nginx, signal.SIGTERM, 20)
            self.site.nginx = None
        else:
            self.site.stop_daemon()

    def start(self, what):
        if what == "nginx":
            self.site.start_nginx()
        else:
            self.site.start_daemon()
        self.site.wait_ready()
        self.site.wait_serving()


def answer(asked, line):
    try:
        what, *args = json.loads(line)
        if what.startswith("_"):
            raise ValueError(what)
        return {"result": getattr(asked, what)(*args)}
    except Exception as error:
        return {"error": repr(error)}


class Results:
    """The results of a scenario, passed on; the lines behind a failure are its detail."""

    def __init__(self, name):
        self.name, self.failed, self.planned, self.count = name, None, None, 0

    def flush(self):
        if self.failed:
            ok(False, self.failed[0], "\n".join(self.failed[1:]))
        self.failed = None

    def take(self, line):
        result = re.fullmatch(r"(ok|not ok) \d+ - (.*)", line)
        if self.failed and line.startswith("#  "):
            self.failed.append(line[3:])
            return
        self.flush()
        if result:
            self.count += 1
            name = f"{self.name}: {result[2]}"
            if result[1] == "ok":
                ok(True, name)
            else:
                self.failed = [name]
        elif line.startswith("1.."):
            self.planned = int(line[3:])
        elif line:
            note(line.lstrip("# "))


def play(site, name, *tests, asked=Asked):
    """Runs a scenario, or those of its tests that are named, to its end."""
    environment = dict(
        os.environ,
        NODE_EXTRA_CA_CERTS=site.cert,
        POLYTASK_URL=f"https://{site.host}",
        POLYTASK_USERS=json.dumps(site.users),
        POLYTASK_CHROMIUM=CHROMIUM,
    )
    process = subprocess.Popen(
        [find_program("node"), os.path.join(SCENARIOS, name + ".mjs"), *tests],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    results, host = Results(name), asked(site)
    try:
        for line in map(str.rstrip, process.stdout):
            if line.startswith("@ "):
                process.stdin.write(json.dumps(answer(host, line[2:])) + "\n")
                process.stdin.flush()
            else:
                results.take(line)
        process.stdin.close()
        status = process.wait(20)
    finally:
        process.kill()
    results.flush()
    ok(
        status == 0 and results.planned == results.count,
        f"{name}: the scenario ran to its end",
        f"status {status}, {results.count} of {results.planned} results",
    )


def run_scenarios(*names, tests=(), asked=Asked, **named):
    """A test program: one instance, on which these scenarios, or the named tests of them, run one after another."""

    def scenarios():
        if why_not():
            skip("the console in a browser", why_not())
            return
        site = Site(**named)
        for name in names:
            play(site, name, *tests, asked=asked)
        site.stop()

    run_tests(scenarios)
