"""The native API end to end: tasks of every dialect in one shape, lists, changes, problems."""
import functools
import re
import time
import uuid

from lib import Instance, run_tests
from tap import equal, ok

TASKS = "/v1/tasks"
UNKNOWN = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
MERGE = ("Content-Type", "application/merge-patch+json")
MEMBERS = (
    "id dialect number state status archived revision created_at updated_at started_at finished_at "
    "created_by updated_by priority not_before attempt max_attempts error progress fields links"
).split()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def ask(method, path, body=None, *lines):
    instance = shared()
    return instance.request(method, path, body, headers=instance.bearer() + list(lines))


def create(*lines, **members):
    answer = ask("POST", TASKS, members, ("Content-Type", "application/json"), *lines)
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()


def patch(task, body, *lines):
    return ask("PATCH", f"{TASKS}/{task['id']}", body, MERGE, *lines)


def items(query):
    answer = ask("GET", TASKS + query)
    if answer.status != 200:
        raise RuntimeError(f"list: {answer}")
    return answer.json()["items"]


def is_problem(answer, status, kind, place=None):
    """Whether the answer is such a problem, its status said twice; place: ("pointer", "/state")."""
    try:
        body = answer.json()
    except ValueError:
        return False
    places = [tuple(list(error.items())[0]) for error in body.get("errors", [])]
    return (
        answer.status == status == body["status"]
        and answer.headers["Content-Type"] == "application/problem+json"
        and body["type"] == "/v1/problems/" + kind
        and len(body["title"]) > 5
        and len(body["detail"]) > 5
        and (place is None or places == [place])
    )


def life():
    """A task from its making to its end."""
    answer = ask("POST", TASKS, {}, ("Content-Type", "application/json"))
    task = answer.json()
    equal(answer.status, 201, "POST {}: 201")
    equal(list(task), MEMBERS, "every member is there, in order")
    equal(
        (task["dialect"], task["state"], task["status"], task["revision"], task["fields"]),
        ("native", "pending", "pending", 1, {}),
        "a pending native task",
    )
    ok(TIME.match(task["created_at"]) and task["created_at"] == task["updated_at"], "times")
    equal(answer.headers["Location"], task["links"]["self"], "Location is the task's address")
    equal(answer.headers["ETag"], '"1"', "ETag is the revision")
    path = f"{TASKS}/{task['id']}"
    ok(answer.headers["Location"].endswith(shared().host + path), "an address of this host")
    read = ask("GET", path)
    equal((read.status, read.json()), (200, task), "GET gives the same")
    equal(ask("GET", TASKS + "/" + task["id"].upper()).json(), task, "an id in upper case")
    time.sleep(0.01)
    answer = patch(task, {"state": "running", "progress": {"percent": 10, "step": "a"}})
    running = answer.json()
    equal((answer.status, answer.headers["ETag"]), (200, '"2"'), "PATCH: 200, the next ETag")
    equal((running["state"], running["status"]), ("running", "running"), "it runs")
    ok(TIME.match(running["started_at"]) and running["finished_at"] is None, "it has started")
    ok(running["updated_at"] > running["created_at"], "updated_at has moved")
    running = patch(task, {"progress": {"percent": 20, "step": None}}).json()
    equal(running["progress"], {"percent": 20}, "progress is merged")
    ended = patch(task, {"state": "failed", "error": 'broke "here"\n', "progress": None}).json()
    equal(
        (ended["state"], ended["error"], ended["progress"], ended["revision"]),
        ("failed", 'broke "here"\n', None, 4),
        "it has failed",
    )
    ok(TIME.match(ended["finished_at"]), "it has finished")
    again = patch(task, {"state": "pending", "error": None}).json()
    equal((again["finished_at"], again["error"]), (None, None), "and is taken back")
    equal(again["started_at"], running["started_at"], "it has been started all the same")
    answer = ask("DELETE", path)
    equal((answer.status, answer.body), (204, b""), "DELETE: 204 without a body")
    ok(is_problem(ask("GET", path), 404, "not-found"), "gone")
    ok(is_problem(ask("DELETE", path), 404, "not-found"), "it is removed once")


def members():
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
        "what was given comes back, times in UTC",
    )
    equal(
        (task["progress"], task["fields"]),
        (0.25, {"größe": [1, 2.5, None, {"a": True}], "none": None, "big": 2**63 - 1}),
        "progress and fields come back as they were",
    )
    changed = patch(
        task, {"not_before": None, "max_attempts": 0, "fields": {"none": None, "big": {"a": 1}}}
    ).json()
    equal((changed["not_before"], changed["max_attempts"]), (None, 0), "taken back")
    equal(
        changed["fields"],
        {"größe": [1, 2.5, None, {"a": True}], "big": {"a": 1}},
        "null takes a field away, the rest stays",
    )
    changed = patch(task, {"fields": {"big": {"b": {"c": 2, "d": None}}}}).json()
    equal(changed["fields"]["big"], {"a": 1, "b": {"c": 2}}, "an object is merged")
    changed = patch(task, {"fields": {"big": {"a": None, "b": {"c": None}}}}).json()
    equal(changed["fields"]["big"], {"b": {}}, "and its members are taken away")
    before = ask("GET", f"{TASKS}/{task['id']}").json()
    for body, place in (
        ({"id": UNKNOWN}, "/id"),
        ({"revision": 1}, "/revision"),
        ({"dialect": "native"}, "/dialect"),
        ({"titel": "x"}, "/titel"),
        ({"a/b~": 1}, "/a~1b~0"),
        ({"state": "done"}, "/state"),
        ({"status": "processing"}, "/status"),
        ({"state": "failed", "status": "running"}, "/status"),
        ({"priority": "high"}, "/priority"),
        ({"priority": 2**31}, "/priority"),
        ({"not_before": "tomorrow"}, "/not_before"),
        ({"error": ["e"]}, "/error"),
        ({"progress": "x" * 4095}, "/progress"),
        ({"fields": None}, "/fields"),
        ({"fields": {f"f{i}": i for i in range(61)}}, "/fields"),
    ):
        answer = patch(task, body)
        ok(is_problem(answer, 422, "unprocessable", ("pointer", place)), f"422 at {place}", answer)
    for name, body in {
        "no body": b"",
        "an array": b"[]",
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
    ok(is_problem(answer, 422, "unprocessable"), "a task gathers no more than 64 fields", answer)
    after = ask("GET", f"{TASKS}/{task['id']}").json()
    equal(len(after["fields"]), len(before["fields"]) + 60, "and keeps those it had")


def dialects():
    """What one API makes, the other shows."""
    instance = shared()
    made = instance.create(description="clone", status="installing", mine={"a": 1})
    task = ask("GET", f"{TASKS}/{made}").json()
    equal(
        (task["dialect"], task["state"], task["status"]),
        ("virtshell", "running", "installing"),
        "a VirtShell task is seen",
    )
    equal(task["fields"], {"description": "clone", "mine": {"a": 1}}, "with its fields")
    equal(patch(task, {"state": "running"}).json()["status"], "installing", "its status is kept")
    equal(patch(task, {"state": "succeeded"}).json()["status"], "sucess", "or follows the state")
    equal(instance.get("/tasks/" + made).json()["status"], "sucess", "and its client sees it")
    equal(patch(task, {"status": "melting"}).json()["state"], "running", "VirtShell takes others")
    answer = patch(task, {"fields": {"description": {"a": 1}}})
    ok(
        is_problem(answer, 422, "unprocessable", ("pointer", "/fields/description")),
        "a description that is no string is not",
        answer,
    )
    equal(instance.get("/tasks/" + made).json()["description"], "clone", "and was not written")
    task = create(dialect="virtshell", status="provisioned", fields={"description": "made here"})
    equal(task["state"], "succeeded", "the state is that of the status")
    shown = instance.get("/tasks/" + task["id"]).json()
    equal((shown["status"], shown["description"]), ("provisioned", "made here"), "shown there")
    answer = ask("POST", TASKS, {"dialect": "jira"}, ("Content-Type", "application/json"))
    ok(is_problem(answer, 422, "unprocessable", ("pointer", "/dialect")), "no such dialect")


def moves():
    """How a backend moves on what clients of other APIs have asked for."""
    names = {"inventory_id": "item-1", "product": "adbreaks", "version": "1.0.1"}
    task = create(dialect="vionlabs", fields=names)
    equal((task["state"], task["status"]), ("pending", "pending"), "a Vionlabs task")
    moved = patch(task, {"state": "running"}).json()
    equal((moved["state"], moved["status"]), ("running", "processing"), "is being processed")
    moved = patch(task, {"status": "done"}).json()
    equal((moved["state"], moved["status"]), ("succeeded", "done"), "and done")
    again = {"dialect": "vionlabs", "fields": names}
    answer = ask("POST", TASKS, again, ("Content-Type", "application/json"))
    ok(is_problem(answer, 409, "conflict"), "there is one of these names: 409", answer)
    again["fields"] = {"product": "adbreaks", "version": "1.0.1"}
    answer = ask("POST", TASKS, again, ("Content-Type", "application/json"))
    place = ("pointer", "/fields/inventory_id")
    ok(is_problem(answer, 422, "unprocessable", place), "one name is missing: 422", answer)
    task = create(dialect="uplynk", fields={"operation": "CREATE"})
    equal((task["state"], task["status"]), ("running", "IN_PROGRESS"), "an Uplynk task has begun")
    equal(uuid.UUID(task["id"]).version, 4, "with an id such as its clients know")
    moved = patch(task, {"state": "succeeded"}).json()
    equal((moved["state"], moved["status"]), ("succeeded", "COMPLETED"), "and is complete")
    answer = patch(task, {"state": "running"})
    ok(is_problem(answer, 409, "conflict", ("pointer", "/state")), "for good: 409", answer)
    found = items("?dialect=vionlabs&fields.inventory_id=item-1")
    equal([item["status"] for item in found], ["done"], "found by an indexed field")
    found = items("?dialect=vionlabs,uplynk&state=succeeded&sort=-updated")
    equal([item["dialect"] for item in found], ["uplynk", "vionlabs"], "both, the last one first")


def archive():
    instance = shared()
    task = create(dialect="virtshell", fields={"description": "old"})
    path = f"{TASKS}/{task['id']}"
    answer = ask("POST", path + "/archive")
    equal((answer.status, answer.json()["archived"]), (200, True), "POST …/archive")
    equal(ask("GET", path).json()["archived"], True, "it is read by its id")
    query = "?dialect=virtshell&limit=500&archived="
    found = {
        place: task["id"] in [item["id"] for item in items(query + place)]
        for place in ("false", "true", "any")
    }
    equal(found, {"false": False, "true": True, "any": True}, "and listed where asked for")
    ok(task["id"] not in [t["uuid"] for t in instance.tasks()], "its own API lists it no more")
    equal(ask("POST", path + "/archive").status, 200, "twice is no error")
    equal(patch(task, {"archived": False}).json()["archived"], False, "and back")
    ok(task["id"] in [item["id"] for item in items(query + "false")], "listed again")


def lists():
    """Pages of a set of its own: by the span of its creation."""
    first = create(fields={"n": 0})["created_at"]
    time.sleep(0.02)
    start = time.time()
    states = ("pending", "running", "failed")
    tasks = [create(state=states[i % 3], fields={"n": i}) for i in range(10)]
    time.sleep(0.02)
    other = shared().create(description="among them", status="failed")
    stop = ask("GET", f"{TASKS}/{other}").json()["created_at"]
    ids = [task["id"] for task in tasks]
    span = f"created_from={tasks[0]['created_at']}&created_to={stop}"
    ok(time.time() - start < 60 and first < tasks[0]["created_at"] < stop, "a span")
    page = ask("GET", f"{TASKS}?{span}").json()
    equal(list(page), ["items", "total", "next"], "a page")
    equal([t["id"] for t in page["items"]], ids, "in the order of creation, its end excluded")
    equal((page["total"], page["next"]), (10, None), "all of them")
    equal(page["items"][0], tasks[0], "each as it is read alone")
    equal([t["id"] for t in items(f"?{span}&sort=-created")], ids[::-1], "the last first")
    equal(
        [t["id"] for t in items(f"?{span}&state=pending,failed")],
        [t["id"] for t in tasks if t["state"] != "running"],
        "any of two states",
    )
    states = [t["state"] for t in items(f"?{span}&sort=state")]
    equal(states, sorted(states), "in the order of the states")
    patch(tasks[3], {"priority": 1})
    equal(items(f"?{span}&sort=-updated")[0]["id"], ids[3], "the last change first")
    failed = [t["id"] for t in items("?state=failed&limit=500")]
    ok(other in failed and ids[2] in failed, "a state of all dialects")
    failed = [t["id"] for t in items("?state=failed&limit=500&dialect=native,uplynk")]
    ok(other not in failed and ids[2] in failed, "a state of some dialects")
    both = items("?dialect=virtshell,native&limit=500")
    equal({t["dialect"] for t in both}, {"virtshell", "native"}, "two dialects")
    found = items("?dialect=virtshell&status=failed&status=in+progress")
    ok(found and {t["status"] for t in found} <= {"failed", "in progress"}, "statuses of one dialect")
    pages(f"?{span}", ids)
    pages(f"?{span}&sort=-created", ids[::-1])
    bad_lists()


def pages(query, ids):
    """Cursors, with writes between the pages."""
    seen, cursor, totals, turns = [], "", set(), 0
    while turns < 30:
        turns += 1
        page = ask("GET", f"{TASKS}{query}&limit=3{cursor}").json()
        seen += [task["id"] for task in page["items"]]
        totals.add(page["total"])
        patch({"id": ids[turns % len(ids)]}, {"fields": {"touched": turns}})
        if not page["next"]:
            break
        cursor = "&cursor=" + page["next"]
    equal(seen, ids, f"{query[-9:]}: page by page, each task once, whatever is written meanwhile")
    equal(totals, {len(ids)}, "with the same total")
    page = ask("GET", f"{TASKS}{query}&limit=3&total=false").json()
    equal(page["total"], None, "no total where none is wanted")
    for name, address in (
        ("another query", f"{TASKS}?state=failed&cursor={page['next']}"),
        ("a damaged cursor", f"{TASKS}{query}&cursor={page['next'][:-3]}AAA"),
        ("no cursor", f"{TASKS}{query}&cursor=x"),
    ):
        answer = ask("GET", address)
        ok(is_problem(answer, 400, "invalid", ("parameter", "cursor")), f"{name}: 400", answer)


def bad_lists():
    for query, name in (
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=1&limit=1", "limit"),
        ("dialect=jira", "dialect"),
        ("state=done", "state"),
        ("archived=1", "archived"),
        ("total=yes", "total"),
        ("sort=priority", "sort"),
        ("status=x", "status"),
        ("fields.n=1", "fields.n"),
        ("dialect=native&fields.n=1", "fields.n"),
        ("created_from=yesterday", "created_from"),
        ("page=2", "page"),
    ):
        answer = ask("GET", f"{TASKS}?{query}")
        ok(is_problem(answer, 400, "invalid", ("parameter", name)), f"?{query}: 400", answer)


def conditions():
    task = create()
    path = f"{TASKS}/{task['id']}"
    equal(ask("GET", path, None, ("If-None-Match", '"1"')).status, 304, "If-None-Match: 304")
    equal(ask("GET", path, None, ("If-None-Match", '"2"')).status, 200, "another tag: 200")
    equal(patch(task, {"state": "running"}, ("If-Match", '"1"')).status, 200, "If-Match")
    for method, body, line in (
        ("PATCH", {"state": "failed"}, ("If-Match", '"1"')),
        ("DELETE", None, ("If-Match", '"1", "7"')),
        ("DELETE", None, ("If-None-Match", "*")),
    ):
        answer = ask(method, path, body, line)
        ok(is_problem(answer, 412, "precondition"), f"{method} {line[0]}: 412", answer)
    answer = ask("POST", path + "/archive", None, ("If-Match", '"1"'))
    ok(is_problem(answer, 412, "precondition"), "archive If-Match: 412", answer)
    equal(ask("GET", path).json()["revision"], 2, "nothing was written")
    equal(ask("DELETE", path, None, ("If-Match", '"2"')).status, 204, "the right tag")
    key = ("Idempotency-Key", f'"{uuid.uuid4()}"')
    one, two = create(key, fields={"a": 1}), create(key, fields={"a": 1})
    equal(one, two, "the same request with the same key: the same task")
    answer = ask("POST", TASKS, {"fields": {"a": 2}}, ("Content-Type", "application/json"), key)
    ok(is_problem(answer, 422, "key-reused"), "another request with that key: 422", answer)
    answer = ask("POST", TASKS, {}, ("Content-Type", "application/json"), ("Idempotency-Key", '""'))
    ok(
        is_problem(answer, 400, "invalid", ("header", "Idempotency-Key")),
        "an empty key: 400",
        answer,
    )


def refusals():
    instance = shared()
    task = create()
    path = f"{TASKS}/{task['id']}"
    for name, address in (
        ("an id that nobody has", f"{TASKS}/{UNKNOWN}"),
        ("no id", TASKS + "/7"),
        ("an escaped slash", TASKS + "/a%2Fb"),
        ("no ASCII", TASKS + "/%C3%BC"),
    ):
        answer = ask("GET", address)
        ok(is_problem(answer, 404, "not-found"), f"{name}: 404", answer)
        answer = ask("PATCH", address, {}, MERGE)
        ok(is_problem(answer, 404, "not-found"), f"PATCH {name}: 404", answer)
    ok(is_problem(ask("GET", "/v1/claims"), 404, "no-route"), "nothing at this address")
    for method, address, allowed in (
        ("PUT", path, {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
        ("DELETE", TASKS, {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", path + "/archive", {"POST", "OPTIONS"}),
    ):
        answer = ask(method, address)
        ok(is_problem(answer, 405, "method"), f"{method}: 405", answer)
        equal(set(answer.headers["Allow"].split(", ")), allowed, "Allow")
    answer = ask("OPTIONS", path)
    equal(answer.status, 204, "OPTIONS: 204")
    answer = ask("GET", path, None, ("Accept", "text/html"))
    ok(is_problem(answer, 406, "not-acceptable", ("header", "Accept")), "406", answer)
    answer = ask("POST", TASKS, b"a=b", ("Content-Type", "application/x-www-form-urlencoded"))
    ok(is_problem(answer, 415, "media-type", ("header", "Content-Type")), "415", answer)
    answer = ask("PATCH", path, b"[]", ("Content-Type", "application/json-patch+json"))
    ok(is_problem(answer, 415, "media-type"), "a JSON patch: 415", answer)
    ok("application/merge-patch+json" in answer.headers["Accept-Patch"], "Accept-Patch")
    answer = ask("HEAD", path)
    equal(
        (answer.status, answer.headers["ETag"], answer.body),
        (200, '"1"', b""),
        "HEAD: no body",
    )
    answer = ask("GET", TASKS + "/7")
    equal(
        answer.json()["instance"],
        "/v1/requests/" + answer.headers["X-Request-Id"],
        "a problem names the request",
    )
    reader = instance.add_token("tester", "reader", "--rights", "read")
    for method, address, body in (
        ("POST", TASKS, {}),
        ("PATCH", path, {}),
        ("DELETE", path, None),
        ("POST", path + "/archive", None),
    ):
        answer = instance.request(method, address, body, headers=instance.bearer(reader))
        equal(answer.status, 403, f"{method} with a token that may only read: 403")
    equal(
        instance.request("GET", path, headers=instance.bearer(reader)).status, 200, "which may read"
    )
    equal(instance.request("GET", TASKS, headers=[]).status in (401, 403), True, "no token")


def tenants():
    """Nobody sees or changes another tenant's tasks."""
    instance = shared()
    instance.ctl("user", "add", "stranger", "--tenant", "elsewhere")
    token = instance.add_token("stranger", "stranger")
    task = create()
    path = f"{TASKS}/{task['id']}"
    for method, body in (("GET", None), ("PATCH", {"state": "failed"}), ("DELETE", None)):
        answer = instance.request(method, path, body, headers=instance.bearer(token))
        ok(is_problem(answer, 404, "not-found"), f"{method}: 404", answer)
    answer = instance.request("GET", TASKS, headers=instance.bearer(token)).json()
    equal(answer, {"items": [], "total": 0, "next": None}, "an empty list")
    page = ask("GET", TASKS + "?limit=1").json()
    answer = instance.request(
        "GET", f"{TASKS}?limit=1&cursor={page['next']}", headers=instance.bearer(token)
    )
    ok(is_problem(answer, 400, "invalid"), "a cursor of another tenant: 400", answer)


def the_end():
    shared().verify("native")
    shared().stop("native")


run_tests(life, members, dialects, moves, archive, lists, conditions, refusals, tenants, the_end)
