"""A reload takes effect for every request that begins after polytaskctl reload has returned.

The option body_limit shows in the status of a request with a body of 3000 bytes. The clients send
over nginx's kept connections; no request may fail while workers are replaced.
"""
import itertools
import os
import signal
import threading
import time

from lib import POLYTASKD, WORKERS, Instance, run_tests
from processes import find_program, kill
from tap import equal, note, ok, skip, until

BODY = {"fields": {"note": "x" * 3000}}
REFUSING, ADMITTING = "2000", "4000"
STATUS = {REFUSING: 413, ADMITTING: 201}


class Clients:
    """Clients that send the request again and again; seen: (begin, end, status or exception)."""

    def __init__(self, instance, count=8):
        self.instance, self.seen, self.ending = instance, [], threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def _run(self):
        connection = self.instance.connect(60)
        while not self.ending.is_set():
            begin = time.monotonic()
            try:
                status = self.instance.native("POST", "/tasks", BODY, connection=connection).status
            except Exception as error:  # pylint: disable=broad-except
                status = repr(error)
                connection.close()
                connection = self.instance.connect(60)
            self.seen.append((begin, time.monotonic(), status))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def advance(self, count=20):
        before = len(self.seen)
        until(lambda: len(self.seen) >= before + count, 30, 0.01)


def set_limit(instance, limit):
    instance.conf["body_limit"] = limit
    instance.write_conf()


def check(clients, periods, name):
    """periods: (begin, end, limit): from the return of a reload to the call of the next."""
    statuses = {status for _, _, status in clients.seen}
    ok(statuses <= {201, 413}, f"{name}: no request fails", statuses)
    wrong, count = [], 0
    for since, until_, limit in periods:
        for begin, end, status in clients.seen:
            if begin >= since and end <= until_:
                count += 1
                if status != STATUS[limit]:
                    wrong.append((begin - since, status, limit))
    ok(count >= len(periods) and not wrong, f"{name}: no old value after a return", wrong[:10])
    note(f"{len(clients.seen)} requests, {count} of them between reloads")


def reload_often(instance, clients, times, before_reload=lambda turn: None):
    periods, generation = [], instance.status()["generation"]
    for turn in range(times):
        limit = (ADMITTING, REFUSING)[turn % 2]
        set_limit(instance, limit)
        before_reload(turn)
        done = instance.ctl_run("reload")
        returned = time.monotonic()
        generation += 1
        if (done.returncode, done.stdout) != (0, f"generation {generation} serves\n"):
            ok(False, f"reload {turn + 1} says that its generation serves", done)
        clients.advance()
        periods.append((returned, time.monotonic(), limit))
    return periods


def count_created(clients):
    return sum(status == 201 for _, _, status in clients.seen)


def check_created(instance, clients, name):
    """Each request is carried out once."""
    found = instance.native("GET", "/tasks?limit=1&total=true").json()
    equal(found.get("total"), count_created(clients), f"{name}: each 201 has made one task")


def kept_connections():
    """Twenty reloads in a row, with two sockets and with one worker for both."""
    instance = Instance(conf={"body_limit": REFUSING})
    with Clients(instance) as clients:
        clients.advance(100)
        periods = reload_often(instance, clients, 20)
    check(clients, periods, "two sockets")
    check_created(instance, clients, "two sockets")
    ok(
        until(lambda: len(instance.status()["processes"]) == 4, 20),
        "retired workers end without connections",
        instance.status(),
    )
    instance.verify("kept connections")
    instance.stop("kept connections")


def other_roles():
    """Connections follow their socket when the workers change between two roles and one."""
    instance = Instance(conf={"body_limit": REFUSING})

    def change(turn):
        instance.conf["workers"] = ("1", "4", "1", "2")[turn % 4]
        instance.write_conf()

    with Clients(instance) as clients:
        clients.advance(100)
        periods = reload_often(instance, clients, 8, change)
    check(clients, periods, "other roles")
    check_created(instance, clients, "other roles")
    instance.stop("other roles")


def single_socket():
    """The same with the one socket of spawn-fcgi."""
    spawn = find_program("spawn-fcgi")
    if not spawn:
        skip("spawn-fcgi", "not installed")
        return
    instance = Instance(autostart=False, conf={"body_limit": REFUSING})
    instance.make_principal()
    instance.write_nginx_conf({"READ_SOCKET": instance.socket})
    conf = os.path.join(instance.dir, "polytask.conf")
    instance.start(
        [spawn, "-n", "-s", instance.socket, "-M", "0600", "--", POLYTASKD, "-c", conf]
    )
    with Clients(instance) as clients:
        clients.advance(100)
        periods = reload_often(instance, clients, 6)
    check(clients, periods, "one socket")
    instance.stop("one socket")


def workers_of(instance, newest):
    status = instance.status()
    return [
        child["pid"]
        for child in status["processes"]
        if child["process"].split()[0] in WORKERS
        and (child["generation"] == status["generation"]) == newest
    ]


def killed_generations():
    """A worker of either generation is killed during a reload: later requests see the new value."""
    instance = Instance(conf={"body_limit": REFUSING}, expect=("exit", "recovery"))
    for turn, newest in enumerate((False, True, False, True)):
        limit = (ADMITTING, REFUSING)[turn % 2]
        set_limit(instance, limit)
        with Clients(instance, 4) as clients:
            clients.advance(50)
            generation = instance.status()["generation"]
            instance.daemon.send_signal(signal.SIGHUP)
            until(lambda: instance.status()["generation"] > generation, 20, 0.001)
            for pid in workers_of(instance, newest):
                kill(pid, signal.SIGKILL)
            ok(
                until(lambda: instance.status()["phase"] == "serving", 30),
                "the service serves after a kill during a reload",
                instance.status(),
            )
            clients.advance(50)
        begin = time.monotonic()
        with Clients(instance, 4) as after:
            after.advance(50)
        check(after, [(begin, time.monotonic(), limit)], ("old", "new")[newest] + " one killed")
    instance.verify("killed generations")
    instance.stop("killed generations")


def disturbed_children():
    """A child of any role is killed or stopped before a reload, which waits for its replacement."""
    instance = Instance(
        conf={"body_limit": REFUSING, "stuck_seconds": "1"}, expect=("exit", "recovery", "stuck")
    )
    turns = itertools.product((signal.SIGKILL, signal.SIGSTOP), ("writer", "reader 1", "keeper"))
    for turn, (number, role) in enumerate(turns):
        name = f"{role}, {number.name}"
        limit = (ADMITTING, REFUSING)[turn % 2]
        set_limit(instance, limit)
        with Clients(instance, 4) as clients:
            clients.advance(50)
            for child in instance.status()["processes"]:
                if child["process"] == role:
                    kill(child["pid"], number)
            done = instance.ctl_run("reload")
            begin = time.monotonic()
            equal(done.returncode, 0, f"{name}: the reload ends with status 0")
            clients.advance(50)
        ok(
            {status for _, _, status in clients.seen} <= {201, 413, 503},
            f"{name}: requests are answered, or 503 says that they were not",
            {status for _, _, status in clients.seen},
        )
        clients.seen = [seen for seen in clients.seen if seen[2] != 503]
        check(clients, [(begin, time.monotonic(), limit)], name)
    instance.verify("disturbed children")
    instance.stop("disturbed children")


run_tests(kept_connections, other_roles, single_socket, killed_generations, disturbed_children)
