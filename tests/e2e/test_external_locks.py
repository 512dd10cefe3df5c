"""How locks of external tasks end: what counts as an attempt, what unlock undoes, what lock may take."""
import functools
import json
import threading

from claim_racers import DIALECTS as FIELDS
from claims_client import create
from external_client import Worker
from lib import Instance, run_tests
from tap import equal, ok, until

shared = functools.cache(Instance)
NOTICED = 5  # s, after which a lease that ends is noticed on a busy machine


def new(kind, **members):
    return create(shared(), kind=kind, **members)


def native(task):
    return shared().native("GET", f"/tasks/{task}").json()


def retries(task):
    return Worker(shared()).read(task).json()["retries"]


def ended(task):
    ok(until(lambda: native(task)["state"] != "running", NOTICED), "the lock ends")


def starts():
    """A worker that fetches and unlocks all tasks whenever it starts (operaton-tasks)."""
    worker = Worker(shared())
    tasks = [new("start", max_attempts=1) for _ in range(100)]
    body = {"workerId": "w1", "maxTasks": 1000, "asyncResponseTimeout": 0}
    body["topics"] = [{"topicName": "native.start", "lockDuration": 1}]
    for _ in range(5):
        got = worker.ask("POST", "/fetchAndLock", body).json()
        equal(len(got), 100, "every task is ready")
        equal({worker.ask("POST", f"/{task['id']}/unlock").status for task in got}, {204}, "unlocked")
        seen = {(native(task)["state"], native(task)["attempt"], retries(task)) for task in tasks}
        equal(seen, {("pending", 0, 1)}, "no attempt counts")


def silent():
    """An attempt of which only the end of the lock is known."""
    worker = Worker(shared())
    task = new("silent", max_attempts=2)
    for _ in range(2):
        worker.take("native.silent", lock=1000)
        ended(task)
        equal((native(task)["attempt"], retries(task)), (1, 1), "the end of the lock is a failed attempt")
        for _ in range(2):
            equal(worker.ask("POST", f"/{task}/unlock").status, 204, "unlocked")
            equal((native(task)["attempt"], retries(task)), (0, 2), "the attempt does not count")
    shared().native("DELETE", f"/tasks/{task}")


def no_retries():
    """Retries that a client takes away while the first attempt is made."""
    worker = Worker(shared())
    for left, state in ((0, "failed"), (1, "pending")):
        task = new("none")
        worker.take("native.none")
        equal(worker.ask("PUT", f"/{task}/retries", {"retries": left}).status, 204, f"retries {left}")
        equal(retries(task), left, "are shown")
        equal(worker.ask("POST", f"/{task}/unlock").status, 204, "unlocked")
        equal((native(task)["state"], retries(task)), (state, left), f"{left} left: {state}")
        worker.act(task, "lock", lockDuration=60000)
        worker.act(task, "complete")


def extended():
    worker = Worker(shared())
    for first in ("extendLock", "lock"):
        task = new("extended")
        worker.act(worker.take("native.extended"), "failure", errorMessage="m", retries=1)
        worker.take("native.extended")
        answer = worker.act(task, first, newDuration=200, lockDuration=200)
        equal(answer.status, 204, f"{first}: the lock ends soon")
        ended(task)
        equal((native(task)["state"], retries(task)), ("pending", 1), "its end costs no retries")
        equal(worker.take("native.extended")["id"], task, "and no delay")
        equal(worker.act(task, "complete").status, 204, "completed")


def unlock_of_a_delay():
    worker, other = Worker(shared()), Worker(shared(), "w2")
    task = new("delay")
    worker.act(worker.take("native.delay"), "failure", retries=2, retryTimeout=3600000)
    found = []
    poll = threading.Thread(
        target=lambda: found.extend(other.fetch("native.delay", asyncResponseTimeout=40000).json())
    )
    poll.start()
    ok(until(lambda: any(child.get("parked") for child in shared().status()["processes"]), 10), "a poll waits")
    equal(worker.ask("POST", f"/{task}/unlock").status, 204, "the task is unlocked during its delay")
    poll.join(10)
    equal([item["id"] for item in found], [task], "the poll has it at once")
    equal(other.act(task, "complete").status, 204, "completed")
    later = new("delay", not_before="2090-01-01T00:00:00Z")
    answer = worker.act(later, "lock", lockDuration=1000)
    equal(answer.status, 400, "a task of another century is not locked")
    ok("It must not begin before 2090-01-01T00:00:00" in answer.json()["message"], "with the reason", answer)


def drained():
    worker = Worker(shared(), "tired")
    held, free = new("drain"), new("other")
    worker.take("native.drain")
    shared().native("POST", "/workers/tired/drain", {"drain": True})
    answer = worker.act(free, "lock", lockDuration=1000)
    equal(answer.status, 400, "a drained worker takes no task by its id")
    ok("The worker is drained" in answer.json()["message"], "with the reason", answer)
    equal(worker.act(held, "lock", lockDuration=60000).status, 204, "but it extends its lock")
    equal(worker.act(held, "complete").status, 204, "and completes its task")
    shared().native("DELETE", f"/tasks/{free}")
    shared().native("POST", "/workers/tired/drain", {"drain": False})


def shown(task):
    """The texts of a task, and of the fields that clients of its dialect read, without its history."""
    item = native(task)
    item["fields"].pop("status_history", None)
    return json.dumps(item)


def old_errors():
    """A task that succeeds, or begins again, does not show the error of an earlier attempt."""
    worker = Worker(shared())
    for name, fields in FIELDS.items():
        for case in ("delay", "end", "lock"):
            version = {"version": case} if name == "vionlabs" else {}
            own = {"kind": "errors"} if name == "native" else {}
            task = create(shared(), dialect=name, fields={**fields, **version}, **own)
            kind = native(task)["kind"]
            topic = f"{name}.{kind}" if kind else name
            worker.take(topic, lock=1000)
            if case == "end":
                ended(task)
                old = "stopped reporting"
            else:
                worker.act(task, "failure", errorMessage="boom", retries=3, retryTimeout=60000)
                old = "boom"
            ok(old in shown(task), f"{name}, {case}: the error is shown")
            if case == "lock":
                equal(worker.act(task, "lock", lockDuration=60000).status, 204, "locked")
                ok(old not in shown(task), "a lock clears the error", shown(task))
            equal(worker.act(task, "complete").status, 204, "completed")
            equal(native(task)["state"], "succeeded", "succeeded")
            ok(old not in shown(task), f"{name}, {case}: no old error", shown(task))


def ending():
    shared().verify("after the workers")
    shared().stop("shared instance")


run_tests(starts, silent, no_retries, extended, unlock_of_a_delay, drained, old_errors, ending)
