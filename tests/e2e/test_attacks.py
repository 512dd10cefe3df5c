"""Names that only the web server may set, addresses that two readers read apart, credentials mixed up."""
import itertools
import random

from hostile import Target, converse, shape_fault
from lib import (
    BASE,
    FOURHSE,
    IDOL,
    NATIVE,
    UPLYNK,
    VIONLABS,
    equal,
    ok,
    run_tests,
    uplynk_message,
    with_query,
)
from refusals import difference, unauthenticated

LISTS = {
    "virtshell": BASE + "/tasks",
    "vionlabs": VIONLABS + "/item-of-ours",
    "uplynk": UPLYNK + "/ingest-points/tasks",
    "fourhse": FOURHSE + "/index",
    "idol": IDOL + "/import-tasks",
    "native": NATIVE + "/tasks",
}


class Attacked(Target):
    """Tasks of ours, a reader, and another tenant."""

    def __init__(self):
        super().__init__()
        self.uuid = self.create(description="marked-as-ours")
        self.vionlabs("POST", "/item-of-ours/product/adbreaks/version/1")
        self.ctl("user", "add", "other", "--tenant", "elsewhere")
        self.other = self.add_token("other", "other")
        self.reader = self.add_token("tester", "reader", "--rights", "read")
        self.hidden = ["tester", "demo", self.key, "elsewhere"]
        self.connection = self.connect()
        self.reached()

    def ask(self, method, path, headers):
        return self.request(
            method, path, None, headers, connection=self.connection, documented=False
        )


def shared():
    if not shared.instance:
        shared.instance = Attacked()
    return shared.instance


shared.instance = None

# ---- names ----

# Whatever a server, a proxy or a framework might believe, and what it might be told.
NAMES = {
    "Remote-User": "KEY",
    "Remote-Addr": "127.0.0.1",
    "Polytask-User": "KEY",
    "Polytask-Tenant": "demo",
    "Polytask-Rights": "read,write,work,admin",
    "Polytask-Dialect": "*",
    "Polytask-Call": "authorize",
    "Polytask-Request-Id": "0" * 32,
    "X-Polytask-User": "KEY",
    "X-Polytask-Tenant": "demo",
    "X-Polytask-Rights": "read,write,work,admin",
    "X-Polytask-Dialect": "*",
    "X-Polytask-Reason": "none",
    "Original-Uri": BASE + "/tasks/x",
    "Original-Method": "OPTIONS",
    "Original-Scheme": "https",
    "Request-Uri": "/v1/openapi/native.json",
    "Request-Method": "OPTIONS",
    "Script-Name": "/v1/openapi",
    "Auth-Type": "Basic",
    "Proxy": "http://127.0.0.1/",
    "X-Remote-User": "KEY",
    "X-Forwarded-User": "KEY",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "localhost",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/v1/openapi",
    "Forwarded": "for=127.0.0.1;host=localhost;proto=https",
    "X-Real-IP": "127.0.0.1",
    "X-Original-URI": "/v1/openapi/native.json",
    "X-Original-URL": "/-/authorize",
    "X-Rewrite-URL": "/-/authorize",
    "X-Original-Method": "OPTIONS",
    "X-HTTP-Method-Override": "DELETE",
    "X-Accel-Redirect": "/-/authorize",
    "X-Accel-Expires": "3600",
    "X-Accel-Buffering": "no",
    "X-Sendfile": "/etc/passwd",
    "X-Request-Id": "0" * 32,
    "Proxy-Authorization": "Bearer TOKEN",
    "X-Authorization": "Bearer TOKEN",
    "Cookie": "access-token=TOKEN; key=TOKEN",
}


def spellings(name):
    """The name as clients could write it so that it becomes the one that counts."""
    lower = name.replace("-", "_")
    return [
        name,
        name.lower(),
        name.upper(),
        lower,
        lower.upper(),
        "HTTP_" + lower.upper(),
        name + " ",
    ]


def spoofing():
    """A client's header line never becomes one of the names that are believed, in any spelling."""
    target = shared()
    lines = [
        (spelling, value.replace("KEY", target.key).replace("TOKEN", target.token))
        for name, value in NAMES.items()
        for spelling in spellings(name)
    ]
    for dialect, path in LISTS.items():
        wrong = []
        want = unauthenticated(dialect, "absent", "key")
        for line in lines:
            for headers in ([line], [line, line]):
                answer = target.ask("GET", path, headers)
                found = difference(answer, want, target.hidden)
                if answer.status == 400:  # a name that is none, or stands twice
                    found = shape_fault(answer)
                wrong += [f"{line[0]}: {found}"] if found else []
        seen = target.reached()
        ok(
            not wrong and not seen,
            f"{dialect}: {len(lines)} header lines are no credential",
            f"{wrong}\n{seen}",
        )
    # With a credential they change nothing about who asks.
    wrong = []
    for line in lines:
        for who, method, path, status in (
            (target.other, "GET", f"{BASE}/tasks/{target.uuid}", 404),
            (target.reader, "DELETE", f"{BASE}/tasks/{target.uuid}", 403),
            (target.token, "GET", f"{BASE}/tasks/{target.uuid}", 200),
        ):
            answer = target.ask(method, path, target.bearer(who) + [line])
            if answer.status not in (status, 400) or (answer.status == 400 and line[0][-1] != " "):
                wrong.append(f"{line[0]}: {method}: {answer}")
            told = [n for n in answer.headers if "polytask" in n.lower() or "accel" in n.lower()]
            wrong += [f"{line[0]}: tells {told}"] if told else []
    ok(not wrong, f"{len(lines)} header lines change nothing about who asks", "\n".join(wrong))
    every = [line for line in lines if line[0] in NAMES]
    answer = target.ask("GET", f"{BASE}/tasks/{target.uuid}", target.bearer() + every)
    equal((answer.status, answer.json()["uuid"]), (200, target.uuid), "all of them do no harm")
    target.reached()


# ---- addresses ----

DOTS = ("..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "..;", "..;x=y", "%252e%252e", "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae", "..%00", "..%20", "..%0d%0a", "%uff0e%uff0e")  # fmt: skip
SLASHES = ("/", "%2f", "%2F", "%5c", "\\", "//", "/./", "/%2e/", "%252f", "%c0%af", ";/")


def crossings(start, end, thorough):
    """Addresses that begin where one rule holds and could be read as leading where another does."""
    depth = start.count("/")
    for dots, slash in itertools.product(DOTS, SLASHES):
        if not thorough and dots != DOTS[0] and slash != SLASHES[0]:
            continue
        yield start + (slash + dots) * depth + end
    for slash in SLASHES[1:]:
        yield start + slash + end[1:]
        yield end.replace("/", slash)
        yield "/" + slash + end[1:]
    yield f"{start};{end}"
    yield f"{start}%3f/../..{end}"
    yield f"{start}%23/../..{end}"
    yield f"{start}#{end}"
    yield f"{end}#{start}"
    yield f"{start}%00{end}"
    yield f"{start}%0d%0aHost:%20x%0d%0a{end}"
    yield f"{start}%20HTTP/1.1{end}"
    yield f"https://other{start}/..{end}"
    yield f"https://localhost@other{end}#{start}"
    yield f"/{end}"
    yield end.upper()
    yield end.replace("/v", "/V").replace("/t", "/%54")
    yield "/" + "".join(f"%{ord(c):02x}" if c.isalpha() else c for c in end[1:])
    yield "/%2576" + end[2:]


def own_credentials(target):
    """What is a credential at one dialect's address and nowhere else: header lines, query."""
    msg, sig = uplynk_message(target.owner, target.owner_key)
    target.secrets += [msg, sig]
    return {
        "vionlabs": ([], {"key": target.token}),
        "vionlabs, header": ([("X-API-Key", target.token)], {}),
        "uplynk": ([], {"msg": msg, "sig": sig}),
        "uplynk, header": ([("Authorization", f"{msg} {sig}")], {}),
        "fourhse": ([], {"access_token": target.token}),
    }


def addresses():
    """A credential that counts at one dialect's address opens no other's, however it is written."""
    target = shared()
    for credential, (headers, query) in own_credentials(target).items():
        start = credential.split(",")[0]
        wrong, count = [], 0
        for dialect in LISTS:
            if dialect == start:
                continue
            for address in crossings(LISTS[start], LISTS[dialect], dialect == "native"):
                path = with_query(address, **query) if query else address
                answer = send(target, path, headers)
                count += 1
                fault = shape_fault(answer)
                wrong += [f"{address}: {fault} {answer}"] if fault else []
        seen = [e for e in target.reached() if e["status"] < 400 or e.get("dialect") != start]
        ok(
            not wrong and not seen,
            f"{credential}: {count} addresses lead nowhere else",
            "\n".join(wrong[:20]) + f"\n{seen[:20]}",
        )


def send(target, path, headers):
    """A GET of an address as it stands."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {target.host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    answers, rest = converse(target, "\r\n".join(lines + ["", ""]).encode("latin-1"), 1)
    return answers[0] if len(answers) == 1 and not rest else Answerless(answers, rest)


class Answerless:
    """Stands for no answer, or for several."""

    status, headers, body = 0, {}, b""

    def __init__(self, *what):
        self.what = what

    def __repr__(self):
        return repr(self.what)


def internal():
    """What the web server asks itself cannot be asked from outside, with a credential or without."""
    target = shared()
    for path in ("/-/authorize", "/-/error/json", "/-/error/problem"):
        wrong = []
        forms = [
            path,
            path + "/",
            path + "?x",
            path + "/x",
            f"https://{target.host}{path}",
            "/" + path,
        ]
        forms += [
            "/%2d/" + path[3:],
            path.replace("/", "%2f"),
            path.replace("/", "/./"),
            path + "%20",
        ]
        forms += [f"{start}/..{path}" for start in ("/x", "/v1", "/v1/openapi", "/oauth")]
        forms += [f"/v1/openapi/..%2f..{path}", f"/v1/openapi/%2e%2e/%2e%2e{path}", path.upper()]
        for form in forms:
            for headers in ([], target.bearer(), [("X-Accel-Redirect", path)]):
                answer = send(target, form, headers)
                fault = shape_fault(answer)
                told = [n for n in answer.headers if "polytask" in n.lower()]
                if fault or told:
                    wrong.append(f"{form}: {fault} {told} {answer}")
        seen = [entry for entry in target.reached() if entry["status"] < 400]
        ok(not wrong and not seen, f"{path} is not for clients", f"{wrong}\n{seen}")


# ---- several credentials at once ----


def who_is_it(target, answer):
    """Whose list it is: ours, the other tenant's, or nobody's."""
    if answer.status != 200:
        return answer.status
    return "ours" if b"adbreaks" in answer.body or b"ExportHandler" in answer.body else "other"


def mixture(name, path, ways, values):
    """Every value in every way at once, in any order, twice: always the first that is there counts."""
    target = shared()
    rounds = list(itertools.product(values, repeat=len(ways))) * 2
    random.Random(1).shuffle(rounds)
    wrong = []
    for round in rounds:
        headers, query = [], []
        for (kind, form), value in zip(ways, round):
            if value is not None and kind == "header":
                headers.append((form[0], form[1] + value))
            elif value is not None:
                query.append(f"{form}={value}")
        first = next((value for value in round if value is not None), None)
        want = {target.token: "ours", target.other: "other"}.get(first, 401)
        got = who_is_it(
            target, target.ask("GET", path + "?" * bool(query) + "&".join(query), headers)
        )
        if got != want:
            said = [{target.token: "ours", target.other: "other"}.get(v, v) for v in round]
            wrong.append(f"{said}: {got}, not {want}")
    ok(
        not wrong,
        f"{name}: of {len(rounds)} mixtures each is judged by its first",
        "\n".join(wrong),
    )


def mixtures():
    """Credentials of different users in one request: the same one counts each time, cache or not."""
    target = shared()
    target.fourhse("POST", "/create", {"handler": "ExportHandler"})
    values = (None, target.token, target.other, "wrong")
    bearer = ("header", ("Authorization", "Bearer "))
    key = ("header", ("X-API-Key", ""))
    mixture("vionlabs", LISTS["vionlabs"], [bearer, ("query", "key"), key], values)
    mixture("fourhse", LISTS["fourhse"], [bearer, ("query", "access-token")], values)
    # The cache's key cannot be cut in two ways.
    ours, other = target.token, target.other
    barred = (None, ours, f"{ours}|", f"|{ours}", f"{ours}|{other}", f"{other}|", "|")
    ways = [bearer, ("query", "key"), key]
    mixture("vionlabs, bars", LISTS["vionlabs"], ways, barred)
    # A token counts in the places of its dialect only, also when it was good elsewhere just before.
    wrong = []
    places = {
        "bearer": ([("Authorization", f"Bearer {ours}")], ""),
        "key": ([], f"?key={ours}"),
        "X-API-Key": ([("X-API-Key", ours)], ""),
        "access-token": ([], f"?access-token={ours}"),
    }
    allowed = {"vionlabs": {"key", "X-API-Key"}, "fourhse": {"access-token"}}
    asked = list(itertools.product(LISTS.items(), places.items())) * 3
    random.Random(2).shuffle(asked)
    for (dialect, path), (place, (headers, query)) in asked:
        answer = target.ask("GET", path + query, headers)
        is_in = answer.status not in (401, 403)
        if is_in != (place == "bearer" or place in allowed.get(dialect, ())):
            wrong.append(f"{dialect}, {place}: {answer}")
    ok(not wrong, "a token counts in its dialect's places only", "\n".join(wrong))
    target.reached()


def staleness():
    """A refusal is kept for its own request only, and a decision for no other Host, dialect or token."""
    target = shared()
    fresh = target.add_token("other", "fresh")
    path = LISTS["vionlabs"]
    for name, headers, address in (
        ("a longer token", target.bearer(fresh + "x"), path),
        ("a shorter token", target.bearer(fresh[:-1]), path),
        ("a bad key and the token in X-API-Key", [("X-API-Key", fresh)], path + "?key=x"),
        ("the token in a name", [], f"{path}?x={fresh}"),
        ("at another dialect", [("X-API-Key", fresh)], LISTS["fourhse"]),
    ):
        refused = target.ask("GET", address, headers)
        answer = target.ask("GET", path, target.bearer(fresh))
        equal((refused.status, answer.status), (401, 200), f"{name} spoils nothing")
    for change in (str.upper, str.lower, str.swapcase):
        answer = target.ask("GET", path, target.bearer(change(fresh)))
        equal(answer.status, 401, "a token is kept with its case")
    target.reached()


def ending():
    target = shared()
    equal(target.get("/tasks/" + target.uuid).status, 200, "the task is still there")
    target.verify("after all of this")
    target.stop("shared instance")


run_tests(spoofing, addresses, internal, mixtures, staleness, ending)
