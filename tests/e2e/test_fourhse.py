"""4HSE v2: the documented calls, ids that clients choose, updates, forms, refusals."""
import json
import re
import time
from urllib.parse import quote, urlencode, urlsplit

from fourhse_client import call, create, ids, index, refused, shared
from lib import run_tests
from tap import equal, ok

MEMBERS = [
    "task_id",
    "handler",
    "user_id",
    "entity_id",
    "status",
    "request",
    "response",
    "created_at",
    "updated_at",
]
UUID = "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def documented():
    """The examples of the vendor's documents in their order."""
    days = {today()}
    answer = call(
        "POST", "/create", {"handler": "ExportHandler", "user_id": "user-2", "status": "pending"}
    )
    equal(
        (answer.status, answer.headers["Content-Type"]),
        (201, "application/json; charset=UTF-8"),
        "POST /create: 201",
    )
    task = answer.json()
    days.add(today())
    equal(list(task), MEMBERS, "POST /create: nine members in order")
    equal(
        (task["handler"], task["user_id"], task["status"], task["entity_id"]),
        ("ExportHandler", "user-2", "pending", None),
        "POST /create keeps the members",
    )
    ok(
        task["created_at"] in days and task["updated_at"] in days,
        "created_at and updated_at are days in UTC",
        task,
    )
    ok(
        re.match(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", task["task_id"]),
        "task_id is a UUID",
        task,
    )
    location = urlsplit(answer.headers["Location"])
    equal(
        (location.scheme, location.netloc), ("https", shared().host), "Location is an absolute URL"
    )
    seen = shared().request("GET", f"{location.path}?{location.query}")
    equal((seen.status, seen.json()), (200, task), "GET of Location returns the task")
    path = "/view/" + task["task_id"]
    equal(call("GET", path).json(), task, "GET /view/ID")
    answer = call("PUT", "/update/" + task["task_id"], {"status": "completed"})
    equal((answer.status, answer.json()["status"]), (200, "completed"), "PUT /update/ID")
    equal(call("GET", path).json()["status"], "completed", "GET after PUT: the new status")
    answer = index(
        **{
            "filter": {"handler": "ExportHandler", "status": "completed"},
            "per-page": 10,
            "page": 1,
            "sort": "created_at",
        }
    )
    equal(ids(answer), [task["task_id"]], "POST /index with filter, page and sort")
    answer = call("DELETE", "/delete/" + task["task_id"])
    equal((answer.status, answer.body), (204, b""), "DELETE /delete/ID: 204")
    message = "Object not found: " + task["task_id"]
    refused(call("GET", path), 404, "Not Found", message, "GET after DELETE: 404")
    for method, action, body in (
        ("PUT", "/update/", {"status": "x"}), ("DELETE", "/delete/", None)
    ):
        answer = call(method, action + task["task_id"], body)
        refused(answer, 404, "Not Found", message, f"{method} after DELETE: 404")
    answer = call("PUT", "/update/" + task["task_id"], {"handler": ""})
    refused(answer, 404, "Not Found", message, "an invalid PUT of an unknown task: 404")
    answer = call("PUT", "/update/" + create()["task_id"], {"handler": ""})
    equal(
        (answer.status, answer.json()),
        (422, [{"field": "handler", "message": "Handler cannot be blank."}]),
        "an invalid PUT of a task: 422",
    )


def names():
    """Ids that clients choose, in the path and in the query."""
    for name in ("task-1", "a/b", "a b", "a+b", 'q"', "任务", "x" * 64, "100%", "?&=#"):
        task = create(task_id=name, request={"n": [name, 1.5, None]})
        equal(task["task_id"], name, f"POST with task_id {name}")
        equal(
            json.loads(task["request"]), {"n": [name, 1.5, None]}, "request is JSON in a string"
        )
        inside = quote(name, safe="")
        answer = call("PUT", "/update/" + inside, {"status": "running"})
        equal(
            (answer.status, answer.json()["status"]),
            (200, "running"),
            "PUT with the id in the path",
        )
        answer = call("GET", "/view?" + urlencode({"id": name}))
        equal(
            (answer.status, answer.json()["task_id"]), (200, name), "GET with the id in the query"
        )
        answer = call("POST", "/create", {"handler": "h", "task_id": name})
        equal(
            (answer.status, answer.json()),
            (
                422,
                [{"field": "task_id", "message": f'Task ID "{name}" has already been taken.'}],
            ),
            "POST with a used task_id: 422",
        )
        equal(
            call("DELETE", "/delete?" + urlencode({"id": name})).status,
            204,
            "DELETE with the id in the query",
        )
    equal(create(task_id=UUID.upper())["task_id"], UUID, "a UUID is stored in lower case")
    for spelling in (UUID, UUID.upper()):
        equal(call("GET", "/view/" + spelling).status, 200, f"GET of the UUID as {spelling}")
    equal(ids(index(filter={"task_id": UUID.upper()})), [UUID], "filter by the UUID in upper case")
    child = create(entity_id=UUID.upper())["task_id"]
    equal(ids(index(filter={"entity_id": UUID})), [child], "filter by a reference in the other case")
    equal(call("DELETE", "/delete/" + UUID).status, 400, "a reference in upper case is the task's")
    equal(
        call("DELETE", "/delete/" + child).status, 204, "the task that refers to it can be removed"
    )
    equal(call("DELETE", "/delete/" + UUID.upper()).status, 204, "DELETE /delete/ID: 204")


def updates():
    task = create(entity_id="e", request="r", response={"rows": 3})
    path = "/update/" + task["task_id"]
    equal(task["user_id"], shared_user(), "user_id is the caller by default")
    changed = call("PUT", path, {"response": None, "status": "half way"}).json()
    equal(
        changed,
        {**task, "response": None, "status": "half way"},
        "PUT changes the named members only",
    )
    again = call("PUT", path, {**changed, "created_at": "1999-01-01", "task_id": "other", "x": 1})
    equal(again.json(), changed, "PUT ignores task_id, times and unknown members")
    for body in (None, "{}", "[]"):
        answer = call("PUT", path, body)
        equal((answer.status, answer.json()), (200, changed), f"PUT with {body}: no change")
    answer = call("PATCH", path, {"handler": "Other"})
    equal((answer.status, answer.json()["handler"]), (200, "Other"), "PATCH /update/ID")
    answer = call(
        "PUT", path, {"handler": " ", "user_id": None, "status": 5, "entity_id": "x" * 256}
    )
    equal(
        (answer.status, answer.json()),
        (
            422,
            [
                {"field": "handler", "message": "Handler cannot be blank."},
                {"field": "user_id", "message": "User ID cannot be blank."},
                {
                    "field": "entity_id",
                    "message": "Entity ID should contain at most 255 characters.",
                },
                {"field": "status", "message": "Status must be a string."},
            ],
        ),
        "PUT with invalid members: one problem for each",
    )
    equal(
        call("GET", "/view/" + task["task_id"]).json()["handler"],
        "Other",
        "the refused PUT changes nothing",
    )


def members():
    """A task of which no member is selected is an empty array, as in the framework."""
    task_id = create(handler="X")["task_id"]
    for method, path in (("GET", "/view"), ("PUT", "/update")):
        answer = call(method, f"{path}/{task_id}?fields=none")
        equal((answer.status, answer.json()), (200, []), f"{method}: no member is selected")
    answer = call("GET", f"/index?fields=none&filter[task_id]={task_id}")
    equal((answer.status, answer.json()), (200, [[]]), "a list: no member is selected")


def shared_user():
    return create()["user_id"]


def forms():
    """Forms as the vendor's scripts send them, and JSON with the media type of curl -d."""
    body = urlencode({"handler": "SyncHandler", "user_id": "a b", "request[pk]": "code"})
    answer = call("POST", "/create", body, [FORM])
    task = answer.json()
    equal(
        (answer.status, task["handler"], task["user_id"], task["request"]),
        (201, "SyncHandler", "a b", '{"pk":"code"}'),
        "POST of a form",
    )
    answer = call("PUT", "/update?id=" + task["task_id"], "status=failed&response=x%20y", [FORM])
    equal((answer.json()["status"], answer.json()["response"]), ("failed", "x y"), "PUT of a form")
    answer = call("POST", "/create", '{"handler": "ExportHandler"}', [FORM])
    equal(answer.status, 201, "POST of JSON as a form")
    answer = call("POST", "/index", "filter[handler]=SyncHandler&per-page=5", [FORM])
    equal(ids(answer), [task["task_id"]], "POST /index of a form")
    query = "?" + urlencode({"filter[handler]": "SyncHandler", "filter[status]": "failed"})
    equal(ids(call("GET", "/index" + query)), [task["task_id"]], "GET /index with a query")


def refusals():
    count = index().headers["X-Pagination-Total-Count"]
    for body, message in (
        ("{", "Invalid JSON data in request body: "),
        ("5", "Invalid JSON data in request body: "),
        ('{"handler":"a","handler":"b"}', "Invalid JSON data in request body: "),
    ):
        answer = call("POST", "/create", body)
        equal(
            (answer.status, answer.json()["message"][: len(message)]),
            (400, message),
            f"POST of the body {body}: 400",
        )
    for body in (None, "{}", "[]", '{"handler": null}', '{"handler": ""}'):
        answer = call("POST", "/create", body)
        equal(
            (answer.status, answer.json()),
            (422, [{"field": "handler", "message": "Handler cannot be blank."}]),
            f"POST /create with {body}: 422",
        )
    answer = call("POST", "/create", "x", [("Content-Type", "text/csv")])
    equal(
        (answer.status, answer.json()["name"]),
        (415, "Unsupported Media Type"),
        "POST of text/csv: 415",
    )
    refused(
        call("GET", "/view"),
        400,
        "Bad Request",
        "Missing required parameters: id",
        "GET /view without an id",
    )
    refused(
        call("GET", "/nothing"), 404, "Not Found", "Page not found.", "GET of an unknown action"
    )
    answer = call("GET", "/create")
    refused(
        answer,
        405,
        "Method Not Allowed",
        "Method Not Allowed. This URL can only handle the following request methods: POST.",
        "GET /create: 405",
    )
    equal(answer.headers["Allow"], "POST, OPTIONS", "405 has Allow")
    refused(
        call("GET", "/index", headers=[("Accept", "application/xml")]),
        406,
        "Not Acceptable",
        "None of your requested content types is supported.",
        "Accept: application/xml",
    )
    answer = call("OPTIONS", "/update")
    equal((answer.status, answer.headers["Allow"]), (204, "PUT, PATCH, OPTIONS"), "OPTIONS: 204")
    answer = call("HEAD", "/index")
    equal(
        (answer.status, answer.body, answer.headers["X-Pagination-Total-Count"]),
        (200, b"", count),
        "HEAD of a list; the refused requests created nothing",
    )


def conditions():
    answer = call("POST", "/create", {"handler": "h"}, [("Idempotency-Key", '"fourhse-1"')])
    task = answer.json()
    again = call("POST", "/create", {"handler": "h"}, [("Idempotency-Key", '"fourhse-1"')])
    equal(
        (again.status, again.json()),
        (201, task),
        "the same Idempotency-Key and request: the same task",
    )
    answer = call("POST", "/create", {"handler": "i"}, [("Idempotency-Key", '"fourhse-1"')])
    equal(
        (answer.status, answer.json()[0]["field"]),
        (422, "Idempotency-Key"),
        "the same Idempotency-Key, another request: 422",
    )
    path = "/view/" + task["task_id"]
    tag = call("GET", path).headers["ETag"]
    equal(
        call("GET", path, headers=[("If-None-Match", tag)]).status,
        304,
        "If-None-Match of the current revision: 304",
    )
    path = "/update/" + task["task_id"]
    answer = call("PUT", path, {"status": "running"}, [("If-Match", tag)])
    equal(answer.status, 200, "If-Match of the current revision: 200")
    refused(
        call("PUT", path, {"status": "failed"}, [("If-Match", tag)]),
        412,
        "Precondition Failed",
        "The task has changed since it was read.",
        "If-Match of an old revision",
    )
    answer = call("DELETE", "/delete/" + task["task_id"], headers=[("If-Match", tag)])
    equal(answer.status, 412, "DELETE with If-Match of an old revision: 412")


def ending():
    shared().verify("after the calls")
    shared().stop("shared instance")


run_tests(documented, names, updates, members, forms, refusals, conditions, ending)
