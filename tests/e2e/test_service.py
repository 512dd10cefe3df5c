"""The service as a process: ways to start it, its command, reload and stop under load."""
import json
import os
import signal
import socket
import subprocess
import time

from lib import POLYTASKD, Instance, run_tests
from processes import child_pids, find_program, finish, start
from tap import equal, note, ok, skip, until
from workload import Journal, Load


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def started_by_path():
    instance = Instance()
    until(
        lambda: [child["state"] for child in instance.status()["processes"]] == ["ready"] * 3, 10
    )
    children = child_pids(instance.daemon.pid)
    titles = []
    for pid in children:
        with open(f"/proc/{pid}/cmdline") as title:
            # libbsd pads a title that is as long as the command line was.
            titles.append(title.read().split("\0")[0].rstrip())
    equal(
        sorted(titles),
        ["polytaskd: keeper", "polytaskd: worker 1", "polytaskd: worker 2"],
        "process titles say who is who",
    )
    status = instance.status()
    equal(
        sorted(
            (child["process"], child["pid"], child["state"], child["generation"])
            for child in status["processes"]
        ),
        sorted(
            (title.split(": ")[1], pid, "ready", status["generation"])
            for title, pid in zip(titles, children)
        ),
        "status knows them",
    )
    for _ in range(10):
        instance.create(description="served")
    served = sum(child["served"] for child in instance.status()["processes"])
    ok(served >= 10, "status counts what was served", served)
    table = instance.ctl("status")
    ok(
        all(str(pid) in table for pid in children) and "worker 1" in table,
        "status as a table",
        table,
    )

    # A second instance in the same home is kept out, and does no harm.
    second = subprocess.run(
        [POLYTASKD, "-c", os.path.join(instance.dir, "polytask.conf")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    ok(
        second.returncode == 1 and len(second.stderr.strip().splitlines()) == 1,
        "a second instance is refused with one sentence",
        (second.returncode, second.stderr),
    )
    equal(instance.get("/tasks/none").status, 200, "and the first goes on")

    # Its stop leaves nobody behind.
    everybody = [instance.daemon.pid, *children]
    equal(instance.stop_daemon(), 0, "TERM ends it with status 0")
    ok(until(lambda: all(map(gone, everybody)), 2), "and all its processes")
    ok(not os.path.exists(instance.conf["control"]), "and its control socket")
    # Interrupt is the same.
    instance.start()
    equal(finish(instance.daemon, signal.SIGINT, 20), 0, "INT ends it with status 0")
    instance.daemon = None
    instance.stop("by path")


def supervisor_killed():
    """Children whose supervisor is gone leave by themselves, and the next start has everything."""
    instance = Instance()
    uuid = instance.create(description="survives")
    instance.ctl("load-sample", "20000", "--tenant", "demo")
    # Somebody reads a long list slowly: that must not keep a worker without a supervisor.
    reader = subprocess.Popen(
        ["curl", "-s", "--noproxy", "*", "--limit-rate", "1k", "--cacert", instance.cert]
        + ["-H", f"Authorization: Bearer {instance.token}", "-o", "/dev/null"]
        + [f"https://{instance.host}/api/virtshell/v1/tasks/"]
    )
    streaming = until(
        lambda: any(child["waiting"] for child in instance.status()["processes"]), 10
    )
    ok(streaming, "a list is being streamed")
    children = child_pids(instance.daemon.pid)
    instance.daemon.kill()
    instance.daemon.wait()
    ok(until(lambda: all(map(gone, children)), 8), "orphans leave", children)
    reader.kill()
    reader.wait()
    begun = time.monotonic()
    instance.start()
    ok(time.monotonic() - begun < 5, "a start over stale sockets takes no time")
    equal(instance.get("/tasks/" + uuid).status, 200, "with its tasks")
    instance.verify("after the supervisor's death")
    instance.stop("restarted")


def started_by_spawn_fcgi():
    if not find_program("spawn-fcgi"):
        skip("spawn-fcgi", "not installed")
        return
    instance = Instance(autostart=False)
    instance.make_principal()
    instance.start(
        [
            find_program("spawn-fcgi"),
            "-n",
            "-s",
            instance.socket,
            "-M",
            "0600",
            "--",
            POLYTASKD,
            "-c",
            os.path.join(instance.dir, "polytask.conf"),
        ]
    )
    uuid = instance.create(description="by spawn-fcgi")
    equal(instance.get("/tasks/" + uuid).status, 200, "descriptor 0 as the listening socket")
    equal(len(instance.workers()), 2, "with its workers")
    instance.stop("spawn-fcgi")


def started_by_systemd():
    """The protocol of socket activation and readiness, spoken by hand."""
    instance = Instance(autostart=False)
    instance.make_principal()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(instance.socket)
    listener.listen(64)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify_path = os.path.join(instance.dir, "notify")
    notify.bind(notify_path)
    notify.settimeout(20)
    # LISTEN_PID must be the pid that calls exec: the shell's own.
    script = 'exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -c "$1"'
    with open(instance.log_path, "ab") as log:
        instance.daemon = start(
            ["/bin/sh", "-c", script, POLYTASKD, os.path.join(instance.dir, "polytask.conf")],
            log,
            stdin=listener,
            env=dict(os.environ, NOTIFY_SOCKET=notify_path),
        )
    said = []

    def hear(word):
        while not any(word in line for line in said):
            said.append(notify.recv(4096).decode())
        return True

    ok(hear("READY=1"), "READY=1 is told")
    instance.start_nginx()
    instance.wait_ready()
    equal(instance.get("/tasks/none").status, 200, "LISTEN_FDS as the listening socket")
    instance.daemon.send_signal(signal.SIGHUP)
    said.clear()
    ok(hear("RELOADING=1") and hear("READY=1"), "a reload is told")
    equal(instance.stop_daemon(), 0, "stops")
    ok(hear("STOPPING=1"), "STOPPING=1 is told")
    ok(os.path.exists(instance.socket), "a socket that was given is left alone")
    listener.close()
    instance.stop("systemd")


def command():
    """Every verb with the service down and with the service up."""
    instance = Instance(autostart=False)
    for state in ("down", "up"):
        if state == "up":
            instance.make_principal()
            instance.start()
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
            f"{state}: token add prints the token alone",
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
        # What was exported can be imported, and nothing is there twice.
        equal(
            instance.ctl("import", stdin="\n".join(lines) + "\n").strip(),
            f"{len(lines)} tasks imported",
            f"{state}: import",
        )
        equal(
            sorted(instance.ctl("export").splitlines()),
            sorted(lines),
            f"{state}: import is export",
        )
        done = instance.ctl_run("import", stdin=lines[0] + '\n{"id": 1}\n' + lines[1] + "\n")
        ok(done.returncode == 1 and "line 2" in done.stderr, f"{state}: a bad line is named", done)
        instance.verify(state)
        equal(instance.ctl_run("checkpoint").returncode, 0, f"{state}: checkpoint")
        for verb in (
            ("token", "revoke", "label-" + state),
            ("key", "revoke", key),
            ("user", "revoke", name),
        ):
            equal(instance.ctl_run(*verb).returncode, 0, f"{state}: {' '.join(verb)}")
        done = instance.ctl_run("token", "revoke", "never-made")
        ok(
            done.returncode == 1 and done.stderr.count("\n") == 1,
            f"{state}: an unknown label",
            done,
        )
        for wrong in (
            ("fly",),
            ("user",),
            ("user", "add"),
            ("show",),
            ("load-sample", "x"),
            ("token", "add", "nobody"),
            ("show", "no-uuid"),
        ):
            done = instance.ctl_run(*wrong)
            ok(
                done.returncode in (1, 2) and done.stderr.strip(),
                f"{state}: {' '.join(wrong)}",
                done,
            )
        if state == "down":
            done = instance.ctl_run("status")
            ok(done.returncode == 1 and done.stderr.count("\n") == 1, "down: status says so", done)
    rows = instance.get("/tasks/failed").json()["tasks"]
    equal(len(rows), 40, "both samples are served")
    ok("pid" in instance.status(), "status as JSON")
    # Garbage on the control socket harms nobody.
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
    equal(instance.ctl_run("status").returncode, 0, "garbage on the control socket harms nobody")
    equal(instance.ctl_run("stop").returncode, 0, "polytaskctl stop")
    equal(instance.daemon.wait(20), 0, "ends the service with status 0")
    instance.daemon = None
    instance.stop("command")


def reload_under_load():
    """Three reloads while eight clients work: nobody is refused, nothing is lost."""
    instance = Instance()
    journal = Journal()
    generations = {instance.status()["generation"]}
    before = instance.workers()
    with Load(instance, journal, clients=8):
        for turn in range(3):
            time.sleep(0.7)
            if turn == 2:
                instance.conf["workers"] = "3"
                instance.write_conf()
            old = max(generations)
            instance.daemon.send_signal(signal.SIGHUP)
            ok(
                until(lambda: instance.status()["generation"] > old, 10),
                f"reload {turn + 1} takes place",
            )
            generations.add(instance.status()["generation"])
        time.sleep(1)
    equal(set(journal.statuses), {200}, "every request was answered with 200")
    note(f"{journal.statuses}; generations {sorted(generations)}")
    ok(
        until(lambda: not set(before) & set(instance.workers()), 60, 0.5),
        "the first workers have left",
        instance.status(),
    )
    new = [
        child
        for child in instance.status()["processes"]
        if child["generation"] == max(generations)
    ]
    equal(
        len([child for child in new if child["process"].startswith("worker")]),
        3,
        "the new configuration counts",
    )
    journal.check(instance, "reload")
    instance.verify("reload")
    # A configuration that cannot be read changes nothing.
    with open(os.path.join(instance.dir, "polytask.conf"), "a") as conf:
        conf.write("workers = many\n")
    instance.expect.add("reload")
    instance.daemon.send_signal(signal.SIGHUP)
    ok(until(lambda: instance.events("reload"), 5), "a bad configuration is told")
    equal(instance.get("/tasks/none").status, 200, "and the old one stays")
    instance.stop("reload")


def stop_under_load():
    """TERM lets what was begun end: every answer is a success, or nginx's 503."""
    instance = Instance()
    journal = Journal()
    with Load(instance, journal, clients=8, reader=False):
        time.sleep(1)
        equal(instance.stop_daemon(), 0, "stops under load with status 0")
        time.sleep(0.3)
    ok(set(journal.statuses) <= {200, 503}, "each request got 200 or 503", journal.statuses)
    instance.start()
    journal.check(instance, "stop")
    instance.verify("stop")
    instance.stop("stop")


def foreign_peer():
    """Only the web server's user may connect to the FastCGI socket."""
    if os.geteuid() != 0 or not find_program("setpriv"):
        skip("a foreign user", "needs root")
        return
    instance = Instance(conf={"socket_mode": "0666"}, expect=("peer-refused",))
    os.chmod(instance.dir, 0o755)
    script = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1]);"
        "s.send(b'\\1\\1\\0\\1\\0\\10\\0\\0\\0\\1\\1\\0\\0\\0\\0\\0'); print(len(s.recv(100)))"
    )
    done = subprocess.run(
        [
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "/usr/bin/python3",
            "-c",
            script,
            instance.socket,
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    ok(done.stdout.strip() == "0" or "Error" in done.stderr, "a foreign user is hung up on", done)
    ok(until(lambda: instance.events("peer-refused"), 5), "and it is logged")
    equal(instance.get("/tasks/none").status, 200, "others are served")
    instance.stop("foreign")


run_tests(
    started_by_path,
    supervisor_killed,
    started_by_spawn_fcgi,
    started_by_systemd,
    command,
    reload_under_load,
    stop_under_load,
    foreign_peer,
)
