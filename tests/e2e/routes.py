"""Every operation of the OpenAPI documents, and requests for them with a credential of any kind."""
import collections
import re
import urllib.parse

import openapi
from dialects import DIALECTS
from dialects.credentials import Request, with_query

# template is the path; needs names the required members of the query; right is "read", "write", "work"
# or "admin", or all of them if any is enough; security is the document's; succeeds says whether the document has a status of success.
Route = collections.namedtuple(
    "Route", "dialect method template needs right security body succeeds name"
)


def all_routes():
    """All operations at all base addresses of all documents."""
    for dialect in DIALECTS:
        document = openapi.load(dialect)
        for server in document.root["servers"]:
            for template, item in document.root["paths"].items():
                for method in set(item) & set(openapi.METHODS):
                    # Its refusals have the words of OAuth (test_login_addresses.py).
                    if item[method]["operationId"] == "showToken":
                        continue
                    yield _route(document, server["url"].rstrip("/"), template, method)


def _route(document, base, template, method):
    dialect = DIALECTS[document.name]
    pointer = f"#/paths/{openapi.escape(template)}"
    _, operation = document.resolve(f"{pointer}/{method}")
    needs = []
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            _, parameter = document.resolve(parameter["$ref"])
        if parameter["in"] == "query" and parameter.get("required"):
            needs.append(parameter["name"])
    right = "write"
    if template in dialect.for_all:
        right = "read,write,work,admin"
    elif template in dialect.administers:
        right = "admin"
    elif method.upper() in ("GET", "HEAD") or template in dialect.reads_by_post:
        right = "read"
    elif template in dialect.works:
        right = "work"
    body = None
    if "requestBody" in operation:
        body = dialect.bodies.get(template, dialect.body)
    return Route(
        document.name,
        method.upper(),
        base + template,
        needs,
        right,
        operation.get("security", document.root.get("security")),
        body,
        any(status.startswith("2") for status in operation["responses"]),
        f"{method.upper()} {base}{template}",
    )


_ALL = sorted(all_routes(), key=lambda route: route.name)
# Operations that are documented as open to all, and the rest.
OPEN = [route for route in _ALL if route.security == []]
ROUTES = [route for route in _ALL if route.security != []]


def address(route, values):
    """The address with its variables and its query filled in; leaves out what has no value."""
    path = re.sub(
        r"\{([^{}]+)\}",
        lambda found: urllib.parse.quote(values.get(found[1], "x"), safe=""),
        route.template,
    )
    query = {name: values[name] for name in route.needs if name in values}
    return with_query(path, **query) if query else path


def has_id(route):
    return "{" in route.template or "id" in route.needs


def routes_of(dialect, scheme, right=None):
    """The routes on which the scheme can be used, optionally those that need one right."""
    return [
        route
        for route in ROUTES
        if route.dialect == dialect
        and (route.body is not None or not scheme.needs_body)
        and right in (None, route.right)
    ]


def ask(client, route, values, scheme=None, credentials=None, offset=0, spoil=None, **named):
    """Sends a route's request with credentials, with what spoil makes of it, or with neither.

    offset: by how many seconds the clock of a signature is off.
    """
    body_type = DIALECTS[route.dialect].body_type
    headers = [("Content-Type", body_type)] if route.body is not None and body_type else []
    body = route.body(values) if callable(route.body) else route.body
    request = Request(route.method, address(route, values), headers, body)
    if spoil:
        request = spoil(request)
    elif scheme:
        request = scheme.put(client, credentials, request, offset)
    return client.request(request.method, request.path, request.body, request.headers, **named)
