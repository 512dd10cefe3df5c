"""The native API: generated values of every member and parameter, judged by the OpenAPI document.

A value that the document's schema accepts is accepted, and any other is refused with the place of
the fault. The instance compares every answer with the document.
"""
import json
import random
import urllib.parse

import openapi
from lib import run_tests
from native_client import MERGE, TASKS, UNKNOWN, ask, create, shared
from tap import equal, ok, skip

JSON = ("Content-Type", "application/json")
POINTS = "/v1/ingest-points"
DOCUMENT = openapi.load("native") if openapi.jsonschema else None

# Values of each JSON type, at the limits that a number, a text or a structure may have.
VALUES = [
    None,
    True,
    False,
    "",
    "x",
    "é" * 32,
    "x" * 64,
    "x" * 65,
    "x" * 5000,
    "\u0001",
    "null",
    [],
    [1, "a"],
    {},
    {"a": None},
    {"a": {"b": [1.5, "c"]}},
    {"x" * 64: 1},
    {"x" * 65: 1},
    {"": 1},
    {f"m{i}": i for i in range(60)},
    {f"m{i}": i for i in range(61)},
    0,
    1,
    -1,
    1.0,
    0.5,
    2147483647,
    2147483648,
    -2147483648,
    -2147483649,
    9007199254740993,
    9223372036854775807,
    1e300,
    "1970-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z",
    "2026-02-29T00:00:00Z",
    "2026-01-01T00:00:00+14:00",
    "2026-01-01",
    "2026-01-01T00:00:60Z",
    "pending",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "Pending",
    "native",
    "nothing",
]
# Names that no body and no query has.
UNKNOWN_NAMES = ("x", "State", "tenant", "fields.x", "__proto__", "")
STATUSES = ("pending", "running", "succeeded", "failed", "cancelled")


def without_checker():
    if openapi.jsonschema:
        return False
    skip("generated values", "python3-jsonschema is not installed")
    return True


def is_valid(pointer, value):
    return not DOCUMENT.errors(pointer, value)


def is_accepted(pointer, name, value):
    """The schema does not have the statuses of a dialect and the range of times."""
    if name == "status" and value not in STATUSES:
        return False
    if value == "1969-12-31T23:59:59Z":
        return name in ("error", "kind", "progress")
    return is_valid(pointer, {name: value})


def short(value):
    text = json.dumps(value)
    return text if len(text) < 40 else f"{text[:36]}... ({len(text)})"


def judge(answer, name, accepted, success, what):
    """An accepted value succeeds; another is refused with a pointer to the member."""
    if accepted:
        return ok(answer.status == success, f"{what}: {success}", answer)
    places = [error.get("pointer", "") for error in answer.json().get("errors", [])]
    good = answer.status == 422 and all(
        (place + "/").startswith(f"/{name}/") for place in places
    )
    return ok(good and places, f"{what}: 422 at the member", answer)


def members(schema):
    _, found = DOCUMENT.resolve(f"#/components/schemas/{schema}")
    return list(found["properties"])


def creations():
    if without_checker():
        return
    pointer = "#/components/schemas/NewTask"
    for name in members("NewTask"):
        for value in VALUES:
            answer = ask("POST", TASKS, {name: value}, JSON)
            accepted = is_accepted(pointer, name, value)
            judge(answer, name, accepted, 201, f"POST {name}: {short(value)}")
            if answer.status == 201:
                returned(answer.json(), name, value)
    for name in UNKNOWN_NAMES:
        judge(ask("POST", TASKS, {name: 1}, JSON), name, False, 0, f"POST {name!r}: 1")


def returned(task, name, value):
    """A task has the value that was sent, or a part of it where the page says so."""
    sent = value
    if name == "not_before" and value is not None:
        return
    if name == "fields":
        sent = {key: inner for key, inner in value.items()}
    if name == "policy":
        sent = value or None
    if isinstance(value, str) and len(value) > 4000:
        ok(task[name].endswith(value[-3000:]), f"{name}: the end of the text is stored")
        return
    equal(task[name], sent, f"{name}: {short(value)} is returned")


def patches():
    if without_checker():
        return
    pointer = "#/components/schemas/TaskPatch"
    for name in members("TaskPatch"):
        for value in VALUES:
            task = create()
            answer = ask("PATCH", f"{TASKS}/{task['id']}", {name: value}, MERGE)
            accepted = is_accepted(pointer, name, value)
            judge(answer, name, accepted, 200, f"PATCH {name}: {short(value)}")
            after = ask("GET", f"{TASKS}/{task['id']}").json()
            if answer.status == 200:
                equal(answer.json(), after, f"PATCH {name}: GET returns the same task")
            else:
                equal(after, task, f"PATCH {name}: {short(value)}: nothing is changed")
    _, shown = DOCUMENT.resolve("#/components/schemas/Task")
    task = create()
    for name in set(shown["properties"]) - set(members("TaskPatch")):
        answer = ask("PATCH", f"{TASKS}/{task['id']}", {name: task.get(name)}, MERGE)
        judge(answer, name, False, 0, f"PATCH {name}, which is read-only")


def parameters(path):
    _, operation = DOCUMENT.resolve(f"#/paths/{openapi.escape(path)}/get")
    for parameter in operation["parameters"]:
        at = parameter.get("$ref")
        parameter = DOCUMENT.resolve(at)[1] if at else parameter
        if parameter["in"] == "query":
            yield parameter["name"]


# For each parameter: what belongs to it, values that are accepted, and some that are not.
QUERIES = {
    "dialect": ("", ["native", "idol,uplynk"], ["", "x", "Native", "native,", "*"]),
    "state": ("", ["pending", "failed,running"], ["", "x", "Pending", "pending,", "0"]),
    "archived": ("", ["true", "false", "any"], ["", "1", "yes", "TRUE", "null"]),
    "total": ("", ["true", "false"], ["", "1", "no", "True"]),
    "limit": ("", ["1", "500", "050"], ["", "0", "-1", "501", "1.0", "1e2", " 1", "9" * 30, "x"]),
    "cursor": ("", [], ["", "x", "AAAA", "=", "A" * 3000]),
    "sort": (
        "",
        ["created", "-updated", "state", "kind", "-priority"],
        ["", "-", "--created", "x", "status", "fields.handler", "created,updated", "Created"],
    ),
    "failure": ("", ["reported", "start_timeout,reported"], ["", "x", "Reported", "reported,"]),
    "kind": ("", ["", "x", "a,b", "\u00e9" * 32, "x" * 64], ["x" * 65, "\u00e9" * 33]),
    "priority": (
        "",
        ["0", "-1", "2147483647", "-2147483648", "007"],
        ["", "-", "x", "high", "1.0", "+1", "1e2", " 1", "2147483648", "-2147483649", "1,2"],
    ),
    "status": ("dialect=virtshell", ["x", "in progress"], []),
    "number": ("dialect=idol", ["1", "9007199254740991"], []),
}
TIMES = (
    ["1970-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "9999-12-31T23:59:59Z"],
    ["", "x", "2026", "2026-01-01", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "0"],
)
INDEXED = {
    "ingest_point": "uplynk",
    "inventory_id": "vionlabs",
    "product-id": "idol",
    "distributor-id": "idol",
    "master-type": "idol",
    "precision": "idol",
}


def query_cases(name):
    if name.startswith("fields."):
        dialect = INDEXED.get(name[len("fields.") :], "fourhse")
        return f"dialect={dialect}", ["", "x", "5", "null", "ü", "x" * 3000], []
    if name.endswith(("_from", "_to")):
        return ("", *TIMES)
    return QUERIES[name]


def is_refused(answer, name):
    """Whether the answer is 400 and names the parameter."""
    body = answer.json()
    places = [error.get("parameter") for error in body.get("errors", [])]
    return answer.status == body["status"] == 400 and places == [name]


def lists():
    if without_checker():
        return
    for path in (TASKS, POINTS):
        known = list(parameters(path))
        for name in known:
            beside, good, bad = query_cases(name)
            for value in good + bad:
                query = f"{name}={urllib.parse.quote(value)}&{beside}".strip("&")
                answer = ask("GET", f"{path}?{query}")
                if value in good:
                    ok(answer.status == 200, f"{path}?{query[:60]}: 200", answer)
                else:
                    ok(is_refused(answer, name), f"{path}?{query[:60]}: 400", answer)
            repeatable = ("dialect", "state", "kind", "priority", "status", "number", "failure")
            if name in repeatable or name.startswith("fields."):
                continue
            value = (good or ["x"])[0]
            answer = ask("GET", f"{path}?{name}={value}&{name}={value}")
            ok(is_refused(answer, name), f"{path}?{name} twice: 400", answer)
        for name in set(UNKNOWN_NAMES) | set(QUERIES) - set(known):
            answer = ask("GET", f"{path}?{name}=pending")
            equal(answer.status, 400, f"{path}?{name}=, which it does not have: 400")


def bodies():
    """Bodies that are no object, and texts that JSON or this API do not allow."""
    deep = b'{"fields":{"a":' + b"[" * 40 + b"]" * 40 + b"}}"
    refused = {
        "nothing": b"",
        "a blank": b" ",
        "null": b"null",
        "a list and more": b"[{}]{}",
        "a text": b'"x"',
        "a number": b"1",
        "two objects": b"{}{}",
        "an unfinished object": b'{"state"',
        "a comma too many": b'{"priority":1,}',
        "a comment": b"{}//x",
        "single quotes": b"{'priority':1}",
        "a member twice": b'{"priority":1,"priority":1}',
        "an inner member twice": b'{"fields":{"a":{"b":1,"b":2}}}',
        "40 levels": deep,
        "a number beyond doubles": b'{"fields":{"a":1e400}}',
        "a number that loses digits": b'{"fields":{"a":0.10000000000000000001}}',
        "an integer of more than 64 bits": b'{"fields":{"a":9223372036854775808}}',
        "NaN": b'{"fields":{"a":NaN}}',
        "a leading zero": b'{"fields":{"a":01}}',
        "NUL in a field": b'{"fields":{"a":"\\u0000"}}',
        "half of a surrogate pair": b'{"fields":{"a":"\\ud800"}}',
        "not UTF-8": b'{"fields":{"a":"\xff"}}',
        "UTF-16": '{"priority":1}'.encode("utf-16"),
        "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    }
    task = create()
    for name, body in refused.items():
        for method, path, kind in (
            ("POST", TASKS, JSON),
            ("PATCH", f"{TASKS}/{task['id']}", MERGE),
        ):
            answer = ask(method, path, body, kind)
            good = answer.status == 400 and answer.json()["type"] == "/v1/problems/malformed"
            ok(good and answer.json().get("detail"), f"{method} {name}: 400", answer)
    equal(ask("GET", f"{TASKS}/{task['id']}").json(), task, "nothing was changed")
    accepted = {
        "a byte order mark": (b"\xef\xbb\xbf{}", {}),
        "blanks": (b" \r\n\t{ } \n", {}),
        "-0": (b'{"fields":{"a":-0}}', {"a": 0}),
        "an exponent": (b'{"fields":{"a":1E2}}', {"a": 100}),
        "the largest integer": (b'{"fields":{"a":9223372036854775807}}', {"a": 2**63 - 1}),
        "the smallest integer": (b'{"fields":{"a":-9223372036854775808}}', {"a": -(2**63)}),
        "the largest double": (
            b'{"fields":{"a":1.7976931348623157e308}}',
            {"a": 1.7976931348623157e308},
        ),
        "names of members of objects": (
            b'{"fields":{"__proto__":1,"constructor":2}}',
            {"__proto__": 1, "constructor": 2},
        ),
    }
    for name, (body, fields) in accepted.items():
        answer = ask("POST", TASKS, body, JSON)
        equal(answer.status, 201, f"POST {name}: 201")
        equal(answer.json()["fields"], fields, f"POST {name}: returned")


def points():
    instance = shared()
    answer = instance.uplynk(
        "POST",
        "/slicers/ingest-points",
        {"endpoint_name": "e", "server_region_id": "r", "stream_type_name": "s"},
    )
    equal(answer.status, 200, "a point")
    if without_checker():
        return
    point = ask("GET", POINTS).json()["items"][0]
    path = f"{POINTS}/{point['id']}"
    pointer = "#/components/schemas/IngestPointPatch"
    fields = DOCUMENT.resolve(pointer)[1]["properties"]["fields"]["properties"]
    for name in fields:
        for value in VALUES:
            answer = ask("PATCH", path, {"fields": {name: value}}, MERGE)
            accepted = is_valid(pointer, {"fields": {name: value}})
            judge(answer, "fields/" + name, accepted, 200, f"point {name}: {short(value)}")
    answer = ask("GET", f"{POINTS}/{UNKNOWN}")
    equal(answer.status, 404, "an unknown point: 404")
    ok("ingest point" in answer.json()["detail"], "the problem names a point", answer)
    for body in ({"id": point["id"]}, {"fields": None}, {"fields": []}, {"fields": {"id": "x"}}):
        answer = ask("PATCH", path, body, MERGE)
        equal(answer.status, 422, f"point {body}: 422")


def mixtures():
    """Random bodies of several members: no answer is an error of the service."""
    draw = random.Random(11)
    names = ["dialect", "state", "status", "priority", "not_before", "max_attempts", "error"]
    names += ["progress", "fields", "policy", "archived", "force", "id", "x"]
    task = create()
    wrong = []
    for _ in range(300):
        body = {name: draw.choice(VALUES) for name in draw.sample(names, draw.randint(0, 4))}
        one = ask("POST", TASKS, body, JSON)
        two = ask("PATCH", f"{TASKS}/{task['id']}", body, MERGE)
        if one.status not in (201, 422) or two.status not in (200, 409, 422):
            wrong.append((body, one, two))
    equal(wrong, [], "600 random bodies: created, changed, 409 or 422")


def ending():
    shared().verify("values")
    shared().stop("values")


run_tests(creations, patches, lists, bodies, points, mixtures, ending)
