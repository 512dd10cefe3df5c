"""Killed and stopped processes: the service recovers by itself and loses no acknowledged task."""
import http.client
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import postgresql
from lib import WORKERS, Instance, run_tests
from processes import kill
from tap import equal, note, ok, patient, until
from workload import Journal, Load

# Events that are logged when a process ends unexpectedly.
CRASH_EVENTS = ("exit", "recovery", "stuck")
# Seconds. On a server, a worker that is stopped keeps its tenants locked until it is replaced.
FIRST_ANSWER = patient(5 if postgresql.is_chosen() else 2)
KILLS_UNSERVED_MAX = 3  # kills in a row before a task was created


def first_answer(instance, since, what):
    """Waits for a success; checks and returns the seconds since the fault."""

    def succeeds():
        try:
            return instance.get("/tasks/cancelled", timeout=5).status == 200
        except OSError:
            return False

    until(succeeds, 20, 0.02)
    seconds = time.monotonic() - since
    ok(
        seconds < FIRST_ANSWER,
        f"{what}: the first answer comes soon",
        f"{seconds:.2f} s",
    )
    return seconds


def next_success(journal, begun):
    """Waits for a successful creation; returns the seconds since the fault."""
    until(lambda: journal.last_ok > begun + 0.001, 20, 0.005)
    return time.monotonic() - begun


def ready_pids(instance, *roles):
    """Pids of the ready children in these roles."""
    return [
        child["pid"]
        for child in instance.status()["processes"]
        if child["process"].split()[0] in roles and child["state"] == "ready"
    ]


def two_hundred_creates():
    """Three rounds of 200 creations over 16 connections, during which all workers are killed."""
    instance = Instance(expect=CRASH_EVENTS)
    journal = Journal()
    for turn in range(3):
        with Load(instance, journal, count=200, prefix=f"round{turn}", reader=False) as load:
            until(lambda: len(journal.ok) >= 200 * turn + random.randint(20, 120), 20, 0.001)
            workers = instance.workers()
            for pid in workers:
                kill(pid, signal.SIGKILL)
            load.join()
        ok(
            len(workers) == 2
            and len(journal.ok) + len(journal.fail) + len(journal.unknown) == 200 * (turn + 1),
            f"round {turn}: 200 creations were tried",
            journal.statuses,
        )
        instance.stop_daemon()
        instance.start()
        journal.check(instance, f"round {turn}")
        instance.verify(f"round {turn}")
    note(f"answers by status: {journal.statuses}; recoveries: {len(instance.events('recovery'))}")
    instance.stop("creates")


def everything_killed():
    """All processes are killed at the same time."""
    instance = Instance(expect=CRASH_EVENTS)
    journal = Journal()
    for turn in range(3):
        with Load(instance, journal, prefix=f"all{turn}"):
            until(lambda: len(journal.ok) >= 150 * (turn + 1), 20)
            instance.kill_daemon()
        instance.start()
        journal.check(instance, f"everything killed, {turn}")
    instance.verify("everything killed")
    instance.stop("everything killed")


def killed_outside():
    """An idle worker that is killed is replaced, without a recovery of the store."""
    instance = Instance(expect=CRASH_EVENTS)
    uuid = instance.create(description="kept")
    for turn in range(3):
        time.sleep(0.3)
        before = instance.workers()
        begun = time.monotonic()
        kill(before[turn % 2], signal.SIGKILL)
        first_answer(instance, begun, "killed outside")
        ok(
            until(
                lambda: len(set(instance.workers())) == 2
                and before[turn % 2] not in instance.workers(),
                5,
            ),
            "a killed idle worker is replaced",
            instance.status(),
        )
        ok(before[1 - turn % 2] in instance.workers(), "the other worker keeps running")
    equal(
        (instance.status()["recoveries"], instance.events("recovery")),
        (0, []),
        "no recovery after an idle worker was killed",
    )
    keeper = ready_pids(instance, "keeper")
    kill(keeper[0], signal.SIGKILL)
    ok(
        until(lambda: set(ready_pids(instance, "keeper")) - set(keeper), 10),
        "a killed keeper is replaced",
        instance.status(),
    )
    equal(instance.get("/tasks/" + uuid).status, 200, "the task is still there")
    instance.verify("killed outside")
    instance.stop("killed outside")


def killed_inside():
    """Workers are killed under load; if one dies inside the store, the store is recovered."""
    instance = Instance(expect=CRASH_EVENTS)
    journal = Journal()
    recoveries, kills, slowest = 0, 0, 0.0
    with Load(instance, journal):
        for _ in range(40):
            time.sleep(random.uniform(0.05, 0.25))
            workers = until(lambda: ready_pids(instance, *WORKERS), 10)
            begun = time.monotonic()
            kills += kill(random.choice(workers), signal.SIGKILL)
            slowest = max(slowest, next_success(journal, begun))
            recoveries = instance.status()["recoveries"]
            if recoveries >= 3 or (postgresql.is_chosen() and kills == 10):
                break
    if postgresql.is_chosen():
        equal(recoveries, 0, "a server needs no recovery after a worker has died")
    else:
        ok(recoveries >= 1, "a worker died inside the store", f"{kills} kills")
    ok(
        slowest < FIRST_ANSWER,
        f"{kills} kills: a create succeeds soon",
        f"{slowest:.2f} s",
    )
    equal(
        instance.status()["recoveries"],
        len(instance.events("recovery")),
        "the log has every recovery",
    )
    note(f"{kills} kills, {recoveries} recoveries, slowest {slowest:.2f} s")
    note(f"answers {journal.statuses}")
    ok(set(journal.statuses) <= {200, 0, 503}, "answers are 200, 503 or none", journal.statuses)
    journal.check(instance, "killed inside")
    instance.verify("killed inside")
    instance.stop("killed inside")


def stop_under_load(instance, journal, turn, count):
    with Load(instance, journal, prefix=f"stop{turn}", clients=8):
        time.sleep(0.5)
        victims = instance.workers()[:count]
        begun = time.monotonic()
        for pid in victims:
            kill(pid, signal.SIGSTOP)
        ok(
            until(lambda: not set(victims) & set(instance.workers()), 10, 0.02),
            f"{count} stopped under load: replaced",
            instance.status(),
        )
        seconds = next_success(journal, begun)
        if count == 2:
            ok(
                seconds < FIRST_ANSWER,
                "all stopped: a create succeeds soon",
                f"{seconds:.2f} s",
            )
        first_answer(instance, begun, f"{count} stopped")


def stopped():
    """Workers that are stopped with SIGSTOP are replaced soon, under load and idle."""
    instance = Instance(expect=CRASH_EVENTS)
    journal = Journal()
    for turn, count in enumerate((1, 2, 2)):
        stop_under_load(instance, journal, turn, count)
    # Idle workers, too: the next request must not wait for a stopped worker.
    time.sleep(0.5)
    begun = time.monotonic()
    for pid in instance.workers():
        kill(pid, signal.SIGSTOP)
    first_answer(instance, begun, "all stopped while idle")
    ok(instance.events("stuck"), "the log has the event stuck")
    journal.check(instance, "stopped")
    instance.verify("stopped")
    instance.stop("stopped")


class Repeater:
    """Clients that repeat each creation with its Idempotency-Key until they get an answer."""

    def __init__(self, instance, clients, count):
        self.instance, self.count = instance, count
        self.created, self.tries, self.lock = {}, 0, threading.Lock()
        self.threads = [
            threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(clients)
        ]

    def is_running(self):
        return any(thread.is_alive() for thread in self.threads)

    def work(self, client):
        connection = None
        for number in range(self.count):
            key = f"key-{client}-{number}"
            while True:
                self.tries += 1
                connection = connection or self.instance.connect(20)
                try:
                    answer = self.instance.native(
                        "POST",
                        "/tasks",
                        {"fields": {"name": key}},
                        [("Idempotency-Key", f'"{key}"')],
                        connection=connection,
                    )
                except (OSError, http.client.HTTPException):
                    connection.close()
                    connection = None
                    time.sleep(0.02)
                    continue
                if answer.status == 201:
                    break
                if answer.status != 503:
                    raise RuntimeError(f"{key}: {answer}")
                time.sleep(0.02)
            with self.lock:
                self.created[key] = answer.json()["id"]


def ids_by_name(instance):
    """The ids of all native tasks by their name, and the total of the list."""
    ids, cursor = {}, ""
    while cursor is not None:
        place = f"&cursor={cursor}" if cursor else ""
        answer = instance.native("GET", "/tasks?dialect=native&limit=500" + place)
        if answer.status == 503:  # recovery after the last kill
            time.sleep(0.1)
            continue
        page = answer.json()
        for task in page["items"]:
            ids.setdefault(task["fields"]["name"], []).append(task["id"])
        cursor = page["next"]
    return ids, page["total"]


def kill_until_created(instance, repeater):
    """Kills the workers again and again until every creation has ended; returns the number of kills."""
    kills, created, unserved = 0, 0, 0
    while repeater.is_running():
        time.sleep(random.uniform(0.02, 0.15))
        for pid in instance.workers():
            kills += kill(pid, signal.SIGKILL)
        unserved = unserved + 1 if len(repeater.created) == created else 0
        created = len(repeater.created)
        # Workers that die before they serve are started after a delay of up to 10 s: without this
        # pause they would never serve on a slow machine.
        if unserved == KILLS_UNSERVED_MAX:
            until(lambda: len(repeater.created) > created or not repeater.is_running(), 60)
            unserved = 0
    return kills


def repeated_with_a_key():
    """Creations with an unknown outcome are repeated with their key: each task exists once."""
    instance = Instance(expect=CRASH_EVENTS)
    repeater = Repeater(instance, 8, 60)
    for thread in repeater.threads:
        thread.start()
    kills = kill_until_created(instance, repeater)
    expected = 8 * 60
    equal(
        len(repeater.created),
        expected,
        f"every creation ended, {repeater.tries} tries, {kills} kills",
    )
    ids, total = ids_by_name(instance)
    equal(
        {name: found[0] for name, found in ids.items() if len(found) == 1},
        repeater.created,
        "each task exists once, with the id of its answer",
    )
    equal(total, expected, "no other task exists")
    instance.verify("repeated with a key")
    instance.stop("repeated with a key")


run_tests(
    two_hundred_creates,
    everything_killed,
    killed_outside,
    killed_inside,
    stopped,
    repeated_with_a_key,
)
