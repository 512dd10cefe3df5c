"""`bootstrap run` is ended: by Ctrl-C early and late, in the background, by SIGKILL."""
import os
import signal

from bootstrap_run import Run
from lib import run_tests
from processes import child_pids, finish, free_port, make_directory, start_of
from tap import equal, ok, until


def interrupted_in_the_background():
    """A script's `bootstrap run &` ignores SIGINT at first."""
    home, port = os.path.join(make_directory("polytask-run-"), "run"), free_port()
    run = Run(home, port, interrupt=signal.SIG_IGN)
    ok("ready on" in run.wait(), "a start that ignores SIGINT", run.text())
    equal(finish(run.process, signal.SIGINT, 30), 0, "SIGINT ends it with exit status 0")
    equal(
        run.text().splitlines()[-2:],
        ["polytask: stopping", f"polytask: stopped; the tasks are in {home}"],
        "it says that it stops, and where the tasks are",
    )


def interrupted_before_it_is_ready():
    """Ctrl-C while the credentials are made."""
    home = os.path.join(make_directory("polytask-run-"), "run")
    secrets = os.path.join(home, "demo.secrets")
    run = Run(home, free_port())
    ok(
        until(lambda: os.path.exists(secrets) and os.path.getsize(secrets) > 0, 60),
        "the first credential is made",
        run.text(),
    )
    services = child_pids(run.process.pid)
    equal(finish(run.process, signal.SIGINT, 30), 0, "SIGINT: exit status 0")
    ok("ready on" not in run.text(), "it was not ready yet", run.text())
    equal(
        run.text().splitlines()[-2:],
        ["polytask: stopping", f"polytask: stopped; the tasks are in {home}"],
        "it says that it stops, and where the tasks are",
    )
    ok(services and not any(start_of(pid) for pid in services), "its services have ended", services)


def killed():
    """After SIGKILL of bootstrap its services end, and the next start succeeds."""
    parent = make_directory("polytask-run-")
    home = os.path.join(parent, "run")
    run = Run(home, free_port())
    ok("ready on" in run.wait(), "the first start", run.text())
    children = {pid: start_of(pid) for pid in child_pids(run.process.pid)}
    run.process.kill()
    run.process.wait()
    ok(
        until(lambda: not any(start_of(pid) == start for pid, start in children.items()), 15),
        "after SIGKILL the services end within 15 s",
    )
    run = Run(home, free_port())
    ok("ready on" in run.wait(), "the second start", run.text())
    equal(finish(run.process, signal.SIGTERM, 30), 0, "SIGTERM: exit status 0")


run_tests(
    interrupted_in_the_background,
    interrupted_before_it_is_ready,
    killed,
    needs=("nginx", "curl", "openssl", "setpriv", "flock"),
)
