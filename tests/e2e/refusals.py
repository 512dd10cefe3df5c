"""What is said to whom is not let in, from the contract and the dialects' pages, not from the code."""
import collections
import json
import re

from access import DIALECTS

Refusal = collections.namedtuple("Refusal", "status body media challenge")

MEDIA = dict.fromkeys(DIALECTS, "application/json")
MEDIA.update(
    fourhse="application/json; charset=UTF-8",
    idol="application/vnd.api+json",
    native="application/problem+json",
)
CHALLENGES = {
    "virtshell": None,
    "vionlabs": "APIKey",
    "uplynk": 'Bearer realm="polytask"',
    "fourhse": 'Bearer realm="api"',
    "idol": 'Bearer realm="Doorkeeper", error="invalid_token", error_description="%s"',
    "native": 'Bearer realm="polytask"',
}
# What is said of a credential. Where a reason is not named, its dialect says the same of it as of a
# wrong one; a reason may hang on the kind of credential.
SENTENCES = {
    "virtshell": {
        "wrong": "AccessDenied",
        "wrong key": "SignatureDoesNotMatch",
        "replayed key": "RequestTimeTooSkewed",
        "malformed key": "AccessDenied",
        "absent": "AccessDenied",
        "expired key": "AccessDenied",
        "revoked key": "AccessDenied",
        "user revoked key": "AccessDenied",
    },
    "vionlabs": {"wrong": "Invalid API key", "absent": "Not authenticated"},
    "uplynk": {"wrong": "Invalid signature"},
    "fourhse": {"wrong": "Your request was made with invalid credentials."},
    "idol": {
        "wrong": "The access token is invalid",
        "expired": "The access token expired",
        "revoked": "The access token was revoked",
        "user revoked": "The access token was revoked",
    },
    "native": {"wrong": "No valid credential was sent."},
}
FORBIDDEN = dict.fromkeys(DIALECTS, "The credential does not allow this.")
FORBIDDEN["fourhse"] = "You are not allowed to perform this action."

SHAPES = {
    "virtshell": lambda status, phrase, text: {"error": text},
    "vionlabs": lambda status, phrase, text: {"detail": text},
    "uplynk": lambda status, phrase, text: {"@type": "Error", "status": status, "message": text},
    "fourhse": lambda status, phrase, text: {
        "name": phrase,
        "message": text,
        "code": 0,
        "status": status,
    },
    "idol": lambda status, phrase, text: {
        "errors": [{"title": phrase, "detail": text, "code": str(status), "status": str(status)}]
    },
    "native": lambda status, phrase, text: {
        "type": "/v1/problems/" + {401: "unauthenticated", 403: "forbidden"}[status],
        "title": text,
        "status": status,
        "detail": text,
        "instance": "/v1/requests/REQUEST",
    },
}


def _refusal(dialect, status, text, challenge):
    phrase = {401: "Unauthorized", 403: "Forbidden"}[status]
    body = json.dumps(SHAPES[dialect](status, phrase, text), separators=(",", ":"))
    return Refusal(status, body, MEDIA[dialect], challenge)


def unauthenticated(dialect, reason, kind="token"):
    """The answer to a credential that is none, for one of the reasons above."""
    told = SENTENCES[dialect]
    text = told.get(f"{reason} {kind}") or told.get(reason) or told["wrong"]
    challenge = CHALLENGES[dialect]
    if challenge and "%s" in challenge:
        challenge %= text
    return _refusal(dialect, 403 if dialect == "virtshell" else 401, text, challenge)


def forbidden(dialect):
    """The answer to a good credential that does not allow this."""
    return _refusal(dialect, 403, FORBIDDEN[dialect], None)


def difference(answer, want, hidden, method="GET"):
    """What is wrong with a refusal: a sentence, or None. hidden: texts that tell of a principal."""
    request_id = answer.headers.get("X-Request-Id", "")
    if not re.fullmatch("[0-9a-f]{32}", request_id):
        return f"X-Request-Id {request_id!r}"
    got = Refusal(
        answer.status,
        answer.body.decode("utf-8", "replace"),
        answer.headers.get("Content-Type"),
        ", ".join(answer.headers.get_all("WWW-Authenticate") or []) or None,
    )
    body = "" if method == "HEAD" else want.body.replace("REQUEST", request_id)
    if got != want._replace(body=body):
        return f"{got}, not {want}"
    return tells(answer, hidden)


def tells(answer, hidden):
    """What a refusal tells that it must not, or None."""
    known = {"Retry-After", "Set-Cookie", "ETag", "Location", "Allow", "Link"} & set(
        answer.headers
    )
    known |= {n for n in answer.headers if re.match("x-(polytask|accel|pagination)", n.lower())}
    if known:
        return f"header {sorted(known)}"
    text = answer.body.decode("latin-1") + str(answer.headers)
    found = [word for word in hidden if word in text]
    return f"tells {found}" if found else None
