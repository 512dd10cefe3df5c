"""polytaskctl: every command with the service stopped and with the service running."""
import json
import socket

from lib import Instance, run_tests
from tap import equal, ok


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
    lines = instance.ctl("export").splitlines()
    equal(len(lines), 100 if state == "down" else 200, f"{state}: export")
    task = json.loads(lines[0])
    equal(
        json.loads(instance.ctl("show", task["id"], "--tenant", "demo")),
        task,
        f"{state}: show",
    )
    # An import replaces tasks that exist.
    equal(
        instance.ctl("import", stdin="\n".join(lines) + "\n").strip(),
        f"{len(lines)} tasks imported",
        f"{state}: import",
    )
    equal(
        sorted(instance.ctl("export").splitlines()),
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
        done.returncode == 1 and done.stderr.count("\n") == 1,
        f"{state}: an unknown label: status 1, one line",
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
            done.returncode in (1, 2) and done.stderr.strip(),
            f"{state}: {' '.join(wrong)}: refused with a message",
            done,
        )


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
                done.returncode == 1 and done.stderr.count("\n") == 1,
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


run_tests(commands)
