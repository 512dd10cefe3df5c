"""polytaskctl's commands for users, passwords, tokens and keys, and their log."""
import os
import socket
import subprocess

from lib import POLYTASKCTL, Instance, run_tests
from principals import (
    bearer,
    list_all,
    log_in,
    rotate_key,
    rotate_token,
    shared,
    signed,
    states_of,
)
from tap import equal, ok, until

# Seconds for which nginx caches a decision (polytaskctl(8)), and a margin for a busy machine.
CACHED = 5
MARGIN = 2.5


def make_token(instance, state, user):
    label = "label-" + state
    instance.add_token(user, label, "--dialects", "virtshell,idol")
    first = rotate_token(instance, label)
    equal(
        states_of(instance, "token", label),
        ["live", "revoked"],
        f"{state}: token rotate without overlap",
    )
    second = rotate_token(instance, label, "--overlap", "1000")
    equal(
        states_of(instance, "token", label),
        ["live", "replaced", "revoked"],
        f"{state}: token rotate with overlap",
    )
    instance.ctl("token", "expire", label, "--expires", "1000")
    entries = [entry for entry in list_all(instance, "token") if entry["label"] == label]
    ok(
        all(entry["dialects"] == "virtshell,idol" for entry in entries)
        and len([entry for entry in entries if entry["expires"]]) == 2,
        f"{state}: token expire",
        entries,
    )
    return first, second


def make_key(instance, state, user):
    key = "key-" + state
    done = instance.ctl_run(
        "key", "add", user, "--id", key, "--secret", "-", stdin="of " + state + "\n"
    )
    equal(
        (done.returncode, done.stdout),
        (0, f"id: {key}\nsecret: of {state}\n"),
        f"{state}: key add reads a secret from standard input",
    )
    secret = rotate_key(instance, key, "--overlap", "1000")
    entry = [entry for entry in list_all(instance, "key") if entry["id"] == key][0]
    ok(entry["overlap"] and entry["state"] == "live", f"{state}: key rotate", entry)
    instance.ctl("key", "expire", key, "--expires", "1000")
    return key, secret


def make_password(instance, state, user):
    instance.ctl("password", "add", user, "--expires", "1000", stdin="the first password\n")
    instance.ctl("password", "expire", user, "--expires", "never")
    equal(states_of(instance, "password", user), ["live"], f"{state}: password list")
    password = instance.ctl("password", "rotate", user).strip()
    instance.secrets.append(password)
    return password


def make_all(instance, state):
    """A user with rotated credentials of each kind."""
    user = "user-" + state
    instance.ctl("user", "add", user, "--tenant", "demo", "--expires", "1000")
    instance.ctl("user", "expire", user, "--expires", "never")
    equal(states_of(instance, "user", user), ["live"], f"{state}: user expire never")
    first, second = make_token(instance, state, user)
    key, secret = make_key(instance, state, user)
    password = make_password(instance, state, user)
    listed = "".join(instance.ctl(what, "list") for what in ("user", "token", "key"))
    listed += instance.ctl("password", "list")
    for what, text in (("token", second), ("secret", secret), ("password", password)):
        ok(text not in listed, f"{state}: no list contains a {what}")
    ok(
        "$argon2" not in listed and "of " + state not in listed,
        f"{state}: no list contains a hash or a secret",
    )
    return user, first, second, key, secret, password


def check_accepted(instance, state, user, first, second, key, secret, password):
    equal(bearer(instance, first), 200, f"{state}: the replaced token is accepted")
    equal(bearer(instance, second), 200, f"{state}: the new token is accepted")
    for text in ("of " + state, secret):
        equal(signed(instance, key, text).status, 200, f"{state}: both secrets are accepted")
    equal(
        log_in(instance, user, password).status, 200, f"{state}: the new password is accepted"
    )
    equal(
        log_in(instance, user, "the first password").status,
        400,
        f"{state}: the old password is refused",
    )


def revoke_all(instance, state, user, first, second, key, secret, password):
    instance.ctl("password", "revoke", user)
    instance.ctl("token", "revoke", "label-" + state)
    instance.ctl("key", "revoke", key)
    instance.ctl("user", "revoke", user)
    equal(
        states_of(instance, "user", user), ["revoked"], f"{state}: user revoke, service stopped"
    )
    equal(
        states_of(instance, "password", user), [], f"{state}: password revoke, service stopped"
    )


def check_refused(instance, state, user, first, second, key, secret, password):
    for token in (first, second):
        ok(
            until(lambda: bearer(instance, token) == 403, CACHED + MARGIN, 0.2),
            f"{state}: a token revoked while the service was stopped is refused",
        )
    equal(signed(instance, key, secret).status, 403, f"{state}: the revoked key is refused")
    equal(
        log_in(instance, user, password).status,
        400,
        f"{state}: the revoked password is refused",
    )


def commands():
    """Every command with the service stopped ("down") and running ("up")."""
    instance = Instance(autostart=False)
    done = instance.ctl_run("user", "list")
    equal(
        (done.returncode, done.stderr, os.path.exists(instance.conf["home"])),
        (5, f"polytaskctl: no store found in {instance.conf['home']}\n", False),
        "a list without a store fails and creates no store",
    )
    made = {"down": make_all(instance, "down")}
    instance.make_principal()
    instance.start()
    made["up"] = make_all(instance, "up")
    for state, user in made.items():
        check_accepted(instance, state, *user)
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    for state, user in made.items():
        revoke_all(instance, state, *user)
    instance.start()
    for state, user in made.items():
        check_refused(instance, state, *user)
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
            f"{' '.join(wrong)}: usage, status 2",
            done,
        )
    instance.stop("commands")


def races():
    """Of several identical commands at the same time one succeeds."""
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

    equal(len(race("user", "add", "racer")), 1, "6 times user add: one succeeds")
    won = race("key", "add", "racer", "--id", "raced")
    if equal(len(won), 1, "6 times key add: one succeeds"):
        secret = won[0].splitlines()[1].split(": ")[1]
        instance.secrets.append(secret)
        # The user is of another tenant, so the list is empty.
        equal(signed(instance, "raced", secret).status, 200, "the secret of that one is accepted")
    won = race("key", "rotate", "raced", "--overlap", "100")
    secrets = [out.splitlines()[1].split(": ")[1] for out in won]
    instance.secrets += secrets
    worked = [signed(instance, "raced", text).status == 200 for text in secrets]
    ok(
        1 <= sum(worked) <= 2,
        "6 times key rotate with overlap: the last one or two secrets are accepted",
        worked,
    )
    instance.add_token("racer", "raced")
    won = race("token", "rotate", "raced")
    tokens = [out.strip() for out in won]
    instance.secrets += tokens
    equal(
        sum(bearer(instance, text) == 200 for text in tokens),
        1,
        "6 times token rotate: one token is accepted",
    )
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
    states = set(states_of(instance, "token", "beside"))
    equal(
        (revoked, states, [text for text in made if bearer(instance, text) == 200]),
        (5, {"revoked"}, []),
        "tokens rotated during a revocation are revoked, too",
    )


def hidden_arguments():
    """Secrets are read from standard input: those in the arguments are refused."""
    instance = shared()
    path = os.path.join(instance.dir, "silent.sock")
    instance.secrets.append("not to be seen")
    for words in (
        ("key", "add", "tester", "--id", "hidden", "--secret", "not to be seen"),
        ("key", "rotate", "hidden", "--secret=not to be seen"),
        ("sign", "--user", "x", "--secret", "not to be seen", "GET", "https://localhost/"),
    ):
        done = instance.ctl_run(*words)
        ok(
            done.returncode == 2
            and "other users can read a secret in the arguments: use '--secret -'" in done.stderr
            and "not to be seen" not in done.stderr,
            f"{words[0]} {words[1]}: a secret in the arguments is refused",
            done,
        )
    ok("hidden" not in instance.ctl("key", "list"), "and no key is added")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        words = ("key", "add", "unknown", "--id", "hidden")
        command = subprocess.Popen(
            [POLYTASKCTL, "-o", "control=" + path, *words], stderr=subprocess.PIPE, text=True
        )
        for answer in (b"x 0\n", b""):  # the first request is for the status
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(answer)
            connection.close()
        error = command.communicate(timeout=60)[1]
    equal(
        (command.returncode, error),
        (1, "polytaskctl: the service closed the connection; the outcome is unknown\n"),
        "no answer: the outcome is reported as unknown",
    )


def log():
    """The log names each command with its user and operands, without secrets."""
    instance = shared()
    seen = len(instance.events("admin"))
    instance.ctl("user", "add", "audited", "--tenant", "demo", "--rights", "read")
    words = ("key", "add", "audited", "--id", "audited", "--secret", "-")
    instance.ctl(*words, stdin="their own secret\n")
    instance.secrets.append("their own secret")
    token = instance.add_token("audited", "audited", "--expires", "60", "--dialects", "idol")
    instance.ctl_run("token", "revoke", token)
    instance.ctl("user", "revoke", "audited")
    lines = [
        {name: line[name] for name in line if name not in ("time", "level", "process", "pid")}
        for line in instance.events("admin")[seen:]
    ]
    uid = lines[0]["uid"] if lines else None
    common = {"event": "admin", "uid": uid}
    refused = dict(common, verb="token revoke", operand="(a token)")
    equal(
        lines,
        [
            dict(common, verb="user add", operand="audited", tenant="demo", rights="read"),
            dict(common, verb="key add", operand="audited", id="audited"),
            dict(
                common,
                verb="token add",
                operand="audited",
                label="audited",
                expires="60",
                dialects="idol",
            ),
            refused,
            dict(refused, status=5),
            dict(common, verb="user revoke", operand="audited"),
        ],
        "the log has one line for each command",
    )


def ending():
    shared().stop("shared instance")


run_tests(commands, races, hidden_arguments, log, ending)
