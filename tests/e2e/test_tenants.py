"""Isolation of tenants: no user can read, count, change or detect the tasks of another tenant."""
import functools
import os
import re

from credential_states import shared
from dialects import DIALECTS, SCHEMES, fourhse, idol, native, uplynk, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from lib import run_tests
from routes import has_id, routes_of
from tap import equal, ok


def unknown(values):
    """The same variables with values of the same length that lead to no task."""
    other = dict(values)
    for name in set(values) - {"product", "version", "status"}:
        text = values[name]
        other[name] = "9" * len(text) if text.isdigit() else text[:-4] + "0000"
    return other


def without(answer, values):
    """An answer without the ids that it repeats and without what differs in every answer."""
    body = answer.body.decode()
    for name in set(values) - {"product", "version", "status"}:
        body = re.sub(rf"\b{re.escape(values[name])}\b", "ID", body)
    body = body.replace(answer.headers["X-Request-Id"], "REQUEST")
    own = {"Date", "X-Request-Id", "Content-Length"} | ({"ETag"} if answer.status < 300 else set())
    return answer.status, body, sorted((n, v) for n, v in answer.headers.items() if n not in own)


def foreign_lists():
    """No list of another tenant, which has no tasks yet, contains an id of ours."""
    states = shared()
    for dialect, scheme in SCHEMES:
        wrong = []
        for route in routes_of(dialect, scheme, "read"):
            answer = states.ask(route, states.ours[dialect], scheme, states.foreign)
            text = answer.body.decode() + str(answer.headers)
            asked = states.ours[dialect].values() if has_id(route) else ()
            found = {
                value
                for values in states.ours.values()
                for value in values.values()
                if len(value) > 15 and value in text and value not in asked
            }
            wrong += [f"{route.name}: {found}"] if found else []
        ok(not wrong, f"{dialect}, {scheme.name}: lists have no foreign id", "\n".join(wrong))


def foreign_tasks():
    """Another tenant's task and a task that does not exist get the same answer, byte by byte.

    The time is not measured here. It is the same, too: keys begin with the tenant, or the tenant of
    a record is compared first. Both are one look-up of the same depth, within a round of the event
    loop that takes many times as long.
    """
    states = shared()
    for dialect, scheme in SCHEMES:
        wrong = []
        for route in filter(has_id, routes_of(dialect, scheme)):
            ours, none = states.ours[dialect], unknown(states.ours[dialect])
            # Compares second answers: the first one may create the task that a client names.
            got, want = [
                [states.ask(route, values, scheme, states.foreign) for _ in range(2)][1]
                for values in (ours, none)
            ]
            if without(got, ours) != without(want, none):
                wrong.append(f"{route.name}: {got}, not {want}")
        ok(
            not wrong,
            f"{dialect}, {scheme.name}: a foreign task looks like no task",
            "\n".join(wrong),
        )


@functools.cache
def newcomer():
    """Credentials of a user in a tenant without tasks."""
    shared().add_user("newcomer", "faraway")
    return shared().credentials("newcomer", "newcomer")


def empty_lists():
    """A new tenant has empty lists and counts of 0, also if its name is a neighbour of ours."""
    states = shared()
    states.add_user("long", "t" * 30 + "a")
    states.native("POST", "/tasks", {}, token=states.add_token("long", "long"))
    for tenant in ("dem", "demo-", "demo0", "t" * 30 + "b", "t" * 30):
        states.add_user("of-" + tenant, tenant)
        credentials = states.credentials("of-" + tenant, "of-" + tenant)
        msg, sig = uplynk_message(*credentials.owner)
        states.secrets += [msg, sig]

        def ask(path, headers=states.bearer(credentials.token)):
            return states.request("GET", path, None, headers)

        def signed(path):
            collection = ask(with_query(path, msg=msg, sig=sig), []).json()
            return collection["items"], collection["total_items"]

        listed = [
            ask(virtshell.PREFIX + "/tasks").body,
            ask(virtshell.PREFIX + "/tasks/pending").body,
            ask(fourhse.PREFIX + "/index?history=true").body,
            ask(fourhse.PREFIX + "/index").headers["X-Pagination-Total-Count"],
            ask(idol.PREFIX + "/import-tasks").json()["meta"]["record-count"],
            ask(native.PREFIX + "/tasks?archived=any").json(),
            signed(uplynk.PREFIX + "/ingest-points/tasks"),
            signed(uplynk.PREFIX + "/slicers/ingest-points"),
        ]
        nothing = [b'{"tasks":[]}', b'{"tasks":[]}', b"[]", "0", 0]
        nothing += [{"items": [], "total": 0, "next": None}, ([], 0), ([], 0)]
        equal(listed, nothing, f"tenant {tenant}: lists are empty")


def conditions():
    """Conditional requests do not reveal the ETag of a foreign task."""
    states, token = shared(), newcomer().token
    ours = states.ours["native"]["id"]
    tag = states.native("GET", f"/tasks/{ours}").headers["ETag"]
    for method, name in (("GET", "If-None-Match"), ("PATCH", "If-Match"), ("DELETE", "If-Match")):
        body = {} if method == "PATCH" else None
        for value in (tag, "*", '"77"'):
            answer = states.native(method, f"/tasks/{ours}", body, [(name, value)], token)
            equal(
                (answer.status, answer.headers["ETag"]),
                (404, None),
                f"{method} with {name}: {value} on a foreign task: 404",
            )


def names():
    """Idempotency keys, numbers and names of one tenant are unused in another."""
    states, token = shared(), newcomer().token
    key = [("Idempotency-Key", os.urandom(8).hex())]
    first = states.native("POST", "/tasks", {"fields": {"name": "ours"}}, key)
    second = states.native("POST", "/tasks", {"fields": {"name": "theirs"}}, key, token)
    equal(
        (first.status, second.status, second.json()["fields"]),
        (201, 201, {"name": "theirs"}),
        "an Idempotency-Key of another tenant is unused here",
    )
    ok(first.json()["id"] != second.json()["id"], "POST with it creates a second task")

    answer = states.idol("POST", "/import-tasks", DIALECTS["idol"].body, token=token)
    equal(
        (answer.status, answer.json()["data"]["id"], answer.headers["Location"][-15:]),
        (201, "1", "/import-tasks/1"),
        "IDOL numbers the tasks of each tenant from 1",
    )
    ours = states.ours["fourhse"]["id"]
    answer = states.fourhse("POST", "/create", {"task_id": ours, "handler": "Theirs"}, token=token)
    equal(
        (answer.status, answer.json()["task_id"]),
        (201, ours),
        "a 4HSE task_id of another tenant is unused here",
    )
    answer = states.fourhse("GET", f"/view/{ours}")
    equal(answer.json()["handler"], "ExportHandler", "our task of that name is unchanged")

    mine = states.fourhse("POST", "/create", {"handler": "Ours"}).json()["task_id"]
    states.fourhse("POST", "/create", {"handler": "x", "entity_id": mine}, token=token)
    answer = states.fourhse("DELETE", f"/delete/{mine}")
    equal((answer.status, answer.body), (204, b""), "DELETE ignores foreign dependents")
    listed = states.fourhse("GET", f"/index?filter[entity_id]={mine}", token=token).json()
    equal(len(listed), 1, "DELETE does not delete foreign dependents")


def cursors():
    """A cursor works in the lists of its own tenant only."""
    states, token = shared(), newcomer().token
    for _ in range(2):
        states.native("POST", "/tasks", {})
    cursor = states.native("GET", "/tasks?limit=1").json()["next"]
    answer = states.native("GET", f"/tasks?limit=1&cursor={cursor}", token=token)
    by = {item["created_by"] for item in answer.json().get("items", [])}
    ok(
        answer.status in (200, 400) and states.key not in by,
        "a foreign cursor lists no foreign task",
        answer,
    )


def ending():
    shared().verify("after requests of other tenants")
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
