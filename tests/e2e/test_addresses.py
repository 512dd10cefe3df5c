"""nginx's limits per client address (failed authentication, connections, forms) and its log."""
import concurrent.futures
import contextlib
import json
import os
import socket
import time

from dialects import DIALECTS, fourhse, uplynk, vionlabs, virtshell
from lib import Instance, run_tests
from refusals import unauthenticated
from tap import equal, ok, until

TOO_MANY = "Too many requests."


def limited(**placeholders):
    """An instance that takes the client's address from the header field X-Test-Address."""
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


def seen(answer):
    body = answer.body.decode().replace(answer.headers.get("X-Request-Id", "none"), "REQUEST")
    return answer.status, body


def in_parallel(instance, count, path, headers, method="GET"):
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
    """Requests with a wrong credential are delayed, then refused; valid ones never are."""
    instance = limited(RATE="2", BURST="3")
    wrong, number = instance.bearer("pt_wrong"), 0
    for name, dialect in DIALECTS.items():
        number += 1
        refused = unauthenticated(name, "wrong")
        late = dialect.refusal_body(429, TOO_MANY)
        headers = from_address(f"192.0.2.{number}", wrong)
        began = time.monotonic()
        answers = in_parallel(instance, 8, dialect.prefix + "/x", headers)
        seconds = time.monotonic() - began
        equal(
            sorted(map(seen, answers)),
            sorted([(refused.status, refused.body)] * 4 + [(429, late)] * 4),
            f"{name}: of 8 wrong credentials 1 is answered at once, 3 later, 4 with 429",
        )
        ok(seconds > 1.4, f"{name}: two refusals per second", seconds)
        for answer in answers:
            if answer.status == 429:
                equal(answer.headers.get_all("Retry-After"), ["1"], f"{name}: Retry-After")
        good = in_parallel(
            instance,
            8,
            dialect.prefix + "/x",
            from_address(f"192.0.2.{number}", instance.bearer()),
        )
        ok(
            all(answer.status in (200, 404) for answer in good),
            f"{name}: valid credentials are not delayed",
            good,
        )
    ok(
        until(lambda: count_of(instance, status=429, reason="TooManyRefusals") == 4 * number, 5),
        "the access log names the limit",
    )
    equal(
        count_of(instance, status=401, reason="AccessDenied"),
        4 * sum(dialect.unauthenticated == 401 for dialect in DIALECTS.values()),
        "the access log names the reason",
    )
    instance.stop("refusals")


def missing_right():
    """A 403 for a missing right does not count as a failed authentication."""
    instance = limited(RATE="1", BURST="1")
    reader = instance.bearer(instance.add_token("tester", "reader", "--rights", "read"))
    answers = in_parallel(instance, 10, virtshell.PREFIX + "/tasks", reader, method="POST")
    equal(
        {seen(answer)[0] for answer in answers}, {403}, "missing rights are not rate limited"
    )
    equal(
        count_of(instance, status=403, reason=""),
        10,
        "the access log has no authorizer reason for them",
    )
    instance.stop("missing right")


def networks():
    """IPv4 clients are counted by address, IPv6 clients by /64 network."""
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

    equal(
        statuses(*(f"198.51.100.{n}" for n in range(1, 7))),
        [403] * 6,
        "IPv4 addresses are counted separately",
    )
    equal(
        statuses(*(f"::ffff:203.0.113.{n}" for n in range(1, 7))),
        [403] * 6,
        "IPv4-mapped addresses are counted as IPv4",
    )
    equal(
        statuses(*(f"2001:db8:0:{n}::1" for n in range(1, 7))),
        [403] * 6,
        "IPv6 addresses of different networks are counted separately",
    )
    equal(
        statuses(*(f"2001:db8:0:a::{n}" for n in range(1, 5)), "2001:db8:0:a:ff:a0a:a:7b7d"),
        [403, 403, 429, 429, 429],
        "IPv6 addresses of one /64 network are counted together",
    )
    instance.stop("networks")


def half_sent_request(instance, address, token):
    """Opens a request whose body lacks its last byte; None if it is answered nevertheless."""
    plain = socket.create_connection(("127.0.0.1", instance.port))
    tls = instance.tls.wrap_socket(plain, server_hostname="localhost")
    tls.sendall(
        f"POST {virtshell.PREFIX}/tasks HTTP/1.1\r\nHost: {instance.host}\r\n"
        f"Authorization: Bearer {token}\r\nX-Test-Address: {address}\r\n"
        "Content-Length: 3\r\n\r\n{}".encode()
    )
    tls.settimeout(0.3)
    try:
        tls.recv(1)
    except TimeoutError:
        return tls
    tls.close()
    return None


@contextlib.contextmanager
def half_sent(instance, count, address, token=None):
    """Holds requests with a valid token whose body lacks its last byte. One that is refused is sent
    again for a while: nginx may still count an earlier request of the token."""
    with contextlib.ExitStack() as stack:
        held = []

        def hold():
            request = half_sent_request(instance, address, token or instance.token)
            if request:
                held.append(stack.enter_context(request))
            return len(held) == count

        until(hold, 20)
        yield


def connections():
    instance = limited(CONNECTIONS="4")
    # Tokens are counted, too: each group of clients has its own.
    other, third = (instance.add_token("tester", label) for label in ("other", "third"))

    def ask(dialect, address, token=other):
        headers = from_address(address, instance.bearer(token))
        return instance.request("GET", dialect.prefix + "/x", None, headers)

    with half_sent(instance, 4, "192.0.2.1"):
        for name, dialect in DIALECTS.items():
            if not until(lambda: ask(dialect, "192.0.2.1").status == 429, 5):
                ok(False, f"{name}: no 429 with too many connections")
                continue
            answer = ask(dialect, "192.0.2.1")
            late = dialect.refusal_body(429, TOO_MANY)
            equal(seen(answer), (429, late), f"{name}: too many connections: 429")
            equal(answer.headers.get_all("Retry-After"), ["1"], f"{name}: Retry-After")
            answer = ask(dialect, "192.0.2.2")
            ok(answer.status in (200, 404), f"{name}: another address is served", answer)
            answer = ask(dialect, "192.0.2.2", instance.token)
            equal(answer.status, 429, f"{name}: a token is counted at every address")
        with half_sent(instance, 4, "2001:db8::1", third):
            ok(
                until(lambda: ask(DIALECTS["virtshell"], "2001:db8::2").status == 429, 5),
                "connections of one IPv6 network are counted together",
            )
        ok(
            count_of(instance, status=429, reason="TooManyConnections") >= len(DIALECTS),
            "the access log names the limit of connections",
        )
    ok(
        until(lambda: ask(DIALECTS["virtshell"], "192.0.2.1").status == 404, 5),
        "served again once they are closed",
    )
    instance.stop("connections")


def forms():
    """A client network may have 64 forms whose body nginx buffers before authentication."""
    instance = limited()
    tls = instance.tls
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", instance.port)))
            own = stack.enter_context(tls.wrap_socket(plain, server_hostname="localhost"))
            own.sendall(
                f"POST {fourhse.PREFIX}/index HTTP/1.1\r\nHost: {instance.host}\r\n"
                "X-Test-Address: 192.0.2.1\r\nContent-Length: 9\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\naccess".encode()
            )

        def ask(address):
            headers = [("Content-Type", "application/x-www-form-urlencoded")]
            body = f"access-token={instance.token}"
            path = fourhse.PREFIX + "/index"
            return instance.request("POST", path, body, from_address(address, headers)).status

        ok(until(lambda: ask("192.0.2.1") == 429, 5), "the 65th form: 429")
        equal(ask("192.0.2.2"), 200, "another address is served")
        good = from_address("192.0.2.1", instance.bearer())
        equal(instance.get("/tasks", good).status, 200, "a request with a bearer token is served")
    instance.stop("forms")


def log_lines():
    """The access log has user, dialect and reason of each request, without query and credential."""
    instance = Instance(expect=())
    instance.create(description="x")
    instance.get("/tasks?key=" + instance.token)
    instance.request("GET", vionlabs.PREFIX + "/1", None, [])
    instance.request("POST", fourhse.PREFIX + "/create", b"0" * 300000)
    instance.raw_request(b"GET /v2/task HTTP/1.1", [b"Host: other"])
    instance.raw_request(b"GET /v2/task HTTP/1.1", [b"X-Big: " + b"x" * 9000])
    instance.request("GET", uplynk.PREFIX + "/nothing/here")

    def has(**members):
        ok(
            until(lambda: count_of(instance, **members) > 0, 5),
            f"the access log has a line with {members}",
        )

    has(status=200, tenant="demo", dialect="virtshell", reason="", path=virtshell.PREFIX + "/tasks")
    has(status=401, tenant="", dialect="vionlabs", reason="CredentialMissing", user="")
    has(status=413, method="POST", dialect="fourhse", reason="WebServer", upstream_status="")
    has(status=400, dialect="fourhse", reason="WebServer")
    has(status=431, dialect="fourhse", reason="WebServer")
    has(status=404, dialect="uplynk", tenant="demo", reason="")
    equal(
        set(map(type, (entry["status"] for entry in entries(instance)))),
        {int},
        "each line is JSON with a numeric status",
    )
    instance.stop("log lines")


run_tests(refusals, missing_right, networks, connections, forms, log_lines)
