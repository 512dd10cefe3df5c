"""The events of a tenant: pages, filters, long polls, places that are gone, and restarts."""
import threading
import time

from lib import Instance, run_tests
from native_client import MERGE, TASKS
from tap import equal, ok, until

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
    ):
        equal(page(instance, query, documented=False).status, 400, query)
    epoch, number = next_place.split("-")
    for place in (f"{epoch}-{int(number) + 1000}", f"1{epoch}-{number}"):
        answer = page(instance, f"?after={place}")
        equal(
            (answer.status, answer.json()["oldest"]), (410, f"{epoch}-0"), f"no place: {place}"
        )
    other = instance.add_tenant("other") if hasattr(instance, "add_tenant") else None
    if other:
        equal(page(instance, "", headers=other).json()["items"], [], "another tenant has none")
    instance.stop("pages")


def long_polls():
    """A request that waits gets an event within milliseconds, and an empty page after its time."""
    instance = Instance()
    create(instance)
    place = page(instance, "?after=now").json()["next"]
    began = time.monotonic()
    answer = page(instance, f"?after={place}&wait=1")
    equal(answer.json()["items"], [], "nothing has happened")
    ok(0.9 < time.monotonic() - began < 3, "after its time")
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
    answer = page(instance, "?after=now", headers=[*instance.bearer(), ("Prefer", "wait=1")])
    equal(answer.headers.get("Preference-Applied"), "wait=1", "Prefer: wait")
    instance.stop("long polls")


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


run_tests(pages, long_polls, restarts)
