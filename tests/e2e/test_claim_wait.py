"""Workers that wait for tasks: POST /v1/claims with wait."""
import datetime
import socket
import threading
import time

from fastcgi_client import Connection
from lib import Instance, run_tests
from native_client import TASKS
from tap import equal, note, ok, until

CLAIMS = "/v1/claims"
WORK = {"POLYTASK_RIGHTS": "read,write,work"}
JSON = ("Content-Type", "application/json")
# Slack for a busy machine; the first of some tries within WOKEN counts.
WOKEN, TRIES, SLACK = 0.1, 10, 5


class Claim(threading.Thread):
    """A claim in the background: its answer, and when it came."""

    def __init__(self, instance, **members):
        super().__init__(daemon=True)
        self.instance, self.members, self.answer = instance, members, None
        self.began = time.monotonic()
        self.start()

    def run(self):
        body = {"worker": "w", "wait": 30, "confirm_seconds": 30, **self.members}
        self.answer = self.instance.request(
            "POST",
            CLAIMS,
            body,
            headers=[*self.instance.bearer(), JSON],
            timeout=60,
            documented=False,
        )
        self.ended = time.monotonic()

    def result(self, seconds=SLACK):
        self.join(seconds)
        return self.answer and self.answer.status

    def tasks(self):
        return [claim["task"]["id"] for claim in self.answer.json()["claims"]]


def create(instance, **members):
    answer = instance.request(
        "POST", TASKS, members, headers=[*instance.bearer(), JSON], documented=False
    )
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()["id"]


def read(instance, task):
    return instance.request("GET", f"{TASKS}/{task}", documented=False).json()


def count(instance, counter):
    return sum(child.get(counter, 0) for child in instance.status()["processes"])


def wait_until_parked(instance, number):
    if not until(lambda: count(instance, "parked") == number, 10):
        raise RuntimeError(f"{count(instance, 'parked')} requests wait, not {number}")


def a_creation_ends_the_wait():
    instance = Instance()
    delays = []
    for _ in range(TRIES):
        claim = Claim(instance)
        wait_until_parked(instance, 1)
        began = time.monotonic()
        task = create(instance)
        if claim.result() != 200 or claim.tasks() != [task]:
            break
        delays.append(claim.ended - began)
        if delays[-1] <= WOKEN:
            break
    equal(claim.result(), 200, "a claim that waits gets a task that is created")
    ok(delays and min(delays) <= WOKEN, f"within {WOKEN} s of its creation's request", delays)
    claims = [Claim(instance) for _ in range(8)]
    wait_until_parked(instance, 8)
    tasks = [create(instance) for _ in range(8)]
    equal({claim.result() for claim in claims}, {200}, "several that wait get one each")
    equal(sorted(sum((claim.tasks() for claim in claims), [])), sorted(tasks), "and not the same")
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)
    claim = Claim(instance)
    wait_until_parked(instance, 1)
    create(instance, not_before=later.isoformat())
    equal(claim.result(), 200, "a task whose time comes ends a wait")
    ok(datetime.datetime.now(datetime.timezone.utc) >= later, "not before its time")
    instance.stop("wake-up")


def a_wait_ends():
    instance = Instance(conf={"principal_waits": "3"})
    claim = Claim(instance, wait=1)
    equal(claim.result(), 204, "a wait without a task ends")
    ok(1 <= claim.ended - claim.began < 1 + SLACK, "at its time", claim.ended - claim.began)
    equal(count(instance, "parked"), 0, "then no request waits")
    claims = [Claim(instance) for _ in range(3)]
    wait_until_parked(instance, 3)
    claim = Claim(instance)
    equal(claim.result(), 429, "a user may have a number of requests that wait")
    equal(claim.answer.headers["Retry-After"], "1", "and is told when to repeat the next one")
    equal(instance.request("GET", TASKS, documented=False).status, 200, "others are answered")
    began = time.monotonic()
    equal(instance.ctl_run("reload").returncode, 0, "a reload ends")
    equal({claim.result() for claim in claims}, {204}, "it ends the waits")
    note(f"reload: {time.monotonic() - began:.2f} s")
    claims = [Claim(instance) for _ in range(3)]
    wait_until_parked(instance, 3)
    create(instance)
    ok(until(lambda: any(c.answer and c.answer.status == 200 for c in claims), SLACK), "new ones work")
    began = time.monotonic()
    instance.stop("end of a wait")
    ok(time.monotonic() - began < 3 + SLACK, "a stop does not wait for them")


def a_client_that_leaves_gets_nothing():
    instance = Instance(conf={"workers": "1"})
    connection = instance.connect()
    body = b'{"worker":"w","wait":30}'
    connection.request("POST", CLAIMS, body, dict([*instance.bearer(), JSON]))
    wait_until_parked(instance, 1)
    connection.close()
    ok(until(lambda: count(instance, "parked") == 0, SLACK), "its request is dropped")
    task = create(instance)
    equal(read(instance, task)["state"], "pending", "a task stays ready")
    instance.stop("client that leaves")


def an_undelivered_claim_is_undone():
    """The response of a connection whose reading end is closed is lost."""
    instance = Instance(conf={"workers": "1"})
    connection = Connection(instance.socket)
    connection.send(
        "POST", CLAIMS, {"worker": "w", "wait": 30, "confirm_seconds": 30}, WORK
    )
    wait_until_parked(instance, 1)
    connection.socket.shutdown(socket.SHUT_RD)
    task = create(instance)
    ok(until(lambda: count(instance, "undone") == 1, SLACK), "a lost claim is undone")
    found = read(instance, task)
    equal((found["state"], found["attempt"]), ("pending", 0), "the task is ready again")
    claim = Claim(instance)
    equal(claim.result(), 200, "the next claim gets it")
    instance.stop("undo")


if __name__ == "__main__":
    run_tests(
        a_creation_ends_the_wait,
        a_wait_ends,
        a_client_that_leaves_gets_nothing,
        an_undelivered_claim_is_undone,
    )
