"""Refusals that nginx sends itself, in the format of each dialect; and the OpenAPI documents."""
import os
import re

import openapi
from dialects import DIALECTS
from lib import Instance, run_tests
from paths import SOURCE
from tap import equal, ok

DOCUMENT_HAS_CHANGED = "The document has changed since it was read."


def refused(dialect, answer, status, sentence):
    known = DIALECTS[dialect]
    name = f"{dialect}: {status}"
    equal(
        (answer.status, answer.headers.get_all("Content-Type") if answer.status else None),
        (status, [known.media_type]),
        name,
    )
    request_id = answer.headers.get("X-Request-Id", "")
    ok(len(request_id) == 32, f"{name}: X-Request-Id", answer.headers)
    body = known.refusal_body(status, sentence).replace("REQUEST", request_id)
    equal(answer.body.decode(), body, f"{name}: body")
    if status in (429, 503):
        equal(answer.headers.get_all("Retry-After"), ["1"], f"{name}: Retry-After")


def formats():
    instance = Instance()
    for dialect, known in DIALECTS.items():
        path = (known.prefix + "/x").encode()
        refused(
            dialect,
            instance.raw_request(b"GET " + path + b"y" * 9000 + b" HTTP/1.1"),
            414,
            "The address is too long.",
        )
        refused(
            dialect,
            instance.raw_request(b"GET " + path + b" HTTP/1.1", [b"X-Big: " + b"x" * 9000]),
            431,
            "The header of the request is too large.",
        )
        refused(
            dialect,
            instance.raw_request(b"TRACE " + path + b" HTTP/1.1"),
            501,
            "The method is not implemented.",
        )
        refused(
            dialect,
            instance.raw_request(b"GET " + path + b" HTTP/1.1", [b"Host: other"]),
            400,
            "The request could not be read.",
        )
        refused(
            dialect,
            instance.request("POST", known.prefix + "/x", b"0" * (17 << 20)),
            413,
            "The request is too large.",
        )
        # In absolute form, with a query directly behind the prefix.
        refused(
            dialect,
            instance.raw_request(
                f"TRACE https://{instance.host}{known.prefix}?x=/v1/ HTTP/1.1".encode()
            ),
            501,
            "The method is not implemented.",
        )
    answer = instance.raw_request(b"TRACE /v1x HTTP/1.1")
    equal(
        answer.body,
        b'{"error":"The method is not implemented."}',
        "a prefix must match whole segments",
    )
    answer = instance.raw_request(b"TRACE /x?/v1/ HTTP/1.1")
    equal(
        answer.body,
        b'{"error":"The method is not implemented."}',
        "a prefix in the query does not count",
    )
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    for dialect, known in DIALECTS.items():
        refused(
            dialect,
            instance.request("GET", known.prefix + "/x"),
            503,
            "The service is busy; try again shortly.",
        )
    instance.start()
    instance.stop("formats")


def documents():
    """The OpenAPI documents can be read without a credential, and only read."""
    instance = Instance()
    with os.scandir(os.path.join(SOURCE, "src", "dialect")) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir())
    # A build inside the source tree leaves folders of its own.
    equal(
        sorted(openapi.documents()),
        [name for name in folders if not name.startswith(".")],
        "one document for each dialect",
    )
    for name, path in openapi.documents().items():
        address = f"/v1/openapi/{name}.json"
        answer = instance.request("GET", address, None, [])
        with open(path, "rb") as file:
            equal(answer.body, file.read(), f"{address}: content")
        equal(
            (answer.status, answer.headers["Content-Type"], answer.headers["X-Polytask-User"]),
            (200, "application/json", None),
            f"{address}: media type",
        )
        ok(len(answer.headers["X-Request-Id"]) == 32, f"{address}: X-Request-Id")
        again = instance.request(
            "GET", address, None, [("If-None-Match", answer.headers["ETag"])]
        )
        equal(again.status, 304, f"{address}: 304 when unchanged")
        page = instance.request("GET", address.replace(".json", ".md"), None, [])
        with open(path.replace("openapi.json", "README.md"), "rb") as file:
            equal(page.body, file.read(), f"the page of {name}: content")
        equal(
            page.headers["Content-Type"],
            "text/markdown; charset=utf-8",
            f"the page of {name}: media type",
        )
    head = instance.request("HEAD", "/v1/openapi/virtshell.json", None, [])
    equal((head.status, head.body), (200, b""), "HEAD of a document")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = instance.request(method, "/v1/openapi/virtshell.json", b"{}")
        refused("native", answer, 405, "The method is not allowed here.")
        equal(answer.headers.get_all("Allow"), ["GET, HEAD"], f"{method}: Allow")
    index = instance.request("GET", "/v1/openapi/", None, [])
    equal(
        sorted(link["service-desc"][0]["href"] for link in index.json()["linkset"]),
        [f"/v1/openapi/{name}.json" for name in sorted(openapi.documents())],
        "the list of the documents",
    )
    for path in (
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
        ok(answer.status in (400, 401, 404), f"no document at {path!r}", answer)
        equal(
            answer.headers["Content-Type"], "application/problem+json", f"{path!r}: media type"
        )
    for path in ("/v1/openapi/native.json", "/v1/problems", "/v1/openapi/native.md"):
        whole = instance.request("GET", path, None, [])
        for part in ("bytes=0-5", "bytes=-5", "bytes=0-1,3-4", "bytes=999999999-"):
            answer = instance.request("GET", path, None, [("Range", part)])
            equal(
                (answer.status, answer.body == whole.body, answer.headers["Content-Range"]),
                (200, True, None),
                f"{path}: Range: {part} is ignored",
            )
    bare = instance.request("GET", "/v1/openapi", None, [])
    equal(bare.status, 200, "GET /v1/openapi without a slash lists the documents")
    instance.stop("documents")


def preconditions():
    """Public files have the preconditions of RFC 9110, and an error like others."""
    instance = Instance()
    paths = ("/v1/openapi/native.json", "/v1/openapi/idol.md", "/v1/openapi/", "/v1", "/v1/problems", "/v1/problems/busy")
    for path in (*paths, "/.well-known/api-catalog"):
        for field in (("If-Match", '"none"'), ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")):
            answer = instance.request("GET", path, None, [field])
            equal(
                (answer.status, answer.headers["Content-Type"], answer.json()["type"], answer.json()["title"]),
                (412, DIALECTS["native"].media_type, "/v1/problems/precondition", DOCUMENT_HAS_CHANGED),
                f"GET {path}: {field[0]}",
            )
            head = instance.request("HEAD", path, None, [field])
            equal((head.status, head.body), (412, b""), f"HEAD {path}: {field[0]}")
        equal(instance.request("GET", path, None, [("If-Match", "*")]).status, 200, f"{path}: If-Match: *")
    etag = instance.request("GET", paths[0], None, []).headers["ETag"]
    equal(instance.request("GET", paths[0], None, [("If-Match", etag)]).status, 200, "If-Match: the present ETag")
    instance.stop("preconditions")


def links(answer):
    return dict(re.findall(r'<([^>]*)>; rel="([^"]*)"', answer.headers["Link"]))


def discovery():
    """The entry point and the catalog lead to the documents, without a credential."""
    instance = Instance()
    names = sorted(openapi.documents())
    for path in ("/v1", "/v1/"):
        entry = instance.request("GET", path, None, [], documented=False)
        equal(
            (entry.status, entry.headers["Content-Type"], len(entry.headers["X-Request-Id"])),
            (200, "application/linkset+json", 32),
            f"the entry point {path}",
        )
        want = {
            "/v1/openapi/native.json": "service-desc",
            "/v1/openapi/native.md": "service-doc",
            "/.well-known/api-catalog": "api-catalog",
        }
        equal(links(entry), want, f"{path}: Link")
        equal([link["anchor"] for link in entry.json()["linkset"]], ["/v1"], f"{path}: link set")
        for target in want:
            found = instance.request("HEAD", target, None, [], documented=False)
            equal(found.status, 200, f"{path} leads to {target}")
    address = "/.well-known/api-catalog"
    catalog = instance.request("GET", address, None, [], documented=False)
    equal(
        catalog.headers["Content-Type"],
        'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
        "the catalog: media type and profile",
    )
    first, *others = catalog.json()["linkset"]
    anchors = [link["anchor"] for link in others]
    equal(first["anchor"], address, "the catalog: its own links")
    equal([item["href"] for item in first["item"]], anchors, "the catalog: an item for each API")
    equal(
        sorted((link["service-desc"][0]["href"], link["service-doc"][0]["href"]) for link in others),
        [(f"/v1/openapi/{name}.json", f"/v1/openapi/{name}.md") for name in names],
        "the catalog: documents of each API",
    )
    head = instance.request("HEAD", address, None, [], documented=False)
    equal((head.status, head.body), (200, b""), "HEAD of the catalog")
    for answer in (catalog, head):
        equal(links(answer), {address: "api-catalog"}, "the catalog: Link")
    for path in ("/v1", "/v1/", address):
        answer = instance.request("POST", path, b"{}", [], documented=False)
        refused("native", answer, 405, "The method is not allowed here.")
        equal(answer.headers.get_all("Allow"), ["GET, HEAD"], f"POST {path}: Allow")
    for path in ("/.well-known/api-catalog/", "/.well-known/"):
        answer = instance.request("GET", path, None, [], documented=False)
        ok(answer.status in (401, 404), f"nothing at {path}", answer)
    instance.stop("discovery")


def problems():
    """Each type of a problem is the address of a public page."""
    instance = Instance()
    schema = openapi.load("native").root["components"]["schemas"]["Problem"]
    types = schema["properties"]["type"]["enum"]
    whole = instance.request("GET", "/v1/problems", None, [], documented=False)
    equal(
        (whole.status, whole.headers["Content-Type"]), (200, "text/plain"), "the page of all problems"
    )
    parts = whole.body.decode().split("\n\n")[1:]
    for address in types:
        page = instance.request("GET", address, None, [], documented=False)
        name = address.rsplit("/", 1)[1]
        text = page.body.decode()
        ok(
            page.status == 200 and re.fullmatch(rf"\d{{3}} {name}\n.+\.\n.+\.\n", text),
            f"{address}: status, name, meaning, remedy",
            page,
        )
        ok(text.strip("\n") in [part.strip("\n") for part in parts], f"{address}: in the whole page")
    again = instance.request("GET", "/v1/problems/", None, [], documented=False)
    equal((again.status, again.body), (200, whole.body), "the page of all, with a slash")
    head = instance.request("HEAD", "/v1/problems", None, [], documented=False)
    equal((head.status, head.body), (200, b""), "HEAD of the page of all")
    for address in ("/v1/problems/none", "/v1/problems/busy/"):
        page = instance.request("GET", address, None, [], documented=False)
        refused("native", page, 404, "There is nothing at this address.")
    for address in (types[0], "/v1/problems"):
        page = instance.request("POST", address, b"{}", [], documented=False)
        refused("native", page, 405, "The method is not allowed here.")
    instance.stop("problems")


run_tests(formats, documents, preconditions, discovery, problems)
