"""Limits that all workers share: rate per user, failed logins, daily quota; and their log lines."""
import threading
import time
import urllib.parse

from dialects import fourhse, idol, native
from lib import Instance, run_tests
from tap import equal, ok, until

DAY = 86400
NEW = {
    "data": {
        "type": "import-tasks",
        "attributes": {"master-type": "hd"},
        "relationships": {"attachable": {"data": {"type": "tracks", "id": "1"}}},
    }
}
NEW_BY_NATIVE = {
    "dialect": "idol",
    "fields": {"master-type": "hd", "attachable": {"type": "tracks", "id": "1"}},
}
KEY = ("Idempotency-Key", "k")
LOGIN = "/oauth/token"
PASSWORD = "correct horse battery"


def add_user(instance, name, tenant="demo", *args):
    """Adds a user and returns a token."""
    instance.ctl("user", "add", name, "--tenant", tenant, *args)
    return instance.add_token(name, name)


def seconds(answer):
    """Retry-After in seconds, or -1 unless the answer has it once."""
    values = answer.headers.get_all("Retry-After") or []
    return int(values[0]) if len(values) == 1 and values[0].isdigit() else -1


def find_lines(instance, answer):
    """The request's id and its log lines, without the members that differ each time."""
    request_id = answer.headers["X-Request-Id"]

    def find():
        lines = [line for line in instance.events() if line.get("id") == request_id]
        for line in lines:
            for name in ("time", "pid", "process", "us", "user"):
                line.pop(name, None)
        return lines

    return request_id, until(find, 5)


def users():
    instance = Instance(conf={"principal_rate": "1", "principal_burst": "20"})
    ann, bob = add_user(instance, "ann"), add_user(instance, "bob")
    other = add_user(instance, "cid", "other")
    second = instance.add_token("ann", "second")
    connection = instance.connect()
    begun = time.monotonic()
    answers = [
        instance.get("/tasks", instance.bearer((ann, second)[i % 2]), connection=connection)
        for i in range(60)
    ]
    passed = time.monotonic() - begun
    served = sum(answer.status == 200 for answer in answers)
    ok(20 <= served <= 21 + passed, "both tokens of a user share one limit", (served, passed))
    late = [answer for answer in answers if answer.status != 200]
    equal(
        {(answer.status, answer.body, seconds(answer)) for answer in late},
        {(429, b'{"error":"Too many requests."}', 1)},
        "requests beyond the limit: 429, Retry-After 1",
    )
    for name, token in (("another user", bob), ("another tenant", other)):
        equal(instance.get("/tasks", instance.bearer(token)).status, 200, f"{name} is served")
    before = len(instance.native("GET", "/tasks", token=bob).json()["items"])
    made = [
        instance.native("POST", "/tasks", {}, token=ann, connection=connection) for _ in range(20)
    ]
    created = sum(answer.status == 201 for answer in made)
    problem = [answer for answer in made if answer.status == 429][0]
    equal(problem.json()["type"], "/v1/problems/too-many", "429 in the format of the native API")
    after = len(instance.native("GET", "/tasks", token=bob).json()["items"])
    equal(after - before, created, "requests with 429 create no task")
    answer = [instance.fourhse("GET", "/index", token=ann) for _ in range(20)][-1]
    equal(
        (
            answer.status,
            answer.json()["message"],
            answer.headers["X-Rate-Limit-Limit"],
            answer.headers["X-Rate-Limit-Remaining"],
        ),
        (429, "Rate limit exceeded.", "20", "0"),
        "429 of 4HSE has X-Rate-Limit header fields",
    )
    ok(
        1 <= int(answer.headers["X-Rate-Limit-Reset"]) <= 20,
        "X-Rate-Limit-Reset is between 1 and 20 s",
    )
    ok(
        until(lambda: instance.get("/tasks", instance.bearer(ann)).status == 200, 10, 0.3),
        "the user is served again after some seconds",
    )
    lines = until(lambda: instance.events("limited"), 5)
    equal({line["reason"] for line in lines}, {"too-many"}, "the log has the reason too-many")
    equal(
        {(line["tenant"], line["address"], line["status"]) for line in lines},
        {("demo", "127.0.0.1", 429)},
        "the log has tenant, address and status",
    )
    instance.stop("users")


def ask_token(instance, name, password):
    form = {"grant_type": "password", "username": name, "password": password}
    return instance.request("POST", LOGIN, urllib.parse.urlencode(form), [])


def logins():
    instance = Instance(conf={"login_burst": "3", "workers": "1"})
    instance.secrets.append(PASSWORD)
    for name in ("ann", "bob"):
        instance.ctl("user", "add", name, "--tenant", "demo")
        instance.ctl("password", "set", name, stdin=PASSWORD + "\n")
    refusals = {}
    for name in ("ann", "unknown"):
        answers = [ask_token(instance, name, "a guess") for _ in range(5)]
        refusals[name] = [(answer.status, answer.body) for answer in answers]
        equal(
            [answer.status for answer in answers],
            [400] * 3 + [429] * 2,
            f"{name}: 3 failed logins, then 429",
        )
        ok(1 <= seconds(answers[-1]) <= 10, f"{name}: Retry-After", answers[-1].headers)
        equal(
            (answers[-1].json()["error"], answers[-1].headers["Content-Type"]),
            ("temporarily_unavailable", "application/json; charset=utf-8"),
            f"{name}: 429 in the format of OAuth",
        )
    equal(refusals["ann"], refusals["unknown"], "an unknown name gets the same answers")
    equal(
        ask_token(instance, "ann", PASSWORD).status, 429, "a valid password beyond the limit: 429"
    )
    given = ask_token(instance, "bob", PASSWORD)
    equal(given.status, 200, "a login of another name: 200")
    instance.secrets.append(given.json()["access_token"])
    ok(
        until(lambda: ask_token(instance, "ann", PASSWORD).status == 200, 20, 1),
        "a login after some seconds: 200",
    )
    misplaced = ask_token(instance, PASSWORD, "ann")
    find_lines(instance, misplaced)
    lines = [
        (line["status"], line.get("reason"), line.get("name")) for line in instance.events("login")
    ]
    equal(
        lines[:10],
        [(400, "invalid_grant", "ann")] * 3
        + [(429, "limited", None)] * 2
        + [(400, "invalid_grant", None)] * 3
        + [(429, "limited", None)] * 2,
        "the log has a line for each login, with names of users only",
    )
    equal(lines[11], (200, None, "bob"), "the log has the successful login")
    equal(lines[-1], (400, "invalid_grant", None), "a password sent as the name is not logged")
    instance.stop("logins")


def away_from_midnight():
    left = DAY - time.time() % DAY
    if left < 60:
        time.sleep(left + 1)


def create(instance, token, *headers):
    return instance.idol("POST", "/import-tasks", NEW, list(headers), token=token)


def check_refusal(answer):
    midnight = DAY - time.time() % DAY
    equal(answer.status, 429, "a creation beyond the quota: 429")
    equal(
        answer.json(),
        {
            "errors": [
                {
                    "title": "Too Many Requests",
                    "detail": "No more tasks may be created today.",
                    "code": "429",
                    "status": "429",
                }
            ]
        },
        "429 in the format of JSON:API",
    )
    ok(
        abs(seconds(answer) - min(midnight, 60)) < 10,
        "Retry-After is the time to midnight, at most a minute",
        (answer.headers, midnight),
    )


def check_concurrent(instance, token):
    """12 creations at the same time share the quota of 5."""
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(create(instance, token).status))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(
        sorted(statuses),
        [201] * 5 + [429] * 7,
        "12 concurrent creations in another tenant: 5 succeed",
    )


def quota():
    away_from_midnight()
    instance = Instance(conf={"idol_creates_a_day": "5"})
    ann, cid = add_user(instance, "ann"), add_user(instance, "cid", "other")

    first = create(instance, ann, KEY)
    equal(
        [create(instance, ann).status for _ in range(3)],
        [201] * 3,
        "creations within the quota: 201",
    )
    made = instance.native("POST", "/tasks", NEW_BY_NATIVE, token=ann)
    equal(made.status, 201, "a creation by the native API: 201")
    answer = create(instance, ann)
    check_refusal(answer)
    again = create(instance, ann, KEY)
    equal(
        (again.status, again.body),
        (201, first.body),
        "a repeated Idempotency-Key gets the first answer",
    )
    answer = instance.native("POST", "/tasks", NEW_BY_NATIVE, token=ann)
    equal(
        (answer.status, answer.json()["type"]),
        (429, "/v1/problems/quota"),
        "the native API refuses IDOL tasks beyond the quota",
    )
    equal(
        instance.native("POST", "/tasks", {}, token=ann).status, 201, "native tasks are not limited"
    )
    count = instance.idol("GET", "/import-tasks", token=ann).json()["meta"]["record-count"]
    equal(count, 5, "5 tasks exist")
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    instance.start()
    equal(create(instance, ann).status, 429, "the quota counts across a restart")
    check_concurrent(instance, cid)
    removed = instance.native("DELETE", "/tasks/" + made.json()["id"], token=ann)
    equal(removed.status, 204, "DELETE of a task: 204")
    equal(
        [create(instance, ann).status for _ in range(2)],
        [201, 429],
        "DELETE allows one more creation",
    )
    find_lines(instance, create(instance, ann))
    lines = instance.events("limited")
    equal({line["reason"] for line in lines}, {"quota"}, "the log has the reason quota")
    equal(
        {(line["tenant"], line["dialect"]) for line in lines},
        {("demo", "idol"), ("demo", "native"), ("other", "idol")},
        "the log has tenant and dialect",
    )
    instance.stop("quota")


def logs(instance, name, answer, **members):
    request_id, found = find_lines(instance, answer)
    equal(found, [dict(members, id=request_id, level="info")], name)


def denied(instance, name, answer, dialect, method, reason, credential, status, **members):
    logs(
        instance,
        name,
        answer,
        event="denied",
        dialect=dialect,
        method=method,
        address="127.0.0.1",
        reason=reason,
        credential=credential,
        status=status,
        **dict({"in": 0, "out": 0}, **members),
    )


def refused_lines(instance):
    denied(
        instance,
        "log: no credential",
        instance.request("GET", native.PREFIX + "/tasks", headers=[]),
        *("native", "GET", "CredentialMissing", "none", 401),
    )
    wrong = "pt_" + "w" * 43
    instance.secrets.append(wrong)
    denied(
        instance,
        "log: a wrong token",
        instance.idol("DELETE", "/import-tasks", token=wrong),
        *("idol", "DELETE", "AccessDenied", "token", 401),
    )
    denied(
        instance,
        "log: a wrong token in a query",
        instance.request("GET", f"{fourhse.PREFIX}/index?access-token={wrong}x", headers=[]),
        *("fourhse", "GET", "AccessDenied", "token", 401),
    )
    denied(
        instance,
        "log: a wrong signature",
        instance.get("/tasks", instance.sign("GET", "/elsewhere")),
        *("virtshell", "GET", "SignatureDoesNotMatch", "virtshell", 403),
        key=instance.key,
    )
    denied(
        instance,
        "log: an unknown key",
        instance.get("/tasks", instance.sign("GET", "/tasks", key="unknown")),
        *("virtshell", "GET", "SignatureDoesNotMatch", "virtshell", 403),
    )
    denied(
        instance,
        "log: a signature with an old Date",
        instance.get(
            "/tasks", instance.sign("GET", "/tasks", date="Fri, 01 Jul 2011 19:37:58 +0000")
        ),
        *("virtshell", "GET", "RequestTimeTooSkewed", "virtshell", 403),
    )


def lines():
    instance = Instance()
    reader = add_user(instance, "reader", "demo", "--rights", "read")

    served = instance.get("/tasks")
    logs(
        instance,
        "log: a served request",
        served,
        event="request",
        tenant="demo",
        dialect="virtshell",
        method="GET",
        route="/tasks",
        status=200,
        **{"in": 0, "out": len(served.body)},
    )
    forbidden = instance.post("/tasks", {}, instance.bearer(reader))
    logs(
        instance,
        "log: a missing right",
        forbidden,
        event="forbidden",
        tenant="demo",
        dialect="virtshell",
        method="POST",
        route="/tasks",
        address="127.0.0.1",
        status=403,
        **{"in": 2, "out": len(forbidden.body)},
    )
    refused_lines(instance)
    instance.stop("lines")


def flood():
    """Refusals are logged at a limited rate per address; lines carry the number suppressed."""
    instance = Instance(conf={"workers": "1"})
    connection = instance.connect()
    begun = time.monotonic()
    for i in range(300):
        instance.request(
            "GET",
            idol.PREFIX + "/import-tasks",
            None,
            instance.bearer(f"x{i}"),
            connection=connection,
        )
    passed = time.monotonic() - begun
    find_lines(instance, instance.get("/tasks"))
    logged = len(instance.events("denied"))
    ok(
        50 <= logged <= 51 + passed,
        "50 of 300 refusals are logged, then one per second",
        (logged, passed),
    )
    suppressed = sum(line.get("suppressed", 0) for line in instance.events())
    equal(logged + suppressed, 300, "logged and suppressed refusals are 300")
    instance.stop("flood")


run_tests(users, logins, quota, lines, flood)
