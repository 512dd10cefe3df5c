"""polytaskctl reload and status: what they print and their exit status, in each phase of the service."""
import os
import signal
import subprocess
import threading
import time

from fastcgi_client import Connection
from lib import POLYTASKCTL, WORKERS, Instance, run_tests
from processes import child_pids, kill
from tap import equal, ok, until


def begin(instance, *words):
    return subprocess.Popen(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def status_of(instance):
    """Exit status, and the phase that the service is in."""
    done = instance.ctl_run("status", "--json")
    return done.returncode, instance.status()["phase"] if done.returncode in (0, 3) else None


def bad_configuration():
    instance = Instance(expect=("reload",))
    path = os.path.join(instance.dir, "polytask.conf")
    instance.wait_serving()
    workers = instance.workers()
    for line, cause in (
        ("workers = many", "workers must be a number from 0 to 64"),
        ("no such option", "not `name = value`"),
        ("timezone = Nowhere", "timezone: this system has no time zone called Nowhere"),
    ):
        instance.write_conf()
        with open(path, "a") as conf:
            conf.write(line + "\n")
        done = instance.ctl_run("reload")
        equal((done.returncode, done.stdout), (1, ""), f"{line}: exit status 1")
        ok(
            done.stderr.startswith("polytaskctl: ")
            and done.stderr.endswith(cause + "; the old configuration remains in use\n")
            and done.stderr.count("\n") == 1,
            f"{line}: one sentence",
            done,
        )
        equal(status_of(instance), (0, "serving"), f"{line}: status needs no other option")
        equal(instance.workers(), workers, f"{line}: the old workers remain")
        equal(instance.native("GET", "/tasks").status, 200, f"{line}: requests are answered")
        done = instance.ctl_run("user", "list")
        equal(
            (done.returncode, done.stderr.count(cause)), (1, 1), f"{line}: other commands need all"
        )
    instance.write_conf()
    equal(instance.ctl_run("reload").returncode, 0, "a corrected configuration is taken")
    ok(instance.workers() != workers, "by new workers")
    instance.stop("bad configuration")


def stop_with_bad_configuration():
    instance = Instance()
    with open(os.path.join(instance.dir, "polytask.conf"), "a") as conf:
        conf.write("workers = many\n")
    equal(instance.ctl_run("stop").returncode, 0, "stop needs no other option")
    equal(instance.daemon.wait(30), 0, "the service ends")
    missing = subprocess.run(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "none.conf"), "status"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    ok(
        missing.returncode == 1
        and missing.stderr.endswith("none.conf cannot be read: No such file or directory\n"),
        "a file that does not exist is an error",
        missing,
    )
    instance.stop("stop with a bad configuration")


def reloads_at_once():
    """Each of several reloads at once returns when its configuration is in use."""
    instance = Instance()
    for count in (2, 6):
        generation = instance.status()["generation"]
        reloads = [begin(instance, "reload") for _ in range(count)]
        answers = [(reload.communicate(timeout=100), reload.returncode) for reload in reloads]
        equal([status for _, status in answers], [0] * count, f"{count} reloads at once succeed")
        ok(
            all(out.endswith(" serves\n") and not errors for (out, errors), _ in answers),
            f"{count} reloads at once: each names a generation",
            answers,
        )
        started = instance.status()["generation"] - generation
        ok(1 <= started <= count, f"{count} reloads at once: they may share generations", started)
    instance.stop("reloads at once")


def stop_recovery(instance):
    """Starts the service and stops its recovery."""
    instance.start_daemon()
    until(lambda: child_pids(instance.daemon.pid), 10, 0.0001)
    for pid in child_pids(instance.daemon.pid):
        kill(pid, signal.SIGSTOP)
    until(lambda: instance.ctl_run("status").returncode != 1, 10)
    if status_of(instance) == (3, "recovering"):
        return child_pids(instance.daemon.pid)[0]
    for pid in child_pids(instance.daemon.pid):
        kill(pid, signal.SIGCONT)
    instance.stop_daemon()
    return None


def slow_reader(instance):
    """Asks for many bytes and reads none: a worker ends three seconds later if it is told to end."""
    for _ in range(30):
        instance.native("POST", "/tasks", {"fields": {"text": "x" * 100000}})
    connection = Connection(instance.socket)
    connection.send("GET", "/v1/tasks?limit=30")
    time.sleep(0.3)
    return connection


def phases():
    """status in each phase: 0 if requests are answered, 3 if not, 1 without a service."""
    instance = Instance(conf={"stuck_seconds": "60"}, expect=("stop", "exit", "stuck"))
    # The first request needs a reader only: the writer may be ready later.
    ok(until(lambda: status_of(instance) == (0, "serving"), 30), "serving: status 0")
    writer = next(
        child["pid"] for child in instance.status()["processes"] if child["process"] == "writer"
    )
    kill(writer, signal.SIGSTOP)
    reload = begin(instance, "reload")
    ok(
        until(lambda: status_of(instance) == (0, "reloading"), 20),
        "reloading: status 0",
        instance.status(),
    )
    kill(writer, signal.SIGCONT)
    equal(reload.wait(60), 0, "the reload ends")
    equal(status_of(instance), (0, "serving"), "serving again: status 0")
    reader = slow_reader(instance)
    instance.daemon.send_signal(signal.SIGTERM)
    ok(
        until(lambda: status_of(instance) == (3, "stopping"), 6),
        "stopping: status 3",
        instance.ctl_run("status"),
    )
    done = instance.ctl_run("reload")
    equal(
        (done.returncode, done.stderr),
        (1, "polytaskctl: the service is stopping\n"),
        "stopping: reload is refused",
    )
    reader.close()
    equal(instance.stop_daemon(), 0, "the service ends")
    done = instance.ctl_run("status")
    ok(
        done.returncode == 7 and done.stderr.endswith(" (is the service running?)\n"),
        "no service: status 7",
        done,
    )
    pid = until(lambda: stop_recovery(instance), 60)
    ok(pid, "recovering: status 3")
    kill(pid, signal.SIGCONT)
    instance.wait_ready()
    ok(until(lambda: status_of(instance) == (0, "serving"), 30), "recovered: status 0")
    instance.stop("phases")


def fewer_connections():
    """A smaller option connections, while nginx keeps more of them: no request waits for another."""
    count = 60
    instance = Instance(conf={"workers": "1"})
    ending = threading.Event()
    statuses, slowest = [], [0]

    def run():
        connection = instance.connect(60)
        while not ending.is_set():
            begun = time.monotonic()
            statuses.append(instance.native("GET", "/tasks", connection=connection).status)
            slowest[0] = max(slowest[0], time.monotonic() - begun)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    connections = until(
        lambda: sum(child["connections"] for child in instance.status()["processes"]) > 17, 30
    )
    ok(connections, "nginx keeps more than 17 connections", instance.status())
    instance.conf["connections"] = "16"
    instance.write_conf()
    done = instance.ctl_run("reload")
    equal(done.returncode, 0, "the reload ends")
    before = len(statuses)
    until(lambda: len(statuses) > before + 5 * count, 60)
    ending.set()
    for thread in threads:
        thread.join(60)
    equal(set(statuses), {200}, "fewer connections: no request fails")
    # nginx would close a kept connection after 20 s, and so make room for a new one.
    ok(slowest[0] < 10, "fewer connections: no request waits for long", slowest[0])
    workers = [c for c in instance.status()["processes"] if c["process"].split()[0] in WORKERS]
    ok(len(workers) == 1 or until(lambda: len(instance.workers()) == 1, 30), "the old worker ends")
    instance.stop("fewer connections")


run_tests(
    bad_configuration,
    stop_with_bad_configuration,
    reloads_at_once,
    phases,
    fewer_connections,
)
