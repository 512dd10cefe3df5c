"""polytask-import against hostile clients and servers: addresses, redirects, names, links, headers, TLS."""
import os
import socket
import time

from certificate_authority import Authority
from file_server import FileServer, redirect, whole
from import_program import AGAIN, DONE, FAILED, GIVEN_BACK, LOOPBACK, Media, make_task, md5
from tap import equal, ok, run, skip

BODY = os.urandom(300_000)
SERVER = FileServer()
# Only the first address of the loopback network is allowed here.
ONE = ("--allow-network", "127.0.0.1/32")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_addresses():
    SERVER.on("/inside", whole(b"secret"))
    hosts = [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "localhost",
        "0.0.0.0", "0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[::1]", "[::127.0.0.1]",
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "[fe80::1]",
        "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "224.0.0.1", "192.0.2.1",
        "127.0.0.1.", "%31%32%37.0.0.1",
    ]
    with Media() as media:
        for host in hosts:
            done = media.run(make_task(f"http://{host}:{SERVER.port}/inside"), networks=())
            ok(done.status in (FAILED, AGAIN) and not done.out, f"not fetched: {host}", done)
            if done.status == FAILED and "not valid" not in done.error:
                ok("is not allowed" in done.error, f"the sentence says so: {host}", done)
        equal(SERVER.asked("/inside"), [], "no request was made")
        done = media.run(make_task(f"http://127.0.0.1:{SERVER.port}/inside"), networks=())
        want = (FAILED, "The address of 127.0.0.1 is not allowed.")
        equal((done.status, done.error), want, "the failure is final")
        for host in ("127.1", "[::ffff:127.0.0.1]", "localhost"):
            done = media.run(make_task(f"http://{host}:{SERVER.port}/inside"), networks=ONE)
            equal(done.status, DONE, f"fetched from an allowed network: {host}")


def test_urls():
    refused = (
        "ftp://127.0.0.1/a", "file:///etc/passwd", "gopher://127.0.0.1/", "data:text/plain,x",
        "FILE:///etc/passwd", "scp://127.0.0.1/a", "javascript:alert(1)", "127.0.0.1/a", "/etc/passwd",
        "http://", "http://127.0.0.1:99999/", "http://127.0.0.1\r\nX: y/",
        "http://a b/", "http://127.0.0.1/\x01", "http://[::1/", "http://exa\x00mple/", "x" * 9000,
    )
    with Media() as media:
        for url in refused:
            done = media.run(make_task(url))
            ok(done.status == FAILED and done.error, f"not a URL to fetch: {url[:40]!r}", done)
        path = "/with%20space/%c3%bc.wav"
        SERVER.on(path, whole(BODY))
        done = media.run(make_task(f"{SERVER.url}/with space/ü.wav#part"))
        equal((done.status, done.result and done.result["path"]), (DONE, "tracks/12/7-__.wav"),
              "characters that a URL must encode are encoded")


def test_redirects():
    inside = FileServer("127.0.0.2")
    inside.on("/inside", whole(b"secret"))
    targets = [
        inside.url + "/inside", "http://169.254.169.254/latest/meta-data/", "http://2130706434/",
        "http://0x7f.2/", "http://[::1]/", f"//127.0.0.2:{inside.port}/inside", "http://10.0.0.1/",
        "http://[::ffff:127.0.0.2]/",
    ]
    with Media() as media:
        for i, target in enumerate(targets):
            done = media.run(make_task(SERVER.on(f"/private-{i}", redirect(target))), networks=ONE)
            want = (FAILED, "A redirect to a private address is not allowed.")
            equal((done.status, done.error), want, f"a redirect to {target} is refused")
        equal(inside.requests, [], "no request was made")
        for i, target in enumerate(("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/")):
            done = media.run(make_task(SERVER.on(f"/scheme-{i}", redirect(target))))
            want = (FAILED, "A redirect to anything but http and https is not allowed.")
            equal((done.status, done.error), want, f"so is one to {target}")
        SERVER.on("/target", whole(BODY))
        for number in (301, 302, 303, 307, 308):
            url = SERVER.on(f"/from-{number}/name.wav", redirect("/target", number))
            done = media.run(make_task(url, number=number, md5=md5(BODY)))
            equal(done.result and done.result["path"], f"tracks/12/{number}-name.wav",
                  f"{number} is followed, and the file is named after the task's url")
        url = SERVER.on("/loop", redirect("/loop"))
        done = media.run(make_task(url))
        want = (FAILED, "There are more than 5 redirects.")
        equal((done.status, done.error), want, "a loop ends")
        equal(len(SERVER.asked("/loop")), 6, "after five redirects")
        for i in range(5):
            SERVER.on(f"/chain-{i}", redirect(f"/chain-{i + 1}"))
        SERVER.on("/chain-5", whole(BODY))
        equal(media.run(make_task(SERVER.url + "/chain-0")).status, DONE, "five are followed")
        for i, target in enumerate(("http://", "http://[", "", "http://127.0.0.1:99999/")):
            done = media.run(make_task(SERVER.on(f"/bad-{i}", redirect(target))))
            ok(done.status in (FAILED, AGAIN), f"a bad target: {target!r}", done)
    inside.close()


def test_passwords():
    other = FileServer("127.0.0.2")
    other.on("/target", whole(BODY))
    SERVER.on("/target", whole(BODY))
    basic = "Basic dXNlcjpzM2NyZXQ="

    def url_of(path):
        return SERVER.url.replace("http://", "http://user:s3cret@") + path

    with Media() as media:
        SERVER.on("/password", redirect("/target"))
        done = media.run(make_task(url_of("/password")))
        sent = [request.headers.get("authorization") for request in SERVER.requests[-2:]]
        equal((done.status, sent), (DONE, [basic, basic]), "a password goes to its own host")
        SERVER.on("/away", redirect(other.url + "/target"))
        done = media.run(make_task(url_of("/away")))
        sent = other.requests[-1].headers.get("authorization")
        equal((done.status, sent), (DONE, None), "and not to another one after a redirect")
        SERVER.on("/given", redirect(other.url.replace("http://", "http://u:p@") + "/target"))
        done = media.run(make_task(SERVER.url + "/given"))
        want = (FAILED, "A redirect to another host with a password is not allowed.")
        equal((done.status, done.error), want, "a redirect cannot set one")
        for path in ("/missing", "/away"):
            done = media.run(make_task(url_of(path)), "--max-bytes", "10")
            ok("s3cret" not in " ".join(done.lines), "no message has the password", done)
    other.close()


def test_environment():
    """Proxies, .netrc and .curlrc of the user who runs the worker have no effect."""
    proxy = FileServer()
    with Media() as media:
        with open(os.path.join(media.around, ".netrc"), "w") as netrc:
            netrc.write("machine 127.0.0.1 login user password s3cret\n")
        with open(os.path.join(media.around, ".curlrc"), "w") as curlrc:
            curlrc.write(f"proxy = {proxy.url}\n")
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")
        environment = {"HOME": media.around, **{name: proxy.url for name in names}}
        done = media.run(make_task(SERVER.on("/direct", whole(BODY))), environment=environment)
        equal(done.status, DONE, "the file is fetched")
        equal(proxy.requests, [], "without the proxy")
        equal(SERVER.asked("/direct")[0].headers.get("authorization"), None, "and without .netrc")
    proxy.close()


def test_names():
    cases = (
        ("/..%2f..%2f..%2fetc%2fpasswd", "_.__.._.._etc_passwd"),
        ("/%00%0a%1b[31m", "____31m"),
        ("/.htaccess", "_htaccess"),
        ("/%2e%2e", "_."),
        ("/folder/", "file"),
        ("/a%5cb;rm%20-rf%20$HOME`id`", "a_b_rm_-rf__HOME_id_"),
        ("/" + "x" * 300 + ".wav", "x" * 96 + ".wav"),
        ("/-rf", "_rf"),
    )
    with Media() as media:
        for path, name in cases:
            url = SERVER.on(path, whole(path.encode()))
            done = media.run(make_task(url, number=3, attachable=("tracks", path[:3])))
            path_of = done.result["path"] if done.result else ""
            ok(done.status == DONE and path_of.count("/") == 2, f"stored: {path[:40]}", done)
            if path != cases[0][0]:
                equal(path_of.split("/")[-1], "3-" + name, f"as {name[:40]}")
            ok(all(c.isalnum() or c in "._-/" for c in path_of), "of plain characters", path_of)
        for ident in ("..", ".", "../../x", "a/b", "/etc", "\n", "ü", ".partial", " ", "x" * 64, "-rf"):
            url = SERVER.on("/id", whole(ident.encode()))
            done = media.run(make_task(url, number=4, attachable=(ident, ident)))
            ok(done.status == DONE, f"stored for an attachable {ident[:10]!r}", done)
            parts = done.result["path"].split("/") if done.result else [""]
            ok(all(part and part[0] not in ".-" for part in parts),
               "in folders that are seen and no options", done)
        equal(os.listdir(media.around), ["media"], "nothing is outside of the folder")


def test_links():
    """Another user of the folder has put links where the program writes."""
    task = make_task(SERVER.on("/link", whole(BODY)), number=5)

    def attempt(name, prepare, want):
        with Media() as media:
            outside = os.path.join(media.around, "outside")
            os.mkdir(outside)
            victim = os.path.join(outside, "victim")
            with open(victim, "w") as file:
                file.write("old")
            prepare(media, outside, victim)
            done = media.run(task)
            equal(done.status, want, f"{name}: the exit status")
            with open(victim) as file:
                equal(file.read(), "old", f"{name}: the file outside stays as it was")
            equal(os.listdir(outside), ["victim"], f"{name}: nothing is written there")
            return done

    def make(media, *parts):
        path = os.path.join(media.path, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    attempt("a link as .partial", lambda m, o, v: os.symlink(o, make(m, ".partial")), GIVEN_BACK)
    attempt("a link as type", lambda m, o, v: os.symlink(o, make(m, "tracks")), GIVEN_BACK)
    attempt("a link as id", lambda m, o, v: os.symlink(o, make(m, "tracks", "12")), GIVEN_BACK)

    def part_link(media, outside, victim):
        os.makedirs(os.path.dirname(media.partial(task)))
        os.symlink(victim, media.partial(task))

    def state_link(media, outside, victim):
        os.makedirs(os.path.dirname(media.partial(task)))
        os.symlink(victim, media.partial(task, ".state"))

    def hard_link(media, outside, victim):
        os.makedirs(os.path.dirname(media.partial(task)))
        os.link(victim, media.partial(task))

    def pipe(media, outside, victim):
        os.makedirs(os.path.dirname(media.partial(task)))
        os.mkfifo(media.partial(task))

    attempt("a link as the part", part_link, GIVEN_BACK)
    attempt("a link as the state", state_link, DONE)
    attempt("a second name as the part", hard_link, DONE)
    attempt("a pipe as the part", pipe, GIVEN_BACK)
    done = attempt("a link as the file", lambda m, o, v: os.symlink(v, make(m, "tracks", "12", "5-link")), DONE)
    equal(done.result["path"], "tracks/12/5-link-2", "the file has another name then")


def test_headers():
    def endless(request):
        request.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            request.send(b"X-Field: " + b"x" * 1000 + b"\r\n")

    def endless_line(request):
        request.send(b"HTTP/1.1 200 OK\r\nX-Field: ")
        while True:
            request.send(b"x" * 65536)

    def interim(request):
        while True:
            request.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")

    def slow(request):
        request.send(b"HTTP/1.1 200 OK\r\nX-Field: ")
        while True:
            request.send(b"x")
            time.sleep(0.2)

    def trailers(request):
        request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
        while True:
            request.send(b"X-Field: " + b"x" * 1000 + b"\r\n")

    def http09(request):
        request.send(b"hello")

    def two_lengths(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\nhello")

    def negative(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")

    def overflow(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello")

    def bad_chunk(request):
        request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")

    def nothing(request):
        pass

    hostile = (endless, endless_line, interim, slow, trailers, http09, two_lengths, bad_chunk, nothing)
    with Media() as media:
        for handler in (*hostile, negative, overflow):
            url = SERVER.on("/header-" + handler.__name__, handler)
            begin = time.monotonic()
            done = media.run(make_task(url, md5=md5(b"x")), "--stall-seconds", "2")
            ok(done.status in (AGAIN, FAILED) and len(done.lines) < 10, f"fails: {handler.__name__}", done)
            ok(time.monotonic() - begin < 15, "in time")
            if handler in (endless, endless_line, interim, trailers):
                want = (FAILED, "The header of the response is too large.")
                equal((done.status, done.error), want, f"{handler.__name__}: for good")
            else:
                equal(done.status, AGAIN, f"{handler.__name__}: a further attempt may succeed")
        equal(media.files(), {}, "no file is stored")


def test_lengths():
    """A file whose end depends on which length is believed is not stored."""
    fields = (
        ("2^63", b"Content-Length: 9223372036854775808\r\n"),
        ("20 digits", b"Content-Length: 99999999999999999999\r\n"),
        ("two numbers", b"Content-Length: 5, 3\r\n"),
        ("a number and text", b"Content-Length: 5x\r\n"),
        ("two fields", b"Content-Length: 5\r\nContent-Length: 3\r\n"),
        ("two fields, the larger one last", b"Content-Length: 3\r\nContent-Length: 5\r\n"),
    )
    with Media() as media:
        for name, field in fields:
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + field + b"\r\n"
            url = SERVER.on("/length", lambda request, head=head: request.send(head + b"hello"))
            done = media.run(make_task(url))
            want = (AGAIN, "The Content-Length of the response is wrong.")
            equal((done.status, done.error), want, f"a length that is wrong: {name}")
        equal((media.files(), media.partials()), ({}, []), "nothing is stored")


def test_tls():
    with Media() as media:
        folders = [os.path.join(media.around, name) for name in ("ours", "theirs")]
        for folder in folders:
            os.mkdir(folder)
        authority, stranger = map(Authority, folders)
        cert, key = (os.path.join(media.around, name) for name in ("cert.pem", "key.pem"))
        authority.issue(cert, key)
        server = FileServer(cert=cert, key=key)
        server.on("/a", whole(BODY))
        done = media.run(make_task(server.url + "/a", md5=md5(BODY)), "--ca", authority.cert)
        equal(done.status, DONE, "a certificate of --ca is valid")
        want = (AGAIN, "The certificate of 127.0.0.1 is not valid.")
        for name, options in (("no --ca", ()), ("another --ca", ("--ca", stranger.cert))):
            done = media.run(make_task(server.url + "/a"), *options)
            equal((done.status, done.error), want, f"with {name} it is not")
        done = media.run(make_task(f"https://127.0.0.2:{server.port}/a"), "--ca", authority.cert)
        ok(done.status == AGAIN, "nor for another host", done)
        done = media.run(make_task(server.url + "/a"), "--ca", "/nonexistent")
        equal(done.status, GIVEN_BACK, "a file of --ca that is missing gives the task back")
        server.on("/down", redirect(SERVER.url + "/target"))
        done = media.run(make_task(server.url + "/down"), "--ca", authority.cert)
        want = (FAILED, "A redirect from https to http is not allowed.")
        equal((done.status, done.error), want, "https is not left for http")
        SERVER.on("/up", redirect(server.url + "/a"))
        done = media.run(make_task(SERVER.url + "/up"), "--ca", authority.cert)
        equal(done.status, DONE, "a redirect from http to https is followed")
        done = media.run(make_task(SERVER.url.replace("http:", "https:") + "/a"))
        ok(done.status == AGAIN, "a server without TLS may be tried again", done)
        server.close()


def test_ipv6():
    if not has_ipv6():
        skip("IPv6", "there is no ::1")
        return
    server = FileServer("::1")
    url = server.on("/a", whole(BODY))
    with Media() as media:
        done = media.run(make_task(url))
        equal(done.status, FAILED, "::1 is not allowed by 127.0.0.0/8")
        done = media.run(make_task(url), networks=("--allow-network", "::1"))
        equal(done.status, DONE, "but by its own network")
        done = media.run(make_task(f"http://localhost:{server.port}/a"), networks=LOOPBACK)
        ok(done.status in (AGAIN, FAILED), "a name with both has no connection to the other", done)
    server.close()


if __name__ == "__main__":
    run([value for name, value in list(globals().items()) if name.startswith("test_")])
