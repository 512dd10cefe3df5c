"""`polytaskctl work`: guards that are killed or stopped leave no process, and no job that hangs."""
import signal
import time

from lib import run_tests
from processes import kill
from tap import equal, ok, until
from work_stand_in import BEAT, accept, send, service

STUBBORN = "trap '' TERM HUP INT; while :; do sleep 1000; done"
DAEMON = f"setsid sh -c \"{STUBBORN}\" >/dev/null 2>&1 3>&1 </dev/null &"


def begun(server, script, *options):
    """A worker whose command runs, and the guard of the command."""
    work = server.work(*options, command=("sh", "-c", script))
    ok(until(lambda: len(work.processes()) >= 2 and work.guards(), 10), "it runs", work.log())
    time.sleep(0.5)
    return work, work.guards()[0]


def killed():
    """The guard is killed while it ends what the command has left."""
    server = service(accept)
    work, guard = begun(server, f"{DAEMON} sleep 1; exit 0", "--once", "--grace", 60)
    time.sleep(1.5)
    kill(guard, signal.SIGKILL)
    equal(work.left(), {}, "the daemon is ended")
    equal(work.wait(5), 0, "the worker ends")
    ok("complete" in server.paths(), "and reports success", server.paths())
    server.close()


def stopped():
    """A guard that is stopped cannot report the end of its command."""
    server = service(accept)
    work, guard = begun(server, "sleep 1", "--once", "--lease", 3)
    kill(guard, signal.SIGSTOP)
    equal(work.wait(10), 0, "the next extension of the lease lets it go on")
    ok("complete" in server.paths(), "the success is reported", server.paths())
    server.close()


def stopped_at_the_end():
    """A guard that is stopped cannot end its command."""
    cancel = []
    server = service(
        accept, lambda handler: send(handler, 200, {**BEAT, "cancel": True} if cancel else BEAT)
    )
    work, guard = begun(server, f"{DAEMON} {STUBBORN}", "--lease", 6, "--grace", 1)
    kill(guard, signal.SIGSTOP)
    cancel.append(True)
    equal(work.left(12), {}, "after a cancellation the worker ends all by itself")
    ok("it was cancelled" in work.log(), "and says why", work.log())
    equal(work.stop(5), 0, "it goes on")
    server.close()
    server = service(accept)
    work, guard = begun(server, f"{DAEMON} {STUBBORN}", "--grace", 60)
    kill(guard, signal.SIGSTOP)
    for _ in range(3):
        work.signal()
        time.sleep(0.2)
    equal(work.wait(5), 143, "the third signal ends the worker")
    equal(work.left(), {}, "and all processes")
    server.close()


if __name__ == "__main__":
    run_tests(killed, stopped, stopped_at_the_end)
