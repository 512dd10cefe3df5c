"""4HSE v2: pages and filters of lists, dependent tasks, history."""
import re

from fourhse_client import TASK, call, create, ids, index, shared
from lib import run_tests
from tap import equal


def pages():
    made = [create(handler="PageHandler", task_id=f"page-{i}")["task_id"] for i in range(7)]
    only = {"filter": {"handler": "PageHandler"}}
    answer = index(**only)
    equal(ids(answer), made, "tasks are listed in the order of creation")
    equal(
        [
            answer.headers["X-Pagination-" + name]
            for name in ("Total-Count", "Page-Count", "Current-Page", "Per-Page")
        ],
        ["7", "1", "1", "100"],
        "default page: 100 tasks",
    )
    answer = index(**only, **{"per-page": 3, "page": 2})
    equal(ids(answer), made[3:6], "the second of three pages")
    equal(
        (answer.headers["X-Pagination-Page-Count"], answer.headers["X-Pagination-Current-Page"]),
        ("3", "2"),
        "X-Pagination header fields of the second page",
    )
    answer = index(**only, **{"per-page": 3, "page": 99})
    equal(
        (ids(answer), answer.headers["X-Pagination-Current-Page"]),
        (made[6:], "3"),
        "a page beyond the end: the last page",
    )
    equal(ids(index(**only, sort="-created_at")), made[::-1], "sort=-created_at: newest first")
    answer = index(filter={"handler": "NoHandler"}, **{"per-page": 0})
    equal(
        (
            answer.json(),
            answer.headers["X-Pagination-Page-Count"],
            answer.headers["X-Pagination-Current-Page"],
            answer.headers["X-Pagination-Per-Page"],
        ),
        ([], "0", "1", "1"),
        "an empty list has 0 pages",
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
    equal(found, made, "the next links lead through all pages")
    equal(
        (rels[0], rels[1], rels[-1]),
        (
            ["first", "last", "next", "self"],
            ["first", "last", "next", "prev", "self"],
            ["first", "last", "prev", "self"],
        ),
        "Link has the relations of each page",
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
        ({"updated_at": {"gte": "2024-01-01"}}, ["f-1", "f-2", "f-3"]),
        ({"updated_at": {"lt": "2024-01-01T00:00:00Z"}}, []),
        ({"status": {"in": ["pending", "x"]}}, ["f-1"]),
        ({"status": {"neq": "pending"}}, ["f-2", "f-3"]),
        ({"user_id": {"nin": ["bob"]}, "updated_at": {"gt": "2024-01-01"}}, ["f-1", "f-3"]),
        ({"status": {"like": "COMPL"}}, ["f-2", "f-3"]),
        ({"or": [{"user_id": "bob"}, {"entity_id": "7"}]}, ["f-1", "f-2"]),
        ({"not": {"user_id": "ann", "status": "completed"}}, ["f-1", "f-2"]),
    ):
        answer = index(filter={"handler": "FilterHandler", **asked})
        equal(ids(answer), found, f"filter {asked}")
        equal(
            answer.headers["X-Pagination-Total-Count"],
            str(len(found)),
            f"filter {asked}: total count",
        )
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


def operators_in_queries():
    made = [
        create(handler="PollHandler", task_id=f"poll-{i}", status=status)["task_id"]
        for i, status in enumerate(("done", "pending", "done", "failed", "done"))
    ]
    call("PUT", "/update/poll-0", {"response": "changed"})
    path = (
        TASK + "/index?filter[handler]=PollHandler&filter[updated_at][gte]=2024-01-01"
        "&filter[status][neq]=pending&per-page=2"
    )
    found = []
    while path and len(found) < 9:
        answer = shared().request("GET", path, None, shared().bearer())
        found += ids(answer)
        equal(answer.headers["X-Pagination-Total-Count"], "4", "a total with operators")
        links = dict(
            reversed(link) for link in re.findall(r"<([^>]*)>; rel=(\w+)", answer.headers["Link"])
        )
        path = links.get("next", "")[len("https://" + shared().host) :]
    equal(
        found,
        [made[2], made[3], made[4], made[0]],
        "links keep the operators, and updated_at gives the order of update",
    )


def dependents():
    """A task whose entity_id is another task depends on it: it is deleted with force only."""
    for name, entity in (("root", None), ("child", "root"), ("grandchild", "child")):
        create(task_id=name, entity_id=entity, handler="TreeHandler")
    tree = {"filter": {"handler": "TreeHandler"}}
    for force in ("", "?force=false"):
        answer = call("DELETE", "/delete/root" + force)
        body = answer.json()
        equal(
            (answer.status, body["name"], body["status"], body["code"]),
            (400, "Bad Request", 400, 0),
            f"DELETE{force} of a task with dependents: 400",
        )
        equal(
            sorted(entity["id"] for entity in body["entities"]),
            ["child", "grandchild"],
            "the dependents are listed",
        )
        equal(
            body["entities"][0],
            {"type": "task", "id": body["entities"][0]["id"], "name": "TreeHandler"},
            "a dependent has type, id and name",
        )
    equal(len(ids(index(**tree))), 3, "the refused DELETE deletes nothing")
    equal(
        call("DELETE", "/delete/grandchild").status, 204, "DELETE of a task without dependents: 204"
    )
    equal(call("DELETE", "/delete?id=root&force=true").status, 204, "DELETE with force: 204")
    equal(ids(index(**tree)), [], "DELETE with force deletes all dependents")


def history():
    for name, entity in (("past", None), ("past-child", "past"), ("present", None)):
        create(task_id=name, entity_id=entity, handler="PastHandler")
    equal(
        call("DELETE", "/delete/past?historicize=true").status, 204, "DELETE with historicize: 204"
    )
    only = {"filter": {"handler": "PastHandler"}}
    equal(
        ids(index(**only)), ["present"], "a task in the history and its dependents are not listed"
    )
    equal(
        ids(index(**only, history=True)),
        ["past", "past-child", "present"],
        "history=true lists them",
    )
    equal(call("GET", "/view/past").json()["task_id"], "past", "GET of a task in the history")
    equal(call("DELETE", "/delete/past?force=true").status, 204, "DELETE of a task in the history")
    equal(
        ids(index(**only, history=True)),
        ["present"],
        "DELETE of a task in the history deletes its dependents",
    )


def ending():
    shared().verify("after the lists")
    shared().stop("shared instance")


run_tests(pages, filters, operators_in_queries, dependents, history, ending)
