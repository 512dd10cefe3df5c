"""A dialect is its folder, one row of the list and its vectors: nothing else lists the dialects.

Reads the sources, and the configuration that nginx/generate wrote for the list with the made-up dialect of
tests/dialect/toybox/.
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("top_srcdir") or os.path.join(__file__, "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("top_builddir") or SOURCE)
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e"))

from tap import equal, ok, run, skip  # noqa: E402

# The files of every folder; a dialect may have more.
FILES = {
    "Makefile.inc",
    "README.md",
    "decode.c",
    "encode.c",
    "error.c",
    "model.c",
    "openapi.json",
    "sample.c",
    "tables.c",
}

# A protocol without tasks of its own needs fewer.
PROTOCOL_FILES = FILES - {"model.c", "sample.c"}

# Files outside the dialects' folders that name several dialects, with the reason. In tests only a file that
# names all of them counts: a test of three dialects is not a list.
ALLOWED = {
    "HACKING": "examples",
    "MOVING": "a client of each API",
    "NEWS": "history",
    "README": "says what Polytask is",
    "SECURITY": "evidence",
    "src/dialect/Makefile.inc": "one line per folder",
    "src/dialect/dialect.h": "the list",
    "src/auth/credential.h": "kinds of signatures",
    "src/polytaskctl.8": "examples",
    "src/polytaskd.8": "kinds of credentials, measured sizes",
    "src/sys/conf.c": "options of single dialects",
    "data/console/src/model/clientview.ts": "the request of each API that shows a task",
    "data/console/src/model/states.ts": "names for people",
    "data/try-out/clients.sh": "examples",
    "data/try-out/credentials.sh": "examples",
    "tests/admin/test_credentials.c": "the names that a credential can be limited to",
    "tests/auth/test_credentials.c": "the sources of credentials, one by one",
    "tests/bench/scale.py": "requests to measure",
    "tests/dialect/test_check.c": "a task per dialect",
    "tests/e2e/Makefile.inc": "a program per dialect",
    "tests/e2e/client.py": "a method per dialect",
    "tests/e2e/test_claim_dialects.py": "a client of each dialect",
    "tests/e2e/claim_racers.py": "a task of each dialect",
    "tests/e2e/test_key_limits.py": "a creation per dialect",
    "tests/serve/test_conditions.c": "the rows of each dialect that have a task",
    "tests/e2e/test_native_tasks.py": "the native view of a task of each dialect",
    "tests/e2e/test_moving_documents.py": "a client of each dialect",
    "tests/e2e/test_native_reports.py": "the view of each dialect's clients",
    "tests/e2e/test_native_values.py": "the dialects of indexed fields",
    "tests/e2e/test_moving_in.py": "a client of each dialect",
    "tests/e2e/test_login_addresses.py": "a request of each dialect",
    "tests/e2e/test_quota.py": "a creation per dialect",
    "tests/serve/test_clock_back.c": "the requests of each dialect",
    "tests/e2e/test_credential_scope.py": "walks the list, with cases of single dialects",
}


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def listed(macro="DIALECT_LIST"):
    """The names in a list of dialect.h."""
    body = re.search(rf"#define {macro}\(X\)(.*?)\n\n", read("src/dialect/dialect.h"), re.S).group(1)
    return re.findall(r"X\((\w+), \d+\)", body)


def folders_are_complete():
    protocols = listed("PROTOCOL_LIST")
    names = listed() + protocols
    ok(len(names) >= 6, "the list has dialects", names)
    folders = [
        name
        for name in sorted(os.listdir(os.path.join(SOURCE, "src", "dialect")))
        if os.path.isdir(os.path.join(SOURCE, "src", "dialect", name)) and name != ".deps"
    ]
    equal(folders, sorted(names), "a folder for each row of the lists")
    makefile = read("src/dialect/Makefile.inc")
    for path in [f"src/dialect/{name}" for name in names] + ["tests/dialect/toybox"]:
        name = os.path.basename(path)
        files = PROTOCOL_FILES if name in protocols else FILES
        missing = (files | {name + ".h"}) - set(os.listdir(os.path.join(SOURCE, path)))
        ok(not missing, f"{path} is complete", missing)
        vectors = os.path.join(SOURCE, "tests", "vectors", name)
        ok(os.path.isdir(vectors) and os.listdir(vectors), f"tests/vectors/{name} has vectors")
    for name in names:
        ok(f"include src/dialect/{name}/Makefile.inc" in makefile, f"{name}: its makefile is included")


def sources():
    """Every text file that could hold a list, as a path below the source tree."""
    skipped = {".git", "autom4te.cache", "build-aux", "node_modules", "vectors", "corpus", "openapi"}
    kinds = (".c", ".h", ".in", ".inc", ".py", ".sh", ".lua", ".am", ".ac", ".5", ".8", ".md", ".m4", ".ts", ".tsx")
    plain = {"README", "NEWS", "HACKING", "MOVING", "SECURITY", "bootstrap", "run"}
    for folder, folders, files in os.walk(SOURCE):
        relative = os.path.relpath(folder, SOURCE)
        folders[:] = [
            name
            for name in folders
            if name not in skipped
            and os.path.join(relative, name) not in ("./run", "./build")
            and not name.startswith(("build-", "polytask-"))
        ]
        for name in files:
            path = os.path.normpath(os.path.join(relative, name))
            if name in plain or (name.endswith(kinds) and not is_generated(path)):
                yield path


def is_generated(path):
    """Written by autoconf or make, if the build tree is the source tree."""
    names = ("Makefile.in", "config.h.in", "polytask.conf.5")
    return os.path.basename(path) in names or "polytask-dialects-" in path


def places(names):
    """Files outside the dialects' folders that name several dialects."""
    patterns = [re.compile(rf"(?<![a-z]){name}(?![a-z])", re.I) for name in names]
    for path in sources():
        if re.match(r"src/dialect/\w+/|tests/dialect/|tests/e2e/dialects/\w", path):
            continue
        count = sum(bool(pattern.search(read(path))) for pattern in patterns)
        is_test = path.startswith(("tests/", "data/console/tests/"))
        if count >= (len(names) if is_test else 3):
            yield path


def no_other_place_lists_dialects():
    """Fails and names the place if a file lists dialects instead of walking the list."""
    found = set(places(listed() + listed("PROTOCOL_LIST")))
    equal(sorted(found - set(ALLOWED)), [], "no other file lists dialects by name")
    console = read("data/console/src/model/states.ts")
    body = re.search(r"DIALECTS[^=]*= \{(.*?)\n\};", console, re.S).group(1)
    equal(sorted(re.findall(r"\b(\w+): \"", body)), sorted(listed()), "the console knows every dialect")
    missing = [path for path in ALLOWED if not os.path.exists(os.path.join(SOURCE, path))]
    equal(missing, [], "each exception exists")


def generated(part):
    path = os.path.join(BUILD, "tests", "dialect", f"polytask-dialects-{part}.conf.in")
    with open(path) as file:
        return file.read()


def configuration_is_generated():
    site, http = generated("site"), generated("http")
    for text, wanted in (
        (site, 'location /toybox/v1 {\n\tinclude "@CONF@/polytask-guard.conf";\n'),
        (site, "\tset $polytask_dialect toybox;\n\tif ($polytask_token_in_form)"),
        (site, 'location = /-/error/toybox {\n\tdefault_type "application/vnd.toybox+json";'),
        (site, 'location = /toybox-login {\n\tinclude "@CONF@/polytask-token.conf";'),
        (http, '"~^[^ ]+ (https?://[^/? ]+)?/toybox-login/?([? ]|$)" oauth;'),
        (http, '"~^[^ ]+ (https?://[^/? ]+)?/toybox/v1([/? ]|$)" toybox;'),
        (http, "\"toybox too-large\" '{\"oops\":\"The request is too large.\"}';"),
        (http, "\"toybox CredentialExpired\" '{\"oops\":\"This key is worn out.\"}';"),
        (http, "\"~^toybox \" '{\"oops\":\"This key opens no box.\"}';"),
        (http, "toybox0 $polytask_token_toybox_0;"),
        (http, "map $http_toy_token $polytask_token_toybox_2 {"),
        (http, "|toy-token)([=&]"),
        (http, "$http_toy_token"),
        (generated("errors"), "location = /-/error/toybox {"),
        (http, 'toybox "Authorization, Toy-Token, Accept, Prefer, Origin";'),
        (generated("authorize"), "fastcgi_param HTTP_TOY_TOKEN $http_toy_token;"),
        (generated("pass"), 'fastcgi_param HTTP_TOY_TOKEN "";'),
    ):
        ok(wanted in text, f"generated: {wanted.splitlines()[0]}", text[:2000])
    for part in ("site", "errors", "http", "authorize", "pass"):
        with open(os.path.join(BUILD, "nginx", f"polytask-dialects-{part}.conf.in")) as file:
            ok("toy" not in file.read().lower(), f"installed polytask-dialects-{part}: no toybox")


def fill(template, values, path):
    with open(template) as file, open(path, "w") as out:
        subprocess.run(
            ["sh", os.path.join(SOURCE, "data", "fill.sh")]
            + [f"{name}={value}" for name, value in values.items()],
            check=True,
            stdin=file,
            stdout=out,
        )


SERVER = """daemon off; pid HOME/pid; error_log HOME/error.log; events {}
http { access_log off; client_body_temp_path HOME/body; fastcgi_temp_path HOME/fastcgi;
proxy_temp_path HOME/proxy; scgi_temp_path HOME/scgi; uwsgi_temp_path HOME/uwsgi;
include HOME/polytask-hash.conf; include HOME/polytask-http.conf; server { listen unix:HOME/listen;
set $polytask_user ""; set $polytask_tenant ""; set $polytask_rights ""; set $polytask_reason "";
set $polytask_authorized_dialect ""; location = /-/authorize { internal; }
include HOME/polytask-dialects-site.conf; } }
"""


def nginx_accepts_the_configuration():
    nginx = os.environ.get("POLYTASK_NGINX", "")
    if not os.path.exists(nginx):
        skip("nginx -t", "nginx is not installed")
        return
    with tempfile.TemporaryDirectory() as home:
        values = {"SOCKET": home + "/s", "READ_SOCKET": home + "/r", "CACHE": home + "/cache"}
        values.update(RATE="1", CONF=home, ORIGINS="", NAMES="localhost", CONNECTIONS="1")
        for part in ("hash", "http", "guard", "app", "pass", "error", "headers", "authorize", "token"):
            name = f"polytask-{part}.conf"
            fill(os.path.join(SOURCE, "nginx", name + ".in"), values, os.path.join(home, name))
        for part in ("site", "http", "authorize", "pass"):
            name = f"polytask-dialects-{part}.conf"
            template = os.path.join(BUILD, "tests", "dialect", name + ".in")
            fill(template, values, os.path.join(home, name))
        with open(os.path.join(home, "nginx.conf"), "w") as conf:
            conf.write(SERVER.replace("HOME", home))
        done = subprocess.run(
            [nginx, "-t", "-p", home, "-e", home + "/error.log", "-c", home + "/nginx.conf"],
            capture_output=True,
            text=True,
        )
        ok(done.returncode == 0, "nginx -t", done.stderr)


run(
    (
        folders_are_complete,
        no_other_place_lists_dialects,
        configuration_is_generated,
        nginx_accepts_the_configuration,
    )
)
