"""The service as a process: ways to start it, its children, its end, and who may connect."""
import os
import signal
import socket
import subprocess
import time

from lib import POLYTASKD, Instance, run_tests
from processes import child_pids, find_program, finish, start
from tap import equal, ok, skip, until


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
    foreign_peer,
)
