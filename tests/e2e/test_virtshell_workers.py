"""VirtShell: status_history of tasks that workers claim by the native API, beside its own agents."""
import re

from claims_client import Worker
from lib import Instance, run_tests
from tap import equal, ok, until


def history(instance, uuid):
    return [(status, log) for status, _, log in shown(instance, uuid)["status_history"]]


def shown(instance, uuid):
    return instance.get("/tasks/" + uuid).json()


def take(instance, worker, **members):
    claim = worker.take(dialects=["virtshell"], **members)
    return claim["task"]["id"], claim


def one_history():
    instance = Instance(conf={"timezone": "Asia/Tokyo"})
    worker = Worker(instance)
    uuid = instance.create(type="create_instance", log="received in tasks")
    ok("status_history" not in shown(instance, uuid), "a new task has no history")
    _, claim = take(instance, worker)
    expected = [("pending", "received in tasks")]
    equal(history(instance, uuid), expected, "a claim appends what the task was")
    worker.report("heartbeat", claim)
    worker.report("heartbeat", claim, progress=10, log=["a line"])
    equal(history(instance, uuid), expected, "a heartbeat without a new log appends nothing")
    worker.report("heartbeat", claim, fields={"log": "installing nginx"})
    expected.append(("in progress", "received in tasks"))
    equal(history(instance, uuid), expected, "one with a new log does")
    instance.put("/tasks/" + uuid, {"status": "provisioning", "log": "by an agent"})
    expected.append(("in progress", "installing nginx"))
    equal(history(instance, uuid), expected, "so does a report of an agent, once")
    equal(
        (worker.read(uuid)["state"], worker.read(uuid)["lease"]["worker"]),
        ("running", "w1"),
        "which does not end the lease",
    )
    worker.report("fail", claim, error="no space", retry_after_seconds=0)
    expected.append(("provisioning", "by an agent"))
    equal(history(instance, uuid), expected, "a failed attempt")
    equal(shown(instance, uuid)["log"], "no space", "whose error is the log")
    _, claim = take(instance, worker)
    expected.append(("pending", "no space"))
    equal(history(instance, uuid), expected, "is in the history when the next attempt begins")
    worker.report("release", claim)
    _, claim = take(instance, worker)
    answer = worker.report("complete", claim, result="10.0.0.7")
    equal(answer.status, 200, "it is completed")
    expected += [("in progress", ""), ("pending", ""), ("in progress", "")]
    equal(history(instance, uuid), expected, "all changes are there, in order")
    worker.report("complete", claim, result="again")
    task = shown(instance, uuid)
    equal((task["status"], task["log"]), ("sucess", "10.0.0.7"), "the last report is the task")
    equal(history(instance, uuid), expected, "a repeated report appends nothing")
    dates = [date for _, date, _ in task["status_history"]] + [task["date"]]
    ok(all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6}", date) for date in dates), "dates", dates)
    hour = (int(task["last_update"]) // 3600 + 9) % 24
    ok(all(int(date[:2]) in (hour, (hour - 1) % 24) for date in dates), "in the time zone", dates)
    instance.verify("one history")
    instance.stop("one history")


def changes_by_the_service():
    instance = Instance(conf={"timezone": "Asia/Tokyo"})
    worker = Worker(instance)
    uuid = instance.create(type="create_instance")
    take(instance, worker, confirm_seconds=0.2)
    ok(until(lambda: shown(instance, uuid)["status"] == "pending", 5), "an unconfirmed claim ends")
    equal(history(instance, uuid), [("pending", ""), ("in progress", "")], "it is in the history")
    _, claim = take(instance, worker, lease_seconds=1, confirm_seconds=1)
    worker.report("heartbeat", claim)
    ok(until(lambda: shown(instance, uuid)["status"] == "pending", 5), "a lease ends")
    task = shown(instance, uuid)
    equal(
        [status for status, _, _ in task["status_history"]],
        ["pending", "in progress", "pending", "in progress"],
        "it is in the history",
    )
    equal(task["log"], "The worker w1 stopped reporting.", "and the log says why")
    hour = (int(task["last_update"]) // 3600 + 9) % 24
    dates = [date for _, date, _ in task["status_history"]]
    ok(all(int(date[:2]) in (hour, (hour - 1) % 24) for date in dates), "in the time zone", dates)
    instance.stop("service")


def bounds():
    """A task that goes round for ever does not grow, nor does a claim fail because of it."""
    instance = Instance()
    worker = Worker(instance)
    large = "y" * 100000
    uuid = instance.create(type="create_instance")
    for number in range(5):
        instance.put("/tasks/" + uuid, {f"m{number}": large})
    for number in range(60):
        _, claim = take(instance, worker)
        worker.report("heartbeat", claim, fields={"log": f"{number} " + "x" * 20000})
        worker.report("release", claim)
    kept = shown(instance, uuid)["status_history"]
    ok(10 < len(kept) <= 100, "the history has 100 reports at most, and 64 KiB", len(kept))
    equal([kept[-1][0], kept[-1][2][-5:]], ["in progress", "xxxxx"], "the last ones")
    _, claim = take(instance, worker)
    equal(worker.report("complete", claim).status, 200, "the task still ends")
    instance.stop("bounds")


if __name__ == "__main__":
    run_tests(one_history, changes_by_the_service, bounds)
