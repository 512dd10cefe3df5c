"""Attacks on access control: forged names, ambiguous addresses, several credentials at once."""
import functools
import itertools
import random

from dialects import DIALECTS, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from lib import run_tests
from raw_http import Target, converse, format_fault
from refusals import difference, unauthenticated
from tap import equal, ok

LISTS = {name: dialect.list_path for name, dialect in DIALECTS.items()}


class Attacked(Target):
    """An instance with tasks of ours, a user who may only read, and a user of another tenant."""

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

# One instance for the tests that leave it usable.
shared = functools.cache(Attacked)

# ---- names ----

# Header fields that servers, proxies and frameworks trust, each with a forged value.
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
    "Original-Uri": virtshell.PREFIX + "/tasks/x",
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
    """Spellings that could be mapped to the same CGI variable."""
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
    """A header field of a client never sets a trusted name, in any spelling."""
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
                if answer.status == 400:  # an invalid or repeated name
                    found = format_fault(answer)
                wrong += [f"{line[0]}: {found}"] if found else []
        seen = target.reached()
        ok(
            not wrong and not seen,
            f"{dialect}: {len(lines)} forged header lines are not a credential",
            f"{wrong}\n{seen}",
        )
    # Beside a credential they do not change the user or the rights.
    wrong = []
    for line in lines:
        for token, method, path, status in (
            (target.other, "GET", f"{virtshell.PREFIX}/tasks/{target.uuid}", 404),
            (target.reader, "DELETE", f"{virtshell.PREFIX}/tasks/{target.uuid}", 403),
            (target.token, "GET", f"{virtshell.PREFIX}/tasks/{target.uuid}", 200),
        ):
            answer = target.ask(method, path, target.bearer(token) + [line])
            if answer.status not in (status, 400) or (answer.status == 400 and line[0][-1] != " "):
                wrong.append(f"{line[0]}: {method}: {answer}")
            leaked = [n for n in answer.headers if "polytask" in n.lower() or "accel" in n.lower()]
            wrong += [f"{line[0]}: leaks {leaked}"] if leaked else []
    ok(
        not wrong,
        f"{len(lines)} forged header lines change neither user nor rights",
        "\n".join(wrong),
    )
    every = [line for line in lines if line[0] in NAMES]
    answer = target.ask("GET", f"{virtshell.PREFIX}/tasks/{target.uuid}", target.bearer() + every)
    equal(
        (answer.status, answer.json()["uuid"]),
        (200, target.uuid),
        "all forged header lines in one request: 200",
    )
    target.reached()


# ---- addresses ----

DOTS = ("..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "..;", "..;x=y", "%252e%252e", "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae", "..%00", "..%20", "..%0d%0a", "%uff0e%uff0e")  # fmt: skip
SLASHES = ("/", "%2f", "%2F", "%5c", "\\", "//", "/./", "/%2e/", "%252f", "%c0%af", ";/")


def crossings(start, end, thorough):
    """Addresses that begin at one prefix and that a lenient parser could resolve to another."""
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
    """Credentials that are valid below one prefix only, as (header lines, query)."""
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
    """A credential of one dialect gives no access to another one, however the address is written."""
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
                fault = format_fault(answer)
                wrong += [f"{address}: {fault} {answer}"] if fault else []
        seen = [e for e in target.reached() if e["status"] < 400 or e.get("dialect") != start]
        ok(
            not wrong and not seen,
            f"{credential}: {count} addresses give no access to another dialect",
            "\n".join(wrong[:20]) + f"\n{seen[:20]}",
        )


def send(target, path, headers):
    """Sends a GET of an address without normalizing it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {target.host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    answers, rest = converse(target, "\r\n".join(lines + ["", ""]).encode("latin-1"), 1)
    return answers[0] if len(answers) == 1 and not rest else NoSingleAnswer(answers, rest)


class NoSingleAnswer:
    """Represents no answer, or several."""

    status, headers, body = 0, {}, b""

    def __init__(self, *what):
        self.what = what

    def __repr__(self):
        return repr(self.what)


def internal():
    """nginx's internal locations cannot be requested, with a credential or without."""
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
                fault = format_fault(answer)
                leaked = [n for n in answer.headers if "polytask" in n.lower()]
                if fault or leaked:
                    wrong.append(f"{form}: {fault} {leaked} {answer}")
        seen = [entry for entry in target.reached() if entry["status"] < 400]
        ok(not wrong and not seen, f"{path} cannot be requested", f"{wrong}\n{seen}")


# ---- several credentials at once ----


def tenant_of(target, answer):
    """The tenant whose list it is, "ours" or "other", or the status of a refusal."""
    if answer.status != 200:
        return answer.status
    return "ours" if b"adbreaks" in answer.body or b"ExportHandler" in answer.body else "other"


def mixture(name, path, places, values):
    """Sends every combination of values in several places, in random order, each twice: the value in
    the first place that has one decides.
    """
    target = shared()
    rounds = list(itertools.product(values, repeat=len(places))) * 2
    random.Random(1).shuffle(rounds)
    wrong = []
    for round in rounds:
        headers, query = [], []
        for (kind, form), value in zip(places, round):
            if value is not None and kind == "header":
                headers.append((form[0], form[1] + value))
            elif value is not None:
                query.append(f"{form}={value}")
        first = next((value for value in round if value is not None), None)
        want = {target.token: "ours", target.other: "other"}.get(first, 401)
        got = tenant_of(
            target, target.ask("GET", path + "?" * bool(query) + "&".join(query), headers)
        )
        if got != want:
            sent = [{target.token: "ours", target.other: "other"}.get(v, v) for v in round]
            wrong.append(f"{sent}: {got}, not {want}")
    ok(
        not wrong,
        f"{name}: the first credential decides in each of {len(rounds)} combinations",
        "\n".join(wrong),
    )


def mixtures():
    """Credentials of several users in one request: the same one decides, cached or not."""
    target = shared()
    target.fourhse("POST", "/create", {"handler": "ExportHandler"})
    values = (None, target.token, target.other, "wrong")
    bearer = ("header", ("Authorization", "Bearer "))
    key = ("header", ("X-API-Key", ""))
    mixture("vionlabs", LISTS["vionlabs"], [("query", "key"), key, bearer], values)
    mixture("fourhse", LISTS["fourhse"], [bearer, ("query", "access-token")], values)
    # Values that could be taken for two.
    ours, other = target.token, target.other
    with_bars = (None, ours, f"{ours}|", f"|{ours}", f"{ours}|{other}", f"{other}|", "|")
    places = [("query", "key"), key, bearer]
    mixture("vionlabs, bars", LISTS["vionlabs"], places, with_bars)
    # A token is accepted in the places of its dialect only, also right after it was accepted in one.
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
    ok(not wrong, "a token is accepted in the places of its dialect only", "\n".join(wrong))
    target.reached()


def staleness():
    """A refusal does not affect later requests with the same token, nor does the case of a token."""
    target = shared()
    fresh = target.add_token("other", "fresh")
    path = LISTS["vionlabs"]
    for name, headers, address in (
        ("a longer token", target.bearer(fresh + "x"), path),
        ("a shorter token", target.bearer(fresh[:-1]), path),
        ("a wrong key and the token in X-API-Key", [("X-API-Key", fresh)], path + "?key=x"),
        ("the token in a name", [], f"{path}?x={fresh}"),
        ("at another dialect", [("X-API-Key", fresh)], LISTS["fourhse"]),
    ):
        refused = target.ask("GET", address, headers)
        answer = target.ask("GET", path, target.bearer(fresh))
        equal(
            (refused.status, answer.status), (401, 200), f"{name}: refused; the token stays valid"
        )
    for change in (str.upper, str.lower, str.swapcase):
        answer = target.ask("GET", path, target.bearer(change(fresh)))
        equal(answer.status, 401, "tokens are case-sensitive")
    target.reached()


def ending():
    target = shared()
    equal(target.get("/tasks/" + target.uuid).status, 200, "the task still exists")
    target.verify("after the attacks")
    target.stop("shared instance")


run_tests(spoofing, addresses, internal, mixtures, staleness, ending)
