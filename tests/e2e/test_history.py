"""The history and the attempts of tasks: who did what, by which request, in every dialect."""
import json
import os

from credential_states import CredentialStates
from dialects import WITH_TASKS
from lib import Instance, run_tests
from native_client import MERGE, TASKS, UNKNOWN
from tap import equal, ok, until

JSON = ("Content-Type", "application/json")
MEMBERS = [
    "event", "at", "by", "request_id", "from", "to", "status", "revision", "attempt", "worker",
    "error", "log",
]  # fmt: skip


def post(instance, path, body=None, *lines):
    headers = [*instance.bearer(), *(lines or [JSON])]
    return instance.request("POST", path, body, headers=headers, documented=False)


def claim(instance, **members):
    body = {"worker": "w1", "confirm_seconds": 30, "lease_seconds": 30, **members}
    answer = post(instance, "/v1/claims", body)
    return answer, answer.json()["claims"][0] if answer.status == 200 else None


def report(instance, given, name, **members):
    path = f"{TASKS}/{given['task']['id']}/{name}"
    return post(instance, path, {"token": given["token"], **members})


def patch(instance, task, body):
    headers = [*instance.bearer(), MERGE]
    return instance.request("PATCH", f"{TASKS}/{task}", body, headers=headers, documented=False)


def history(instance, task, query="", what="history"):
    answer = instance.request("GET", f"{TASKS}/{task}/{what}{query}")
    if answer.status != 200:
        return answer
    # Entries are removed without a change of the task.
    if "ETag" in answer.headers:
        raise RuntimeError(f"a history with a tag: {answer.headers}")
    return answer.json()


def events(instance, task):
    return [entry["event"] for entry in history(instance, task)["items"]]


def requests(instance):
    """The lines of the access log, by their ids."""
    path = os.path.join(instance.dir, "log", "nginx-access.log")
    with open(path, encoding="utf-8") as log:
        entries = [json.loads(line) for line in log]
    return {entry["id"]: entry for entry in entries}


def a_life():
    """A task of VirtShell's API, which a worker carries out."""
    instance = Instance()
    answers = [instance.post("/tasks", {"description": "d"})]
    task = answers[0].json()["task_id"]
    answer, given = claim(instance)
    answers.append(answer)
    equal(report(instance, given, "heartbeat").status, 200, "a heartbeat")
    answers.append(report(instance, given, "heartbeat", progress={"percent": 5}))
    answers.append(
        report(instance, given, "fail", error="disk \u00fc on fire", retry_after_seconds=0.2)
    )
    ok(until(lambda: "ready" in events(instance, task), 20), "its delay ends")
    answer, given = claim(instance, worker="w2")
    answers += [answer, report(instance, given, "complete", result=[1])]
    answers.append(patch(instance, task, {"priority": 4}))
    answers.append(post(instance, f"{TASKS}/{task}/archive"))
    ok(all(one.status in (200, 201) for one in answers), "each request is carried out", answers)

    whole = history(instance, task)
    found = whole["items"]
    equal(list(whole), ["items", "next", "complete"], "the members of the response")
    equal((whole["next"], whole["complete"]), (None, True), "the history is whole")
    equal([list(entry) for entry in found], [MEMBERS] * len(found), "the members of each entry")
    found.reverse()
    equal(
        [(entry["event"], entry["from"], entry["to"], entry["attempt"]) for entry in found],
        [
            ("created", None, "pending", None),
            ("claimed", "pending", "running", 1),
            ("progress", "running", "running", 1),
            ("failed", "running", "pending", 1),
            ("ready", "pending", "pending", None),
            ("claimed", "pending", "running", 2),
            ("completed", "running", "succeeded", 2),
            ("changed", "succeeded", "succeeded", None),
            ("archived", "succeeded", "succeeded", None),
        ],
        "what happened",
    )
    ids = [entry["request_id"] for entry in found if entry["event"] != "ready"]
    equal(ids, [answer.headers["X-Request-Id"] for answer in answers], "by which requests")
    ok(until(lambda: set(ids) <= set(requests(instance)), 10), "they are in the access log", ids)
    user = found[-1]["by"]
    equal({entry["by"] for entry in found if entry["event"] != "ready"}, {user}, "by the same user")
    equal((found[4]["by"], found[4]["request_id"]), ("polytask", None), "and by the service")
    times = [entry["at"] for entry in found]
    equal(times, sorted(times), "in the order of time")
    revisions = [entry["revision"] for entry in found]
    equal(revisions, sorted(set(revisions)), "in the order of revisions")
    workers = [None] + ["w1"] * 3 + [None] + ["w2"] * 2 + [None] * 2
    equal([entry["worker"] for entry in found], workers, "by which workers")
    errors = {entry["event"]: entry["error"] for entry in found if entry["error"] is not None}
    equal(errors, {"failed": "disk \u00fc on fire"}, "the error of the attempt")

    tries = history(instance, task, what="attempts")
    equal(
        [(one["number"], one["worker"], one["outcome"], one["error"]) for one in tries["items"]],
        [(2, "w2", "completed", None), (1, "w1", "failed", "disk \u00fc on fire")],
        "the attempts",
    )
    equal(
        [(one["started_at"], one["ended_at"]) for one in tries["items"]],
        [(times[5], times[6]), (times[1], times[3])],
        "from claim to end",
    )
    ok(tries["complete"], "all of them")

    read, place = [], ""
    while place is not None:
        page = history(instance, task, f"?limit=2{place and '&before='}{place}")
        read += page["items"]
        place = page["next"]
    equal(read, found[::-1], "pages of two are the same history")

    instance.kill_daemon()
    instance.start()
    equal(history(instance, task), dict(whole, items=found[::-1]), "it outlives kill -9")
    patch(instance, task, {"priority": 5})
    equal(events(instance, task)[0], "changed", "and goes on")
    equal(history(instance, UNKNOWN).status, 404, "an unknown task has none")
    instance.request("DELETE", f"{TASKS}/{task}", documented=False)
    equal(history(instance, task).status, 404, "nor has one that was removed")
    instance.stop("a life")


class Site(Instance):
    """With the requests of each dialect's clients."""

    post_route = CredentialStates.post_route


def every_dialect():
    instance = Site()
    for name, dialect in WITH_TASKS.items():
        dialect.create(instance)
        query = f"?dialect={name}&sort=-created&limit=1"
        found = instance.request("GET", TASKS + query, documented=False).json()["items"]
        if not ok(len(found) == 1, f"{name}: a task", found):
            continue
        task = found[0]["id"]
        # The native one is claimed, too.
        before = events(instance, task)
        equal(before[-1], "created", f"{name}: its creation")
        answer = patch(instance, task, {"state": "running"})
        entries = history(instance, task)["items"]
        equal([one["event"] for one in entries], ["changed", *before], f"{name}: and a change")
        equal(entries[0]["request_id"], answer.headers["X-Request-Id"], f"{name}: its request")
        equal(entries[0]["status"], answer.json()["status"], f"{name}: its status")
        equal(entries[-1]["by"], found[0]["created_by"], f"{name}: by its creator")
        created = entries[-1]["request_id"]
        ok(until(lambda: created in requests(instance), 10), f"{name}: its creation is in the log")
        line = requests(instance)[created]
        ok(line["path"].startswith(dialect.prefix[:5]), f"{name}: by its own API", line)
        equal(line["user"], entries[-1]["by"], f"{name}: by the same user")
    instance.stop("every dialect")


def options():
    """A short journal, and none."""
    instance = Instance(conf={"journal_entries": "5"})
    task = post(instance, TASKS, {}).json()["id"]
    for priority in range(1, 31):
        patch(instance, task, {"priority": priority})
    # The keeper's first look may come while the task is being changed.
    ok(len(history(instance, task)["items"]) > 20, "entries are removed by the keeper, later")
    # The chore runs at the start, and then once a minute.
    instance.stop_daemon()
    instance.start()
    ok(until(lambda: not history(instance, task)["complete"], 90), "it removes the oldest")
    equal(len(history(instance, task)["items"]), 5, "as many as the option says are left")
    equal(history(instance, task, what="attempts")["complete"], False, "attempts say so, too")
    instance.stop("a short journal")
    instance = Instance(conf={"journal_entries": "0"})
    task = post(instance, TASKS, {}).json()["id"]
    equal(history(instance, task), {"items": [], "next": None, "complete": False}, "no journal")
    equal(history(instance, task, what="attempts"), {"items": [], "complete": False}, "no attempts")
    instance.stop("no journal")


def other_stores():
    """A backup has the history, an export has not."""
    instance = Instance()
    task = post(instance, TASKS, {}).json()["id"]
    patch(instance, task, {"priority": 3})
    whole = history(instance, task)
    folder, home = (os.path.join(instance.dir, name) for name in ("backup", "restored"))
    instance.ctl("backup", folder)
    patch(instance, task, {"priority": 4})
    instance.ctl("restore", folder, "--home", home)
    copy = Instance(autostart=False, store=home)
    copy.token, copy.secrets = instance.token, instance.secrets
    copy.start()
    equal(history(copy, task), whole, "a restored store has the history of the backup")
    patch(copy, task, {"priority": 5})
    equal(events(copy, task), ["changed", "changed", "created"], "and it goes on")
    copy.verify("restored")
    copy.stop("restored")

    exported = instance.ctl("export")
    lines = [json.loads(line) for line in exported.splitlines()]
    found = [line for line in lines if line.get("id") == task]
    equal([("journal" in line, line["priority"]) for line in found], [(False, 4)], "no number")
    other = Instance()
    for _ in range(4):
        post(other, TASKS, {})
    other.ctl("import", stdin=exported)
    found = history(other, task)
    equal(
        [[one["event"] for one in found["items"]], found["complete"]],
        [["imported"], False],
        "the history of an imported task begins with the import",
    )
    patch(other, task, {"priority": 6})
    found = history(other, task)
    equal([one["event"] for one in found["items"]], ["changed", "imported"], "and goes on")
    ok(not found["complete"], "which is not the whole history")
    other.stop("imported")
    instance.stop("other stores")


run_tests(a_life, every_dialect, options, other_stores)
