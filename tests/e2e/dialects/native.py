"""The native API: problem details (RFC 9457) and bearer tokens."""
import uuid

from dialects.credentials import BEARER
from dialects.dialect import Dialect

PREFIX = "/v1"
_REPORTS = tuple(
    PREFIX + "/tasks/{id}/" + report for report in ("heartbeat", "complete", "fail", "release")
)
_UNAUTHENTICATED = "No valid credential was sent."
_PROBLEMS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "no-route",
    405: "method",
    413: "too-large",
    414: "uri-too-long",
    421: "misdirected",
    429: "too-many",
    431: "header-too-large",
    501: "not-implemented",
    503: "busy",
    505: "http-version",
}


def create(client):
    point = client.post_route("/api/v4/managed-slicer/slicers/ingest-points")["id"]
    client.post_route(PREFIX + "/tasks")
    # Of the ready tasks, among which is the new one.
    claim = client.post_route(PREFIX + "/claims")["claims"][0]
    return {
        "id": claim["task"]["id"],
        "token": claim["token"],
        "point": str(uuid.UUID(point)),
    }


def _shape(status, _, sentence):
    problem = "plain-http" if sentence.startswith("Use HTTPS.") else _PROBLEMS[status]
    return {
        "type": "/v1/problems/" + problem,
        "title": _UNAUTHENTICATED if status == 401 else sentence,
        "status": status,
        **({} if status != 401 or sentence == _UNAUTHENTICATED else {"detail": sentence}),
        "instance": "/v1/requests/REQUEST",
    }


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/tasks",
    read_path=PREFIX + "/tasks/{id}",
    works=(PREFIX + "/claims", *_REPORTS),
    for_all=(PREFIX + "/me",),
    administers=(
        PREFIX + "/health",
        PREFIX + "/workers/{name}/drain",
        PREFIX + "/webhooks",
        PREFIX + "/webhooks/{webhook}",
        PREFIX + "/webhooks/{webhook}/rotate-secret",
        PREFIX + "/webhooks/{webhook}/test",
        PREFIX + "/webhooks/{webhook}/deliveries",
        PREFIX + "/webhooks/{webhook}/deliveries/{delivery}",
        PREFIX + "/webhooks/{webhook}/redeliver",
        PREFIX + "/users",
        PREFIX + "/users/{user}",
        PREFIX + "/users/{user}/revoke",
        PREFIX + "/credentials",
        PREFIX + "/credentials/{credential}",
        PREFIX + "/credentials/{credential}/revoke",
    ),
    conflicts=(PREFIX + "/tasks/{id}/retry",),
    body={"fields": {"name": "from the table"}},
    bodies={
        PREFIX + "/tasks/{id}": {"state": "running"},
        PREFIX + "/ingest-points/{point}": {"fields": {"desc": "changed"}},
        PREFIX + "/workers/{name}/drain": {"drain": False},
        PREFIX + "/webhooks": {"url": "https://receiver.invalid/"},
        PREFIX + "/webhooks/{webhook}": {"name": "changed"},
        PREFIX + "/webhooks/{webhook}/rotate-secret": {},
        PREFIX
        + "/webhooks/{webhook}/redeliver": lambda values: {"ids": [values.get("delivery", "1")]},
        PREFIX + "/users/{user}": {"expires_at": None},
        PREFIX + "/credentials/{credential}": {"expires_at": None},
        PREFIX + "/retries": {},
        PREFIX + "/bulk": {"filter": {"kind": "none"}, "do": "cancel"},
        PREFIX + "/claims": {"worker": "w", "dialects": ["native"], "confirm_seconds": 60},
        **{template: lambda values: {"token": values.get("token", "0" * 16)} for template in _REPORTS},
    },
    body_type="application/json",
    create=create,
    schemes=(BEARER,),
    challenge='Bearer realm="polytask", error="invalid_token", error_description="%s"',
    bare_challenge='Bearer realm="polytask"',
    scope_challenge='Bearer realm="polytask", error="insufficient_scope", scope="%s"',
    credential_sentences={
        "absent": _UNAUTHENTICATED,
        "wrong": "The access token is invalid.",
        "expired": "The access token expired.",
        "revoked": "The access token was revoked.",
        "user revoked": "The access token was revoked.",
    },
    shape=_shape,
    media_type="application/problem+json",
)
