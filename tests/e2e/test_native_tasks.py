"""The native API: life of a task, its members, refused members, and tasks of the other dialects."""
import re
import time
import uuid

from lib import run_tests
from native_client import MERGE, TASKS, UNKNOWN, ask, create, is_problem, items, patch, shared
from tap import equal, ok

MEMBERS = (
    "id dialect kind number state status archived revision created_at updated_at started_at "
    "finished_at created_by updated_by priority not_before ready_after attempt max_attempts "
    "attempts_before policy lease failure error progress result fields links"
).split()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def life():
    """POST, GET, PATCH and DELETE of one task."""
    answer = ask("POST", TASKS, {}, ("Content-Type", "application/json"))
    task = answer.json()
    equal(answer.status, 201, "POST {}: 201")
    equal(list(task), MEMBERS, "POST {}: all members in the documented order")
    equal(
        (task["dialect"], task["state"], task["status"], task["revision"], task["fields"]),
        ("native", "pending", "pending", 1, {}),
        "POST {}: a pending native task",
    )
    ok(
        TIME.match(task["created_at"]) and task["created_at"] == task["updated_at"],
        "created_at and updated_at are equal",
    )
    equal(answer.headers["Location"], task["links"]["self"], "Location is links.self")
    equal(answer.headers["ETag"], '"1"', "ETag is the revision")
    path = f"{TASKS}/{task['id']}"
    ok(answer.headers["Location"].endswith(shared().host + path), "Location is below this host")
    read = ask("GET", path)
    equal((read.status, read.json()), (200, task), "GET returns the same task")
    equal(
        ask("GET", TASKS + "/" + task["id"].upper()).json(), task, "GET with the id in upper case"
    )
    time.sleep(0.01)
    answer = patch(task, {"state": "running", "progress": {"percent": 10, "step": "a"}})
    running = answer.json()
    equal((answer.status, answer.headers["ETag"]), (200, '"2"'), "PATCH: 200 and the next ETag")
    equal((running["state"], running["status"]), ("running", "running"), "PATCH state: running")
    ok(
        TIME.match(running["started_at"]) and running["finished_at"] is None,
        "PATCH to running sets started_at",
    )
    ok(running["updated_at"] > running["created_at"], "PATCH sets updated_at")
    running = patch(task, {"progress": {"percent": 20, "step": None}}).json()
    equal(running["progress"], {"percent": 20}, "PATCH merges progress")
    ended = patch(task, {"state": "failed", "error": 'broke "here"\n', "progress": None}).json()
    equal(
        (ended["state"], ended["error"], ended["progress"], ended["revision"]),
        ("failed", 'broke "here"\n', None, 4),
        "PATCH state, error and progress: failed",
    )
    ok(TIME.match(ended["finished_at"]), "PATCH to failed sets finished_at")
    again = patch(task, {"state": "pending", "error": None}).json()
    equal(
        (again["finished_at"], again["error"]),
        (None, None),
        "PATCH to pending clears finished_at and error",
    )
    equal(again["started_at"], running["started_at"], "PATCH to pending keeps started_at")
    answer = ask("DELETE", path)
    equal((answer.status, answer.body), (204, b""), "DELETE: 204 without a body")
    ok(is_problem(ask("GET", path), 404, "not-found"), "GET after DELETE: 404")
    ok(is_problem(ask("DELETE", path), 404, "not-found"), "DELETE again: 404")


def members():
    """Members of POST and PATCH."""
    task = create(
        state="running",
        priority=-5,
        not_before="2015-04-16T19:33:53.5+02:00",
        max_attempts=3,
        error="e",
        progress=0.25,
        fields={"größe": [1, 2.5, None, {"a": True}], "none": None, "big": 2**63 - 1},
    )
    equal(
        (task["priority"], task["not_before"], task["max_attempts"], task["error"]),
        (-5, "2015-04-16T17:33:53.500Z", 3, "e"),
        "POST keeps the given members, times in UTC",
    )
    equal(
        (task["progress"], task["fields"]),
        (0.25, {"größe": [1, 2.5, None, {"a": True}], "none": None, "big": 2**63 - 1}),
        "POST keeps progress and fields",
    )
    changed = patch(
        task, {"not_before": None, "max_attempts": 0, "fields": {"none": None, "big": {"a": 1}}}
    ).json()
    equal(
        (changed["not_before"], changed["max_attempts"]),
        (None, 0),
        "PATCH with null or 0 clears not_before and max_attempts",
    )
    equal(
        changed["fields"],
        {"größe": [1, 2.5, None, {"a": True}], "big": {"a": 1}},
        "PATCH with null removes a field and keeps the others",
    )
    changed = patch(task, {"fields": {"big": {"b": {"c": 2, "d": None}}}}).json()
    equal(changed["fields"]["big"], {"a": 1, "b": {"c": 2}}, "PATCH merges an object in a field")
    changed = patch(task, {"fields": {"big": {"a": None, "b": {"c": None}}}}).json()
    equal(
        changed["fields"]["big"],
        {"b": {}},
        "PATCH with null removes members of an object in a field",
    )


def refused_members():
    """Invalid members: 422; invalid JSON: 400; too many fields: 422."""
    task = create(fields={"a": 1})
    before = ask("GET", f"{TASKS}/{task['id']}").json()
    for body, place in (
        ({"id": UNKNOWN}, "/id"),
        ({"revision": 1}, "/revision"),
        ({"dialect": "native"}, "/dialect"),
        ({"title": "x"}, "/title"),
        ({"a/b~": 1}, "/a~1b~0"),
        ({"state": "done"}, "/state"),
        ({"status": "processing"}, "/status"),
        ({"state": "failed", "status": "running"}, "/status"),
        ({"priority": "high"}, "/priority"),
        ({"priority": 2**31}, "/priority"),
        ({"not_before": "tomorrow"}, "/not_before"),
        ({"error": ["e"]}, "/error"),
        ({"progress": ["x" * 4093]}, "/progress"),
        ({"fields": None}, "/fields"),
        ({"fields": {f"f{i}": i for i in range(61)}}, "/fields"),
    ):
        answer = patch(task, body)
        ok(is_problem(answer, 422, "unprocessable", ("pointer", place)), f"422 at {place}", answer)
    for name, body in {
        "no body": b"",
        "an array and more": b"[{}]{}",
        "half an object": b'{"state":',
        "a member twice": b'{"state": "failed", "state": "failed"}',
        "a NUL": b'{"fields": {"a": "\\u0000"}}',
        "invalid UTF-8": b'{"fields": {"a": "\xff"}}',
        "33 levels": b'{"fields": {"a": ' + b"[" * 31 + b"]" * 31 + b"}}",
    }.items():
        for answer in (
            ask("PATCH", f"{TASKS}/{task['id']}", body, MERGE),
            ask("POST", TASKS, body, ("Content-Type", "application/json")),
        ):
            ok(is_problem(answer, 400, "malformed"), f"{name}: 400", answer)
    for index in range(3):
        answer = patch(task, {"fields": {f"f{index}-{i}": i for i in range(30)}})
    ok(is_problem(answer, 422, "unprocessable"), "PATCH beyond 64 fields: 422", answer)
    after = ask("GET", f"{TASKS}/{task['id']}").json()
    equal(len(after["fields"]), len(before["fields"]) + 60, "the refused PATCH adds no field")


def dialects():
    """The native API shows and changes the tasks of other dialects."""
    instance = shared()
    made = instance.create(description="clone", status="installing", mine={"a": 1})
    task = ask("GET", f"{TASKS}/{made}").json()
    equal(
        (task["dialect"], task["state"], task["status"]),
        ("virtshell", "running", "installing"),
        "a VirtShell task: dialect, state and status",
    )
    equal(task["fields"], {"description": "clone", "mine": {"a": 1}}, "a VirtShell task: fields")
    equal(
        patch(task, {"state": "running"}).json()["status"],
        "installing",
        "PATCH to the same state keeps the status",
    )
    equal(
        patch(task, {"state": "succeeded"}).json()["status"],
        "sucess",
        "PATCH to another state sets its default status",
    )
    equal(
        instance.get("/tasks/" + made).json()["status"],
        "sucess",
        "VirtShell's API shows the new status",
    )
    equal(
        patch(task, {"status": "melting", "force": True}).json()["state"],
        "running",
        "PATCH with any status is accepted for VirtShell",
    )
    answer = patch(task, {"fields": {"description": {"a": 1}}})
    ok(
        is_problem(answer, 422, "unprocessable", ("pointer", "/fields/description")),
        "a description that is not a string: 422",
        answer,
    )
    equal(
        instance.get("/tasks/" + made).json()["description"],
        "clone",
        "the refused PATCH changes nothing",
    )
    task = create(dialect="virtshell", status="provisioned", fields={"description": "made here"})
    equal(task["state"], "succeeded", "POST with a status sets the state")
    shown = instance.get("/tasks/" + task["id"]).json()
    equal(
        (shown["status"], shown["description"]),
        ("provisioned", "made here"),
        "VirtShell's API shows a task created here",
    )
    answer = ask("POST", TASKS, {"dialect": "jira"}, ("Content-Type", "application/json"))
    ok(is_problem(answer, 422, "unprocessable", ("pointer", "/dialect")), "an unknown dialect: 422")


def state_changes():
    """State changes of Vionlabs and Uplynk tasks by a backend."""
    names = {"inventory_id": "item-1", "product": "adbreaks", "version": "1.0.1"}
    task = create(dialect="vionlabs", fields=names)
    equal(
        (task["state"], task["status"]), ("pending", "pending"), "POST of a Vionlabs task: pending"
    )
    moved = patch(task, {"state": "running"}).json()
    equal(
        (moved["state"], moved["status"]),
        ("running", "processing"),
        "Vionlabs: running is processing",
    )
    moved = patch(task, {"status": "done"}).json()
    equal((moved["state"], moved["status"]), ("succeeded", "done"), "Vionlabs: done is succeeded")
    again = {"dialect": "vionlabs", "fields": names}
    answer = ask("POST", TASKS, again, ("Content-Type", "application/json"))
    ok(is_problem(answer, 409, "conflict"), "POST of an existing Vionlabs name: 409", answer)
    again["fields"] = {"product": "adbreaks", "version": "1.0.1"}
    answer = ask("POST", TASKS, again, ("Content-Type", "application/json"))
    place = ("pointer", "/fields/inventory_id")
    ok(
        is_problem(answer, 422, "unprocessable", place),
        "POST of a Vionlabs task without inventory_id: 422",
        answer,
    )
    task = create(dialect="uplynk", fields={"operation": "CREATE"})
    equal(
        (task["state"], task["status"]),
        ("pending", "PENDING"),
        "POST of an Uplynk task: pending",
    )
    equal(uuid.UUID(task["id"]).version, 4, "an Uplynk task has an id of UUID version 4")
    moved = patch(task, {"state": "succeeded"}).json()
    equal(
        (moved["state"], moved["status"]),
        ("succeeded", "COMPLETED"),
        "Uplynk: succeeded is COMPLETED",
    )
    answer = patch(task, {"state": "running"})
    ok(
        is_problem(answer, 409, "conflict", ("pointer", "/state")),
        "Uplynk: a completed task cannot run again: 409",
        answer,
    )
    found = items("?dialect=vionlabs&fields.inventory_id=item-1")
    equal([item["status"] for item in found], ["done"], "list filtered by an indexed field")
    found = items("?dialect=vionlabs,uplynk&state=succeeded&sort=-updated")
    equal(
        [item["dialect"] for item in found],
        ["uplynk", "vionlabs"],
        "list of two dialects, newest change first",
    )


def late_reports():
    """A report does not move a task out of its end, whatever ended it."""
    instance = shared()
    names = {"inventory_id": "late", "product": "adbreaks", "version": "1"}
    for dialect, fields in (
        ("native", {}),
        ("vionlabs", names),
        ("virtshell", {}),
        ("fourhse", {"handler": "h"}),
        ("uplynk", {"operation": "CREATE"}),
        ("idol", {"master-type": "cd", "attachable": {"type": "tracks", "id": "1"}}),
    ):
        task = create(dialect=dialect, fields=fields)
        if dialect == "vionlabs":
            path = "/tasks/catalog-item/late/product/adbreaks/version/1"
            equal(instance.request("DELETE", path).status, 200, "vionlabs: DELETE cancels")
        else:
            equal(patch(task, {"state": "cancelled"}).status, 200, f"{dialect}: cancelled")
        for state in ("succeeded", "failed", "running", "pending"):
            answer = patch(task, {"state": state, "error": "late"})
            ok(
                is_problem(answer, 409, "conflict", ("pointer", "/state"))
                and "cancelled" in answer.json()["detail"],
                f"{dialect}: late report of {state}: 409 names the state",
                answer,
            )
        kept = ask("GET", f"{TASKS}/{task['id']}").json()
        equal((kept["state"], kept["error"]), ("cancelled", None), f"{dialect}: nothing changed")
        equal(patch(task, {"state": "cancelled"}).status, 200, f"{dialect}: the same state again")
        answer = patch(task, {"state": "failed", "force": True})
        equal((answer.status, answer.json()["state"]), (200, "failed"), f"{dialect}: forced")
        answer = patch(task, {"state": "running"})
        ok(is_problem(answer, 409, "conflict"), f"{dialect}: failed to running: 409", answer)
        answer = patch(task, {"state": "pending"})
        equal((answer.status, answer.json()["state"]), (200, "pending"), f"{dialect}: a retry")
    task = create()
    for value in (None, "true", 1):
        ok(
            is_problem(patch(task, {"force": value}), 422, "unprocessable", ("pointer", "/force")),
            f"force: {value}: 422",
        )
    answer = ask("POST", TASKS, {"force": True}, ("Content-Type", "application/json"))
    ok(is_problem(answer, 422, "unprocessable", ("pointer", "/force")), "POST with force: 422")


def errors_shown():
    """Each dialect shows a back end's error where its clients look."""
    instance = shared()
    fields = {"inventory_id": "errors", "product": "adbreaks", "version": "1"}
    vionlabs = create(dialect="vionlabs", fields=fields)
    virtshell = create(dialect="virtshell", fields={"log": "the old log"})
    fourhse = create(dialect="fourhse", fields={"handler": "h"})
    uplynk = create(dialect="uplynk", fields={"operation": "CREATE"})
    attachable = {"type": "tracks", "id": "1"}
    idol = create(dialect="idol", fields={"master-type": "cd", "attachable": attachable})
    view = "/v2/task/view?id=" + fourhse["fields"]["task_id"]

    def shown():
        def body(path):
            return instance.request("GET", path).json()

        path = "/tasks/catalog-item/errors/product/adbreaks/version/1"
        return (
            body(path)["error"],
            body("/api/virtshell/v1/tasks/" + virtshell["id"])["log"],
            body(view)["response"],
            body("/api/v4/managed-slicer/ingest-points/tasks/" + uplynk["id"]).get("error"),
            body(f"/api/v2/import-tasks/{idol['number']}")["data"]["attributes"]["message"],
        )

    tasks = (vionlabs, virtshell, fourhse, uplynk, idol)
    equal(shown(), (None, "the old log", None, None, None), "no error at first")
    for task in tasks:
        patch(task, {"state": "failed", "error": 'disk "on" fire'})
    equal(shown(), ('disk "on" fire',) * 5, "every dialect shows the error")
    found = items("?dialect=fourhse&fields.response=disk%20%22on%22%20fire")
    equal([item["id"] for item in found], [fourhse["id"]], "a filter by response finds it")
    for task in tasks:
        patch(task, {"state": "pending", "error": None})
    equal(shown(), (None, "", None, None, None), "a retry that clears the error shows none")
    patch(fourhse, {"state": "failed", "error": "a", "fields": {"response": "own"}})
    patch(virtshell, {"state": "failed", "error": "a", "fields": {"log": "own"}})
    equal(shown()[1:3], ("own", "own"), "a field that the request sets is shown instead")
    patch(fourhse, {"error": "b"})
    equal(shown()[2], "own", "4HSE: a response of its own is kept")
    task = create(dialect="fourhse", state="failed", error="c", fields={"handler": "h"})
    equal(task["fields"]["response"], "c", "POST with an error shows it too")


def archive():
    instance = shared()
    task = create(dialect="virtshell", fields={"description": "old"})
    path = f"{TASKS}/{task['id']}"
    answer = ask("POST", path + "/archive")
    equal((answer.status, answer.json()["archived"]), (200, True), "POST …/archive")
    equal(ask("GET", path).json()["archived"], True, "GET of an archived task")
    query = "?dialect=virtshell&limit=500&archived="
    found = {
        place: task["id"] in [item["id"] for item in items(query + place)]
        for place in ("false", "true", "any")
    }
    equal(
        found,
        {"false": False, "true": True, "any": True},
        "archived=true and any list it, archived=false does not",
    )
    ok(
        task["id"] not in [t["uuid"] for t in instance.tasks()],
        "VirtShell's API does not list an archived task",
    )
    equal(ask("POST", path + "/archive").status, 200, "POST …/archive again: 200")
    equal(patch(task, {"archived": False}).json()["archived"], False, "PATCH archived: false")
    ok(
        task["id"] in [item["id"] for item in items(query + "false")],
        "archived=false lists the restored task",
    )


def ending():
    shared().verify("native")
    shared().stop("native")


run_tests(life, members, refused_members, dialects, state_changes, late_reports, errors_shown, archive, ending)
