"""Rotation, expiry and revocation of credentials, as their clients see it."""
import threading
import time

from lib import run_tests
from principals import bearer, log_in, rotate_key, rotate_token, shared, signed
from tap import equal, ok, until

# Seconds for which nginx caches a decision (polytaskctl(8)), and a margin for a busy machine.
CACHED = 5
MARGIN = 2.5


class Caller(threading.Thread):
    """A client that sends requests without a pause; assign credential to switch it."""

    def __init__(self, ask, credential):
        super().__init__(daemon=True)
        self.ask, self.credential = ask, credential
        self.answers, self.ended = [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.02):
            self.answers.append(self.ask(self.credential))

    def finish(self):
        self.ended.set()
        self.join(20)
        return self.answers


def rotation():
    """Clients switch to a rotated credential without a failed request."""
    instance = shared()
    overlap = 4
    token = instance.add_token("tester", "rotated")
    key, secret = instance.add_key("tester", "--id", "rotated")
    callers = [
        Caller(lambda text: bearer(instance, text), token),
        Caller(lambda text: signed(instance, key, text).status, secret),
    ]
    ok(until(lambda: all(len(c.answers) > 5 for c in callers), 10), "the clients send requests")
    began = time.monotonic()
    fresh = rotate_token(instance, "rotated", "--overlap", str(overlap))
    new = rotate_key(instance, key, "--overlap", str(overlap))
    for caller in callers:
        seen = len(caller.answers)
        ok(
            until(lambda: len(caller.answers) > seen + 5, 2),
            "after the rotation the old credential is accepted",
        )
    callers[0].credential, callers[1].credential = fresh, new
    for caller in callers:
        seen = len(caller.answers)
        ok(until(lambda: len(caller.answers) > seen + 5, 2), "the new credential is accepted")
    for name, caller in zip(("token", "key"), callers):
        equal(set(caller.finish()), {200}, f"{name}: no request failed")
    took = time.monotonic() - began
    if ok(took < overlap, "the switch took less than the overlap", took):
        equal(
            signed(instance, key, secret).status,
            200,
            "the old secret is accepted during the overlap",
        )
    ok(
        until(lambda: signed(instance, key, secret).status == 403, overlap + MARGIN, 0.2),
        "the old secret is refused after the overlap",
    )
    ok(
        time.monotonic() - began >= overlap,
        "the old secret was accepted for the whole overlap",
        time.monotonic() - began,
    )
    ok(
        until(lambda: bearer(instance, token) == 403, overlap + CACHED + MARGIN - took, 0.2),
        "the old token is refused after the overlap",
    )
    equal(bearer(instance, fresh), 200, "the new token is still accepted")
    equal(signed(instance, key, new).status, 200, "the new secret is still accepted")
    answer = instance.idol("GET", "/import-tasks", token=token)
    equal(answer.json()["errors"][0]["detail"], "The access token expired", "IDOL names the reason")


def revocation():
    """Revoked and expired credentials are refused within the time that polytaskctl(8) states."""
    instance = shared()
    instance.ctl("user", "add", "short", "--tenant", "demo")
    token = instance.add_token("tester", "revoked")
    of_user = instance.add_token("short", "of-short")
    key, secret = instance.add_key("tester", "--id", "revoked")
    for text in (token, of_user):
        equal(bearer(instance, text), 200, "the token is accepted")
        equal(bearer(instance, text, "idol"), 200, "the token is accepted by another dialect")
    equal(signed(instance, key, secret).status, 200, "the key is accepted")
    instance.ctl("key", "revoke", key)
    equal(signed(instance, key, secret).status, 403, "a revoked key is refused immediately")
    instance.ctl("token", "revoke", "revoked")
    instance.ctl("user", "expire", "short", "--expires", "1")
    began = time.monotonic()
    for name, text, dialect in (
        ("a revoked token", token, "virtshell"),
        ("a revoked token at another dialect", token, "idol"),
        ("an expired user's token", of_user, "virtshell"),
    ):
        refused = {"virtshell": 403, "idol": 401}[dialect]
        ok(
            until(lambda: bearer(instance, text, dialect) == refused, 1 + CACHED + MARGIN, 0.2),
            f"{name} is refused within {CACHED} s",
            time.monotonic() - began,
        )
    for text, sentence in (
        (token, "The access token was revoked"),
        (of_user, "The access token expired"),
    ):
        answer = instance.idol("GET", "/import-tasks", token=text)
        equal(answer.json()["errors"][0]["detail"], sentence, sentence)
        ok(sentence in answer.headers["WWW-Authenticate"], f"{sentence}: in the challenge")
    instance.ctl("user", "expire", "short", "--expires", "never")
    ok(
        until(lambda: bearer(instance, of_user) == 200, 5, 0.2),
        "user expire never makes the token valid again",
    )
    done = instance.ctl_run("token", "revoke", "revoked")
    ok(done.returncode == 5, "a second revoke fails", done)
    again = instance.add_token("tester", "revoked")
    equal(bearer(instance, again), 200, "the label of a revoked token can be used again")
    equal(bearer(instance, token), 403, "the revoked token stays refused")
    fresh, other = instance.add_key("tester", "--id", key)
    equal(
        (fresh, signed(instance, key, other).status),
        (key, 200),
        "the id of a revoked key can be used again",
    )
    equal(signed(instance, key, secret).status, 403, "the revoked secret stays refused")


def passwords():
    """A login's token is revoked with its password."""
    instance = shared()
    instance.ctl("user", "add", "singer", "--tenant", "demo")
    instance.secrets += ["first password"]
    instance.ctl("password", "set", "singer", stdin="first password\n")
    token = log_in(instance, "singer", "first password").json()["access_token"]
    own = instance.add_token("singer", "of-singer")
    equal(bearer(instance, token), 200, "a token of a login is accepted")
    password = instance.ctl("password", "rotate", "singer").strip()
    instance.secrets.append(password)
    equal(
        log_in(instance, "singer", "first password").status,
        400,
        "password rotate: the old password is refused",
    )
    second = log_in(instance, "singer", password).json()["access_token"]
    ok(
        until(lambda: bearer(instance, token) == 403, CACHED + MARGIN, 0.2),
        "password rotate: the token of the old password is refused",
    )
    equal(bearer(instance, second), 200, "a token of the new password is accepted")
    equal(bearer(instance, own), 200, "a token of token add is still accepted")
    instance.ctl("password", "expire", "singer", "--expires", "1")
    ok(
        until(lambda: log_in(instance, "singer", password).status == 400, 5, 0.5),
        "an expired password is refused",
    )
    equal(bearer(instance, second), 200, "the token of an expired password is still accepted")
    instance.ctl("password", "revoke", "singer")
    ok(
        until(lambda: bearer(instance, second) == 403, CACHED + MARGIN, 0.2),
        "password revoke: the token of the password is refused",
    )


def ending():
    shared().stop("shared instance")


run_tests(rotation, revocation, passwords, ending)
