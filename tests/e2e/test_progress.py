"""The progress of polytaskctl's commands: at a terminal only, after two seconds, and removed."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok
from terminal import Terminal

CLEAR = "\r\x1b[K"
STEP = 0.25


class Service:
    """A stand-in on a control socket. answer(connection, request) gets each client."""

    def __init__(self, answer):
        self.dir = tempfile.TemporaryDirectory()
        self.conf = os.path.join(self.dir.name, "polytask.conf")
        path = os.path.join(self.dir.name, "control")
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"home = {self.dir.name}\ncontrol = {path}\n")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.requests = []
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as received:
                request = json.loads(received.readline())
                if request["verb"] == ["status"]:
                    connection.sendall(b"x 0\n")
                    continue
                self.requests.append(request)
                try:
                    self.answer(connection, received)
                except OSError:
                    pass  # the client has ended

    def argv(self, *words):
        return [POLYTASKCTL, "-c", self.conf, *words]


def slow(connection, received):
    """Sixteen steps of 1000 tasks, with a line of output in the middle."""
    for step in range(16):
        connection.sendall(f"p {step * 1000} 16000 tasks\n".encode())
        if step == 12:
            connection.sendall(b"o half a line\n")
        time.sleep(STEP)
    connection.sendall(b"o done\ne note: it took long\nx 0\n")


def at_once(connection, received):
    connection.sendall(b"p 1 2 tasks\no done\nx 0\n")


def at_terminal():
    service = Service(slow)
    terminal = Terminal(service.argv("verify"))
    ok(not terminal.wait_for("tasks", 1.5), "nothing for the first seconds", terminal.text)
    equal(terminal.end(), 0, "the command ends")
    lines = re.findall(r"verify: (\d+) of 16000 tasks \((\d+) %\), (\d+)/s, (\d+ s) left", terminal.text)
    ok(len(lines) >= 3 and int(lines[-1][0]) > 8000, "then tasks, percent, rate and time left", terminal.text)
    shown = terminal.text.replace("\r\n", "\n")
    ok(
        CLEAR + "half a line\n" in shown and CLEAR + "done\n" in shown,
        "the line is removed before the output",
        repr(shown),
    )
    ok(
        "verify:" not in shown.rpartition(CLEAR)[2]
        and shown.index("done\n") < shown.index("polytaskctl: note: it took long\n"),
        "and at the end",
        repr(shown),
    )
    ok(all(request.get("progress") for request in service.requests), "the service is asked for it")
    terminal.close()

    terminal = Terminal(service.argv("verify"), columns=30)
    terminal.end()
    parts = [part.split("\r")[0].split("\n")[0] for part in terminal.text.split(CLEAR)]
    ok(
        max(len(part) for part in parts if part.startswith("verify")) == 29,
        "a narrow terminal: the line does not wrap",
        parts,
    )
    terminal.close()


def elsewhere():
    service = Service(slow)
    done = subprocess.run(service.argv("verify"), capture_output=True, text=True, timeout=20)
    equal(
        (done.stdout, done.stderr),
        ("half a line\ndone\n", "polytaskctl: note: it took long\n"),
        "pipes: no progress",
    )
    ok("progress" not in service.requests[0], "the service is not asked for it", service.requests)
    terminal = Terminal(Service(at_once).argv("verify"))
    equal(terminal.end(), 0, "a quick command")
    equal(terminal.text.replace("\r\n", "\n"), "done\n", "shows none")
    terminal.close()


def interrupted():
    service = Service(slow)
    terminal = Terminal(service.argv("verify"))
    ok(terminal.wait_for("tasks"), "a progress is shown")
    terminal.type("\x03")
    equal(terminal.end(), -signal.SIGINT, "Ctrl-C ends the command as a signal does")
    ok(terminal.text.endswith(CLEAR), "the line is removed", repr(terminal.text[-60:]))
    ok(terminal.restored(), "the terminal is as before")
    terminal.close()


def take_slowly(connection, received):
    while received.read(100000):
        time.sleep(STEP)
    connection.sendall(b"o taken\nx 0\n")


def give_lines(connection, received):
    for _ in range(14):
        connection.sendall(b'o {"a":1}\n' * 100)
        time.sleep(STEP)
    connection.sendall(b"x 0\n")


def input_and_output():
    service = Service(take_slowly)
    with tempfile.TemporaryFile() as data, tempfile.TemporaryFile() as out:
        data.write(b"x" * 1500000)
        data.seek(0)
        terminal = Terminal(service.argv("import"), stdin=data)
        equal(terminal.end(), 0, "import of a file")
        ok(
            re.search(r"import: [\d.]+ [kM]B of 1\.5 MB \(\d+ %\), [\d.]+ kB/s", terminal.text),
            "the bytes that were read",
            terminal.text,
        )
        terminal.close()
        terminal = Terminal(Service(give_lines).argv("export"), stdout=out)
        equal(terminal.end(), 0, "export to a file")
        ok(re.search(r"export: \d+ lines, \d+/s", terminal.text), "the lines", terminal.text)
        equal(os.fstat(out.fileno()).st_size, 14 * 100 * len('{"a":1}\n'), "all of them are in it")
        terminal.close()


def real_service():
    instance = Instance()
    instance.ctl("load-sample", "3000", "--tenant", "demo")
    conf = os.path.join(instance.dir, "polytask.conf")
    for state in ("up", "down"):
        terminal = Terminal(
            [POLYTASKCTL, "-c", conf, "backup", "--rate", "1", f"{instance.dir}/backup-{state}"]
        )
        equal(terminal.end(60), 0, f"{state}: a slow backup")
        ok(
            re.search(r"backup: copying, [\d.]+ [kM]B of [\d.]+ [kM]B \(\d+ %\)", terminal.text),
            "its bytes",
            terminal.text,
        )
        equal(
            terminal.text.rpartition(CLEAR)[2].split(" of ")[0], "3000 tasks", "the result remains"
        )
        terminal.close()
        if state == "up":
            instance.stop()
    done = instance.ctl_run("verify")
    equal((done.returncode, done.stderr), (0, ""), "verify without a terminal")


run_tests(at_terminal, elsewhere, interrupted, input_and_output, real_service)
