"""polytask-import as a worker runs it: results, exit statuses, sentences and limits."""
import hashlib
import json
import os
import socket
import subprocess
import time

from file_server import FileServer, status, whole
from import_program import AGAIN, DONE, FAILED, GIVEN_BACK, Media, make_task, md5
from tap import equal, ok, run, skip

BODY = os.urandom(3_000_000)
SERVER = FileServer()


def test_file_is_stored():
    url = SERVER.on("/a/some%20song.wav?key=secret", whole(BODY))
    with Media() as media:
        task = make_task(url, number=7, md5=md5(BODY).upper())
        done = media.run(task)
        equal(done.status, DONE, "a file with its md5, in upper case, is complete")
        equal(media.files(), {"tracks/12/7-some_song.wav": BODY}, "it is stored under its name")
        want = ("tracks/12/7-some_song.wav", len(BODY), md5(BODY), hashlib.sha256(BODY).hexdigest())
        got = tuple(done.result[name] for name in ("path", "bytes", "md5", "sha256"))
        equal(got, want, "the result has path, size and digests")
        ok(0 <= done.result["seconds"] < 60, "and the time that it took")
        equal(done.out.count(b"\n"), 1, "it is one line")
        equal(media.partials(), [], "no partial file is left")
        mode = os.stat(os.path.join(media.path, done.result["path"])).st_mode
        equal(oct(mode & 0o7777), "0o640", "the mode of the file is 0640")
        headers = SERVER.asked("/a/some%20song.wav?key=secret")[0].headers
        equal(
            sorted(headers), ["accept", "host", "user-agent"], "the request has no other fields"
        )
        equal(done.progress[0]["of"], len(BODY), "the progress has the size of the file")

        again = media.run(task)
        equal((again.status, again.result["path"]), (DONE, want[0]), "a repeated run ends well")
        equal(len(media.files()), 1, "and stores no second file")
        SERVER.on("/a/some%20song.wav?key=secret", whole(b"other"))
        del task["fields"]["md5"]
        other = media.run(task)
        equal(other.result["path"], "tracks/12/7-some_song-2.wav", "other bytes have a new name")
        equal(media.files()[want[0]], BODY, "and the first file stays as it was")
        ok(any("no md5" in line for line in other.lines), "a missing md5 is noted", other)


def test_kinds_of_bodies():
    def chunked(request):
        request.respond(200, content_length=None, transfer_encoding="chunked")
        request.send(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    def until_close(request):
        request.respond(200, b"hello world", content_length=None)

    with Media() as media:
        for name, handler in (("chunked", chunked), ("until-close", until_close)):
            done = media.run(make_task(SERVER.on("/" + name, handler), md5=md5(b"hello world")))
            equal(done.status, DONE, f"a body without a length is stored: {name}")
            equal(done.progress, [{"bytes": done.progress[0]["bytes"], "of": None, "percent": None}],
                  "its progress has no percentage")
        done = media.run(make_task(SERVER.on("/empty", whole(b"")), md5=md5(b"")))
        equal((done.status, done.result["bytes"]), (DONE, 0), "an empty file is stored")
        url = SERVER.on("/none", whole(b"x"))
        task = make_task(url, number=None)
        equal(media.run(task).result["path"], f"tracks/12/{task['id']}-none",
              "a task without a number has its id in the name")


def test_failures():
    cases = (
        (status(404), {}, FAILED, "The server answered 404."),
        (status(403), {}, FAILED, "The server answered 403."),
        (status(204), {}, FAILED, "The server answered 204."),
        (status(206), {}, FAILED, "The server answered 206."),
        (status(304), {}, FAILED, "The server answered 304."),
        (status(416), {}, FAILED, "The server answered 416."),
        (status(408), {}, AGAIN, "The server answered 408."),
        (status(425), {}, AGAIN, "The server answered 425."),
        (status(429), {}, AGAIN, "The server answered 429."),
        (status(500), {}, AGAIN, "The server answered 500."),
        (status(503), {}, AGAIN, "The server answered 503."),
        (whole(BODY), {"md5": "0" * 32}, FAILED, f"The md5 is {md5(BODY)}, expected {'0' * 32}."),
    )
    with Media() as media:
        for i, (handler, fields, want, sentence) in enumerate(cases):
            done = media.run(make_task(SERVER.on(f"/failure-{i}", handler), **fields))
            equal((done.status, done.error, done.out), (want, sentence, b""), sentence)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            done = media.run(make_task(f"http://127.0.0.1:{closed.getsockname()[1]}/"))
        want = (AGAIN, "Cannot connect to 127.0.0.1.")
        equal((done.status, done.error), want, "a refused connection may be tried again")
        done = media.run(make_task("http://no-such-host.invalid/a"))
        want = (AGAIN, "The name no-such-host.invalid cannot be resolved.")
        equal((done.status, done.error), want, "an unknown host may be tried again")
        equal((media.files(), media.partials()), ({}, []), "no file and no part of one is left")


def test_malformed_tasks():
    good = make_task("http://127.0.0.1/")
    broken = (
        (b"", "nothing"),
        (b"{", "no JSON"),
        (b"[]", "an array"),
        (b"null", "null"),
        (b"\xff\xfe", "no UTF-8"),
        (b"[" * 100000, "deep nesting"),
        ({**good, "id": "../../etc/passwd"}, "an id that is none"),
        ({**good, "fields": None}, "no fields"),
        (make_task(None), "no url"),
        (make_task(""), "an empty url"),
        (make_task(5), "a url that is a number"),
        (make_task("http://127.0.0.1/", md5="x" * 32), "an md5 with other digits"),
        (make_task("http://127.0.0.1/", md5="0" * 31), "a short md5"),
        (make_task("http://127.0.0.1/", attachable=("tracks", None)), "no attachable"),
    )
    with Media() as media:
        for task, name in broken:
            done = media.run(task)
            ok(done.status == FAILED and done.error, f"fails for good: {name}", done)
        done = media.run({**good, "dialect": "virtshell"})
        equal(done.status, GIVEN_BACK, "a task of another dialect is given back")
        done = media.run(b'{"a":"' + b"x" * 5_000_000 + b'"}')
        equal((done.status, done.error), (FAILED, "The task is too large."), "a huge input fails for good")


def test_usage():
    task = make_task(SERVER.on("/usage", whole(b"x")))
    wrong = (
        ("--max-bytes", "20X"), ("--max-bytes", "0"), ("--max-bytes", "-1"),
        ("--max-bytes", "99999999999G"), ("--max-seconds", "0"), ("--stall-seconds", "x"),
        ("--allow-network", "10.0.0.1/8"), ("--allow-network", "10.0.0.0/33"),
        ("--no-such-option",), ("argument",), ("--directory", "/nonexistent"),
    )
    with Media() as media:
        for options in wrong:
            done = media.run(task, *options)
            ok(done.status == GIVEN_BACK and done.lines,
               f"a wrong command line gives the task back: {' '.join(options)}", done)
        for option, want in (("--help", b"usage:"), ("--version", b"polytask-import ")):
            done = subprocess.run(media.command(option), capture_output=True, check=False)
            ok(done.returncode == 0 and done.stdout.startswith(want), option, done)
        SERVER.on("/usage", whole(b"x", etag='"a tag, so that there is a file with the state"'))
        for option in ("1K", "1M", "1G", "1"):
            equal(media.run(task, "--max-bytes", option).status, DONE, f"--max-bytes {option}")
        with open("/dev/full", "wb") as full:
            process = subprocess.run(
                media.command(), input=json.dumps(task).encode(), stdout=full,
                stderr=subprocess.DEVNULL, check=False,
            )
        equal(process.returncode, GIVEN_BACK, "a result that cannot be written gives the task back")


def test_sizes():
    def endless(request):
        request.respond(200, content_length=None)
        while True:
            request.send(b"x" * 65536)

    def endless_chunks(request):
        request.respond(200, content_length=None, transfer_encoding="chunked")
        while True:
            request.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with Media() as media:
        url = SERVER.on("/size", whole(BODY))
        done = media.run(make_task(url), "--max-bytes", "2M")
        want = (FAILED, "The file is larger than 2M.")
        equal((done.status, done.error), want, "a file that says it is too large is refused")
        equal(done.progress, [], "before its first byte")
        for name, handler in (("endless", endless), ("endless-chunks", endless_chunks)):
            done = media.run(make_task(SERVER.on("/" + name, handler)), "--max-bytes", "2M")
            equal((done.status, done.error), want, f"so is one without a size: {name}")
        equal((media.files(), media.partials()), ({}, []), "nothing of them is left")
        done = media.run(make_task(url), "--max-bytes", str(len(BODY)))
        equal(done.status, DONE, "a file of exactly the limit is stored")
        huge = SERVER.on("/huge", lambda request: request.respond(200, content_length=10**15))
        done = media.run(make_task(huge), "--max-bytes", "1000000G")
        want = (GIVEN_BACK, "The disk has no room for the file.")
        equal((done.status, done.error), want, "a file that does not fit on the disk is given back")


def test_full_disk():
    def unsized(request):
        request.respond(200, BODY, content_length=None)

    url = SERVER.on("/full", unsized)
    with Media() as media:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "polytask", media.path]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            skip("a full disk", "needs mount")
            return
        try:
            done = media.run(make_task(url))
            want = (GIVEN_BACK, "The disk is full.")
            equal((done.status, done.error), want, "a full disk gives the task back")
            equal((media.files(), media.partials()), ({}, []), "and nothing takes its room")
        finally:
            subprocess.run(["umount", media.path], check=True)


def test_unwritable_folder():
    url = SERVER.on("/unwritable", whole(b"x"))
    with Media() as media:
        os.rmdir(media.path)
        done = media.run(make_task(url))
        equal(done.status, GIVEN_BACK, "a missing folder gives the task back")
        ok(media.path not in " ".join(done.lines), "the message does not have its path", done)
        with open(media.path, "w"):
            pass
        equal(media.run(make_task(url)).status, GIVEN_BACK, "so does a file in its place")
        os.unlink(media.path)
        os.mkdir(media.path)


def test_time():
    def stalls(request):
        request.respond(200, b"x" * 1000, content_length=5000)
        time.sleep(8)

    def silent(request):
        time.sleep(8)

    def trickles(request):
        request.respond(200, content_length=10**6)
        while True:
            request.send(b"x" * 20000)
            time.sleep(0.1)

    with Media() as media:
        done = media.run(make_task(SERVER.on("/silent", silent)), "--stall-seconds", "1")
        want = (AGAIN, "The server sent less than 1 KiB/s for 1 s.")
        equal((done.status, done.error), want, "a server that says nothing stalls")
        begin = time.monotonic()
        done = media.run(
            make_task(SERVER.on("/stalls", stalls)), "--stall-seconds", "1", "--max-seconds", "4"
        )
        ok(done.status == AGAIN, "one that stops may be tried again", done)
        ok(time.monotonic() - begin < 7, "within the time of the job")
        equal(len(SERVER.asked("/stalls")) > 1, True, "and was tried more than once")
        done = media.run(make_task(SERVER.on("/trickles", trickles)), "--max-seconds", "2")
        want = (AGAIN, "The download took longer than 2 s.")
        equal((done.status, done.error), want, "a slow download ends with the time of the job")
        ok(2 <= len(done.progress) <= 3, "progress comes once a second", done.progress)


def test_time_of_other_parts():
    """The time of the job bounds what is no download, too."""
    def begins(request):
        request.respond(200, content_length=None, transfer_encoding="chunked", etag='"v1"')
        request.send(b"5\r\nhello\r\n")

    with Media() as media:
        read_end, write_end = os.pipe()
        begin = time.monotonic()
        done = subprocess.run(media.command("--max-seconds", "1"), stdin=read_end,
                              capture_output=True, timeout=30, check=False)
        want = (GIVEN_BACK, b"The task could not be read in time.\n")
        equal((done.returncode, done.stderr), want, "a task that does not arrive is given back")
        ok(time.monotonic() - begin < 8, "in time")
        os.close(read_end)
        os.close(write_end)
        task = make_task(SERVER.on("/resumed", begins))
        ok(media.run(task, "--max-seconds", "1").status == AGAIN, "a download has begun")
        os.truncate(media.partial(task), 16 << 30)
        begin = time.monotonic()
        done = media.run(task, "--max-seconds", "1")
        want = (AGAIN, "The file could not be read in time.")
        equal((done.status, done.error), want, "a run whose part takes long to read ends")
        ok(time.monotonic() - begin < 8, "in time")


if __name__ == "__main__":
    run([value for name, value in list(globals().items()) if name.startswith("test_")])
