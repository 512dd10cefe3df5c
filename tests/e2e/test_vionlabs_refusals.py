"""Vionlabs: refused and accepted bodies, methods, preconditions, tenants and rights."""
import json

from lib import run_tests
from tap import equal
from vionlabs_client import ITEMS, JSON, PRODUCTS, address, items, shared, shows, status


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
        equal((answer.status, list(answer.json())), (code, ["detail"]), f"POST of {name}: {code}")
    long = instance.request("GET", address("i" * 513, "markers", "v" * 129)).json()["detail"]
    equal(
        [(problem["type"], problem["loc"][1], problem["ctx"]) for problem in long],
        [
            ("string_too_long", "inventory_id", {"max_length": 512}),
            ("string_too_long", "version", {"max_length": 128}),
        ],
        "names beyond the limits: 422 with both problems",
    )
    equal(items("refused"), [], "refused requests create no task")


def bodies():
    """Accepted bodies: none, any Content-Type, unknown members."""
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
        shows(answer, 200, status(path, "pending"), f"POST of {name}: 200")
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
    equal(answer.status, 200, "POST of a chunked body: 200")


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
        equal(answer.headers["Allow"], allowed, "405 has Allow")
    answer = instance.request("OPTIONS", path)
    equal((answer.status, answer.body), (204, b""), "OPTIONS: 204")
    answer = instance.request("HEAD", path)
    equal((answer.status, answer.body), (200, b""), "HEAD: 200")
    equal(instance.request("HEAD", address("unknown")).status, 404, "HEAD of an unknown task: 404")
    for where in ("methods/product", "methods/product/adbreaks", "methods/x/adbreaks/version/1"):
        shows(
            instance.request("GET", ITEMS + where),
            404,
            b'{"detail":"Not Found"}',
            f"GET {where}: 404",
        )
    for where, query in ((path, ""), (path, "?a=b"), (ITEMS + "methods", "")):
        answer = instance.request("GET", f"{where}/{query}")
        equal(
            (answer.status, answer.headers["Location"]),
            (307, f"https://{instance.host}{where}{query}"),
            f"trailing slash: {where}/{query}: 307",
        )
    for method, slashes in (("GET", "//"), ("PUT", "/"), ("POST", "///")):
        answer = instance.request(method, f"{path}{slashes}", documented=False)
        equal(
            (answer.status, answer.headers["Location"]),
            (307, f"https://{instance.host}{path}"),
            f"{method} {path}{slashes}: 307 to the path without a slash",
        )
    for query in (f"?key={instance.token}", f"?a=b&ke%79={instance.token}"):
        answer = instance.request("GET", f"{path}/{query}", headers=[])
        equal(
            (answer.status, answer.headers["Location"]),
            (200, None),
            "trailing slash and key in the query: no redirect",
        )
    equal(instance.request("GET", path + "?page=2").status, 200, "GET with a query: 200")


def conditions():
    instance = shared()
    path = address("conditions")
    tag = instance.request("POST", path).headers["ETag"]
    answer = instance.request("GET", path, headers=instance.bearer() + [("If-None-Match", tag)])
    equal((answer.status, answer.body), (304, b""), "If-None-Match of the current revision: 304")
    headers = instance.bearer() + [("If-Match", '"99"')]
    shows(
        instance.request("DELETE", path, headers=headers),
        412,
        b'{"detail":"The task has changed since it was read."}',
        "DELETE with If-Match of another revision: 412",
    )
    shows(
        instance.request("GET", path),
        200,
        status(path, "pending"),
        "the refused DELETE changes nothing",
    )
    headers = instance.bearer() + [("If-Match", tag)]
    equal(
        instance.request("DELETE", path, headers=headers).status,
        200,
        "DELETE with If-Match of the current revision: 200",
    )


def tenants_and_rights():
    """Names belong to a tenant; the right to read does not allow writes."""
    instance = shared()
    path = address("others")
    instance.request("POST", path)
    instance.ctl("user", "add", "neighbour", "--tenant", "elsewhere")
    theirs = instance.bearer(instance.add_token("neighbour", "n"))
    shows(
        instance.request("GET", path, headers=theirs),
        404,
        b'{"detail":"Task not found"}',
        "GET of another tenant's task: 404",
    )
    equal(
        instance.request("DELETE", path, headers=theirs).status,
        404,
        "DELETE of another tenant's task: 404",
    )
    equal(items("others", theirs), [], "list of another tenant's item: empty")
    shows(
        instance.request("POST", path, headers=theirs),
        200,
        status(path, "pending"),
        "POST of the same name in another tenant: 200",
    )
    equal(instance.request("DELETE", path, headers=theirs).status, 200, "DELETE there: 200")
    shows(
        instance.request("GET", path),
        200,
        status(path, "pending"),
        "DELETE in another tenant does not affect this task",
    )
    reader = instance.bearer(
        instance.add_token("tester", "r", "--rights", "read")
    )
    equal(
        instance.request("GET", path, headers=reader).status, 200, "GET with the right to read: 200"
    )
    for method in ("POST", "DELETE"):
        shows(
            instance.request(method, path, headers=reader),
            403,
            b'{"detail":"The credential does not allow this."}',
            f"{method} with the right to read only: 403",
        )


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(refusals, bodies, methods, conditions, tenants_and_rights, ending)
