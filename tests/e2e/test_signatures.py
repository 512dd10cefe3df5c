"""Signed requests: VirtShell's signatures and Uplynk's messages."""
import functools
import hmac
import os
import textwrap
import time

from dialects import uplynk, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message, uplynk_pack
from dialects.virtshell import body_md5, http_date, virtshell_signature
from lib import Instance, run_tests
from tap import equal, ok

DENIED = (403, b'{"error":"AccessDenied"}')
MISMATCH = (403, b'{"error":"SignatureDoesNotMatch"}')
SKEWED = (403, b'{"error":"RequestTimeTooSkewed"}')
PATH = virtshell.PREFIX + "/tasks/cancelled"
MESSAGES = uplynk.PREFIX + "/ingest-points/tasks"

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def vectors():
    """The functions that sign here reproduce known signatures."""
    key = "0123456789abcdef0123456789abcdef"
    date = "Fri, 01 Jul 2011 19:37:58 +0000"
    equal(
        virtshell_signature(
            key, "GET", "localhost:8080", "", "", date, "/api/virtshell/v1/tasks/"
        ),
        "T+TwZlD+qtxigiFzwOkg7qyUl24=",
        "signature of a GET",
    )
    body = b'{"status": "sucess", "log": "done"}'
    equal(
        virtshell_signature(
            key,
            "PUT",
            "localhost:8080",
            body_md5(body),
            "application/json",
            date,
            "/api/virtshell/v1/tasks/a62ad146-ccf4-11e5-9956-625662870761",
        ),
        "x81yYTpprLzjXp/M5zTxaYTwhUg=",
        "signature of a PUT with a body",
    )
    text = b'{"_owner": "abcdef0123456789abcdef0123456789", "_timestamp": 1664900951}'
    # The message depends on the version of zlib, the signature on the message only.
    msg, sig = uplynk_pack(text, "0123456789abcdefghij")
    if msg == (
        "eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROcr6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8="
    ):
        equal(
            sig,
            "db21f676b35ce581a964150a663679c911dac618c0e776263587260f401e726f",
            "signature of an Uplynk message",
        )


def ask(headers, method="GET", address=PATH, body=None):
    answer = shared().request(method, address, body, headers)
    return answer.status, answer.body


def accepted(headers, name, **named):
    status, body = ask(headers, **named)
    equal(status, 200, f"{name}: accepted")


def accepted_signatures():
    """VirtShell: HMAC-SHA1 in X-VirtShell-Authorization or Authorization."""
    instance = shared()
    fine = instance.sign("GET", PATH)
    credential = fine[1][1]
    accepted(fine, "a signature")
    accepted(fine, "the same signature again")
    accepted([fine[0], ("Authorization", credential)], "a signature in Authorization")
    accepted([fine[0], ("x-virtshell-authorization", credential)], "the header name in lower case")
    accepted(
        fine + [("Authorization", "Bearer wrong")],
        "X-VirtShell-Authorization beside a wrong Authorization",
    )
    accepted(
        instance.sign("GET", PATH, resource=f"https://{instance.host}{PATH}"),
        "a signature over the absolute address",
    )
    accepted(instance.sign("GET", PATH), "a query, which is not signed", address=PATH + "?a=b")
    form = "application/x-www-form-urlencoded"
    accepted(
        instance.sign("POST", virtshell.PREFIX + "/tasks", form) + [("Content-Type", form)],
        "a signed POST",
        method="POST",
        address=virtshell.PREFIX + "/tasks",
        body={"description": "signed"},
    )


def dates():
    """VirtShell: Date may differ by 900 s."""
    instance = shared()
    accepted(instance.sign("GET", PATH, date=http_date().replace("+0000", "GMT")), "Date in GMT")
    local = time.strftime("%a, %d %b %Y %H:%M:%S +0200", time.gmtime(time.time() + 7200))
    accepted(instance.sign("GET", PATH, date=local), "Date in another time zone")
    for offset in (-890, 890):
        accepted(instance.sign("GET", PATH, date=http_date(offset)), f"Date {offset:+} s")
    for offset in (-910, 910, -86400, 86400):
        equal(
            ask(instance.sign("GET", PATH, date=http_date(offset))),
            SKEWED,
            f"Date {offset:+} s: RequestTimeTooSkewed",
        )
    equal(ask(instance.sign("GET", PATH)[1:]), SKEWED, "no Date: RequestTimeTooSkewed")
    equal(
        ask(instance.sign("GET", PATH, date="yesterday")),
        SKEWED,
        "an invalid Date: RequestTimeTooSkewed",
    )


def wrong_signatures():
    """VirtShell: SignatureDoesNotMatch."""
    instance = shared()
    fine = instance.sign("GET", PATH)
    credential = fine[1][1]
    wrong = {
        "another method": instance.sign("POST", PATH),
        "another path": instance.sign("GET", PATH + "x"),
        "another host": instance.sign("GET", PATH, host="localhost"),
        "another secret": instance.sign("GET", PATH, secret="0" * 64),
        "another Date": [("Date", http_date(1)), fine[1]],
        "an unknown key": instance.sign("GET", PATH, key="unknown"),
        "the signature without its last character": [
            fine[0], ("X-VirtShell-Authorization", credential[:-1])
        ],
        "the signature with one character more": [
            fine[0], ("X-VirtShell-Authorization", credential + "=")
        ],
        "an unsigned Content-Type": fine + [("Content-Type", "text/plain")],
        "an unsigned Content-MD5": fine + [("Content-MD5", body_md5(b""))],
        "the id with another signature": [
            fine[0], ("X-VirtShell-Authorization", instance.key + ":AAAA")
        ],
    }
    for name, headers in wrong.items():
        equal(ask(headers), MISMATCH, f"{name}: SignatureDoesNotMatch")
    count = len(instance.tasks())
    equal(
        ask(
            instance.sign("GET", virtshell.PREFIX + "/tasks"),
            method="POST",
            address=virtshell.PREFIX + "/tasks",
            body={"description": "signed"},
        ),
        MISMATCH,
        "POST with the signature of a GET: SignatureDoesNotMatch",
    )
    equal(len(instance.tasks()), count, "POST with the signature of a GET creates no task")


def incomplete_signatures():
    """VirtShell: no credential, or one that is not an id and a signature."""
    instance = shared()
    fine = instance.sign("GET", PATH)
    credential = fine[1][1]
    bare = {
        "no credential": [fine[0]],
        "an empty credential": [fine[0], ("X-VirtShell-Authorization", "")],
        "no colon": [fine[0], ("X-VirtShell-Authorization", "abc")],
        "no id": [fine[0], ("X-VirtShell-Authorization", credential.replace(instance.key, ""))],
        "no signature": [fine[0], ("X-VirtShell-Authorization", instance.key + ":")],
        "another scheme": [("Authorization", "Basic dGVzdGVyOng=")],
    }
    for name, headers in bare.items():
        status, text = ask(headers)
        ok((status, text) in (DENIED, MISMATCH), f"{name}: refused", text)
    equal(ask([]), DENIED, "no header field: AccessDenied")
    # nginx passes on only the first of two header lines.
    two = [("X-VirtShell-Authorization", "x:y"), ("X-VirtShell-Authorization", credential)]
    ok(ask([fine[0]] + two)[0] == 403, "a wrong credential before a valid one: refused")


def keys():
    """VirtShell: decisions are not cached; several keys; polytaskctl sign."""
    instance = shared()
    fine = instance.sign("GET", PATH)
    # Decisions about signatures are not cached: the signature is invalid for another address.
    equal(
        ask(fine, address=virtshell.PREFIX + "/tasks/other"),
        MISMATCH,
        "the signature of another address: SignatureDoesNotMatch",
    )
    key, secret = instance.add_key("tester", "--id", "short-lived")
    accepted(instance.sign("GET", PATH, key=key, secret=secret), "a second key")
    instance.ctl("key", "revoke", key)
    status, text = ask(instance.sign("GET", PATH, key=key, secret=secret))
    ok((status, text) in (DENIED, MISMATCH), "a revoked key is refused immediately", text)
    # polytaskctl computes the same signature.
    lines = instance.ctl_run(
        "sign",
        "--user",
        instance.key,
        "--date",
        fine[0][1],
        "GET",
        f"https://{instance.host}{PATH}",
        env=dict(os.environ, VIRTSHELL_KEY=instance.secret),
    ).stdout
    equal(
        sorted(lines.strip().splitlines()),
        sorted(": ".join(line) for line in fine),
        "polytaskctl sign computes the same header lines",
    )
    words = ("--user", instance.key, "--secret", "-", "--date", fine[0][1])
    again = instance.ctl_run(
        "sign", *words, "GET", f"https://{instance.host}{PATH}", stdin=instance.secret + "\n"
    ).stdout
    equal(again, lines, "polytaskctl sign reads the secret from standard input")


def send(msg, sig, place="query"):
    """The status of a list of tasks with a message."""
    instance = shared()
    instance.secrets += [text for text in (msg, sig) if len(text) > 8]
    if place == "query":
        return instance.request("GET", with_query(MESSAGES, msg=msg, sig=sig), None, []).status
    header = [("Authorization", f"{msg} {sig}")]
    return instance.request("GET", MESSAGES, None, header).status


def accepted_message(name, *args):
    status = send(*args)
    ok(status not in (401, 403, 503), f"message {name}: accepted", status)


def accepted_messages():
    """Uplynk: msg and sig in the query or in the header, 300 s around now."""
    instance = shared()
    owner, key = instance.owner, instance.owner_key
    msg, sig = uplynk_message(owner, key)
    accepted_message("in the query", msg, sig)
    accepted_message("sent again", msg, sig)
    accepted_message("in the header", msg, sig, "header")
    accepted_message("with sig in upper case", msg, sig.upper())
    accepted_message("with more members", *uplynk_message(owner, key, members={"ids": ["a"] * 20}))
    for end in ("\n", "\r\n"):
        lines = end.join(textwrap.wrap(msg, 76)) + end
        signed = hmac.new(key.encode(), lines.encode(), "sha256").hexdigest()
        accepted_message(f"with line breaks {end!r}", lines, signed)
        equal(send(lines, sig), 401, f"message with unsigned line breaks {end!r}: refused")
    plus = next(
        (m, s)
        for m, s in (
            uplynk_message(owner, key, members={"n": os.urandom(40).hex()}) for _ in range(2000)
        )
        if "+" in m
    )
    instance.secrets += plus
    for form in (plus[0], plus[0].replace("+", "%20")):
        answer = instance.request("GET", f"{MESSAGES}?msg={form}&sig={plus[1]}", None, [])
        ok(
            answer.status not in (401, 403, 503),
            "a message with an unescaped plus: accepted",
            answer,
        )
    for offset in (-290, 290):
        accepted_message(f"{offset:+} s", *uplynk_message(owner, key, time.time() + offset))
    whole = {"_timestamp": float(int(time.time()))}
    accepted_message("a real number of whole seconds", *uplynk_message(owner, key, members=whole))


def refused_messages():
    """Uplynk: messages that are invalid, old or signed with another key."""
    instance = shared()
    owner, key = instance.owner, instance.owner_key
    msg, sig = uplynk_message(owner, key)
    for offset in (-310, 310, -86400):
        equal(
            send(*uplynk_message(owner, key, time.time() + offset)),
            401,
            f"message {offset:+} s: refused",
        )
    now = int(time.time())
    for name, value in (("old", now - 400), ("fractional", now + 0.5), ("in ms", now * 1000)):
        msg_of, sig_of = uplynk_message(owner, key, members={"_timestamp": value})
        answer = instance.request("GET", f"{MESSAGES}?msg={msg_of}&sig={sig_of}", None, [])
        equal(
            (answer.status, answer.json()["message"]),
            (
                401,
                "Invalid signature: _timestamp is not the current time in whole Unix seconds",
            ),
            f"a timestamp that is {name}: the refusal blames the clock",
        )
    bomb = b'{"_owner": "%s", "_timestamp": %d}' % (owner.encode(), now) + b" " * 100000
    for name, pair in {
        "signed with another key": uplynk_message(owner, "wrong"),
        "of another owner": uplynk_message("0" * 32, key),
        "with the signature of another message": (uplynk_message(owner, key, now - 100)[0], sig),
        "with a shortened signature": (msg, sig[:-1]),
        "that is empty": ("", sig),
        "without a signature": (msg, ""),
        "with a fractional timestamp": uplynk_message(
            owner, key, members={"_timestamp": now + 0.5}
        ),
        "with a timestamp as text": uplynk_message(owner, key, members={"_timestamp": str(now)}),
        "without an owner": uplynk_pack(b'{"_timestamp": %d}' % now, key),
        "that inflates to 100000 bytes": uplynk_pack(bomb, key),
        "of more than 2000 bytes": uplynk_pack(os.urandom(2000), key),
        "that is not JSON": uplynk_pack(b"x", key),
        "that is not zlib": ("AAAA", sig),
        "that is not base64": ("!", sig),
    }.items():
        equal(send(*pair), 401, f"message {name}: refused")
        equal(send(*pair, "header"), 401, f"message {name}, in the header: refused")
    status = instance.request(
        "GET", with_query(MESSAGES + f"?msg={msg}", msg=msg, sig=sig), None, []
    ).status
    equal(status, 401, "msg twice: refused")
    answer = instance.request("DELETE", with_query(MESSAGES + "/x", msg=msg, sig=sig), None, [])
    ok(answer.status not in (401, 403), "the message of a GET is valid for a DELETE", answer)
    instance.ctl("key", "revoke", owner)
    equal(send(msg, sig), 401, "a revoked key is refused immediately")


def ending():
    shared().verify("after the signatures")
    shared().stop("shared instance")


run_tests(
    vectors,
    accepted_signatures,
    dates,
    wrong_signatures,
    incomplete_signatures,
    keys,
    accepted_messages,
    refused_messages,
    ending,
)
