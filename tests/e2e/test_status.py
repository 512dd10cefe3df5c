"""polytaskctl status answers in a bounded time, whatever the service does, and its exit status says
whether the service is serving.
"""
import signal
import socket
import time

from lib import Instance, run_tests
from processes import kill
from tap import equal, ok, patient, until

TIME_LIMIT = 3  # seconds
SLACK = patient(1.5)


def timed_status(instance, *words):
    begun = time.monotonic()
    done = instance.ctl_run("status", *words)
    return done, time.monotonic() - begun


def connect(instance):
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    client.connect(instance.conf["control"])
    return client


def serving():
    """A healthy service: status 0, figures in words, nothing needs attention."""
    instance = Instance()
    instance.wait_serving()
    ok(
        until(lambda: instance.status()["store"]["log_files"] > 0, 10),
        "the figures of the store are known",
        instance.status(),
    )
    status = instance.status()
    equal(status["attention"], [], "nothing needs attention")
    ok(status["store"]["last_checkpoint"] >= status["started"], "the start wrote a checkpoint")
    done, _ = timed_status(instance)
    equal(done.returncode, 0, "a serving service: status 0")
    lines = done.stdout.splitlines()
    equal(lines[1], "nothing needs attention", "the second line says that nothing needs attention")
    ok(
        any(line.startswith("last_checkpoint ") and line.endswith(" ago") for line in lines),
        "the table has the last checkpoint",
        done.stdout,
    )
    silent = [connect(instance) for _ in range(16)]
    done, seconds = timed_status(instance)
    ok(
        done.returncode == 0 and seconds < TIME_LIMIT,
        "silent clients of the control socket do not keep status from its answer",
        (done, seconds),
    )
    for client in silent:
        client.close()
    instance.stop("serving")


def supervisor_stopped():
    """A supervisor that is stopped, with and without room in the queue of its socket."""
    instance = Instance(expect=("stuck", "exit"))
    kill(instance.daemon.pid, signal.SIGSTOP)
    for what in ("stopped", "stopped, with a full queue"):
        done, seconds = timed_status(instance)
        ok(
            done.returncode == 4 and done.stderr.count("\n") == 1 and "stopped" in done.stderr,
            f"{what}: status 4 and one sentence",
            done,
        )
        ok(seconds < TIME_LIMIT + SLACK, f"{what}: within {TIME_LIMIT} s", seconds)
        done, seconds = timed_status(instance, "--json")
        ok(
            done.returncode == 4 and seconds < TIME_LIMIT + SLACK,
            f"{what}: the same with --json",
            (done, seconds),
        )
        waiting = []
        try:
            while len(waiting) < 100:
                waiting.append(connect(instance))
        except BlockingIOError:
            pass
    for client in waiting:
        client.close()
    kill(instance.daemon.pid, signal.SIGCONT)
    ok(until(lambda: timed_status(instance)[0].returncode == 0, 10), "continued: status 0")
    instance.stop("stopped")


run_tests(serving, supervisor_stopped)
