"""VirtShell: HMAC-SHA1 signatures over six lines of a request."""
import base64
import hashlib
import hmac
import time

from dialects.credentials import BEARER, Scheme, header_values
from dialects.dialect import Dialect

PREFIX = "/api/virtshell/v1"
_X_HEADER = "X-VirtShell-Authorization"
_MALFORMED = ("x", ":", "x:", ":x", "a:b,c:d")


def http_date(offset=0):
    """Now plus offset seconds."""
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() + offset))


def body_md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def virtshell_signature(secret, method, host, md5, content_type, date, resource):
    text = "\n".join((method, host, md5, content_type, date, resource))
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def _signature(name):
    """Sends the signature of the request in this header field."""

    def put(client, credentials, request, offset=0):
        lines = client.sign(
            request.method,
            request.path,
            dict(request.headers).get("Content-Type", ""),
            date=http_date(offset),
            key=credentials.key[0],
            secret=credentials.key[1],
        )
        lines[1] = (name, lines[1][1])
        return request._replace(headers=request.headers + lines)

    return put


def create(client):
    task = client.post_route(PREFIX + "/tasks")["task_id"]
    return {"key": task, "uuid": task, "status": "pending"}


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/tasks",
    read_path=PREFIX + "/tasks/{id}",
    body={"description": "from the table"},
    create=create,
    kinds=(
        ("create_instance", {"type": "create_instance"}),
        (None, {"description": "no type"}),
    ),
    schemes=(
        Scheme(_X_HEADER, "key", _signature(_X_HEADER), header_values(_X_HEADER, *_MALFORMED)),
        Scheme(
            "Authorization",
            "key",
            _signature("Authorization"),
            header_values("Authorization", *_MALFORMED, "Basic eDp5"),
        ),
        BEARER,
    ),
    unauthenticated=403,
    credential_sentences={
        "wrong": "AccessDenied",
        "wrong key": "SignatureDoesNotMatch",
        "replayed key": "RequestTimeTooSkewed",
        "malformed key": "AccessDenied",
        "absent": "AccessDenied",
        "expired key": "AccessDenied",
        "revoked key": "AccessDenied",
        "user revoked key": "AccessDenied",
    },
    shape=lambda status, phrase, sentence: {"error": sentence},
)
