"""The OpenAPI documents are valid, their examples fit, and real answers are what they describe."""
import glob
import json
import os
import subprocess

import openapi
from lib import BASE, BUILD, SOURCE, Instance, equal, find_program, note, ok, run_tests, skip

FOLDER = os.path.join(SOURCE, "data", "openapi")
FILES = sorted(glob.glob(os.path.join(FOLDER, "*.json")))


def valid():
    """The public linter finds no error."""
    modules = os.path.join(BUILD, "tests", "openapi", "node_modules")
    node = find_program("node")
    if not node or not os.path.isdir(modules):
        skip("the documents are valid", "no linter: ./bootstrap check installs it where npm can")
        return
    lint = os.path.join(SOURCE, "tests", "openapi", "lint.cjs")
    done = subprocess.run(
        [node, lint, *FILES],
        env=dict(os.environ, NODE_PATH=modules),
        capture_output=True,
        text=True,
        timeout=120,
    )
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    if not ok(
        done.returncode == 0 and findings and findings[-1].get("files") == len(FILES),
        "the linter looks at every document",
        done,
    ):
        return
    for file in FILES:
        mine = [finding for finding in findings[:-1] if finding["file"] == file]
        with open(file) as text:
            is_stub = not json.load(text)["paths"]
        if is_stub:
            note(f"{os.path.basename(file)} has no paths yet")
            continue
        errors = [finding for finding in mine if finding["severity"] == "error"]
        ok(
            not errors,
            f"{os.path.basename(file)} is valid",
            "\n".join(f"{e['rule']} {e['pointer']}: {e['message']}" for e in errors),
        )
        for finding in mine:
            if finding not in errors:
                note(f"{os.path.basename(file)}: {finding['rule']} {finding['pointer']}")


def without_checker():
    if openapi.jsonschema:
        return False
    skip("answers as documented", "python3-jsonschema is not installed")
    return True


def load(name):
    with open(os.path.join(FOLDER, name + ".json")) as text:
        return openapi.Document(name, text.read())


def examples():
    """Every example of a body fits the schema beside it."""
    if without_checker():
        return
    for file in FILES:
        document = load(os.path.basename(file)[:-5])
        wrong, count = [], 0
        for schema, at, value in document.examples():
            count += 1
            wrong += [f"{at}: {error}" for error in document.errors(schema, value)]
        ok(not wrong, f"{document.name}: {count} examples fit their schemas", "\n".join(wrong))


def checker():
    """The checker itself: an answer that is not as documented is found."""
    if without_checker():
        return
    document = load("virtshell")
    uuid = "ab8076c0-db91-11e2-82ce-0002a5d5c51b"
    headers = {"Content-Type": "application/json", "X-Request-Id": "0" * 32}
    task = {
        "uuid": uuid,
        "description": "",
        "status": "pending",
        "created": {"at": "1", "by": "x"},
        "last_update": "1",
        "log": "",
    }
    address = f"{BASE}/tasks/{uuid}"

    def check(status=200, body=task, method="GET", path=address, **changed):
        own = {n: v for n, v in dict(headers, **changed).items() if v is not None}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return document.check(method, path, status, own, data)

    for name, found in {
        "a task": check(),
        "a task at another base": check(path=f"/api/virtsh/v1/tasks/{uuid}/?x=y"),
        "a list": check(body={"tasks": [task]}),
        "a member of the client's own": check(body=dict(task, own=[1])),
        "an error": check(404, {"error": "x"}),
        "no body": check(406, b"", **{"Content-Type": None}),
        "HEAD": check(body=b"", method="HEAD"),
        "OPTIONS": check(204, b"", "OPTIONS"),
        "an unknown method": check(501, {"error": "x"}, "PATCH"),
        "an unknown address": check(404, {"error": "x"}, path=BASE + "/x/y/z"),
        "a slash too many": check(404, {"x": 1}, path=address + "/"),
        "with a charset": check(**{"Content-Type": "Application/JSON; charset=utf-8"}),
    }.items():
        equal(found, [], f"as documented: {name}")
    for name, found in {
        "a status": check(201),
        "a media type": check(**{"Content-Type": "text/html"}),
        "no media type": check(**{"Content-Type": None}),
        "a member that is missing": check(body={"uuid": uuid}),
        "a member of another type": check(body=dict(task, last_update=1)),
        "a value that does not fit": check(body=dict(task, uuid="x")),
        "a member of a list's row": check(body={"tasks": [dict(task, status=None)]}),
        "a member too many": check(404, {"error": "x", "more": 1}),
        "no JSON": check(body=b"{"),
        "an empty body": check(body=b""),
        "a body that may not be there": check(406),
        "a header that is missing": check(**{"X-Request-Id": None}),
        "a header that does not fit": check(**{"X-Request-Id": "x"}),
        "no Retry-After": check(503, {"error": "x"}),
        "a Retry-After that is no number": check(503, {"error": "x"}, **{"Retry-After": "soon"}),
        "a method that is served": check(method="PATCH"),
        "an address that is served": check(path=BASE + "/x/y/z"),
    }.items():
        equal(len(found), 1, f"found: {name}")


def virtshell():
    """Each operation of VirtShell answers as its document says; the instance compares at its end."""
    if without_checker():
        return
    instance = Instance()
    uuid = instance.create(description="documented", type="create_instance", own={"a": [1, None]})
    task = instance.get("/tasks/" + uuid)
    etag = task.headers["ETag"]
    for path in ("/tasks", "/tasks/", "/tasks/pending", "/tasks/status/none", "/tasks/status"):
        instance.get(path)
    instance.request("HEAD", f"{BASE}/tasks/{uuid}")
    instance.request("OPTIONS", f"{BASE}/tasks/{uuid}")
    for headers in ([("If-None-Match", etag)], [("Accept", "text/html")], [("Content-MD5", "x")]):
        instance.get("/tasks/" + uuid, headers=instance.bearer() + headers)
    instance.get("/tasks/" + uuid, headers=[])
    instance.put("/tasks/" + uuid, {"status": "sucess", "log": "done"})
    instance.put("/hosts/" + uuid, {"log": None})
    instance.put("/hosts/" + uuid, {"log": 1})
    instance.put("/hosts/none", {"log": "x"})
    stale = instance.bearer() + [("If-Match", etag)]
    equal(instance.put("/tasks/" + uuid, {"log": "x"}, headers=stale).status, 412, "412")
    for body in (b"", b"{", b"[]", b"{}", {"status": ""}, b"0" * 300000):
        instance.post("/tasks", body)
    instance.request("PATCH", f"{BASE}/tasks/{uuid}", {"log": "x"})
    instance.request("DELETE", f"{BASE}/tasks/{uuid}")
    instance.request("DELETE", f"{BASE}/tasks/{uuid}")
    ok(instance.documents.count > 20, "the answers were compared")
    instance.stop("virtshell")


run_tests(valid, examples, checker, virtshell)
