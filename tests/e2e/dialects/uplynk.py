"""Uplynk ingest-point tasks: a compressed message signed with HMAC-SHA256."""
import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import zlib

from dialects.credentials import BEARER, Scheme, header_values, query_texts
from dialects.dialect import Dialect

PREFIX = "/api/v4/managed-slicer"
_POINTS = PREFIX + "/slicers/ingest-points"
_MALFORMED = query_texts("msg=x&sig=y", "msg=%zz&sig=%00", "msg=x", "sig=x", "msg=&sig=")


def uplynk_message(owner, key, timestamp=None, members=None):
    """msg and sig, as the vendor's own client makes them."""
    text = {"_owner": owner, "_timestamp": int(time.time() if timestamp is None else timestamp)}
    return uplynk_pack(json.dumps(dict(text, **(members or {}))).encode(), key)


def uplynk_pack(text, key):
    """msg and sig of any text."""
    msg = base64.b64encode(zlib.compress(text, 9)).decode().strip()
    return msg, hmac.new(key.encode(), msg.encode(), hashlib.sha256).hexdigest()


def _message(place):
    """Sends a signed message where place(request, msg, sig) puts it."""

    def put(client, credentials, request, offset=0):
        for n in range(1000):  # until one has a plus, which some clients send as a space
            msg, sig = uplynk_message(*credentials.owner, time.time() + offset, {"n": n})
            if "+" in msg:
                break
        client.secrets += [msg, sig]
        return place(request, msg, sig)

    return put


def _in_query(change=lambda msg, sig: (msg, sig)):
    def place(request, msg, sig):
        msg, sig = change(urllib.parse.quote(msg, safe=""), sig)
        return request._replace(path=f"{request.path}?msg={msg}&sig={sig}")

    return _message(place)


def _in_header(request, msg, sig):
    return request._replace(headers=request.headers + [("Authorization", f"{msg} {sig}")])


def _ended(how):
    return f'Bearer realm="polytask", error="invalid_token", error_description="The credential {how}"'


def create(client):
    point = client.post_route(_POINTS)["id"]
    tasks = client.uplynk("GET", "/ingest-points/tasks").json()["items"]
    return {"ingest_point_id": point, "task_id": tasks[-1]["id"]}


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/ingest-points/tasks",
    read_path=PREFIX + "/ingest-points/tasks/{hex}",
    body={
        "endpoint_name": "Studio",
        "server_region_id": "us-east-1",
        "stream_type_name": "SRT",
    },
    bodies={_POINTS + "/{ingest_point_id}": {"desc": "changed"}},
    create=create,
    kinds=(("CREATE", {"operation": "CREATE"}), ("DELETE", {"operation": "DELETE"})),
    schemes=(
        Scheme("msg and sig", "owner", _in_query(), _MALFORMED),
        Scheme(
            "msg and sig in upper case",
            "owner",
            _in_query(lambda msg, sig: (msg, sig.upper())),
            _MALFORMED,
        ),
        Scheme(
            "msg with spaces for +",
            "owner",
            _in_query(lambda msg, sig: (msg.replace("%2B", "%20"), sig)),
            _MALFORMED,
        ),
        Scheme(
            "Authorization",
            "owner",
            _message(_in_header),
            header_values("Authorization", "x", "x y", "A" * 3000 + " 00"),
        ),
        BEARER,
    ),
    challenge=_ended("is invalid"),
    bare_challenge='Bearer realm="polytask"',
    challenges={"expired": _ended("expired")}
    | {"replayed": 'Bearer realm="polytask"'}
    | dict.fromkeys(("revoked", "user revoked"), _ended("was revoked")),
    scope_challenge='Bearer realm="polytask", error="insufficient_scope", scope="%s"',
    credential_sentences={
        "wrong": "Invalid signature",
        "replayed": "Invalid signature: _timestamp is not the current time in whole Unix seconds",
    },
    shape=lambda status, phrase, sentence: {
        "@type": "Error",
        "status": status,
        "message": sentence,
    },
)
