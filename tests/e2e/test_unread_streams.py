"""HTTP/2 streams that read nothing, or are reset, beside another user."""
import json
import os

from http2_client import Http2
from lib import Instance, run_tests
from processes import child_pids
from raw_http import h2, http2_fields
from tap import equal, note, ok, skip, until

STREAMS = 64  # of a connection
CONNECTIONS = 9
LIMIT = 100
LIST = "/v1/tasks?limit=500&total=false"


def prepared():
    """An instance, and the fields of a user's request for a list of 1.6 MB."""
    instance = Instance(nginx={"CONNECTIONS": str(LIMIT)})
    for _ in range(200):
        instance.create(description="long", log="x" * 8000)
    instance.ctl("user", "add", "ann", "--tenant", "demo")
    token = instance.add_token("ann", "streams")
    return instance, http2_fields(instance, "GET", LIST, ("authorization", f"Bearer {token}"))


def connect(instance, window):
    return [Http2(instance, window, f"127.0.0.{2 + i // 3}") for i in range(CONNECTIONS)]


def resident(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm") as statm:
            total += int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def ended(instance):
    """The log lines of nginx for lists."""
    with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
        lines = [json.loads(line) for line in log if line.endswith("}\n")]
    return [line for line in lines if line["path"] == "/v1/tasks"]


def others_are_served(instance, name):
    statuses = {instance.get("/tasks/cancelled", timeout=30).status for _ in range(20)}
    equal(statuses, {200}, f"{name}: another user is served")


def unread():
    instance, fields = prepared()
    pids = child_pids(instance.nginx.pid)
    before = resident(pids)
    connections = connect(instance, 0)
    for connection in connections:
        for _ in range(STREAMS):
            connection.request(fields)
        connection.send()
    found = [status for connection in connections for status in connection.statuses(60)]
    equal(len(found), CONNECTIONS * STREAMS, "every stream has a status")
    equal(set(found) - {200, 429, 503}, set(), "which is 200, 429 or 503")
    ok(
        found.count(200) <= LIMIT,
        f"{LIMIT} streams of a token from 3 addresses at once",
        found.count(200),
    )
    others_are_served(instance, "beside unread streams")
    note(f"nginx: {resident(pids) - before} bytes more")
    ok(
        until(lambda: len(ended(instance)) == CONNECTIONS * STREAMS, 90, 0.5),
        "nginx ends every stream by itself",
        len(ended(instance)),
    )
    refused = sum(line["reason"] == "TooManyConnections" for line in ended(instance))
    ok(refused >= CONNECTIONS * STREAMS - LIMIT, "the log has the reason", refused)
    others_are_served(instance, "afterwards")
    for connection in connections:
        connection.close()
    instance.stop("unread")


def resets():
    instance, fields = prepared()
    workers = instance.workers()
    connections = connect(instance, 65535)
    for _ in range(20):
        for connection in connections:
            for _ in range(STREAMS):
                connection.reset(connection.request(fields))
            try:
                connection.send()
            except OSError:
                pass  # nginx has closed it
    others_are_served(instance, "beside streams that are reset")
    ok(
        until(
            lambda: not sum(one.get("waiting", 0) for one in instance.status()["processes"]), 60
        ),
        "no response waits for a stream that was reset",
        instance.status()["processes"],
    )
    equal(instance.workers(), workers, "the workers are the same processes")
    instance.stop("resets")


def streams():
    if not h2:
        skip("streams", "python3-h2 is not installed")
        return
    unread()
    resets()


run_tests(streams)
