"""polytaskctl top: the live view at a terminal, which is restored, and one view elsewhere."""
import os
import re
import shlex
import signal
import time

from claims_client import Worker, create
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
        re.sub(r"\x1b\[[KJ]|\x1b\[\d*m|\x1b\[\?\d+[hl]", "", part).split("\r\n")
        for part in text.split(HOME)[1:]
    ]


def table(lines, name):
    """{name of the row: {title: cell}} of the table with this first title."""
    rows = {}
    titles = None
    for line in lines:
        words = re.sub(r"(reader|worker) (\d+)", r"\1_\2", line).split()
        if words and words[0] == name:
            titles = words
        elif titles and not words:
            break
        elif titles:
            rows[words[0]] = dict(zip(titles, words))
    return rows


def live(instance):
    terminal = Terminal(argv(instance), rows=30, columns=120)
    ok(terminal.wait_for("q: quit"), "a view at once", terminal.text)
    ok(terminal.text.startswith(BEGIN), "on the alternative screen, without a cursor")
    ok(not terminal.restored(), "keys are not shown")
    first = screens(terminal.text)[-1]
    ok(
        first[0].startswith("polytask serving for ") and "  -/s answered" in "\n".join(first),
        "the state; no rates from one status",
        first,
    )
    ok({"keeper", "reader_1"} <= set(table(first, "PROCESS")), "the processes", first)
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
    ok(
        re.fullmatch(r"q: quit   \d+ more lines below", screens(terminal.text)[-1][-1]),
        "the last line says that there are more",
        screens(terminal.text)[-1],
    )
    terminal.type("x")
    terminal.read(0.3)
    ok(terminal.process.poll() is None, "another key does nothing", terminal.text[-80:])
    terminal.close()


def busiest(text):
    return max([float(rate) for rate in re.findall(r"([\d.]+)/s answered", text)] or [0])


def narrow(text, before):
    drawn = screens(text)[before:]
    return any(len(view) <= 8 and max(len(line) for line in view) <= 40 for view in drawn)


def usual_size(instance):
    """80 columns and 24 lines have all of a small service; no line is wider."""
    terminal = Terminal(argv(instance))
    terminal.wait_for("q: quit")
    until(lambda: len(screens(terminal.read(0.2))) > 2, 10)
    view = screens(terminal.text)[-2]
    ok(
        len(view) <= 24 and max(map(len, view)) <= 80 and view[-1] == "q: quit",
        "all lines have room",
        view,
    )
    ok(all("READY" in line for line in view if line.startswith("DIALECT")), "and what matters", view)
    terminal.close()


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


def suspended(instance):
    """Ctrl-Z below a shell, and fg."""
    modes = "stty -a | grep -o -e '-\\?icanon' -e '-\\?echo '"
    script = f"{shlex.join(argv(instance))}; echo suspended $?; {modes}; read go; fg; echo ended $?"
    terminal = Terminal(["bash", "--norc", "--noprofile", "-c", f"set -m; {script}"])
    terminal.wait_for("q: quit")
    terminal.type("\x1a")
    ok(terminal.wait_for("suspended 148"), "Ctrl-Z stops it", terminal.text[-300:])
    terminal.read(0.5)
    before, _, after = terminal.text.partition("suspended 148")
    ok(END in before and before.count(END) == 1, "the screen is restored", before[-200:])
    equal(re.findall(r"-?icanon|-?echo\b", after), ["icanon", "echo"], "and the modes of the terminal")
    seen = len(terminal.text)
    terminal.type("\n")
    ok(
        until(lambda: "q: quit" in terminal.read(0.2)[seen:], 10)
        and terminal.text[seen:].count(BEGIN) == 1,
        "fg shows the view again",
        terminal.text[seen:],
    )
    terminal.resize(9, 50)
    seen = len(screens(terminal.text))
    ok(
        until(lambda: len(screens(terminal.read(0.2))) > seen, 10)
        and until(lambda: len(screens(terminal.read(0.2))[-1]) <= 9, 5),
        "a new size is noticed as before",
        screens(terminal.text)[-1],
    )
    terminal.type("\x03")
    ok(terminal.wait_for("ended 0"), "and Ctrl-C ends it", terminal.text[-200:])
    terminal.end(5)
    ok(terminal.restored(), "the terminal is as before")
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
    ok(time.monotonic() - begun < 10 and done.returncode == 0, "no terminal: it ends by itself", done)
    equal(instance.ctl_run("top", "--once").returncode, 0, "--once")
    lines = done.stdout.splitlines()
    ok(
        "\x1b" not in done.stdout
        and lines[0].startswith("polytask serving")
        and lines[1] == "nothing needs attention"
        and re.search(r"^requests +[\d.]+/s answered +[\d.]+/s refused ", done.stdout, re.M)
        and re.search(r"^store +[\d.]+/s flushes +[\d.]+ [kM]B log +[\d.]+ [GT]B free +index complete$", done.stdout, re.M)
        and re.search(r"^webhooks +0 enabled +0 pending +0.0/s sent +0.0/s failed$", done.stdout, re.M),
        "one view with rates, without sequences for a terminal",
        done.stdout,
    )
    terminal = Terminal(argv(instance, "--once"), columns=200)
    equal(terminal.end(10), 0, "--once at a terminal")
    ok("\x1b" not in terminal.text and terminal.restored(), "it is not touched", terminal.text)
    terminal.close()
    terminal = Terminal(["env", "TERM=dumb", *argv(instance)])
    equal(terminal.end(10), 0, "a terminal without sequences")
    ok("\x1b" not in terminal.text and "polytask serving" in terminal.text, "has it once, too", terminal.text)
    terminal.close()


def dialects(instance):
    """Durations and claims by dialect, and tasks that are counted although there is no monitor."""
    for kind in ("a", "b", "c"):
        create(instance, kind=kind)
    worker = Worker(instance)
    worker.report("complete", worker.take(kinds=["a"]))
    worker.take(kinds=["b"])
    done = instance.ctl_run("top", "--once")
    row = table(done.stdout.splitlines(), "DIALECT").get("native", {})
    equal(
        [row.get(title) for title in ("PENDING", "READY", "RUNNING", "SUCCEEDED", "FAILED")],
        ["1", "1", "1", "1", "0"],
        "the tasks of a dialect by state",
    )
    ok(re.fullmatch(r"0m\d\ds", row.get("OLDEST", "")), "and the age of the oldest ready one", row)
    ok(
        re.search(r"^tasks +1 pending +1 running +0 failed +1 ready$", done.stdout, re.M),
        "and of all dialects",
        done.stdout,
    )
    terminal = Terminal(argv(instance), rows=30, columns=140)
    terminal.wait_for("q: quit")
    seen = []
    for _ in range(60):
        create(instance, kind="d")
        worker.report("complete", worker.take(kinds=["d"]))
        terminal.read(0.03)
    until(lambda: len(screens(terminal.read(0.2))) > 3, 10)
    for view in screens(terminal.text)[:-1]:
        seen.append(table(view, "DIALECT").get("native", {}))
    most = {
        title: max([float(row[title]) for row in seen if row.get(title, "-") != "-"] or [0])
        for title in ("REQ/S", "NEW/S", "CLAIM/S", "END/S")
    }
    ok(min(most.values()) >= 3 and most["REQ/S"] >= 2 * most["CLAIM/S"] > 0, "rates", most)
    ok(
        any(re.fullmatch(r"[\d.]+m?s", row.get("MEDIAN", "")) and re.fullmatch(r"[\d.]+m?s", row["P99"]) for row in seen),
        "durations",
        seen,
    )
    terminal.close()
    ok(
        until(lambda: instance.status()["counted_at"] < (time.time() - 3) * 1000, 20),
        "nothing is counted when nobody watches",
        instance.status()["counted_at"],
    )


def top():
    instance = Instance(expect=("stuck", "exit"))
    once(instance)
    dialects(instance)
    live(instance)
    usual_size(instance)
    ends(instance)
    suspended(instance)
    without_service(instance)


run_tests(top)
