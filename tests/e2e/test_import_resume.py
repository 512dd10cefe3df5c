"""polytask-import goes on with downloads: after a cut connection, kill -9, changes between two runs."""
import os
import random
import signal
import time

from file_server import LAST_MODIFIED, FileServer, Resumable, redirect, whole
from import_program import AGAIN, DONE, FAILED, GIVEN_BACK, Media, make_task, md5
from tap import equal, ok, run, until

BODY = os.urandom(3_000_000)
SERVER = FileServer()
LATER = "Thu, 02 Jan 2020 00:00:00 GMT"


def test_cut_connection():
    cut = Resumable(BODY, cuts=[1_000_000, 500_000])
    with Media() as media:
        done = media.run(make_task(SERVER.on("/cut", cut), md5=md5(BODY)))
        equal(done.status, DONE, "a download goes on after two cuts")
        begins = [begin for begin, _ in cut.parts]
        ok(begins[0] is None and 0 < begins[1] <= begins[2], "with a range", begins)
        equal(cut.parts[1][1], '"v1"', "and the tag in If-Range")
        dated = Resumable(BODY, etag=None, modified=LAST_MODIFIED, cuts=[1_000_000])
        done = media.run(make_task(SERVER.on("/dated", dated), md5=md5(BODY)))
        equal((done.status, dated.parts[1][1]), (DONE, LAST_MODIFIED), "or with a date")
        for name, tag in (("no tag", None), ("a weak tag", 'W/"v1"')):
            bare = Resumable(BODY, etag=tag, cuts=[1_000_000])
            done = media.run(make_task(SERVER.on("/bare", bare), md5=md5(BODY)))
            equal((done.status, [begin for begin, _ in bare.parts]), (DONE, [None, None]),
                  f"with {name} it begins again")
            bare.cuts += [1_000_000] * 4
            done = media.run(make_task(SERVER.on("/bare", bare), md5=md5(BODY)))
            equal((done.status, media.partials()), (AGAIN, []),
                  f"with {name} a part is removed if the attempt has failed")
        signed = Resumable(BODY, cuts=[1_000_000])
        for part in ("first", "second"):
            SERVER.on("/signed.wav?signature=" + part, signed)

        def sign(request):
            part = "second" if signed.parts else "first"
            request.respond(302, location="/signed.wav?signature=" + part)

        done = media.run(make_task(SERVER.on("/sign", sign), md5=md5(BODY)))
        ok(done.status == DONE and signed.parts[1][0], "a redirect may have another query then", done)
        always = Resumable(BODY, cuts=[400_000] * 10)
        task = make_task(SERVER.on("/always", always), md5=md5(BODY))
        done = media.run(task)
        want = (AGAIN, "The server ended the connection early.")
        equal((done.status, done.error), want, "after four cuts the attempt has failed")
        equal(len(always.parts), 4, "with three reconnects")
        equal(sorted(media.partials()), sorted([task["id"], task["id"] + ".state"]), "its part stays")
        done = media.run(task)
        equal(done.status, DONE, "and the next attempt goes on")
        ok(always.parts[4][0] > 1_000_000, "where the first one ended", always.parts)


def interrupted(media, task, size):
    """Kills a run that has stored so many bytes of the task's file."""
    process = media.start(task)
    path = media.partial(task)
    until(lambda: os.path.exists(path) and os.path.getsize(path) >= size, 20, 0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return os.path.getsize(path)


def test_killed():
    with Media() as media:
        for size in (1, 500_000, 2_000_000):
            slow = Resumable(BODY, pause=0.01)
            task = make_task(SERVER.on(f"/killed-{size}", slow), number=size, md5=md5(BODY))
            left = interrupted(media, task, size)
            ok(size <= left < len(BODY), "a killed run leaves a part", left)
            equal(media.files().get(f"tracks/12/{size}-killed-{size}"), None, "and no file")
            done = media.run(task)
            equal((done.status, slow.parts[-1][0]), (DONE, left), "the next one goes on")
            equal(media.files()[done.result["path"]], BODY, "and the file is whole")
        equal(media.partials(), [], "no part is left")


def test_killed_at_random():
    """Also while the state is written, and while the file is given its name."""
    with Media() as media:
        task = make_task(SERVER.on("/random", Resumable(BODY)), md5=md5(BODY))
        wrong, kills = [], 0
        for _ in range(60):
            process = media.start(task)
            time.sleep(random.uniform(0, 0.06))
            process.kill()
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
            if media.files() not in ({}, {"tracks/12/7-random": BODY}):
                wrong.append(media.files().keys())
        equal(wrong, [], f"{kills} killed runs leave no file or the whole one")
        equal(media.run(task).status, DONE, "the last run ends well")
        equal((media.files(), media.partials()), ({"tracks/12/7-random": BODY}, []), "with one file")


def changed(name, change, want_parts=None):
    """A run after a killed one, between which something has changed."""
    with Media() as media:
        slow = Resumable(BODY, pause=0.01)
        task = make_task(SERVER.on("/changed", slow))
        interrupted(media, task, 500_000)
        slow.pause = 0
        expected = change(media, task, slow)
        before = len(slow.parts)
        done = media.run(task)
        equal(done.status, DONE, f"{name}: the next run ends well")
        equal(media.files().get(done.result["path"]), expected, f"{name}: with the right bytes")
        if want_parts:
            begins = [begin is not None for begin, _ in slow.parts[before:]]
            equal(begins, want_parts, f"{name}: requests with a range")


def test_changes_between_runs():
    other = os.urandom(2_000_000)

    def new_tag(media, task, server):
        server.body, server.etag = other, '"v2"'
        return other

    def other_url(media, task, server):
        task["fields"]["url"] = SERVER.on("/changed-url", whole(other))
        return other

    def elsewhere(media, task, server):
        """The same tag at another address is no proof of the same file."""
        server.body, server.etag = BODY, '"v1"'
        SERVER.on("/elsewhere", Resumable(other))
        SERVER.on("/changed", redirect("/elsewhere"))
        return other

    def longer(media, task, server):
        with open(media.partial(task), "ab") as file:
            file.write(b"x" * 4_000_000)
        return BODY

    def no_state(media, task, server):
        os.unlink(media.partial(task, ".state"))
        return BODY

    def cut_state(media, task, server):
        os.truncate(media.partial(task, ".state"), 20)
        return BODY

    def other_boot(media, task, server):
        path = media.partial(task, ".state")
        with open(path) as file:
            text = file.read()
        at = text.index('"boot":"') + len('"boot":"')
        with open(path, "w") as file:
            file.write(text[:at] + "0" + text[at + 1 :].replace("0", "1", 1))
        return BODY

    def large(media, task, server):
        lowered = media.run(task, "--max-bytes", "100000")
        equal(lowered.status, FAILED, "a part beyond a new limit fails")
        equal(media.partials(), [], "and is removed")
        return BODY

    def complete(media, task, server):
        with open(media.partial(task), "wb") as file:
            file.write(BODY)
        return BODY

    changed("another tag", new_tag, [True])
    changed("another url", other_url)
    changed("a redirect to another address", elsewhere)
    changed("a part that is too long", longer, [False])
    changed("no state", no_state, [False])
    changed("a state that was cut off", cut_state, [False])
    changed("another boot of the machine", other_boot, [False])
    changed("a lower limit", large, [False])
    changed("a part that is complete", complete, [])


def test_wrong_parts():
    """A server that ignores If-Range: the md5 shows it, and the file is fetched as a whole."""
    other = os.urandom(len(BODY))
    mixed = Resumable(BODY, cuts=[1_000_000])

    def liar(request):
        mixed(request)
        mixed.body = other

    with Media() as media:
        done = media.run(make_task(SERVER.on("/mixed", liar), md5=md5(other)))
        equal(done.status, DONE, "a file of two versions is fetched once more")
        equal(media.files()[done.result["path"]], other, "and has the right bytes")
        for name, answer in (
            ("another range", {"content_range": "bytes 0-9/3000000"}),
            ("no range", {}),
            ("another size", {"content_range": "bytes 1000000-2999999/9000000"}),
            ("416", None),
        ):
            first = Resumable(BODY, cuts=[1_000_000])

            def odd(request, first=first, answer=answer):
                if request.range_begin() is None:
                    first(request)
                elif answer is None:
                    request.respond(416, content_range="bytes */3000000")
                else:
                    request.respond(206, b"0123456789", etag='"v1"', **answer)

            done = media.run(make_task(SERVER.on("/odd", odd), md5=md5(BODY)))
            equal(done.status, DONE, f"an answer to a range with {name} begins again")


def test_mixed_versions():
    """Without an md5: a server that ignores If-Range and sends a part of another version."""
    other = os.urandom(len(BODY))
    tagged, dated = {"etag": '"v1"'}, {"last_modified": LAST_MODIFIED, "date": LATER}
    both = {**tagged, **dated}
    cases = (
        ("a later date", dated, {"last_modified": LATER}),
        ("no date", dated, {}),
        ("a tag instead of the date", dated, {"etag": '"v2"'}),
        ("another weak tag", {**dated, "etag": 'W/"v1"'}, {**dated, "etag": 'W/"v2"'}),
        ("another tag", tagged, {"etag": '"v2"'}),
        ("a weak tag", tagged, {"etag": 'W/"v1"'}),
        ("no tag", tagged, {}),
        ("a later date instead of the tag", both, {"last_modified": LATER}),
    )
    with Media() as media:
        for i, (name, before, after) in enumerate(cases):
            answered = []

            def changes(request, before=before, after=after, answered=answered):
                begin = request.range_begin()
                answered.append(begin)
                if len(answered) == 1:
                    request.respond(200, BODY[:1_000_000], **before, content_length=len(BODY))
                elif begin is None:
                    request.respond(200, other, **after)
                else:
                    span = f"bytes {begin}-{len(other) - 1}/{len(other)}"
                    request.respond(206, other[begin:], **after, content_range=span)

            done = media.run(make_task(SERVER.on("/mixed-version", changes), number=i))
            stored = media.files().get(done.result["path"]) if done.result else None
            ok(done.status == DONE and stored == other, f"a part with {name} is not added", done)
            equal([begin is not None for begin in answered], [False, True, False],
                  f"{name}: the file is fetched as a whole")


def test_parts_without_a_size():
    """Parts whose range or length does not tell where the file ends, for a task without an md5."""

    def begins(request):
        request.respond(200, content_length=None, transfer_encoding="chunked", etag='"v1"')
        request.send(b"%x\r\n" % 1_000_000 + BODY[:1_000_000] + b"\r\n")

    def part(end, total, extra=b""):
        def handler(request):
            begin = request.range_begin()
            span = f"bytes {begin}-{end - 1}/{total}"
            body = BODY[begin:end] + extra
            request.respond(206, body, etag='"v1"', content_range=span, content_length=None)

        return handler

    cases = (
        ("a short part of an unknown size", part(2_000_000, "*"), True),
        ("the rest of an unknown size", part(len(BODY), "*"), True),
        ("a part that is longer than its range", part(len(BODY), len(BODY), b"x" * 5000), True),
        ("a short part", part(2_000_000, len(BODY)), False),
    )
    with Media() as media:
        for i, (name, second, is_whole) in enumerate(cases):
            answers = [begins, second, whole(BODY) if is_whole else part(len(BODY), len(BODY))]
            url = SERVER.on("/unsized", lambda request, answers=answers: answers.pop(0)(request))
            done = media.run(make_task(url, number=i))
            stored = media.files().get(done.result["path"]) if done.result else None
            ok(done.status == DONE and stored == BODY, f"{name}: the whole file is stored", done)
            equal(SERVER.asked("/unsized")[-1].range_begin(), None if is_whole else 2_000_000,
                  f"{name}: the last request")


def test_two_runs():
    slow = Resumable(BODY, pause=0.02)
    with Media() as media:
        task = make_task(SERVER.on("/two", slow), md5=md5(BODY))
        first = media.start(task)
        until(lambda: os.path.exists(media.partial(task)), 20, 0.002)
        second = media.run(task)
        want = (GIVEN_BACK, "Another worker imports this file now.")
        equal((second.status, second.error), want, "a second run of a task is given back")
        first.communicate()
        equal(first.returncode, DONE, "and the first one ends well")


def test_old_parts():
    week = 8 * 86400
    with Media() as media:
        folder = os.path.join(media.path, ".partial")
        os.mkdir(folder)
        names = {
            "00000000-0000-4000-8000-000000000001": True,
            "00000000-0000-4000-8000-000000000001.state": True,
            "notes": False,
        }
        for name in names:
            with open(os.path.join(folder, name), "w"):
                pass
            then = time.time() - week
            os.utime(os.path.join(folder, name), (then, then))
        young = "00000000-0000-4000-8000-000000000002"
        with open(os.path.join(folder, young), "w"):
            pass
        media.run(make_task(SERVER.on("/old", whole(b"x"))))
        equal(media.partials(), sorted([young, "notes"]), "parts are removed after seven days")


if __name__ == "__main__":
    run([value for name, value in list(globals().items()) if name.startswith("test_")])
