"""Batches of new tasks: arrays and lines, each alone or all or none, keys, limits, kills."""
import gzip
import http.client
import json
import random
import threading
import time

from lib import Instance, run_tests
from native_client import TASKS, ask, is_problem, shared
from tap import equal, ok, until

JSON = ("Content-Type", "application/json")
LINES = ("Content-Type", "application/x-ndjson")
MINIMAL = ("Prefer", "return=minimal")


def post(instance, items, *lines, atomic=False, token=None):
    body = items if isinstance(items, str) else json.dumps(items)
    kind = () if LINES in lines else (JSON,)
    path = TASKS + ("?atomic=true" if atomic else "")
    return instance.request(
        "POST", path, body, headers=instance.bearer(token) + [*kind, *lines]
    )


def total(instance, query=""):
    """The number of tasks. After a kill nginx may have a connection whose other end is gone."""
    answer = until(lambda: listed(instance, query), 10)
    return answer.json()["total"]


def listed(instance, query):
    answer = instance.native("GET", f"/tasks?limit=1{query}")
    return answer if answer.status == 200 else None


def statuses(answer):
    return [item["status"] for item in answer.json()["items"]]


def forms():
    """An array and lines; the tasks in the answer are those that are stored."""
    instance = shared()
    before = total(instance)
    tasks = [{"kind": "a"}, {"dialect": "virtshell", "fields": {"description": "d"}}, {}]
    for name, answer in (
        ("an array", post(instance, tasks)),
        ("lines", post(instance, "\n".join(map(json.dumps, tasks)) + "\n", LINES)),
        ("an atomic array", post(instance, tasks, atomic=True)),
    ):
        body = answer.json()
        equal(answer.status, 201, f"{name}: 201")
        equal(list(body), ["created", "failed", "items"], f"{name}: members")
        equal((body["created"], body["failed"]), (3, 0), f"{name}: counts")
        equal([item["index"] for item in body["items"]], [0, 1, 2], f"{name}: in order")
        stored = [ask("GET", f"{TASKS}/{item['task']['id']}").json() for item in body["items"]]
        equal([item["task"] for item in body["items"]], stored, f"{name}: the tasks")
        equal((answer.headers["ETag"], answer.headers["Location"]), (None, None), f"{name}: head")
    equal(total(instance), before + 9, "all are stored")
    answer = post(instance, [{}], MINIMAL)
    equal(list(answer.json()["items"][0]), ["index", "status", "id"], "return=minimal: the id")
    equal(answer.headers["Preference-Applied"], "return=minimal", "return=minimal: applied")


def large_atomic():
    """An atomic batch of 1000 tasks waits for a turn of its own; its body is decoded once."""
    instance = shared()
    before = total(instance)
    items = [{"kind": "many", "priority": index} for index in range(1000)]
    body = gzip.compress(json.dumps(items).encode())
    lines = [JSON, ("Content-Encoding", "gzip"), ("Idempotency-Key", "many")]
    for name in ("the first", "a repetition"):
        answer = ask("POST", TASKS + "?atomic=true", body, *lines)
        equal(answer.status, 201, f"{name}: 201")
        priorities = [item["task"]["priority"] for item in answer.json()["items"]]
        equal(priorities, list(range(1000)), f"{name}: the tasks, in order")
        equal(total(instance), before + 1000, f"{name}: 1000 tasks")
    items[999]["kind"] = 1
    answer = post(instance, items, atomic=True)
    ok(is_problem(answer, 422, "unprocessable", ("pointer", "/999/kind")), "the last one", answer)
    equal(total(instance), before + 1000, "nothing was created")


def refusals():
    """Wrong items: alone they are 207, in an atomic batch the answer; others are untouched."""
    instance = shared()
    before = total(instance)
    wrong = [{}, {"kind": 5}, {"dialect": "vionlabs", "fields": {}}, [], {"state": "done"}, {}]
    answer = post(instance, wrong)
    equal((answer.status, statuses(answer)), (207, [201, 422, 422, 422, 422, 201]), "each alone")
    pointers = [
        item["problem"]["errors"][0]["pointer"]
        for item in answer.json()["items"]
        if "problem" in item
    ]
    equal(pointers, ["/1/kind", "/2/fields/inventory_id", "/3", "/4/state"], "each alone: pointers")
    equal(total(instance), before + 2, "each alone: two were created")
    answer = post(instance, wrong, atomic=True)
    ok(is_problem(answer, 422, "unprocessable", ("pointer", "/1/kind")), "atomic: 422", answer)
    answer = post(instance, '{}\n{"kind": "b"\n{}', LINES)
    equal((answer.status, statuses(answer)), (207, [201, 400, 201]), "a bad line in the middle")
    problem = answer.json()["items"][1]["problem"]
    equal(problem["errors"][0]["pointer"], "/1", "its pointer is its line")
    answer = post(instance, '{}\n{"kind": "b"\n{}', LINES, atomic=True)
    ok(is_problem(answer, 400, "malformed", ("pointer", "/1")), "atomic: a bad line", answer)
    equal(total(instance), before + 4, "an atomic batch that is refused creates nothing")
    for name, body, status, kind in (
        ("no items", "[]", 422, "unprocessable"),
        ("1001 items", json.dumps([{}] * 1001), 422, "unprocessable"),
        ("an array without an end", "[{},{}", 400, "malformed"),
        ("two arrays", "[{}] [{}]", 400, "malformed"),
        ("too many bytes", json.dumps([{"fields": {"a": "x" * 3000}}] * 100), 413, "too-large"),
    ):
        answer = post(instance, body)
        ok(is_problem(answer, status, kind), f"{name}: {status}", answer)
    equal(post(instance, "[" * 200000).status, 400, "many open brackets: 400")
    equal(total(instance), before + 4, "nothing more was created")
    large = {"fields": {"a": "x" * 65000}}
    answer = post(instance, [large, {}], atomic=False)
    equal(statuses(answer), [201, 201], "an item may be as large as a task")


def duplicates():
    """Two items that make the same task."""
    instance = shared()
    same = {
        "dialect": "vionlabs",
        "fields": {"inventory_id": "twice", "product": "adbreaks", "version": "1.0.1"},
    }
    answer = post(instance, [same, same], atomic=True)
    ok(is_problem(answer, 409, "conflict", ("pointer", "/1")), "atomic: 409", answer)
    answer = post(instance, [same, same])
    equal(statuses(answer), [201, 409], "each alone: the second is 409")
    first, second = answer.json()["items"]
    equal(second["problem"]["task"], f"{TASKS}/{first['task']['id']}", "it names the first")


def keys():
    """A repetition has the same answer; what was not created is tried again; exports have keys."""
    instance = Instance(conf={"idempotency_keys": "60"})
    for atomic in (False, True):
        key = ("Idempotency-Key", f"key {atomic}")
        two = [{"kind": "a"}, {"kind": "b"}]
        first = post(instance, two, key, atomic=atomic)
        again = post(instance, two, key, atomic=atomic)
        equal((again.status, again.body), (201, first.body), f"atomic {atomic}: the same answer")
        for name, other in (
            ("other items", post(instance, [{"kind": "a"}, {"kind": "c"}], key, atomic=atomic)),
            ("the other form", post(instance, two, key, atomic=not atomic)),
            ("one task", post(instance, {"kind": "a"}, key)),
        ):
            ok(is_problem(other, 422, "key-reused"), f"atomic {atomic}: {name}: 422", other)
    equal(total(instance), 4, "four tasks")
    line = post(instance, '{"kind": "a"}', LINES, ("Idempotency-Key", "line"))
    task = post(instance, '{"kind": "a"}', JSON, ("Idempotency-Key", "line"))
    equal((line.status, task.status), (201, 422), "a line and a task of the same bytes differ")
    many = post(instance, [{}] * 60, ("Idempotency-Key", "many"))
    equal(many.status, 207, "more items than keys: 207")
    equal(sorted(set(statuses(many))), [201, 429], "the items beyond the keys are 429")
    lines = instance.ctl("export", "--all")
    instance.stop_daemon()
    other = Instance(autostart=False)
    run = other.ctl_run("import", stdin=lines)
    equal(run.returncode, 0, f"the export can be imported {run.stderr}")
    other.stop("keys")
    instance.start_daemon()
    instance.wait_ready()
    instance.stop("keys")


def when_allowed(instance, items, **options):
    """Posts until the rate allows it: the time that a request takes is charged, too."""

    def allowed():
        answer = post(instance, items, **options)
        return None if is_problem(answer, 429, "too-many") else answer

    return until(allowed, 30, 0.2)


def limits():
    """A batch costs what its items cost, and its tasks count for the daily quota."""
    instance = Instance(
        conf={"principal_rate": "50", "principal_burst": "100", "idol_creates_a_day": "3"}
    )
    equal([when_allowed(instance, [{}] * 40).status for _ in range(2)], [201, 201], "80 items of 100")
    answer = when_allowed(instance, [{}] * 200)
    equal(answer.status, 201, "a batch may use up more than is left")
    refused = post(instance, [{}])
    equal(refused.status, 429, "the next request is refused")
    ok(int(refused.headers["Retry-After"]) >= 1, "with Retry-After", refused.headers)
    song = {
        "dialect": "idol",
        "fields": {"master-type": "hd", "attachable": {"type": "tracks", "id": "1"}},
    }
    answer = when_allowed(instance, [song] * 4, atomic=True)
    ok(is_problem(answer, 429, "quota", ("pointer", "/3")), "atomic: the daily quota", answer)
    answer = when_allowed(instance, [song] * 4)
    equal(statuses(answer), [201, 201, 201, 429], "each alone: three of four")
    equal(total(instance, "&dialect=idol"), 3, "three are stored")
    instance.stop("limits")


class Sender(threading.Thread):
    """Sends a batch, and repeats it until it has an answer, as clients do."""

    def __init__(self, instance, items, key):
        super().__init__()
        self.instance, self.items, self.key = instance, items, key
        self.answer, self.attempts = None, 0
        self.start()

    def run(self):
        while not (self.answer and self.answer.status == 201) and self.attempts < 200:
            self.attempts += 1
            try:
                self.answer = post(self.instance, self.items, ("Idempotency-Key", self.key))
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)


def kills():
    """All processes are killed in the middle of batches: repetitions complete them."""
    instance = Instance(compared=False)
    pause = random.Random(1)
    attempts = 0
    for number in range(8):
        items = [{"kind": f"k{number}", "priority": index} for index in range(1000)]
        sender = Sender(instance, items, f"batch {number}")
        for _ in range(2):
            time.sleep(pause.uniform(0.01, 0.05))
            instance.kill_daemon()
            instance.start_daemon()
            instance.wait_ready()
        sender.join()
        attempts += sender.attempts
        tasks = [item["task"] for item in sender.answer.json()["items"]]
        equal([task["priority"] for task in tasks], list(range(1000)), "the items, in order")
        equal(len({task["id"] for task in tasks}), 1000, "each is a task of its own")
        stored = total(instance, f"&dialect=native&kind=k{number}")
        equal(stored, 1000, "and none was created twice")
    ok(attempts > 8, "batches were cut off and repeated", attempts)
    instance.verify("kills")
    instance.stop("kills")


def leave(instance, key):
    """Sends a batch of 1,000 tasks and leaves; returns how many were created."""
    before = total(instance)
    connection = instance.connect()
    body = json.dumps([{"kind": "left"}] * 1000).encode()
    lines = instance.bearer() + [JSON, ("Idempotency-Key", key)]
    connection.request("POST", TASKS, body, dict(lines))
    time.sleep(0.005)
    connection.close()
    time.sleep(0.5)
    return total(instance) - before


def leaving_client():
    """A client leaves before its answer: the batch ends, and a repetition completes it."""
    instance = shared()
    before = total(instance)
    for number in range(10):
        key = f"left {number}"
        left = leave(instance, key)
        if 0 < left < 1000:
            break
        before = total(instance)
    ok(0 < left < 1000, "the batch ends in the middle", left)
    equal(post(instance, [{"kind": "left"}] * 1000).status, 201, "a batch without the key")
    body = json.dumps([{"kind": "left"}] * 1000)
    again = post(instance, body, ("Idempotency-Key", key))
    equal((again.status, total(instance) - before), (201, 2000), "the repetition completes it")
    instance.verify("shared")
    instance.stop("shared")


run_tests(forms, large_atomic, refusals, duplicates, keys, limits, kills, leaving_client)
