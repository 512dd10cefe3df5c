"""What one tenant has, another cannot see, count, change, nor find out that it is there."""
import os
import re

import access
from access import WAYS, carries
from lib import (
    BASE,
    FOURHSE,
    IDOL,
    NATIVE,
    UPLYNK,
    equal,
    ok,
    run_tests,
    uplynk_message,
    with_query,
)
from table import ROUTES, shared


def unknown(values):
    """The same variables, leading nowhere: of the same length, so that only the answer counts."""
    other = dict(values)
    for name in set(values) - {"product", "version", "status"}:
        text = values[name]
        other[name] = "9" * len(text) if text.isdigit() else text[:-4] + "0000"
    return other


def without(answer, values):
    """An answer but for the ids that it echoes and what every answer has of its own."""
    body = answer.body.decode()
    for name in set(values) - {"product", "version", "status"}:
        body = re.sub(rf"\b{re.escape(values[name])}\b", "ID", body)
    body = body.replace(answer.headers["X-Request-Id"], "REQUEST")
    own = {"Date", "X-Request-Id", "Content-Length"} | ({"ETag"} if answer.status < 300 else set())
    return answer.status, body, sorted((n, v) for n, v in answer.headers.items() if n not in own)


def foreign_lists():
    """What another tenant lists holds nothing of ours; it has made nothing itself so far."""
    table = shared()
    for way in WAYS:
        wrong = []
        for route in (r for r in ROUTES if carries(way, r) and r.right == "read"):
            answer = table.ask(route, table.ours[route.dialect], way, table.foreign)
            text = answer.body.decode() + str(answer.headers)
            asked = table.ours[route.dialect].values() if access.has_id(route) else ()
            found = {
                value
                for values in table.ours.values()
                for value in values.values()
                if len(value) > 15 and value in text and value not in asked
            }
            wrong += [f"{route.name}: {found}"] if found else []
        ok(not wrong, f"{way.dialect}, {way.name}: foreign lists", "\n".join(wrong))


def foreign_tasks():
    """What another tenant has is answered like what nobody has, byte by byte.

    In the same time as well, which is not measured here: a key of the store begins with the tenant, or
    a record's tenant is looked at before the rest of it, so both are one look-up of the same depth, in
    a round of the event loop that takes many times as long.
    """
    table = shared()
    for way in WAYS:
        wrong = []
        for route in (r for r in ROUTES if carries(way, r) and access.has_id(r)):
            ours, none = table.ours[route.dialect], unknown(table.ours[route.dialect])
            # The second answer of both: a name that a client gives is taken after the first.
            got, want = [
                [table.ask(route, values, way, table.foreign) for _ in range(2)][1]
                for values in (ours, none)
            ]
            if without(got, ours) != without(want, none):
                wrong.append(f"{route.name}: {got}, not {want}")
        ok(not wrong, f"{way.dialect}, {way.name}: a foreign task", "\n".join(wrong))


def newcomer():
    """Somebody in a tenant of her own, with nothing in it."""
    if not newcomer.who:
        shared().user("newcomer", "faraway")
        newcomer.who = shared().who("newcomer", "newcomer")
    return newcomer.who


newcomer.who = None


def empty_lists():
    """In a new tenant nothing is there and nothing is counted, however near its name is to ours."""
    table = shared()
    table.user("long", "t" * 30 + "a")
    table.native("POST", "/tasks", {}, token=table.add_token("long", "long"))
    for tenant in ("dem", "demo-", "demo0", "t" * 30 + "b", "t" * 30):
        table.user("of-" + tenant, tenant)
        who = table.who("of-" + tenant, "of-" + tenant)
        msg, sig = uplynk_message(*who.owner)
        table.secrets += [msg, sig]

        def ask(path, headers=table.bearer(who.token)):
            return table.request("GET", path, None, headers)

        def signed(path):
            collection = ask(with_query(path, msg=msg, sig=sig), []).json()
            return collection["items"], collection["total_items"]

        listed = [
            ask(BASE + "/tasks").body,
            ask(BASE + "/tasks/pending").body,
            ask(FOURHSE + "/index?history=true").body,
            ask(FOURHSE + "/index").headers["X-Pagination-Total-Count"],
            ask(IDOL + "/import-tasks").json()["meta"]["record-count"],
            ask(NATIVE + "/tasks?archived=any").json(),
            signed(UPLYNK + "/ingest-points/tasks"),
            signed(UPLYNK + "/slicers/ingest-points"),
        ]
        nothing = [b'{"tasks":[]}', b'{"tasks":[]}', b"[]", "0", 0]
        nothing += [{"items": [], "total": 0, "next": None}, ([], 0), ([], 0)]
        equal(listed, nothing, f"tenant {tenant}: empty lists")


def conditions():
    """What a foreign task's ETag is cannot be found out."""
    table, token = shared(), newcomer().token
    ours = table.ours["native"]["id"]
    tag = table.native("GET", f"/tasks/{ours}").headers["ETag"]
    for method, name in (("GET", "If-None-Match"), ("PATCH", "If-Match"), ("DELETE", "If-Match")):
        body = {} if method == "PATCH" else None
        for value in (tag, "*", '"77"'):
            answer = table.native(method, f"/tasks/{ours}", body, [(name, value)], token)
            equal(
                (answer.status, answer.headers["ETag"]), (404, None), f"{method}, {name}: {value}"
            )


def names():
    """Keys, numbers and names of one tenant are free in another, and connect nothing."""
    table, token = shared(), newcomer().token
    key = [("Idempotency-Key", os.urandom(8).hex())]
    first = table.native("POST", "/tasks", {"fields": {"name": "ours"}}, key)
    second = table.native("POST", "/tasks", {"fields": {"name": "theirs"}}, key, token)
    equal(
        (first.status, second.status, second.json()["fields"]),
        (201, 201, {"name": "theirs"}),
        "an Idempotency-Key of another tenant is free",
    )
    ok(first.json()["id"] != second.json()["id"], "and makes a task of its own")

    answer = table.idol("POST", "/import-tasks", access.BODIES["idol"], token=token)
    equal(
        (answer.status, answer.json()["data"]["id"], answer.headers["Location"][-15:]),
        (201, "1", "/import-tasks/1"),
        "IDOL's numbers are the tenant's own",
    )
    ours = table.ours["fourhse"]["id"]
    answer = table.fourhse("POST", "/create", {"task_id": ours, "handler": "Theirs"}, token=token)
    equal((answer.status, answer.json()["task_id"]), (201, ours), "a 4HSE name is free")
    answer = table.fourhse("GET", f"/view/{ours}")
    equal(answer.json()["handler"], "ExportHandler", "and ours is as it was")

    mine = table.fourhse("POST", "/create", {"handler": "Ours"}).json()["task_id"]
    table.fourhse("POST", "/create", {"handler": "x", "entity_id": mine}, token=token)
    answer = table.fourhse("DELETE", f"/delete/{mine}")
    equal((answer.status, answer.body), (204, b""), "a foreign task is not connected with ours")
    listed = table.fourhse("GET", f"/index?filter[entity_id]={mine}", token=token).json()
    equal(len(listed), 1, "and not removed with it")


def cursors():
    """A cursor is a place in its own tenant's list."""
    table, token = shared(), newcomer().token
    for _ in range(2):
        table.native("POST", "/tasks", {})
    cursor = table.native("GET", "/tasks?limit=1").json()["next"]
    answer = table.native("GET", f"/tasks?limit=1&cursor={cursor}", token=token)
    by = {item["created_by"] for item in answer.json().get("items", [])}
    ok(
        answer.status in (200, 400) and table.key not in by,
        "a foreign cursor leads to nothing foreign",
        answer,
    )


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(
    foreign_lists,
    foreign_tasks,
    empty_lists,
    conditions,
    names,
    cursors,
    ending,
)
