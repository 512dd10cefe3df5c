"""Verifies requests of webhooks, by hand and with npm's library of Standard Webhooks."""
import base64
import hashlib
import hmac
import json
import os
import subprocess

from paths import BUILD, SOURCE
from processes import find_program
from tap import equal, ok, skip

MODULES = os.path.join(BUILD, "tests", "receivers", "node_modules")
NODE = find_program("node")


def sign(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(requests):
    """The error of each (secret, headers, body) by npm's library, None: it is valid."""
    done = subprocess.run(
        [NODE, os.path.join(SOURCE, "tests", "e2e", "verify_webhook.cjs")],
        input="".join(
            json.dumps({"secret": secret, "headers": headers, "body": body.decode()}) + "\n"
            for secret, headers, body in requests
        ),
        env=dict(os.environ, NODE_PATH=MODULES),
        capture_output=True,
        text=True,
        timeout=30,
    )
    return [json.loads(line).get("error") for line in done.stdout.splitlines()]


def changed(call, secret, body=None, **fields):
    """The request with another body or other header fields: webhook_id=..."""
    headers = dict(call.headers) | {name.replace("_", "-"): text for name, text in fields.items()}
    return secret, headers, body or call.body


def verified(call, secret, name):
    """The request is valid, and nothing of what is signed can be changed."""
    ok(
        sign(secret, call.headers, call.body) in call.headers["webhook-signature"].split(" "),
        f"{name}: the signature",
    )
    if not NODE or not os.path.isdir(MODULES):
        skip(f"{name}: npm's standardwebhooks", "./bootstrap installs it with Node.js")
        return
    sent = int(call.headers["webhook-timestamp"])
    old = dict(call.headers) | {"webhook-timestamp": str(sent - 301)}
    forged = "whsec_" + base64.b64encode(b"x" * 32).decode()
    wrong = {
        "another body": changed(call, secret, call.body.replace(b"task", b"tusk", 1)),
        "a space behind the body": changed(call, secret, call.body + b" "),
        "another id": changed(call, secret, webhook_id=call.id + "1"),
        "another time": changed(call, secret, webhook_timestamp=str(sent + 1)),
        "an old time": (secret, dict(old, **{"webhook-signature": sign(secret, old, call.body)}),
                        call.body),
        "no signature": changed(call, secret, webhook_signature=""),
        "another secret": changed(call, forged),
    }  # fmt: skip
    valid, *errors = verify([changed(call, secret), *wrong.values()])
    equal(valid, None, f"{name}: npm's standardwebhooks verifies it")
    for what, error in zip(wrong, errors):
        ok(error, f"{name}: {what} fails")
    equal(len(errors), len(wrong), f"{name}: all were tried")
