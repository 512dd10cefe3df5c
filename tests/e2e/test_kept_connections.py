"""The bounds of a worker's connections: kept ones without a request do not keep it from accepting."""
import os

from fastcgi_client import STDIN, Connection, record
from lib import POLYTASKD, Instance, run_tests
from tap import equal, ok, until

LIMIT = 16
FILES = 200
PART = record(STDIN, b" " * 1000)  # of a large body, for which the worker waits
WAIT = 0.5  # seconds without an answer: the connection is not accepted


def get(connection):
    return connection.request("GET", "/v1/tasks").status


def is_answered(connection):
    try:
        connection.receive()
        return True
    except TimeoutError:
        return False


def connect_and_ask(instance):
    connection = Connection(instance.socket, WAIT)
    connection.send("GET", "/v1/tasks")
    return connection


def limit_of_requests():
    instance = Instance(conf={"workers": "1", "connections": str(LIMIT)})
    kept = [Connection(instance.socket) for _ in range(LIMIT)]
    equal([get(connection) for connection in kept], [200] * LIMIT, "connections are kept")
    for _ in range(2 * LIMIT):
        kept.append(Connection(instance.socket))
        get(kept[-1])
    equal(len(kept), 3 * LIMIT, "new ones are accepted beside them")
    new = [Connection(instance.socket) for _ in range(LIMIT)]
    waiting = connect_and_ask(instance)
    ok(not is_answered(waiting), f"a further one waits while {LIMIT} new ones send no request")
    equal([get(connection) for connection in kept], [200] * len(kept), "kept ones are answered")
    new.pop().close()
    ok(until(lambda: is_answered(waiting), 10), "it is accepted when another one has left")
    for connection in new:
        connection.close()
    begun = kept[:LIMIT]
    for connection in begun:
        connection.begin("POST", "/v1/tasks", {"CONTENT_LENGTH": "1000000"}, PART)
    waiting = connect_and_ask(instance)
    ok(not is_answered(waiting), f"one more waits while {LIMIT} kept ones have a request")
    kept.remove(begun[0])
    begun[0].close()
    ok(until(lambda: is_answered(waiting), 10), "it is accepted when one of them has left")
    for connection in begun[1:]:
        kept.remove(connection)
        connection.close()
    # The new worker takes all of them, which are more than the limit.
    equal(instance.ctl_run("reload").returncode, 0, "the reload ends")
    equal(get(Connection(instance.socket)), 200, "after a reload a new one is accepted")
    equal([get(connection) for connection in kept], [200] * len(kept), "kept ones are answered")
    instance.stop("limit of requests")


def limit_of_files():
    """The store can open its files although kept connections take all that they may have."""
    instance = Instance(autostart=False, conf={"workers": "1"})
    instance.make_principal()
    config = os.path.join(instance.dir, "polytask.conf")
    instance.start(["prlimit", f"--nofile={FILES}:{FILES}", POLYTASKD, "-c", config])
    connections = [connect_and_ask(instance)]
    while len(connections) <= FILES and is_answered(connections[-1]):
        connections.append(connect_and_ask(instance))
    ok(FILES / 2 < len(connections) < FILES, "a limit of all connections", len(connections))
    kept, waiting = connections[:-1], connections[-1]
    answers = [connection.request("POST", "/v1/tasks", {}).status for connection in kept]
    equal(answers, [201] * len(kept), "changes are stored")
    kept.pop().close()
    ok(until(lambda: is_answered(waiting), 10), "a new one is accepted when another one has left")
    instance.stop("limit of files")


run_tests(limit_of_requests, limit_of_files)
