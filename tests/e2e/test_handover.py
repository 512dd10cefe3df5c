"""What nginx hands to the application and to the authorizer, as a stand-in records it."""
import socket
import struct
import threading

from dialects import fourhse, idol, native, uplynk, vionlabs, virtshell
from lib import Instance, run_tests
from tap import equal, ok, until

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
WHO = {
    "X-Polytask-User": "u-1",
    "X-Polytask-Tenant": "t-1",
    "X-Polytask-Rights": "read,write",
    "X-Polytask-Dialect": "virtshell",
}


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def read_record(connection):
    _, kind, _, length, padding = struct.unpack(">BBHHBx", read_exactly(connection, 8))
    content = read_exactly(connection, length)
    read_exactly(connection, padding)
    return kind, content


def read_params(data):
    params, at = [], 0

    def length():
        nonlocal at
        first = data[at]
        size = 1 if first < 128 else 4
        value = first if size == 1 else struct.unpack(">I", data[at : at + 4])[0] & 0x7FFFFFFF
        at += size
        return value

    while at < len(data):
        name, value = length(), length()
        params.append(
            (
                data[at : at + name].decode("latin-1"),
                data[at + name : at + name + value].decode("latin-1"),
            )
        )
        at += name + value
    return params


class StandIn:
    """Speaks FastCGI on the application's socket; `authorize` and `answer` say what it replies."""

    def __init__(self, path):
        self.calls, self.requests = [], []
        self.authorize = lambda params: (204, WHO, b"")
        self.answer = lambda params, body: (200, {"Content-Type": "application/json"}, b"{}")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                self._exchange(connection)
        except (EOFError, OSError):
            connection.close()

    def _exchange(self, connection):
        kind, begin = read_record(connection)
        params, body = b"", b""
        while True:
            kind, content = read_record(connection)
            if kind == PARAMS:
                params += content
            elif kind == STDIN:
                if not content:
                    break
                body += content
        params = read_params(params)
        named = dict(params)
        if named.get("POLYTASK_CALL") == "authorize":
            self.calls.append(params)
            reply = self.authorize(named)
        else:
            self.requests.append((params, body))
            reply = self.answer(named, body)
        if reply is None:
            raise EOFError
        status, headers, content = reply
        head = (
            f"Status: {status} X\r\n"
            + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
            + "\r\n"
        )
        out = head.encode() + content
        connection.sendall(
            struct.pack(">BBHHBx", 1, STDOUT, 1, len(out), 0)
            + out
            + struct.pack(">BBHHBx", 1, STDOUT, 1, 0, 0)
            + struct.pack(">BBHHBx", 1, END, 1, 8, 0)
            + bytes(8)
        )
        if not begin[2] & 1:
            raise EOFError


def with_stand_in():
    instance = Instance(autostart=False, compared=False)
    instance.token, instance.key, instance.secret = (
        "pt_token-of-the-test",
        "key-1",
        "secret-of-the-test",
    )
    stand_in = StandIn(instance.socket)
    instance.start_nginx()
    until(instance.answers, 10)
    stand_in.calls.clear()
    stand_in.requests.clear()
    return instance, stand_in


def parameters():
    instance, stand_in = with_stand_in()
    path = virtshell.PREFIX + "/tasks/a%2Fb?x=1"
    headers = instance.sign("POST", path, "text/x") + [
        ("Content-Type", "text/x"),
        ("Authorization", "Basic cGFzcw=="),
        ("X-API-Key", "key-of-the-test"),
        ("X-Other", "1"),
        ("X-Other", "2"),
        ("Proxy", "http://evil/"),
        ("Remote-User", "root"),
        ("Remote_User", "root"),
        ("REMOTE_USER", "root"),
        ("Polytask-User", "root"),
        ("POLYTASK_TENANT", "root"),
    ]
    answer = instance.request("POST", path, b"the body", headers)
    equal(answer.status, 200, "answered")
    signature = headers[1][1]

    call = stand_in.calls[0]
    equal(
        dict(call),
        {
            "POLYTASK_CALL": "authorize",
            "POLYTASK_DIALECT": "virtshell",
            "POLYTASK_REQUEST_ID": answer.headers["X-Request-Id"],
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": "/-/authorize",
            "CONTENT_LENGTH": "",
            "ORIGINAL_METHOD": "POST",
            "ORIGINAL_URI": path,
            "ORIGINAL_SCHEME": "https",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": instance.host,
            "HTTP_DATE": headers[0][1],
            "HTTP_CONTENT_TYPE": "text/x",
            "HTTP_CONTENT_MD5": "",
            "HTTP_AUTHORIZATION": "Basic cGFzcw==",
            "HTTP_X_API_KEY": "key-of-the-test",
            "HTTP_X_VIRTSHELL_AUTHORIZATION": signature,
        },
        "the authorizer gets exactly what is listed",
    )
    equal(len(call), len(dict(call)), "each once")

    params, body = stand_in.requests[0]
    equal(body, b"the body", "the application gets the body")
    trusted = {
        "POLYTASK_CALL": "request",
        "POLYTASK_REQUEST_ID": answer.headers["X-Request-Id"],
        "POLYTASK_DIALECT": "virtshell",
        "POLYTASK_TENANT": "t-1",
        "POLYTASK_RIGHTS": "read,write",
        "REMOTE_USER": "u-1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_SCHEME": "https",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": path,
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "8",
    }
    equal(
        {name: value for name, value in params if not name.startswith("HTTP_")},
        trusted,
        "names without HTTP_ are nginx's own",
    )
    ok(all([name for name, _ in params].count(name) == 1 for name in trusted), "each once", params)
    shown = "\n".join(value for _, value in params)
    ok(
        signature not in shown
        and "cGFzcw" not in shown
        and "key-of" not in shown
        and "evil" not in shown,
        "no credential and no proxy goes to the application",
        params,
    )
    equal(
        {
            name: dict(params).get(name, "")
            for name in (
                "HTTP_AUTHORIZATION",
                "HTTP_X_API_KEY",
                "HTTP_X_VIRTSHELL_AUTHORIZATION",
                "HTTP_PROXY",
                "HTTP_REMOTE_USER",
            )
        },
        dict.fromkeys(
            (
                "HTTP_AUTHORIZATION",
                "HTTP_X_API_KEY",
                "HTTP_X_VIRTSHELL_AUTHORIZATION",
                "HTTP_PROXY",
                "HTTP_REMOTE_USER",
            ),
            "",
        ),
        "the blanked names are blank",
    )
    equal(
        [value for name, value in params if name == "HTTP_X_OTHER"],
        ["1", "2"],
        "other header lines pass",
    )
    instance.stop("parameters")


def forms():
    """A credential in a form is asked for with the whole request; a yes leads on with the same."""
    instance, stand_in = with_stand_in()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    who = dict(WHO, **{"X-Polytask-Dialect": "fourhse", "X-Accel-Redirect": "@polytask_judged"})
    bodies = []

    def judge(params):
        bodies.append(params["CONTENT_LENGTH"])
        return 204, who, b""

    stand_in.authorize = judge
    answer = instance.request("PUT", fourhse.PREFIX + "/update/1?a=b", b"access-token=x", form)
    equal(answer.status, 200, "answered")
    call = dict(stand_in.calls[0])
    equal(
        (bodies, call["POLYTASK_CONTINUE"], call["REQUEST_METHOD"], call["ORIGINAL_METHOD"]),
        (["14"], "@polytask_judged", "GET", "PUT"),
        "the authorizer gets the body",
    )
    equal(len(stand_in.calls[0]), len(call), "each once")
    params, body = stand_in.requests[0]
    named = dict(params)
    equal(body, b"access-token=x", "so does the application")
    equal(
        [
            named[name]
            for name in ("REQUEST_METHOD", "REQUEST_URI", "REMOTE_USER", "POLYTASK_DIALECT")
        ],
        ["PUT", fourhse.PREFIX + "/update/1?a=b", "u-1", "fourhse"],
        "with what was judged",
    )
    ok(all([name for name, _ in params].count(name) == 1 for name in named), "each once", params)
    equal((len(stand_in.calls), len(stand_in.requests)), (1, 1), "both once")
    stand_in.authorize = lambda params: (503, {}, b"")
    answer = instance.request("POST", fourhse.PREFIX + "/create", b"access-token=x", form)
    equal((answer.status, len(stand_in.requests)), (503, 1), "who cannot say does not say no")
    instance.stop("forms")


def redirects():
    """No answer leads elsewhere, but that to a credential in a form."""
    instance, stand_in = with_stand_in()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    away = {"X-Accel-Redirect": "/v1/openapi/native.json"}
    stand_in.authorize = lambda params: (204, dict(WHO, **away), b"")
    stand_in.answer = lambda params, body: (200, away, b"application")

    def ask(name, method, path, body=None, headers=None):
        answer = instance.request(method, path, body, headers)
        equal(
            (answer.status, answer.body, answer.headers["X-Accel-Redirect"]),
            (200, b"application", None),
            name,
        )

    for path in (virtshell.PREFIX + "/tasks", fourhse.PREFIX + "/index", native.PREFIX + "/tasks"):
        ask(f"{path}: neither of the authorizer nor of the application", "GET", path)
    ask("a login's", "POST", "/oauth/token", b"x=y", [])
    judged = {"X-Accel-Redirect": "@polytask_judged"}
    stand_in.authorize = lambda params: (204, dict(WHO, **judged), b"")
    stand_in.answer = lambda params, body: (200, judged, b"application")
    stand_in.requests.clear()
    ask("the application's, behind a form", "POST", fourhse.PREFIX + "/index", b"a=b", form)
    equal(len(stand_in.requests), 1, "which it gets once")
    instance.stop("redirects")


def cached_decisions():
    instance, stand_in = with_stand_in()

    def calls(times, headers, method="GET"):
        before = len(stand_in.calls)
        for _ in range(times):
            instance.request(method, virtshell.PREFIX + "/tasks", b"{}" if method == "POST" else None, headers)
        return len(stand_in.calls) - before

    bearer = [("Authorization", "Bearer another-token")]
    equal(calls(3, bearer), 1, "a bearer is judged once")
    equal(calls(3, bearer, "POST"), 0, "for any method")
    equal(
        calls(1, [("Authorization", "Bearer third-token")]),
        1,
        "another bearer is another question",
    )
    signed = instance.sign("GET", virtshell.PREFIX + "/tasks")
    equal(calls(3, signed), 3, "a signature is judged each time")
    equal(calls(2, signed + bearer), 2, "also beside a bearer that is known")
    equal(calls(2, [signed[0], ("Authorization", signed[1][1])]), 2, "also in Authorization")
    equal(calls(2, []), 2, "also when there is none")
    stand_in.authorize = lambda params: (403, {"X-Polytask-Reason": "AccessDenied"}, b"")
    equal(calls(3, [("Authorization", "Bearer wrong-token")]), 3, "a refused bearer each time")
    instance.stop("cache")


def cached_tokens():
    """A token is judged once wherever its dialect's clients send it. What could be read apart is
    never kept: the decision would be found under another credential.
    """
    instance, stand_in = with_stand_in()

    def calls(times, address, headers=()):
        before = len(stand_in.calls)
        for number in range(times):
            instance.request("GET", address.replace("#N", str(number)), None, list(headers))
        return len(stand_in.calls) - before

    item = vionlabs.PREFIX + "/#N"
    equal(calls(3, item + "?key=one"), 1, "vionlabs: key, for any address")
    equal(calls(3, item + "?page=#N&key=one&x=%25"), 0, "wherever it stands in the query")
    equal(calls(1, item + "?key=two"), 1, "another key")
    equal(calls(3, item, [("X-API-Key", "one")]), 1, "X-API-Key")
    equal(calls(3, item + "?key=two", [("X-API-Key", "one")]), 1, "both: another question")
    equal(calls(3, item + "?%6bey=two", [("X-API-Key", "one")]), 3, "an escape in a name")
    equal(calls(3, item + "?k+y=two", [("Authorization", "Bearer a")]), 3, "a plus in a name")
    equal(calls(2, vionlabs.PREFIX + "?access-token=one"), 2, "of another dialect: none")
    equal(calls(2, vionlabs.PREFIX), 2, "none at all")
    task = fourhse.PREFIX + "/view/#N"
    equal(calls(3, task + "?access-token=one"), 1, "fourhse: access-token")
    equal(calls(3, task + "?id=#N&access-token=one"), 0, "wherever it stands")
    equal(calls(2, task + "?access%2Dtoken=one"), 2, "its name with an escape")
    equal(calls(2, task + "?key=one", [("X-API-Key", "one")]), 2, "of another dialect: none")
    signed = uplynk.PREFIX + "/ingest-points/tasks?msg=a&sig=b"
    equal(calls(3, signed), 3, "uplynk: a signature is judged each time")
    equal(calls(2, uplynk.PREFIX + "/x", [("Authorization", "msg sig")]), 2, "also in a header")
    for prefix in (vionlabs.PREFIX, uplynk.PREFIX, fourhse.PREFIX, idol.PREFIX, native.PREFIX):
        name, bearer = prefix + "/#N", [("Authorization", "bearer token-of-" + prefix)]
        equal(calls(3, name, bearer), 1, f"{prefix}: a bearer is judged once")
        equal(calls(2, name, [("Authorization", "Basic x")]), 2, f"{prefix}: nothing else is")
    asked = {dict(call)["POLYTASK_DIALECT"] for call in stand_in.calls}
    equal(
        asked,
        {"vionlabs", "uplynk", "fourhse", "idol", "native"},
        "each prefix is judged as its dialect",
    )
    instance.stop("tokens")


def refusals():
    instance, stand_in = with_stand_in()
    signed = [("X-VirtShell-Authorization", "a:b")]

    def ask(status, headers):
        stand_in.authorize = lambda params: (status, headers, b"secret reasons")
        before = len(stand_in.requests)
        answer = instance.get("/tasks", headers=signed)
        equal(len(stand_in.requests), before, f"{status} {headers}: the application is not asked")
        return answer.status, answer.body

    for reason in ("AccessDenied", "SignatureDoesNotMatch", "RequestTimeTooSkewed"):
        equal(
            ask(403, {"X-Polytask-Reason": reason}),
            (403, f'{{"error":"{reason}"}}'.encode()),
            f"403 {reason}",
        )
    equal(
        ask(403, {"X-Polytask-Reason": '","x":"'}),
        (403, b'{"error":"AccessDenied"}'),
        "an unknown reason",
    )
    equal(ask(403, {}), (403, b'{"error":"AccessDenied"}'), "no reason")
    busy = (503, b'{"error":"The service is busy; try again shortly."}')
    for status in (500, 503, 404, 302):
        equal(ask(status, {}), busy, f"an authorizer that says {status}")
    stand_in.authorize = lambda params: None
    equal(
        (lambda a: (a.status, a.body))(instance.get("/tasks", headers=signed)),
        busy,
        "an authorizer that hangs up",
    )
    instance.stop("refusals")


def answers():
    """What the application answers passes unchanged; what it breaks off is 503, once."""
    instance, stand_in = with_stand_in()
    for status in (200, 202, 400, 403, 404, 406, 409, 412, 413, 422, 429, 500, 501, 503, 507):
        body = b"" if status == 406 else b'{"own":"body"}'
        headers = {"ETag": '"7"', "Retry-After": "9"}
        if body:
            headers["Content-Type"] = "application/json"
        stand_in.answer = lambda params, _: (status, headers, body)
        answer = instance.post("/tasks", {"log": "x"})
        equal(
            (
                answer.status,
                answer.body,
                answer.headers["ETag"],
                answer.headers.get_all("Retry-After"),
            ),
            (status, body, '"7"', ["9"]),
            f"{status} as it is",
        )
        equal(len(answer.headers.get_all("X-Request-Id")), 1, f"{status} with X-Request-Id")
    stand_in.answer = lambda params, _: None
    for method in ("GET", "POST", "PUT", "DELETE"):
        before = len(stand_in.requests)
        answer = instance.request(
            method, virtshell.PREFIX + "/tasks", b"{}" if method in ("POST", "PUT") else None
        )
        equal(
            (answer.status, answer.body),
            (503, b'{"error":"The service is busy; try again shortly."}'),
            f"{method}: an application that hangs up is 503",
        )
        equal(len(stand_in.requests) - before, 1, f"{method}: it was asked once")
    instance.stop("answers")


run_tests(parameters, forms, redirects, cached_decisions, cached_tokens, refusals, answers)
