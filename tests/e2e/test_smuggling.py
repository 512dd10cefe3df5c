"""Request smuggling: no request without a credential reaches the application.

The application's log shows which requests reached it; a status alone does not.
"""
import functools

from dialects import DIALECTS, virtshell
from lib import run_tests
from raw_http import Target, converse, converse_http2, h2, http2_fields, format_fault
from tap import equal, ok, skip

CREATE = f"{virtshell.PREFIX}/tasks"
BODY = b'{"log": "x"}'
MALFORMED = b'{"error":"The request could not be read."}'

# One instance for the tests that leave it usable.
shared = functools.cache(Target)


def lines(*texts):
    return b"".join((t.encode("latin-1") if isinstance(t, str) else t) + b"\r\n" for t in texts)


def attack(name, data, statuses, reached=0):
    """Sends bytes; checks the statuses of all answers and how many requests reach the application."""
    target = shared()
    answers, rest = converse(target, data, len(statuses))
    seen = target.reached()
    faults = [format_fault(a) for a in answers if a.status >= 300]
    faults += [a for a in answers if a.status == 400 and a.body != MALFORMED]
    ok(
        [a.status for a in answers] == statuses
        and not any(faults)
        and not rest
        and len(seen) == reached
        and all("user" in entry for entry in seen),
        f"{name}: {statuses}, {reached} reach the application",
        f"{answers}\n{faults}\n{rest[:200]}\n{seen}",
    )


def framing():
    """Contradictory or invalid lengths of a body are refused, with a credential and without."""
    target = shared()
    start = f"POST {CREATE} HTTP/1.1", f"Host: {target.host}"
    hidden = lines(f"DELETE {CREATE}/{target.create()} HTTP/1.1", f"Host: {target.host}", "")
    target.reached()
    chunked = b"c\r\n" + BODY + b"\r\n0\r\n\r\n"
    te = "Transfer-Encoding: chunked"
    size = f"Content-Length: {len(BODY)}"
    refused = {
        "Content-Length and chunks": ([size, te], chunked, 400),
        "chunks and Content-Length": ([te, size], chunked, 400),
        "Content-Length 0 and chunks": (["Content-Length: 0", te], chunked, 400),
        "two Content-Lengths": ([size, "Content-Length: 0"], BODY, 400),
        "the same Content-Length twice": ([size, size], BODY, 400),
        "a list of Content-Lengths": (["Content-Length: 12, 12"], BODY, 400),
        "Content-Length with a plus": (["Content-Length: +12"], BODY, 400),
        "Content-Length with a minus": (["Content-Length: -12"], BODY, 400),
        "Content-Length with a space in it": (["Content-Length: 1 2"], BODY, 400),
        "Content-Length in hex": (["Content-Length: 0xc"], BODY, 400),
        "a huge Content-Length": (["Content-Length: 99999999999999999999"], BODY, 400),
        "an empty Content-Length": (["Content-Length:"], BODY, 400),
        "chunks twice": ([te, te], chunked, 400),
        "chunks and identity": ([te, "Transfer-Encoding: identity"], chunked, 400),
        "identity and chunks": (["Transfer-Encoding: identity", te], chunked, 400),
        "a list of chunks": (["Transfer-Encoding: chunked, chunked"], chunked, 501),
        "another encoding": (["Transfer-Encoding: xchunked"], chunked, 501),
        "a tab before the encoding": (["Transfer-Encoding:\tchunked"], chunked, 501),
        "a space before the colon": (["Transfer-Encoding : chunked"], chunked, 400),
        "a folded encoding": (["Transfer-Encoding:", " chunked"], chunked, 400),
        "a NUL in the encoding": (["Transfer-Encoding: chunked\0"], chunked, 400),
    }
    for name, (more, body, status) in refused.items():
        for who, credential in (("no credential", []), ("bearer", target.bearer())):
            head = [f"{n}: {v}" for n, v in credential]
            attack(f"{name}, {who}", lines(*start, *head, *more, "") + body + hidden, [status])
    # Invalid chunks. The authorizer decides before the body is read.
    bearer = [f"{n}: {v}" for n, v in target.bearer()]
    for name, body in {
        "an invalid chunk size": b"zz\r\n",
        "a negative chunk size": b"-c\r\n",
        "a chunk size with 0x": b"0xc\r\n",
        "a huge chunk size": b"fffffffffffffffff\r\n",
        "an empty chunk size": b"\r\n",
        "a chunk longer than its size": b"2\r\n" + BODY + b"\r\n0\r\n\r\n",
    }.items():
        attack(f"{name}, bearer", lines(*start, *bearer, te, "") + body + hidden, [400])
    for name, body in {
        "chunks": chunked,
        "a chunk extension": b"c;x=y\r\n" + BODY + b"\r\n0\r\n\r\n",
        "a chunk size with leading zeros": b"0000c\r\n" + BODY + b"\r\n000\r\n\r\n",
    }.items():
        # A second request without a credential follows.
        attack(f"{name}, bearer", lines(*start, *bearer, te, "") + body + hidden, [200, 403], 1)
    attack(
        "a header name with _ is ignored",
        lines(*start, "Transfer_Encoding: chunked", "") + hidden,
        [403, 403],
    )
    attack(
        "HTTP/1.0 with chunks",
        lines(start[0][:-1] + "0", *start[1:], te, "") + chunked + hidden,
        [400],
    )


def lines_and_names():
    """Header lines that another parser could read as a credential or as the end of the header."""
    target = shared()
    token = target.token
    get = f"GET {CREATE} HTTP/1.1"
    host = f"Host: {target.host}"
    for name, data, status in (
        ("a folded credential", lines(get, host, "Authorization:", f" Bearer {token}", ""), 400),
        (
            "a folded credential after Host",
            lines(get, host, f"\tAuthorization: Bearer {token}", ""),
            400,
        ),
        ("a space before the colon", lines(get, host, f"Authorization : Bearer {token}", ""), 400),
        ("a tab before the colon", lines(get, host, f"Authorization\t: Bearer {token}", ""), 400),
        ("a space before the name", lines(get, host, f" Authorization: Bearer {token}", ""), 400),
        ("a NUL in a name", lines(get, host, f"Author\0ization: Bearer {token}", ""), 400),
        ("a NUL in a value", lines(get, host, f"Authorization: Bearer {token}\0", ""), 400),
        ("an empty name", lines(get, host, f": Bearer {token}", ""), 400),
        ("two Hosts", lines(get, host, host, f"Authorization: Bearer {token}", ""), 400),
        ("no Host", lines(get, f"Authorization: Bearer {token}", ""), 400),
        ("a Host with a path", lines(get, f"Host: {target.host}/v1", ""), 400),
        ("two Authorizations", lines(get, host, *[f"Authorization: Bearer {token}"] * 2, ""), 400),
        ("bytes after the version", lines(f"GET {CREATE} HTTP/1.1 x", host, ""), 400),
        ("a tab in the request line", lines(f"GET\t{CREATE} HTTP/1.1", host, ""), 400),
        ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("an asterisk", lines("OPTIONS * HTTP/1.1", host, ""), 400),
        ("an asterisk for GET", lines("GET * HTTP/1.1", host, ""), 400),
        ("an authority as the address", lines(f"GET {target.host} HTTP/1.1", host, ""), 400),
        ("CONNECT", lines(f"CONNECT {target.host} HTTP/1.1", host, ""), 400),
    ):
        attack(name, data + lines(get, host, ""), [status])


def valid_lines():
    """Unusual but valid requests; none of them but the last has a credential."""
    target = shared()
    token = target.token
    get = f"GET {CREATE} HTTP/1.1"
    host = f"Host: {target.host}"
    for name, data in (
        ("a line without a colon", lines(get, host, "Authorization", "")),
        ("bare LF", lines(get, host, "").replace(b"\r\n", b"\n")),
        ("empty lines before the request", b"\r\n\r\n" + lines(get, host, "")),
        ("repeated spaces in the request line", lines(f"GET  {CREATE}  HTTP/1.1", host, "")),
        (
            "Upgrade: h2c",
            lines(
                get,
                host,
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABk",
                "",
            ),
        ),
        (
            "Connection names a header",
            lines(get, host, "Connection: Authorization, X-Request-Id", ""),
        ),
        (
            "Expect",
            lines(
                f"POST {CREATE} HTTP/1.1", host, "Expect: 100-continue", "Content-Length: 0", ""
            ),
        ),
    ):
        attack(name, data, [403])
    attack(
        "Connection: Authorization",
        lines(get, host, "Connection: Authorization", f"Authorization: Bearer {token}", ""),
        [200],
        1,
    )


def versions():
    """HTTP/2.0 in a request line, and HTTP/0.9."""
    target = shared()
    host = f"Host: {target.host}"
    answers, _ = converse(target, lines(f"GET {CREATE} HTTP/2.0", host, ""), 1)
    equal([answer.status for answer in answers], [505], "HTTP/2.0 in the request line: 505")
    equal(
        answers[0].body,
        b'{"error":"The HTTP version is not supported."}',
        "505 in the format of the dialect",
    )
    answers, rest = converse(target, f"GET {CREATE}\r\n".encode(), 1)
    equal(
        (answers, rest), ([], b'{"error":"AccessDenied"}'), "HTTP/0.9: a refusal without a header"
    )
    equal(target.reached(), [], "HTTP/0.9 does not reach the application")


def pipelines():
    """Every request of a connection needs its own credential."""
    target = shared()
    host = f"Host: {target.host}"
    bearer = f"Authorization: Bearer {target.token}"
    known = lines(f"GET {CREATE}/cancelled HTTP/1.1", host, bearer, "")
    anonymous = lines(f"DELETE {CREATE}/{target.create()} HTTP/1.1", host, "")
    target.reached()
    attack("no credential after a bearer", known + anonymous, [200, 403], 1)
    attack("no credential between bearers", known + anonymous + known, [200, 403, 200], 2)
    attack("no credential before a bearer", anonymous + known, [403, 200], 1)
    attack(
        "no credential at another dialect",
        known + lines("GET /v1/tasks HTTP/1.1", host, ""),
        [200, 401],
        1,
    )
    closing = lines(f"GET {CREATE}/cancelled HTTP/1.1", host, bearer, "Connection: close", "")
    attack("nothing is read after Connection: close", closing + known, [200], 1)
    body = lines(
        f"GET {CREATE}/cancelled HTTP/1.1", host, bearer, f"Content-Length: {len(anonymous)}", ""
    )
    attack("a request in a body", body + anonymous, [200], 1)
    body = lines(f"POST {CREATE} HTTP/1.1", host, f"Content-Length: {len(known)}", "")
    attack("a request in the body of a refused request", body + known, [403])


def http2_bearer():
    """The header field with a bearer token, or None if HTTP/2 cannot be tested."""
    if h2:
        return ("authorization", f"Bearer {shared().token}")
    skip("HTTP/2", "python3-h2 is not installed")
    return None


def field(name, value):
    """The header fields of a request, with another value of one of them."""
    fields = http2_fields(shared(), "GET", CREATE)
    return [line for line in fields if line[0] != name] + [(name, value)]


def http2():
    """Repeated pseudo-header fields, and names and values that HTTP/1 cannot express."""
    target, bearer = shared(), http2_bearer()
    if not bearer:
        return
    answer = converse_http2(target, http2_fields(target, "GET", CREATE, bearer))
    equal((answer.status, len(target.reached())), (200, 1), "HTTP/2: a valid request")

    plain = http2_fields(target, "GET", CREATE)
    for name, headers in {
        "no credential": plain,
        "a path without a slash": field(":path", "v1/tasks"),
        "an empty path": field(":path", ""),
        "an asterisk": field(":path", "*"),
        "an absolute path": field(":path", f"https://{target.host}{CREATE}"),
        "a path with a space": field(":path", f"{CREATE} HTTP/1.1"),
        "a path with a line break": field(
            ":path", f"{CREATE} HTTP/1.1\r\nAuthorization: {bearer[1]}"
        ),
        "a path with a NUL": field(":path", CREATE + "\0"),
        "two paths": plain + [(":path", "/v1/openapi/native.json")],
        "two methods": plain + [(":method", "OPTIONS")],
        "two authorities": plain + [(":authority", "other")],
        "no path": [line for line in plain if line[0] != ":path"],
        "no method": [line for line in plain if line[0] != ":method"],
        "an authority with a path": field(":authority", f"{target.host}/v1"),
        "another scheme": field(":scheme", "file"),
        "an unknown pseudo-header field": plain + [(":user", "root"), bearer],
        "pseudo-header fields after others": [("x", "y"), *plain],
        "a name in upper case": plain + [("Authorization", bearer[1])],
        "a name with a space": plain + [("authorization ", bearer[1])],
        "a name with a colon": plain + [("authorization:x", bearer[1])],
        "a name with a line break": plain + [("x\r\nauthorization", bearer[1])],
        "a name with a NUL": plain + [("authorization\0", bearer[1])],
        "an empty name": plain + [("", bearer[1])],
        "a value with a line break": plain + [("x", f"y\r\nAuthorization: {bearer[1]}")],
        "a value with a NUL": plain + [("authorization", f"{bearer[1]}\0")],
        "another Host": plain + [("host", "other"), bearer],
        "two credentials": plain + [bearer, bearer],
        "Transfer-Encoding": plain + [("transfer-encoding", "chunked")],
        "Connection": plain + [("connection", "authorization")],
        "Upgrade": plain + [("upgrade", "h2c"), ("connection", "upgrade")],
    }.items():
        answer = converse_http2(target, headers)
        seen = target.reached()
        fault = format_fault(answer) if answer.status else None
        ok(not seen and not fault, f"HTTP/2, {name}: refused", f"{answer} {fault} {seen}")


def http2_tolerated():
    """Requests that the server may accept as one request, which has a credential."""
    target, bearer = shared(), http2_bearer()
    if not bearer:
        return
    plain = http2_fields(target, "GET", CREATE)
    for name, headers in (
        ("Transfer-Encoding", [*plain, bearer, ("transfer-encoding", "chunked")]),
        ("Connection", [*plain, bearer, ("connection", "close, authorization")]),
        ("pseudo-header fields after others", [bearer, *plain]),
        ("Host instead of the authority", [*field(":authority", "x")[:-1], ("host", "x"), bearer]),
    ):
        answer = converse_http2(target, headers)
        seen = target.reached()
        ok(
            (answer.status, len(seen)) in ((200, 1), (400, 0), (421, 0), (0, 0)),
            f"HTTP/2, {name}, bearer: one request or none",
            f"{answer} {seen}",
        )


def http2_formats():
    """A header that nginx refuses before its end gets the error format of its address."""
    target = shared()
    if not h2:
        skip("HTTP/2", "python3-h2 is not installed")
        return
    tags = [("if-none-match", '"a"'), ("if-none-match", '"b"')]
    for name, dialect in DIALECTS.items():
        fields = http2_fields(target, "PUT", dialect.prefix + "/x", *tags)
        answer = converse_http2(target, fields)
        wanted = dialect.refusal_body(400, "The request could not be read.")
        equal(
            (answer.headers.get("Content-Type"), answer.body.decode()),
            (dialect.media_type, wanted.replace("REQUEST", answer.headers["X-Request-Id"])),
            f"HTTP/2, {name}: two lines of tags get 400 in the format of the dialect",
        )


def http2_lengths():
    """A Content-Length that differs from the body."""
    target, bearer = shared(), http2_bearer()
    if not bearer:
        return
    count = len(target.tasks())
    target.reached()
    for name, more, body in (
        ("less than Content-Length", [("content-length", "20")], BODY),
        ("more than Content-Length", [("content-length", "2")], BODY),
        ("two Content-Lengths", [("content-length", "12"), ("content-length", "2")], BODY),
        ("Content-Length with a plus", [("content-length", "+12")], BODY),
    ):
        headers = http2_fields(target, "POST", CREATE, bearer, *more)
        answer = converse_http2(target, headers, body)
        seen = target.reached()
        ok(not seen and answer.status in (0, 400), f"HTTP/2, {name}: refused", f"{answer} {seen}")
    equal(len(target.tasks()), count, "HTTP/2: refused requests create no task")


def ending():
    shared().verify("after the attacks")
    shared().stop("shared instance")


run_tests(
    framing,
    lines_and_names,
    valid_lines,
    versions,
    pipelines,
    http2,
    http2_tolerated,
    http2_formats,
    http2_lengths,
    ending,
)
