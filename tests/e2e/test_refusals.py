"""What nginx itself refuses, in the shape of each dialect; and the documents it gives by itself."""
import json
import os

from lib import (
    BASE,
    FOURHSE,
    IDOL,
    NATIVE,
    SOURCE,
    UPLYNK,
    VIONLABS,
    Instance,
    equal,
    ok,
    run_tests,
)

# The body of a refusal by status and sentence, and its media type.
SHAPES = {
    BASE: (lambda status, phrase, text: {"error": text}, "application/json"),
    VIONLABS: (lambda status, phrase, text: {"detail": text}, "application/json"),
    UPLYNK: (
        lambda status, phrase, text: {"@type": "Error", "status": status, "message": text},
        "application/json",
    ),
    FOURHSE: (
        lambda status, phrase, text: {
            "name": phrase,
            "message": text,
            "code": 0,
            "status": status,
        },
        "application/json; charset=UTF-8",
    ),
    IDOL: (
        lambda status, phrase, text: {"message": text}
        if status >= 500
        else {
            "errors": [
                {"title": phrase, "detail": text, "code": str(status), "status": str(status)}
            ]
        },
        "application/vnd.api+json",
    ),
    NATIVE: (
        lambda status, phrase, text: {
            "type": "/v1/problems/" + PROBLEMS[status] if status in PROBLEMS else "about:blank",
            "title": text if status in PROBLEMS else phrase,
            "status": status,
            "detail": text,
            "instance": "/v1/requests/REQUEST",
        },
        "application/problem+json",
    ),
}
PROBLEMS = {
    400: "malformed",
    404: "no-route",
    405: "method",
    413: "too-large",
    414: "uri-too-long",
    429: "too-many",
    501: "not-implemented",
    503: "busy",
}
# Where the framework behind an API has other words.
OTHER_PHRASES = {
    (FOURHSE, 413): "Request Entity Too Large",
    (FOURHSE, 414): "Request-URI Too Long",
}
OTHER_SENTENCES = {
    (FOURHSE, 429): "Rate limit exceeded.",
}
PHRASES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    414: "URI Too Long",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}


def refused(prefix, answer, status, sentence):
    make, media = SHAPES[prefix]
    phrase = OTHER_PHRASES.get((prefix, status), PHRASES[status])
    sentence = OTHER_SENTENCES.get((prefix, status), sentence)
    name = f"{prefix}: {status}"
    equal(
        (answer.status, answer.headers.get_all("Content-Type") if answer.status else None),
        (status, [media]),
        name,
    )
    body = json.dumps(make(status, phrase, sentence), separators=(",", ":"))
    request_id = answer.headers.get("X-Request-Id", "")
    ok(len(request_id) == 32, f"{name}: X-Request-Id", answer.headers)
    equal(answer.body.decode(), body.replace("REQUEST", request_id), f"{name}: body")
    if status in (429, 503):
        equal(answer.headers.get_all("Retry-After"), ["1"], f"{name}: Retry-After")


def shapes():
    instance = Instance()
    for prefix in SHAPES:
        path = (prefix + "/x").encode()
        refused(
            prefix,
            instance.raw_request(b"GET " + path + b"y" * 9000 + b" HTTP/1.1"),
            414,
            "The address is too long.",
        )
        refused(
            prefix,
            instance.raw_request(b"GET " + path + b" HTTP/1.1", [b"X-Big: " + b"x" * 9000]),
            431,
            "The header of the request is too large.",
        )
        refused(
            prefix,
            instance.raw_request(b"TRACE " + path + b" HTTP/1.1"),
            501,
            "The method is not implemented.",
        )
        refused(
            prefix,
            instance.raw_request(b"GET " + path + b" HTTP/1.1", [b"Host: other"]),
            400,
            "The request could not be read.",
        )
        refused(
            prefix,
            instance.request("POST", prefix + "/x", b"0" * 300000),
            413,
            "The request is too large.",
        )
        # Where the address has a scheme and a host, and behind its prefix nothing but a query.
        refused(
            prefix,
            instance.raw_request(
                f"TRACE https://{instance.host}{prefix}?x=/v1/ HTTP/1.1".encode()
            ),
            501,
            "The method is not implemented.",
        )
    answer = instance.raw_request(b"TRACE /v1x HTTP/1.1")
    equal(answer.body, b'{"error":"The method is not implemented."}', "a longer word is no prefix")
    answer = instance.raw_request(b"TRACE /x?/v1/ HTTP/1.1")
    equal(answer.body, b'{"error":"The method is not implemented."}', "nor is one in a query")
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    for prefix in SHAPES:
        refused(
            prefix,
            instance.request("GET", prefix + "/x"),
            503,
            "The service is busy; try again shortly.",
        )
    instance.start()
    instance.stop("shapes")


def documents():
    """Everybody may read the OpenAPI documents, and do nothing else with them."""
    instance = Instance()
    folder = os.path.join(SOURCE, "data", "openapi")
    names = sorted(os.listdir(folder))
    equal(
        names,
        [f"{n}.json" for n in ("fourhse", "idol", "native", "uplynk", "vionlabs", "virtshell")],
        "a document a dialect",
    )
    for name in names:
        answer = instance.request("GET", "/v1/openapi/" + name, None, [])
        with open(os.path.join(folder, name), "rb") as file:
            equal(answer.body, file.read(), f"{name}: as it is")
        equal(
            (answer.status, answer.headers["Content-Type"], answer.headers["X-Polytask-User"]),
            (200, "application/json", None),
            f"{name}: media type",
        )
        ok(len(answer.headers["X-Request-Id"]) == 32, f"{name}: X-Request-Id")
        again = instance.request(
            "GET", "/v1/openapi/" + name, None, [("If-None-Match", answer.headers["ETag"])]
        )
        equal(again.status, 304, f"{name}: not changed")
    head = instance.request("HEAD", "/v1/openapi/virtshell.json", None, [])
    equal((head.status, head.body), (200, b""), "HEAD")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = instance.request(method, "/v1/openapi/virtshell.json", b"{}")
        refused(NATIVE, answer, 405, "The method is not allowed here.")
        equal(answer.headers.get_all("Allow"), ["GET, HEAD"], f"{method}: Allow")
    for path in (
        "",
        "none.json",
        "virtshell",
        "virtshell.json/",
        ".json",
        "..%2f..%2fconfigure.ac",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/configure.ac",
        "virtshell.json%00",
    ):
        answer = instance.raw_request(f"GET /v1/openapi/{path} HTTP/1.1".encode(), [])
        ok(answer.status in (400, 401, 404), f"nothing at {path!r}", answer)
        equal(answer.headers["Content-Type"], "application/problem+json", f"{path!r}: its shape")
    bare = instance.request("GET", "/v1/openapi", None, [])
    equal(bare.status, 401, "without a slash it is an address of the API")
    instance.stop("documents")


run_tests(shapes, documents)
