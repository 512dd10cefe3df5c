"""The native API: preconditions, problems, the rate of a user, and isolation of tenants."""
import re
import uuid

from lib import Instance, run_tests
from native_client import MERGE, TASKS, UNKNOWN, ask, create, is_problem, patch, shared
from tap import equal, ok


def conditions():
    task = create()
    path = f"{TASKS}/{task['id']}"
    equal(ask("GET", path, None, ("If-None-Match", '"1"')).status, 304, "If-None-Match: 304")
    equal(
        ask("GET", path, None, ("If-None-Match", '"2"')).status,
        200,
        "If-None-Match of another revision: 200",
    )
    equal(
        patch(task, {"state": "running"}, ("If-Match", '"1"')).status,
        200,
        "If-Match of the current revision: 200",
    )
    for method, body, line in (
        ("PATCH", {"state": "failed"}, ("If-Match", '"1"')),
        ("DELETE", None, ("If-Match", '"1", "7"')),
        ("DELETE", None, ("If-None-Match", "*")),
    ):
        answer = ask(method, path, body, line)
        ok(is_problem(answer, 412, "precondition"), f"{method} {line[0]}: 412", answer)
    answer = ask("POST", path + "/archive", None, ("If-Match", '"1"'))
    ok(is_problem(answer, 412, "precondition"), "archive If-Match: 412", answer)
    equal(ask("GET", path).json()["revision"], 2, "refused requests write nothing")
    equal(
        ask("DELETE", path, None, ("If-Match", '"2"')).status,
        204,
        "DELETE with If-Match of the current revision: 204",
    )
    key = ("Idempotency-Key", f'"{uuid.uuid4()}"')
    one, two = create(key, fields={"a": 1}), create(key, fields={"a": 1})
    equal(one, two, "the same Idempotency-Key and request: the same task")
    answer = ask("POST", TASKS, {"fields": {"a": 2}}, ("Content-Type", "application/json"), key)
    ok(
        is_problem(answer, 422, "key-reused"),
        "the same Idempotency-Key, another request: 422",
        answer,
    )
    answer = ask("POST", TASKS, {}, ("Content-Type", "application/json"), ("Idempotency-Key", '""'))
    ok(
        is_problem(answer, 400, "invalid", ("header", "Idempotency-Key")),
        "an empty Idempotency-Key: 400",
        answer,
    )


def lists_without_tags():
    """What has no tag, or none to compare, ignores If-None-Match in any form."""
    hook = {"url": "https://example.com/hook"}
    hook = ask("POST", "/v1/webhooks", hook, ("Content-Type", "application/json")).json()
    shared().secrets.append(hook["secret"])
    path = f"/v1/webhooks/{hook['id']}"
    task = f"{TASKS}/{create()['id']}"
    for where in ("/v1/stats", "/v1/stats/series", "/v1/health", "/v1/workers", "/v1/events", "/v1/me",
                  "/v1/webhooks", path):
        for tag in ("*", '"1"', "x", '"1', '"1" "2"'):
            answer = ask("GET", where, None, ("If-None-Match", tag))
            equal(answer.status, 200, f"GET {where}, If-None-Match: {tag}")
    for where in (task + "/history", task + "/attempts", path + "/deliveries"):
        answer = ask("HEAD", where, None, ("If-None-Match", "x"))
        equal(answer.status, 200, f"HEAD {where} with a malformed If-None-Match")
    answer = ask("DELETE", path, None, ("If-None-Match", "x"))
    ok(is_problem(answer, 400, "invalid"), "DELETE with a malformed If-None-Match: 400", answer)
    answer = ask("DELETE", path, None, ("If-Match", '"7"'))
    ok(is_problem(answer, 412, "precondition"), "DELETE of a changed webhook: 412", answer)
    equal(
        answer.json()["title"],
        "The webhook has changed since it was read.",
        "the title is about webhooks",
    )


def refusals():
    instance = shared()
    task = create()
    path = f"{TASKS}/{task['id']}"
    for name, address in (
        ("an unknown id", f"{TASKS}/{UNKNOWN}"),
        ("an invalid id", TASKS + "/7"),
        ("an escaped slash", TASKS + "/a%2Fb"),
        ("an id beyond ASCII", TASKS + "/%C3%BC"),
    ):
        answer = ask("GET", address)
        ok(is_problem(answer, 404, "not-found"), f"{name}: 404", answer)
        answer = ask("PATCH", address, {}, MERGE)
        ok(is_problem(answer, 404, "not-found"), f"PATCH {name}: 404", answer)
        answer = ask("PATCH", address, {"colour": 1}, MERGE)
        ok(is_problem(answer, 404, "not-found"), f"an invalid PATCH of {name}: 404", answer)
    ok(is_problem(ask("GET", "/v1/tokens"), 404, "no-route"), "an unknown address: 404")
    for method, address, allowed in (
        ("PUT", path, {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
        ("DELETE", TASKS, {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", path + "/archive", {"POST", "OPTIONS"}),
    ):
        answer = ask(method, address)
        ok(is_problem(answer, 405, "method"), f"{method}: 405", answer)
        equal(set(answer.headers["Allow"].split(", ")), allowed, f"{method}: Allow")
    answer = ask("OPTIONS", path)
    equal(answer.status, 204, "OPTIONS: 204")
    equal(
        answer.headers["Accept-Patch"],
        "application/merge-patch+json, application/json",
        "OPTIONS: Accept-Patch",
    )
    equal(answer.headers["Accept-Post"], None, "no POST: no Accept-Post")
    answer = ask("OPTIONS", TASKS)
    equal(answer.headers["Accept-Patch"], None, "no PATCH: no Accept-Patch")
    equal(
        answer.headers["Accept-Post"],
        "application/json, application/x-ndjson",
        "OPTIONS: Accept-Post",
    )
    answer = ask("OPTIONS", "/v1/claims")
    equal(answer.headers["Accept-Post"], "application/json", "OPTIONS of claims: Accept-Post")
    answer = ask("GET", path, None, ("Accept", "text/html"))
    ok(
        is_problem(answer, 406, "not-acceptable", ("header", "Accept")),
        "Accept: text/html: 406",
        answer,
    )
    answer = ask("POST", TASKS, b"a=b", ("Content-Type", "application/x-www-form-urlencoded"))
    ok(
        is_problem(answer, 415, "media-type", ("header", "Content-Type")),
        "POST of a form: 415",
        answer,
    )
    answer = ask("PATCH", path, b"[]", ("Content-Type", "application/json-patch+json"))
    ok(is_problem(answer, 415, "media-type"), "a JSON patch: 415", answer)
    ok(
        "application/merge-patch+json" in answer.headers["Accept-Patch"],
        "a JSON patch: Accept-Patch",
    )
    answer = ask("HEAD", path)
    equal(
        (answer.status, answer.headers["ETag"], answer.body),
        (200, '"1"', b""),
        "HEAD: ETag, no body",
    )
    answer = ask("GET", TASKS + "/7")
    equal(
        answer.json()["instance"],
        "/v1/requests/" + answer.headers["X-Request-Id"],
        "instance of a problem has the request's id",
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
        instance.request("GET", path, headers=instance.bearer(reader)).status,
        200,
        "GET with a token that may only read: 200",
    )
    equal(
        instance.request("GET", TASKS, headers=[]).status in (401, 403), True, "no token: refused"
    )


def tenants():
    """A user cannot read or change the tasks of another tenant."""
    instance = shared()
    instance.ctl("user", "add", "stranger", "--tenant", "elsewhere")
    token = instance.add_token("stranger", "stranger")
    task = create()
    path = f"{TASKS}/{task['id']}"
    for method, body in (("GET", None), ("PATCH", {"state": "failed"}), ("DELETE", None)):
        answer = instance.request(method, path, body, headers=instance.bearer(token))
        ok(is_problem(answer, 404, "not-found"), f"{method} of another tenant's task: 404", answer)
    answer = instance.request("GET", TASKS, headers=instance.bearer(token)).json()
    equal(answer, {"items": [], "total": 0, "next": None}, "another tenant's list is empty")
    page = ask("GET", TASKS + "?limit=1").json()
    answer = instance.request(
        "GET", f"{TASKS}?limit=1&cursor={page['next']}", headers=instance.bearer(token)
    )
    ok(is_problem(answer, 400, "invalid"), "a cursor of another tenant: 400", answer)


def rates():
    """Responses tell the rate of the user and what is left of it."""
    instance = Instance(conf={"principal_rate": "1", "principal_burst": "5"})
    answers = [instance.request("GET", TASKS) for _ in range(12)]
    equal({answer.status for answer in answers}, {200, 429}, "some requests are beyond the rate")
    for answer, left in ((answers[0], "[0-4]"), (answers[-1], "0")):
        equal(answer.headers["RateLimit-Policy"], '"requests";q=5;w=5', f"{answer.status}: policy")
        ok(
            re.fullmatch(rf'"requests";r={left};t=[1-5]', answer.headers["RateLimit"]),
            f"{answer.status}: RateLimit",
            answer.headers,
        )
    equal(answers[-1].headers["Retry-After"], "1", "429: Retry-After")
    instance.stop("rates")
    answer = ask("GET", TASKS)
    equal(answer.headers["RateLimit"], None, "no RateLimit without a rate")


def ending():
    shared().verify("native")
    shared().stop("native")


run_tests(conditions, lists_without_tags, refusals, tenants, rates, ending)
