"""`bootstrap run --store postgresql`: a server of the instance's own, which ends with it."""
import os
import signal
import subprocess

import postgresql
from bootstrap_run import Run
from lib import run_tests
from processes import child_pids, command_of, finish, free_port, make_directory, start_of
from tap import equal, ok, skip, until

CREATE = """
    . "$1/demo.env"
    curl --noproxy '*' -K "$POLYTASK_CURL" --json '{"description": "in postgresql"}' \\
        "$POLYTASK_URL/api/virtshell/v1/tasks/"
"""
LIST = """
    . "$1/demo.env"
    curl --noproxy '*' -K "$POLYTASK_CURL" "$POLYTASK_URL/api/virtshell/v1/tasks/"
"""


def has_server():
    why = postgresql.lack()
    if why:
        skip("--store postgresql", why)
    return why is None


def call(script, home):
    done = subprocess.run(["bash", "-c", script, "bash", home], capture_output=True, text=True, timeout=60)
    return done.stdout


def servers(home):
    """Processes that work in the home's database, with the time of their start."""
    found = {}
    data = os.path.join(home, "postgresql")
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd") == data:
                found[int(name)] = start_of(int(name))
        except OSError:
            continue
    return found


def new_home():
    home = os.path.join(make_directory("polytask-run-"), "a path", "run")
    os.mkdir(os.path.dirname(home))
    return home


def starts_and_ends():
    if not has_server():
        return
    home = new_home()
    run = Run(home, free_port(), "--store", "postgresql")
    ok("ready on" in run.wait(), "the first start", run.text())
    ok(servers(home), "a server works in the home")
    users = {os.stat(f"/proc/{pid}").st_uid for pid in servers(home)}
    ok(0 not in users, "the server is not root", users)
    ok('"success"' in call(CREATE, home), "a task is created")
    ok(not os.path.exists(os.path.join(home, "store", "data")), "nothing of it is in Berkeley DB")
    equal(finish(run.process, signal.SIGINT, 60), 0, "Ctrl-C: exit status 0")
    equal(servers(home), {}, "Ctrl-C leaves no server behind")

    run = Run(home, free_port())
    ok("ready on" in run.wait(), "a start without the option uses the same store", run.text())
    ok("in postgresql" in call(LIST, home), "the task is still there")
    left = servers(home)
    children = {pid: start_of(pid) for pid in child_pids(run.process.pid)}
    run.process.kill()
    run.process.wait()
    ok(
        until(lambda: not any(start_of(pid) == start for pid, start in {**left, **children}.items()), 30),
        "after SIGKILL of bootstrap the server ends",
        servers(home),
    )
    run = Run(home, free_port(), "--store=postgresql")
    ok("ready on" in run.wait(), "the next start succeeds", run.text())
    ok("in postgresql" in call(LIST, home), "with the task")
    server = [pid for pid in child_pids(run.process.pid) if "postgres" in command_of(pid)]
    os.kill(server[0], signal.SIGKILL)
    run.process.wait(60)
    equal(run.process.returncode, 1, "the server is killed: exit status 1")
    last = run.text().splitlines()[-1]
    ok(last.startswith("polytask: PostgreSQL ended; see"), "one line names the log", last)
    until(lambda: not servers(home), 10)
    run = Run(home, free_port())
    ok("ready on" in run.wait(), "a start after that", run.text())
    ok("in postgresql" in call(LIST, home), "with the task")
    equal(finish(run.process, signal.SIGTERM, 60), 0, "SIGTERM: exit status 0")
    equal(servers(home), {}, "SIGTERM leaves no server behind")


def kinds_are_kept():
    """A directory keeps the kind of store that it was made with."""
    if not has_server():
        return
    home = new_home()
    run = Run(home, free_port())
    ok("ready on" in run.wait(), "a start with Berkeley DB", run.text())
    equal(finish(run.process, signal.SIGTERM, 60), 0, "it stops")
    run = Run(home, free_port(), "--store", "postgresql")
    equal(run.process.wait(30), 1, "the other kind is refused")
    ok("is of the kind bdb" in run.text() and run.text().count("\n") == 1, "with one line", run.text())
    run = Run(home, free_port(), "--store", "sqlite")
    equal(run.process.wait(30), 2, "an unknown kind: status 2")
    ok(run.text().startswith("polytask: not bdb or postgresql: sqlite\nusage:"), "says what is wrong", run.text())


run_tests(starts_and_ends, kinds_are_kept, needs=("nginx", "curl", "openssl", "setpriv", "flock"))
