"""`polytaskctl work` with a service that does not answer as documented."""
import time

from lib import SANITIZED, Instance, run_tests
from tap import equal, ok, until
from work_command import Work
from work_stand_in import BEAT, CLAIM, TASK, StandIn, accept, send, service

def endless(handler):
    """A body without an end; the client must give up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b'{"claims": [' + b" " * 1000000)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def garbage():
    cases = {
        "no JSON": lambda handler: send(handler, 200, b"<html>"),
        "no object": lambda handler: send(handler, 200, b"[]"),
        "no claims": lambda handler: send(handler, 200, {"drain": True}),
        "a claim without a task": lambda handler: send(handler, 200, {"claims": [{}]}),
        "an id that is a path": lambda handler: send(
            handler, 200, {"claims": [{**CLAIM, "task": {"id": "../../../v1/tasks/" + "x" * 18}}]}
        ),
        "half a response": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "no HTTP": lambda handler: handler.wfile.write(b"\x00" * 1000),
        "status 500": lambda handler: send(handler, 500, b"\x1b[2J\xff" * 1000),
        "a header without an end": lambda handler: [
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000000) for _ in range(50)
        ],
        "an endless body": endless,
    }
    for name, answers in cases.items():

        def close_after(handler, answers=answers):
            handler.close_connection = True
            answers(handler)

        server = StandIn(close_after)
        work = server.work()
        ok(until(lambda: len(server.requests) >= 2, 30), f"{name}: it asks again", work.log())
        equal(work.log().count("is asked again"), 1, f"{name}: one line")
        ok("\x1b" not in work.log(), f"{name}: no control character")
        equal(set(server.paths()), {"claims"}, f"{name}: nothing else is requested")
        if not SANITIZED:
            ok(resident(work.process.pid) < 100 * 1024, f"{name}: bounded memory")
        equal(work.stop(5), 0, f"{name}: it ends")
        server.close()


def redirects():
    other = StandIn(lambda handler: send(handler, 204))
    for status in (301, 307, 308):
        server = StandIn(
            lambda handler, status=status: send(
                handler, status, Location=f"http://127.0.0.1:{other.port}/v1/claims"
            )
        )
        work = server.work()
        ok(until(lambda: len(server.requests) >= 2, 20), f"{status}: it asks the same again")
        equal(other.requests, [], f"{status}: it does not follow, and the token stays here")
        equal(work.stop(5), 0, f"{status}: it ends")
        server.close()
    other.close()


def delays():
    def slow(handler):
        send(handler, 429, {"title": "Too many requests."}, Retry_After="3")

    server = StandIn(slow)
    work, began = server.work(), time.monotonic()
    ok(until(lambda: len(server.requests) >= 2, 20), "429: it asks again")
    ok(time.monotonic() - began >= 3, "not before Retry-After")
    equal(work.stop(5), 0, "it ends while it waits")
    server.close()
    server = StandIn(lambda handler: send(handler, 204))
    work = server.work()
    time.sleep(3.5)
    ok(2 <= len(server.requests) <= 5, "204 at once: one request a second", len(server.requests))
    equal(work.stop(5), 0, "it ends")
    server.close()


def refusals():
    for status in (400, 401, 403, 404, 422):
        server = StandIn(lambda handler, status=status: send(handler, status, {"detail": "No."}))
        work = server.work()
        equal(work.wait(10), 1, f"{status}: the worker ends with 1")
        ok(f"No. (status {status})" in work.log(), f"{status}: with the sentence", work.log())
        server.close()


def claims():
    """One response with a task twice, and with claims that are not as documented."""
    members = (
        {"token": "short"},
        {"token": "0000000212345678\n"},
        {"token": "000000021234567/"},
        {"attempt": "1"},
        {"task": {**CLAIM["task"], "id": "-" * 36}},
        {"task": {**CLAIM["task"], "id": TASK + "/"}},
    )
    wrong = [{**CLAIM, **one} for one in members]
    server = service(accept, claims=[*wrong, CLAIM, CLAIM])
    work = server.work("--jobs", 8, command=("sleep", "2"))
    ok(until(lambda: "complete" in server.paths(), 15), "the valid one is carried out", work.log())
    equal(server.paths().count("complete"), 1, "once")
    tokens = {body["token"] for path, body, _ in server.requests if "/tasks/" in path}
    equal(tokens, {CLAIM["token"]}, "no request has a token that is not valid")
    ok("not as documented" in work.log(), "a line says so", work.log())
    equal(work.stop(5), 0, "it ends")
    server.close()


def heartbeats():
    server = service(lambda handler: send(handler, 200, {}))
    script = "echo line >&2; sleep 4; echo 2 >&3; sleep 2"
    work = server.work("--once", "--lease", 6, command=("sh", "-c", script))
    equal(work.wait(), 0, "a command of 6 s")
    beats = [body for path, body, _ in server.requests if path.endswith("/heartbeat")]
    ok(2 <= len(beats) <= 10, "some heartbeats", len(beats))
    equal([body.get("log") for body in beats if "log" in body], [["line"]], "a line is sent once")
    equal([body.get("progress") for body in beats if "progress" in body], [2], "so is progress")
    equal({body["token"] for body in beats}, {CLAIM["token"]}, "with the token of the claim")
    equal(
        {headers["Authorization"] for _, _, headers in server.requests},
        {"Bearer stand-in-token"},
        "and that of the user",
    )
    server.close()
    for name, answer in {
        "no answer": lambda handler: time.sleep(20),
        "no JSON": lambda handler: send(handler, 200, b"x"),
        "status 500": lambda handler: send(handler, 500),
    }.items():
        beats = []

        def only_first(handler, answer=answer, beats=beats):
            beats.append(1)
            send(handler, 200, BEAT) if len(beats) == 1 else answer(handler)

        server = service(lambda handler: send(handler, 200, {}), only_first)
        work = server.work("--once", "--lease", 3, command=("sleep", "1000"))
        equal(work.wait(20), 0, f"{name}: the command is ended at the end of its lease")
        ok("could not be extended" in work.log(), f"{name}: with a line", work.log())
        equal(work.left(), {}, f"{name}: nothing is left")
        ok(not {"complete", "fail", "release"} & set(server.paths()), f"{name}: and not reported")
        server.close()


def tls():
    """The certificate is verified."""
    instance = Instance()
    work = Work(instance, (), ["true"], env={"POLYTASK_CACERT": ""})
    ok(until(lambda: "certificate" in work.log(), 10), "of an unknown authority", work.log())
    equal(work.stop(), 0, "it ends")
    work = Work(instance, ("--once",), ["true"], url=f"HTTPS://localhost:{instance.port}/")
    equal(work.wait(), 0, "HTTPS:// is https://")
    work = Work(instance, (), ["true"], url=f"https://127.0.0.2:{instance.port}")
    ok(until(lambda: "is asked again" in work.log(), 10), "of another host", work.log())
    equal(work.stop(), 0, "it ends")
    ok(instance.token not in work.log(), "no token in the messages")
    instance.stop("tls")


if __name__ == "__main__":
    run_tests(garbage, redirects, delays, refusals, claims, heartbeats, tls)
