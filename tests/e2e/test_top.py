"""polytaskctl top: the live view at a terminal, which is restored, and one view elsewhere."""
import os
import re
import signal
import time

from lib import POLYTASKCTL, Instance, run_tests
from processes import kill
from tap import equal, ok, until
from terminal import Terminal

BEGIN = "\x1b[?1049h\x1b[?25l"
END = "\x1b[?25h\x1b[?1049l"
HOME = "\x1b[H"


def argv(instance, *words):
    return [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "top", *words]


def screens(text):
    """The lines of each view that was drawn."""
    return [
        re.sub(r"\x1b\[[KJ]|\x1b\[\?\d+[hl]", "", part).split("\r\n")
        for part in text.split(HOME)[1:]
    ]


def live(instance):
    terminal = Terminal(argv(instance), rows=30, columns=120)
    ok(terminal.wait_for("q: quit"), "a view at once", terminal.text)
    ok(terminal.text.startswith(BEGIN), "on the alternative screen, without a cursor")
    ok(not terminal.restored(), "keys are not shown")
    first = screens(terminal.text)[-1]
    ok(
        first[0].startswith("polytask serving for ") and "requests/s -" in "\n".join(first),
        "the state; no rates from one status",
        first,
    )
    names = [line.split()[0] for line in first if re.search(r" \d+ +\d+ ", line)]
    ok({"keeper", "reader"} <= set(names), "the processes", first)
    until(lambda: len(screens(terminal.read(0.2))) > 3, 10)
    for _ in range(60):
        instance.get("/tasks/failed")
        terminal.read(0.01)
    shown = until(lambda: busiest(terminal.read(0.2)) >= 15, 10)
    ok(shown, "the requests are counted", terminal.text[-2000:])
    before = len(screens(terminal.text))
    terminal.resize(8, 40)
    os.kill(terminal.process.pid, signal.SIGWINCH)
    ok(
        until(lambda: narrow(terminal.read(0.2), before), 5),
        "a smaller terminal: fewer and shorter lines",
        screens(terminal.text)[-1],
    )
    terminal.type("x")
    terminal.read(0.3)
    ok(terminal.process.poll() is None or terminal.text.endswith(END), "another key", terminal.text[-80:])
    terminal.close()


def busiest(text):
    return max([float(rate) for rate in re.findall(r"requests/s ([\d.]+)", text)] or [0])


def narrow(text, before):
    drawn = screens(text)[before:]
    return any(len(view) <= 8 and max(len(line) for line in view) <= 40 for view in drawn)


def ends(instance):
    for name, end, status in (
        ("q", lambda terminal: terminal.type("q"), 0),
        ("Ctrl-C", lambda terminal: terminal.type("\x03"), 0),
        ("SIGTERM", lambda terminal: terminal.process.terminate(), -signal.SIGTERM),
    ):
        terminal = Terminal(argv(instance))
        terminal.wait_for("q: quit")
        end(terminal)
        equal(terminal.end(10), status, f"{name} ends it")
        ok(terminal.text.rstrip().endswith(END), f"{name}: the screen is restored", terminal.text[-80:])
        ok(terminal.restored(), f"{name}: and the modes of the terminal")
        terminal.close()


def without_service(instance):
    """A supervisor that is stopped, and a service that ends, while it is watched."""
    terminal = Terminal(argv(instance), columns=200)
    terminal.wait_for("q: quit")
    kill(instance.daemon.pid, signal.SIGSTOP)
    ok(terminal.wait_for("is stopped (kill -CONT"), "a stopped supervisor is named", terminal.text[-900:])
    kill(instance.daemon.pid, signal.SIGCONT)
    seen = len(terminal.text)
    ok(
        until(lambda: "q: quit" in terminal.read(0.2)[seen:], 10),
        "and the view goes on when it continues",
    )
    instance.stop()
    ok(terminal.wait_for("is the service running?"), "a service that has ended is named")
    terminal.type("q")
    equal(terminal.end(10), 0, "q ends it")
    terminal.close()
    done = instance.ctl_run("top", "--once")
    equal((done.returncode, done.stdout), (7, ""), "from the beginning: the status of no service")
    ok("is the service running?" in done.stderr, "and its sentence", done)


def once(instance):
    begun = time.monotonic()
    done = instance.ctl_run("top")
    ok(time.monotonic() - begun < 8 and done.returncode == 0, "no terminal: it ends by itself", done)
    equal(instance.ctl_run("top", "--once").returncode, 0, "--once")
    lines = done.stdout.splitlines()
    ok(
        "\x1b" not in done.stdout
        and lines[0].startswith("polytask serving")
        and re.search(r"requests/s [\d.]+, refused/s [\d.]+, flushes/s [\d.]+", done.stdout)
        and re.search(r"^store: log [\d.]+ [kM]B, free [\d.]+ [GT]B, index complete, damaged pages 0$", done.stdout, re.M)
        and re.search(r"^webhooks: 0 enabled, 0 pending, sent/s 0.0, failed/s 0.0$", done.stdout, re.M),
        "one view with rates, without sequences for a terminal",
        done.stdout,
    )
    terminal = Terminal(argv(instance, "--once"), columns=200)
    equal(terminal.end(10), 0, "--once at a terminal")
    ok("\x1b" not in terminal.text and terminal.restored(), "it is not touched", terminal.text)
    terminal.close()


def top():
    instance = Instance(expect=("stuck", "exit"))
    once(instance)
    live(instance)
    ends(instance)
    without_service(instance)


run_tests(top)
