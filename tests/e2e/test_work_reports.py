"""`polytaskctl work`: reports that are refused, lost or late."""
import signal
import sys
import time

from lib import run_tests
from tap import equal, ok, until
from work_stand_in import BEAT, CLAIM, StandIn, accept, send, service

SLOW = "echo line >&2; echo 1 >&3; sleep 3"


def sent(server, kind):
    """The bodies of the requests of one kind."""
    return [body for path, body, _ in server.requests if path.endswith("/" + kind)]


def reports():
    server = service(lambda handler: send(handler, 409, {"type": "/v1/problems/lease-lost"}))
    work = server.work("--once")
    equal(work.wait(), 0, "409: another worker has the task")
    ok("another request" in work.log(), "one line says so", work.log())
    equal(server.paths().count("complete"), 1, "and it is not repeated")
    server.close()
    server = service(
        lambda handler: send(handler, 422, {"detail": "Bad."})
        if handler.path.endswith("complete")
        else send(handler, 200, {})
    )
    work = server.work("--once", command=("echo", "1"))
    equal(work.wait(), 0, "422: the task fails instead")
    path, body, _ = next(one for one in server.requests if one[0].endswith("/fail"))
    equal(
        (body["error"], body["retryable"], "log" in body),
        ("The report was refused: Bad. (status 422)", False, False),
        "with the sentence of the service",
    )
    server.close()
    server = service(lambda handler: send(handler, 413, {"detail": "Large."}))
    work = server.work("--once")
    equal(work.wait(), 1, "if that is refused, too, it is given up")
    ok("could not be reported" in work.log(), "with a line", work.log())
    ends = [path for path in server.paths() if path in ("complete", "fail")]
    equal(ends, ["complete", "fail"], "each is sent once")
    server.close()
    tries = []
    server = service(
        lambda handler: [tries.append(1), send(handler, 503 if len(tries) < 3 else 200, {})]
    )
    work = server.work("--once")
    equal(work.wait(60), 0, "503: repeated until it is accepted")
    equal(server.paths().count("complete"), 3, "three times")
    ok("answers again" in work.log(), "as a line says", work.log())
    server.close()


def refused_news():
    """Log lines and progress that the service refuses do not lose the end of the task."""

    def beats(handler):
        refused = "progress" in server.requests[-1][1]
        send(handler, 422, {"detail": "Bad."}) if refused else send(handler, 200, BEAT)

    server = service(accept, beats)
    work = server.work("--once", command=("sh", "-c", SLOW))
    equal(work.wait(), 0, "a heartbeat is refused: the worker goes on")
    with_log = [body for body in sent(server, "heartbeat") if "log" in body]
    equal(
        [(body["log"], "progress" in body) for body in with_log],
        [(["line"], True), (["line"], False)],
        "the lines are sent again without the progress",
    )
    equal(work.log().count("a heartbeat was refused: Bad."), 1, "one line says so")
    server.close()
    for status in (400, 413, 422):
        server = service(
            lambda handler, status=status: send(handler, status, {"detail": "Bad."})
            if "log" in server.requests[-1][1]
            else accept(handler)
        )
        work = server.work("--once", command=("sh", "-c", "echo line >&2; echo 5"))
        equal(work.wait(), 0, f"{status}: the last report is refused")
        shown = [(body.get("log"), body["result"]) for body in sent(server, "complete")]
        equal(shown, [(["line"], 5), (None, 5)], f"{status}: the success is sent without lines")
        ok("is sent without log lines" in work.log(), f"{status}: a line says so", work.log())
        server.close()


def deep():
    """The service reads 32 levels, the report around the result has one."""
    server = service(accept)
    work = server.work("--once", command=("echo", "[" * 32 + "]" * 32))
    equal(work.wait(), 0, "a result of 32 levels")
    equal(sent(server, "complete")[0]["result"], "[" * 32 + "]" * 32, "is text")
    server.close()
    server = service(accept)
    script = "import os,time;os.write(3,b'[' * 32 + b']' * 32 + b'\\n');"
    script += "os.write(3,b'[' + b'1e5,' * 999 + b'1]\\n');time.sleep(1.5)"
    work = server.work("--once", command=(sys.executable, "-c", script))
    equal(work.wait(), 0, "progress of 32 levels, and of 9 KB when it is sent")
    ok(not any("progress" in body for _, body, _ in server.requests), "is not sent")
    server.close()


def lost_answers():
    """The first answer to the last report is lost, and the repetition is 409."""
    for script, kind, shown in (
        ("exit 75", "release", False),
        ("exit 1", "fail", False),
        ("exit 0", "complete", True),
    ):
        tries = []
        server = service(
            lambda handler, tries=tries: [
                tries.append(1),
                send(handler, 503 if len(tries) == 1 else 409, {}),
            ]
        )
        work = server.work("--once", command=("sh", "-c", script))
        equal(work.wait(), 0, f"{kind}: the worker ends")
        equal(len(sent(server, kind)), 2, f"{kind}: it is sent twice")
        equal("another request" in work.log(), shown, f"{kind}: whether another one ended it")
        server.close()


def hurry():
    """A second signal does not wait for a long Retry-After."""
    server = service(lambda handler: send(handler, 503, {}, Retry_After="3600"))
    work = server.work()
    ok(until(lambda: "complete" in server.paths(), 10), "the service asks for a delay")
    time.sleep(0.5)
    for _ in range(2):
        work.signal(signal.SIGTERM)
        time.sleep(0.3)
    ok(until(lambda: server.paths().count("complete") == 2, 5), "the signal repeats the report")
    equal(work.wait(25), 1, "and the worker ends after 20 s")
    ok("its success could not be reported" in work.log(), "as a line says", work.log())
    server.close()


def cancellation():
    """The sandbox repeats its cancellation as other requests."""
    tries = []

    def answers(handler):
        if handler.command != "PATCH":
            return accept(handler)
        tries.append(1)
        status = (503, 412, 200)[len(tries) - 1]
        return send(handler, status, {})

    task = {**CLAIM["task"], "fields": {"name": "sandbox-cancel"}}
    server = service(answers, claims=[{**CLAIM, "task": task}])
    work = server.work("--once", "--seconds", 0.1, command=None)
    equal(work.wait(), 0, "503 and 412: the worker ends")
    equal(len(tries), 3, "after the third try")
    ok(not {"complete", "fail"} & set(server.paths()), "nothing is reported", server.paths())
    server.close()


unanswered = {}


def begin_once():
    server = StandIn(lambda handler: send(handler, 503, {}, Retry_After="3600"))
    unanswered.update(server=server, work=server.work("--once"), began=time.monotonic())


def end_once():
    """--once with a service that never answers."""
    work, began = unanswered["work"], unanswered["began"]
    equal(work.wait(max(5, began + 40 - time.monotonic())), 1, "it is given up, with status 1")
    ok("has not answered a claim for 30 seconds" in work.log(), "as a line says", work.log())
    unanswered["server"].close()


if __name__ == "__main__":
    run_tests(
        begin_once, reports, refused_news, deep, lost_answers, hurry, cancellation, end_once
    )
