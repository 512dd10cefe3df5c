"""Every route of the OpenAPI documents and every way to send a credential, as data."""
import collections
import os
import re
import time
import urllib.parse

import openapi
from wire import http_date, uplynk_message, with_query

DIALECTS = ("virtshell", "vionlabs", "uplynk", "fourhse", "idol", "native")

# ---- routes ----

Route = collections.namedtuple(
    "Route", "dialect method template needs right security body succeeds name"
)

# Methods say what they need, but for a list that is asked for with a body.
READS = {"GET", "HEAD"}
READS_BY_POST = {"/v2/task/index"}

# What makes sense as a body; `{}` for a route that is not here.
BODIES = {
    "virtshell": {"description": "from the table"},
    "vionlabs": {"priority": "high"},
    "uplynk": {
        "endpoint_name": "Studio",
        "server_region_id": "us-east-1",
        "stream_type_name": "SRT",
    },
    "fourhse": {"handler": "ExportHandler"},
    "idol": {
        "data": {
            "type": "import-tasks",
            "attributes": {"master-type": "hd"},
            "relationships": {"attachable": {"data": {"type": "tracks", "id": "12"}}},
        }
    },
    "native": {"fields": {"name": "from the table"}},
}
OTHER_BODIES = {
    "/v2/task/index": {"per-page": 5},
    "/api/v4/managed-slicer/slicers/ingest-points/{ingest_point_id}": {"desc": "changed"},
    "/v1/tasks/{id}": {"state": "running"},
}
BODY_TYPES = {
    "fourhse": "application/json",
    "idol": "application/vnd.api+json",
    "native": "application/json",
}


def routes(folder):
    """All operations at all base addresses of all documents."""
    for dialect in DIALECTS:
        with open(os.path.join(folder, dialect + ".json")) as text:
            document = openapi.Document(dialect, text.read())
        for server in document.root["servers"]:
            for template, item in document.root["paths"].items():
                for method in set(item) & set(openapi.METHODS):
                    yield _route(document, server["url"].rstrip("/"), template, method)


def _route(document, base, template, method):
    pointer = f"#/paths/{openapi.escape(template)}"
    _, operation = document.resolve(f"{pointer}/{method}")
    needs = []
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            _, parameter = document.resolve(parameter["$ref"])
        if parameter["in"] == "query" and parameter.get("required"):
            needs.append(parameter["name"])
    reads = method.upper() in READS or template in READS_BY_POST
    body = None
    if "requestBody" in operation:
        body = OTHER_BODIES.get(template, BODIES[document.name])
    return Route(
        document.name,
        method.upper(),
        base + template,
        needs,
        "read" if reads else "write",
        operation.get("security", document.root.get("security")),
        body,
        any(status.startswith("2") for status in operation["responses"]),
        f"{method.upper()} {base}{template}",
    )


def address(route, values):
    """The address with its variables and its query filled in; what has no value is left out."""
    path = re.sub(
        r"\{([^{}]+)\}",
        lambda found: urllib.parse.quote(values.get(found[1], "x"), safe=""),
        route.template,
    )
    query = {name: values[name] for name in route.needs if name in values}
    return with_query(path, **query) if query else path


def has_id(route):
    return "{" in route.template or "id" in route.needs


# ---- ways to send a credential ----

# Who asks: a token; a key of VirtShell and one of Uplynk, each an id and a secret; a login's token.
Who = collections.namedtuple("Who", "token key owner login", defaults=(None,))
# What a way makes: path, header lines, body.
Ask = collections.namedtuple("Ask", "method path headers body")


def _signature(header):
    def put(client, who, ask, offset=0):
        lines = client.sign(
            ask.method,
            ask.path,
            dict(ask.headers).get("Content-Type", ""),
            date=http_date(offset),
            key=who.key[0],
            secret=who.key[1],
        )
        lines[1] = (header, lines[1][1])
        return ask._replace(headers=ask.headers + lines)

    return put


def _header(name, before="", member="token"):
    def put(client, who, ask, offset=0):
        return ask._replace(headers=ask.headers + [(name, before + getattr(who, member))])

    return put


def _query(name):
    def put(client, who, ask, offset=0):
        return ask._replace(path=with_query(ask.path, **{name: who.token}))

    return put


def _form(client, who, ask, offset=0):
    fields = {"access-token": who.token, **(ask.body or {})}
    headers = [line for line in ask.headers if line[0] != "Content-Type"]
    return ask._replace(
        headers=headers + [("Content-Type", "application/x-www-form-urlencoded")],
        body=urllib.parse.urlencode(fields),
    )


def _message(form):
    def put(client, who, ask, offset=0):
        for n in range(1000):  # the one with a plus, which some clients send as a space
            msg, sig = uplynk_message(*who.owner, time.time() + offset, {"n": n})
            if "+" in msg:
                break
        client.secrets += [msg, sig]
        return form(ask, msg, sig)

    return put


def _message_query(change=lambda msg, sig: (msg, sig)):
    def form(ask, msg, sig):
        msg, sig = change(urllib.parse.quote(msg, safe=""), sig)
        return ask._replace(path=f"{ask.path}?msg={msg}&sig={sig}")

    return _message(form)


def _message_header(ask, msg, sig):
    return ask._replace(headers=ask.headers + [("Authorization", f"{msg} {sig}")])


def _lines(name, *values):
    return [
        lambda ask, v=value: ask._replace(headers=ask.headers + [(name, v)]) for value in values
    ]


def _queries(*texts):
    return [
        lambda ask, t=text: ask._replace(path=f"{ask.path}{'&' if '?' in ask.path else '?'}{t}")
        for text in texts
    ]


Way = collections.namedtuple("Way", "dialect name kind put malformed")

_bearer = _header("Authorization", "Bearer ")
_bad_bearers = _lines(
    "Authorization", "Bearer a b", "Bearer \u00e9", "bearer x|y", "Bearer " + "x" * 4000
)
_bad_pairs = _lines("Authorization", "x", "x y", "A" * 3000 + " 00")
_bad_queries = _queries("msg=x&sig=y", "msg=%zz&sig=%00", "msg=x", "sig=x", "msg=&sig=")


def _bad_signatures(name):
    return _lines(name, "x", ":", "x:", ":x", "a:b,c:d")


WAYS = [
    Way(
        "virtshell",
        "X-VirtShell-Authorization",
        "key",
        _signature("X-VirtShell-Authorization"),
        _bad_signatures("X-VirtShell-Authorization"),
    ),
    Way(
        "virtshell",
        "Authorization",
        "key",
        _signature("Authorization"),
        _bad_signatures("Authorization") + _lines("Authorization", "Basic eDp5"),
    ),
    Way("virtshell", "bearer", "token", _bearer, _bad_bearers),
    Way(
        "vionlabs",
        "key",
        "token",
        _query("key"),
        _queries("key=", "key", "key=%zz", "key=a&key=b", "%6bey=a%00"),
    ),
    Way(
        "vionlabs",
        "X-API-Key",
        "token",
        _header("X-API-Key"),
        _lines("X-API-Key", "a b", "\u00e9", "x" * 4000),
    ),
    Way("vionlabs", "bearer", "token", _bearer, _bad_bearers),
    Way("uplynk", "msg and sig", "owner", _message_query(), _bad_queries),
    Way(
        "uplynk",
        "msg and sig in upper case",
        "owner",
        _message_query(lambda msg, sig: (msg, sig.upper())),
        _bad_queries,
    ),
    Way(
        "uplynk",
        "msg with spaces for +",
        "owner",
        _message_query(lambda msg, sig: (msg.replace("%2B", "%20"), sig)),
        _bad_queries,
    ),
    Way("uplynk", "Authorization", "owner", _message(_message_header), _bad_pairs),
    Way("uplynk", "bearer", "token", _bearer, _bad_bearers),
    Way("fourhse", "bearer", "token", _bearer, _bad_bearers),
    Way(
        "fourhse",
        "access-token",
        "token",
        _query("access_token"),
        _queries(
            "access-token=", "access-token", "access-token=%zz", "access-token=a&access-token=b"
        ),
    ),
    Way("fourhse", "access-token in a form", "token", _form, []),
    Way("idol", "bearer", "token", _bearer, _bad_bearers),
    Way(
        "idol",
        "bearer of a login",
        "login",
        _header("Authorization", "Bearer ", "login"),
        _bad_bearers,
    ),
    Way("native", "bearer", "token", _bearer, _bad_bearers),
]


def carries(way, route):
    """Whether that way can be used on that route."""
    return way.dialect == route.dialect and (way.put is not _form or route.body is not None)


def ask(client, route, values, way=None, who=None, offset=0, spoil=None, **named):
    """Asks a route in a way as somebody, or with what spoil makes, or as nobody.

    offset is how far the clock of a signature is off, in seconds.
    """
    headers = []
    if route.body is not None and route.dialect in BODY_TYPES:
        headers.append(("Content-Type", BODY_TYPES[route.dialect]))
    made = Ask(route.method, address(route, values), headers, route.body)
    if spoil:
        made = spoil(made)
    elif way:
        made = way.put(client, who, made, offset)
    return client.request(made.method, made.path, made.body, made.headers, **named)
