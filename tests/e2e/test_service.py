"""The service as a process: ways to start it, its children, its end, and who may connect."""
import grp
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

from lib import POLYTASKD, WORKERS, Instance, run_tests
from processes import child_pids, find_program, finish, start
from tap import equal, ok, patient, skip, until


def ended(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def started_by_path():
    instance = Instance()
    until(
        lambda: [child["state"] for child in instance.status()["processes"]] == ["ready"] * 4, 10
    )
    children = child_pids(instance.daemon.pid)
    titles = []
    for pid in children:
        with open(f"/proc/{pid}/cmdline") as title:
            # libbsd pads titles to the length of the command line.
            titles.append(title.read().split("\0")[0].rstrip())
    equal(
        sorted(titles),
        ["polytaskd: keeper", "polytaskd: notifier", "polytaskd: reader 1", "polytaskd: writer"],
        "process titles name the role",
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
        "status lists the processes",
    )
    for _ in range(10):
        instance.create(description="served")
    served = sum(child["served"] for child in instance.status()["processes"])
    ok(served >= 10, "status counts served requests", served)
    table = instance.ctl("status")
    ok(
        all(str(pid) in table for pid in children) and "reader 1" in table,
        "status as a table",
        table,
    )

    # A second instance with the same home.
    second = subprocess.run(
        [POLYTASKD, "-c", os.path.join(instance.dir, "polytask.conf")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    ok(
        second.returncode == 1 and len(second.stderr.strip().splitlines()) == 1,
        "a second instance in the same home: status 1, one line",
        (second.returncode, second.stderr),
    )
    equal(instance.get("/tasks/cancelled").status, 200, "the first instance still answers")

    everything = [instance.daemon.pid, *children]
    equal(instance.stop_daemon(), 0, "SIGTERM: status 0")
    ok(until(lambda: all(map(ended, everything)), patient(2)), "SIGTERM ends all processes")
    for path in (instance.conf["control"], instance.socket, instance.socket + ".read"):
        ok(not os.path.exists(path), f"SIGTERM removes {os.path.basename(path)}")
    instance.start()
    equal(finish(instance.daemon, signal.SIGINT, 20), 0, "SIGINT: status 0")
    instance.daemon = None
    instance.stop("by path")


def supervisor_killed():
    """Children end by themselves after their supervisor is killed; the next start has all tasks."""
    instance = Instance()
    uuid = instance.create(description="survives")
    instance.ctl("load-sample", "20000", "--tenant", "demo")
    # A slow reader of a long list must not keep a worker running without a supervisor.
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
    ok(
        until(lambda: all(map(ended, children)), 8),
        "children of a killed supervisor end within 8 s",
        children,
    )
    reader.kill()
    reader.wait()
    begun = time.monotonic()
    instance.start()
    ok(time.monotonic() - begun < patient(5), "a start with stale sockets waits for nothing")
    equal(instance.get("/tasks/" + uuid).status, 200, "the task is still there")
    instance.verify("after the supervisor's death")
    instance.stop("restarted")


def roles(instance):
    """The names of the workers, sorted."""
    names = (child["process"] for child in instance.status()["processes"])
    return sorted(name for name in names if name.split()[0] in WORKERS)


def single_socket(instance):
    """Both upstreams of nginx lead to the one socket."""
    instance.write_nginx_conf({"READ_SOCKET": instance.socket})


def started_by_spawn_fcgi():
    if not find_program("spawn-fcgi"):
        skip("spawn-fcgi", "not installed")
        return
    instance = Instance(autostart=False)
    instance.make_principal()
    single_socket(instance)
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
    equal(
        instance.get("/tasks/" + uuid).status,
        200,
        "spawn-fcgi: descriptor 0 is the listening socket",
    )
    equal(roles(instance), ["worker 1", "worker 2"], "spawn-fcgi: the workers asked for")
    instance.stop("spawn-fcgi")


def started_by_systemd():
    """Socket activation (LISTEN_FDS) and notifications (NOTIFY_SOCKET), without systemd."""
    instance = Instance(autostart=False, conf={"workers": "0"})
    instance.make_principal()
    single_socket(instance)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(instance.socket)
    listener.listen(64)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify_path = os.path.join(instance.dir, "notify")
    notify.bind(notify_path)
    notify.settimeout(20)
    # LISTEN_PID must be the pid of the process that calls exec: the shell's.
    script = 'exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -c "$1"'
    with open(instance.log_path, "ab") as log:
        instance.daemon = start(
            ["/bin/sh", "-c", script, POLYTASKD, os.path.join(instance.dir, "polytask.conf")],
            log,
            stdin=listener,
            env=dict(os.environ, NOTIFY_SOCKET=notify_path),
        )
    received = []

    def receives(word):
        while not any(word in line for line in received):
            received.append(notify.recv(4096).decode())
        return True

    ok(receives("READY=1"), "READY=1 is sent")
    instance.start_nginx()
    instance.wait_ready()
    equal(
        instance.get("/tasks/cancelled").status, 200, "LISTEN_FDS: descriptor 3 is the listening socket"
    )
    instance.daemon.send_signal(signal.SIGHUP)
    received.clear()
    ok(receives("RELOADING=1") and receives("READY=1"), "a reload sends RELOADING=1, READY=1")
    ok(
        until(lambda: roles(instance) == ["worker 1"], 20),
        "one socket: one worker answers all requests",
        instance.status(),
    )
    uuid = instance.create(description="by one worker")
    equal(instance.get("/tasks/" + uuid).status, 200, "one socket: the worker writes and reads")
    equal(instance.stop_daemon(), 0, "SIGTERM: status 0, socket activation")
    ok(receives("STOPPING=1"), "STOPPING=1 is sent")
    ok(os.path.exists(instance.socket), "a passed socket is not removed")
    listener.close()
    instance.stop("systemd")


def foreign_peer():
    """Only the user of the web server may connect to the FastCGI socket."""
    if os.geteuid() != 0 or not find_program("setpriv"):
        skip("a foreign user", "needs root")
        return
    instance = Instance(conf={"socket_mode": "0666"}, expect=("peer-refused",))
    os.chmod(instance.dir, 0o755)
    script = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX);"
        "s.settimeout(5); s.connect(sys.argv[1]);"
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
    ok(
        done.stdout.strip() == "0" or "Error" in done.stderr,
        "a connection of another user is closed",
        done,
    )
    ok(until(lambda: instance.events("peer-refused"), 5), "the log has peer-refused")
    equal(instance.get("/tasks/cancelled").status, 200, "the web server is still served")
    instance.stop("foreign")


def unreachable_socket():
    """The web server's user may not open the sockets: both sides name the cause."""
    if os.geteuid() != 0:
        skip("a socket that the web server may not open", "needs root")
        return
    nobody = pwd.getpwnam("nobody")
    instance = Instance(
        conf={"peer_user": "nobody"},
        nginx={"USER": f"user nobody {grp.getgrgid(nobody.pw_gid).gr_name};"},
        autostart=False,
        expect=("socket",),
    )
    os.chmod(instance.memory, 0o711)  # nginx's cache is there
    instance.make_principal()
    instance.start_daemon()
    ok(until(lambda: instance.events("ready"), 30), "the service is ready")
    text = "".join(entry["text"] for entry in instance.events("socket"))
    ok(
        f"user nobody may not enter {instance.dir} (mode 0700)" in text,
        "the log names the user and the directory",
        text,
    )
    instance.start_nginx()
    ok(until(lambda: status_or_none(instance) == 503, 30), "every request gets 503")
    path = os.path.join(instance.dir, "log", "nginx-access.log")
    reason = '"reason":"ServiceUnreachable"'
    ok(until(lambda: reason in pathlib.Path(path).read_text(), 5), "the access log has the reason")
    instance.stop("unreachable")


def status_or_none(instance):
    try:
        return instance.get("/tasks/cancelled").status
    except OSError:
        return None


run_tests(
    started_by_path,
    supervisor_killed,
    started_by_spawn_fcgi,
    started_by_systemd,
    foreign_peer,
    unreachable_socket,
)
