"""Compares response times with 10,000 and 1,000,000 tasks: one by id, and first and last pages.

    tests/bench/scale.py [--small N] [--large N] [DIALECT...]     (after make)
"""
import argparse
import json
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from dialects import DIALECTS
from lib import Instance

VIRTSHELL, VIONLABS, UPLYNK, FOURHSE, IDOL, NATIVE = (
    DIALECTS[name].prefix
    for name in ("virtshell", "vionlabs", "uplynk", "fourhse", "idol", "native")
)
ROUNDS, REQUESTS, GOAL = 7, 60, 1.5
LAST = 10**9  # beyond the last page
API = "application/vnd.api+json"


def get(path, accept=None):
    return ("GET", path, None, [("Accept", accept)] if accept else [])


def post(path, body):
    return ("POST", path, json.dumps(body), [("Content-Type", "application/json")])


def virtshell_requests(ids, count):
    return {
        "one task by id": [get(f"{VIRTSHELL}/tasks/{one}") for one in ids],
        "the list of a status that 20 have": [get(VIRTSHELL + "/tasks/status/failed")],
        "the list of a status without tasks": [get(VIRTSHELL + "/tasks/status/none")],
    }


def vionlabs_requests(ids, count):
    items = [f"{VIONLABS}/movie-{i:06d}" for i in range(0, count // 8, max(1, count // 8000))]
    one = "/product/emotions/version/1.0.1"
    return {
        "one task by its name": [get(item + one) for item in items],
        "the tasks of an item": [get(item) for item in items],
    }


def uplynk_requests(ids, count):
    return {"one task by id": [get(f"{UPLYNK}/ingest-points/tasks/{one}") for one in ids]}


def fourhse_requests(ids, count):
    def index(**body):
        return [post(FOURHSE + "/index", {"per-page": 20, **body})]

    users = [
        post(
            FOURHSE + "/index",
            {"filter": {"user_id": f"user-{i}", "handler": "ImportHandler"}, "history": True},
        )
        for i in range(0, count // 10, max(1, count // 500))
    ]
    return {
        "one task by id": [get(f"{FOURHSE}/view/{one}") for one in ids],
        "all, first page": index(),
        "all, last page": index(page=LAST),
        "all with history, last page": index(page=LAST, history=True),
        "status pending, first page": index(filter={"status": "pending"}),
        "status pending, last page": index(filter={"status": "pending"}, page=LAST),
        "status pending, history, middle": index(
            filter={"status": "pending"}, history=True, page=count // 120
        ),
        "status failed": index(filter={"status": "failed"}),
        "status failed and handler": index(filter={"status": "failed", "handler": "ImportHandler"}),
        "status failed and handler by -updated_at": index(
            filter={"status": "failed", "handler": "ImportHandler"}, sort="-updated_at"
        ),
        "status pending and handler, last page": index(
            filter={"status": "pending", "handler": "ImportHandler"}, page=LAST
        ),
        "status pending and handler, history, by updated_at": index(
            filter={"status": "pending", "handler": "ImportHandler"},
            history=True,
            sort="-updated_at",
        ),
        "all by -updated_at, first page": index(sort="-updated_at"),
        "all by -updated_at, last page": index(sort="-updated_at", page=LAST),
        "all by handler, last page": index(sort="handler", page=LAST),
        "status pending by -updated_at, first page": index(
            filter={"status": "pending"}, sort="-updated_at"
        ),
        "status pending by updated_at, last page": index(
            filter={"status": "pending"}, sort="updated_at", page=LAST
        ),
        "user and handler, history": users,
    }


def idol_requests(ids, count):
    def page(query):
        return [get(f"{IDOL}/import-tasks?{query}", API)]

    return {
        "one task by number": [
            get(f"{IDOL}/import-tasks/{1 + i * 31 % count}", API) for i in range(997)
        ],
        "first page": page(""),
        "of two products": [
            get(f"{IDOL}/import-tasks?filter[product-id]={i},{i + 7}", API)
            for i in range(0, count // 5 - 7, max(1, count // 500))
        ],
        "last page": page(f"page[number]={count // 20}"),
        "past the end": page(f"page[number]={LAST}"),
        "by -created-at, last page": page(f"sort=-created-at&page[number]={count // 20}"),
        "by status, last page": page(f"sort=status&page[number]={count // 20}"),
    }


def native_requests(ids, count):
    def page(query):
        return [get(f"{NATIVE}/tasks?{query}")]

    return {
        "one task by id": [get(f"{NATIVE}/tasks/{one}") for one in ids],
        "all, first page": page("limit=20"),
        "state failed": page("limit=20&state=failed"),
        "state pending": page("limit=20&state=pending"),
        "two states, newest first": page("limit=20&state=pending&state=running&sort=-created"),
        "by -updated": page("limit=20&sort=-updated"),
        "of one dialect, by state": page("limit=20&dialect=native&sort=state"),
    }


REQUESTS_OF = {
    "virtshell": virtshell_requests,
    "vionlabs": vionlabs_requests,
    "uplynk": uplynk_requests,
    "fourhse": fourhse_requests,
    "idol": idol_requests,
    "native": native_requests,
}


def load(dialect, count):
    instance = Instance(
        autostart=False,
        compared=False,
        conf={
            "expected_tasks": str(count),
            "cache_mb": "1024",
            "workers": "1",
            "log_level": "warn",
        },
    )
    instance.make_principal()
    begun = time.monotonic()
    instance.ctl_run(
        "load-sample", str(count), "--tenant", "demo", "--dialect", dialect, timeout=3600
    )
    seconds = time.monotonic() - begun
    instance.start()
    print(f"{count} of {dialect} loaded in {seconds:.1f} s ({count / seconds:.0f}/s)", flush=True)
    # Ids from the whole store, not only the newest.
    export = instance.ctl_run("export", timeout=3600).stdout
    ids = re.findall(r'"id":"([^"]+)"', export)
    if len(ids) < count:
        raise SystemExit(f"{len(ids)} of {count} tasks exported")
    return instance, ids[:: max(1, len(ids) // 997)]


def measure(instance, requests):
    """Median time of a request in ms, over one kept connection."""
    connection, times = instance.connect(30), []
    for number in range(REQUESTS):
        method, path, body, headers = requests[number * 31 % len(requests)]
        begun = time.perf_counter()
        answer = instance.request(
            method, path, body, instance.bearer() + headers, connection=connection
        )
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{method} {path} {body}: {answer}")
    connection.close()
    return statistics.median(times)


def compare(dialect, counts):
    sides = [load(dialect, count) for count in counts]
    asked = [REQUESTS_OF[dialect](ids, count) for (_, ids), count in zip(sides, counts)]
    missed = 0
    for name in asked[0]:
        rounds = [
            [measure(side[0], questions[name]) for side, questions in zip(sides, asked)]
            for _ in range(ROUNDS)
        ]
        small, large = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(b / a for a, b in rounds)
        missed += ratio > GOAL
        print(
            f"{dialect:10}{name:44}{small:9.3f} ms{large:9.3f} ms   ratio {ratio:5.2f}"
            f"{'   above ' + str(GOAL) if ratio > GOAL else ''}",
            flush=True,
        )
    for instance, _ in sides:
        instance.verify("verify")
        instance.stop("scale")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--small", type=int, default=10000)
    parser.add_argument("--large", type=int, default=1000000)
    parser.add_argument("dialect", nargs="*", default=list(REQUESTS_OF))
    options = parser.parse_args()
    missed = sum(
        compare(dialect, (options.small, options.large)) for dialect in options.dialect
    )
    print(f"{missed} above the goal of {GOAL}")


main()
