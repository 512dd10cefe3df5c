"""Vionlabs end to end: the documented calls, names of every kind, all that is refused, one's own tasks."""
import functools
import json
from urllib.parse import quote

from lib import Instance, run_tests
from tap import equal, ok

ITEMS = "/tasks/catalog-item/"
PRODUCTS = (
    "adbreaks contextual_adbreak emotions fingerprint fingerprintplus jitpreviews jitthumbnails "
    "markers nudity profanity semantic similar content_summary semantic_scenes "
    "vertical_conversion scene_tags"
).split()
JSON = ("Content-Type", "application/json")


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def address(item, product="adbreaks", version="1.0.1"):
    return f"{ITEMS}{quote(item, '')}/product/{quote(product, '')}/version/{quote(version, '')}"


def status(path, word, error=None):
    """The documented object, byte by byte."""
    links = {
        name: {"href": path, "method": method}
        for name, method in (("self", "GET"), ("create", "POST"), ("deactivate", "DELETE"))
    }
    return json.dumps(
        {"status": word, "error": error, "_links": links},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def entry(product, version, word="pending", error=None):
    return {
        "task_status": {"status": word, "error": error},
        "product": product,
        "version": version,
    }


def items(item, headers=None):
    answer = shared().request("GET", ITEMS + quote(item, ""), headers=headers)
    return answer.json() if answer.status == 200 else answer


def shows(answer, code, body, name):
    equal(
        (answer.status, answer.headers["Content-Type"], answer.body),
        (code, "application/json", body),
        name,
    )


def documented():
    instance = shared()
    path = address("string", "adbreaks", "string")
    equal(items("string"), [], "an item that nobody knows")
    shows(instance.request("GET", path), 404, b'{"detail":"Task not found"}', "nothing to read")
    shows(
        instance.request("DELETE", path), 404, b'{"detail":"Task not found"}', "or to deactivate"
    )
    headers = instance.bearer() + [JSON]
    answer = instance.request("POST", path, '{ "priority": "low" }', headers)
    shows(answer, 200, status(path, "pending"), "create")
    shows(instance.request("GET", path), 200, status(path, "pending"), "read")
    shows(
        instance.request("GET", ITEMS + "string"),
        200,
        b'[{"task_status":{"status":"pending","error":null},"product":"adbreaks",'
        b'"version":"string"}]',
        "list",
    )
    shows(instance.request("DELETE", path), 200, status(path, "deactivated"), "deactivate")
    shows(instance.request("GET", path), 200, status(path, "deactivated"), "it can still be read")
    equal(items("string"), [entry("adbreaks", "string", "deactivated")], "and is listed")
    shows(instance.request("DELETE", path), 200, status(path, "deactivated"), "once more")
    shows(instance.request("POST", path), 200, status(path, "pending"), "and begun anew")
    equal(items("string"), [entry("adbreaks", "string")], "it is one task all the time")


def again():
    """A creation of what is there."""
    instance = shared()
    path = address("again")
    first = instance.request("POST", path, {"priority": "high"})
    second = instance.request("POST", path)
    equal(
        (second.status, second.body, second.headers["ETag"]),
        (200, first.body, first.headers["ETag"]),
        "a second creation writes nothing",
    )
    third = instance.request("POST", path, {"priority": "low"})
    ok(third.headers["ETag"] != first.headers["ETag"], "another priority is written", third)
    fourth = instance.request("POST", path, {"priority": "low"})
    equal(fourth.headers["ETag"], third.headers["ETag"], "the same priority is not")
    equal(items("again"), [entry("adbreaks", "1.0.1")], "one task")


def exported(instance, item):
    for line in instance.ctl("export").splitlines():
        task = json.loads(line)
        if task["dialect"] == "vionlabs" and task["fields"]["inventory_id"] == item:
            return task
    raise RuntimeError(f"no task of {item} in the export")


def states():
    """What workers make of a task, put there by way of an import."""
    instance = shared()
    item = "states"
    path = address(item)
    instance.request("POST", path, {"priority": "medium"})
    task = exported(instance, item)
    equal(
        (task["priority"], task["fields"]["priority"], task["state"], task["status"]),
        (1, "medium", "pending", "pending"),
        "what is kept of a creation",
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
        equal(items(item), [entry("adbreaks", "1.0.1", word, shown)], "the same in the list")
        if state == "running":
            answer = instance.request("POST", path)
            shows(answer, 200, status(path, word), "a creation leaves it running")
    shows(instance.request("POST", path), 200, status(path, "pending"), "what is done begins anew")
    task = exported(instance, item)
    equal(task.get("error"), None, "without the old error")
    task["archived"] = True
    instance.ctl("import", stdin=json.dumps(task) + "\n")
    equal(items(item), [], "what is archived is not in the list")
    shows(instance.request("GET", path), 200, status(path, "pending"), "but can be read")
    shows(instance.request("POST", path), 200, status(path, "pending"), "and begun anew")
    equal(items(item), [entry("adbreaks", "1.0.1")], "which puts it back into the list")


def names():
    """Items and versions of every form that an address can carry."""
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
        shows(answer, 200, status(path, "pending"), f"create {item[:30]!r}")
        link = answer.json()["_links"]["self"]["href"]
        shows(instance.request("GET", link), 200, answer.body, "its own link leads to it")
        equal(items(item), [entry("semantic_scenes", "v/1 \u00e5")], "and it is in its list")
    path = address("a+b")
    lower = path.replace("%2B", "%2b")
    shows(instance.request("POST", lower), 200, status(path, "pending"), "escapes in lower case")
    shows(
        instance.request("GET", path.replace("%2B", "+")),
        200,
        status(path, "pending"),
        "a plus sign is one with and without an escape",
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
            ok(False, "create", answer)
    connection.close()
    equal(
        [(row["product"], row["version"]) for row in items("order")],
        wanted,
        "by product, then version, whatever the order of creation",
    )
    equal(items("orde"), [], "a part of an item's name is another item")


def refusals():
    instance = shared()
    listed = ", ".join(f"'{name}'" for name in PRODUCTS[:-1]) + f" or '{PRODUCTS[-1]}'"
    product = {
        "type": "enum",
        "loc": ["path", "product"],
        "msg": "Input should be " + listed,
        "input": "foo",
        "ctx": {"expected": listed},
    }
    three = "'low', 'medium' or 'high'"
    priority = {
        "type": "enum",
        "loc": ["body", "priority"],
        "msg": "Input should be " + three,
        "input": "urgent",
        "ctx": {"expected": three},
    }
    path, wrong = address("refused"), address("refused", "foo")
    broken = {"type": "json_invalid", "loc": ["body", 12], "msg": "JSON decode error"}
    broken.update(input={}, ctx={"error": "Expecting value"})
    no_object = {
        "type": "model_attributes_type",
        "loc": ["body"],
        "msg": "Input should be a valid dictionary or object to extract fields from",
        "input": ["low"],
    }
    for method, where, body, problems in (
        ("GET", wrong, None, [product]),
        ("DELETE", wrong, None, [product]),
        ("POST", wrong, None, [product]),
        ("POST", path, '{"priority":"urgent"}', [priority]),
        ("POST", wrong, '{"priority":"urgent"}', [product, priority]),
        ("POST", wrong, '{"priority":', [broken]),
        ("POST", path, '["low"]', [no_object]),
    ):
        answer = instance.request(method, where, body)
        equal(
            (answer.status, answer.body),
            (422, json.dumps({"detail": problems}, separators=(",", ":")).encode()),
            f"{method} {where[-30:]} {body}",
        )
    for name, body, code in (
        ("not UTF-8", b'{"a": "\xff"}', 400),
        ("a NUL", b"{}\0", 400),
        ("100000 levels", b"[" * 100000, 422),
        ("duplicate members", b'{"priority":"low","priority":"low"}', 422),
        ("a priority of 100000 bytes", b'{"priority":"' + b"x" * 100000 + b'"}', 422),
        ("a form", b"priority=low", 422),
    ):
        answer = instance.request("POST", path, body)
        equal((answer.status, list(answer.json())), (code, ["detail"]), name)
    long = instance.request("GET", address("i" * 513, "markers", "v" * 129)).json()["detail"]
    equal(
        [(problem["type"], problem["loc"][1], problem["ctx"]) for problem in long],
        [
            ("string_too_long", "inventory_id", {"max_length": 512}),
            ("string_too_long", "version", {"max_length": 128}),
        ],
        "too long",
    )
    equal(items("refused"), [], "none of these made a task")


def bodies():
    """What is taken: no body at all, any Content-Type, members that nobody knows."""
    instance = shared()
    for name, body, headers in (
        ("no body", None, []),
        ("an empty body", b"", [JSON]),
        ("an empty object", b"{}", [JSON]),
        ("null", b"null", [JSON]),
        ("a priority of null", b'{"priority":null}', [JSON]),
        ("a form by its type", b'{"priority":"high"}', [("Content-Type", "x/y; charset=z")]),
        ("no type", b'{"priority":"high"}', []),
        ("unknown members", b'{"status":"done","x":[{}]}', [JSON]),
    ):
        path = address(name)
        answer = instance.request("POST", path, body, instance.bearer() + headers)
        shows(answer, 200, status(path, "pending"), name)
    answer = instance.raw_request(
        f"POST {address('chunked')} HTTP/1.1".encode(),
        [
            f"Authorization: Bearer {instance.token}".encode(),
            b"Connection: close",
            b"Transfer-Encoding: chunked",
            b"",
            b'5\r\n{"pri\r\n11\r\nority":"medium"} \r\n0',
        ],
    )
    equal(answer.status, 200, "a chunked body")


def methods():
    instance = shared()
    path = address("methods")
    instance.request("POST", path)
    for method, where, allowed in (
        ("PUT", path, "GET, HEAD, POST, DELETE, OPTIONS"),
        ("PATCH", path, "GET, HEAD, POST, DELETE, OPTIONS"),
        ("POST", ITEMS + "methods", "GET, HEAD, OPTIONS"),
        ("DELETE", ITEMS + "methods", "GET, HEAD, OPTIONS"),
    ):
        answer = instance.request(method, where)
        shows(answer, 405, b'{"detail":"Method Not Allowed"}', f"{method} {where}")
        equal(answer.headers["Allow"], allowed, "and what is allowed")
    answer = instance.request("OPTIONS", path)
    equal((answer.status, answer.body), (204, b""), "OPTIONS")
    answer = instance.request("HEAD", path)
    equal((answer.status, answer.body), (200, b""), "HEAD")
    equal(instance.request("HEAD", address("nobody")).status, 404, "HEAD of what is not there")
    for where in ("methods/product", "methods/product/adbreaks", "methods/x/adbreaks/version/1"):
        shows(instance.request("GET", ITEMS + where), 404, b'{"detail":"Not Found"}', where)
    for where, query in ((path, ""), (path, "?a=b"), (ITEMS + "methods", "")):
        answer = instance.request("GET", f"{where}/{query}")
        equal(
            (answer.status, answer.headers["Location"]),
            (307, f"https://{instance.host}{where}{query}"),
            f"a slash too many: {where}/{query}",
        )
    equal(instance.request("GET", path + "?page=2").status, 200, "a query changes nothing")


def conditions():
    instance = shared()
    path = address("conditions")
    tag = instance.request("POST", path).headers["ETag"]
    answer = instance.request("GET", path, headers=instance.bearer() + [("If-None-Match", tag)])
    equal((answer.status, answer.body), (304, b""), "not changed")
    headers = instance.bearer() + [("If-Match", '"99"')]
    shows(
        instance.request("DELETE", path, headers=headers),
        412,
        b'{"detail":"The task has changed since it was read."}',
        "not deactivated: another revision",
    )
    shows(instance.request("GET", path), 200, status(path, "pending"), "nor changed")
    headers = instance.bearer() + [("If-Match", tag)]
    equal(instance.request("DELETE", path, headers=headers).status, 200, "the right revision")


def others():
    """A name means a task within its tenant; a right to read is none to write."""
    instance = shared()
    path = address("others")
    instance.request("POST", path)
    instance.ctl("user", "add", "neighbour", "--tenant", "elsewhere")
    theirs = instance.bearer(instance.add_token("neighbour", "n"))
    shows(
        instance.request("GET", path, headers=theirs),
        404,
        b'{"detail":"Task not found"}',
        "a task of another tenant cannot be read",
    )
    equal(instance.request("DELETE", path, headers=theirs).status, 404, "or deactivated")
    equal(items("others", theirs), [], "or listed")
    shows(
        instance.request("POST", path, headers=theirs),
        200,
        status(path, "pending"),
        "the same name may be used there",
    )
    equal(instance.request("DELETE", path, headers=theirs).status, 200, "and deactivated there")
    shows(instance.request("GET", path), 200, status(path, "pending"), "which is not seen here")
    reader = instance.bearer(instance.add_token("tester", "r", "--rights", "read"))
    equal(instance.request("GET", path, headers=reader).status, 200, "who may read reads")
    for method in ("POST", "DELETE"):
        shows(
            instance.request(method, path, headers=reader),
            403,
            b'{"detail":"The credential does not allow this."}',
            f"and does not {method}",
        )


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(
    documented,
    again,
    states,
    names,
    order,
    refusals,
    bodies,
    methods,
    conditions,
    others,
    ending,
)
