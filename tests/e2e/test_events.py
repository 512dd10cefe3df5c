"""The events of a tenant: pages, filters, long polls, places that are gone, and restarts."""
import os
import signal
import threading
import time

import openapi
from lib import Instance, run_tests
from native_client import MERGE, TASKS
from tap import equal, ok, patient, until

JSON = ("Content-Type", "application/json")
EVENTS = "/v1/events"


def post(instance, path, body=None):
    headers = [*instance.bearer(), JSON]
    return instance.request("POST", path, body, headers=headers, documented=False)


def create(instance, **members):
    return post(instance, TASKS, members).json()["id"]


def patch(instance, task, body):
    headers = [*instance.bearer(), MERGE]
    return instance.request("PATCH", f"{TASKS}/{task}", body, headers=headers, documented=False)


def remove(instance, task):
    return instance.request(
        "DELETE", f"{TASKS}/{task}", headers=instance.bearer(), documented=False
    )


def page(instance, query="", **more):
    return instance.request("GET", EVENTS + query, **more)


def names(answer):
    return [(event["event"], event["type"]) for event in answer.json()["items"]]


def pages():
    """Order, pages, filters, tasks, and values that are refused."""
    instance = Instance()
    first = create(instance, kind="a")
    second = create(instance, kind="b")
    patch(instance, first, {"state": "succeeded"})
    remove(instance, second)
    answer = page(instance)
    equal(
        names(answer),
        [
            ("created", "task.created"),
            ("created", "task.created"),
            ("changed", "task.succeeded"),
            ("removed", "task.removed"),
        ],
        "each change is an event, in their order",
    )
    equal(answer.json()["more"], False, "there are no more")
    event = answer.json()["items"][2]
    equal(
        [event[name] for name in ("task_id", "dialect", "kind", "from", "state", "revision")],
        [first, "native", "a", "pending", "succeeded", 2],
        "an event has what happened",
    )
    next_place = answer.json()["next"]
    seen, query = [], "?limit=1"
    while True:
        part = page(instance, query).json()
        seen += part["items"]
        if not part["more"]:
            break
        query = f"?limit=1&after={part['next']}"
    equal(seen, answer.json()["items"], "pages have the same events")
    equal(page(instance, f"?after={next_place}").json()["items"], [], "none behind the last")
    for query, count in (
        ("?kind=a", 2),
        ("?kind=a&kind=b", 4),
        ("?state=succeeded", 1),
        ("?type=task.created,task.removed", 3),
        (f"?id={second}", 2),
        ("?dialect=native", 4),
        ("?dialect=idol", 0),
        (f"?after={event['id']}", 1),
        ("?after=now", 0),
    ):
        equal(len(page(instance, query).json()["items"]), count, query)
    with_tasks = page(instance, "?include=task").json()["items"]
    equal(with_tasks[0]["task"]["state"], "succeeded", "the task as it is now")
    equal(with_tasks[1]["task"], None, "a task that is gone")
    for query in (
        "?after=",
        "?after=0-0-0",
        "?after=-1",
        "?limit=0",
        "?limit=1001",
        "?wait=51",
        "?wait=x",
        "?state=done",
        "?type=created",
        "?id=1",
        "?include=all",
        "?limit=1&limit=2",
        "?colour=red",
        "?dialect=x",
        "?id=" + ",".join([first] * 33),
        "?kind=" + "x" * 300,
        "?after=1-18446744073709551616",
        "?after=1-1%00",
        "?wait=-1",
        "?limit=1e2",
        "?type=",
    ):
        equal(page(instance, query, documented=False).status, 400, query)
    epoch, number = next_place.split("-")
    for place, reason in (
        (f"{epoch}-{int(number) + 1000}", "The journal has not reached this place yet."),
        (f"1{epoch}-{number}", "This place is not one of the present journal."),
    ):
        answer = page(instance, f"?after={place}")
        problem = answer.json()
        equal(
            (answer.status, problem["oldest"], problem["detail"]),
            (410, f"{epoch}-0", reason),
            f"no place: {place}",
        )
    head = instance.request("HEAD", EVENTS, headers=instance.bearer(), documented=False)
    equal((head.status, head.body), (200, b""), "HEAD has no body")
    instance.stop("pages")


def bearer(instance, user, *words):
    instance.ctl("user", "add", user, *words)
    return [("Authorization", f"Bearer {instance.add_token(user, user)}")]


def rights():
    """Events are those of the tenant, for whoever may read."""
    instance = Instance()
    task = create(instance)
    theirs = bearer(instance, "stranger", "--tenant", "other", "--rights", "read,write")
    for query in ("", f"?id={task}", "?include=task", "?after=first&limit=1000"):
        equal(page(instance, query, headers=theirs).json()["items"], [], f"another tenant: {query}")
    place = page(instance, "?after=first").json()["next"]
    answer = page(instance, f"?after={place}", headers=theirs)
    equal((answer.status, answer.json()["items"]), (200, []), "a place has no events of its tenant")
    worker = bearer(instance, "worker", "--tenant", "demo", "--rights", "work")
    equal(page(instance, "", headers=worker).status, 403, "without the right read")
    equal(page(instance, "", headers=[]).status, 401, "without a credential")
    instance.stop("rights")


def accepts():
    """The weights of Accept choose between JSON and a stream."""
    instance = Instance()
    for accept, form in (
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/event-stream;q=0.5, application/json", "application/json"),
        ("text/event-stream, application/json", "text/event-stream"),
        ("text/event-stream, */*", "text/event-stream"),
        ("application/json;q=0.2, text/event-stream;q=0.3", "text/event-stream"),
        ("text/event-stream;q=0, */*", "application/json"),
        ("text/html", None),
    ):
        headers = [*instance.bearer(), ("Accept", accept)]
        answer = instance.request("HEAD", EVENTS, headers=headers, documented=False)
        sent = (answer.headers.get("Content-Type") or "").split(";")[0]
        equal((answer.status, sent) if form else answer.status, (200, form) if form else 406, accept)
    instance.stop("accepts")


def kills():
    """A long poll beside kill -9 fails, or has its event; its place is as good as before."""
    instance = Instance(expect=("exit",))
    place = page(instance, "?after=now").json()["next"]
    expected = []
    for everyone in (False, True):
        got = {}

        def wait(got=got, at=place):
            try:
                got["answer"] = page(instance, f"?after={at}&wait=20", documented=False)
            except OSError as error:
                got["error"] = error

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)
        pids = instance.workers()
        for pid in pids if everyone else pids[:1]:
            os.kill(pid, signal.SIGKILL)
        ok(until(lambda: instance.answers(), 30), f"the service answers, all killed: {everyone}")
        expected.append(create(instance))
        thread.join(30)
        ok(not thread.is_alive(), "the request has ended")
        answer = got.get("answer")
        if answer is not None and answer.status == 200:
            equal([e["task_id"] for e in answer.json()["items"]], expected[-1:], "with its event")
        else:
            ok(answer is None or answer.status in (502, 503, 504), "or failed", answer)
        part = page(instance, f"?after={place}").json()
        equal([e["task_id"] for e in part["items"]], expected[-1:], "the place has the event behind it")
        place = part["next"]
    equal([e["task_id"] for e in page(instance).json()["items"]], expected, "each event once")
    instance.stop("kills")


def long_polls():
    """A request that waits gets an event within milliseconds, and an empty page after its time."""
    instance = Instance()
    create(instance)
    place = page(instance, "?after=now").json()["next"]
    began = time.monotonic()
    answer = page(instance, f"?after={place}&wait=1")
    equal(answer.json()["items"], [], "nothing has happened")
    ok(0.9 < time.monotonic() - began < patient(3), "after its time")
    got = {}

    def wait():
        got["answer"] = page(instance, f"?after={place}&wait=20&type=task.cancelled")
        got["at"] = time.monotonic()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    task = create(instance)
    time.sleep(0.3)
    ok(thread.is_alive(), "an event that does not match ends no wait")
    patch(instance, task, {"state": "cancelled"})
    done = time.monotonic()
    thread.join(20)
    equal(names(got["answer"]), [("changed", "task.cancelled")], "the event ends the wait")
    ok(got["at"] - done < 0.3, f"after {got['at'] - done:.3f} s")
    preferred_waits(instance)
    instance.stop("long polls")


def preferred_waits(instance):
    for query, prefer, applied in (
        ("?after=now", "wait=1", "wait=1"),
        ("?after=now&wait=0", "wait=1", "wait=1"),
        ("?after=now&wait=1", "wait=20", None),
        ("?after=now", "wait=0", None),
    ):
        start = time.monotonic()
        answer = page(instance, query, headers=[*instance.bearer(), ("Prefer", prefer)])
        took = time.monotonic() - start
        equal(answer.headers.get("Preference-Applied"), applied, f"Prefer: {prefer}, {query}")
        ok(took > 0.9 or prefer == "wait=0", f"{took:.3f} s")
        ok(took < 10, "not for longer")
    _, operation = openapi.load("native").resolve(f"#/paths/{openapi.escape(EVENTS)}/get")
    refs = [parameter["$ref"] for parameter in operation["parameters"]]
    ok("#/components/parameters/PreferEvents" in refs, "the request's field is documented")
    headers = operation["responses"]["200"]["headers"]
    ok("Preference-Applied" in headers, "and that of the response")


def restarts():
    """Places outlive restarts; those of removed events are gone."""
    instance = Instance(conf={"journal_entries": "5"})
    start = page(instance, "?after=now").json()["next"]
    task = create(instance)
    for priority in range(1, 11):
        patch(instance, task, {"priority": priority})
    equal(len(page(instance, f"?after={start}").json()["items"]), 11, "all are there")
    instance.stop_daemon()
    instance.start()
    ok(until(lambda: page(instance, f"?after={start}").status == 410, 90), "old ones are removed")
    answer = page(instance, f"?after={start}")
    oldest = page(instance, f"?after={answer.json()['oldest']}").json()
    equal(len(oldest["items"]), 5, "the oldest place has those that are left")
    equal(oldest["items"], page(instance).json()["items"], "so has the first one")
    place = oldest["next"]
    patch(instance, task, {"priority": 99})
    equal(len(page(instance, f"?after={place}").json()["items"]), 1, "a place of before")
    instance.stop("restarts")
    instance = Instance(conf={"journal_entries": "0"})
    equal(page(instance).status, 404, "without a journal there are no events")
    instance.stop("no journal")


run_tests(pages, rights, accepts, long_polls, kills, restarts)
