"""Claims and reports of workers: tokens, leases, rights, and changes by others meanwhile."""
import functools
import time

from claims_client import Worker, create, seconds
from lib import Instance, run_tests
from native_client import MERGE, UNKNOWN, is_problem
from tap import equal, note, ok, until

# One instance for the tests that leave it without a ready task.
shared = functools.cache(Instance)
# A lease that ends is noticed within a second; the rest is for a busy machine.
NOTICED = 2


def lost(answer, name):
    ok(is_problem(answer, 409, "lease-lost"), name, answer)


def patch(instance, task, body, *headers):
    return instance.native("PATCH", f"/tasks/{task}", body, [MERGE, *headers])


def whole_life():
    worker = Worker(shared())
    task = create(shared(), priority=7, fields={"name": "a"})
    claim = worker.take(lease_seconds=30)
    shown = claim["task"]
    equal(
        (shown["id"], shown["state"], shown["attempt"], claim["attempt"]),
        (task, "running", 1, 1),
        "a claimed task is running",
    )
    equal(shown["lease"]["worker"], "w1", "its lease has the worker")
    equal(shown["lease"]["expires_at"], claim["lease_expires_at"], "and the end of the claim")
    equal(worker.read(task), shown, "GET shows the same task")
    equal(worker.claim().status, 204, "nothing else is ready: 204")
    answer = worker.report("heartbeat", claim, progress={"percent": 40, "step": 1})
    left = seconds(answer.json()["lease_expires_at"]) - time.time()
    ok(20 < left < 31, "a heartbeat extends the lease to its length", left)
    equal(answer.json()["cancel"], False, "the task is not cancelled")
    worker.report("heartbeat", claim, progress={"percent": 50}, fields={"host": "h1"})
    shown = worker.read(task)
    equal(shown["progress"], {"percent": 50, "step": 1}, "progress is merged")
    equal(shown["fields"], {"name": "a", "host": "h1"}, "fields are merged")
    other = create(shared())
    answer = worker.report("complete", claim, result={"files": [1]}, claim_next=True)
    shown = answer.json()["task"]
    equal(
        (shown["state"], shown["result"], shown["lease"], shown["error"]),
        ("succeeded", {"files": [1]}, None, None),
        "a completed task has its result and no lease",
    )
    claim = answer.json()["claims"][0]
    equal(claim["task"]["id"], other, "the response has the next task")
    equal(claim["task"]["lease"]["worker"], "w1", "for the same worker")
    answer = worker.report("release", claim, ("Prefer", "return=minimal"))
    minimal = {"claims": [], "drain": False}
    equal(answer.json(), minimal, "Prefer: return=minimal: a response without the task")
    equal(answer.headers["Preference-Applied"], "return=minimal", "which says so")
    equal(worker.read(claim)["state"], "pending", "released")
    answer = worker.report("complete", worker.take(), claim_next={"lease_seconds": 5})
    equal((answer.status, answer.json()["claims"]), (200, []), "nothing is left: no claims")


def tokens():
    worker, other = Worker(shared()), Worker(shared(), "w2")
    task = create(shared())
    first = worker.take()
    for kind in ("heartbeat", "complete", "fail", "release"):
        lost(worker.report(kind, {**first, "token": "0" * 16}), f"{kind}: another token: 409")
        unknown = {**first, "task": {"id": UNKNOWN}}
        answer = worker.report(kind, unknown)
        ok(is_problem(answer, 404, "not-found"), f"{kind}: an unknown task: 404", answer)
    equal(worker.read(task), first["task"], "nothing was changed")
    equal(worker.report("release", first).status, 200, "released")
    second = other.take()
    ok(second["token"] > first["token"], "the token of a later claim is higher", (first, second))
    equal(second["attempt"], 1, "a released attempt does not count")
    for kind in ("heartbeat", "complete", "fail", "release"):
        lost(worker.report(kind, first), f"{kind}: the token of an earlier claim: 409")
    equal(other.report("complete", second).status, 200, "the current token is accepted")
    shown = worker.read(task)
    answer = other.report("complete", second, result="other")
    equal((answer.status, answer.json()["task"]), (200, shown), "repeated: nothing is changed")
    events = worker.ask("GET", f"/tasks/{task}/history").json()["items"]
    equal([e["event"] for e in events].count("completed"), 1, "nor has the history an entry")
    for kind in ("release", "fail"):
        lost(other.report(kind, second), f"{kind} after the end: 409")
    lost(other.report("heartbeat", second), "a heartbeat after the end: 409")
    equal(worker.read(task)["state"], "succeeded", "the task has succeeded")


def failures():
    worker = Worker(shared())
    task = create(shared(), max_attempts=2)
    answer = worker.report("fail", worker.take(), error="no disk", retry_after_seconds=0.2)
    shown = answer.json()["task"]
    equal((shown["state"], shown["error"]), ("pending", "no disk"), "a failed attempt: pending")
    delay = seconds(shown["ready_after"]) - seconds(shown["updated_at"])
    equal(round(delay, 3), 0.2, "retry_after_seconds delays the next attempt")
    equal(worker.claim().status, 204, "meanwhile it is not given to workers")
    ok(until(lambda: worker.read(task)["ready_after"] is None, NOTICED), "the delay ends")
    claim = worker.take()
    equal((claim["attempt"], claim["task"]["error"]), (2, None), "the next attempt has no error")
    shown = worker.report("fail", claim, error="again").json()["task"]
    equal((shown["state"], shown["error"]), ("failed", "again"), "after the last one: failed")
    answer = worker.report("fail", claim, error="other")
    equal((answer.status, answer.json()["task"]), (200, shown), "repeated: nothing is changed")
    lost(worker.report("complete", claim), "a result after the end: 409")
    create(shared(), max_attempts=1)
    shown = worker.report("fail", worker.take()).json()["task"]
    equal(shown["state"], "failed", "max_attempts 1: the first failure is final")
    create(shared())
    shown = worker.report("fail", worker.take(), retryable=False).json()["task"]
    equal(shown["state"], "failed", "retryable false: final")
    task = create(shared())
    shown = worker.report("fail", worker.take()).json()["task"]
    delay = seconds(shown["ready_after"]) - seconds(shown["updated_at"])
    ok(0.8 <= round(delay, 3) <= 1.2, "the default delay is 1 s with 20 % of jitter", delay)
    ok(until(lambda: worker.claim().status == 200, 1.2 + NOTICED), "then it is ready")
    shown = patch(shared(), task, {"state": "pending", "not_before": None}).json()
    claim = worker.take()
    shown = worker.report("release", claim, delay_seconds=3600).json()["task"]
    ok(shown["ready_after"], "delay_seconds delays a released task", shown)
    equal(worker.claim().status, 204, "it is not given to workers")
    equal(shared().native("DELETE", f"/tasks/{task}").status, 204, "removed")


def expiry():
    """How long after the end of a lease the task is pending again."""
    worker = Worker(shared())
    slowest = 0
    for _ in range(3):
        task = create(shared())
        claim = worker.take(lease_seconds=1, confirm_seconds=1)
        end = worker.report("heartbeat", claim).json()["lease_expires_at"]
        until(lambda: worker.read(task)["state"] == "pending", 1 + 5 * NOTICED, 0.01)
        slowest = max(slowest, time.time() - seconds(end))
        shown = worker.read(task)
        equal(
            (shown["state"], shown["error"], shown["attempt"]),
            ("pending", "The worker w1 stopped reporting.", 1),
            "a lease that expires is a failed attempt",
        )
        lost(worker.report("complete", claim, result=1), "a late result: 409")
        ok(until(lambda: worker.read(task)["ready_after"] is None, 2 + NOTICED), "its delay ends")
        again = worker.take()
        equal(again["attempt"], 2, "the next attempt")
        lost(worker.report("complete", claim, result=1), "the token of the first attempt: 409")
        equal(worker.report("complete", again, result=2).status, 200, "that of the second: 200")
        equal(worker.read(task)["result"], 2, "and its result is kept")
    note(f"pending {slowest * 1000:.0f} ms after the end of the lease, at most")
    ok(slowest < NOTICED, "the end of a lease is noticed", slowest)


def unconfirmed():
    worker, other = Worker(shared()), Worker(shared(), "w2")
    task = create(shared())
    claim = worker.take(confirm_seconds=0.1)
    ok(until(lambda: worker.read(task)["state"] == "pending", NOTICED, 0.01), "the claim is undone")
    shown = worker.read(task)
    equal(
        (shown["attempt"], shown["error"], shown["started_at"], shown["lease"]),
        (0, None, None, None),
        "the attempt does not count",
    )
    answer = worker.report("heartbeat", claim)
    equal((answer.status, answer.json()["cancel"]), (200, False), "a late heartbeat is accepted")
    shown = worker.read(task)
    equal((shown["state"], shown["attempt"]), ("running", 1), "and the task is running again")
    equal(worker.report("release", claim).status, 200, "released")
    claim = worker.take(confirm_seconds=0.1)
    until(lambda: worker.read(task)["state"] == "pending", NOTICED, 0.01)
    again = other.take()
    lost(worker.report("heartbeat", claim), "after another claim the heartbeat is 409")
    equal(other.report("complete", again).status, 200, "the other worker has the task")
    task = create(shared())
    claim = worker.take(confirm_seconds=0.1)
    until(lambda: worker.read(task)["state"] == "pending", NOTICED, 0.01)
    answer = patch(shared(), task, {"state": "running"})
    equal(answer.status, 200, "a back end begins the task by PATCH")
    lost(worker.report("complete", claim), "then the token of the undone claim: 409")
    equal(patch(shared(), task, {"state": "succeeded"}).status, 200, "the back end ends it")


def others():
    """Changes by clients and back ends while a worker has the task."""
    instance, worker = shared(), Worker(shared())
    task = create(instance)
    claim = worker.take()
    tag = ("If-Match", '"1"')
    equal(patch(instance, task, {"priority": 1}, tag).status, 412, "a claim raises the revision")
    equal(worker.report("heartbeat", claim, tag).status, 412, "If-Match holds for reports")
    equal(patch(instance, task, {"fields": {"a": 1}}).status, 200, "PATCH of a field")
    equal(worker.report("heartbeat", claim).status, 200, "does not end the lease")
    for state in ("succeeded", "failed", "pending", "cancelled"):
        equal(patch(instance, task, {"state": state}).status, 200, f"PATCH to {state}")
        equal(worker.read(task)["lease"], None, f"{state}: the lease has ended")
        lost(worker.report("complete", claim), f"{state}: complete is 409")
        if state != "cancelled":
            lost(worker.report("heartbeat", claim), f"{state}: a heartbeat is 409")
            patch(instance, task, {"state": "pending", "force": True})
            claim = worker.take()
            worker.report("heartbeat", claim)
    before = worker.read(task)
    answer = worker.report("heartbeat", claim, progress=1)
    equal(
        (answer.status, answer.json()),
        (200, {"lease_expires_at": None, "cancel": True, "drain": False}),
        "a heartbeat is answered with the cancellation",
    )
    equal(worker.read(task), before, "and changes nothing")
    patch(instance, task, {"state": "pending", "force": True})
    lost(worker.report("heartbeat", claim), "reopened: the heartbeat is 409")
    claim = worker.take()
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    equal(patch(instance, task, {"not_before": later}).status, 200, "not_before beside a claim")
    shown = worker.report("release", claim).json()["task"]
    equal(shown["ready_after"][:19], later[:19], "a released task waits for it")
    patch(instance, task, {"not_before": None})
    claim = worker.take()
    equal(instance.native("POST", f"/tasks/{task}/archive").status, 200, "archived")
    equal(worker.report("complete", claim).status, 200, "an archived task can be completed")
    task = create(instance)
    claim = worker.take()
    equal(instance.native("DELETE", f"/tasks/{task}").status, 204, "removed")
    answer = worker.report("heartbeat", claim)
    ok(is_problem(answer, 404, "not-found"), "a report on a removed task: 404", answer)


def rights():
    instance = shared()
    token = instance.add_token("tester", "worker", "--rights", "work")
    readwrite = instance.add_token("tester", "no worker", "--rights", "read,write")
    worker, client = Worker(instance, token=token), Worker(instance, token=readwrite)
    instance.ctl("user", "add", "stranger", "--tenant", "elsewhere")
    stranger = Worker(instance, token=instance.add_token("stranger", "stranger"))
    task = create(instance)
    ok(is_problem(client.claim(), 403, "forbidden"), "a claim without the right work: 403")
    equal(stranger.claim().status, 204, "another tenant is given nothing")
    claim = worker.take()
    for kind in ("heartbeat", "complete", "fail", "release"):
        answer = client.report(kind, claim)
        ok(is_problem(answer, 403, "forbidden"), f"{kind} without the right work: 403", answer)
        answer = stranger.report(kind, claim)
        ok(is_problem(answer, 404, "not-found"), f"{kind} by another tenant: 404", answer)
    answer = worker.ask("GET", f"/tasks/{task}")
    ok(is_problem(answer, 403, "forbidden"), "work alone reads no task", answer)
    equal(worker.report("heartbeat", claim).status, 200, "work alone: a heartbeat")
    equal(worker.report("complete", claim).status, 200, "work alone: the result")


def results():
    worker = Worker(shared())
    create(shared())
    claim = worker.take()
    answer = worker.report("complete", claim, result="r" * 65535)
    ok(is_problem(answer, 413, "too-large", ("pointer", "/result")), "a large result: 413", answer)
    equal(worker.read(claim)["state"], "running", "nothing was changed")
    answer = worker.report("complete", claim, result="r" * 65534)
    equal(answer.status, 200, "a result of 64 KiB: 200")
    answer = patch(shared(), claim["task"]["id"], {"state": "pending", "force": True})
    equal(answer.status, 200, "the task begins again")
    claim = worker.take()
    equal(claim["task"]["result"], None, "the next attempt does not have the result of before")
    equal(worker.read(claim)["result"], None, "and GET shows none")
    equal(worker.report("complete", claim).json()["task"]["result"], None, "nor does its end")
    create(shared())
    answer = worker.report("fail", worker.take(), error="e" * 100000, retryable=False)
    equal(answer.status, 200, "a long error: 200")
    ok(len(answer.json()["task"]["error"]) <= 4096, "its end is kept")


def ending():
    shared().verify("claims")
    shared().stop("claims")


def restart():
    """A lease survives kill -9 and a restart, and ends in time while the service is down."""
    instance = Instance()
    worker = Worker(instance)
    tasks = [create(instance) for _ in range(3)]
    claims = worker.claim(max=3).json()["claims"]
    equal([claim["task"]["id"] for claim in claims], tasks, "three claims, the oldest first")
    for claim in claims[:2]:
        worker.report("heartbeat", claim, lease_seconds=1 if claim is claims[1] else 60)
    lease = worker.read(tasks[0])["lease"]
    instance.kill_daemon()
    time.sleep(1)
    instance.start()
    instance.wait_serving()
    equal(worker.read(tasks[0])["lease"], lease, "the lease is there after kill -9")
    equal(worker.report("complete", claims[0], result=1).status, 200, "and its result is accepted")
    ok(until(lambda: worker.read(tasks[1])["state"] == "pending", NOTICED), "the other has ended")
    lost(worker.report("complete", claims[1]), "its token: 409")
    equal(worker.report("heartbeat", claims[2]).status, 200, "a claim can still be confirmed")
    instance.verify("restart")
    instance.stop("restart")


run_tests(
    whole_life, tokens, failures, expiry, unconfirmed, others, rights, results, ending, restart
)
