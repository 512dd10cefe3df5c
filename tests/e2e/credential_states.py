"""An instance with credentials in every state (valid, wrong, expired, revoked, ...) and a task of
every dialect.
"""
import functools
import os

from dialects import DIALECTS
from dialects.credentials import Credentials
from lib import Instance
from routes import ROUTES, address, ask

PASSWORD = "correct horse battery staple"


class CredentialStates(Instance):
    def __init__(self):
        super().__init__()
        self.secrets.append(PASSWORD)
        self.valid = Credentials(
            self.token,
            (self.key, self.secret),
            (self.owner, self.owner_key),
            self.log_in("tester"),
        )
        self.expired = self.credentials("tester", "expired", "--expires", "1")
        self.add_user("stranger", "elsewhere")
        self.foreign = self.credentials("stranger", "foreign")._replace(
            login=self.log_in("stranger")
        )
        self.with_right = {
            "read": self.with_one_right("reader", "read"),
            "write": self.with_one_right("writer", "write"),
            "work": self.with_one_right("worker", "work"),
            "admin": self.with_one_right("administrator", "admin"),
        }
        self.revoked = self.credentials("tester", "revoked")
        self.ctl("token", "revoke", "revoked")
        self.ctl("key", "revoke", self.revoked.key[0])
        self.ctl("key", "revoke", self.revoked.owner[0])
        self.add_user("leaver", "demo")
        self.user_revoked = self.credentials("leaver", "left")._replace(
            login=self.log_in("leaver")
        )
        self.ctl("user", "revoke", "leaver")
        self.wrong = Credentials(
            "pt_" + "A" * 43, (self.key, "0" * 64), (self.owner, "0" * 64), "pt_" + "B" * 43
        )
        # No refusal may contain one of these.
        self.hidden = ["tester", "demo", "stranger", "elsewhere", self.key, self.owner]
        self.ours = {dialect: self.new_task(dialect) for dialect in DIALECTS}
        self.connection = self.connect()

    def add_user(self, name, tenant, *args):
        self.ctl("user", "add", name, "--tenant", tenant, *args)

    def credentials(self, user, label, *args):
        """A token and keys of both kinds."""
        owner = ("--id", os.urandom(16).hex())
        return Credentials(
            self.add_token(user, label, *args),
            self.add_key(user, *args),
            self.add_key(user, *owner, *args),
            user=user,
        )

    def with_one_right(self, name, right):
        """Credentials with one right; the login's token has the rights of its user."""
        self.add_user(name, "demo", "--rights", right)
        narrow = self.credentials("tester", name, "--rights", right)
        return narrow._replace(login=self.log_in(name))

    def log_in(self, user):
        self.ctl("password", "set", user, stdin=PASSWORD + "\n")
        form = f"grant_type=password&username={user}&password={PASSWORD.replace(' ', '+')}"
        token = self.request("POST", "/oauth/token", form, []).json()["access_token"]
        self.secrets.append(token)
        return token

    def new_task(self, dialect):
        """Makes a task and returns the variables of the routes that lead to it."""
        return DIALECTS[dialect].create(self)

    def post_route(self, template, **variables):
        """The JSON of the answer to a valid POST of a route."""
        route = next(r for r in ROUTES if (r.method, r.template) == ("POST", template))
        body_type = DIALECTS[route.dialect].body_type
        headers = self.bearer() + ([("Content-Type", body_type)] if body_type else [])
        return self.request("POST", address(route, variables), route.body, headers).json()

    def ask(self, route, values, *args, **named):
        return ask(self, route, values, *args, connection=self.connection, **named)


@functools.cache
def shared():
    return CredentialStates()
