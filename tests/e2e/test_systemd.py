"""What the units rely on: notifications, the watchdog, a socket that outlives the service, and no
system call beyond those that the service's unit allows.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from lib import POLYTASKD, SANITIZED, Instance, run_tests
from paths import BUILD
from processes import find_program, start
from tap import equal, ok, skip, until

# A user whom every system has, and who owns nothing.
NOBODY = "nobody"


class Manager:
    """In systemd's place: holds the socket, starts the service with it, hears what it says."""

    def __init__(self, instance):
        self.instance = instance
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(instance.socket)
        self.listener.listen(64)
        self.path = os.path.join(instance.dir, "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path)
        os.chmod(self.path, 0o666)
        self.heard = []  # (when, what)
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self):
        while True:
            for line in self.notify.recv(4096).decode().splitlines():
                self.heard.append((time.monotonic(), line))

    def start(self, **environment):
        # LISTEN_PID must be the pid that calls exec: the shell's own.
        script = 'exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -c "$1"'
        conf = os.path.join(self.instance.dir, "polytask.conf")
        with open(self.instance.log_path, "ab") as log:
            self.instance.daemon = start(
                ["/bin/sh", "-c", script, POLYTASKD, conf],
                log,
                stdin=self.listener,
                env=dict(os.environ, NOTIFY_SOCKET=self.path, **environment),
            )

    def times(self, what):
        return [when for when, line in list(self.heard) if line.startswith(what)]

    def await_word(self, what, seconds=20):
        return until(lambda: self.times(what), seconds)

    def quiet_for(self, what):
        return time.monotonic() - max(self.times(what), default=0)


def notifications():
    instance = Instance(autostart=False)
    instance.make_principal()
    manager = Manager(instance)
    manager.start()
    ok(manager.await_word("READY=1"), "READY=1 is told")
    status = instance.status()
    equal(status["phase"], "serving", "when the store is recovered")
    ready = {
        child["process"].split()[0] for child in status["processes"] if child["state"] == "ready"
    }
    equal(ready, {"keeper", "worker"}, "and a worker and the keeper are ready")
    instance.start_nginx()
    instance.wait_ready()
    ok(not manager.times("WATCHDOG"), "nobody asks for a watchdog, and none is fed")

    manager.heard.clear()
    instance.daemon.send_signal(signal.SIGHUP)
    ok(manager.await_word("READY=1"), "a reload ends with READY=1")
    words = [line for _, line in manager.heard]
    at = words.index("RELOADING=1") if "RELOADING=1" in words else -1
    ok(at >= 0 and at < words.index("READY=1"), "after RELOADING=1", words)
    stamp = [word for word in words if word.startswith("MONOTONIC_USEC=")]
    ok(
        stamp and abs(int(stamp[0].split("=")[1]) / 1e6 - time.monotonic()) < 60,
        "with the time of it",
        words,
    )

    manager.heard.clear()
    equal(instance.stop_daemon(), 0, "stops")
    ok(manager.times("STOPPING=1"), "STOPPING=1 is told", manager.heard)
    instance.stop("notifications")


def watchdog():
    """Fed in less than half of the interval, and not while a worker hangs that is not ended."""
    seconds = 4
    instance = Instance(autostart=False, conf={"stuck_seconds": "600"})
    instance.make_principal()
    manager = Manager(instance)
    manager.start(WATCHDOG_USEC=str(seconds * 1000000))
    manager.await_word("READY=1")
    ok(
        until(lambda: len(manager.times("WATCHDOG=1")) >= 5, 30),
        "WATCHDOG=1 is told again and again",
    )
    times = manager.times("WATCHDOG=1")
    gaps = [after - before for before, after in zip(times, times[1:])]
    ok(max(gaps) < seconds / 2, "in less than half of the interval", gaps)
    worker = instance.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    ok(
        until(lambda: manager.quiet_for("WATCHDOG=1") > seconds, 30),
        "with a worker that hangs it ends",
    )
    os.kill(worker, signal.SIGCONT)
    ok(until(lambda: manager.quiet_for("WATCHDOG=1") < 1, 20), "when it goes on, so does that")
    equal(instance.stop_daemon(), 0, "stops")
    instance.stop("watchdog")


def restart():
    """Whoever connects while the service is down waits in the socket's queue, and is served."""
    instance = Instance(autostart=False)
    instance.make_principal()
    manager = Manager(instance)
    manager.start()
    instance.start_nginx()
    instance.wait_ready()
    uuid = instance.create(description="waits")
    equal(instance.stop_daemon(), 0, "stops")
    answers = []
    clients = [
        threading.Thread(
            target=lambda: answers.append(instance.get("/tasks/" + uuid, timeout=60).status)
        )
        for _ in range(8)
    ]
    for client in clients:
        client.start()
    time.sleep(0.5)
    equal(answers, [], "nobody is refused while it is down")
    manager.start()
    for client in clients:
        client.join(60)
    equal(answers, [200] * len(clients), "and everybody is served when it is up")
    instance.stop("restart")


# ---- the unit's filter ----


def filter_sets():
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True
    ).stdout
    sets, name = {}, None
    for line in text.splitlines():
        word = line.split("#")[0].strip()
        if line.startswith("@"):
            name = word
            sets[name] = []
        elif word and name:
            sets[name].append(word)
    return sets


def members(sets, word):
    if not word.startswith("@"):
        return {word}
    return set().union(*(members(sets, member) for member in sets[word]))


def allowed_calls(unit):
    sets = filter_sets()
    allowed = members(sets, "@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        named = set().union(*(members(sets, word) for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def can_trace():
    strace = find_program("strace")
    return (
        strace
        and subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    )


def calls():
    """The service's whole life, traced; as the unit runs it: not as root, the socket given."""
    if SANITIZED or not find_program("systemd-analyze") or not can_trace():
        skip("system calls", "needs systemd-analyze, strace, and no leak checker beside it")
        return
    with open(os.path.join(BUILD, "data", "polytaskd.service")) as unit:
        allowed = allowed_calls(unit.read())
    ok("chown" not in allowed and "openat" in allowed, "the unit's filter was read", allowed)
    instance = Instance(autostart=False)
    instance.conf["control"] = os.path.join(instance.dir, "run", "control.sock")
    instance.write_conf()
    manager = Manager(instance)
    for folder in (instance.dir, instance.memory):
        os.chmod(folder, 0o711)
    # What tmpfiles.d makes.
    as_user = []
    for folder in (instance.conf["home"], os.path.dirname(instance.conf["control"])):
        os.mkdir(folder, 0o700)
    if os.geteuid() == 0:
        as_user = ["-u", NOBODY]
        for folder in (
            instance.conf["home"],
            os.path.dirname(instance.conf["control"]),
            instance.memory,
        ):
            subprocess.run(["chown", NOBODY, folder], check=True)
    trace = os.path.join(instance.dir, "trace")
    # The tree may lie where that user cannot go.
    program = shutil.copy(POLYTASKD, instance.dir)
    with open(instance.log_path, "ab") as log:
        instance.daemon = start(
            ["strace", "-f", "-qq", "-o", trace, *as_user]
            + [program, "-c", os.path.join(instance.dir, "polytask.conf")],
            log,
            stdin=manager.listener,
            env=dict(os.environ, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="1000000"),
        )
    ok(manager.await_word("READY=1", 60), "starts", instance.log())
    instance.make_principal()
    instance.start_nginx()
    instance.wait_ready()
    for number in range(5):
        instance.create(description=f"task {number}")
    equal(instance.get("/tasks/").status, 200, "answers")
    instance.ctl("load-sample", "500", "--tenant", "demo")
    instance.ctl("checkpoint")
    instance.verify("traced")
    manager.heard.clear()
    instance.ctl("reload")
    ok(manager.await_word("READY=1", 60), "reloads")
    manager.await_word("WATCHDOG=1")
    instance.ctl("stop")
    instance.daemon.wait(60)
    with open(trace, errors="replace") as lines:
        text = lines.read()
    # strace's own child becomes the user before that.
    made = set(re.findall(r"^\d+ +(\w+)\(", text[text.index("execve(") :], re.M))
    ok({"fdatasync", "accept4", "epoll_pwait", "seccomp"} <= made, "the trace was read", made)
    equal(made - allowed, set(), "every call that is made is one that the unit allows")
    instance.daemon = None
    instance.stop("calls")


run_tests(notifications, watchdog, restart, calls)
