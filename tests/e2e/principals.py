"""Users and their credentials: polytaskctl's commands, and requests that use a credential."""
import functools
import json
import urllib.parse

from dialects import DIALECTS
from lib import Instance
from tap import ok

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def list_all(instance, what):
    """The entries of a list as dicts; checks that the text and the JSON have the same values in one order."""
    header, *rows = [line.split("\t") for line in instance.ctl(what, "list").splitlines()]
    objects = [json.loads(line) for line in instance.ctl(what, "list", "--json").splitlines()]
    same = len(rows) == len(objects) and all(
        len(row) == len(entry)
        and all(value is None or value == cell for value, cell in zip(entry.values(), row))
        for row, entry in zip(rows, objects)
    )
    same = same and rows == sorted(rows) and (not objects or header == list(objects[0]))
    ok(same, f"{what} list: text and JSON agree", f"{rows}\n{objects}")
    return objects


def states_of(instance, what, name):
    """The sorted states of the entries whose first column is the name."""
    return sorted(
        entry["state"] for entry in list_all(instance, what) if name == next(iter(entry.values()))
    )


def bearer(instance, token, dialect="virtshell"):
    """The status of a list with a bearer token."""
    answer = instance.request("GET", DIALECTS[dialect].list_path, None, instance.bearer(token))
    return answer.status


def signed(instance, key, secret):
    """The answer to a list with a VirtShell signature."""
    path = DIALECTS["virtshell"].list_path
    return instance.request("GET", path, None, instance.sign("GET", path, key=key, secret=secret))


def log_in(instance, user, password):
    form = urllib.parse.urlencode(dict(grant_type="password", username=user, password=password))
    answer = instance.request("POST", "/oauth/token", form, [])
    if answer.status == 200:
        instance.secrets.append(answer.json()["access_token"])
    return answer


def rotate_token(instance, label, *args):
    token = instance.ctl("token", "rotate", label, *args).strip()
    instance.secrets.append(token)
    return token


def rotate_key(instance, key, *args, stdin=None):
    lines = instance.ctl("key", "rotate", key, *args, stdin=stdin).splitlines()
    secret = dict(line.split(": ", 1) for line in lines)["secret"]
    instance.secrets.append(secret)
    return secret
