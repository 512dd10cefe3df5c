"""Users whose names are e-mail addresses: commands, logins, logs, export and import."""
import json

from lib import Instance, run_tests
from principals import list_all, log_in
from tap import equal, ok

PASSWORD = "a password of eight bytes"
NAMES = ["o'brien+x@example.com", "jane+label@example.com", "jürgen%20&{x}|`@müller.example"]
REFUSED = ["a b", "a:b", "a,b", 'a"b', "a\\b", "e\u0301", "a\u200b", "x" * 255]


def log_in_as(instance, name):
    return log_in(instance, name, PASSWORD).status


def addresses():
    """The name of a user may be an e-mail address; its case does not matter."""
    instance = Instance()
    instance.secrets.append(PASSWORD)
    for name in NAMES:
        instance.ctl("user", "add", name, "--tenant", "demo")
        instance.ctl("password", "set", name, stdin=PASSWORD + "\n")
        equal(log_in_as(instance, name), 200, f"{name} can log in")
        equal(log_in_as(instance, name.upper().replace("Ü", "ü")), 200, f"{name}: in capitals")
        done = instance.ctl_run("user", "add", name.title().replace("Ü", "ü"))
        ok(done.returncode == 6 and "already exists" in done.stderr, f"{name} is unique", done)
        token = instance.add_token(name.upper().replace("Ü", "ü"), "of " + name[:5])
        answer = instance.get("/tasks", instance.bearer(token))
        equal(answer.status, 200, f"{name}: a token is accepted")
    listed = {entry["name"] for entry in list_all(instance, "user")}
    ok(set(NAMES) <= listed, "user list has the names", listed)
    for name in REFUSED:
        done = instance.ctl_run("user", "add", name)
        ok(
            done.returncode != 0 and "a user name is 1 to 254 bytes" in done.stderr,
            f"{name[:9]!r} is no name",
            done,
        )
        equal(log_in_as(instance, name), 400, f"{name[:9]!r}: no login")
    with open(instance.log_path) as log:
        logged = [json.loads(line) for line in log]
    ok(any(line.get("name") == NAMES[0] for line in logged), "a login is logged with the name")
    move(instance)
    instance.stop()


def move(instance):
    """Export and import keep the names, and refuse others."""
    exported = instance.ctl("export", "--all")
    copy = Instance(autostart=False, compared=False)
    copy.secrets += instance.secrets
    done = copy.ctl_run("import", "--new-tenants", stdin=exported)
    equal((done.returncode, done.stderr), (0, ""), "the export is imported")
    ok(set(NAMES) <= {entry["name"] for entry in list_all(copy, "user")}, "with all names")
    for name, sentence in (("T\u0301", "must be the name of a user"), ("TESTER", "in its case only")):
        done = copy.ctl_run("import", "--partial", stdin=rename(exported, "tester", name))
        ok(done.returncode == 1 and sentence in done.stderr, f"{name!r}: {sentence}", done)
    copy.stop()


def rename(exported, old, new):
    """The export with another name of a user."""
    import base64

    def encode(text):
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return exported.replace(
        f'{{"table":"users","key":"{encode(old)}"', f'{{"table":"users","key":"{encode(new)}"'
    )


run_tests(addresses)
