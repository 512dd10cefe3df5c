"""IDOL import-tasks, with a client of JSON:API written from the vendor's documents."""
import functools
import json
import re
import time
import urllib.parse

from lib import Instance, run_tests
from tap import equal, ok

TYPE = "application/vnd.api+json"
PATH = "/api/v2/import-tasks"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0[12]:00$")

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def call(method, path, body=None, *lines, accept=TYPE):
    instance = shared()
    headers = instance.bearer() + [("Content-Type", TYPE), *lines]
    if accept:
        headers.append(("Accept", accept))
    return instance.request(method, path, body, headers)


def resource(kind="tracks", key="12", **attributes):
    attributes = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {
        "data": {
            "type": "import-tasks",
            "attributes": {"master-type": "hd", **attributes},
            "relationships": {"attachable": {"data": {"type": kind, "id": key}}},
        }
    }


def create(*args, **attributes):
    answer = call("POST", PATH, resource(*args, **attributes))
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()["data"]


def page(query=""):
    answer = call("GET", PATH + query)
    if answer.status != 200:
        raise RuntimeError(f"list {query}: {answer}")
    return answer.json()


def ids(document):
    return [row["id"] for row in document["data"]]


def errors(answer):
    return [
        (error["code"], error["status"], error["detail"]) for error in answer.json()["errors"]
    ]


def creation():
    instance = shared()
    begun = page()["meta"]["record-count"]
    answer = call(
        "POST",
        PATH,
        resource(
            "Track",
            12,
            precision=24,
            status="uploaded",
            url="https://files.example.com/ä.wav",
            md5="82ec2f5bc5372ef72332606fa74209d1",
        ),
    )
    equal(
        (answer.status, answer.headers["Content-Type"]),
        (201, TYPE),
        "POST: 201, media type of JSON:API",
    )
    task = answer.json()["data"]
    key, own = task["id"], f"https://{instance.host}{PATH}/{task['id']}"
    equal(answer.headers["Location"], own, "POST: Location is the task's address")
    equal(
        list(task),
        ["id", "type", "links", "attributes", "relationships"],
        "members in the documented order",
    )
    equal(
        list(task["attributes"]),
        [
            "created-at",
            "updated-at",
            "precision",
            "master-type",
            "support-number",
            "status",
            "url",
            "message",
            "md5",
        ],
        "attributes in the documented order",
    )
    ok(TIME.match(task["attributes"]["created-at"]), "created-at has the time zone of Paris", task)
    equal(task["attributes"]["precision"], "24", "precision is a string")
    equal(task["attributes"]["url"], "https://files.example.com/ä.wav", "url is kept")
    equal(
        task["relationships"]["attachable"],
        {
            "links": {
                "self": own + "/relationships/attachable",
                "related": own + "/attachable",
            },
            "data": {"type": "tracks", "id": "12"},
        },
        "relationships.attachable",
    )
    equal(call("GET", f"{PATH}/{key}").json(), {"data": task}, "GET returns the task of the POST")
    equal(page()["meta"]["record-count"], begun + 1, "POST raises record-count by 1")
    equal(int(create()["id"]), int(key) + 1, "the next POST gets the next number")


def related():
    instance = shared()
    key = create("videos", "v 1/2")["id"]
    own = f"{PATH}/{key}"
    linkage = call("GET", own + "/relationships/attachable")
    equal(
        linkage.json()["data"], {"type": "videos", "id": "v 1/2"}, "GET of relationships/attachable"
    )
    equal(
        call("GET", own + "/attachable").json(),
        {
            "data": {
                "id": "v 1/2",
                "type": "videos",
                "links": {"self": f"https://{instance.host}/api/v2/videos/v%201%2F2"},
            }
        },
        "GET of attachable returns id, type and link",
    )
    self_link = urllib.parse.urlsplit(linkage.json()["links"]["self"])
    equal(
        call("GET", self_link.path).body,
        linkage.body,
        "GET of links.self returns the same document",
    )
    sparse = call("GET", own + "?fields[import-tasks]=status").json()["data"]
    equal(
        sparse["attributes"],
        {"status": "uploaded"},
        "fields[import-tasks]=status returns this attribute only",
    )
    ok("relationships" not in sparse, "fields[import-tasks]=status returns no relationships")


def pages():
    """Every task is on exactly one page, in every order."""
    for number in range(7):
        create("products", str(500 + number % 2), support_number=f"s{number}")
    everything = ids(page("?page[size]=200"))
    equal(everything, sorted(everything, key=int), "tasks are listed by number")
    for sort in ("id", "-id", "-created-at", "status,-id"):
        seen, path = [], f"{PATH}?sort={sort}&page[size]=3"
        while path:
            document = call("GET", path).json()
            seen += ids(document)
            following = document["links"].get("next")
            path = following and following.split("/api", 1)[1].join(["/api", ""])
        wanted = everything if sort == "id" else everything[::-1]
        equal(seen, wanted, f"sort={sort}: the next links lead through all pages")
    document = page("?page[number]=2&page[size]=3")
    equal(
        document["meta"],
        {"record-count": len(everything), "page-count": -(-len(everything) // 3)},
        "record-count and page-count",
    )
    equal(list(document), ["data", "meta", "links"], "members in the documented order")
    equal(
        list(document["links"]), ["first", "prev", "next", "last"], "links in the documented order"
    )
    back = call("GET", document["links"]["prev"].split(shared().host)[1]).json()
    equal(ids(back), everything[:3], "prev leads to the page before")
    beyond = page("?page[number]=1000000")
    equal(
        (beyond["data"], "next" in beyond["links"]), ([], False), "a page beyond the end is empty"
    )


def filters():
    mine = [create("products", key)["id"] for key in ("900", "901", "900", "902")]
    create("tracks", "900")
    for query, wanted in (
        ("900", [mine[0], mine[2]]),
        ("901,902", [mine[1], mine[3]]),
        ("900,901,902", mine),
        ("999", []),
        ("", []),
    ):
        document = page("?filter[product-id]=" + query)
        equal(ids(document), wanted, f"filter[product-id]={query}")
        equal(
            document["meta"]["record-count"],
            len(wanted),
            f"filter[product-id]={query}: record-count",
        )
    equal(
        page("?filter[distributor-id]=900")["data"], [], "filter[distributor-id] of no task: empty"
    )
    equal(
        ids(page(f"?filter[id]={mine[2]},{mine[0]}")),
        [mine[0], mine[2]],
        "filter[id] of two numbers",
    )
    equal(
        ids(page(f"?filter[product-id]=900&filter[id]={mine[2]},{mine[1]}")),
        [mine[2]],
        "two filters must both match",
    )
    equal(
        ids(page("?filter[product-id]=900,901,902&sort=-id&page[size]=2&page[number]=2")),
        [mine[1], mine[0]],
        "a filter, an order and a page together",
    )
    equal(
        ids(page("?filter[product-id]=900,902&sort=url,-id")),
        [mine[3], mine[2], mine[0]],
        "an order without an index",
    )


def refusals():
    count = page()["meta"]["record-count"]
    for method, path, body, status, wanted in (
        ("GET", PATH + "/999999", None, 404, "The record identified by 999999 could not be found."),
        ("GET", PATH + "/abc", None, 400, "abc is not a valid value for id."),
        ("GET", PATH + "?filter[foo]=1", None, 400, "foo is not allowed."),
        ("GET", PATH + "?page[size]=201", None, 400, "size exceeds maximum page size of 200."),
        (
            "GET",
            PATH + "?sort=foo",
            None,
            400,
            "foo is not a valid sort criteria for import-tasks",
        ),
        ("POST", PATH, "{}", 400, "The required parameter, data, is missing."),
        ("POST", PATH, "[]", 400, "Request must be a hash"),
        ("POST", PATH, {"data": {"type": "foo"}}, 400, "foo is not a valid resource."),
        ("POST", PATH, resource(foo=1), 400, "foo is not allowed."),
        ("POST", PATH, resource("labels"), 400, "labels is not a valid resource."),
    ):
        answer = call(method, path, body)
        got = (answer.status, answer.headers["Content-Type"], errors(answer)[0][1:])
        equal(got, (status, TYPE, (str(status), wanted)), f"{method} {path} {wanted}")
    answer = call("POST", PATH, resource(master_type="vinyl", precision=17, md5="x"))
    equal(
        (answer.status, [error["source"]["pointer"] for error in answer.json()["errors"]]),
        (422, ["/data/attributes/" + name for name in ("master-type", "precision", "md5")]),
        "POST with three invalid attributes: 422 with three errors",
    )
    answer = call("POST", PATH, b'{"data":', accept=None)
    equal(
        (answer.status, errors(answer)[0][:2]), (400, ("400", "400")), "POST that is not JSON: 400"
    )
    answer = call("GET", PATH, accept="application/json")
    equal((answer.status, errors(answer)[0][:2]), (406, ("406", "406")), "another Accept: 406")
    answer = shared().request(
        "POST", PATH, resource(), shared().bearer() + [("Content-Type", "application/json")]
    )
    equal(
        (answer.status, errors(answer)[0][:2]), (415, ("415", "415")), "another Content-Type: 415"
    )
    for method in ("PUT", "PATCH", "DELETE"):
        answer = call(method, PATH + "/1", json.dumps(resource()))
        equal(
            (answer.status, answer.headers["Allow"]),
            (404, "GET, HEAD, OPTIONS"),
            f"{method}: 404 with Allow",
        )
    equal(call("GET", PATH + "/").status, 200, "a trailing slash is ignored")
    answer = shared().request("GET", PATH, headers=[("Authorization", "Bearer unknown")])
    equal(
        (answer.status, answer.headers["WWW-Authenticate"].split(" ")[0]),
        (401, "Bearer"),
        "an unknown token: 401 with a challenge",
    )
    equal(page()["meta"]["record-count"], count, "refused requests create no task")


def failure(status, message):
    title = {500: "Internal Server Error", 504: "Gateway Timeout"}[status]
    code = str(status)
    error = {"title": title, "detail": message, "code": code, "status": code}
    return {"message": message, "errors": [error]}


def failures():
    for kind, status, message in (
        ("db", 504, "DB query cancelled"),
        ("http", 504, "Request Timeout"),
        ("error", 500, "Internal Server Error"),
    ):
        begun = time.monotonic()
        answer = call("GET", "/api/v2/timeouts/trigger?kind=" + kind)
        equal(
            (answer.status, answer.json()),
            (status, failure(status, message)),
            f"the documented failure {kind}",
        )
        ok(time.monotonic() - begun < 5, f"the documented failure {kind}: without a delay")
    equal(
        call("GET", "/api/v2/timeouts/trigger?kind=x").status,
        400,
        "an unknown kind of failure: 400",
    )


def conditions():
    answer = call("POST", PATH, resource())
    own, tag = f"{PATH}/{answer.json()['data']['id']}", answer.headers["ETag"]
    equal(
        call("GET", own, None, ("If-None-Match", tag)).status,
        304,
        "If-None-Match of the current revision: 304",
    )
    equal(
        call("GET", own, None, ("If-None-Match", '"99"')).status,
        200,
        "If-None-Match of another revision: 200",
    )
    head = call("HEAD", own)
    equal((head.status, head.body, head.headers["ETag"]), (200, b"", tag), "HEAD: 200")
    key = ("Idempotency-Key", '"import-1"')
    first = call("POST", PATH, resource(url="https://a"), key)
    again = call("POST", PATH, resource(url="https://a"), key)
    equal(
        (again.status, again.json(), again.headers["Location"]),
        (201, first.json(), first.headers["Location"]),
        "the same Idempotency-Key and request: the same task",
    )
    answer = call("POST", PATH, resource(url="https://b"), key)
    equal(
        (answer.status, errors(answer)[0][:2]),
        (422, ("422", "422")),
        "the same Idempotency-Key, another request: 422",
    )


def settings():
    """The options timezone and public_url."""
    instance = Instance(
        conf={"timezone": "America/St_Johns", "public_url": "https://tasks.example.com"}
    )
    answer = instance.request(
        "POST", PATH, resource(), instance.bearer() + [("Content-Type", TYPE)]
    )
    equal(
        answer.headers["Location"],
        "https://tasks.example.com" + PATH + "/1",
        "Location begins with public_url",
    )
    created = answer.json()["data"]["attributes"]["created-at"]
    ok(
        re.search(r"-0[23]:30$", created),
        "created-at has the time zone of the option timezone",
        created,
    )
    done = instance.ctl_run("status")
    equal(done.returncode, 0, "polytaskctl accepts the same configuration")
    instance.stop("settings")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(
    creation, related, pages, filters, refusals, failures, conditions, ending, settings
)
