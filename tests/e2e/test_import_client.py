"""IDOL's clients, a worker and polytask-import together: what a client sees of its import-task."""
import functools
import os

from file_server import FileServer, Resumable, redirect, status, whole
from import_program import LOOPBACK, Media, md5
from lib import Instance, run_tests
from tap import equal, ok, until
from work_command import Work

TYPE = "application/vnd.api+json"
PATH = "/api/v2/import-tasks"
BODY = os.urandom(2_000_000)
SERVER = FileServer()

shared = functools.cache(Instance)


def call(method, path, body=None):
    headers = shared().bearer() + [("Content-Type", TYPE), ("Accept", TYPE)]
    return shared().request(method, path, body, headers).json()


def create(url, **attributes):
    data = {
        "type": "import-tasks",
        "attributes": {"master-type": "hd", "status": "uploaded", "url": url, **attributes},
        "relationships": {"attachable": {"data": {"type": "Track", "id": 12}}},
    }
    return call("POST", PATH, {"data": data})["data"]["id"]


def shown(number):
    attributes = call("GET", f"{PATH}/{number}")["data"]["attributes"]
    return attributes["status"], attributes["message"]


def native(number):
    return shared().native("GET", f"/tasks?dialect=idol&number={number}").json()["items"][0]


def worker(media, *options):
    return Work(shared(), ("--dialect", "idol", *options), media.command(networks=LOOPBACK))


def ends():
    cases = {
        "stored": (whole(BODY), md5(BODY), ("completed", None)),
        "missing": (status(404), None, ("failed", "The server answered 404.")),
        "changed": (whole(BODY), "0" * 32, ("failed", f"The md5 is {md5(BODY)}, expected {'0' * 32}.")),
        "inside": (
            redirect("http://169.254.169.254/"),
            None,
            ("failed", "A redirect to a private address is not allowed."),
        ),
    }
    numbers = {}
    for name, (handler, digest, _) in cases.items():
        url = SERVER.on(f"/{name}.wav", handler)
        numbers[name] = create(url, **({"md5": digest} if digest else {}))
        equal(shown(numbers[name]), ("uploaded", None), f"{name}: a new task is uploaded")
    with Media() as media:
        equal(worker(media, "--once").wait(40), 0, "the worker carries them out")
        for name, (_, _, want) in cases.items():
            equal(shown(numbers[name]), want, f"{name}: what the client sees")
        path = f"tracks/12/{numbers['stored']}-stored.wav"
        equal(media.files(), {path: BODY}, "the file is stored")
        result = native(numbers["stored"])["result"]
        equal((result["path"], result["md5"]), (path, md5(BODY)), "the native API has the result")
    equal(native(numbers["missing"])["failure"], "not_retryable", "404 is not tried again")


def further_attempts():
    answers = [503, 503]

    def recovers(request):
        if answers:
            request.respond(answers.pop())
        else:
            request.respond(200, BODY)

    number = create(SERVER.on("/recovers.wav", recovers), md5=md5(BODY))
    with Media() as media:
        work = worker(media)
        until(lambda: shown(number)[0] in ("completed", "failed"), 40)
        equal(shown(number), ("completed", None), "a server that is down for a moment is tried again")
        ok(native(number)["attempt"] > 1, "in further attempts")
        equal(work.stop(), 0, "the worker ends")


def progress_and_cancellation():
    slow = Resumable(BODY, pause=0.2)
    number = create(SERVER.on("/slow.wav", slow))
    with Media() as media:
        work = worker(media)
        until(lambda: (native(number)["progress"] or {}).get("percent", 0) > 0, 30)
        task = native(number)
        equal(shown(number)[0], "processing", "while a worker fetches it, a task is processing")
        equal(task["progress"]["of"], len(BODY), "the native API has the progress")
        shared().native("PATCH", f"/tasks/{task['id']}", {"state": "cancelled"})
        until(lambda: not work.processes(), 10)
        equal(work.processes(), {}, "a cancellation ends the download")
        equal((shown(number)[0], media.files()), ("cancelled", {}), "and no file is stored")
        equal(work.stop(), 0, "the worker ends")


def native_tasks():
    """The native API accepts ids of attachables that are numbers, and other spellings of types."""
    fields = {
        "master-type": "cd",
        "attachable": {"type": "Track", "id": 5},
        "url": SERVER.on("/native.wav", whole(BODY)),
    }
    created = shared().native("POST", "/tasks", {"dialect": "idol", "fields": fields}).json()
    with Media() as media:
        equal(worker(media, "--once").wait(40), 0, "a task of the native API")
        equal(list(media.files()), [f"tracks/5/{created['number']}-native.wav"], "is stored alike")


if __name__ == "__main__":
    run_tests(ends, further_attempts, progress_and_cancellation, native_tasks)
