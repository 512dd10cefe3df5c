"""Timeouts and policies of the configuration, in several dialects and after a reload."""
import functools

import uplynk_client
from claims_client import Worker, create, seconds
from lib import Instance, run_tests
from tap import equal, ok, until

POLICIES = [
    "all attempts=2 retry_first=0",
    "native/slow%20start start_timeout=1s",
    "native/short attempt_timeout=1s heartbeat_timeout=30s",
    "native/total total_timeout=1s",
    "native/beat heartbeat_timeout=1s",
    "virtshell start_timeout=1s",
    "virtshell/long start_timeout=0",
    "uplynk total_timeout=1s",
    "fourhse attempt_timeout=1s",
]
START = "No worker claimed the task within 1 second."
ATTEMPT = "The attempt took longer than 1 second."
TOTAL = "The task did not end within 1 second."

shared = functools.cache(
    lambda: Instance(conf={"policy": "\npolicy = ".join(POLICIES)}, expect=("reload",))
)


def read(task):
    return shared().native("GET", f"/tasks/{task}").json()


def ends(task, state="failed"):
    until(lambda: read(task)["state"] == state, 10)
    return read(task)


def failed(task, failure, error, what):
    seen = ends(task)
    equal(
        (seen["state"], seen["failure"], seen["error"], seen["lease"]),
        ("failed", failure, error, None),
        what,
    )
    return seen


def events(task):
    return [
        (entry["event"], entry["to"], entry["error"])
        for entry in shared().native("GET", f"/tasks/{task}/history").json()["items"]
    ]


def start():
    """A task that nobody claims fails; the clients of its dialect see why."""
    native = create(shared(), kind="slow start")
    seen = failed(native, "start_timeout", START, "native: nobody claims it")
    ok(
        1 <= seconds(seen["finished_at"]) - seconds(seen["created_at"]) < 3,
        "after its timeout",
        seen,
    )
    equal(events(native)[0], ("timed_out", "failed", START), "the history says so")
    virtshell = shared().create(description="a task")
    failed(virtshell, "start_timeout", START, "virtshell: nobody claims it")
    shown = shared().get(f"/tasks/{virtshell}").json()
    equal((shown["status"], shown["log"]), ("failed", START), "its client sees the error")
    other = shared().create(description="a task", type="long")
    equal(read(other)["state"], "pending", "another kind has no timeout")
    listed = shared().native("GET", "/tasks?failure=start_timeout").json()["items"]
    equal({task["id"] for task in listed}, {native, virtshell}, "the list filters by failure")


def attempt():
    """Heartbeats do not extend an attempt beyond its timeout; the last one is the end."""
    worker = Worker(shared())
    task = create(shared(), kind="short")
    claim = worker.take(kinds=["short"])
    begun = seconds(read(task)["started_at"])
    answer = worker.report("heartbeat", claim, lease_seconds=100)
    equal(
        round(seconds(answer.json()["lease_expires_at"]) - begun, 3),
        1,
        "the answer to a heartbeat shows the end of the attempt",
    )
    seen = ends(task, "pending")
    equal((seen["error"], seen["failure"]), (ATTEMPT, None), "the attempt has failed")
    equal(worker.report("complete", claim).status, 409, "its worker is too late")
    worker.report("heartbeat", worker.take(kinds=["short"]))
    failed(task, "attempts_exhausted", ATTEMPT, "so has the last one")
    attempts = shared().native("GET", f"/tasks/{task}/attempts").json()["items"]
    equal(
        [(one["number"], one["outcome"], one["error"]) for one in attempts],
        [(2, "timed_out", ATTEMPT), (1, "timed_out", ATTEMPT)],
        "the attempts have their outcome",
    )
    number = shared().fourhse("POST", "/create", {"handler": "H"}).json()["task_id"]
    claim = worker.take(dialects=["fourhse"])
    worker.report("heartbeat", claim)
    seen = ends(claim["task"]["id"], "pending")
    equal(seen["error"], ATTEMPT, "fourhse: the attempt has failed")
    view = shared().fourhse("GET", f"/view/{number}").json()
    equal((view["status"], view["response"]), ("pending", ATTEMPT), "its client sees the error")


def total():
    """In any state: waiting, running by a worker, running by the client's own back end."""
    waiting = create(shared(), kind="total", not_before="2999-01-01T00:00:00Z")
    taken = create(shared(), kind="total", state="running")
    worker = Worker(shared())
    claimed = create(shared(), kind="total")
    claim = worker.take(kinds=["total"])
    answer = worker.report("heartbeat", claim, lease_seconds=100)
    equal(
        answer.json()["lease_expires_at"],
        read(claimed)["lease"]["expires_at"],
        "the lease is that of the task",
    )
    ok(
        seconds(answer.json()["lease_expires_at"]) <= seconds(read(claimed)["created_at"]) + 1,
        "and ends with the timeout",
    )
    for task, what in ((waiting, "delayed"), (taken, "without a worker"), (claimed, "claimed")):
        failed(task, "total_timeout", TOTAL, f"native, {what}: it fails")
    equal(worker.report("complete", claim).status, 409, "its worker is too late")
    uplynk_client.create(shared(), endpoint_name="a point")
    task = uplynk_client.tasks(shared())[-1]["id"]
    failed(task, "total_timeout", TOTAL, "uplynk: it fails")
    shown = shared().request("GET", f"{uplynk_client.TASKS}/{task}").json()
    equal(shown["state"], "FAILED", "its client sees it")


def heartbeat():
    """A lease is not longer, whatever the worker asks for."""
    worker = Worker(shared())
    task = create(shared(), kind="beat")
    claim = worker.take(kinds=["beat"], lease_seconds=300)
    before = seconds(claim["task"]["updated_at"])
    ok(
        seconds(claim["lease_expires_at"]) <= before + 1.001,
        "the lease of a claim is cut",
        claim["lease_expires_at"],
    )
    worker.report("heartbeat", claim, lease_seconds=300)
    seen = ends(task, "pending")
    equal(seen["error"], "The worker w1 stopped reporting.", "a silent worker loses the task")
    worker.report("heartbeat", worker.take(kinds=["beat"]))
    failed(task, "attempts_exhausted", seen["error"], "twice, as the policy for all says")


def own():
    """A task of any dialect may have a policy of its own; a patch applies to what has begun."""
    task = create(shared(), policy={"start_timeout_seconds": 1000, "retry_jitter_percent": 0})
    virtshell = shared().create(description="a task", type="long")
    for name in (task, virtshell):
        answer = shared().native("PATCH", f"/tasks/{name}", {"policy": {"start_timeout_seconds": 1}})
        equal(answer.json()["policy"]["start_timeout_seconds"], 1, "a patch changes one member")
        failed(name, "start_timeout", START, "it counts for the present period")
    equal(read(task)["policy"]["retry_jitter_percent"], 0, "the other member is kept")
    answer = shared().native("PATCH", f"/tasks/{task}", {"policy": {"retry_jitter_percent": None}})
    equal(answer.json()["policy"], {"start_timeout_seconds": 1}, "null removes a member")
    answer = shared().native("PATCH", f"/tasks/{task}", {"policy": None})
    equal(answer.json()["policy"], None, "or all of them")


def reload():
    """A reload applies to tasks that begin later; a wrong line changes nothing."""
    task = create(shared(), kind="later")
    shared().conf["policy"] = "native/later start_timeout=1s"
    shared().write_conf()
    equal(shared().ctl_run("reload").returncode, 0, "reload: accepted")
    later = create(shared(), kind="later")
    failed(later, "start_timeout", START, "a task after the reload")
    equal(read(task)["state"], "pending", "one from before has no timeout")
    shared().conf["policy"] = "native/later start_timeout=1"
    shared().write_conf()
    answer = shared().ctl_run("reload")
    ok(answer.returncode != 0, "reload: refused")
    ok(
        "start_timeout must be a duration" in answer.stderr,
        "with a sentence",
        answer.stderr,
    )
    shared().conf["policy"] = ""
    shared().write_conf()


def ending():
    shared().verify("timeouts")
    shared().stop("timeouts")


run_tests(start, attempt, total, heartbeat, own, reload, ending)
