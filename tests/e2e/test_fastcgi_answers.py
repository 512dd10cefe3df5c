"""How nginx treats the answers of the application and of the authorizer."""
from dialects import fourhse, native, virtshell
from fastcgi_stand_in import PRINCIPAL, with_stand_in
from lib import run_tests
from tap import equal


def redirects():
    """X-Accel-Redirect is ignored, except in the authorizer's answer to a form."""
    instance, stand_in = with_stand_in()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    redirect = {"X-Accel-Redirect": "/v1/openapi/native.json"}
    stand_in.authorize = lambda params: (204, dict(PRINCIPAL, **redirect), b"")
    stand_in.answer = lambda params, body: (200, redirect, b"application")

    def ask(name, method, path, body=None, headers=None):
        answer = instance.request(method, path, body, headers)
        equal(
            (answer.status, answer.body, answer.headers["X-Accel-Redirect"]),
            (200, b"application", None),
            name,
        )

    for path in (virtshell.PREFIX + "/tasks", fourhse.PREFIX + "/index", native.PREFIX + "/tasks"):
        ask(f"{path}: ignored from the authorizer and from the application", "GET", path)
    ask("POST /oauth/token: ignored from the application", "POST", "/oauth/token", b"x=y", [])
    judged = {"X-Accel-Redirect": "@polytask_authorized"}
    stand_in.authorize = lambda params: (204, dict(PRINCIPAL, **judged), b"")
    stand_in.answer = lambda params, body: (200, judged, b"application")
    stand_in.requests.clear()
    ask("a form: ignored from the application", "POST", fourhse.PREFIX + "/index", b"a=b", form)
    equal(len(stand_in.requests), 1, "a form: the application gets one request")
    instance.stop("redirects")


def refusals():
    instance, stand_in = with_stand_in()
    signed = [("X-VirtShell-Authorization", "a:b")]

    def ask(status, headers):
        stand_in.authorize = lambda params: (status, headers, b"secret reasons")
        before = len(stand_in.requests)
        answer = instance.get("/tasks", headers=signed)
        equal(
            len(stand_in.requests), before, f"{status} {headers}: the application gets no request"
        )
        return answer.status, answer.body

    for reason in ("AccessDenied", "SignatureDoesNotMatch", "RequestTimeTooSkewed"):
        equal(
            ask(403, {"X-Polytask-Reason": reason}),
            (403, f'{{"error":"{reason}"}}'.encode()),
            f"403 {reason}: the dialect's refusal",
        )
    equal(
        ask(403, {"X-Polytask-Reason": '","x":"'}),
        (403, b'{"error":"AccessDenied"}'),
        "403 with an unknown reason",
    )
    equal(ask(403, {}), (403, b'{"error":"AccessDenied"}'), "403 without a reason")
    busy = (503, b'{"error":"The service is busy; try again shortly."}')
    for status in (500, 503, 404, 302):
        equal(ask(status, {}), busy, f"an authorizer that answers {status}: 503")
    stand_in.authorize = lambda params: None
    equal(
        (lambda a: (a.status, a.body))(instance.get("/tasks", headers=signed)),
        busy,
        "an authorizer that closes the connection: 503",
    )
    instance.stop("refusals")


def answers():
    """Answers of the application pass unchanged; a closed connection is 503, without a retry."""
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
            f"{status} passes unchanged",
        )
        equal(len(answer.headers.get_all("X-Request-Id")), 1, f"{status} has X-Request-Id")
    stand_in.answer = lambda params, _: None
    for method in ("GET", "POST", "PUT", "DELETE"):
        before = len(stand_in.requests)
        answer = instance.request(
            method, virtshell.PREFIX + "/tasks", b"{}" if method in ("POST", "PUT") else None
        )
        equal(
            (answer.status, answer.body),
            (503, b'{"error":"The service is busy; try again shortly."}'),
            f"{method}: an application that closes the connection: 503",
        )
        equal(len(stand_in.requests) - before, 1, f"{method}: no retry")
    instance.stop("answers")


run_tests(redirects, refusals, answers)
