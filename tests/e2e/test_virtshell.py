"""VirtShell: updates, refused and accepted bodies, methods, preconditions, digests, long lists."""
import functools
import json
import re
import time

from dialects import virtshell
from dialects.virtshell import body_md5
from lib import SANITIZED, Instance, run_tests
from tap import equal, note, ok, patient, skip, until

UNKNOWN = "ab8076c0-db91-11e2-82ce-0002a5d5c51b"
NOT_FOUND = b'{"error":"task not found"}'
NOT_IMPLEMENTED = b'{"error":"The method is not implemented."}'

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def updates():
    instance = shared()
    uuid = instance.create(
        description="d",
        status="pending",
        type="create_instance",
        object_uuid="o-1",
        owner={"team": ["a", 1, None]},
        cost=1.5,
    )
    before = instance.get("/tasks/" + uuid).json()
    equal(before.pop("log"), "", "log is empty by default")
    equal(
        (before["type"], before["object_uuid"], before["owner"], before["cost"]),
        ("create_instance", "o-1", {"team": ["a", 1, None]}, 1.5),
        "POST keeps type, object_uuid and unknown members",
    )
    time.sleep(1.1)
    equal(
        instance.put("/tasks/" + uuid, {"log": 'half \u00fc "quoted" \\ way'}).body,
        b'{"update":"success"}',
        "PUT of log: success",
    )
    after = instance.get("/tasks/" + uuid).json()
    equal(after.pop("log"), 'half \u00fc "quoted" \\ way', "PUT of log: the new log")
    ok(int(after.pop("last_update")) > int(before.pop("last_update")), "PUT sets last_update")
    ok(after.pop("date"), "PUT sets the time of the report")
    equal(after.pop("status_history")[0][::2], ["pending", ""], "PUT keeps the report before")
    equal(after, before, "PUT keeps all other members")
    instance.put(
        "/tasks/" + uuid,
        {
            "status": "failed",
            "uuid": UNKNOWN,
            "task_id": UNKNOWN,
            "created": {"at": "1", "by": "me"},
            "last_update": "2",
        },
    )
    equal(
        instance.get("/tasks/" + uuid).json()["created"],
        before["created"],
        "PUT ignores created, uuid and last_update",
    )
    equal(instance.get("/tasks/" + UNKNOWN).status, 404, "PUT with a uuid creates no task of it")
    count = len(instance.tasks())
    for path in ("/tasks/", "/hosts/"):
        answer = instance.put(path + UNKNOWN, {"status": "x"})
        equal((answer.status, answer.body), (404, NOT_FOUND), f"PUT {path}UNKNOWN: 404")
        answer = instance.put(path + "no-uuid", {"status": "x"})
        equal((answer.status, answer.body), (404, NOT_FOUND), f"PUT {path}no-uuid: 404")
    equal(len(instance.tasks()), count, "PUT never creates a task")
    answer = instance.put("/tasks/" + uuid, {})
    equal(
        (answer.status, answer.body),
        (400, b'{"error":"Missing input for update task"}'),
        "PUT of an empty object: 400",
    )
    answer = instance.get("/tasks/" + UNKNOWN)
    equal((answer.status, answer.body), (404, NOT_FOUND), "GET of an unknown task: 404")
    equal(
        instance.request("DELETE", f"{virtshell.PREFIX}/tasks/{uuid}").body,
        b'{"delete":"success"}',
        "DELETE: success",
    )
    equal(instance.get("/tasks/" + uuid).status, 404, "GET after DELETE: 404")
    equal(
        instance.request("DELETE", f"{virtshell.PREFIX}/tasks/{uuid}").status,
        404,
        "DELETE again: 404",
    )


def refused_bodies():
    """Invalid bodies of every kind: 400 with a sentence; nothing is written."""
    instance = shared()
    uuid = instance.create(description="stays", status="pending")
    before = instance.get("/tasks/" + uuid).body
    count = len(instance.tasks())
    bad = {
        "no body": b"",
        "half an object": b'{"description": "x"',
        "not JSON": b"description=x&status=y",
        "an array": b'[{"description": "x"}]',
        "a string": b'"x"',
        "a number": b"1",
        "null": b"null",
        "two values": b'{"description": "x"} {"description": "y"}',
        "duplicate members": b'{"status": "a", "status": "b"}',
        "duplicate members in a nested object": b'{"x": {"a": 1, "a": 2}}',
        "invalid UTF-8": b'{"description": "\xff\xfe"}',
        "overlong UTF-8": b'{"description": "\xc0\xaf"}',
        "a lone surrogate": b'{"description": "\\ud800"}',
        "a NUL escape": b'{"description": "a\\u0000b"}',
        "a NUL": b'{"description": "a\x00b"}',
        "a NUL after the object": b'{"description": "ab"}\x00',
        "a control character": b'{"description": "a\nb"}',
        "a byte order mark": b'\xef\xbb\xbf{"description": "x"}',
        "33 levels of nesting": b'{"x": ' + b"[" * 32 + b"]" * 32 + b"}",
        "100000 levels of nesting": b'{"x": ' + b"[" * 100000 + b"]" * 100000 + b"}",
        "an integer too large": b'{"x": 123456789012345678901234567890}',
        "a real too large": b'{"x": 1e999}',
        "a status that is not a string": b'{"status": 1}',
        "an empty status": b'{"status": ""}',
        "a long status": b'{"status": "' + b"x" * 65 + b'"}',
        "a description that is not a string": b'{"description": ["x"]}',
        "too many members": json.dumps({f"m{i}": i for i in range(61)}).encode(),
        "a long name": json.dumps({"m" * 65: 1}).encode(),
    }
    for name, body in bad.items():
        for method, path in (("POST", "/tasks"), ("PUT", "/tasks/" + uuid)):
            answer = instance.request(method, virtshell.PREFIX + path, body)
            try:
                sentence = answer.json()
                shape = list(sentence) == ["error"] and len(sentence["error"]) > 5
            except ValueError:
                shape = False
            ok(
                answer.status == 400
                and shape
                and answer.headers["Content-Type"] == "application/json",
                f"{method} of {name}: 400",
                answer,
            )
    answer = instance.post("/tasks", b"{}")
    equal(
        (answer.status, answer.body),
        (400, b'{"error":"Missing input for create task"}'),
        "POST of an empty object: 400",
    )
    equal(instance.get("/tasks/" + uuid).body, before, "refused requests change nothing")
    equal(len(instance.tasks()), count, "refused requests create no task")


def accepted_bodies():
    """Bodies up to the limits, with any Content-Type, chunked."""
    instance = shared()
    good = {
        "32 levels of nesting": b'{"x": ' + b"[" * 31 + b"]" * 31 + b"}",
        "60 members": json.dumps({f"m{i}": i for i in range(60)}).encode(),
        "any Content-Type": b'{"description": "x"}',
        "white space": b' \r\n\t{ "description" : "x" } \n',
        "escapes": b'{"description": "\\u00e4\\/\\"\\ud83d\\ude00"}',
    }
    for name, body in good.items():
        answer = instance.post(
            "/tasks", body, headers=instance.bearer() + [("Content-Type", "text/x")]
        )
        equal(answer.status, 200, f"POST of {name}: 200")
    # A chunked body.
    answer = instance.raw_request(
        f"POST {virtshell.PREFIX}/tasks HTTP/1.1".encode(),
        [
            f"Authorization: Bearer {instance.token}".encode(),
            b"Transfer-Encoding: chunked",
            b"",
            b'5\r\n{"log\r\n6\r\n": "x"\r\n1\r\n}\r\n0',
        ],
    )
    equal(answer.status, 200, "a chunked body")


def sizes():
    instance = shared()
    room = 262144 - len('{"description": ""}')
    answer = instance.post("/tasks", {"description": "x" * room})
    equal(answer.status, 200, "POST of exactly 256 KiB: 200")
    task = instance.get("/tasks/" + answer.json()["task_id"])
    equal(len(task.json()["description"]), room, "GET returns the whole text of that body")
    count = len(instance.tasks())
    for extra in (1, 100000, 17 << 20):
        answer = instance.post("/tasks", {"description": "x" * (room + extra)})
        equal(
            (answer.status, answer.body),
            (413, b'{"error":"The request is too large."}'),
            f"POST of 256 KiB and {extra} bytes: 413",
        )
    equal(len(instance.tasks()), count, "refused requests create no task")


def methods():
    instance = shared()
    uuid = instance.create(description="m")
    for method, path in (
        ("DELETE", "/tasks"),
        ("DELETE", "/tasks/"),
        ("PATCH", "/tasks/" + uuid),
        ("POST", "/tasks/" + uuid),
        ("PUT", "/tasks"),
        ("GET", "/hosts/" + uuid),
        ("PURGE", "/tasks"),
        ("DELETE", "/tasks/status/pending"),
    ):
        answer = instance.request(method, virtshell.PREFIX + path)
        equal((answer.status, answer.body), (501, NOT_IMPLEMENTED), f"{method} {path}: 501")
    equal(instance.get("/tasks/" + uuid).status, 200, "the refused methods keep the task")
    equal(
        set(
            instance.request("PATCH", f"{virtshell.PREFIX}/tasks/{uuid}").headers["Allow"].split(
                ", "
            )
        ),
        {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"},
        "501 has Allow",
    )
    answer = instance.request("OPTIONS", virtshell.PREFIX + "/tasks")
    equal((answer.status, answer.body), (204, b""), "OPTIONS: 204")
    equal(
        set(answer.headers["Allow"].split(", ")),
        {"GET", "HEAD", "POST", "OPTIONS"},
        "OPTIONS has Allow",
    )
    for path in ("/tasks/" + uuid, "/tasks", "/tasks/pending"):
        answer = instance.request("HEAD", virtshell.PREFIX + path)
        equal(
            (answer.status, answer.body, answer.headers["Content-Type"]),
            (200, b"", "application/json"),
            f"HEAD {path}: 200",
        )
    equal(
        instance.request("HEAD", f"{virtshell.PREFIX}/tasks/{UNKNOWN}").status,
        404,
        "HEAD of an unknown task: 404",
    )


def conditions():
    instance = shared()
    uuid = instance.create(description="c")
    path = "/tasks/" + uuid
    first = instance.get(path)
    tag = first.headers["ETag"]
    ok(re.match(r'^"[0-9]+"$', tag or ""), "a task has a strong ETag", first.headers)
    for sent in (tag, "W/" + tag, f'"other", {tag}', "*"):
        answer = instance.get(path, headers=instance.bearer() + [("If-None-Match", sent)])
        equal(
            (answer.status, answer.body, answer.headers["ETag"]),
            (304, b"", tag),
            f"If-None-Match: {sent}: 304",
        )
    answer = instance.get(path, headers=instance.bearer() + [("If-None-Match", '"other"')])
    equal((answer.status, answer.body), (200, first.body), "If-None-Match of another revision: 200")
    answer = instance.put(path, {"log": "1"}, headers=instance.bearer() + [("If-Match", tag)])
    equal(answer.status, 200, "If-Match of the current revision: 200")
    answer = instance.put(path, {"log": "2"}, headers=instance.bearer() + [("If-Match", tag)])
    equal(
        (answer.status, answer.json()),
        (412, {"error": "The task has changed since it was read."}),
        "If-Match of an old revision: 412",
    )
    changed = instance.get(path)
    equal(changed.json()["log"], "1", "the refused PUT changes nothing")
    ok(changed.headers["ETag"] != tag, "PUT changes the ETag")
    answer = instance.request(
        "DELETE", virtshell.PREFIX + path, headers=instance.bearer() + [("If-Match", tag)]
    )
    equal(answer.status, 412, "DELETE with If-Match of an old revision: 412")


def accepts():
    instance = shared()
    uuid = instance.create(description="a")
    for accept in (
        "application/json",
        "*/*",
        "application/*",
        "text/html, */*;q=0.1",
        "application/json;q=0.5",
        "application/json; charset=utf-8",
    ):
        answer = instance.get("/tasks/" + uuid, headers=instance.bearer() + [("Accept", accept)])
        equal(answer.status, 200, f"Accept: {accept}: 200")
    count = len(instance.tasks())
    for accept in (
        "text/html",
        "text/*",
        "application/xml",
        "application/json;q=0",
        "*/*, application/json;q=0",
    ):
        headers = instance.bearer() + [("Accept", accept)]
        for answer in (
            instance.get("/tasks/" + uuid, headers=headers),
            instance.get("/tasks", headers=headers),
            instance.post("/tasks", {"log": "x"}, headers=headers),
        ):
            equal(
                (answer.status, answer.body, answer.headers["Content-Type"]),
                (406, b"", None),
                f"Accept: {accept}: 406 without a body",
            )
    equal(len(instance.tasks()), count, "refused requests create no task")


def digests():
    instance = shared()
    body = b'{"description": "with a digest"}'
    path = virtshell.PREFIX + "/tasks"
    headers = instance.sign("POST", path, md5=body_md5(body))
    equal(
        instance.request("POST", path, body, headers).status,
        200,
        "a signed Content-MD5 of the body: 200",
    )
    count = len(instance.tasks())
    headers = instance.sign("POST", path, md5=body_md5(body))
    answer = instance.request("POST", path, body.replace(b"digest", b"forged"), headers)
    equal(
        (answer.status, answer.body),
        (400, b'{"error":"Content-MD5 does not match the body"}'),
        "another body with the same signature: 400",
    )
    headers = instance.bearer() + [("Content-MD5", "nonsense")]
    equal(instance.request("POST", path, body, headers).status, 400, "an invalid Content-MD5: 400")
    equal(len(instance.tasks()), count, "refused requests create no task")


def long_lists():
    """Lists are streamed: the memory of the worker does not grow with their length."""
    instance = Instance(conf={"workers": "1", "expected_tasks": "30000"})
    instance.ctl("load-sample", "20000", "--tenant", "demo")

    def peak():
        with open(f"/proc/{instance.workers()[0]}/status") as status:
            return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1))

    instance.get("/tasks/failed")
    before = peak()
    answer = instance.get("/tasks", timeout=60)
    rows = answer.json()["tasks"]
    equal(
        (answer.status, len(rows), len({row["uuid"] for row in rows})),
        (200, 20000, 20000),
        "a list of 20000 tasks has each of them once",
    )
    note(f"{len(answer.body)} bytes; the worker's own memory: {before} kB, then {peak()} kB")
    if SANITIZED:
        skip("the worker's memory grows by less than 4 MiB", "a sanitizer keeps freed memory")
    else:
        ok(peak() - before < 4096, "the worker's memory grows by less than 4 MiB", peak())
    equal(len(instance.get("/tasks/failed").json()["tasks"]), 20, "a list of 20 of 20000 tasks")
    # A client that stops reading in the middle.
    stalled = instance.connect()
    stalled.putrequest("GET", virtshell.PREFIX + "/tasks")
    for line in instance.bearer():
        stalled.putheader(*line)
    stalled.endheaders()
    begun = time.monotonic()
    equal(instance.get("/tasks/failed").status, 200, "another list is served while one is not read")
    ok(time.monotonic() - begun < patient(1), "another list is served soon")
    stalled.close()
    ok(
        until(lambda: sum(child["waiting"] for child in instance.status()["processes"]) == 0, 10),
        "a list is dropped when its client disconnects",
        instance.status(),
    )
    instance.stop("long lists")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(
    updates,
    refused_bodies,
    accepted_bodies,
    sizes,
    methods,
    conditions,
    accepts,
    digests,
    ending,
    long_lists,
)
