"""4HSE v2 end to end: the documented calls, ids, lists and pages, connected tasks, history, forms."""
import functools
import json
import re
import time
from urllib.parse import quote, urlencode, urlsplit

from lib import Instance, run_tests
from tap import equal, ok

TASK = "/v2/task"
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


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def call(method, path, body=None, headers=()):
    instance = shared()
    return instance.request(method, TASK + path, body, instance.bearer() + list(headers))


def create(**members):
    answer = call("POST", "/create", {"handler": "ExportHandler", **members})
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()


def index(**params):
    answer = call("POST", "/index", params)
    if answer.status != 200:
        raise RuntimeError(f"index: {answer}")
    return answer


def ids(answer):
    return [task["task_id"] for task in answer.json()]


def refused(answer, status, name, message, what):
    equal(
        (answer.status, answer.json()),
        (status, {"name": name, "message": message, "code": 0, "status": status}),
        what,
    )
    equal(answer.headers["Content-Type"], "application/json; charset=UTF-8", f"{what}: its type")


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def documented():
    """The examples of the documents, one after the other."""
    days = {today()}
    answer = call(
        "POST", "/create", {"handler": "ExportHandler", "user_id": "user-2", "status": "pending"}
    )
    equal(
        (answer.status, answer.headers["Content-Type"]),
        (201, "application/json; charset=UTF-8"),
        "create",
    )
    task = answer.json()
    days.add(today())
    equal(list(task), MEMBERS, "all nine members, in order")
    equal(
        (task["handler"], task["user_id"], task["status"], task["entity_id"]),
        ("ExportHandler", "user-2", "pending", None),
        "as they were sent",
    )
    ok(task["created_at"] in days and task["updated_at"] in days, "dates are days of UTC", task)
    ok(
        re.match(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", task["task_id"]),
        "the id is a UUID",
        task,
    )
    location = urlsplit(answer.headers["Location"])
    equal(
        (location.scheme, location.netloc), ("https", shared().host), "Location is a whole address"
    )
    seen = shared().request("GET", f"{location.path}?{location.query}")
    equal((seen.status, seen.json()), (200, task), "and leads to the task")
    path = "/view/" + task["task_id"]
    equal(call("GET", path).json(), task, "view, the id in the address")
    answer = call("PUT", "/update/" + task["task_id"], {"status": "completed"})
    equal((answer.status, answer.json()["status"]), (200, "completed"), "update")
    equal(call("GET", path).json()["status"], "completed", "and it stays")
    answer = index(
        **{
            "filter": {"handler": "ExportHandler", "status": "completed"},
            "per-page": 10,
            "page": 1,
            "sort": "created_at",
        }
    )
    equal(ids(answer), [task["task_id"]], "index")
    answer = call("DELETE", "/delete/" + task["task_id"])
    equal((answer.status, answer.body), (204, b""), "delete")
    message = "Object not found: " + task["task_id"]
    refused(call("GET", path), 404, "Not Found", message, "it is gone")
    for method, action, body in (("PUT", "/update/", {"status": "x"}), ("DELETE", "/delete/", None)):
        answer = call(method, action + task["task_id"], body)
        refused(answer, 404, "Not Found", message, f"{method} of what is gone")


def names():
    """Ids that clients give, in the address and in the query."""
    for name in ("task-1", "a/b", "a b", "a+b", 'q"\\', "任务", "x" * 64, "100%", "?&=#"):
        task = create(task_id=name, request={"n": [name, 1.5, None]})
        equal(task["task_id"], name, f"a task named {name}")
        equal(
            json.loads(task["request"]), {"n": [name, 1.5, None]}, "its request is JSON in a string"
        )
        inside = quote(name, safe="")
        if "\\" not in name:
            answer = call("PUT", "/update/" + inside, {"status": "running"})
            equal((answer.status, answer.json()["status"]), (200, "running"), "update by address")
        answer = call("GET", "/view?" + urlencode({"id": name}))
        equal((answer.status, answer.json()["task_id"]), (200, name), "view by query")
        answer = call("POST", "/create", {"handler": "h", "task_id": name})
        equal(
            (answer.status, answer.json()),
            (422, [{"field": "task_id", "message": "Task ID has already been taken."}]),
            "a name is given once",
        )
        equal(call("DELETE", "/delete?" + urlencode({"id": name})).status, 204, "delete by query")
    equal(create(task_id=UUID.upper())["task_id"], UUID, "a UUID is kept in lower case")
    for spelling in (UUID, UUID.upper()):
        equal(call("GET", "/view/" + spelling).status, 200, f"and is found as {spelling}")
    equal(ids(index(filter={"task_id": UUID.upper()})), [UUID], "by a filter as well")
    equal(call("DELETE", "/delete/" + UUID.upper()).status, 204, "delete")


def updates():
    task = create(entity_id="e", request="r", response={"rows": 3})
    path = "/update/" + task["task_id"]
    equal(task["user_id"], shared_user(), "a task without a user is the caller's")
    changed = call("PUT", path, {"response": None, "status": "half way"}).json()
    equal(changed, {**task, "response": None, "status": "half way"}, "only what is named changes")
    again = call("PUT", path, {**changed, "created_at": "1999-01-01", "task_id": "other", "x": 1})
    equal(again.json(), changed, "a task may be sent back; id and times are the server's")
    for body in (None, "{}", "[]"):
        answer = call("PUT", path, body)
        equal((answer.status, answer.json()), (200, changed), f"an update with {body}: no change")
    answer = call("PATCH", path, {"handler": "Other"})
    equal((answer.status, answer.json()["handler"]), (200, "Other"), "PATCH")
    answer = call("PUT", path, {"handler": " ", "user_id": None, "status": 5, "entity_id": "x" * 256})
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
        "one fault of each member",
    )
    equal(call("GET", "/view/" + task["task_id"]).json()["handler"], "Other", "nothing was changed")


def shared_user():
    return create()["user_id"]


def forms():
    """What the vendor's scripts send, and what curl -d calls a form."""
    body = urlencode({"handler": "SyncHandler", "user_id": "a b", "request[pk]": "code"})
    answer = call("POST", "/create", body, [FORM])
    task = answer.json()
    equal(
        (answer.status, task["handler"], task["user_id"], task["request"]),
        (201, "SyncHandler", "a b", '{"pk":"code"}'),
        "a form",
    )
    answer = call("PUT", "/update?id=" + task["task_id"], "status=failed&response=x%20y", [FORM])
    equal((answer.json()["status"], answer.json()["response"]), ("failed", "x y"), "an update")
    answer = call("POST", "/create", '{"handler": "ExportHandler"}', [FORM])
    equal(answer.status, 201, "JSON that says it is a form")
    answer = call("POST", "/index", "filter[handler]=SyncHandler&per-page=5", [FORM])
    equal(ids(answer), [task["task_id"]], "a list by a form")
    query = "?" + urlencode({"filter[handler]": "SyncHandler", "filter[status]": "failed"})
    equal(ids(call("GET", "/index" + query)), [task["task_id"]], "a list by a query")


def pages():
    made = [create(handler="PageHandler", task_id=f"page-{i}")["task_id"] for i in range(7)]
    only = {"filter": {"handler": "PageHandler"}}
    answer = index(**only)
    equal(ids(answer), made, "in the order of creation")
    equal(
        [
            answer.headers["X-Pagination-" + name]
            for name in ("Total-Count", "Page-Count", "Current-Page", "Per-Page")
        ],
        ["7", "1", "1", "100"],
        "one page of 100",
    )
    answer = index(**only, **{"per-page": 3, "page": 2})
    equal(ids(answer), made[3:6], "the second page of three")
    equal(
        (answer.headers["X-Pagination-Page-Count"], answer.headers["X-Pagination-Current-Page"]),
        ("3", "2"),
        "which says so",
    )
    answer = index(**only, **{"per-page": 3, "page": 99})
    equal(
        (ids(answer), answer.headers["X-Pagination-Current-Page"]),
        (made[6:], "3"),
        "past the end: the last page",
    )
    equal(ids(index(**only, sort="-created_at")), made[::-1], "newest first")
    answer = index(filter={"handler": "NoHandler"}, **{"per-page": 0})
    equal(
        (
            answer.json(),
            answer.headers["X-Pagination-Page-Count"],
            answer.headers["X-Pagination-Current-Page"],
            answer.headers["X-Pagination-Per-Page"],
        ),
        ([], "0", "1", "1"),
        "no tasks have no pages",
    )
    found, path, rels = [], TASK + "/index?filter%5Bhandler%5D=PageHandler&per-page=2", []
    while path and len(rels) < 9:
        answer = shared().request("GET", path)
        found += ids(answer)
        links = dict(
            reversed(link) for link in re.findall(r"<([^>]*)>; rel=(\w+)", answer.headers["Link"])
        )
        rels.append(sorted(links))
        path = links.get("next")
        path = path and path[len("https://" + shared().host) :]
    equal(found, made, "the links lead through all pages")
    equal(
        (rels[0], rels[1], rels[-1]),
        (
            ["first", "last", "next", "self"],
            ["first", "last", "next", "prev", "self"],
            ["first", "last", "prev", "self"],
        ),
        "and say where they lead",
    )


def filters():
    rows = [
        {"task_id": "f-1", "user_id": "ann", "status": "pending", "entity_id": "7"},
        {"task_id": "f-2", "user_id": "bob", "status": "completed"},
        {"task_id": "f-3", "user_id": "ann", "status": "completed", "request": {"a": 1}},
    ]
    for row in rows:
        create(handler="FilterHandler", **row)
    for asked, found in (
        ({"user_id": "ann"}, ["f-1", "f-3"]),
        ({"user_id": "ann", "status": "completed"}, ["f-3"]),
        ({"status": ["pending", "completed"]}, ["f-1", "f-2", "f-3"]),
        ({"entity_id": None}, ["f-2", "f-3"]),
        ({"entity_id": 7}, ["f-1"]),
        ({"request": {"a": 1}}, ["f-3"]),
        ({"status": []}, []),
        ({"status": "Completed"}, []),
        ({"created_at": "1999-12-31"}, []),
        ({"created_at": create()["created_at"]}, ["f-1", "f-2", "f-3"]),
    ):
        answer = index(filter={"handler": "FilterHandler", **asked})
        equal(ids(answer), found, f"filter {asked}")
        equal(answer.headers["X-Pagination-Total-Count"], str(len(found)), "counted")
    for sort, found in (
        ("-user_id", "f-2"),
        ("status", "f-2"),
        ("-task_id", "f-3"),
        ("colour", "f-1"),
        ("colour,-status", "f-1"),
    ):
        answer = index(filter={"handler": "FilterHandler"}, sort=sort)
        equal((ids(answer)[0], len(ids(answer))), (found, 3), f"sort {sort}")
    for asked, message in (
        ({"colour": "red"}, 'Unknown filter attribute "colour"'),
        ({"created_at": "today"}, "The format of Created At is invalid."),
        ("pending", "The format of Filter is invalid."),
    ):
        answer = call("POST", "/index", {"filter": asked})
        equal(
            (answer.status, answer.json()),
            (422, [{"field": "filter", "message": message}]),
            f"filter {asked}",
        )


def connected():
    """Tasks whose entity is a task: deleted with it, but not without a word."""
    for name, entity in (("root", None), ("child", "root"), ("grandchild", "child")):
        create(task_id=name, entity_id=entity, handler="TreeHandler")
    tree = {"filter": {"handler": "TreeHandler"}}
    for force in ("", "?force=false"):
        answer = call("DELETE", "/delete/root" + force)
        body = answer.json()
        equal(
            (answer.status, body["name"], body["status"], body["code"]),
            (400, "Bad Request", 400, 0),
            f"delete{force} is interrupted",
        )
        equal(
            sorted(entity["id"] for entity in body["entities"]),
            ["child", "grandchild"],
            "what would go is listed",
        )
        equal(
            body["entities"][0],
            {"type": "task", "id": body["entities"][0]["id"], "name": "TreeHandler"},
            "with type, id and name",
        )
    equal(len(ids(index(**tree))), 3, "nothing was deleted")
    equal(call("DELETE", "/delete/grandchild").status, 204, "a leaf goes without force")
    equal(call("DELETE", "/delete?id=root&force=true").status, 204, "with force all go")
    equal(ids(index(**tree)), [], "none is left")


def history():
    for name, entity in (("past", None), ("past-child", "past"), ("present", None)):
        create(task_id=name, entity_id=entity, handler="PastHandler")
    equal(call("DELETE", "/delete/past?historicize=true").status, 204, "into the history")
    only = {"filter": {"handler": "PastHandler"}}
    equal(ids(index(**only)), ["present"], "it has left the lists, and its child with it")
    equal(ids(index(**only, history=True)), ["past", "past-child", "present"], "unless asked for")
    equal(call("GET", "/view/past").json()["task_id"], "past", "its id still leads to it")
    equal(call("DELETE", "/delete/past?force=true").status, 204, "it can be deleted from there")
    equal(ids(index(**only, history=True)), ["present"], "with its child")


def refusals():
    count = index().headers["X-Pagination-Total-Count"]
    for body, message in (
        ("{", "Invalid JSON data in request body: "),
        ("5", "Invalid JSON data in request body: "),
        ('{"handler":"a","handler":"b"}', "Invalid JSON data in request body: "),
    ):
        answer = call("POST", "/create", body)
        equal(
            (answer.status, answer.json()["message"][: len(message)]), (400, message), f"body {body}"
        )
    for body in (None, "{}", "[]", '{"handler": null}', '{"handler": ""}'):
        answer = call("POST", "/create", body)
        equal(
            (answer.status, answer.json()),
            (422, [{"field": "handler", "message": "Handler cannot be blank."}]),
            f"create with {body}",
        )
    answer = call("POST", "/create", "x", [("Content-Type", "text/csv")])
    equal((answer.status, answer.json()["name"]), (415, "Unsupported Media Type"), "a CSV")
    refused(
        call("GET", "/view"), 400, "Bad Request", "Missing required parameters: id", "no id"
    )
    refused(call("GET", "/nothing"), 404, "Not Found", "Page not found.", "no such action")
    answer = call("GET", "/create")
    refused(
        answer,
        405,
        "Method Not Allowed",
        "Method Not Allowed. This URL can only handle the following request methods: POST.",
        "GET /create",
    )
    equal(answer.headers["Allow"], "POST, OPTIONS", "which says what is allowed")
    refused(
        call("GET", "/index", headers=[("Accept", "application/xml")]),
        406,
        "Not Acceptable",
        "None of your requested content types is supported.",
        "XML",
    )
    answer = call("OPTIONS", "/update")
    equal((answer.status, answer.headers["Allow"]), (204, "PUT, PATCH, OPTIONS"), "OPTIONS")
    answer = call("HEAD", "/index")
    equal(
        (answer.status, answer.body, answer.headers["X-Pagination-Total-Count"]),
        (200, b"", count),
        "HEAD of a list; nothing was created",
    )


def conditions():
    answer = call("POST", "/create", {"handler": "h"}, [("Idempotency-Key", '"fourhse-1"')])
    task = answer.json()
    again = call("POST", "/create", {"handler": "h"}, [("Idempotency-Key", '"fourhse-1"')])
    equal((again.status, again.json()), (201, task), "the same key: the same task")
    answer = call("POST", "/create", {"handler": "i"}, [("Idempotency-Key", '"fourhse-1"')])
    equal(
        (answer.status, answer.json()[0]["field"]), (422, "Idempotency-Key"), "for another request"
    )
    path = "/view/" + task["task_id"]
    tag = call("GET", path).headers["ETag"]
    equal(call("GET", path, headers=[("If-None-Match", tag)]).status, 304, "If-None-Match")
    path = "/update/" + task["task_id"]
    answer = call("PUT", path, {"status": "running"}, [("If-Match", tag)])
    equal(answer.status, 200, "If-Match of the revision that is")
    refused(
        call("PUT", path, {"status": "failed"}, [("If-Match", tag)]),
        412,
        "Precondition Failed",
        "The task has changed since it was read.",
        "If-Match of an old one",
    )
    answer = call("DELETE", "/delete/" + task["task_id"], headers=[("If-Match", tag)])
    equal(answer.status, 412, "nor may it delete the task")


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(
    documented,
    names,
    updates,
    forms,
    pages,
    filters,
    connected,
    history,
    refusals,
    conditions,
    ending,
)
