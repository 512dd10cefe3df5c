"""`polytaskctl work` and leases: no work on a task that another worker may have."""
import os
import signal
import sys
import threading
import time

from lib import SANITIZED, run_tests
from paths import BUILD
from tap import equal, ok, until
from work_stand_in import BEAT, CLAIMS, StandIn, accept, send, service


def writes(server, name="out"):
    """A command that writes the time to a file until SIGKILL; a function that reads the last."""
    path = os.path.join(server.dir, name)
    script = f"trap '' TERM; while :; do date +%s.%N >>{path}; sleep 0.1; done"

    def last():
        if not os.path.exists(path):
            return 0
        with open(path) as out:
            times = out.read().split("\n")[:-1]
        return float(times[-1]) if times else 0

    return ("sh", "-c", script), last


class Beats:
    """Answers heartbeats until stopped; knows when the last answered one was sent."""

    def __init__(self, answer=BEAT, **headers):
        self.answered, self.answer, self.headers = [], answer, headers
        self.stopped = False

    def __call__(self, handler):
        if self.stopped:
            send(handler, 500)
        else:
            self.answered.append(time.time())
            send(handler, 200, self.answer, **self.headers)


def stale_claim():
    """The response to the claim waits in a stopped worker, and the task goes to another one."""
    asked, late = threading.Event(), threading.Event()

    def answers(handler):
        if not handler.path.endswith("/claims"):
            send(handler, 409, {"type": "/v1/problems/lease-lost"})
        elif asked.is_set():
            send(handler, 204)
        else:
            asked.set()
            late.wait(20)
            send(handler, 200, CLAIMS)

    server = StandIn(answers)
    command, last = writes(server)
    work = server.work("--lease", 60, command=command)
    ok(asked.wait(10), "the worker claims")
    work.signal(signal.SIGSTOP)
    late.set()
    time.sleep(1)
    work.signal(signal.SIGCONT)
    ok(until(lambda: "its work is not begun" in work.log(), 10), "it is told", work.log())
    equal((last(), work.processes()), (0, {}), "the command is not executed")
    equal(work.stop(5), 0, "it ends")
    equal({"claims", "heartbeat"}, set(server.paths()), "nothing is reported")
    server.close()


def grace():
    """SIGTERM is sent the grace before the end of the lease, SIGKILL at its end."""
    beats = Beats()
    server = service(accept, beats)
    command, last = writes(server)
    work = server.work("--once", "--lease", 4, "--grace", 30, command=command)
    ok(until(lambda: last() > 0, 10), "the command runs", work.log())
    beats.stopped = True
    equal(work.wait(20), 0, "it ends")
    over = last() - beats.answered[-1]
    ok(2 < over < 4.3, "a command that ignores SIGTERM works until the end of the lease", over)
    ok("could not be extended" in work.log(), "as a line says", work.log())
    server.close()


def stopped_worker():
    beats = Beats()
    server = service(accept, beats)
    command, last = writes(server)
    work = server.work("--lease", 3, "--grace", 30, command=command)
    ok(until(lambda: last() > 0, 10), "the command runs", work.log())
    work.signal(signal.SIGSTOP)
    equal(work.left(10), {}, "a stopped worker: the command ends with the lease")
    over = last() - beats.answered[-1]
    ok(over < 3.3, "in time", over)
    work.signal(signal.SIGCONT)
    ok(until(lambda: "could not be extended" in work.log(), 5), "it is told", work.log())
    equal(work.stop(5), 0, "it ends")
    ok(not {"complete", "fail"} & set(server.paths()), "nothing is reported", server.paths())
    server.close()


def slow_push():
    """The answer to a heartbeat with log lines takes longer than the lease."""
    server = None

    def beats(handler):
        if "log" in server.requests[-1][1]:
            time.sleep(7)
        send(handler, 200, BEAT)

    server = service(accept, beats)
    work = server.work("--once", "--lease", 4, command=("sh", "-c", "echo x >&2; sleep 1.5"))
    equal(work.wait(20), 0, "the worker ends")
    ok("complete" in server.paths(), "after its report")
    beats = [at for path, at in server.times if path.endswith("/heartbeat")]
    end = next(at for path, at in server.times if path.endswith("/complete"))
    pauses = [b - a for a, b in zip(beats, [*beats[1:], end])]
    ok(max(pauses) < 3, "until which the lease is extended", pauses)
    server.close()


def delayed_heartbeats():
    """A long Retry-After does not let the lease end."""
    tries = []

    def beats(handler):
        tries.append(1)
        if len(tries) in (1, 3):
            send(handler, 429, {}, Retry_After="60")
        else:
            send(handler, 200, BEAT)

    server = service(accept, beats)
    work = server.work("--once", "--lease", 4, command=("sleep", "5"))
    equal(work.wait(20), 0, "429 with Retry-After: 60")
    ok("complete" in server.paths(), "the command ends with success", work.log())
    server.close()


def clocks():
    """lease_expires_at and Date are of two clocks, and a policy may shorten leases."""
    for name, expires, seconds, least in (
        ("Date is ahead by hours", "2015-01-01T00:00:10.000Z", 2, 0),
        ("Date is ahead by a part of the lease", "2015-01-01T03:00:04.000Z", 6, 0),
        ("a policy shortens the lease to 3 s", "2015-01-01T03:00:03.000Z", 4, 4),
    ):
        answer = {**BEAT, "lease_expires_at": expires}
        beats = Beats(answer, Date="Thu, 01 Jan 2015 03:00:00 GMT")
        server = service(accept, beats)
        work = server.work("--once", "--lease", 60, command=("sleep", str(seconds)))
        equal(work.wait(30), 0, f"{name}: ends")
        ok("complete" in server.paths(), f"{name}: the command ends with success", work.log())
        ok(len(beats.answered) >= least, f"{name}: heartbeats", len(beats.answered))
        server.close()


def unread_errors():
    """Standard error is a pipe that nobody reads."""
    server = service(accept)
    reader, writer = os.pipe()
    script = "import os;[os.write(2,b'x'*99+b'\\n') for _ in range(20000)];print(1)"
    command = (sys.executable, "-c", script)
    work = server.work("--once", "--verbose", command=command, errors=writer)
    equal(work.wait(20), 0, "the worker ends")
    ok("complete" in server.paths(), "the success is reported", server.paths())
    os.set_blocking(reader, False)
    got = os.read(reader, 1000000)
    ok(len(got) >= 4096 and set(got) <= set(b"x\n"), "the pipe has a part", (len(got), got[:99]))
    ok(os.get_blocking(writer), "and still blocks for other processes")
    os.close(reader)
    os.close(writer)
    server.close()


def slow_lookup():
    if SANITIZED:
        return
    library = os.path.join(BUILD, "tests/e2e/slow_lookup.so")
    server = StandIn(accept)
    env = {"LD_PRELOAD": library}
    work = server.work("--insecure-http", host="slow.test", env=env)
    equal(work.wait(2), None, "the worker waits for the name server")
    equal(work.stop(5), 0, "and ends without waiting for it")
    server.close()


def suspended():
    if SANITIZED:
        return
    server = service(accept)
    file = os.path.join(server.dir, "suspended")
    env = {"LD_PRELOAD": os.path.join(BUILD, "tests/e2e/suspended.so"), "TEST_SUSPENDED": file}
    command, last = writes(server)
    work = server.work("--once", "--lease", 6, command=command, env=env)
    ok(until(lambda: last() > 0, 10), "the command runs", work.log())
    with open(file, "w"):
        pass
    equal(work.wait(10), 0, "after the machine was suspended the command is ended")
    ok("could not be extended" in work.log(), "as its lease is over", work.log())
    ok("complete" not in server.paths(), "nothing is reported", server.paths())
    server.close()


if __name__ == "__main__":
    run_tests(
        stale_claim,
        grace,
        stopped_worker,
        slow_push,
        delayed_heartbeats,
        clocks,
        unread_errors,
        slow_lookup,
        suspended,
    )
