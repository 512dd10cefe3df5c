"""Prefer: wait (RFC 7240): reads of one task that wait for a change of it, and creations that wait for its end."""
import functools
import threading
import time
import uuid

from claims_client import Worker, create
from dialects import DIALECTS, WITH_TASKS
from fastcgi_client import Connection
from lib import Instance, run_tests
from tap import equal, ok, until

# Slack for a busy machine; the first of some tries within WOKEN counts.
WOKEN, TRIES, SLACK = 0.1, 10, 5
POINTS = DIALECTS["uplynk"].prefix + "/slicers/ingest-points"
JSON = ("Content-Type", "application/json")
shared = functools.cache(Instance)


class Request(threading.Thread):
    """A request in the background: its answer, and how long it took."""

    def __init__(self, instance, path, *lines, method="GET", body=None):
        super().__init__(daemon=True)
        self.arguments = (method, path, body, instance.bearer() + list(lines))
        self.instance, self.answer, self.began = instance, None, time.monotonic()
        self.start()

    def run(self):
        self.answer = self.instance.request(*self.arguments, timeout=70)
        self.ended = time.monotonic()

    @property
    def seconds(self):
        return self.ended - self.began

    def status(self, wait=SLACK):
        """None: there is no answer yet."""
        self.join(wait)
        return self.answer.status if self.answer else None


def prefer(value):
    return ("Prefer", value)


def applied(request):
    return ", ".join(request.answer.headers.get_all("Preference-Applied", ())) or None


def parked(instance):
    return sum(child.get("parked", 0) for child in instance.status()["processes"])


def wait_until_parked(instance, number):
    if not until(lambda: parked(instance) == number, 10):
        raise RuntimeError(f"{parked(instance)} requests wait, not {number}")


def new_task(instance, name):
    """The path of a new task in its dialect, and its id in the native API."""
    members = {"fields": {"name": "task"}}
    if name in WITH_TASKS and name != "native":
        members = {"dialect": name, "fields": dict(WITH_TASKS[name].kinds[0][1])}
    if name == "vionlabs":
        members["fields"]["inventory_id"] = f"item-{time.monotonic_ns()}"
    answer = instance.native("POST", "/tasks", members)
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    task = answer.json()
    names = {**task["fields"], "id": task["id"], "number": task["number"]}
    names["hex"] = task["id"].replace("-", "")
    return DIALECTS[name].read_path.format(**names), task["id"]


def new_point(instance):
    body = {"endpoint_name": "Studio", "server_region_id": "us-east-1", "stream_type_name": "SRT"}
    answer = instance.request("POST", POINTS, body, instance.bearer() + [JSON])
    if answer.status not in (200, 201):
        raise RuntimeError(f"create: {answer}")
    return answer.json()["id"]


def patch(instance, task, change):
    answer = instance.native("PATCH", f"/tasks/{task}", change)
    equal(answer.status, 200, f"PATCH {list(change)}")
    return answer


def etag(instance, path):
    return instance.request("GET", path, None, instance.bearer()).headers["ETag"]


def reads_of_every_dialect():
    instance = shared()
    for name in DIALECTS:
        path, task = new_task(instance, name)
        delays = []
        for number in range(TRIES):
            read = Request(
                instance, path, prefer("wait=20"), ("If-None-Match", etag(instance, path))
            )
            wait_until_parked(instance, 1)
            patch(instance, task, {"priority": number + 1})
            changed = time.monotonic()
            if read.status() != 200:
                break
            delays.append(read.ended - changed)
            if delays[-1] <= WOKEN:
                break
        equal(read.status(), 200, f"{name}: a change by another client ends the wait")
        ok(delays and min(delays) <= WOKEN, f"{name}: within {WOKEN} s", delays)
        equal(applied(read), "wait=20", f"{name}: the preference was applied")
        ok("Prefer" in read.answer.headers["Vary"], f"{name}: the response depends on it")
        equal(read.answer.headers["ETag"], etag(instance, path), f"{name}: the task as it is")
        tag = ("If-None-Match", etag(instance, path))
        read = Request(instance, path, prefer("wait=1"), tag)
        equal(read.status(1 + SLACK), 304, f"{name}: 304 at the end of the wait")
        ok(1 <= read.seconds < 1 + SLACK, f"{name}: at its time", read.seconds)
        equal((applied(read), read.answer.body), ("wait=1", b""), f"{name}: without a body")
        equal(read.answer.headers["ETag"], tag[1], f"{name}: with its tag")
        read = Request(instance, path, prefer("wait=20"), tag, method="HEAD")
        wait_until_parked(instance, 1)
        equal(instance.native("DELETE", f"/tasks/{task}").status, 204, f"{name}: it is removed")
        equal(read.status(), 404, f"{name}: this ends a HEAD")
        read = Request(instance, path, prefer("wait=20"), tag)
        equal((read.status(), applied(read)), (404, None), f"{name}: no task, no wait")
        ok(read.seconds < SLACK, f"{name}: 404 at once", read.seconds)


def reads_without_a_tag():
    instance = shared()
    path, task = new_task(instance, "native")
    read = Request(instance, path, prefer("wait=20"))
    wait_until_parked(instance, 1)
    patch(instance, task, {"priority": 5, "fields": {"a": 1}})
    equal(read.status(0.5), None, "a change of other members is not one of the state")
    patch(instance, task, {"state": "running"})
    equal(read.status(), 200, "one of the state ends the wait")
    equal(read.answer.json()["state"], "running", "with the task as it is")
    read = Request(instance, path, prefer("wait=1"), ("If-None-Match", "not a list"))
    equal(read.status(1 + SLACK), 200, "a malformed list of tags counts as none")
    ok(read.seconds >= 1, "it waits", read.seconds)
    read = Request(instance, path, prefer("wait=20"))
    wait_until_parked(instance, 1)
    equal(instance.native("POST", f"/tasks/{task}/archive", None).status, 200, "it is archived")
    equal(read.status(), 200, "which ends the wait, too")
    path, task = new_task(instance, "virtshell")
    read = Request(instance, path, prefer("wait=20"))
    wait_until_parked(instance, 1)
    patch(instance, task, {"status": "dispatching"})
    equal(read.status(), 200, "a status ends the wait")
    read = Request(instance, path, prefer("wait=20"))
    wait_until_parked(instance, 1)
    patch(instance, task, {"status": "dispatched"})
    equal(read.status(), 200, "also another one of the same state")
    for state in ("succeeded", "failed", "cancelled"):
        path, task = new_task(instance, "native")
        patch(instance, task, {"state": state})
        read = Request(instance, path, prefer("wait=20"))
        equal((read.status(), applied(read)), (200, "wait=20"), f"{state}: at once")
        ok(read.seconds < SLACK, "without a wait", read.seconds)
    tag = ("If-None-Match", etag(instance, path))
    read = Request(instance, path, prefer("wait=1"), tag)
    equal(read.status(1 + SLACK), 304, "with a tag, a task that has ended is waited for as well")
    ok(read.seconds >= 1, "it may be reopened", read.seconds)
    since = ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")
    path, task = new_task(instance, "native")
    read = Request(instance, path, prefer("wait=1"), since)
    equal(read.status(1 + SLACK), 304, "a date alone does not count for the wait, but at its end")
    ok(read.seconds >= 1, "it waits for the state", read.seconds)


def ingest_points():
    instance = shared()
    point = new_point(instance)
    native = uuid.UUID(point)
    paths = (f"/v1/ingest-points/{native}", f"{POINTS}/{point}")
    for number, path in enumerate(paths):
        for with_tag in (False, True):
            lines = [("If-None-Match", etag(instance, path))] if with_tag else []
            read = Request(instance, path, prefer("wait=20"), *lines)
            wait_until_parked(instance, 1)
            change = {"fields": {"desc": f"changed {number} {with_tag}"}}
            answer = instance.native("PATCH", f"/ingest-points/{native}", change)
            equal(answer.status, 200, "a point is changed")
            equal((read.status(), applied(read)), (200, "wait=20"), "this ends the wait")


def creations():
    instance = shared()
    worker = Worker(instance)
    for minimal in (False, True):
        value = "wait=20" + (", return=minimal" if minimal else "")
        made = Request(
            instance,
            "/v1/tasks",
            prefer(value),
            JSON,
            method="POST",
            body={"kind": f"k{minimal}"},
        )
        wait_until_parked(instance, 1)
        claim = worker.take(dialects=["native"], kinds=[f"k{minimal}"])
        equal(worker.report("heartbeat", claim, progress=5).status, 200, "its worker reports")
        equal(made.status(0.3), None, "a creation waits until the task has ended")
        equal(worker.report("complete", claim, result=7).status, 200, "it is completed")
        equal(made.status(), 201, "this ends the wait")
        equal(made.answer.headers["Location"][-36:], claim["task"]["id"], "it is this task")
        equal(made.answer.headers["ETag"], '"4"', "as it is now")
        given = "return=minimal, wait=20" if minimal else "wait=20"
        equal(applied(made), given, "applied")
        if minimal:
            equal(made.answer.body, b"", "without the task")
        else:
            shown = made.answer.json()
            equal((shown["state"], shown["result"]), ("succeeded", 7), "with its result")


def creations_that_do_not_end():
    instance = shared()

    def post(*lines, **body):
        return Request(instance, "/v1/tasks", *lines, JSON, method="POST", body=body)

    made = post(prefer("wait=1"))
    equal((made.status(1 + SLACK), made.answer.json()["state"]), (201, "pending"), "at the end")
    ok(made.seconds >= 1, "of the wait", made.seconds)
    made = post(prefer("wait=20"), state="succeeded")
    equal((made.status(), applied(made)), (201, "wait=20"), "a task that has ended: at once")
    made = post(prefer("wait=20"), priority="x")
    equal((made.status(), applied(made)), (422, None), "an invalid task: at once")
    made = post(prefer("wait=20"), kind="removed")
    wait_until_parked(instance, 1)
    task = instance.native("GET", "/tasks?kind=removed").json()["items"][0]["id"]
    equal(instance.native("DELETE", f"/tasks/{task}").status, 204, "removed meanwhile")
    equal((made.status(), made.answer.body), (201, b""), "201 without a body")
    equal(made.answer.headers["Location"][-36:], task, "and with the address")
    equal(made.answer.headers.get("ETag"), None, "that has no task")
    key = ("Idempotency-Key", "wait-1")
    first = post(prefer("wait=20"), key, kind="repeated")
    wait_until_parked(instance, 1)
    second = post(prefer("wait=20"), key, kind="repeated")
    wait_until_parked(instance, 2)
    items = instance.native("GET", "/tasks?kind=repeated").json()["items"]
    equal(len(items), 1, "a repeated request creates nothing")
    patch(instance, items[0]["id"], {"state": "failed"})
    equal((first.status(), second.status()), (201, 201), "both wait for the same task")
    equal(first.answer.body, second.answer.body, "and show it")
    equal(post(key, kind="repeated").status(), 201, "without a wait")


def creation_is_on_disk_before_the_wait():
    instance = Instance(conf={"workers": "1"})
    path = instance.socket
    conn = Connection(path, timeout=30)
    conn.send("POST", "/v1/tasks", {"kind": "durable"}, {"HTTP_PREFER": "wait=40"})
    wait_until_parked(instance, 1)
    instance.kill_daemon()
    conn.close()
    instance.start()
    items = instance.native("GET", "/tasks?kind=durable").json()["items"]
    equal(len(items), 1, "a task whose creation waits survives kill -9")
    conn = Connection(path, timeout=30)
    conn.send("POST", "/v1/tasks", {"kind": "left"}, {"HTTP_PREFER": "wait=40"})
    wait_until_parked(instance, 1)
    conn.close()
    wait_until_parked(instance, 0)
    items = instance.native("GET", "/tasks?kind=left").json()["items"]
    equal(len(items), 1, "and that of a client that has left stays")
    instance.stop("durable")


def returns_of_writes():
    instance = shared()
    task = create(instance)
    point = new_point(instance)
    patch(instance, task, {"state": "failed"})
    writes = (
        ("PATCH", f"/tasks/{task}", {"priority": 1}),
        ("POST", f"/tasks/{task}/retry", None),
        ("POST", f"/tasks/{task}/archive", None),
        ("PATCH", f"/ingest-points/{uuid.UUID(point)}", {"fields": {"desc": "d"}}),
    )
    for method, path, body in writes:
        for value in ("return=minimal", "return=representation"):
            if path.endswith("/retry"):
                patch(instance, task, {"state": "failed"})
            answer = instance.native(method, path, body, [prefer(value)])
            minimal = value == "return=minimal"
            equal(answer.status, 204 if minimal else 200, f"{method} {path} {value}")
            equal(answer.headers["Preference-Applied"], value, "it was applied")
            ok("Prefer" in answer.headers["Vary"], "the response depends on it")
            ok(answer.headers["ETag"] and (answer.body == b"") == minimal, "the body")
    for value, status in (("return=minimal", b""), ("return=representation", None)):
        answer = instance.native("POST", "/tasks", {}, [prefer(value)])
        equal(answer.status, 201, f"a creation with {value}")
        equal(answer.headers["Preference-Applied"], value, "it was applied")
        ok(answer.headers["Location"] and answer.headers["ETag"], "its address and tag")
        ok((answer.body == b"") == (status == b""), "the body")
    answer = instance.native("GET", f"/tasks/{task}", None, [prefer("return=minimal")])
    equal(answer.status, 200, "reads have their body")
    equal(answer.headers.get("Preference-Applied"), None, "whatever is preferred")


def hostile_values():
    instance = shared()
    path, task = new_task(instance, "native")
    for value in ("wait=0", "wait=-1", "wait=1.5", "wait=", "wait", "wait=x", 'wait="', "wait=1 2"):
        read = Request(instance, path, prefer(value))
        equal((read.status(), applied(read)), (200, None), f"{value} is ignored")
    patch(instance, task, {"state": "succeeded"})
    for value in ("wait=51", "wait=" + "9" * 400, 'wait="999999999999999999999"'):
        read = Request(instance, path, prefer(value))
        equal((read.status(), applied(read)), (200, "wait=50"), "a large one is 50")
    for query in ("", "?dialect=native"):
        read = Request(instance, "/v1/tasks" + query, prefer("wait=20"))
        equal((read.status(), applied(read)), (200, None), "lists do not wait")


def stop_shared():
    shared().stop("shared instance")


def limits_and_reload():
    instance = Instance(conf={"principal_waits": "3"})
    task = create(instance)
    path = f"/v1/tasks/{task}"
    tag = ("If-None-Match", etag(instance, path))
    reads = [Request(instance, path, prefer("wait=40"), tag) for _ in range(3)]
    wait_until_parked(instance, 3)
    read = Request(instance, path, prefer("wait=40"), tag)
    equal((read.status(), applied(read)), (304, "wait=40"), "beyond the limit: at once")
    made = Request(instance, "/v1/tasks", prefer("wait=40"), JSON, method="POST", body={})
    wait_until_parked(instance, 4)
    equal(instance.ctl_run("reload").returncode, 0, "a reload")
    equal([read.status() for read in reads], [304] * 3, "ends the waits with what there is")
    equal((made.status(), made.answer.json()["state"]), (201, "pending"), "also of creations")
    read = Request(instance, path, prefer("wait=40"), tag)
    wait_until_parked(instance, 1)
    began = time.monotonic()
    equal(instance.stop_daemon(), 0, "a stop")
    ok(time.monotonic() - began < 3 + SLACK, "does not wait for it")
    equal(read.status(), 304, "and it is answered")
    instance.stop("limits")


def many_waiters():
    instance = Instance()
    task = create(instance)
    path = f"/v1/tasks/{task}"
    conns = []
    for _ in range(200):
        conn = Connection(instance.socket + ".read", timeout=30)
        conn.send("GET", path, None, {"HTTP_PREFER": "wait=40", "HTTP_IF_NONE_MATCH": '"1"'})
        conns.append(conn)
    wait_until_parked(instance, len(conns))
    patch(instance, task, {"priority": 3})
    answers = [conn.receive() for conn in conns]
    ok(all(b'"revision":2' in answer.body for answer in answers), "all see the change")
    for conn in conns:
        conn.close()
    instance.stop("many")


if __name__ == "__main__":
    run_tests(
        reads_of_every_dialect,
        reads_without_a_tag,
        ingest_points,
        creations,
        creations_that_do_not_end,
        creation_is_on_disk_before_the_wait,
        returns_of_writes,
        hostile_values,
        stop_shared,
        limits_and_reload,
        many_waiters,
    )
