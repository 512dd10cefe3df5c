"""Uplynk: ids, invalid bodies, methods, preconditions, tenants and rights."""
import json

from lib import run_tests
from tap import equal
from uplynk_client import (
    POINTS,
    PREFIX,
    STUDIO,
    TASKS,
    UNKNOWN,
    create,
    error,
    points,
    seen,
    shared,
    tasks,
)


def ids():
    instance = shared()
    made = create(instance)
    hex = made["id"]
    hyphens = "-".join((hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:]))
    for form in (hex, hex.upper(), hyphens, hyphens.upper()):
        for path in (f"{POINTS}/{form}", f"{POINTS}/{form}/"):
            equal(
                instance.request("GET", path).json()["id"],
                hex,
                f"GET of the ingest point by {path}",
            )
    task = tasks(instance)[-1]["id"]
    for form in (task, task.upper(), task.replace("-", "")):
        answer = instance.request("GET", f"{TASKS}/{form}")
        equal(answer.json()["id"], task, f"GET of the task by {form}")
    no_task = error(404, "There is no such task.")
    no_point = error(404, "There is no such ingest point.")
    for form in (UNKNOWN, hex, "latest", task + "0", "%E6%97%A5", task + "%2F"):
        equal(
            seen(instance.request("GET", f"{TASKS}/{form}")),
            no_task,
            f"GET of an unknown task {form}: 404",
        )
    for form in (UNKNOWN, task, "tasks", hex + "0"):
        equal(
            seen(instance.request("GET", f"{POINTS}/{form}")),
            no_point,
            f"GET of an unknown ingest point {form}: 404",
        )


def bodies():
    """Invalid bodies: 400 with a sentence; no ingest point and no task is created."""
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
        equal(
            seen(instance.request("POST", POINTS, body)),
            error(400, message),
            f"POST of {name}: 400",
        )
    for body in (b"[]", b"{", b'{"desc": "\xff"}', b'{"desc": 1, "desc": 2}', b"a=b&c=d"):
        for method, path in (("POST", POINTS), ("PATCH", made["@id"])):
            answer = instance.request(method, path, body)
            equal(
                (answer.status, answer.json()["@type"], answer.json()["status"]),
                (400, "Error", 400),
                f"{method} of {body!r}: 400",
            )
    equal((points(instance), tasks(instance)), before, "refused requests create and change nothing")
    answer = instance.request("PATCH", made["@id"], {"server_region_id": "x"})
    equal(
        (answer.status, answer.json()["server_region_id"]),
        (200, made["server_region_id"]),
        "PATCH ignores members that cannot change",
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
        "POST with any media type, any text and unknown members",
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
            equal(set(answer.headers["Allow"].split(", ")), known, "405 has Allow")
        answer = instance.request("OPTIONS", path)
        equal((answer.status, answer.body), (204, b""), f"OPTIONS {path}: 204")
        answer = instance.request("HEAD", path)
        equal((answer.status, answer.body), (200, b""), f"HEAD {path}: 200")
    nothing = error(404, "There is nothing at this address.")
    for path in ("", "/ingest-points", "/slicers", "/slicers/tasks", f"/slicers/restart/{UNKNOWN}"):
        equal(
            seen(instance.request("GET", PREFIX + path)), nothing, f"an unknown address {path}: 404"
        )


def conditions():
    instance = shared()
    path = create(instance)["@id"]
    count = len(tasks(instance))
    tag = instance.request("GET", path).headers["ETag"]
    headers = instance.bearer()
    answer = instance.request("GET", path, headers=headers + [("If-None-Match", tag)])
    equal((answer.status, answer.body), (304, b""), "If-None-Match of the current revision: 304")
    stale = error(412, "The ingest point has changed since it was read.")
    for method, body in (("PATCH", {"desc": "x"}), ("DELETE", None)):
        answer = instance.request(method, path, body, headers=headers + [("If-Match", '"999"')])
        equal(seen(answer), stale, f"{method} with If-Match of another revision: 412")
    for body in ({"desc": 5}, "{bad"):
        answer = instance.request("PATCH", path, body, headers=headers + [("If-Match", '"999"')])
        equal(seen(answer), stale, f"PATCH of {body} with If-Match of another revision: 412")
        answer = instance.request("PATCH", f"{POINTS}/{UNKNOWN}", body)
        equal(answer.status, 404, f"PATCH of {body} to an unknown point: 404")
    equal(len(tasks(instance)), count, "refused requests create no task")
    answer = instance.request("PATCH", path, {"desc": "x"}, headers=headers + [("If-Match", tag)])
    equal(
        (answer.status, answer.headers["ETag"] == tag),
        (200, False),
        "PATCH with If-Match of the current revision: 200",
    )
    answer = instance.request("DELETE", path, headers=headers + [("If-Match", tag)])
    equal(seen(answer), stale, "DELETE with If-Match of an old revision: 412")


def tenants():
    """A user cannot read or change ingest points and tasks of another tenant."""
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
    equal(
        instance.request("GET", made["@id"]).json()["desc"],
        "Main feed",
        "the ingest point is unchanged",
    )
    reader = instance.bearer(instance.add_token("tester", "reader", "--rights", "read"))
    count = len(tasks(instance, headers=reader))
    for method, path in (("POST", POINTS), ("PATCH", made["@id"]), ("DELETE", made["@id"])):
        equal(
            seen(instance.request(method, path, STUDIO, headers=reader)),
            error(403, "The credential does not allow this."),
            f"{method} with the right to read only: 403",
        )
    equal(len(tasks(instance)), count, "refused requests create no task")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(ids, bodies, methods, conditions, tenants, ending)
