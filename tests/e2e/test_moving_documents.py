"""import --from: responses of a vendor's API become tasks, and its clients get the same responses.

The vendor is a second Polytask. So the test is the way back, too: what one service answers, another
takes.
"""
import json
import os
import re

from lib import Instance, run_tests
from paths import SOURCE
from tap import equal, ok

DIALECTS = ("vionlabs", "uplynk", "fourhse", "idol", "virtshell")
ITEM = "a movie/0042"
PAGE = "/api/v2/import-tasks?page%5Bsize%5D=20&page%5Bnumber%5D="


def point(name, **members):
    body = {"endpoint_name": name, "server_region_id": "us-east-1", "stream_type_name": "SRT"}
    return {**body, **members}


def service():
    """An instance whose user is of the tenant of the page."""
    instance = Instance(autostart=False)
    instance.ctl("user", "add", "ann", "--tenant", "acme")
    instance.token = instance.add_token("ann", "tests")
    instance.key, instance.secret = instance.add_key("ann")
    instance.owner, instance.owner_key = instance.add_key("ann", "--id", os.urandom(16).hex())
    instance.start()
    return instance


def fill(vendor):
    """Tasks in all states of each API, by its own requests and as samples."""
    for dialect in DIALECTS:
        vendor.ctl("load-sample", "30", "--dialect", dialect, "--tenant", "acme")
    for product in ("adbreaks", "markers", "nudity"):
        path = f"/a%20movie%2F0042/product/{product}/version/1.0.1"
        equal(vendor.vionlabs("POST", path).status, 200, f"Vionlabs: {product} is created")
    vendor.vionlabs("DELETE", "/a%20movie%2F0042/product/nudity/version/1.0.1")
    for body in (point("A"), point("B", desc="é \\ \" ✓")):
        equal(vendor.uplynk("POST", "/slicers/ingest-points", body).status, 200, "Uplynk: a point")
    body = {"task_id": "task/1 ", "handler": "H", "entity_id": None, "request": {"a": [1, None]}}
    equal(vendor.fourhse("POST", "/create", body).status, 201, "4HSE: a named task")
    body = {"description": "é", "log": "x\ny", "priority": [1, {"a": None}]}
    answer = vendor.request("POST", "/api/virtshell/v1/tasks/", body, JSON + vendor.bearer())
    equal(answer.status, 200, "VirtShell: a task with a member of its own")
    body = {"status": "provisioned", "log": "done"}
    path = "/api/virtshell/v1/tasks/" + answer.json()["task_id"]
    vendor.request("PUT", path, body, JSON + vendor.bearer())


JSON = [("Content-Type", "application/json")]


def bodies(instance):
    """What a client reads: documents by dialect, as text, without the service's own address."""

    def text(answer):
        ok(answer.status == 200, "a response to keep", answer.body[:200])
        return answer.body.decode().replace(f"https://{instance.host}", "https://host")

    token = instance.bearer()
    path = "/a%20movie%2F0042/product/markers/version/1.0.1"
    return {
        "vionlabs": text(instance.vionlabs("GET", "/a%20movie%2F0042")),
        "vionlabs single": text(instance.vionlabs("GET", path)),
        "uplynk": text(instance.uplynk("GET", "/ingest-points/tasks"))
        + text(instance.uplynk("GET", "/slicers/ingest-points")),
        "fourhse": "\n".join(
            text(instance.fourhse("GET", f"/index?per-page=20&page={page}")) for page in (1, 2)
        ),
        "idol": "".join(
            text(instance.request("GET", PAGE + str(number), None, token)) for number in (1, 2)
        ),
        "virtshell": text(instance.request("GET", "/api/virtshell/v1/tasks/", None, token)),
    }


def commands():
    """The words of the page's commands, by dialect."""
    with open(os.path.join(SOURCE, "MOVING")) as page:
        found = re.findall(r"^    polytaskctl (import --from (\w+) .*) <", page.read(), re.M)
    return {dialect: words.split() for words, dialect in found}


COMMANDS = commands()


def load(home, kind, text):
    """Runs the page's command on a document; a single task does not need its item."""
    words = [{"movie-0042": ITEM}.get(word, word) for word in COMMANDS[kind.split()[0]]]
    if kind == "vionlabs single":
        words = words[: words.index("--id")]
    return home.ctl_run(*words, stdin=text)


def round_trip():
    vendor = service()
    fill(vendor)
    kept = bodies(vendor)
    vendor.stop("the vendor")
    home = service()
    for kind, text in kept.items():
        for count in (1, 2):
            done = load(home, kind, text)
            equal((done.returncode, done.stderr), (0, ""), f"{kind}: imported, time {count}")
    found = bodies(home)
    for kind in kept:
        equal(found[kind], kept[kind], f"{kind}: clients get the same responses")
    numbers = home.ctl("number", "list")
    ok("acme\tidol\t31\n" in numbers, "IDOL: new tasks get the next number", numbers)
    refused(home, kept)
    shapes(home, kept)
    spellings(home, kept)
    long_error(home, kept)
    long_log(home, kept)
    texts(home, kept)
    home.verify("moved in")
    home.stop("moved in")


def refused(home, kept):
    """Each refused object is reported with its number and reason; the others are stored."""
    for kind, text in kept.items():
        if kind in ("uplynk", "vionlabs single"):
            continue
        changed = re.sub(r'"(status|task_status)":', '"colour":1,"\\1":', text, count=1)
        done = load(home, kind, changed)
        # VirtShell's clients may send any member, and read it back.
        want = (0, "") if kind == "virtshell" else (1, "object 1: unknown member colour")
        ok(
            done.returncode == want[0] and want[1] in done.stderr and " imported" in done.stdout,
            f"{kind}: an unknown member",
            done,
        )
    for kind, old, new, reason in (
        ("virtshell", '"uuid":"', '"uuid":"x', "object 1: uuid must be a UUID"),
        ("virtshell", '"at":"', '"at":"-', "object 1: at must be a number of seconds"),
        ("fourhse", '"created_at":"', '"created_at":"x', "object 1: created_at must be a day"),
        ("fourhse", '"handler":', '"handler":null,"x":', "object 1: unknown member x"),
        ("idol", '"id":"1"', '"id":"01"', "object 1: id must be a number from 1"),
        ("idol", '"id":"1"', '"id":"9000000000000001"', "object 1: number must be at most"),
        ("idol", '"type":"import-tasks"', '"type":"tracks"', "object 1: type must be import-tasks"),
        ("idol", '"master-type":"', '"master-type":"x', "object 1: "),
        ("uplynk", '"state":"', '"state":"x', "object 1: unknown status 'x"),
        ("uplynk", '"state":"', '"state":"x', "this API has IN_PROGRESS, COMPLETED"),
        ("uplynk", '"operation":"', '"operation":"x', "object 1: operation must be"),
        ("uplynk", '"@type":"Reserved', '"@type":"x', "object 1: @type must be"),
        ("vionlabs", '"product":"', '"product":"x', "object 1: product must be a known product"),
        ("vionlabs single", '/version/', '/v/', "object 1: the href of a link"),
        ("vionlabs single", '/version/', '/version/1/', "object 1: the href of a link"),
    ):
        done = load(home, kind, kept[kind].replace(old, new, 1))
        ok(done.returncode == 1 and reason in done.stderr, f"{kind}: {reason}", done)
        ok("of " in done.stderr.splitlines()[-1], f"{kind}: the refused ones are counted", done)


def long_error(home, kept):
    """The end of an error that is longer than Polytask keeps."""
    page, _ = json.JSONDecoder().raw_decode(kept["idol"])
    task = page["data"][0]
    task["id"] = "901"
    task["attributes"].update(status="failed", message="x" * 5000 + "end")
    done = load(home, "idol", json.dumps({"data": [task]}))
    equal((done.returncode, done.stderr), (0, ""), "a task with a long error is imported")
    answer = home.request("GET", "/api/v2/import-tasks/901", None, home.bearer())
    message = answer.json()["data"]["attributes"]["message"]
    ok(message.startswith("[the first ") and message.endswith("xend"), "its end is kept", answer)


def long_log(home, kept):
    """The end of a log that is longer than Polytask keeps."""
    task = json.loads(kept["virtshell"])["tasks"][0]
    task["log"] = "x" * 300000 + "end"
    done = load(home, "virtshell", json.dumps({"tasks": [task]}))
    equal((done.returncode, done.stderr), (0, ""), "a task with a long log is imported")
    answer = home.request("GET", "/api/virtshell/v1/tasks/" + task["uuid"], None, home.bearer())
    log = answer.json()["log"]
    ok(log.startswith("[the first ") and log.endswith("xend"), "its end is kept", answer.status)


def texts(home, kept):
    """A key in a link is not part of the version, and null is an absent text."""
    versions = len(home.vionlabs("GET", "/a%20movie%2F0042").json())
    href = json.loads(kept["vionlabs single"])["_links"]["self"]["href"]
    linked = kept["vionlabs single"].replace(f'"{href}"', f'"{href}?key=secret"', 1)
    equal(load(home, "vionlabs single", linked).returncode, 0, "a link with a key")
    equal(len(home.vionlabs("GET", "/a%20movie%2F0042").json()), versions, "it is the same task")
    task = dict(json.loads(kept["virtshell"])["tasks"][0], log=None, description=None)
    done = load(home, "virtshell", json.dumps({"tasks": [task]}))
    equal((done.returncode, done.stderr), (0, ""), "a task whose texts are null")


def spellings(home, kept):
    """What the vendor's documents leave open is read as in requests."""
    page = json.loads(kept["idol"].split("}{")[0] + "}")
    task = page["data"][0]
    task["id"] = "902"
    task["attributes"]["precision"] = 24
    task["relationships"]["attachable"]["data"] = {"type": "Product", "id": 7}
    done = load(home, "idol", json.dumps({"data": task}))
    equal((done.returncode, done.stderr), (0, ""), "IDOL: another spelling of a type")
    query = "/import-tasks?filter[product-id]=7&include=attachable"
    found = [row for row in home.idol("GET", query).json()["data"] if row["id"] == "902"]
    equal(
        [(row["attributes"]["precision"], row["relationships"]["attachable"]["data"]) for row in found],
        [("24", {"type": "products", "id": "7"})],
        "IDOL: the task is found by its product",
    )
    task = json.loads(kept["fourhse"].split("\n")[0])[0]
    task.update(task_id="an object", request={"a": [1]})
    del task["response"]
    done = load(home, "fourhse", "\ufeff" + json.dumps([task]))
    equal((done.returncode, done.stderr), (0, ""), "4HSE: JSON as request, a byte order mark")
    read = home.fourhse("GET", "/view/an%20object").json()
    equal((read["request"], read["response"]), ('{"a":[1]}', None), "4HSE: it is kept as a text")
    text = kept["uplynk"]
    point = json.loads(text[text.index("}{") + 1 :])["items"][0]
    point.update(id="f0a214a437024a9c85c59f6f1bd55b3f", desc=None)
    done = load(home, "uplynk", json.dumps(point))
    equal((done.returncode, done.stderr), (0, ""), "Uplynk: a point without desc")
    link = kept["vionlabs single"].replace('"self":', '"status":', 1)
    equal(load(home, "vionlabs single", link).returncode, 0, "Vionlabs: another name of the link")
    task = {**json.loads(kept["vionlabs single"]), "_links": {}}
    done = load(home, "vionlabs single", json.dumps(task))
    reason = "import the list of its item instead"
    ok(done.returncode == 1 and reason in done.stderr, "Vionlabs: no link to the task", done)


def shapes(home, kept):
    """Pages, envelopes and single objects; what is no document is refused with its place."""
    tasks = json.loads(kept["fourhse"].split("\n")[0])
    for text, count in (
        (json.dumps({"items": tasks, "_links": {"self": {}}, "_meta": {"x": [1, "]"]}}), 20),
        (json.dumps(tasks[0]), 1),
        (json.dumps(tasks[:2]) + json.dumps({"items": tasks[:3]}) + json.dumps(tasks[0]), 6),
        ("[]", 0),
    ):
        done = load(home, "fourhse", text)
        words = f"{count} task{'s' * (count != 1)} imported"
        words += f": 0 new, 0 replaced, {count} unchanged\n" if count else "\n"
        equal((done.returncode, done.stdout), (0, words), text[:40])
    whole = json.dumps(tasks)
    for text, reason in (
        ("", "the input is empty"),
        ("nonsense", "document 1 is not JSON: an array or an object is expected, not 'n'"),
        ("HTTP/2 200\n\n[]", "an array or an object is expected, not 'H'"),
        ("\x1f\x8b\x08garbage", "the input is compressed"),
        (whole[:-1], "the input ends in the middle of document 1"),
        (whole + whole[: len(whole) // 2], "the input ends in the middle of document 2"),
        ("[1]", "object 1: it must be an object"),
        ('[{"task_id":""}]', "object 1: task_id must be a UUID or 1 to 64 characters"),
        ("[{},{]", "document 1"),
        ("[{} {}]", "a comma or the end of a list is expected"),
        ("[{},]", "a value is expected"),
        ('{"a":1,}', "a value is expected"),
        ('{"a" 1}', "a colon is expected"),
        ("{1:1}", "the name of a member is expected"),
        ("[" * 100000, "the input ends in the middle"),
        ('["' + "x" * 9000000 + '"]', "has a value of more than 8388608 bytes"),
        ('{"' + "x" * 9000 + '":1}', "has a value of more than"),
        ("[{\"task_id\":\"\\ud800\"}]", "object 1: "),
    ):
        done = load(home, "fourhse", text)
        ok(done.returncode == 1 and reason in done.stderr, f"{text[:30]!r}: {reason}", done)
    for words, reason in (
        (("--from", "4hse"), "unknown dialect '4hse': --from takes virtshell, vionlabs, "),
        (("--from", "native"), "no other service has the API native"),
        (("--from", "idol", "--tenant", "x y"), "not a valid tenant"),
        (("--from", "idol", "--tenant", "nosuch"), "the tenant nosuch has no user"),
        *[
            (
                ("--from", dialect, "--tenant", "acme", "--id", "x"),
                f"--id cannot be used with --from {dialect}, whose responses have the ids",
            )
            for dialect in DIALECTS[1:]
        ],
    ):
        done = home.ctl_run("import", *words, stdin="[]")
        ok(done.returncode == 1 and reason in done.stderr, f"{words}: {reason}", done)
    for words, reason in (
        (("--from", "idol", "--partial"), "--partial is for an export"),
        (("--tenant", "acme"), "--tenant and --id are for --from"),
        (("--replace",), "--replace is for --from"),
    ):
        done = home.ctl_run("import", *words, stdin="[]")
        ok(done.returncode == 2 and reason in done.stderr, f"{words}: {reason}", done)
    for text in ("[]", json.dumps(tasks, indent=1), kept["idol"], "{}"):
        done = home.ctl_run("import", stdin=text)
        reason = "(responses of another API are read with --from)"
        ok(done.returncode == 1 and reason in done.stderr, f"{text[:20]!r}: no lines", done)
    done = load(home, "vionlabs single", kept["vionlabs"])
    ok("give it with --id" in done.stderr, "Vionlabs: a list needs its item", done)
    done = load(home, "vionlabs", kept["vionlabs single"].replace("a%20movie%2F0042", "other"))
    reason = "the task belongs to the item other"
    ok(done.returncode == 1 and reason in done.stderr, "Vionlabs: a task of another item", done)


run_tests(round_trip)
