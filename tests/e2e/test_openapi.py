"""The OpenAPI documents: their validity, their examples, and answers compared with them."""
import json
import os
import subprocess

import openapi
from dialects import virtshell
from lib import Instance, run_tests
from paths import BUILD, SOURCE
from processes import find_program
from tap import equal, note, ok, skip

DOCUMENTS = openapi.documents()


def valid():
    """The public linter reports no error."""
    modules = os.path.join(BUILD, "tests", "openapi", "node_modules")
    node = find_program("node")
    if not node or not os.path.isdir(modules):
        skip("the documents are valid", "no linter: ./bootstrap check installs it with npm")
        return
    lint = os.path.join(SOURCE, "tests", "openapi", "lint.cjs")
    done = subprocess.run(
        [node, lint, *DOCUMENTS.values()],
        env=dict(os.environ, NODE_PATH=modules),
        capture_output=True,
        text=True,
        timeout=120,
    )
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    if not ok(
        done.returncode == 0 and findings and findings[-1].get("files") == len(DOCUMENTS),
        "the linter reads every document",
        done,
    ):
        return
    for name, file in DOCUMENTS.items():
        mine = [finding for finding in findings[:-1] if finding["file"] == file]
        errors = [finding for finding in mine if finding["severity"] == "error"]
        ok(
            not errors,
            f"{name}: valid",
            "\n".join(f"{e['rule']} {e['pointer']}: {e['message']}" for e in errors),
        )
        for finding in mine:
            if finding not in errors:
                note(f"{name}: {finding['rule']} {finding['pointer']}")


def _arrays(schema):
    """Every schema of an array in a document."""
    if isinstance(schema, dict):
        if schema.get("type") == "array" or "array" in (schema.get("type") or ()):
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _arrays(part)


def arrays():
    """Generators of OpenAPI 3.0 need items in each array."""
    for name, file in DOCUMENTS.items():
        with open(file, encoding="utf-8") as document:
            found = list(_arrays(json.load(document)))
        ok(all("items" in array for array in found), f"{name}: every array has items")


def _boolean_members(part):
    """Names of members whose schema is true or false."""
    if isinstance(part, dict):
        members = part.get("properties")
        if isinstance(members, dict):
            yield from (name for name, schema in members.items() if isinstance(schema, bool))
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            yield from _boolean_members(value)


def members():
    """Generators of OpenAPI 3.0 know no schema that is a boolean."""
    for name, file in DOCUMENTS.items():
        with open(file, encoding="utf-8") as document:
            found = list(_boolean_members(json.load(document)))
        equal(found, [], f"{name}: the schema of every member is an object")


def _headers(document, operation):
    """Names of the header fields that an operation reads."""
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            _, parameter = document.resolve(parameter["$ref"])
        if parameter["in"] == "header":
            yield parameter["name"]


def refusals():
    """Each operation has the statuses that serve/ answers for every dialect."""
    for name in DOCUMENTS:
        document = openapi.load(name)
        for template, item in document.root["paths"].items():
            for method in set(item) & set(openapi.METHODS):
                operation = item[method]
                expected = {"429", "503"}
                if method in ("post", "put", "patch"):
                    expected |= {"413"} if "oauth" in operation["tags"] else {"413", "415"}
                if "If-Match" in _headers(document, operation):
                    expected.add("412")
                missing = expected - set(operation["responses"])
                ok(not missing, f"{name}: {method} {template} has every refusal", missing)


def without_checker():
    if openapi.jsonschema:
        return False
    skip("answers agree with the documents", "python3-jsonschema is not installed")
    return True


def examples():
    """Every example of a body matches the schema beside it."""
    if without_checker():
        return
    for name in DOCUMENTS:
        document = openapi.load(name)
        wrong, count = [], 0
        for schema, at, value in document.examples():
            count += 1
            wrong += [f"{at}: {error}" for error in document.errors(schema, value)]
        ok(not wrong, f"{document.name}: {count} examples match their schemas", "\n".join(wrong))


def checker():
    """The checker itself: it accepts documented answers and reports all others."""
    if without_checker():
        return
    document = openapi.load("virtshell")
    uuid = "ab8076c0-db91-11e2-82ce-0002a5d5c51b"
    headers = {"Content-Type": "application/json", "X-Request-Id": "0" * 32}
    task = {
        "uuid": uuid,
        "description": "",
        "status": "pending",
        "type": "",
        "created": {"at": "1", "by": "x"},
        "last_update": "1",
        "log": "",
    }
    address = f"{virtshell.PREFIX}/tasks/{uuid}"

    def check(status=200, body=task, method="GET", path=address, **changed):
        own = {n: v for n, v in dict(headers, **changed).items() if v is not None}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return document.check(method, path, status, own, data)

    for name, found in {
        "a task": check(),
        "a task at another base": check(path=f"/api/virtsh/v1/tasks/{uuid}/?x=y"),
        "a list": check(body={"tasks": [task]}),
        "a member added by the client": check(body=dict(task, own=[1])),
        "an error": check(404, {"error": "x"}),
        "no body": check(406, b"", **{"Content-Type": None}),
        "HEAD": check(body=b"", method="HEAD"),
        "OPTIONS": check(204, b"", "OPTIONS"),
        "an unknown method": check(501, {"error": "x"}, "PATCH"),
        "an unknown address": check(404, {"error": "x"}, path=virtshell.PREFIX + "/x/y/z"),
        "a trailing slash": check(404, {"x": 1}, path=address + "/"),
        "with a charset": check(**{"Content-Type": "Application/JSON; charset=utf-8"}),
    }.items():
        equal(found, [], f"accepted: {name}")
    for name, found in {
        "an undocumented status": check(201),
        "an undocumented media type": check(**{"Content-Type": "text/html"}),
        "no media type": check(**{"Content-Type": None}),
        "a missing member": check(body={"uuid": uuid}),
        "a member of the wrong type": check(body=dict(task, last_update=1)),
        "a value of the wrong format": check(body=dict(task, uuid="x")),
        "a wrong member in a row of a list": check(body={"tasks": [dict(task, status=None)]}),
        "an undocumented member": check(404, {"error": "x", "more": 1}),
        "not JSON": check(body=b"{"),
        "an empty body": check(body=b""),
        "an undocumented body": check(406),
        "a missing header field": check(**{"X-Request-Id": None}),
        "a header field of the wrong format": check(**{"X-Request-Id": "x"}),
        "a missing Retry-After": check(503, {"error": "x"}),
        "a Retry-After that is not a number": check(503, {"error": "x"}, **{"Retry-After": "soon"}),
        "an undocumented success of a method": check(method="PATCH"),
        "a success at an undocumented address": check(path=virtshell.PREFIX + "/x/y/z"),
    }.items():
        equal(len(found), 1, f"reported: {name}")


def virtshell_answers():
    """Every operation of VirtShell; the instance compares its answers with the document."""
    if without_checker():
        return
    instance = Instance()
    uuid = instance.create(description="documented", type="create_instance", own={"a": [1, None]})
    task = instance.get("/tasks/" + uuid)
    etag = task.headers["ETag"]
    for path in ("/tasks", "/tasks/", "/tasks/pending", "/tasks/status/none", "/tasks/status"):
        instance.get(path)
    instance.request("HEAD", f"{virtshell.PREFIX}/tasks/{uuid}")
    instance.request("OPTIONS", f"{virtshell.PREFIX}/tasks/{uuid}")
    for headers in ([("If-None-Match", etag)], [("Accept", "text/html")], [("Content-MD5", "x")]):
        instance.get("/tasks/" + uuid, headers=instance.bearer() + headers)
    instance.get("/tasks/" + uuid, headers=[])
    instance.put("/tasks/" + uuid, {"status": "sucess", "log": "done"})
    instance.put("/hosts/" + uuid, {"log": None})
    instance.put("/hosts/" + uuid, {"log": 1})
    instance.put("/hosts/none", {"log": "x"})
    stale = instance.bearer() + [("If-Match", etag)]
    equal(
        instance.put("/tasks/" + uuid, {"log": "x"}, headers=stale).status,
        412,
        "PUT with an old ETag: 412",
    )
    for body in (b"", b"{", b"[]", b"{}", {"status": ""}, b"0" * 300000):
        instance.post("/tasks", body)
    instance.request("PATCH", f"{virtshell.PREFIX}/tasks/{uuid}", {"log": "x"})
    instance.request("DELETE", f"{virtshell.PREFIX}/tasks/{uuid}")
    instance.request("DELETE", f"{virtshell.PREFIX}/tasks/{uuid}")
    ok(instance.documents.count > 20, "more than 20 answers were compared")
    instance.stop("virtshell")


run_tests(valid, arrays, members, refusals, examples, checker, virtshell_answers)
