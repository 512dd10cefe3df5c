"""What an operator does with users, passwords, tokens and keys, and what their bearers notice of it."""
import functools
import json
import os
import socket
import subprocess
import threading
import time
import urllib.parse

from dialects import fourhse, idol, native, uplynk, vionlabs, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, until

# So long nginx keeps what it was told of a bearer (polytaskctl(8)), and some for a busy machine.
KEPT = 5
SLACK = 2.5


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def table(instance, what):
    """The lists as people get them and as JSON: both say the same."""
    rows = [line.split("\t") for line in instance.ctl(what, "list").splitlines()]
    objects = [json.loads(line) for line in instance.ctl(what, "list", "--json").splitlines()]
    same = len(rows) == len(objects) and all(
        len(row) == len(entry)
        and all(value is None or value == cell for value, cell in zip(entry.values(), row))
        for row, entry in zip(rows, objects)
    )
    ok(same, f"{what} list: as text and as JSON", f"{rows}\n{objects}")
    return objects


def find(instance, what, name):
    """State of those whose first column is the name, in no order."""
    return sorted(
        entry["state"] for entry in table(instance, what) if name == next(iter(entry.values()))
    )


def path_of(dialect):
    return {
        "virtshell": virtshell.PREFIX + "/tasks/status/none",
        "vionlabs": vionlabs.PREFIX + "/none",
        "uplynk": uplynk.PREFIX + "/ingest-points/tasks",
        "fourhse": fourhse.PREFIX + "/index",
        "idol": idol.PREFIX + "/import-tasks",
        "native": native.PREFIX + "/tasks",
    }[dialect]


DIALECTS = ("virtshell", "vionlabs", "uplynk", "fourhse", "idol", "native")


def bearer(instance, token, dialect="virtshell"):
    answer = instance.request("GET", path_of(dialect), None, instance.bearer(token))
    return answer.status


def signed(instance, key, secret):
    path = path_of("virtshell")
    return instance.request("GET", path, None, instance.sign("GET", path, key=key, secret=secret))


def log_in(instance, user, password):
    form = urllib.parse.urlencode(dict(grant_type="password", username=user, password=password))
    answer = instance.request("POST", "/oauth/token", form, [])
    if answer.status == 200:
        instance.secrets.append(answer.json()["access_token"])
    return answer


def rotate_token(instance, label, *args):
    token = instance.ctl("token", "rotate", label, *args).strip()
    instance.secrets.append(token)
    return token


def rotate_key(instance, key, *args, stdin=None):
    lines = instance.ctl("key", "rotate", key, *args, stdin=stdin).splitlines()
    secret = dict(line.split(": ", 1) for line in lines)["secret"]
    instance.secrets.append(secret)
    return secret


def verbs():
    """Every verb with the service down and with the service up."""
    instance = Instance(autostart=False)
    kept = {}
    done = instance.ctl_run("user", "list")
    equal(
        (done.returncode, done.stderr, os.path.exists(instance.conf["home"])),
        (1, f"polytaskctl: there is no store in {instance.conf['home']}\n", False),
        "a look at nothing makes nothing",
    )
    for state in ("down", "up"):
        if state == "up":
            instance.make_principal()
            instance.start()
        user, label, key = "user-" + state, "label-" + state, "key-" + state
        instance.ctl("user", "add", user, "--tenant", "demo", "--expires", "1000")
        instance.ctl("user", "expire", user, "--expires", "never")
        equal(find(instance, "user", user), ["live"], f"{state}: user expire never")
        instance.add_token(user, label, "--dialects", "virtshell,idol")
        first = rotate_token(instance, label)
        equal(find(instance, "token", label), ["live", "revoked"], f"{state}: rotated, no overlap")
        second = rotate_token(instance, label, "--overlap", "1000")
        equal(
            find(instance, "token", label),
            ["live", "replaced", "revoked"],
            f"{state}: rotated, overlap",
        )
        instance.ctl("token", "expire", label, "--expires", "1000")
        entries = [entry for entry in table(instance, "token") if entry["label"] == label]
        ok(
            all(entry["dialects"] == "virtshell,idol" for entry in entries)
            and len([entry for entry in entries if entry["expires"]]) == 2,
            f"{state}: token expire",
            entries,
        )
        done = instance.ctl_run(
            "key", "add", user, "--id", key, "--secret", "-", stdin="of " + state + "\n"
        )
        equal(
            (done.returncode, done.stdout),
            (0, f"id: {key}\nsecret: of {state}\n"),
            f"{state}: a secret from standard input",
        )
        secret = rotate_key(instance, key, "--overlap", "1000")
        entry = [entry for entry in table(instance, "key") if entry["id"] == key][0]
        ok(entry["overlap"] and entry["state"] == "live", f"{state}: key rotate", entry)
        instance.ctl("key", "expire", key, "--expires", "1000")
        instance.ctl("password", "add", user, "--expires", "1000", stdin="password of her\n")
        instance.ctl("password", "expire", user, "--expires", "never")
        equal(find(instance, "password", user), ["live"], f"{state}: password list")
        password = instance.ctl("password", "rotate", user).strip()
        instance.secrets.append(password)
        listed = "".join(instance.ctl(what, "list") for what in ("user", "token", "key"))
        listed += instance.ctl("password", "list")
        for what, text in (("token", second), ("secret", secret), ("password", password)):
            ok(text not in listed, f"{state}: no list shows a {what}")
        ok("$argon2" not in listed and "of " + state not in listed, f"{state}: nor a hash")
        kept[state] = (user, first, second, key, secret, password)
    for state, (user, first, second, key, secret, password) in kept.items():
        equal(bearer(instance, first), 200, f"{state}: the replaced token still works")
        equal(bearer(instance, second), 200, f"{state}: the new one works")
        for text in ("of " + state, secret):
            equal(signed(instance, key, text).status, 200, f"{state}: both secrets sign")
        equal(log_in(instance, user, password).status, 200, f"{state}: the password works")
        equal(log_in(instance, user, "password of her").status, 400, f"{state}: not the one before")
    equal(instance.stop_daemon(), 0, "the service stops")
    for state, (user, first, second, key, secret, password) in kept.items():
        instance.ctl("password", "revoke", user)
        instance.ctl("token", "revoke", "label-" + state)
        instance.ctl("key", "revoke", key)
        instance.ctl("user", "revoke", user)
        equal(find(instance, "user", user), ["revoked"], f"{state}: user revoke, down")
        equal(find(instance, "password", user), [], f"{state}: password revoke, down")
    instance.start()
    for state, (user, first, second, key, secret, password) in kept.items():
        for token in (first, second):
            ok(
                until(lambda: bearer(instance, token) == 403, KEPT + SLACK, 0.2),
                f"{state}: a token that was revoked while it was down",
            )
        equal(signed(instance, key, secret).status, 403, f"{state}: the key as well")
        equal(log_in(instance, user, password).status, 400, f"{state}: the password as well")
    for wrong in (
        ("token", "expire", "x"),
        ("token", "rotate", "x", "--expires", "1"),
        ("user", "list", "--overlap", "1"),
        ("key", "list", "x"),
        ("password", "set"),
    ):
        done = instance.ctl_run(*wrong)
        ok(
            done.returncode == 2 and "usage:" in done.stderr and not done.stdout,
            f"{' '.join(wrong)}: refused with its usage",
            done,
        )
    instance.stop("verbs")


def dialects():
    """A limited credential is known everywhere and may do something only where it is for."""
    instance = shared()
    token = instance.add_token("tester", "limited", "--dialects", "virtshell,idol")
    everywhere = instance.add_token("tester", "unlimited")
    for dialect in DIALECTS:
        wanted = {200} if dialect in ("virtshell", "idol") else {403}
        answer = instance.request("GET", path_of(dialect), None, instance.bearer(token))
        ok({answer.status} == wanted, f"{dialect}: a token for virtshell and idol", answer)
        if answer.status == 403:
            ok(
                answer.headers["WWW-Authenticate"] is None and len(answer.body) > 2,
                f"{dialect}: the refusal of a missing right",
                answer,
            )
            equal(
                answer.headers["Content-Type"],
                instance.request(
                    "GET", path_of(dialect) + "/none/at/all", None, instance.bearer(everywhere)
                ).headers["Content-Type"],
                f"{dialect}: in its own shape",
            )
        ok(
            bearer(instance, everywhere, dialect) in (200, 404),
            f"{dialect}: an unlimited token of the same user is let in",
        )
    ok(instance.vionlabs("GET", "/none", key=token).status == 403, "vionlabs: nor in the query")
    answer = instance.post("/tasks", {"log": "x"}, instance.bearer(token))
    equal(answer.status, 200, "and it may write where it is for")
    key, secret = instance.add_key("tester", "--id", "a" * 32, "--dialects", "uplynk")
    answer = signed(instance, key, secret)
    equal(
        (answer.status, answer.body),
        (403, b'{"error":"The credential does not allow this."}'),
        "a key for uplynk signs VirtShell's requests in vain",
    )
    msg, sig = uplynk_message(key, secret)
    instance.secrets += [msg, sig]
    answer = instance.request("GET", with_query(path_of("uplynk"), msg=msg, sig=sig), None, [])
    equal(answer.status, 200, "and Uplynk's messages")


class Caller(threading.Thread):
    """A client that asks all the time with one credential; changes to another when it is told."""

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
    """Running clients change to the new credential without one failing request."""
    instance = shared()
    overlap = 4
    token = instance.add_token("tester", "rotated")
    key, secret = instance.add_key("tester", "--id", "rotated")
    callers = [
        Caller(lambda text: bearer(instance, text), token),
        Caller(lambda text: signed(instance, key, text).status, secret),
    ]
    ok(until(lambda: all(len(c.answers) > 5 for c in callers), 10), "clients are at work")
    began = time.monotonic()
    fresh = rotate_token(instance, "rotated", "--overlap", str(overlap))
    new = rotate_key(instance, key, "--overlap", str(overlap))
    for caller in callers:
        seen = len(caller.answers)
        ok(until(lambda: len(caller.answers) > seen + 5, 2), "they go on with the old one")
    callers[0].credential, callers[1].credential = fresh, new
    for caller in callers:
        seen = len(caller.answers)
        ok(until(lambda: len(caller.answers) > seen + 5, 2), "and with the new one")
    for name, caller in zip(("token", "key"), callers):
        equal(set(caller.finish()), {200}, f"{name}: no request failed")
    took = time.monotonic() - began
    if ok(took < overlap, "within the overlap", took):
        equal(signed(instance, key, secret).status, 200, "the old secret signs until its end")
    ok(
        until(lambda: signed(instance, key, secret).status == 403, overlap + SLACK, 0.2),
        "and not after it",
    )
    ok(time.monotonic() - began >= overlap, "nor before it", time.monotonic() - began)
    ok(
        until(lambda: bearer(instance, token) == 403, overlap + KEPT + SLACK - took, 0.2),
        "the old token ends as well",
    )
    equal(bearer(instance, fresh), 200, "the new token stays")
    equal(signed(instance, key, new).status, 200, "the new secret stays")
    answer = instance.idol("GET", "/import-tasks", token=token)
    equal(answer.json()["errors"][0]["detail"], "The access token expired", "idol.PREFIX says what was")


def revocation():
    """What is taken away stops within the time that polytaskctl(8) states."""
    instance = shared()
    instance.ctl("user", "add", "short", "--tenant", "demo")
    token = instance.add_token("tester", "revoked")
    of_user = instance.add_token("short", "of-short")
    key, secret = instance.add_key("tester", "--id", "revoked")
    for text in (token, of_user):
        equal(bearer(instance, text), 200, "a token")
        equal(bearer(instance, text, "idol"), 200, "in another dialect")
    equal(signed(instance, key, secret).status, 200, "a key")
    instance.ctl("key", "revoke", key)
    equal(signed(instance, key, secret).status, 403, "a revoked key is refused at once")
    instance.ctl("token", "revoke", "revoked")
    instance.ctl("user", "expire", "short", "--expires", "1")
    began = time.monotonic()
    for name, text, dialect in (
        ("a revoked token", token, "virtshell"),
        ("a revoked token elsewhere", token, "idol"),
        ("an expired user's token", of_user, "virtshell"),
    ):
        refused = {"virtshell": 403, "idol": 401}[dialect]
        ok(
            until(lambda: bearer(instance, text, dialect) == refused, 1 + KEPT + SLACK, 0.2),
            f"{name} is refused within {KEPT} s",
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
    ok(until(lambda: bearer(instance, of_user) == 200, 5, 0.2), "an end can be taken back")
    done = instance.ctl_run("token", "revoke", "revoked")
    ok(done.returncode == 1, "nothing is revoked twice", done)
    again = instance.add_token("tester", "revoked")
    equal(bearer(instance, again), 200, "its label is free again")
    equal(bearer(instance, token), 403, "and opens nothing for the old one")
    fresh, other = instance.add_key("tester", "--id", key)
    equal((fresh, signed(instance, key, other).status), (key, 200), "so is a key's id")
    equal(signed(instance, key, secret).status, 403, "with another secret")


def passwords():
    """A token that was given for a password ends with it."""
    instance = shared()
    instance.ctl("user", "add", "singer", "--tenant", "demo")
    instance.secrets += ["first password"]
    instance.ctl("password", "set", "singer", stdin="first password\n")
    token = log_in(instance, "singer", "first password").json()["access_token"]
    own = instance.add_token("singer", "of-singer")
    equal(bearer(instance, token), 200, "a login's token")
    password = instance.ctl("password", "rotate", "singer").strip()
    instance.secrets.append(password)
    equal(log_in(instance, "singer", "first password").status, 400, "the old password is wrong")
    second = log_in(instance, "singer", password).json()["access_token"]
    ok(
        until(lambda: bearer(instance, token) == 403, KEPT + SLACK, 0.2),
        "the token of the old password ends",
    )
    equal(bearer(instance, second), 200, "that of the new one works")
    equal(bearer(instance, own), 200, "and so does one that an operator made")
    instance.ctl("password", "expire", "singer", "--expires", "1")
    ok(
        until(lambda: log_in(instance, "singer", password).status == 400, 5, 0.5),
        "an expired password is a wrong one",
    )
    equal(bearer(instance, second), 200, "its tokens live to their own end")
    instance.ctl("password", "revoke", "singer")
    ok(until(lambda: bearer(instance, second) == 403, KEPT + SLACK, 0.2), "or to its revocation")


def makers():
    """Who made a task is the user of the credential, whatever the key is called or the body says."""
    instance = shared()
    maker = instance.ctl("user", "add", "maker", "--tenant", "makers").strip()
    token = instance.add_token("maker", "of-maker")
    key, secret = instance.add_key("maker", "--id", "b" * 32)
    listed = instance.bearer(token)

    def made_by():
        answer = instance.request("GET", native.PREFIX + "/tasks", None, listed)
        return {(task["dialect"], task["created_by"]) for task in answer.json()["items"]}

    answer = instance.request(
        "POST",
        virtshell.PREFIX + "/tasks",
        {"description": "x", "created": {"at": "1", "by": "somebody"}},
        instance.sign("POST", virtshell.PREFIX + "/tasks", key=key, secret=secret),
    )
    equal(answer.status, 200, "VirtShell: a task, signed")
    task = instance.request("GET", virtshell.PREFIX + "/tasks", None, listed).json()["tasks"][0]
    equal(task["created"]["by"], maker, "VirtShell: created.by")
    msg, sig = uplynk_message(key, secret)
    instance.secrets += [msg, sig]
    answer = instance.request(
        "POST",
        with_query(uplynk.PREFIX + "/slicers/ingest-points", msg=msg, sig=sig),
        {
            "endpoint_name": "p",
            "server_region_id": "us-east-1",
            "stream_type_name": "SRT",
            "desc": "x",
        },
        [],
    )
    ok(answer.status in (200, 201), "Uplynk: an ingest point, signed by its _owner", answer)
    body = [("Content-Type", "application/json")]
    answer = instance.request(
        "POST", fourhse.PREFIX + "/create", {"handler": "h"}, instance.bearer(token) + body
    )
    equal((answer.status, answer.json()["user_id"]), (201, maker), "4HSE: user_id")
    answer = instance.request(
        "POST", fourhse.PREFIX + "/create", {"handler": "h", "user_id": "x"}, instance.bearer(token) + body
    )
    equal((answer.status, answer.json()["user_id"]), (201, "x"), "4HSE: a user_id that is sent")
    equal(
        made_by(),
        {("virtshell", maker), ("uplynk", maker), ("fourhse", maker)},
        "the native API names the user for all of them",
    )


def races():
    """Of several operators that want the same at the same moment one gets it."""
    instance = shared()
    conf = [POLYTASKCTL, "-c", instance.dir + "/polytask.conf"]

    def race(*words):
        racers = [
            subprocess.Popen(
                conf + list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(6)
        ]
        outputs = [racer.communicate(timeout=60)[0] for racer in racers]
        return [out for racer, out in zip(racers, outputs) if racer.returncode == 0]

    equal(len(race("user", "add", "racer")), 1, "a name")
    won = race("key", "add", "racer", "--id", "raced")
    if equal(len(won), 1, "a key's id"):
        secret = won[0].splitlines()[1].split(": ")[1]
        instance.secrets.append(secret)
        # The user is of another tenant; that she is let in is enough.
        equal(signed(instance, "raced", secret).status, 200, "and the winner's secret is the one")
    won = race("key", "rotate", "raced", "--overlap", "100")
    secrets = [out.splitlines()[1].split(": ")[1] for out in won]
    instance.secrets += secrets
    worked = [signed(instance, "raced", text).status == 200 for text in secrets]
    ok(1 <= sum(worked) <= 2, "of all rotations the last, and the one before it, count", worked)
    instance.add_token("racer", "raced")
    won = race("token", "rotate", "raced")
    tokens = [out.strip() for out in won]
    instance.secrets += tokens
    equal(sum(bearer(instance, text) == 200 for text in tokens), 1, "of all rotations one token")
    outputs, revoked = [], 0
    for _ in range(5):
        instance.add_token("racer", "beside", "--expires", "60")
        words = [["rotate", "beside", "--overlap", "100"]] * 3 + [["revoke", "beside"]]
        racers = [
            subprocess.Popen(
                [*conf, "token", *each], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for each in words
        ]
        outputs += [racer.communicate(timeout=60)[0].strip() for racer in racers]
        revoked += racers[-1].returncode == 0
    made = [text for text in outputs if text]
    instance.secrets += made
    states = set(find(instance, "token", "beside"))
    equal(
        (revoked, states, [text for text in made if bearer(instance, text) == 200]),
        (5, {"revoked"}, []),
        "no token that is made beside a revocation survives it",
    )


def hiding():
    """A secret in the command line is not there any more while the service is asked."""
    instance = shared()
    path = os.path.join(instance.dir, "deaf.sock")
    instance.secrets.append("not to be seen")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        words = ("key", "add", "nobody", "--id", "hidden", "--secret", "not to be seen")
        asking = subprocess.Popen(
            [POLYTASKCTL, "-o", "control=" + path, *words], stderr=subprocess.PIPE, text=True
        )
        connection, _ = listener.accept()
        request = connection.recv(4096)
        with open(f"/proc/{asking.pid}/cmdline", "rb") as cmdline:
            seen = cmdline.read()
        connection.close()
        said = asking.communicate(timeout=60)[1]
    ok(b"not to be seen" in request, "the secret was sent", request)
    ok(b"hidden" in seen and b"not to be seen" not in seen, "and cannot be seen", seen)
    equal(
        (asking.returncode, said),
        (1, "polytaskctl: the service ended the connection: the outcome is unknown\n"),
        "what is not answered is not said to be done",
    )


def audit():
    """The log says who did what with which credential, and nothing that opens anything."""
    instance = shared()
    seen = len(instance.events("admin"))
    instance.ctl("user", "add", "audited", "--tenant", "demo", "--rights", "read")
    instance.ctl("key", "add", "audited", "--id", "audited", "--secret", "a secret of theirs")
    instance.secrets.append("a secret of theirs")
    token = instance.add_token("audited", "audited", "--expires", "60", "--dialects", "idol")
    instance.ctl_run("token", "revoke", token)
    instance.ctl("user", "revoke", "audited")
    lines = [
        {name: line[name] for name in line if name not in ("time", "level", "process", "pid")}
        for line in instance.events("admin")[seen:]
    ]
    uid = lines[0]["uid"] if lines else None
    told = {"event": "admin", "uid": uid}
    refused = dict(told, verb="token revoke", operand="(a token)")
    equal(
        lines,
        [
            dict(told, verb="user add", operand="audited", tenant="demo", rights="read"),
            dict(told, verb="key add", operand="audited", id="audited"),
            dict(
                told,
                verb="token add",
                operand="audited",
                label="audited",
                expires="60",
                dialects="idol",
            ),
            refused,
            dict(refused, status=1),
            dict(told, verb="user revoke", operand="audited"),
        ],
        "what was done stands in the log",
    )


def ending():
    shared().stop("shared instance")


run_tests(verbs, dialects, rotation, revocation, passwords, makers, races, hiding, audit, ending)
