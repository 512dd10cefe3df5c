"""What nginx limits by address, in the shape of each dialect, and what it writes down of it."""
import concurrent.futures
import contextlib
import json
import os
import socket
import time

from lib import (
    BASE,
    FOURHSE,
    IDOL,
    NATIVE,
    UPLYNK,
    VIONLABS,
    Instance,
    equal,
    ok,
    run_tests,
    until,
)

LATE = "Too many requests."
# The body of a 429, and of the refusal of a wrong token.
BODIES = {
    BASE: ({"error": LATE}, 403, {"error": "AccessDenied"}),
    VIONLABS: ({"detail": LATE}, 401, {"detail": "Invalid API key"}),
    UPLYNK: (
        {"@type": "Error", "status": 429, "message": LATE},
        401,
        {"@type": "Error", "status": 401, "message": "Invalid signature"},
    ),
    FOURHSE: (
        {
            "name": "Too Many Requests",
            "message": "Rate limit exceeded.",
            "code": 0,
            "status": 429,
        },
        401,
        {
            "name": "Unauthorized",
            "message": "Your request was made with invalid credentials.",
            "code": 0,
            "status": 401,
        },
    ),
    IDOL: (
        {
            "errors": [
                {
                    "title": "Too Many Requests",
                    "detail": LATE,
                    "code": "429",
                    "status": "429",
                }
            ]
        },
        401,
        {
            "errors": [
                {
                    "title": "Unauthorized",
                    "detail": "The access token is invalid",
                    "code": "401",
                    "status": "401",
                }
            ]
        },
    ),
    NATIVE: (
        {
            "type": "/v1/problems/too-many",
            "title": LATE,
            "status": 429,
            "detail": LATE,
            "instance": "/v1/requests/REQUEST",
        },
        401,
        {
            "type": "/v1/problems/unauthenticated",
            "title": "No valid credential was sent.",
            "status": 401,
            "detail": "No valid credential was sent.",
            "instance": "/v1/requests/REQUEST",
        },
    ),
}


def limited(**placeholders):
    """An instance that takes a client's address from a header of the test."""
    instance = Instance(autostart=False, nginx=placeholders)
    instance.write_nginx_conf(
        dict(
            placeholders,
            LISTEN=f"listen 127.0.0.1:{instance.port} ssl http2;"
            " set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;",
        )
    )
    instance.make_principal()
    instance.start()
    return instance


def shown(answer):
    body = answer.body.decode().replace(answer.headers.get("X-Request-Id", "none"), "REQUEST")
    return answer.status, json.loads(body)


def at_once(instance, count, path, headers, method="GET"):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(
            pool.map(
                lambda _: instance.request(method, path, None, headers, timeout=30),
                range(count),
            )
        )


def entries(instance):
    with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
        return [json.loads(line) for line in log.read().splitlines()]


def count_of(instance, **members):
    return sum(
        all(entry[name] == value for name, value in members.items()) for entry in entries(instance)
    )


def from_address(address, headers):
    return [("X-Test-Address", address)] + headers


def refusals():
    """A wrong credential waits for its turn; a good one from the same address never does."""
    instance = limited(RATE="2", BURST="3")
    wrong, number = instance.bearer("pt_wrong"), 0
    for prefix, (late, status, refused) in BODIES.items():
        number += 1
        headers = from_address(f"192.0.2.{number}", wrong)
        began = time.monotonic()
        answers = at_once(instance, 8, prefix + "/x", headers)
        seconds = time.monotonic() - began
        equal(
            sorted(json.dumps(shown(answer)) for answer in answers),
            sorted([json.dumps((status, refused))] * 4 + [json.dumps((429, late))] * 4),
            f"{prefix}: one at once, three in turn, the others not at all",
        )
        ok(seconds > 1.4, f"{prefix}: two a second", seconds)
        for answer in answers:
            if answer.status == 429:
                equal(answer.headers.get_all("Retry-After"), ["1"], f"{prefix}: Retry-After")
        good = at_once(
            instance, 8, prefix + "/x", from_address(f"192.0.2.{number}", instance.bearer())
        )
        ok(
            all(answer.status in (200, 404) for answer in good),
            f"{prefix}: whoever is known does not wait",
            good,
        )
    ok(
        until(lambda: count_of(instance, status=429, reason="TooManyRefusals") == 24, 5),
        "the log says which limit it was",
    )
    equal(count_of(instance, status=401, reason="AccessDenied"), 20, "and why a token was refused")
    instance.stop("refusals")


def missing_right():
    """The application's own 403 is not counted."""
    instance = limited(RATE="1", BURST="1")
    reader = instance.bearer(instance.add_token("tester", "reader", "--rights", "read"))
    answers = at_once(instance, 10, BASE + "/tasks", reader, method="POST")
    equal(
        {shown(answer)[0] for answer in answers}, {403}, "a right that is missing is no bad token"
    )
    equal(count_of(instance, status=403, reason=""), 10, "and no reason of the authorizer")
    instance.stop("missing right")


def networks():
    """An IPv4 address counts by itself, an IPv6 address with its /64."""
    instance = limited(RATE="1", BURST="1")
    wrong = instance.bearer("pt_wrong")

    def statuses(*addresses):
        with concurrent.futures.ThreadPoolExecutor(len(addresses)) as pool:
            return sorted(
                pool.map(
                    lambda address: instance.get(
                        "/tasks", from_address(address, wrong), timeout=30
                    ).status,
                    addresses,
                )
            )

    equal(statuses(*(f"198.51.100.{n}" for n in range(1, 7))), [403] * 6, "IPv4 addresses")
    equal(
        statuses(*(f"::ffff:203.0.113.{n}" for n in range(1, 7))),
        [403] * 6,
        "IPv4 addresses that come as IPv6 ones",
    )
    equal(
        statuses(*(f"2001:db8:0:{n}::1" for n in range(1, 7))),
        [403] * 6,
        "IPv6 addresses of different networks",
    )
    equal(
        statuses(*(f"2001:db8:0:a::{n}" for n in range(1, 5)), "2001:db8:0:a:ff:a0a:a:7b7d"),
        [403, 403, 429, 429, 429],
        "IPv6 addresses of one network",
    )
    instance.stop("networks")


@contextlib.contextmanager
def half_sent(instance, count, address):
    """Requests in hand: each has a good credential and owes the last byte of its body."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", instance.port)))
            tls = stack.enter_context(instance.tls.wrap_socket(plain, server_hostname="localhost"))
            tls.sendall(
                f"POST {BASE}/tasks HTTP/1.1\r\nHost: {instance.host}\r\n"
                f"Authorization: Bearer {instance.token}\r\nX-Test-Address: {address}\r\n"
                "Content-Length: 3\r\n\r\n{}".encode()
            )
        yield


def connections():
    instance = limited(CONNECTIONS="4")
    good = instance.bearer()

    def ask(prefix, address):
        return instance.request("GET", prefix + "/x", None, from_address(address, good))

    with half_sent(instance, 4, "192.0.2.1"):
        for prefix, (late, _, _) in BODIES.items():
            if not until(lambda: ask(prefix, "192.0.2.1").status == 429, 5):
                ok(False, f"{prefix}: never too many")
                continue
            answer = ask(prefix, "192.0.2.1")
            equal(shown(answer), (429, late), f"{prefix}: too many at a time")
            equal(answer.headers.get_all("Retry-After"), ["1"], f"{prefix}: Retry-After")
            answer = ask(prefix, "192.0.2.2")
            ok(answer.status in (200, 404), f"{prefix}: another address is served", answer)
        with half_sent(instance, 4, "2001:db8::1"):
            ok(
                until(lambda: ask(BASE, "2001:db8::2").status == 429, 5),
                "an IPv6 network has them together",
            )
        ok(count_of(instance, status=429, reason="TooManyConnections") >= 6, "the log says so")
    ok(until(lambda: ask(BASE, "192.0.2.1").status == 404, 5), "and when they are gone")
    instance.stop("connections")


def forms():
    """Of those whose body is awaited before anybody is known, a network may have few."""
    instance = limited()
    tls = instance.tls
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", instance.port)))
            own = stack.enter_context(tls.wrap_socket(plain, server_hostname="localhost"))
            own.sendall(
                f"POST {FOURHSE}/index HTTP/1.1\r\nHost: {instance.host}\r\n"
                "X-Test-Address: 192.0.2.1\r\nContent-Length: 9\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\naccess".encode()
            )

        def ask(address):
            headers = [("Content-Type", "application/x-www-form-urlencoded")]
            body = f"access-token={instance.token}"
            path = FOURHSE + "/index"
            return instance.request("POST", path, body, from_address(address, headers)).status

        ok(until(lambda: ask("192.0.2.1") == 429, 5), "one form more is too many")
        equal(ask("192.0.2.2"), 200, "another address is served")
        good = from_address("192.0.2.1", instance.bearer())
        equal(instance.get("/tasks", good).status, 200, "and so is who has sent a bearer")
    instance.stop("forms")


def log_lines():
    """Whoever it was, what it spoke, and why it was refused; no query and no credential."""
    instance = Instance(expect=())
    instance.create(description="x")
    instance.get("/tasks?key=" + instance.token)
    instance.request("GET", VIONLABS + "/1", None, [])
    instance.request("POST", NATIVE + "/tasks", b"0" * 300000)
    instance.raw_request(b"GET /v2/task HTTP/1.1", [b"Host: other"])
    instance.raw_request(b"GET /v2/task HTTP/1.1", [b"X-Big: " + b"x" * 9000])
    instance.request("GET", UPLYNK + "/nothing/here")

    def has(**members):
        ok(until(lambda: count_of(instance, **members) > 0, 5), f"a line with {members}")

    has(status=200, tenant="demo", dialect="virtshell", reason="", path=BASE + "/tasks")
    has(status=401, tenant="", dialect="vionlabs", reason="CredentialMissing", user="")
    has(status=413, method="POST", dialect="native", reason="WebServer", upstream_status="")
    has(status=400, dialect="fourhse", reason="WebServer")
    has(status=431, dialect="fourhse", reason="WebServer")
    has(status=404, dialect="uplynk", tenant="demo", reason="")
    equal(
        set(map(type, (entry["status"] for entry in entries(instance)))),
        {int},
        "each line is JSON",
    )
    instance.stop("log lines")


run_tests(refusals, missing_right, networks, connections, forms, log_lines)
