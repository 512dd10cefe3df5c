"""Heartbeats that wait for a cancellation of their task: POST /v1/tasks/{id}/heartbeat with wait."""
import threading
import time

from claims_client import Worker, create, seconds
from fastcgi_client import Connection
from lib import Instance, run_tests
from tap import equal, ok, until

# Slack for a busy machine; the first of some tries within WOKEN counts.
WOKEN, TRIES, SLACK = 0.1, 10, 5


class Heartbeat(threading.Thread):
    """A heartbeat in the background: its answer, and when it came."""

    def __init__(self, worker, claim, **members):
        super().__init__(daemon=True)
        self.worker, self.claim, self.members = worker, claim, {"wait": 30, **members}
        self.answer, self.began = None, time.monotonic()
        self.start()

    def run(self):
        body = {"token": self.claim["token"], **self.members}
        path = f"/tasks/{self.claim['task']['id']}/heartbeat"
        self.answer = self.worker.ask("POST", path, body, timeout=60)
        self.ended = time.monotonic()

    def result(self, wait=SLACK):
        """Status and `cancel`, or the type of the problem; None: there is no answer yet."""
        self.join(wait)
        if not self.answer:
            return None
        body = self.answer.json()
        return self.answer.status, body.get("cancel", body.get("type"))


def parked(instance):
    return sum(child.get("parked", 0) for child in instance.status()["processes"])


def wait_until_parked(instance, number):
    if not until(lambda: parked(instance) == number, 10):
        raise RuntimeError(f"{parked(instance)} requests wait, not {number}")


def patch(instance, task, change):
    return instance.native("PATCH", f"/tasks/{task}", change)


def patch_by_a_reader(instance, task, change):
    """Another process than the one in which heartbeats wait."""
    return Connection(instance.socket + ".read").request("PATCH", f"/v1/tasks/{task}", change)


def begin(worker, **members):
    """A running task whose claim is confirmed, with a heartbeat that waits."""
    task = create(worker.instance)
    claim = worker.take(lease_seconds=40)
    beat = Heartbeat(worker, claim, **members)
    wait_until_parked(worker.instance, 1)
    return task, claim, beat


def cancellation_ends_the_wait():
    instance = Instance()
    worker, delays = Worker(instance), []
    for _ in range(TRIES):
        task, _, beat = begin(worker)
        began = time.monotonic()
        equal(patch(instance, task, {"state": "cancelled"}).status, 200, "a client cancels")
        if beat.result() != (200, True):
            break
        delays.append(beat.ended - began)
        if delays[-1] <= WOKEN:
            break
    equal(beat.result(), (200, True), "a heartbeat that waits is answered with it")
    ok(delays and min(delays) <= WOKEN, f"within {WOKEN} s of the client's request", delays)
    equal(beat.answer.json()["lease_expires_at"], None, "the lease has ended")
    task, _, beat = begin(worker)
    answer = patch_by_a_reader(instance, task, {"state": "cancelled"})
    equal(answer.status, 200, "cancelled by another process")
    equal(beat.result(), (200, True), "this ends the wait too")
    task, claim, beat = begin(worker)
    second = Heartbeat(worker, claim)
    wait_until_parked(instance, 2)
    patch(instance, task, {"state": "cancelled"})
    equal({beat.result(), second.result()}, {(200, True)}, "all that wait are answered")
    equal(Heartbeat(worker, claim).result(), (200, True), "after it no heartbeat waits")
    instance.stop("cancellation")


def heartbeat_is_written_once():
    instance = Instance()
    worker = Worker(instance)
    task, claim, beat = begin(worker, wait=3, progress=40)
    shown = worker.read(task)
    equal((shown["progress"], shown["revision"]), (40, 3), "it is carried out before the wait")
    for number in range(3):
        patch(instance, task, {"fields": {"number": number}})
    equal(instance.native("POST", f"/tasks/{task}/archive", None).status, 200, "archived")
    equal(beat.result(0.5), None, "other changes do not end the wait")
    equal(worker.report("heartbeat", claim, lease_seconds=70).status, 200, "nor does a heartbeat")
    equal(beat.result(3 + SLACK), (200, False), "its end does")
    ok(3 <= beat.ended - beat.began < 3 + SLACK, "at its time", beat.ended - beat.began)
    shown = worker.read(task)
    equal(shown["revision"], 3 + 5, "nothing was written by the wait")
    equal(
        beat.answer.json()["lease_expires_at"],
        shown["lease"]["expires_at"],
        "the response has the lease as it is at the end",
    )
    create(instance)
    claim = worker.take(lease_seconds=2, confirm_seconds=2)
    began = time.time()
    beat = Heartbeat(worker, claim, wait=4)
    wait_until_parked(instance, 1)
    left = seconds(worker.read(claim)["lease"]["expires_at"]) - began
    ok(14 <= left < 14 + SLACK, "the lease ends 10 s after the wait, although it is shorter", left)
    equal(beat.result(4 + SLACK), (200, False), "it is alive at the end")
    equal(worker.report("complete", claim).status, 200, "and its result is accepted")
    instance.stop("one heartbeat")


def wait_is_shorter_than_a_cut_lease():
    """Policies cut leases: a worker that waits must not lose its task."""
    instance = Instance()
    worker = Worker(instance)
    create(instance, policy={"heartbeat_timeout_seconds": 4})
    claim = worker.take()
    for _ in range(2):
        beat = Heartbeat(worker, claim)
        equal(beat.result(2 + SLACK), (200, False), "a heartbeat timeout ends the wait")
        ok(1.9 <= beat.ended - beat.began < 4, "before the lease", beat.ended - beat.began)
    equal(worker.report("complete", claim).status, 200, "the worker has the task")
    create(instance, policy={"attempt_timeout_seconds": 2}, max_attempts=1)
    beat = Heartbeat(worker, worker.take())
    equal(beat.result(2 + SLACK), (409, "/v1/problems/lease-lost"), "a timeout of the attempt: 409")
    ok(beat.ended - beat.began >= 1, "at its time", beat.ended - beat.began)
    instance.stop("policies")


def task_leaves_its_worker():
    instance = Instance()
    worker = Worker(instance)
    lost = (409, "/v1/problems/lease-lost")
    for state in ("pending", "succeeded", "failed"):
        task, _, beat = begin(worker)
        patch(instance, task, {"state": state})
        equal(beat.result(), lost, f"{state}: 409")
        patch(instance, task, {"state": "cancelled", "force": True})
    for kind in ("complete", "fail", "release"):
        task, claim, beat = begin(worker)
        equal(worker.report(kind, claim).status, 200, f"the worker's own {kind}")
        equal(beat.result(), lost, "ends the wait with 409")
        patch(instance, task, {"state": "cancelled", "force": True})
    task, _, beat = begin(worker)
    equal(instance.native("DELETE", f"/tasks/{task}").status, 204, "the task is removed")
    equal(beat.result()[0], 404, "404")
    task, claim, _ = begin(worker)
    other = dict(claim, token=f"{int(claim['token'], 16) ^ 1:016x}")
    equal(Heartbeat(worker, other).result(), lost, "another token: 409 without a wait")
    instance.stop("lost")


def drain(instance, name, drained=True, token=None):
    path = f"/workers/{name}/drain"
    return instance.native("POST", path, {"drain": drained}, token=token).status


def result_and_drain(beat, wait=SLACK):
    result = beat.result(wait)
    return result and (*result, beat.answer.json().get("drain"))


def drains_of_others():
    """A drain ends the wait of its worker only, and only if it comes during the wait."""
    instance = Instance()
    instance.ctl("user", "add", "foreign", "--tenant", "other", "--rights", "admin")
    foreign = instance.add_token("foreign", "foreign")
    worker = Worker(instance)
    _, claim, beat = begin(worker, wait=4)
    equal(drain(instance, "w2"), 200, "another worker is drained")
    equal(beat.result(1), None, "a worker that is not drained waits")
    equal(result_and_drain(beat, 4 + SLACK), (200, False, False), "to its end")
    equal(drain(instance, worker.name), 200, "it is drained")
    beat = Heartbeat(worker, claim, wait=4)
    wait_until_parked(instance, 1)
    statuses = [
        drain(instance, "w3"),
        drain(instance, "w2", False),
        drain(instance, worker.name, token=foreign),
        drain(instance, "*", token=foreign),
    ]
    equal(statuses, [200] * 4, "others are drained, also of another tenant")
    equal(beat.result(1), None, "a worker that was drained before waits")
    equal(result_and_drain(beat, 4 + SLACK), (200, False, True), "to its end")
    ok(beat.ended - beat.began >= 4, "at its time", beat.ended - beat.began)
    beat = Heartbeat(worker, claim)
    wait_until_parked(instance, 1)
    equal(drain(instance, worker.name, False), 200, "the drain ends during a wait")
    equal(beat.result(0.5), None, "which goes on")
    equal(drain(instance, worker.name), 200, "the worker is drained again")
    equal(result_and_drain(beat), (200, False, True), "which ends the wait")
    ok(beat.ended - beat.began < 30, "before its time", beat.ended - beat.began)
    for name in (worker.name, "*"):
        equal(drain(instance, worker.name, False), 200, "it is drained no more")
        beat = Heartbeat(worker, claim)
        wait_until_parked(instance, 1)
        equal(drain(instance, "w4", name == "*"), 200, "a change for another worker")
        equal(beat.result(0.5), None, "does not end the wait")
        equal(drain(instance, name), 200, f"a drain of {name}")
        equal(result_and_drain(beat), (200, False, True), "does")
        ok(beat.ended - beat.began < 30, "before its time", beat.ended - beat.began)
    equal(worker.report("complete", claim).status, 200, "the worker has the task")
    instance.stop("drains")


def bounds_of_waits():
    instance = Instance(conf={"principal_waits": "1"})
    worker = Worker(instance)
    task, claim, beat = begin(worker)
    revision = worker.read(task)["revision"]
    equal(Heartbeat(worker, claim).result(), (200, False), "beyond the limit: without a wait")
    equal(worker.read(task)["revision"], revision + 1, "the lease is extended")
    text = "x" * 3000
    large = {f"f{number}": text for number in range(6)}
    equal(beat.result(0), None, "the first one waits")
    equal(instance.ctl_run("reload").returncode, 0, "a reload")
    equal(beat.result(), (200, False), "ends the wait with the state of then")
    answer = Heartbeat(worker, claim, fields=large)
    equal(answer.result(), (200, False), "more than 16 KB: without a wait")
    beat = Heartbeat(worker, claim)
    wait_until_parked(instance, 1)
    began = time.monotonic()
    instance.stop("bounds")
    ok(time.monotonic() - began < 3 + SLACK, "a stop does not wait for it")


if __name__ == "__main__":
    run_tests(
        cancellation_ends_the_wait,
        heartbeat_is_written_once,
        wait_is_shorter_than_a_cut_lease,
        task_leaves_its_worker,
        drains_of_others,
        bounds_of_waits,
    )
