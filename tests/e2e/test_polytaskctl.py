"""polytaskctl: every command with the service stopped and with the service running."""
import hashlib
import json
import os
import signal
import socket
import subprocess

from dialects.idol import DIALECT as IDOL
from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, until


def credentials(instance, state):
    name = "user-" + state
    equal(
        instance.ctl_run(
            "user", "add", name, "--tenant", "demo", "--rights", "read"
        ).returncode,
        0,
        f"{state}: user add",
    )
    ok(name in instance.ctl("user", "list"), f"{state}: user list")
    token = instance.add_token(name, "label-" + state)
    ok(
        token.startswith("pt_") and "\n" not in token,
        f"{state}: token add prints only the token",
    )
    listed = instance.ctl("token", "list")
    ok(
        "label-" + state in listed and token not in listed,
        f"{state}: token list without the token",
    )
    key, secret = instance.add_key(name, "--id", "key-" + state)
    equal(key, "key-" + state, f"{state}: key add")
    listed = instance.ctl("key", "list")
    ok(key in listed and secret not in listed, f"{state}: key list without the secret")
    for verb in (
        ("token", "revoke", "label-" + state),
        ("key", "revoke", key),
        ("user", "revoke", name),
    ):
        equal(instance.ctl_run(*verb).returncode, 0, f"{state}: {' '.join(verb)}")


def tasks(instance, state):
    equal(
        instance.ctl("load-sample", "100", "--tenant", "demo").strip(),
        "100 tasks loaded",
        f"{state}: load-sample",
    )
    first, *lines, last = instance.ctl("export").splitlines()
    equal(len(lines), 100 if state == "down" else 200, f"{state}: export")
    equal(json.loads(last)["tasks"], len(lines), f"{state}: the last line has their number")
    text = "".join(line + "\n" for line in [first] + lines)
    equal(
        json.loads(last)["sha256"],
        hashlib.sha256(text.encode()).hexdigest(),
        f"{state}: and the sum of the lines",
    )
    done = instance.ctl_run("import", stdin=text)
    ok(
        done.returncode == 1 and "lines are missing" in done.stderr,
        f"{state}: an import without the last line is reported",
        done,
    )
    equal(
        instance.ctl_run("import", "--partial", stdin=text).returncode,
        0,
        f"{state}: and accepted with --partial",
    )
    task = json.loads(lines[0])
    equal(
        json.loads(instance.ctl("show", task["id"], "--tenant", "demo")),
        task,
        f"{state}: show",
    )
    # An import leaves tasks that are equal.
    equal(
        instance.ctl("import", stdin="\n".join(lines) + "\n").strip(),
        f"{len(lines)} tasks imported: 0 new, 0 replaced, {len(lines)} unchanged",
        f"{state}: import",
    )
    equal(
        sorted(instance.ctl("export").splitlines()[1:-1]),
        sorted(lines),
        f"{state}: an import keeps the tasks as exported",
    )
    done = instance.ctl_run("import", stdin=lines[0] + '\n{"id": 1}\n' + lines[1] + "\n")
    ok(
        done.returncode == 1 and "line 2" in done.stderr,
        f"{state}: import names the line of an error",
        done,
    )
    instance.verify(state)
    equal(instance.ctl_run("checkpoint").returncode, 0, f"{state}: checkpoint")


def refusals(instance, state):
    done = instance.ctl_run("token", "revoke", "never-made")
    ok(
        done.returncode == 5 and done.stderr.count("\n") == 1,
        f"{state}: an unknown label: status 5, one line",
        done,
    )
    for wrong in (
        ("fly",),
        ("user",),
        ("user", "add"),
        ("show",),
        ("load-sample", "x"),
        ("token", "add", "unknown"),
        ("show", "no-uuid"),
    ):
        done = instance.ctl_run(*wrong)
        ok(
            done.returncode in (1, 2, 5) and done.stderr.strip(),
            f"{state}: {' '.join(wrong)}: refused with a message",
            done,
        )


def typed(instance, state):
    """Mistakes of an operator: the status, and the sentence that says what to change."""
    for status, words, reason in (
        (2, ("restore", "DIR"), "'restore' requires --home\nusage: "),
        (2, ("backup", ""), "an argument is empty\nusage: "),
        (2, ("status", "--fly"), "polytaskctl: unrecognized option '--fly'"),
        (2, ("--json", "work", "--simulate"), "polytaskctl: work must be the first word"),
        (1, ("user", "expire", "ann", "--expires", "0"), "'never' or a number of seconds from 1"),
        (1, ("token", "rotate", "x", "--overlap", "soon"), "a number of seconds from 0 to"),
        (2, ("sign", "--user", "k", "--data", "x", "--content-md5", "y", "GET", "u"), "one of them"),
        (1, ("import", "--from", "labelcamp"), "unknown dialect 'labelcamp': --from takes "),
        (1, ("token", "add", "ann", "--rights", "read,admin"), "does not have all of these rights"),
        (1, ("key", "add", "ann", "--rights", "read,admin"), "does not have all of these rights"),
        (0, ("quota", "set", "q" + state, "--tasks", "5"), f"note: the tenant q{state} has no user"),
        (0, ("load-sample", "1", "--tenant", state), f"note: the tenant {state} has no user yet"),
    ):
        done = instance.ctl_run(*words, stdin="")
        ok(
            done.returncode == status and reason in done.stderr,
            f"{state}: {' '.join(words)}: {reason.splitlines()[0]}",
            done,
        )


def outputs(instance, state):
    """A command whose output is lost fails with a sentence; the store is not its output."""
    command = f"{POLYTASKCTL} -c {instance.dir}/polytask.conf "
    for words, reason in (
        ("export >/dev/full", "cannot write the output"),
        ("export >&-", "cannot write the output"),
        ("user list >&-", "cannot write the output"),
        ("--version >/dev/full", "cannot write the output"),
        ("print-config >&-", "cannot write the output"),
        ("import <&- >&-", "standard input is not open for reading"),
    ):
        done = subprocess.run(["sh", "-c", command + words], capture_output=True, text=True)
        ok(done.returncode == 1 and reason in done.stderr, f"{state}: {words}", done)
    # The reader has gone before the command writes.
    for words in ("--help", "print-config", "user list"):
        done = subprocess.run(
            ["bash", "-c", f"(sleep 0.5; {command}{words}) | true; exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
        )
        equal((done.returncode, done.stderr), (141, ""), f"{state}: {words} | true")
    done = subprocess.run(["sh", "-c", command + "user list <&- >&- 2>&-"])
    equal(done.returncode, 1, f"{state}: no streams at all")
    instance.verify(state)


def control_socket(instance):
    """Invalid requests on the control socket do not affect the service."""
    for data in (b"", b"\n", b"{}\n", b"[" * 70000 + b"\n", b"\x00\xff\n", b'{"verb":["status"]'):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(instance.conf["control"])
            try:
                control.sendall(data)
                control.shutdown(socket.SHUT_WR)
                while control.recv(4096):
                    pass
            except OSError:
                pass
    equal(
        instance.ctl_run("status").returncode,
        0,
        "status works after invalid requests on the control socket",
    )


def commands():
    """Every command with the service stopped ("down") and running ("up")."""
    instance = Instance(autostart=False)
    for state in ("down", "up"):
        if state == "up":
            instance.make_principal()
            instance.start()
        credentials(instance, state)
        tasks(instance, state)
        refusals(instance, state)
        if state == "down":
            done = instance.ctl_run("status")
            ok(
                done.returncode == 7 and done.stderr.count("\n") == 1,
                "down: status fails with one line",
                done,
            )
    rows = instance.get("/tasks/failed").json()["tasks"]
    equal(len(rows), 40, "the tasks of both samples are served")
    ok("pid" in instance.status(), "status --json has pid")
    control_socket(instance)
    equal(instance.ctl_run("stop").returncode, 0, "polytaskctl stop: status 0")
    equal(instance.daemon.wait(20), 0, "polytaskd ends with status 0")
    instance.daemon = None
    instance.stop("commands")


def mistakes():
    instance = Instance(autostart=False)
    instance.ctl("user", "add", "ann")
    for state in ("down", "up"):
        if state == "up":
            instance.make_principal()
            instance.start()
        typed(instance, state)
        outputs(instance, state)
    instance.stop("mistakes")


def everything():
    """An export of everything, imported elsewhere, goes on like the original."""
    instance = Instance()
    key = ("Idempotency-Key", "k")
    first = instance.idol("POST", "/import-tasks", IDOL.body, [key])
    second = instance.idol("POST", "/import-tasks", IDOL.body)
    task = [item["id"] for item in instance.native("GET", "/tasks").json()["items"]][-1]
    equal(instance.native("DELETE", "/tasks/" + task).status, 204, "the newest task is removed")
    instance.ctl("quota", "set", "demo", "--tasks", "2")
    text = instance.ctl("export", "--all")
    equal(json.loads(text.splitlines()[-1])["tasks"], 1, "export --all has the task")

    other = Instance(autostart=False, expect=("quota",))
    done = other.ctl_run("import", stdin=text)
    ok(done.returncode == 0, "it is imported", done)
    for name in ("token", "key", "secret", "owner", "owner_key"):
        setattr(other, name, getattr(instance, name))
    other.secrets += instance.secrets
    other.start()
    again = other.idol("POST", "/import-tasks", IDOL.body, [key])
    equal(
        (again.status, again.body.replace(other.host.encode(), instance.host.encode())),
        (201, first.body),
        "token and Idempotency-Key are known",
    )
    third = other.idol("POST", "/import-tasks", IDOL.body)
    equal(
        int(third.json()["data"]["id"]),
        int(second.json()["data"]["id"]) + 1,
        "the number of a removed task is not assigned again",
    )
    equal(other.idol("POST", "/import-tasks", IDOL.body).status, 403, "the quota is in force")
    other.verify("everything")
    instance.stop("original")
    other.stop("copy")


# The lock of the folder, and links into the home.
LEFT = ["data", "lock", "log"]


def shared_memory():
    """A command on a stopped service leaves no shared memory, whatever its end."""
    instance = Instance(autostart=False)
    folder = instance.conf["regions"]
    instance.make_principal()
    equal(sorted(os.listdir(folder)), LEFT, "after commands that succeed")
    equal(instance.ctl_run("user", "add", "tester").returncode, 6, "a command that fails")
    equal(sorted(os.listdir(folder)), LEFT, "after it")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        command = subprocess.Popen(
            [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "import"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        command.stdin.write(b"\n")
        command.stdin.flush()
        ok(until(lambda: len(os.listdir(folder)) > len(LEFT), 30), "import uses shared memory")
        command.send_signal(number)
        equal(command.wait(60), -number, f"{number.name} ends it")
        command.stdin.close()
        equal(sorted(os.listdir(folder)), LEFT, f"after {number.name}")
    instance.start()
    instance.ctl("user", "list")
    ok(len(os.listdir(folder)) > len(LEFT), "that of a running service stays")
    equal(len(instance.tasks()), 0, "the service works")
    instance.verify("shared memory")
    instance.stop("shared memory")


run_tests(commands, mistakes, everything, shared_memory)
