"""A service that `./bootstrap run` has started, from a finished build tree."""
import os
import signal
import subprocess

from paths import BUILD, SOURCE
from tap import until

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
