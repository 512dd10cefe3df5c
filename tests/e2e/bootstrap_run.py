"""A service that `./bootstrap run` has started, from a finished build tree."""
import os
import re
import signal
import subprocess

from paths import BUILD, SOURCE
from tap import equal, ok, until

BOOTSTRAP = os.path.join(SOURCE, "bootstrap")


def environment(**variables):
    return dict(os.environ, POLYTASK_BUILD=BUILD, **variables)


class Run:
    def __init__(self, home, port, *options, interrupt=signal.SIG_DFL, **variables):
        self.home = home
        self.output = os.path.join(os.path.dirname(home), "output")
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                ["sh", BOOTSTRAP, "run", "--port", str(port), "--home", home, *options],
                env=environment(**variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                # As in a terminal: a shell cannot trap a signal that its caller ignores.
                preexec_fn=lambda: signal.signal(signal.SIGINT, interrupt),
            )

    def text(self):
        with open(self.output, errors="replace") as out:
            return out.read()

    def wait(self):
        until(lambda: "ready on" in self.text() or self.process.poll() is not None, 60)
        return self.text()


def check_console(run, text):
    """The printed address, name and password are right."""
    if not os.path.isfile(os.path.join(SOURCE, "data", "console", "dist", "index.html")):
        ok("There is no console" in text, "it says that there is no console", text)
        return
    found = re.search(r"at (https://\S+/console/): log in as (\w+) with the password\s+(\w+)\.", text)
    if not ok(found, "it prints the console's address and a login", text):
        return
    calls = """
        . "$1"
        ask() { curl -s --noproxy '*' --cacert "$POLYTASK_CACERT" -o /dev/null -w '%{http_code} %{size_download} ' "$@"; }
        ask "$2"
        ask "${2%/console/}$(curl -s --noproxy '*' --cacert "$POLYTASK_CACERT" "$2" | sed -n 's/.*src="\\([^"]*\\)".*/\\1/p')"
        ask -d grant_type=password -d "username=$3" --data-urlencode "password=$4" "$POLYTASK_URL/oauth/token"
    """
    done = subprocess.run(
        ["bash", "-euc", calls, "bash", f"{run.home}/demo.env", *found.groups()],
        capture_output=True,
        text=True,
        timeout=30,
    )
    words = done.stdout.split()
    equal(words[::2], ["200"] * 3, "the page, its script, a login with what was printed")
    ok("0" not in words[1::2], "none of them is empty", done)
