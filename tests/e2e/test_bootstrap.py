"""`bootstrap run`: the printed commands work, credentials are kept, and refusals are clear."""
import os
import re
import signal
import socket
import subprocess
import time

from bootstrap_run import BOOTSTRAP, Run, check_console, environment
from lib import run_tests
from processes import child_pids, command_of, finish, free_port, make_directory
from tap import equal, ok, until

# The variables of demo.env.
NAMES = [
    "FOURHSE_TOKEN",
    "IDOL_PASSWORD",
    "IDOL_TOKEN",
    "IDOL_USER",
    "OTHER_TOKEN",
    "POLYTASK_CACERT",
    "POLYTASK_CURL",
    "POLYTASK_TOKEN",
    "POLYTASK_URL",
    "UPLYNK_KEY",
    "UPLYNK_OWNER",
    "VIONLABS_KEY",
    "VIRTSHELL_KEY",
    "VIRTSHELL_USER",
]

# Its last line.
EXPORT = "export POLYTASK_URL POLYTASK_CACERT POLYTASK_TOKEN"


def text_of(home):
    with open(os.path.join(home, "demo.env")) as env:
        return env.read()


def check_env(home):
    names = re.findall(r"^([A-Z_]+)='[^']+'$", text_of(home), re.M)
    equal(sorted(names), NAMES, "demo.env has the documented variables")
    equal(text_of(home).splitlines()[len(NAMES) :], [EXPORT], "demo.env exports those of workers")
    ok(
        re.search(r"^UPLYNK_OWNER='[0-9a-f]{32}'$", text_of(home), re.M),
        "UPLYNK_OWNER is 32 hexadecimal digits",
    )
    for name in ("demo.env", "demo.curl", "tls/key.pem"):
        equal(os.stat(os.path.join(home, name)).st_mode & 0o777, 0o600, f"{name} has mode 0600")


def check_printed_commands(run, text):
    check_console(run, text)
    pasted = text[text.index("  . ") : text.index("README")]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", pasted],
        capture_output=True,
        text=True,
        timeout=30,
        cwd="/",
    )
    equal(done.returncode, 0, "the printed commands succeed")
    ok(
        done.stdout.count('"create":"success"') == 1
        and done.stdout.count("clone virtual machine database_01") == 3,
        "the printed commands show the task",
        done,
    )
    equal(
        [line.count('"sucess"') for line in done.stdout.splitlines()],
        [0, 0, 1, 1],
        "the printed commands show the client's word for the end",
    )


def check_users(run):
    """nginx's workers are never root, and can do their work without entering the home."""
    pids = [pid for child in child_pids(run.process.pid) for pid in child_pids(child)]
    pids = [pid for pid in pids if "nginx: worker" in command_of(pid)]
    users = {os.stat(f"/proc/{pid}").st_uid for pid in pids}
    ok(users and 0 not in users, "nginx's workers are not root", users)
    calls = """
        . "$1"; tasks=$POLYTASK_URL/api/virtshell/v1/tasks/
        ask() { curl --noproxy '*' -K "$POLYTASK_CURL" -o /dev/null -w '%{http_code} ' "$@"; }
        ask "$POLYTASK_URL/v1/openapi/virtshell.json"
        head -c 300000 /dev/zero | ask --data-binary @- -H 'Content-Type: application/json' "$tasks"
    """
    env = f"{run.home}/demo.env"
    done = subprocess.run(["bash", "-c", calls, "bash", env], capture_output=True, text=True)
    equal(done.stdout.split(), ["200", "413"], "a file, and a body in a temporary file")


def check_second_instance(home, port):
    """Another start with the same directory, then with the same port."""
    other = subprocess.run(
        ["bash", BOOTSTRAP, "run", "--port", str(free_port()), "--home", home],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    ok(
        other.returncode == 1
        and "another instance uses" in other.stdout
        and "another instance is running" in other.stderr
        and other.stderr.count("\n") == 1,
        "another instance with the same directory: it waits, then one line, status 1",
        other,
    )
    other = subprocess.run(
        ["bash", BOOTSTRAP, "run", "--port", str(port), "--home", home + "2"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    ok(
        other.returncode == 1 and "in use" in other.stderr and other.stderr.count("\n") == 1,
        "a port in use: one line, status 1",
        other,
    )


def first_start(home):
    port = free_port()
    run = Run(home, port)
    try:
        text = run.wait()
        if not ok(
            f"\npolytask: ready on https://localhost:{port}\n" in "\n" + text,
            "prints that it is ready",
            text,
        ):
            return
        equal(run.process.poll(), None, "stays in the foreground")
        check_env(home)
        check_printed_commands(run, text)
        check_users(run)
        check_second_instance(home, port)
    finally:
        begun = time.monotonic()
        equal(finish(run.process, signal.SIGINT, 30), 0, "Ctrl-C: exit status 0")
        ok(time.monotonic() - begun < 10, "Ctrl-C: ends within 10 s")


def second_start(home, secrets):
    port = free_port()
    run = Run(home, port)
    try:
        ok(
            f"ready on https://localhost:{port}" in run.wait(),
            "a start with an existing directory",
            run.text(),
        )
        ok(set(secrets) <= set(text_of(home).splitlines()), "it keeps the credentials")
        done = subprocess.run(
            [
                "bash",
                "-c",
                f". '{home}/demo.env'; curl -K \"$POLYTASK_CURL\" --noproxy '*'"
                ' "$POLYTASK_URL/api/virtshell/v1/tasks/"',
            ],
            capture_output=True,
            text=True,
            timeout=30,
        )
        ok("clone virtual machine database_01" in done.stdout, "it keeps the tasks", done)
        # polytaskd is killed.
        daemon = [pid for pid in child_pids(run.process.pid) if "polytaskd" in command_of(pid)]
        os.kill(daemon[0], signal.SIGKILL)
        run.process.wait(30)
        equal(run.process.returncode, 1, "polytaskd killed: exit status 1")
        last = run.text().splitlines()[-1]
        ok(last.startswith("polytask: polytaskd ended; see"), "polytaskd killed: one line names the log", last)
    finally:
        finish(run.process, signal.SIGTERM, 30)


def first_and_second_start():
    home = os.path.join(make_directory("polytask-run-"), "a path", "run")
    os.mkdir(os.path.dirname(home))
    first_start(home)
    secrets = [
        line
        for line in text_of(home).splitlines()
        if not line.startswith(("POLYTASK_URL", "POLYTASK_CACERT", "POLYTASK_CURL", "export "))
    ]
    second_start(home, secrets)
    for log in os.listdir(os.path.join(home, "log")):
        with open(os.path.join(home, "log", log), errors="replace") as text:
            content = text.read()
            ok(
                not any(
                    line.split("'")[1] in content
                    for line in secrets
                    if "KEY" in line or "TOKEN" in line or "PASSWORD" in line
                ),
                f"no secret in {log}",
            )


def old_credentials():
    """A demo.env of an older version keeps its variables and gets the missing ones; all are valid."""
    home, port = os.path.join(make_directory("polytask-run-"), "run"), free_port()
    run = Run(home, port)
    ok("ready on" in run.wait(), "the first start", run.text())
    equal(finish(run.process, signal.SIGTERM, 30), 0, "SIGTERM: exit status 0")
    kept = [
        line
        for line in text_of(home).splitlines()
        if line.startswith(("POLYTASK_TOKEN", "VIRTSHELL", "UPLYNK_KEY"))
    ]
    with open(os.path.join(home, "demo.env"), "w") as env:
        env.write("\n".join(kept) + "\nFOURHSE_TOKEN=\n")
    run = Run(home, port)
    try:
        ok("ready on" in run.wait(), "the second start", run.text())
        *made, export = text_of(home).splitlines()
        equal(export, EXPORT, "demo.env has one line that exports")
        equal(
            sorted(line.split("=")[0] for line in made),
            NAMES,
            "demo.env gets the missing variables",
        )
        ok(set(kept[:3]) <= set(made), "demo.env keeps complete variables", made)
        ok(kept[3] not in made, "demo.env replaces an incomplete key", made)
        calls = """
            . "$1"
            ask() {
                curl -s -o /dev/null -w '%{http_code} ' --noproxy '*' \\
                    --cacert "$POLYTASK_CACERT" "$@"
            }
            ask "$POLYTASK_URL/tasks/catalog-item/x?key=$VIONLABS_KEY"
            ask "$POLYTASK_URL/v2/task/none?access-token=$FOURHSE_TOKEN"
            ask -H "Authorization: Bearer $IDOL_TOKEN" "$POLYTASK_URL/api/v2/none"
            ask -H "Authorization: Bearer $OTHER_TOKEN" "$POLYTASK_URL/api/virtshell/v1/tasks/"
            ask -d grant_type=password -d "username=$IDOL_USER" -d "password=$IDOL_PASSWORD" \\
                "$POLYTASK_URL/oauth/token"
        """
        done = subprocess.run(
            ["bash", "-euc", calls, "bash", os.path.join(home, "demo.env")],
            capture_output=True,
            text=True,
            timeout=30,
        )
        ok(
            len(done.stdout.split()) == 5
            and done.stdout.split()[4] == "200"
            and not {"401", "403", "503"} & set(done.stdout.split()),
            "all credentials are accepted",
            done,
        )
    finally:
        equal(finish(run.process, signal.SIGTERM, 30), 0, "SIGTERM: exit status 0")


def rotated_logs():
    """A log that has become too large is kept as a second file, and its program goes on with an empty one."""
    home = os.path.join(make_directory("polytask-run-"), "run")
    run = Run(home, free_port(), POLYTASK_LOG_BYTES="20000", POLYTASK_LOG_SECONDS="0.2")
    ok("ready on" in run.wait(), "the start", run.text())
    logs = [f"{home}/log/{name}.log" for name in ("polytaskd", "nginx-access")]
    ask = """
        . "$1/demo.env"
        for number in {1..100}; do urls+=("$POLYTASK_URL/v1/tasks/$number"); done
        curl -s -o /dev/null --noproxy '*' -K "$POLYTASK_CURL" "${urls[@]}"
    """

    def asked():
        subprocess.run(["bash", "-c", ask, "bash", home], stdout=subprocess.DEVNULL, timeout=30)
        return all(os.path.exists(log + ".1") for log in logs)

    ok(until(asked, 30), "the logs are rotated")
    asked()
    for log in logs:
        with open(log, "rb") as text:
            content = text.read()
        ok(content.startswith(b"{") or not content, "a rotated log has no hole", content[:100])
        ok(until(lambda: os.path.getsize(log) < 20000, 10), "it has become small")
        ok(os.path.getsize(log + ".1") > 20000, "the second file has its older part")
    equal(finish(run.process, signal.SIGTERM, 30), 0, "SIGTERM: exit status 0")


def refusals():
    def bootstrap(*args):
        return subprocess.run(
            ["bash", BOOTSTRAP, *args],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
        )

    for args in (
        ("fly",),
        ("run", "--fly"),
        ("run", "--port"),
        ("run", "--port", "x"),
        ("run", "--port", "70000"),
        ("run", "--port", "0"),
        ("run", "--home", ""),
        ("check", "all"),
    ):
        done = bootstrap(*args)
        ok(
            done.returncode == 2
            and done.stderr.startswith("polytask: ")
            and done.stderr.splitlines()[1].startswith("usage:"),
            " ".join(args) + ": says what is wrong, then the usage",
            done,
        )
    equal(bootstrap("--help").returncode, 0, "--help: status 0")
    parent = make_directory("polytask-run-")
    with open(os.path.join(parent, "file"), "w"):
        pass
    for home in (os.path.join(parent, "file"), "/proc/polytask", os.path.join(parent, "a;b")):
        done = bootstrap("run", "--port", str(free_port()), "--home", home)
        ok(
            done.returncode == 1
            and done.stderr.startswith("polytask: ")
            and done.stderr.count("\n") == 1,
            f"{os.path.basename(home)}: an unusable directory: one line, status 1",
            done,
        )
    equal(os.listdir(parent), ["file"], "an unusable directory is not created")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        done = bootstrap(
            "run", "--port", str(taken.getsockname()[1]), "--home", os.path.join(parent, "a")
        )
        ok(
            done.returncode == 1 and "in use" in done.stderr and done.stderr.count("\n") == 1,
            "a port of another program: one line, status 1",
            done,
        )
    deep = os.path.join(parent, "d" * 60, "e" * 60)
    run = Run(deep, free_port()) if os.makedirs(os.path.dirname(deep)) is None else None
    ok(
        "ready on" in run.wait()
        # As root the sockets are never in the home.
        and (os.geteuid() == 0 or "too long for sockets" in run.text()),
        "a long path: starts, with a note about sockets unless root",
        run.text(),
    )
    with open(os.path.join(deep, "polytask.conf")) as conf:
        regions = re.search("^regions = (.*)", conf.read(), re.M).group(1)
    ok(os.path.isdir(regions), "a long path: the regions exist in memory")
    equal(finish(run.process, signal.SIGTERM, 30), 0, "SIGTERM: exit status 0")
    ok(not os.path.exists(os.path.dirname(regions)), "SIGTERM removes the regions")


run_tests(
    first_and_second_start,
    old_credentials,
    rotated_logs,
    refusals,
    needs=("nginx", "curl", "openssl", "setpriv", "flock"),
)
