"""FastCGI parameters that nginx sends to the application and to the authorizer."""
from dialects import fourhse, virtshell
from fastcgi_stand_in import PRINCIPAL, with_stand_in
from lib import run_tests
from tap import equal, ok


# Names that a client could forge; nginx passes them on empty.
BLANKED = (
    "HTTP_AUTHORIZATION",
    "HTTP_X_API_KEY",
    "HTTP_X_VIRTSHELL_AUTHORIZATION",
    "HTTP_PROXY",
    "HTTP_REMOTE_USER",
)
PATH = virtshell.PREFIX + "/tasks/a%2Fb?x=1"


def check_authorizer(instance, call, headers, request_id):
    equal(
        dict(call),
        {
            "POLYTASK_CALL": "authorize",
            "POLYTASK_DIALECT": "virtshell",
            "POLYTASK_REQUEST_ID": request_id,
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": "/-/authorize",
            "CONTENT_LENGTH": "",
            "POLYTASK_TOKEN": "",
            "ORIGINAL_METHOD": "POST",
            "ORIGINAL_URI": PATH,
            "ORIGINAL_SCHEME": "https",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": instance.host,
            "HTTP_DATE": headers[0][1],
            "HTTP_CONTENT_TYPE": "text/x",
            "HTTP_CONTENT_MD5": "",
            "HTTP_AUTHORIZATION": "Basic cGFzcw==",
            "HTTP_X_API_KEY": "key-of-the-test",
            "HTTP_X_VIRTSHELL_AUTHORIZATION": headers[1][1],
        },
        "parameters of the authorizer",
    )
    equal(len(call), len(dict(call)), "the authorizer gets each parameter once")


def check_application(params, body, headers, request_id):
    equal(body, b"the body", "the application gets the body")
    trusted = {
        "POLYTASK_CALL": "request",
        "POLYTASK_REQUEST_ID": request_id,
        "POLYTASK_DIALECT": "virtshell",
        "POLYTASK_TENANT": "t-1",
        "POLYTASK_RIGHTS": "read,write",
        "REMOTE_USER": "u-1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_SCHEME": "https",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": PATH,
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "8",
    }
    equal(
        {name: value for name, value in params if not name.startswith("HTTP_")},
        trusted,
        "parameters without HTTP_ are set by nginx",
    )
    ok(
        all([name for name, _ in params].count(name) == 1 for name in trusted),
        "the application gets each parameter once",
        params,
    )
    shown = "\n".join(value for _, value in params)
    ok(
        headers[1][1] not in shown
        and "cGFzcw" not in shown
        and "key-of" not in shown
        and "evil" not in shown,
        "the application gets no credential and no Proxy",
        params,
    )
    equal(
        {name: dict(params).get(name, "") for name in BLANKED},
        dict.fromkeys(BLANKED, ""),
        "blanked parameters are empty",
    )
    equal(
        [value for name, value in params if name == "HTTP_X_OTHER"],
        ["1", "2"],
        "other header fields are passed on",
    )


def parameters():
    instance, stand_in = with_stand_in()
    headers = instance.sign("POST", PATH, "text/x") + [
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
    answer = instance.request("POST", PATH, b"the body", headers)
    equal(answer.status, 200, "POST: 200")
    request_id = answer.headers["X-Request-Id"]
    check_authorizer(instance, stand_in.calls[0], headers, request_id)
    check_application(*stand_in.requests[0], headers, request_id)
    instance.stop("parameters")


def forms():
    """For a credential in a form the authorizer gets the whole request, then the application does."""
    instance, stand_in = with_stand_in()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    accepted = dict(
        PRINCIPAL, **{"X-Polytask-Dialect": "fourhse", "X-Accel-Redirect": "@polytask_authorized"}
    )
    bodies = []

    def authorize(params):
        bodies.append(params["CONTENT_LENGTH"])
        return 204, accepted, b""

    stand_in.authorize = authorize
    answer = instance.request("PUT", fourhse.PREFIX + "/update/1?a=b", b"access-token=x", form)
    equal(answer.status, 200, "PUT of a form: 200")
    call = dict(stand_in.calls[0])
    equal(
        (bodies, call["POLYTASK_CONTINUE"], call["REQUEST_METHOD"], call["ORIGINAL_METHOD"]),
        (["14"], "@polytask_authorized", "GET", "PUT"),
        "the authorizer gets the body of a form",
    )
    equal(len(stand_in.calls[0]), len(call), "the authorizer gets each parameter of a form once")
    params, body = stand_in.requests[0]
    named = dict(params)
    equal(body, b"access-token=x", "the application gets the body of a form")
    equal(
        [
            named[name]
            for name in ("REQUEST_METHOD", "REQUEST_URI", "REMOTE_USER", "POLYTASK_DIALECT")
        ],
        ["PUT", fourhse.PREFIX + "/update/1?a=b", "u-1", "fourhse"],
        "the application gets the method, address and principal of a form",
    )
    ok(
        all([name for name, _ in params].count(name) == 1 for name in named),
        "the application gets each parameter of a form once",
        params,
    )
    equal((len(stand_in.calls), len(stand_in.requests)), (1, 1), "one call of each for a form")
    stand_in.authorize = lambda params: (503, {}, b"")
    answer = instance.request("POST", fourhse.PREFIX + "/create", b"access-token=x", form)
    equal(
        (answer.status, len(stand_in.requests)),
        (503, 1),
        "an authorizer that answers 503 is not a refusal",
    )
    instance.stop("forms")


run_tests(parameters, forms)
