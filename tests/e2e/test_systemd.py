"""The service under systemd: notifications, watchdog, socket activation across a restart, and system
calls within the filter of the unit.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import postgresql
from lib import POLYTASKD, SANITIZED, Instance, run_tests
from paths import BUILD
from processes import find_program, start
from tap import equal, ok, skip, until

# Exists on every system and owns no files.
NOBODY = "nobody"


# Makes two sockets the descriptors 3 and 4 of a program. LISTEN_PID must be the pid that calls exec.
PASS_SOCKETS = """import fcntl, os, sys
copies = [fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, 10) for fd in sys.argv[1:3]]
for at, copy in enumerate(copies):
    os.dup2(copy, 3 + at)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"""


class Manager:
    """Acts as systemd: holds the sockets, starts the service with them, receives notifications."""

    def __init__(self, instance):
        self.instance = instance
        self.listener = self._listen(instance.socket)
        self.read_listener = self._listen(instance.socket + ".read")
        self.path = os.path.join(instance.dir, "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path)
        os.chmod(self.path, 0o666)
        self.received = []  # (time, line)
        threading.Thread(target=self._receive, daemon=True).start()

    @staticmethod
    def _listen(path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        return listener

    def _receive(self):
        while True:
            for line in self.notify.recv(4096).decode().splitlines():
                self.received.append((time.monotonic(), line))

    def start(self, **environment):
        conf = os.path.join(self.instance.dir, "polytask.conf")
        sockets = [self.listener.fileno(), self.read_listener.fileno()]
        with open(self.instance.log_path, "ab") as log:
            self.instance.daemon = start(
                [sys.executable, "-c", PASS_SOCKETS, *map(str, sockets), POLYTASKD, "-c", conf],
                log,
                pass_fds=sockets,
                env=dict(os.environ, NOTIFY_SOCKET=self.path, **environment),
            )

    def times(self, text):
        """When notifications that begin with the text arrived."""
        return [time for time, line in list(self.received) if line.startswith(text)]

    def receives(self, text, seconds=20):
        return until(lambda: self.times(text), seconds)

    def silent_for(self, text):
        return time.monotonic() - max(self.times(text), default=0)


def notifications():
    instance = Instance(autostart=False)
    instance.make_principal()
    manager = Manager(instance)
    manager.start()
    ok(manager.receives("READY=1"), "READY=1 is sent")
    status = instance.status()
    equal(status["phase"], "serving", "READY=1: the store is recovered")
    ready = {
        child["process"].split()[0] for child in status["processes"] if child["state"] == "ready"
    }
    ready.discard("notifier")
    equal(ready, {"keeper", "writer", "reader"}, "READY=1: the keeper and the workers are ready")
    instance.start_nginx()
    instance.wait_ready()
    ok(not manager.times("WATCHDOG"), "without WATCHDOG_USEC no WATCHDOG is sent")

    manager.received.clear()
    instance.daemon.send_signal(signal.SIGHUP)
    ok(manager.receives("READY=1"), "a reload sends READY=1")
    words = [line for _, line in manager.received]
    at = words.index("RELOADING=1") if "RELOADING=1" in words else -1
    ok(at >= 0 and at < words.index("READY=1"), "a reload sends RELOADING=1 first", words)
    stamp = [word for word in words if word.startswith("MONOTONIC_USEC=")]
    ok(
        stamp and abs(int(stamp[0].split("=")[1]) / 1e6 - time.monotonic()) < 60,
        "a reload sends MONOTONIC_USEC",
        words,
    )

    manager.received.clear()
    equal(instance.stop_daemon(), 0, "SIGTERM: status 0")
    ok(manager.receives("STOPPING=1"), "STOPPING=1 is sent", manager.received)
    instance.stop("notifications")


def watchdog():
    """WATCHDOG=1 is sent more often than every half interval, but not while a worker hangs."""
    seconds = 4
    instance = Instance(autostart=False, conf={"stuck_seconds": "600"})
    instance.make_principal()
    manager = Manager(instance)
    manager.start(WATCHDOG_USEC=str(seconds * 1000000))
    manager.receives("READY=1")
    ok(
        until(lambda: len(manager.times("WATCHDOG=1")) >= 5, 30),
        "WATCHDOG=1 is sent repeatedly",
    )
    times = manager.times("WATCHDOG=1")
    gaps = [after - before for before, after in zip(times, times[1:])]
    ok(max(gaps) < seconds / 2, "WATCHDOG=1 is sent within half the interval", gaps)
    worker = instance.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    ok(
        until(lambda: manager.silent_for("WATCHDOG=1") > seconds, 30),
        "WATCHDOG=1 stops while a worker hangs",
    )
    os.kill(worker, signal.SIGCONT)
    ok(
        until(lambda: manager.silent_for("WATCHDOG=1") < 1, 20),
        "WATCHDOG=1 resumes with the worker",
    )
    equal(instance.stop_daemon(), 0, "SIGTERM: status 0")
    instance.stop("watchdog")


def restart():
    """Clients that connect during a restart wait in the queue of the socket and are served."""
    instance = Instance(autostart=False)
    instance.make_principal()
    manager = Manager(instance)
    manager.start()
    instance.start_nginx()
    instance.wait_ready()
    uuid = instance.create(description="waits")
    equal(instance.stop_daemon(), 0, "SIGTERM: status 0")
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
    equal(answers, [], "no client is refused while the service is stopped")
    manager.start()
    for client in clients:
        client.join(60)
    equal(answers, [200] * len(clients), "all clients are served after the start")
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
    """Traces the service from start to end, run as the unit does: not as root, with the socket."""
    trace_service({})


def calls_with_a_shared_store():
    """The same with a server, to which its processes connect."""
    why = postgresql.lack()
    if why:
        skip("system calls with a shared store", why)
        return
    server = postgresql.Server()
    os.chmod(server.dir, 0o711)  # for the service's user
    Instance(autostart=False, conf={"store": server.url}).ctl("store", "init")
    made = trace_service({"store": server.url})
    ok(made is None or "connect" in made, "processes connect to the server", made)


def trace_service(conf):
    """Returns the names of all system calls, None if there is no trace."""
    if SANITIZED or not find_program("systemd-analyze") or not can_trace():
        skip("system calls", "needs systemd-analyze, strace, and no leak checker beside it")
        return None
    with open(os.path.join(BUILD, "data", "polytaskd.service")) as unit:
        allowed = allowed_calls(unit.read())
    ok("chown" not in allowed and "openat" in allowed, "the unit's filter was read", allowed)
    instance = Instance(autostart=False, conf=conf)
    instance.conf["control"] = os.path.join(instance.dir, "run", "control.sock")
    instance.write_conf()
    instance.write_nginx_conf({"READ_SOCKET": instance.socket})
    manager = Manager(instance)
    for folder in (instance.dir, instance.memory):
        os.chmod(folder, 0o711)
    # As tmpfiles.d creates them.
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
    # The build tree may be unreadable for that user.
    program = shutil.copy(POLYTASKD, instance.dir)
    with open(instance.log_path, "ab") as log:
        instance.daemon = start(
            ["strace", "-f", "-qq", "-o", trace, *as_user]
            + [program, "-c", os.path.join(instance.dir, "polytask.conf")],
            log,
            stdin=manager.listener,
            env=dict(os.environ, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="1000000"),
        )
    ok(manager.receives("READY=1", 60), "the traced service sends READY=1", instance.log())
    instance.make_principal()
    instance.start_nginx()
    instance.wait_ready()
    for number in range(5):
        instance.create(description=f"task {number}")
    equal(instance.get("/tasks/").status, 200, "the traced service answers")
    instance.ctl("load-sample", "500", "--tenant", "demo")
    if not conf:
        instance.ctl("checkpoint")
    instance.verify("traced")
    manager.received.clear()
    instance.ctl("reload")
    ok(manager.receives("READY=1", 60), "the traced service reloads")
    manager.receives("WATCHDOG=1")
    instance.ctl("stop")
    instance.daemon.wait(60)
    with open(trace, errors="replace") as lines:
        text = lines.read()
    # Before execve() strace's child changes its user.
    made = set(re.findall(r"^\d+ +(\w+)\(", text[text.index("execve(") :], re.M))
    wanted = {"accept4", "epoll_pwait", "seccomp", "connect" if conf else "fdatasync"}
    ok(wanted <= made, "the trace was read", made)
    equal(made - allowed, set(), "the unit allows every system call")
    instance.daemon = None
    instance.stop("calls")
    return made


run_tests(notifications, watchdog, restart, calls, calls_with_a_shared_store)
