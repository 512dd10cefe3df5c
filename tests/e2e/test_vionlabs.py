"""Vionlabs: the documented calls, states, names and the order of lists."""
import json

from lib import run_tests
from tap import equal, ok
from vionlabs_client import ITEMS, JSON, PRODUCTS, address, entry, items, shared, shows, status


def documented():
    instance = shared()
    path = address("string", "adbreaks", "string")
    equal(items("string"), [], "list of an unknown item: empty")
    shows(
        instance.request("GET", path), 404, b'{"detail":"Task not found"}', "GET before POST: 404"
    )
    shows(
        instance.request("DELETE", path),
        404,
        b'{"detail":"Task not found"}',
        "DELETE before POST: 404",
    )
    headers = instance.bearer() + [JSON]
    answer = instance.request("POST", path, '{ "priority": "low" }', headers)
    shows(answer, 200, status(path, "pending"), "POST: the documented answer")
    shows(instance.request("GET", path), 200, status(path, "pending"), "GET: the documented answer")
    shows(
        instance.request("GET", ITEMS + "string"),
        200,
        b'[{"task_status":{"status":"pending","error":null},"product":"adbreaks",'
        b'"version":"string"}]',
        "list: the documented answer",
    )
    shows(instance.request("DELETE", path), 200, status(path, "deactivated"), "DELETE: deactivated")
    shows(
        instance.request("GET", path),
        200,
        status(path, "deactivated"),
        "GET after DELETE: deactivated",
    )
    equal(
        items("string"),
        [entry("adbreaks", "string", "deactivated")],
        "list after DELETE: deactivated",
    )
    shows(
        instance.request("DELETE", path),
        200,
        status(path, "deactivated"),
        "DELETE again: deactivated",
    )
    shows(
        instance.request("POST", path),
        200,
        status(path, "pending"),
        "POST after DELETE reopens the task",
    )
    equal(items("string"), [entry("adbreaks", "string")], "repeated POST keeps one task")


def repeated_post():
    """POST of a task that exists."""
    instance = shared()
    path = address("again")
    first = instance.request("POST", path, {"priority": "high"})
    second = instance.request("POST", path)
    equal(
        (second.status, second.body, second.headers["ETag"]),
        (200, first.body, first.headers["ETag"]),
        "POST again without a body writes nothing",
    )
    third = instance.request("POST", path, {"priority": "low"})
    ok(
        third.headers["ETag"] != first.headers["ETag"],
        "POST with another priority writes it",
        third,
    )
    fourth = instance.request("POST", path, {"priority": "low"})
    equal(
        fourth.headers["ETag"], third.headers["ETag"], "POST with the same priority writes nothing"
    )
    equal(
        items("again"),
        [entry("adbreaks", "1.0.1")],
        "repeated POST with other priorities keeps one task",
    )


def exported(instance, item):
    for line in instance.ctl("export").splitlines()[1:-1]:
        task = json.loads(line)
        if task["dialect"] == "vionlabs" and task["fields"]["inventory_id"] == item:
            return task
    raise RuntimeError(f"no task of {item} in the export")


def states():
    """The states that a backend can set, set here by an import."""
    instance = shared()
    item = "states"
    path = address(item)
    instance.request("POST", path, {"priority": "medium"})
    task = exported(instance, item)
    equal(
        (task["priority"], task["fields"]["priority"], task["state"], task["status"]),
        (0, "medium", "pending", "pending"),
        "POST stores priority, state and status",
    )
    for state, word, left, shown in (
        ("running", "processing", None, None),
        ("failed", "failed", 'probe "moov" \u00fc', 'probe "moov" \u00fc'),
        ("failed", "failed", {"code": 7}, '{"code":7}'),
        ("succeeded", "done", "an old failure", None),
    ):
        task["state"], task["status"] = state, word
        task.pop("error", None)
        if left:
            task["error"] = left
        instance.ctl("import", stdin=json.dumps(task) + "\n")
        shows(instance.request("GET", path), 200, status(path, word, shown), f"{state}: {left}")
        equal(items(item), [entry("adbreaks", "1.0.1", word, shown)], "list shows the same state")
        if state in ("running", "succeeded"):
            answer = instance.request("POST", path, {"priority": "high"})
            shows(answer, 200, status(path, word), f"POST keeps the state {word}")
    equal(exported(instance, item)["priority"], 0, "POST leaves a done task unchanged")
    task["state"], task["status"], task["error"] = "failed", "failed", "no audio"
    instance.ctl("import", stdin=json.dumps(task) + "\n")
    shows(
        instance.request("POST", path),
        200,
        status(path, "pending"),
        "POST of a failed task reopens it",
    )
    task = exported(instance, item)
    equal(task.get("error"), None, "a reopened task has no error")


def archived():
    """The native API archives a task: reads and the list of the item agree."""
    instance = shared()
    item = "archived"
    path = address(item)
    instance.request("POST", path)
    task = exported(instance, item)
    archive = f"/v1/tasks/{task['id']}/archive"
    equal(instance.request("POST", archive).status, 200, "the task is archived")
    shows(instance.request("GET", path), 200, status(path, "pending"), "GET of an archived task")
    equal(items(item), [entry("adbreaks", "1.0.1")], "the list of the item has it too")
    shows(
        instance.request("POST", path),
        200,
        status(path, "pending"),
        "POST of an archived task answers like GET",
    )
    ok(not exported(instance, item).get("archived"), "POST of an archived task makes it current")
    equal(items(item), [entry("adbreaks", "1.0.1")], "the list has it once")


def names():
    """Items and versions with every kind of character."""
    instance = shared()
    for item in (
        "season/1/episode 2",
        "f\u00f6rsta \u6620\u753b \U0001f3ac",
        'quotes "and" percent%25',
        "a+b&c=d?e#f",
        "~!$'()*,;:@-._",
        "product",
        "UPPER",
        "upper",
        "x" * 512,
        "new\nline",
    ):
        path = address(item, "semantic_scenes", "v/1 \u00e5")
        answer = instance.request("POST", path, {})
        shows(answer, 200, status(path, "pending"), f"POST {item[:30]!r}")
        link = answer.json()["_links"]["self"]["href"]
        shows(instance.request("GET", link), 200, answer.body, "GET of its self link")
        equal(items(item), [entry("semantic_scenes", "v/1 \u00e5")], "list of its item")
    path = address("a+b")
    lower = path.replace("%2B", "%2b")
    shows(
        instance.request("POST", lower),
        200,
        status(path, "pending"),
        "POST with escapes in lower case",
    )
    shows(
        instance.request("GET", path.replace("%2B", "+")),
        200,
        status(path, "pending"),
        "a plus is the same with and without an escape",
    )


def order():
    instance = shared()
    wanted = sorted((p, f"{v}.{n:03}") for p in PRODUCTS for v in "12" for n in range(10))
    connection = instance.connect()
    for product, version in wanted[::-3] + wanted[1::3] + wanted[0::3] + wanted[2::3]:
        answer = instance.request(
            "POST", address("order", product, version), connection=connection
        )
        if answer.status != 200:
            ok(False, f"POST {product} {version}: 200", answer)
    connection.close()
    equal(
        [(row["product"], row["version"]) for row in items("order")],
        wanted,
        "a list is ordered by product, then version",
    )
    equal(items("orde"), [], "a prefix of an item's name is another item")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(documented, repeated_post, states, archived, names, order, ending)
