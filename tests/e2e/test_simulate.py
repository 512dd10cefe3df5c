"""`polytaskctl work --simulate`: ends of tasks without a program, for each dialect's clients."""
import time

import uplynk_client
from claims_client import create, seconds
from dialects import WITH_TASKS
from lib import Instance, run_tests
from tap import equal, ok, until
from work_command import Work

FAST = ("--seconds", "0.2")
PRODUCT = "/product/adbreaks/version/1.0.1"
IDOL = {
    "type": "import-tasks",
    "attributes": {"master-type": "hd", "status": "uploaded"},
    "relationships": {"attachable": {"data": {"type": "tracks", "id": "12"}}},
}
FINAL = ("succeeded", "failed", "cancelled")


def read(instance, task):
    return instance.native("GET", f"/tasks/{task}").json()


def all_tasks(instance, query=""):
    return instance.native("GET", f"/tasks?limit=500{query}").json()["items"]


def ended(instance, task, wait=20):
    """The task, when it has ended."""
    until(lambda: read(instance, task)["state"] in FINAL, wait)
    return read(instance, task)


def history(instance, task):
    items = instance.native("GET", f"/tasks/{task}/history").json()["items"]
    return [entry["event"] for entry in items]


def every_dialect():
    """A simulated end needs no fields, not even of dialects whose tasks have many."""
    instance = Instance()
    create(instance)
    instance.create(description="a virtual machine")
    instance.vionlabs("POST", f"/movie-1{PRODUCT}")
    instance.fourhse("POST", "/create", {"handler": "Export"})
    instance.idol("POST", "/import-tasks", {"data": IDOL})
    uplynk_client.create(instance, endpoint_name="point")
    equal(
        sorted(task["dialect"] for task in all_tasks(instance)),
        sorted(WITH_TASKS),
        "there is a task of each dialect",
    )
    work = Work(instance, ("--once", "--jobs", 3, *FAST))
    equal(work.wait(), 0, "--once ends when no task is ready")
    states = {task["dialect"]: task["state"] for task in all_tasks(instance)}
    equal(states, dict.fromkeys(WITH_TASKS, "succeeded"), "all have succeeded")
    equal(work.log(), "", "without a message")
    instance.stop("every dialect")


def progress():
    instance = Instance()
    task = create(instance)
    work, seen = Work(instance, ("--seconds", 6)), set()

    def watch():
        shown = read(instance, task)
        seen.add((shown["progress"] or {}).get("percent"))
        return shown["state"] in FINAL

    ok(until(watch, 20), "the task ends")
    ok({25, 50, 75} <= seen, "its progress is shown", seen)
    equal(read(instance, task)["attempt"], 1, "by one attempt")
    equal(work.stop(), 0, "SIGTERM ends the worker")
    instance.stop("progress")


def words():
    instance = Instance()
    names = ("fail", "retry", "cancel", "stall", "crash")
    tasks = {
        name: create(instance, fields={"a": {"b": ["x", f"clip sandbox-{name} 7"]}})
        for name in names
    }
    work = Work(instance, ("--jobs", 8, "--lease", 4, *FAST))
    shown = ended(instance, tasks["fail"])
    equal(
        (shown["state"], shown["failure"], shown["error"], shown["attempt"]),
        ("failed", "not_retryable", "The sandbox was asked to fail.", 1),
        "sandbox-fail fails for good",
    )
    shown = ended(instance, tasks["retry"])
    equal(
        (shown["state"], shown["attempt"]),
        ("succeeded", 2),
        "sandbox-retry succeeds at the second attempt",
    )
    equal(ended(instance, tasks["cancel"])["state"], "cancelled", "sandbox-cancel is cancelled")
    crashed = tasks["crash"]
    lost = until(lambda: read(instance, crashed)["error"], 15)
    ok(lost and "stopped reporting" in lost, "sandbox-crash: the lease expires", lost)
    shown = read(instance, tasks["stall"])
    equal((shown["state"], shown["attempt"]), ("running", 1), "sandbox-stall goes on")
    left = seconds(shown["lease"]["expires_at"]) - time.time()
    ok(left > 0, "and its lease is extended", left)
    instance.native("PATCH", f"/tasks/{tasks['stall']}", {"state": "cancelled"})
    instance.native("PATCH", f"/tasks/{crashed}", {"state": "cancelled"})
    equal(work.stop(), 0, "a cancellation ends it")
    ok("it was cancelled" in work.log(), "as a message says", work.log())
    instance.stop("words")


def rights():
    """A token of a worker may not cancel: the clients see why it did not happen."""
    instance = Instance()
    instance.ctl("user", "add", "worker", "--tenant", "demo", "--rights", "work")
    token = instance.add_token("worker", "worker")
    task = create(instance, fields={"name": "sandbox-cancel"})
    work = Work(instance, ("--once", *FAST), token=token)
    equal(work.wait(), 0, "ends")
    shown = read(instance, task)
    equal(shown["state"], "failed", "without the right write the task fails")
    ok("could not cancel" in shown["error"], "with a sentence", shown["error"])
    instance.ctl("user", "add", "reader", "--tenant", "demo", "--rights", "read")
    work = Work(instance, FAST, token=instance.add_token("reader", "reader"))
    equal(work.wait(), 1, "without the right work nothing is claimed")
    ok("refuses claims" in work.log(), "as a message says", work.log())
    work = Work(instance, FAST, token="not-a-token")
    equal(work.wait(), 1, "nor with a wrong token")
    instance.stop("rights")


def rate():
    instance = Instance()
    tasks = [create(instance, max_attempts=1) for _ in range(12)]
    work = Work(instance, ("--once", "--jobs", 12, "--fail-rate", 1, *FAST))
    equal(work.wait(), 0, "ends")
    states = {read(instance, task)["state"] for task in tasks}
    equal(states, {"failed"}, "--fail-rate 1: all fail")
    instance.stop("rate")


def timeouts():
    instance = Instance()
    task = create(instance, max_attempts=1, fields={"name": "sandbox-stall"})
    work = Work(instance, ("--once", "--timeout", 1, *FAST))
    equal(work.wait(), 0, "ends")
    shown = read(instance, task)
    equal(
        (shown["state"], shown["error"]),
        ("failed", "The simulation took longer than 1 s."),
        "--timeout ends what has no end",
    )
    task = create(instance, fields={"name": "sandbox-stall"})
    work = Work(instance, FAST)
    ok(until(lambda: read(instance, task)["state"] == "running", 10), "it runs")
    work.signal()
    ok(work.wait(1) is None, "the first signal lets it go on")
    work.signal()
    equal(work.wait(10), 128 + 15, "the second one ends the worker")
    equal(read(instance, task)["state"], "pending", "and the task is released")
    instance.stop("timeouts")


if __name__ == "__main__":
    run_tests(every_dialect, progress, words, rights, rate, timeouts)
