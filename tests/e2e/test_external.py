"""Workers of Camunda 7 carry out tasks of every dialect: the external-task API of the real service."""
import functools
import json
import socket
import threading
import time

from claim_racers import DIALECTS as FIELDS
from claims_client import create
from external_client import TASKS, Worker
from lib import Instance, run_tests
from tap import equal, ok, patient, until

shared = functools.cache(Instance)
NOTICED = 3  # s, after which a lease that ends is noticed on a busy machine
UNKNOWN = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"


def new(kind=None, **members):
    return create(shared(), kind=kind, **members)


def native(task):
    return shared().native("GET", f"/tasks/{task}").json()


def is_error(answer, status, kind, message, name, code=None):
    same = answer.status == status and answer.headers["Content-Type"] == "application/json"
    want = {"type": kind, "message": message, "code": code}
    ok(same and answer.json() == want, name, answer)


def is_missing(answer, task, name):
    is_error(answer, 404, "RestException", f"External task with id {task} does not exist", name)


def is_lost(answer, task, action, worker, reason, name):
    message = f"External task {task} cannot be {action} by worker '{worker}'. {reason}"
    is_error(answer, 400, "RestException", message, name, 0)


def every_dialect():
    worker = Worker(shared(), "w é")
    for name, fields in FIELDS.items():
        version = {"version": "1"} if name == "vionlabs" else {}
        task = create(shared(), dialect=name, fields={**fields, **version})
        kind = native(task)["kind"]
        topic = f"{name}.{kind}" if kind else name
        got = worker.take(topic, includeExtensionProperties=False)
        equal((got["id"], got["topicName"]), (task, topic), f"{name}: the task of its topic")
        equal(got["workerId"], "w é", f"{name}: it has the worker")
        wanted = native(task)["fields"]
        for field, value in wanted.items():
            if isinstance(value, (dict, list)):
                wanted[field] = json.dumps(value, separators=(",", ":"))
        sent = {field: variable["value"] for field, variable in got["variables"].items()}
        equal(sent, wanted, f"{name}: its fields are variables")
        equal(native(task)["state"], "running", f"{name}: running")
        answer = worker.act(got, "complete", variables={"out": {"type": "Integer", "value": 7}})
        equal((answer.status, answer.body), (204, b""), f"{name}: completed")
        shown = native(task)
        equal((shown["state"], shown["result"]), ("succeeded", {"out": 7}), f"{name}: it has the result")
        is_missing(worker.act(got, "complete"), task, f"{name}: a second report: 404")


def fields():
    worker = Worker(shared())
    task = create(shared(), dialect="fourhse", fields={"handler": "Fields"})
    got = worker.take("fourhse.Fields")
    wrong = {"fields.handler": {"type": "Integer", "value": 5}}
    answer = worker.act(got, "complete", variables=wrong)
    ok(answer.status in (204, 400), "the dialect judges a field", answer)
    if answer.status == 400:
        answer = worker.act(got, "complete", variables={"fields.progress": {"value": 50}})
    equal(answer.status, 204, "completed")
    equal(native(task)["result"], None, "a field is not in the result")


def failures():
    worker = Worker(shared())
    task = new("fail", max_attempts=5)
    got = worker.take("native.fail")
    equal((got["retries"], got["errorMessage"]), (5, None), "retries: those of max_attempts")
    answer = worker.act(
        got, "failure", errorMessage="no route", errorDetails="at 1\nat 2", retries=2, retryTimeout=60000
    )
    equal(answer.status, 204, "a failure with retries")
    shown = native(task)
    equal((shown["state"], shown["error"]), ("pending", "no route\nat 1\nat 2"), "it waits for the next attempt")
    item = worker.read(task).json()
    equal((item["retries"], item["errorMessage"], item["workerId"]), (2, "no route", "w1"), "retries are shown")
    ok(item["lockExpirationTime"], "its worker has it until the next attempt may begin", item)
    details = worker.ask("GET", f"/{task}/errorDetails")
    equal((details.status, details.body), (200, b"at 1\nat 2"), "the details of the error")
    equal(worker.fetch("native.fail").json(), [], "meanwhile no worker gets it")
    other = Worker(shared(), "w2")
    is_lost(other.act(task, "complete"), task, "completed", "w2", "It is not locked.", "another worker has no lock")
    equal(worker.act(task, "complete").status, 204, "but the same worker may still complete it")
    task = new("fail")
    got = worker.take("native.fail")
    equal(got["retries"], None, "without a limit, retries are null")
    equal(worker.act(got, "failure", errorMessage="broken").status, 204, "a failure without retries")
    equal(native(task)["state"], "failed", "is the last one")
    equal(worker.read(task).json()["retries"], 0, "retries 0")
    answer = worker.act(got, "complete")
    ok(answer.status == 400 and "has failed" in answer.json()["message"], "a result comes too late", answer)
    equal(worker.ask("PUT", f"/{task}/retries", {"retries": 1}).status, 204, "retries are set")
    equal(native(task)["state"], "pending", "it begins again")
    got = worker.take("native.fail")
    equal((got["id"], got["retries"]), (task, 1), "for one attempt")
    equal(worker.ask("PUT", f"/{new('none')}/retries", {"retries": 0}).status, 204, "retries 0")
    equal(worker.fetch("native.none").json(), [], "let a task fail that nobody has")
    worker.act(got, "failure", retries=3)
    equal(worker.take("native.fail")["retries"], 3, "unless its worker sets more")
    is_error(
        worker.act(task, "bpmnError", errorCode="c"),
        400,
        "InvalidRequestException",
        "Polytask has no process that could catch a BPMN error: report a failure with retries 0.",
        "a BPMN error is refused",
    )
    is_missing(worker.act(UNKNOWN, "bpmnError", errorCode="c"), UNKNOWN, "or its task is unknown")
    equal(worker.act(task, "complete").status, 204, "completed")


def fence():
    first, second = Worker(shared()), Worker(shared(), "w2")
    task = new("fence", policy={"retry_first_seconds": 0.1})
    got = first.take("native.fence", lock=3000)
    is_lost(
        second.act(got, "complete"), task, "completed", "w2", "It is locked by worker 'w1'.", "the lock of w1"
    )
    is_lost(second.act(got, "lock", lockDuration=1000), task, "locked", "w2", "It is locked by worker 'w1'.", "no lock")
    equal(second.fetch("native.fence").json(), [], "nobody else gets it")
    again = None

    def fetched():
        nonlocal again
        again = second.fetch("native.fence").json()
        return again

    ok(until(fetched, 10), "until the lock has ended")
    equal(again[0]["id"], task, "then the second worker has it")
    for action, done in (("complete", "completed"), ("failure", "failed"), ("extendLock", "extended")):
        answer = first.act(got, action, newDuration=1000)
        is_lost(answer, task, done, "w1", "It is locked by worker 'w2'.", f"{action}: the lock is lost")
    equal(native(task)["state"], "running", "nothing was changed")
    equal(second.act(task, "complete").status, 204, "the second one completes it")


def locks():
    worker, other = Worker(shared()), Worker(shared(), "w2")
    task = new("lock")
    got = worker.take("native.lock", lock=1500)
    equal(worker.act(got, "extendLock", newDuration=60000).status, 204, "extended")
    ok(not until(lambda: native(task)["state"] != "running", 2), "it remains locked")
    equal(worker.act(got, "extendLock", newDuration=100).status, 204, "cut")
    ok(until(lambda: native(task)["state"] == "pending", NOTICED), "the lock ends")
    answer = worker.act(got, "extendLock", newDuration=1000)
    ok(answer.status == 400, "an ended lock is not extended", answer)
    equal(other.act(task, "lock", lockDuration=60000).status, 204, "the task is locked by its id")
    equal(native(task)["lease"]["worker"], "w2", "by the second worker")
    equal(other.act(task, "lock", lockDuration=90000).status, 204, "again: extended")
    equal(worker.ask("POST", f"/{task}/unlock").status, 204, "anyone may unlock it")
    item = worker.read(task).json()
    equal((item["workerId"], item["lockExpirationTime"]), (None, None), "nobody has it")
    equal(worker.ask("POST", f"/{task}/unlock").status, 204, "also twice")
    got = worker.take("native.lock", lock=100)
    ok(until(lambda: native(task)["state"] == "pending", NOTICED), "another lock ends")
    equal(worker.act(got, "complete").status, 204, "a late result counts while nobody else has the task")
    equal(native(task)["state"], "succeeded", "it has succeeded")
    is_missing(worker.ask("POST", f"/{task}/unlock"), task, "unlock of a task that has ended: 404")
    is_missing(worker.act(UNKNOWN, "lock", lockDuration=1), UNKNOWN, "an unknown task: 404")


def cancelled():
    worker = Worker(shared())
    task = new("cancel")
    worker.take("native.cancel")
    shared().native("PATCH", f"/tasks/{task}", {"state": "cancelled"}, [("Content-Type", "application/json")])
    for action in ("complete", "failure", "extendLock", "unlock", "lock"):
        answer = worker.act(task, action, newDuration=1000, lockDuration=1000)
        is_missing(answer, task, f"{action} of a cancelled task: 404")
        is_missing(worker.ask("POST", f"/{task}/{action}", "{"), task, "whatever the body has")
    is_missing(worker.read(task), task, "it is not shown")
    equal(native(task)["state"], "cancelled", "it remains cancelled")


def several_topics():
    worker = Worker(shared())
    low, high = new("many.a", priority=1), new("many.b", priority=9)
    plain = new()
    body = [
        {"topicName": "native.many.a", "lockDuration": 10000, "includeExtensionProperties": True},
        {"topicName": "native.many.b", "lockDuration": 100000, "variables": []},
    ]
    got = worker.ask("POST", "/fetchAndLock", {"workerId": "w1", "maxTasks": 9, "topics": body}).json()
    equal([task["id"] for task in got], [high, low], "tasks of two topics, by priority")
    equal(got[1]["extensionProperties"], {"dialect": "native", "kind": "many.a", "status": "running"}, "properties")
    ok(got[0]["lockExpirationTime"] > got[1]["lockExpirationTime"], "each with its own lock", got)
    equal(worker.read(got[1]).json()["topicName"], "native.many.a", "the topic of a task")
    equal(worker.take("native")["id"], plain, "the topic of a dialect has tasks without a kind")
    for task in (low, high, plain):
        worker.act(task, "complete")


class Fetch(threading.Thread):
    """A fetch in the background."""

    def __init__(self, worker, *topics, **members):
        super().__init__(daemon=True)
        self.ask = functools.partial(worker.fetch, *topics, **members)
        self.start()

    def run(self):
        began = time.monotonic()
        self.answer = self.ask()
        self.took = time.monotonic() - began


def parked():
    return sum(child.get("parked", 0) for child in shared().status()["processes"])


def long_poll():
    worker = Worker(shared())
    answer = Fetch(worker, "native.poll", asyncResponseTimeout=700)
    answer.join(10)
    equal(answer.answer.json(), [], "nothing comes: an empty array")
    ok(0.7 <= answer.took < patient(3), "after the time that was asked for", answer.took)
    waiting = Fetch(worker, "native.other", "native.poll", asyncResponseTimeout=30000)
    ok(until(lambda: parked() == 1, 10), "a fetch waits")
    task = new("poll")
    waiting.join(10)
    equal([item["id"] for item in waiting.answer.json()], [task], "a new task ends the wait")
    waiting = Fetch(Worker(shared(), "w2"), "native.poll", asyncResponseTimeout=30000)
    ok(until(lambda: parked() == 1, 10), "the next one waits")
    worker.ask("POST", f"/{task}/unlock")
    waiting.join(10)
    equal([item["id"] for item in waiting.answer.json()], [task], "an unlocked task ends the wait")
    Worker(shared(), "w2").act(task, "complete")


def hang_up():
    """A worker that has gone gets no task."""
    worker = Worker(shared(), "gone")
    body = {"workerId": "gone", "maxTasks": 1, "asyncResponseTimeout": 30000}
    body["topics"] = [{"topicName": "native.gone", "lockDuration": 600000}]
    text = json.dumps(body).encode()
    head = f"POST {TASKS}/fetchAndLock HTTP/1.1\r\nHost: {shared().host}\r\nContent-Length: {len(text)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in worker.headers()) + "\r\n"
    with socket.create_connection(("localhost", shared().port)) as plain:
        with shared().tls.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(head.encode() + text)
            ok(until(lambda: parked() == 1, 10), "a fetch waits")
    ok(until(lambda: parked() == 0, 10), "its connection is closed: it waits no longer")
    task = new("gone")
    equal(Worker(shared()).take("native.gone")["id"], task, "another worker gets the task")
    Worker(shared()).act(task, "complete")


def python_client():
    """Requests as the Python client sends them, and what it reads."""
    worker = Worker(shared(), "1")
    new("python", fields={"a": {"b": 1}})
    topic = {
        "topicName": "native.python",
        "lockDuration": 300000,
        "processVariables": {},
        "variables": None,
        "deserializeValues": True,
        "includeExtensionProperties": True,
        "localVariables": False,
    }
    body = {
        "workerId": "1",
        "maxTasks": 1,
        "topics": [topic],
        "asyncResponseTimeout": 5000,
        "usePriority": True,
        "sorting": None,
    }
    got = worker.ask("POST", "/fetchAndLock", body).json()[0]
    for member in ("processInstanceId", "activityId", "retries", "tenantId", "businessKey"):
        ok(member in got, f"the task has {member}", got)
    equal(got["variables"], {"a": {"type": "Json", "value": '{"b":1}', "valueInfo": {}}}, "its variables")
    equal(got["extensionProperties"]["kind"], "python", "its properties are an object")
    failure = {
        "workerId": 1,
        "errorMessage": "m",
        "retries": 2,
        "retryTimeout": 0,
        "errorDetails": "d",
    }
    equal(worker.ask("POST", f"/{got['id']}/failure", failure).status, 204, "a failure: exactly 204")
    got = worker.ask("POST", "/fetchAndLock", body).json()[0]
    equal(got["retries"], 2, "the next attempt has the retries")
    done = {"workerId": 1, "variables": {"x": {"value": {"y": [1]}}}, "localVariables": {}}
    equal(worker.ask("POST", f"/{got['id']}/complete", done).status, 204, "completed: exactly 204")
    equal(native(got["id"])["result"], {"x": {"y": [1]}}, "untyped values are kept")


def drained():
    worker = Worker(shared(), "tired")
    new("drain")
    shared().native("POST", "/workers/tired/drain", {"drain": True})
    equal(worker.fetch("native.drain").json(), [], "a drained worker gets no task")
    waiting = Fetch(worker, "native.drain", asyncResponseTimeout=1500)
    waiting.join(10)
    equal(waiting.answer.json(), [], "a poll has none either")
    ok(1.4 <= waiting.took < patient(5), "after its time", waiting.took)
    first = Fetch(worker, "native.drain2", asyncResponseTimeout=40000)
    ok(until(lambda: parked() == 1, 10), "a poll of a drained worker waits")
    second = Fetch(Worker(shared(), "w2"), "native.drain2", asyncResponseTimeout=40000)
    ok(until(lambda: parked() == 2, 10), "another worker waits behind it")
    task = new("drain2")
    second.join(10)
    equal([item["id"] for item in second.answer.json()], [task], "and gets the task")
    Worker(shared(), "w2").act(task, "complete")
    shared().native("POST", "/workers/tired/drain", {"drain": False})
    first.join(10)
    equal(first.answer.json(), [], "the end of the drain ends the poll")
    task = worker.take("native.drain")
    equal(worker.act(task, "complete").status, 204, "later it does")


def drained_meanwhile():
    worker, other = Worker(shared(), "tired"), Worker(shared(), "w2")
    first = Fetch(worker, "native.mean", asyncResponseTimeout=40000)
    ok(until(lambda: parked() == 1, 10), "a poll waits")
    second = Fetch(other, "native.mean", asyncResponseTimeout=40000)
    ok(until(lambda: parked() == 2, 10), "and another one")
    shared().native("POST", "/workers/tired/drain", {"drain": True})
    tasks = [new("mean")]
    second.join(10)
    equal([item["id"] for item in second.answer.json()], tasks, "the worker that is not drained gets the task")
    ok(first.is_alive(), "the drained one still waits")
    shared().native("POST", "/workers/tired/drain", {"drain": False})
    first.join(10)
    equal(first.answer.json(), [], "until the drain ends")
    other.act(tasks[0], "complete")


def nothing_to_wait_for():
    """The clients would ask again at once."""
    for topics in ([], [{"topicName": "native", "lockDuration": 1000, "businessKey": "b"}]):
        body = {"workerId": "w1", "maxTasks": 1, "asyncResponseTimeout": 1000, "topics": topics}
        began = time.monotonic()
        answer = Worker(shared()).ask("POST", "/fetchAndLock", body)
        took = time.monotonic() - began
        ok(answer.json() == [] and 0.9 <= took < 5, "a fetch that matches nothing waits", took)


def ending():
    shared().verify("after the workers")
    shared().stop("shared instance")


run_tests(
    every_dialect,
    fields,
    failures,
    fence,
    locks,
    cancelled,
    several_topics,
    long_poll,
    hang_up,
    python_client,
    drained,
    drained_meanwhile,
    nothing_to_wait_for,
    ending,
)
