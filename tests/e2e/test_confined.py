"""Least privilege, checked from outside: users, file modes, and /proc of each process."""
import glob
import os
import pwd
import stat
import subprocess

import postgresql
from lib import POLYTASKD, SANITIZED, Instance, run_tests
from processes import child_pids, find_program
from tap import equal, ok, skip, until

NOBODY, STRANGER = "nobody", "games"


def status_of(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)


def check_processes(instance, capabilities):
    until(lambda: [child["state"] for child in instance.status()["processes"]] == ["ready"] * 3, 10)
    supervisor = instance.daemon.pid
    score = {}
    for pid in [supervisor, *child_pids(supervisor)]:
        known = status_of(pid)
        name = "the supervisor" if pid == supervisor else f"child {known['Name']}"
        equal(known["Seccomp"], "2", f"{name} has a seccomp filter")
        equal(
            known["Seccomp_filters"],
            "1" if pid == supervisor else "2",
            f"{name}: number of seccomp filters",
        )
        equal(known["NoNewPrivs"], "1", f"{name} has no_new_privs")
        for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            wanted = capabilities if which in ("CapPrm", "CapEff") else 0
            equal(int(known[which], 16), wanted, f"{name}: {which}")
        with open(f"/proc/{pid}/limits") as limits:
            core = [line.split() for line in limits if line.startswith("Max core file size")][0]
        equal(core[4:6], ["0", "0"], f"{name}: core size limit is 0")
        with open(f"/proc/{pid}/oom_score_adj") as file:
            score[pid] = int(file.read())
    ok(
        all(score[pid] > score[supervisor] for pid in score if pid != supervisor),
        "the OOM killer prefers children to the supervisor",
        score,
    )


def started_as_same_user():
    instance = Instance()
    check_processes(instance, 1 << 1 if os.geteuid() == 0 else 0)  # CAP_DAC_OVERRIDE
    instance.create(description="confined")
    instance.ctl("checkpoint")
    instance.verify("confined")
    export = instance.ctl("export")
    secrets = [secret for secret in instance.secrets if secret in export]
    ok('"confined"' in export and not secrets, "an export has tasks and no secrets", export)
    instance.stop("same user")


def started_with_a_shared_store():
    """Its processes connect to the server, and are confined as others."""
    why = postgresql.lack()
    if why:
        skip("a shared store", why)
        return
    server = postgresql.Server()
    instance = Instance(autostart=False, conf={"store": server.url})
    instance.ctl("store", "init")
    instance.make_principal()
    instance.start()
    check_processes(instance, 1 << 1 if os.geteuid() == 0 else 0)  # CAP_DAC_OVERRIDE
    instance.create(description="confined")
    instance.verify("confined")
    instance.stop("shared store")


def as_user(name, script, *args):
    user = pwd.getpwnam(name)
    return subprocess.run(
        ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        + ["/usr/bin/python3", "-c", script, *args],
        capture_output=True,
        text=True,
        timeout=20,
    )


CONNECT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
try:
    s.connect(sys.argv[1])
    s.sendall(b'{"verb":["status"]}\\n')
    print("answered" if s.recv(1) else "closed")
except PermissionError:
    print("not allowed")
except ConnectionError:
    print("closed")
"""
OPEN = """
import sys
try:
    open(sys.argv[1], "rb").read(1)
    print("open")
except PermissionError:
    print("not allowed")
except OSError:
    print("open")
"""


def check_modes(instance, user):
    for folder in (instance.conf["home"], instance.conf["regions"], instance.conf["archive"]):
        seen = [folder, *glob.glob(folder + "/**", recursive=True)]
        ok(len(seen) > 1 or folder == instance.conf["archive"], "the folder is not empty", folder)
        for path in seen:
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                continue  # its mode has no meaning, and what it points to is in the home
            wanted = 0o700 if stat.S_ISDIR(info.st_mode) else 0o600
            if (stat.S_IMODE(info.st_mode), info.st_uid) != (wanted, user.pw_uid):
                ok(False, f"{path} is private", f"{info.st_mode:o} of {info.st_uid}")
    ok(True, "home, regions and archive are private")
    for path, wanted in ((instance.conf["control"], 0o600), (instance.socket, 0o660), (instance.socket + ".read", 0o660)):
        info = os.stat(path)
        equal(
            (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid),
            (wanted, user.pw_uid, user.pw_gid),
            f"{os.path.basename(path)}: mode and owner",
        )


def started_with_user():
    """The option user: root starts the service, which runs as another user, with any umask."""
    if os.geteuid() != 0 or not find_program("setpriv"):
        skip("the option user", "needs root and setpriv")
        return
    user = pwd.getpwnam(NOBODY)
    instance = Instance(
        conf={"user": NOBODY, "socket_mode": "0660"}, autostart=False, expect=("peer-refused",)
    )
    for folder in (instance.dir, instance.memory):
        os.chmod(folder, 0o711)
    instance.conf["control"] = os.path.join(instance.dir, "run", "control.sock")
    instance.conf["archive"] = os.path.join(instance.dir, "archive")
    instance.write_conf()
    instance.make_principal()
    conf = os.path.join(instance.dir, "polytask.conf")
    instance.start(["/bin/sh", "-c", 'umask 0; exec "$0" -c "$1"', POLYTASKD, conf])
    check_processes(instance, 0)
    for pid in [instance.daemon.pid, *child_pids(instance.daemon.pid)]:
        known = status_of(pid)
        equal(
            set(known["Uid"].split()),
            {str(user.pw_uid)},
            "all user ids are those of the option user",
        )
        equal(set(known["Gid"].split()), {str(user.pw_gid)}, "all group ids are those of the user")
        equal(known["Groups"].split(), [str(user.pw_gid)], "no supplementary group")
    instance.create(description="of another user")
    instance.ctl("checkpoint")
    check_modes(instance, user)

    # Another user, then another process of the same user.
    control = as_user(STRANGER, CONNECT, instance.conf["control"]).stdout.strip()
    equal(control, "not allowed", "another user cannot connect to the control socket")
    fcgi = as_user(STRANGER, CONNECT, instance.socket).stdout.strip()
    equal(fcgi, "not allowed", "another user cannot connect to the FastCGI socket")
    os.chmod(instance.socket, 0o666)
    fcgi = as_user(STRANGER, CONNECT, instance.socket).stdout.strip()
    equal(fcgi, "closed", "mode 0666: a connection of another user is closed")
    ok(until(lambda: instance.events("peer-refused"), 5), "the log has peer-refused")
    lock = os.path.join(instance.conf["home"], "lock")
    equal(
        as_user(STRANGER, OPEN, lock).stdout.strip(),
        "not allowed",
        "another user cannot read the home",
    )
    equal(
        as_user(NOBODY, OPEN, lock).stdout.strip(), "open", "the service's user can read the home"
    )
    if SANITIZED:
        skip("the memory of a process", "the leak checker reads it")
    else:
        for pid in [instance.daemon.pid, *child_pids(instance.daemon.pid)]:
            seen = as_user(NOBODY, OPEN, f"/proc/{pid}/mem").stdout.strip()
            equal(seen, "not allowed", "a process of the same user cannot read its memory")
    equal(instance.get("/tasks/cancelled").status, 200, "the web server is still served")
    instance.stop("user")

    # Root without the option would create files that the user cannot read.
    del instance.conf["user"]
    instance.write_conf()
    refused = instance.ctl_run("verify")
    ok(
        refused.returncode == 1 and "the option user must name it" in refused.stderr,
        "root without the option user: refused",
        refused,
    )


run_tests(started_as_same_user, started_with_a_shared_store, started_with_user)
