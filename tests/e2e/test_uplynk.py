"""Uplynk end to end: ingest points, and the tasks that operations on them leave behind."""
import calendar
import functools
import json
import re
import time

from lib import Instance, run_tests
from tap import equal, ok

PREFIX = "/api/v4/managed-slicer"
TASKS = PREFIX + "/ingest-points/tasks"
POINTS = PREFIX + "/slicers/ingest-points"
UNKNOWN = "f0a214a437024a9c85c59f6f1bd55b3e"
UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STUDIO = {
    "endpoint_name": "Studio A",
    "server_region_id": "us-east-1",
    "stream_type_name": "SRT",
    "desc": "Main feed",
}


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def error(status, message):
    text = {"@type": "Error", "status": status, "message": message}
    return status, json.dumps(text, separators=(",", ":")).encode()


def seen(answer):
    return answer.status, answer.body


def tasks(instance, **named):
    answer = instance.request("GET", TASKS, **named)
    found = answer.json()
    equal(
        (answer.status, answer.headers["Content-Type"], list(found)),
        (200, "application/json", ["@id", "@type", "items", "total_items"]),
        "a collection of tasks",
    )
    equal(
        (found["@id"], found["@type"], found["total_items"]),
        (TASKS, "Collection", len(found["items"])),
        "its address, its type and its total",
    )
    return found["items"]


def points(instance, **named):
    return instance.request("GET", POINTS, **named).json()["items"]


def create(instance, **members):
    answer = instance.request("POST", POINTS, {**STUDIO, **members})
    if answer.status != 200:
        raise RuntimeError(f"create: {answer}")
    return answer.json()


def seconds(text):
    return calendar.timegm(time.strptime(text, "%b %d, %Y %I:%M:%S %p"))


def check_task(instance, task, operation, after):
    equal(
        list(task),
        ["@id", "@type", "id", "state", "operation", "timestamp"],
        f"{operation}: the members of a task, in the documented order",
    )
    equal(
        (task["@id"], task["@type"], task["state"], task["operation"]),
        (f"{TASKS}/{task['id']}", "ReservedEndpointTask", "IN_PROGRESS", operation),
        f"{operation}: a task is born in progress",
    )
    ok(UUID4.fullmatch(task["id"]), f"{operation}: its id is a UUID of version 4", task["id"])
    ok(
        isinstance(task["timestamp"], int) and after <= task["timestamp"] <= time.time() + 1,
        f"{operation}: its timestamp is of now",
        task["timestamp"],
    )
    equal(instance.request("GET", task["@id"]).json(), task, f"{operation}: @id leads to it")


def check_point(instance, answer):
    equal(
        list(answer),
        ["@id", "@type", "created", "desc", "endpoint_name", "id", "ingest_point", "lastmod"]
        + ["server_region_id", "stream_type_id", "stream_type_name"],
        "the members of an ingest point",
    )
    ok(re.fullmatch("[0-9a-f]{32}", answer["id"]), "its id is bare hex", answer["id"])
    ok(abs(seconds(answer["created"]) - time.time()) < 30, "created now", answer["created"])
    equal({name: answer[name] for name in STUDIO}, STUDIO, "what was given comes back")
    read = instance.request("GET", answer["@id"]).json()
    place = read["ingest_point"]
    equal(
        (place.pop("creation_time"), place.pop("ingest_point_id")),
        (answer["created"], answer["id"]),
        "read again it has two members more",
    )
    equal(read, answer, "and all the others")
    equal(points(instance)[-1]["id"], answer["id"], "it is the last of the list")


def life():
    """A point from its creation to its removal: three operations, three tasks, in this order."""
    instance = Instance()
    begun = int(time.time())
    equal((tasks(instance), points(instance)), ([], []), "nothing at first")
    made = create(instance)
    check_point(instance, made)
    listed = tasks(instance)
    equal(len(listed), 1, "a creation makes one task")
    check_task(instance, listed[0], "CREATE", begun)
    time.sleep(1.1)
    answer = instance.request("PATCH", made["@id"], {"endpoint_name": "Stúdio B"})
    changed = answer.json()
    equal((answer.status, changed["endpoint_name"]), (200, "Stúdio B"), "PATCH answers the point")
    equal(changed["desc"], "Main feed", "what it does not name stays")
    ok(seconds(changed["lastmod"]) > seconds(made["lastmod"]), "lastmod has moved")
    equal(changed["created"], made["created"], "created has not")
    listed = tasks(instance)
    equal([task["operation"] for task in listed], ["CREATE", "UPDATE"], "a change makes another")
    check_task(instance, listed[1], "UPDATE", begun + 1)
    answer = instance.request("DELETE", made["@id"])
    gone = answer.json()
    equal((answer.status, list(gone)), (200, ["@id", "@type", "task"]), "DELETE answers its task")
    equal((gone["@id"], gone["@type"]), (made["@id"], "IngestPoint"), "of that ingest point")
    equal(points(instance), [], "the point is gone")
    missing = error(404, "There is no such ingest point.")
    equal(seen(instance.request("GET", made["@id"])), missing, "and cannot be read")
    equal(seen(instance.request("DELETE", made["@id"])), missing, "or removed twice")
    equal(seen(instance.request("PATCH", made["@id"], {"desc": "x"})), missing, "or changed")
    listed = tasks(instance)
    equal(len(listed), 3, "its tasks stay, and what failed made none")
    check_task(instance, listed[2], "DELETE", begun + 1)
    equal(
        gone["task"],
        {name: listed[2][name] for name in ("id", "state", "operation")},
        "the short task is the same",
    )
    restart(instance)


def restart(instance):
    kept = create(instance, endpoint_name="kept", desc=None)
    listed = tasks(instance)
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    instance.start()
    equal(tasks(instance), listed, "the tasks are there after a restart")
    equal([point["id"] for point in points(instance)], [kept["id"]], "and so is the point")
    instance.verify("points and tasks")
    instance.stop("life")


def ids():
    instance = shared()
    made = create(instance)
    hex = made["id"]
    hyphens = "-".join((hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:]))
    for form in (hex, hex.upper(), hyphens, hyphens.upper()):
        for path in (f"{POINTS}/{form}", f"{POINTS}/{form}/"):
            equal(instance.request("GET", path).json()["id"], hex, f"the point by {path}")
    task = tasks(instance)[-1]["id"]
    for form in (task, task.upper(), task.replace("-", "")):
        answer = instance.request("GET", f"{TASKS}/{form}")
        equal(answer.json()["id"], task, f"the task by {form}")
    no_task = error(404, "There is no such task.")
    no_point = error(404, "There is no such ingest point.")
    for form in (UNKNOWN, hex, "latest", task + "0", "%E6%97%A5", task + "%2F"):
        equal(seen(instance.request("GET", f"{TASKS}/{form}")), no_task, f"no task {form}")
    for form in (UNKNOWN, task, "tasks", hex + "0"):
        equal(seen(instance.request("GET", f"{POINTS}/{form}")), no_point, f"no point {form}")


def bodies():
    """What cannot be taken is 400 with a sentence, and leaves neither point nor task."""
    instance = shared()
    made = create(instance)
    before = (points(instance), tasks(instance))
    bad = {
        "no body": (b"", "endpoint_name is required"),
        "no region": ({**STUDIO, "server_region_id": None}, "server_region_id must be a string"),
        "an empty region": (
            {**STUDIO, "server_region_id": ""},
            "server_region_id must have 1 to 255 bytes",
        ),
        "a number": ({**STUDIO, "stream_type_name": 1}, "stream_type_name must be a string"),
        "a long text": ({**STUDIO, "desc": "x" * 4097}, "desc must have 0 to 4096 bytes"),
    }
    for name, (body, message) in bad.items():
        equal(seen(instance.request("POST", POINTS, body)), error(400, message), f"POST {name}")
    for body in (b"[]", b"{", b'{"desc": "\xff"}', b'{"desc": 1, "desc": 2}', b"a=b&c=d"):
        for method, path in (("POST", POINTS), ("PATCH", made["@id"])):
            answer = instance.request(method, path, body)
            equal(
                (answer.status, answer.json()["@type"], answer.json()["status"]),
                (400, "Error", 400),
                f"{method} {body!r}",
            )
    equal((points(instance), tasks(instance)), before, "nothing was made or changed")
    answer = instance.request("PATCH", made["@id"], {"server_region_id": "x"})
    equal(
        (answer.status, answer.json()["server_region_id"]),
        (200, made["server_region_id"]),
        "PATCH of what does not change",
    )
    answer = instance.request(
        "POST",
        POINTS,
        json.dumps({**STUDIO, "desc": 'a "quoted" line\n\u65e5\u672c', "id": UNKNOWN, "x": [1]}),
        headers=instance.bearer() + [("Content-Type", "text/plain")],
    )
    equal(
        (answer.status, answer.json()["desc"], answer.json()["id"] == UNKNOWN),
        (200, 'a "quoted" line\n\u65e5\u672c', False),
        "any media type, any text, members that nobody knows",
    )


def methods():
    instance = shared()
    made = create(instance)
    task = tasks(instance)[-1]["@id"]
    allowed = {
        TASKS: "GET, HEAD, OPTIONS",
        task: "GET, HEAD, OPTIONS",
        POINTS: "GET, HEAD, POST, OPTIONS",
        made["@id"]: "GET, HEAD, PATCH, DELETE, OPTIONS",
    }
    refused = error(405, "The method is not allowed here.")
    for path, methods in allowed.items():
        known = set(methods.split(", "))
        for method in {"POST", "PUT", "PATCH", "DELETE", "BREW"} - known:
            answer = instance.request(method, path, {"desc": "x"})
            equal(seen(answer), refused, f"{method} {path}")
            equal(set(answer.headers["Allow"].split(", ")), known, "and what is allowed")
        answer = instance.request("OPTIONS", path)
        equal((answer.status, answer.body), (204, b""), f"OPTIONS {path}")
        answer = instance.request("HEAD", path)
        equal((answer.status, answer.body), (200, b""), f"HEAD {path}")
    nothing = error(404, "There is nothing at this address.")
    for path in ("", "/ingest-points", "/slicers", "/slicers/tasks", f"/slicers/restart/{UNKNOWN}"):
        equal(seen(instance.request("GET", PREFIX + path)), nothing, f"nothing at {path}")


def conditions():
    instance = shared()
    path = create(instance)["@id"]
    count = len(tasks(instance))
    tag = instance.request("GET", path).headers["ETag"]
    headers = instance.bearer()
    answer = instance.request("GET", path, headers=headers + [("If-None-Match", tag)])
    equal((answer.status, answer.body), (304, b""), "unchanged")
    stale = error(412, "The ingest point has changed since it was read.")
    for method, body in (("PATCH", {"desc": "x"}), ("DELETE", None)):
        answer = instance.request(method, path, body, headers=headers + [("If-Match", '"999"')])
        equal(seen(answer), stale, f"{method} of another revision")
    equal(len(tasks(instance)), count, "no task was made of it")
    answer = instance.request("PATCH", path, {"desc": "x"}, headers=headers + [("If-Match", tag)])
    equal((answer.status, answer.headers["ETag"] == tag), (200, False), "PATCH of this revision")
    answer = instance.request("DELETE", path, headers=headers + [("If-Match", tag)])
    equal(seen(answer), stale, "it is no more that of the first reading")


def keys():
    """The same key with the same request makes no second point and no second task."""
    instance = shared()
    headers = instance.bearer() + [("Idempotency-Key", '"studio-1"')]
    first = instance.request("POST", POINTS, STUDIO, headers=headers)
    count = (len(points(instance)), len(tasks(instance)))
    again = instance.request("POST", POINTS, STUDIO, headers=headers)
    equal(seen(again), seen(first), "POST again: the same point")
    answer = instance.request("POST", POINTS, {**STUDIO, "desc": "other"}, headers=headers)
    equal((answer.status, answer.json()["@type"]), (422, "Error"), "the key with another body")
    equal((len(points(instance)), len(tasks(instance))), count, "nothing more was made")
    path = first.json()["@id"]
    headers = instance.bearer() + [("Idempotency-Key", '"studio-2"')]
    first = instance.request("DELETE", path, headers=headers)
    again = instance.request("DELETE", path, headers=headers)
    equal(seen(again), seen(first), "DELETE again: the same task")
    equal(
        (len(points(instance)), len(tasks(instance))),
        (count[0] - 1, count[1] + 1),
        "one removal, one task",
    )


def tenants():
    """Nobody sees or touches what belongs to another tenant."""
    instance = shared()
    made = create(instance)
    task = tasks(instance)[-1]["@id"]
    instance.ctl("user", "add", "stranger", "--tenant", "other")
    stranger = instance.bearer(instance.add_token("stranger", "stranger"))
    equal(
        (tasks(instance, headers=stranger), points(instance, headers=stranger)),
        ([], []),
        "another tenant's lists are empty",
    )
    for method, path in (
        ("GET", task),
        ("GET", made["@id"]),
        ("PATCH", made["@id"]),
        ("DELETE", made["@id"]),
    ):
        answer = instance.request(method, path, {"desc": "mine"}, headers=stranger)
        equal(answer.status, 404, f"another tenant's {method} {path}")
    equal(instance.request("GET", made["@id"]).json()["desc"], "Main feed", "it is untouched")
    reader = instance.bearer(instance.add_token("tester", "reader", "--rights", "read"))
    count = len(tasks(instance, headers=reader))
    for method, path in (("POST", POINTS), ("PATCH", made["@id"]), ("DELETE", made["@id"])):
        equal(
            seen(instance.request(method, path, STUDIO, headers=reader)),
            error(403, "The credential does not allow this."),
            f"{method} with a token for reading",
        )
    equal(len(tasks(instance)), count, "no task was made of it")


def many():
    """The lists are whole, in the order of creation, however many there are."""
    instance = Instance()
    connection = instance.connect()
    made = []
    for i in range(300):
        answer = instance.request(
            "POST", POINTS, {**STUDIO, "endpoint_name": f"p{i}"}, connection=connection
        )
        made.append(answer.json()["id"])
    connection.close()
    equal([point["id"] for point in points(instance)], made, "all points, in order")
    listed = tasks(instance)
    equal(
        (len(listed), {task["operation"] for task in listed}),
        (300, {"CREATE"}),
        "as many tasks",
    )
    ok(
        [task["timestamp"] for task in listed] == sorted(task["timestamp"] for task in listed),
        "in the order of their creation",
    )
    equal(instance.tasks(), [], "another dialect sees none of them")
    instance.verify("many points")
    instance.stop("many points")


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(life, ids, bodies, methods, conditions, keys, tenants, many, ending)
