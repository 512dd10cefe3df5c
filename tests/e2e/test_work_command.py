"""`polytaskctl work -- COMMAND`: how commands end, and that nothing of them is left."""
import functools
import json
import os
import signal
import sys
import time

from claims_client import create
from lib import SANITIZED, Instance, run_tests
from processes import kill
from tap import equal, ok, until
from work_command import Work

PYTHON = sys.executable
# A process that no signal but SIGKILL ends, in a session of its own.
STUBBORN = "trap '' TERM HUP INT; while :; do sleep 1000; done"
DAEMON = f"setsid sh -c \"{STUBBORN}\" >/dev/null 2>&1 3>&1 </dev/null &"

shared = functools.cache(Instance)


def read(task):
    return shared().native("GET", f"/tasks/{task}").json()


def wait_for(task, *states, wait=20):
    until(lambda: read(task)["state"] in states, wait)
    return read(task)


def log_of(task):
    answer = shared().native("GET", f"/tasks/{task}/history?limit=100").json()
    return [line for entry in reversed(answer["items"]) for line in entry.get("log") or []]


def sh(script):
    return ["sh", "-c", script]


def python(script):
    return [PYTHON, "-c", script]


def once(command, *options, wait=40, **members):
    """The task after one run of the command, with the worker; nothing may be left of it."""
    task = create(shared(), max_attempts=1, **members)
    work = Work(shared(), ("--once", "--grace", 1, *options), command)
    equal(work.wait(wait), 0, f"{members['kind']}: the worker ends with status 0")
    equal(work.left(), {}, f"{members['kind']}: no process is left")
    return {**read(task), "log": log_of(task)}, work


def outcome(task):
    return task["state"], task["failure"], task["error"]


def successes():
    task, _ = once(sh("echo '{\"a\": [1, 2]}'"), kind="json")
    equal((task["state"], task["result"]), ("succeeded", {"a": [1, 2]}), "JSON is the result")
    task, _ = once(sh("printf 'two\\nlines\\377\\n'"), kind="text")
    equal(task["result"], "two\nlines\ufffd", "other text is a string")
    task, _ = once(["true"], kind="nothing")
    equal((task["state"], task["result"]), ("succeeded", None), "no output: no result")
    task, _ = once(["cat"], kind="input", fields={"text": "\u00e4 \" \\ \n"})
    equal(task["result"]["fields"], {"text": "\u00e4 \" \\ \n"}, "standard input is the task")
    equal((task["result"]["state"], task["result"]["attempt"]), ("running", 1), "as claimed")
    script = "env | grep -c ^POLYTASK_TOKEN; env | grep ^POLYTASK_ | sort; ls /proc/self/fd | wc -l"
    task, work = once(sh(script), kind="environment")
    lines = task["result"].splitlines()
    equal(lines[0], "0", "the token is not in the environment")
    shown = dict(line.split("=", 1) for line in lines[1:-1])
    equal(
        [shown.get("POLYTASK_" + name) for name in ("TASK_ID", "DIALECT", "KIND", "ATTEMPT")],
        [task["id"], "native", "environment", "1"],
        "what a command knows of its task",
    )
    equal(shown.get("POLYTASK_PROGRESS_FD"), "3", "and where progress goes")
    # ls has one descriptor of its own for the folder.
    equal(lines[-1], "5", "no other descriptor is open")
    task, _ = once(["cat", "/proc/self/status"], kind="signals")
    words = dict(line.split(":\t", 1) for line in task["result"].splitlines() if ":\t" in line)
    equal(words["SigBlk"], "0" * 16, "no signal is blocked")
    # The C library does not let programs reset its own signals, 32 and 33.
    equal(int(words["SigIgn"], 16) & ~(3 << 31), 0, "no signal is ignored")
    task, _ = once(["cat", "/proc/self/stat"], kind="session")
    fields = task["result"].split()
    equal({fields[0]}, {fields[4], fields[5]}, "it leads a group and a session")


def traces():
    """The trace of the request that created the task, and never that of the worker itself."""
    own = {"TRACEPARENT": "00-" + "1" * 32 + "-" + "2" * 16 + "-00", "TRACESTATE": "own=1"}
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    state = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
    headers = shared().bearer() + [("Content-Type", "application/json")]
    for lines, want in (
        ([("traceparent", parent), ("tracestate", state)], [f"TRACEPARENT={parent}", f"TRACESTATE={state}"]),
        ([("traceparent", parent)], [f"TRACEPARENT={parent}"]),
        ([], []),
    ):
        body = {"kind": "traced", "max_attempts": 1}
        task = shared().request("POST", "/v1/tasks", body, headers=headers + lines).json()["id"]
        work = Work(shared(), ("--once", "--kind", "traced"), sh("env | grep ^TRACE | sort"), env=own)
        equal(work.wait(), 0, f"{len(lines)} header fields: the worker ends")
        equal((read(task)["result"] or "").splitlines(), want, "the variables of the command")


def failures():
    task, _ = once(sh("echo first >&2; echo 'the reason' >&2; echo >&2; exit 3"), kind="fails")
    equal(outcome(task), ("failed", "attempts_exhausted", "the reason"), "the last line of stderr")
    ok(task["log"][:2] == ["first", "the reason"], "the log has all", task["log"])
    task, _ = once(sh("exit 7"), kind="silent")
    equal(task["error"], "The command exited with status 7.", "without a line, the status")
    task, _ = once(sh("echo bad >&2; exit 65"), kind="data")
    equal(outcome(task), ("failed", "not_retryable", "bad"), "65 is final")
    task, _ = once(sh("kill -SEGV $$"), kind="crash")
    equal(task["error"], "The command was killed by signal 11 (SIGSEGV).", "a crash")
    released = create(shared(), max_attempts=1, kind="release")
    work = Work(shared(), ("--once", "--kind", "release"), sh("exit 75"))
    equal(work.wait(), 0, "75: ends")
    task = read(released)
    equal((task["state"], task["attempt"]), ("pending", 0), "75 gives the task back")
    ok(task["ready_after"], "with a delay", task)
    task, _ = once(sh("sleep 1000"), "--timeout", 1, kind="hangs")
    equal(task["error"], "The command took longer than 1 s.", "--timeout")
    task, _ = once(sh(STUBBORN), "--timeout", 1, kind="stubborn")
    equal(task["error"], "The command took longer than 1 s.", "SIGKILL ends what ignores SIGTERM")


def programs():
    work = Work(shared(), (), ["/no/such/program"])
    equal(work.wait(), 1, "a missing program: nothing is claimed")
    ok("cannot execute" in work.log(), "with a message", work.log())
    path = os.path.join(shared().dir, "vanishing")
    with open(path, "w") as program:
        program.write("#!/bin/sh\nexit 0\n")
    os.chmod(path, 0o755)
    work = Work(shared(), (), [path])
    task = create(shared(), kind="vanishing")
    equal(wait_for(task, "succeeded")["state"], "succeeded", "it runs")
    os.unlink(path)
    task = create(shared(), kind="vanishing")
    equal(work.wait(), 1, "a program that has gone ends the worker")
    equal((read(task)["state"], read(task)["attempt"]), ("pending", 0), "the task is given back")
    shared().native("DELETE", f"/tasks/{task}", None)
    for words in (["--jobs", "0"], ["--lease", "x"], ["--name", ""], ["--nonsense"], ["true"]):
        work = Work(shared(), words, ["true"])
        equal(work.wait(), 2, f"{' '.join(words)}: a usage error")
    work = Work(shared(), (), ["true"], url="http://tasks.example.com")
    equal(work.wait(), 2, "http:// to another host is refused")
    ok("clear text" in work.log(), "with the reason", work.log())


def floods():
    """100 MB on each stream."""
    script = "import os;b=b'x'*99+b'\\n';[os.write({},b*10000) for _ in range(100)]"
    peaks = []
    task, work = once(python(script.format(1)), kind="output", wait=60)
    peaks.append(work.peak)
    equal(
        outcome(task),
        ("failed", "not_retryable", "The command printed more than 65536 bytes of result."),
        "result over 64 KiB fails the task",
    )
    task, work = once(python(script.format(2) + ";os.write(2,b'the end')"), kind="errors", wait=60)
    peaks.append(work.peak)
    equal(task["state"], "succeeded", "any length of errors")
    equal(task["log"][-1], "the end", "the last line is there")
    ok(any("lines were dropped]" in line for line in task["log"]), "others are dropped")
    task, work = once(python(script.format(3)), kind="progress", wait=60)
    peaks.append(work.peak)
    equal(task["state"], "succeeded", "nor does what is no progress block it")
    script = "import os;[os.write(2,b'y'*1000000) for _ in range(100)]"
    task, work = once(python(script), kind="line", wait=60)
    peaks.append(work.peak)
    ok(task["log"][-1].endswith("y [cut]"), "one line of 100 MB is cut", task["log"])
    if not SANITIZED:
        ok(0 < max(peaks) < 50000, "bounded memory of the worker, in KiB", peaks)


def streams():
    task, _ = once(sh("exec <&- >&-; sleep 1; exit 0"), kind="closed", fields={"x": "y" * 200000})
    equal(task["state"], "succeeded", "streams that are closed early")
    task, _ = once(sh("sleep 1; echo 1"), kind="unread", fields={"x": "y" * 200000})
    equal((task["state"], task["result"]), ("succeeded", 1), "an input that is not read")
    script = (
        "echo '{\"percent\": 10}' >&3; echo 'no JSON' >&3; sleep 3;"
        "printf '[2]\\n[3' >&3; sleep 2"
    )
    task = create(shared(), kind="progress")
    work = Work(shared(), ("--kind", "progress"), sh(script))
    ok(until(lambda: read(task)["progress"] == {"percent": 10}, 10), "progress is shown")
    ok(until(lambda: read(task)["progress"] == [2], 10), "the newest one")
    wait_for(task, "succeeded")
    log = log_of(task)
    ok("[a line of progress is not JSON" in str(log), "what is not JSON is told", log)
    equal(work.stop(), 0, "ends")
    report = {"result": {"n": 1}, "fields": {"f": "set"}, "progress": 99}
    task, _ = once(["echo", json.dumps(report)], "--report", kind="report")
    equal(
        (task["result"], task["fields"]["f"], task["progress"]),
        ({"n": 1}, "set", 99),
        "--report: the members of the report",
    )
    task, _ = once(sh("echo '{\"error\": \"as reported\"}'; exit 1"), "--report", kind="report")
    equal(task["error"], "as reported", "its error")
    task, _ = once(["echo", "[]"], "--report", kind="report")
    equal(task["failure"], "not_retryable", "no report: a failure")
    task, _ = once(["echo", '{"fields": {"": 1}}'], "--report", kind="report")
    ok("refused" in task["error"], "what the service refuses: a failure with its sentence", task)


def begun(script, *options, **members):
    """A worker whose command has started: it writes the file of its marker."""
    task = create(shared(), **members)
    flag = os.path.join(shared().dir, f"flag-{task}")
    work = Work(shared(), ("--grace", 1, *options), sh(f"touch {flag}; {script}"))
    ok(until(lambda: os.path.exists(flag), 15), f"{members['kind']}: the command runs", work.log())
    time.sleep(0.3)
    return task, work


def daemons():
    task, _ = once(sh(f"{DAEMON} exit 0"), kind="daemon")
    equal(task["state"], "succeeded", "a daemon is ended after its command")
    options = ("--timeout", 1, "--grace", 2)
    task, _ = once(sh(f"{DAEMON} exit 0"), *options, kind="daemon")
    equal(task["state"], "succeeded", "the time for that is not the command's")
    fork = (
        "import os,signal;[signal.signal(n,signal.SIG_IGN) for n in (1,2,15)];"
        "[(os.fork(),os.setsid() if os.getpid()!=os.getpgrp() else 0) for _ in range(4)];"
        "signal.pause()"
    )
    task, _ = once(python(fork), "--timeout", 2, kind="family")
    equal(task["state"], "failed", "many processes in many sessions")
    for name, session in (("hops", ""), ("sessions", "os.setsid();")):
        hop = f"import os\nwhile True:\n if os.fork(): os._exit(0)\n {session}os.nice(0)"
        leave = "import os,time\nif os.fork(): time.sleep(1);os._exit(0)"
        task, _ = once(python(f"{leave}\n{hop}"), kind=name)
        equal(task["state"], "succeeded", "a process that forks and exits again and again")


def cancelled():
    task, work = begun(f"{DAEMON} {STUBBORN}", kind="cancelled")
    shared().native("PATCH", f"/tasks/{task}", {"state": "cancelled"})
    equal(work.left(), {}, "a cancellation ends the command at once")
    equal(read(task)["state"], "cancelled", "nothing is reported")
    equal(work.stop(), 0, "the worker goes on")
    task, work = begun(STUBBORN, "--lease", 3, kind="lost")
    shared().native("PATCH", f"/tasks/{task}", {"state": "pending"})
    shared().native("PATCH", f"/tasks/{task}", {"state": "succeeded"})
    equal(work.left(8), {}, "a lost lease ends it, too")
    ok("another request" in work.log(), "with a message", work.log())
    equal(work.stop(), 0, "the worker goes on")


def killed():
    task, work = begun(f"{DAEMON} {STUBBORN}", "--lease", 3, kind="killed")
    work.signal(signal.SIGKILL)
    work.wait()
    equal(work.left(), {}, "kill -9 of the worker leaves nothing")
    lost = until(lambda: read(task)["error"], 15)
    ok(lost and "stopped reporting" in lost, "the task goes to the next one", lost)
    shared().native("PATCH", f"/tasks/{task}", {"state": "cancelled"})
    task, work = begun(f"{DAEMON} {STUBBORN}", kind="guard", max_attempts=1)
    guards = work.guards()
    equal(len(guards), 1, "the worker has one child, the guard")
    kill(guards[0], signal.SIGKILL)
    equal(work.left(), {}, "kill -9 of the guard leaves nothing")
    shown = wait_for(task, "failed")
    equal(shown["error"], "The command was ended because its guard was killed.", "and fails")
    equal(work.stop(), 0, "the worker goes on")


def restarts():
    task, work = begun("sleep 4; echo 5", kind="restart")
    shared().kill_daemon()
    time.sleep(1)
    shared().start()
    shown = wait_for(task, "succeeded")
    equal((shown["state"], shown["result"], shown["attempt"]), ("succeeded", 5, 1), "a restart")
    equal(work.stop(), 0, "ends")
    task, work = begun("sleep 1; echo 6", kind="down")
    shared().kill_daemon()
    time.sleep(4)
    equal(work.processes(), {}, "the command ends while the service is down")
    shared().start()
    shown = wait_for(task, "succeeded")
    equal((shown["state"], shown["result"]), ("succeeded", 6), "the report is repeated")
    log = work.log()
    equal(log.count("is asked again"), 1, "one line when it begins")
    ok(until(lambda: "answers again" in work.log(), 10), "and one when it ends", work.log())
    equal(work.stop(), 0, "ends")
    task, work = begun(STUBBORN, "--lease", 3, kind="unreachable")
    shared().kill_daemon()
    equal(work.left(10), {}, "a lease that cannot be extended ends the command")
    ok("could not be extended" in work.log(), "with a message", work.log())
    shared().start()
    shared().native("PATCH", f"/tasks/{task}", {"state": "cancelled"})
    equal(work.stop(), 0, "ends")


def drained():
    task, work = begun("sleep 2; echo 7", "--name", "drained", kind="drained")
    shared().native("POST", "/workers/drained/drain", {"drain": True})
    wait_for(task, "succeeded")
    other = create(shared(), kind="drained")
    time.sleep(2)
    equal(read(other)["state"], "pending", "a drained worker claims nothing")
    ok("drained: it gets no more tasks" in work.log(), "as a message says", work.log())
    shared().native("POST", "/workers/drained/drain", {"drain": False})
    equal(wait_for(other, "succeeded")["state"], "succeeded", "it asks again")
    equal(work.stop(), 0, "ends")


def signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        task, work = begun("sleep 3; echo 8", kind="one signal")
        work.signal(number)
        equal(work.wait(), 0, f"{number}: ends with 0 when the command has ended")
        equal((read(task)["state"], read(task)["result"]), ("succeeded", 8), "which is reported")
    task, work = begun(f"{DAEMON} {STUBBORN}", kind="two signals")
    work.signal()
    ok(work.wait(1) is None, "the first one lets the command go on")
    work.signal()
    equal(work.wait(10), 143, "the second one ends it")
    equal(work.left(), {}, "nothing is left")
    equal((read(task)["state"], read(task)["attempt"]), ("pending", 0), "the task is given back")
    shared().native("DELETE", f"/tasks/{task}", None)
    task, work = begun(f"{DAEMON} {STUBBORN}", "--grace", 100, kind="three signals")
    for _ in range(3):
        work.signal()
        time.sleep(0.3)
    equal(work.wait(5), 143, "the third one does not wait")
    equal(work.left(), {}, "nothing is left")
    shared().native("PATCH", f"/tasks/{task}", {"state": "cancelled"})


def many():
    tasks = [create(shared(), kind="many") for _ in range(40)]
    work = Work(shared(), ("--once", "--jobs", 8), sh("sleep 0.$((RANDOM % 5)); echo $$"))
    equal(work.wait(60), 0, "--once ends after all of them")
    shown = [read(task) for task in tasks]
    equal({task["state"] for task in shown}, {"succeeded"}, "many tasks, eight at once")
    equal({task["attempt"] for task in shown}, {1}, "each by one attempt")
    equal(work.log(), "", "without a message")


def end():
    shared().stop("work")


if __name__ == "__main__":
    run_tests(
        successes,
        traces,
        failures,
        programs,
        floods,
        streams,
        daemons,
        cancelled,
        killed,
        restarts,
        drained,
        signals,
        many,
        end,
    )
