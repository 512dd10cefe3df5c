"""An instance with somebody for every state of a credential, and a task of every dialect."""
import os

import access
from access import DIALECTS, Who, ask
from lib import SOURCE, Instance

_ALL = sorted(access.routes(os.path.join(SOURCE, "data", "openapi")), key=lambda one: one.name)
# Those that say themselves that they want no credential, and the rest.
OPEN = [route for route in _ALL if route.security == []]
ROUTES = [route for route in _ALL if route.security != []]
PASSWORD = "correct horse battery staple"


class Table(Instance):
    def __init__(self):
        super().__init__()
        self.secrets.append(PASSWORD)
        self.right = Who(
            self.token, (self.key, self.secret), (self.owner, self.owner_key), self.login("tester")
        )
        self.expired = self.who("tester", "expired", "--expires", "1")
        self.user("stranger", "elsewhere")
        self.foreign = self.who("stranger", "foreign")._replace(login=self.login("stranger"))
        self.having = {
            "read": self.narrow("reader", "read"),
            "write": self.narrow("writer", "write"),
        }
        self.revoked = self.who("tester", "revoked")
        self.ctl("token", "revoke", "revoked")
        self.ctl("key", "revoke", self.revoked.key[0])
        self.ctl("key", "revoke", self.revoked.owner[0])
        self.user("leaver", "demo")
        self.left = self.who("leaver", "left")._replace(login=self.login("leaver"))
        self.ctl("user", "revoke", "leaver")
        self.wrong = Who(
            "pt_" + "A" * 43, (self.key, "0" * 64), (self.owner, "0" * 64), "pt_" + "B" * 43
        )
        # Nothing of it may be in a refusal.
        self.hidden = ["tester", "demo", "stranger", "elsewhere", self.key, self.owner]
        self.ours = {dialect: self.values(dialect) for dialect in DIALECTS}
        self.connection = self.connect()

    def user(self, name, tenant, *args):
        self.ctl("user", "add", name, "--tenant", tenant, *args)

    def who(self, user, label, *args):
        owner = ("--id", os.urandom(16).hex())
        return Who(
            self.add_token(user, label, *args),
            self.add_key(user, *args),
            self.add_key(user, *owner, *args),
        )

    def narrow(self, name, right):
        """Tokens and keys with one right, of a user who has more; a login has those of its user."""
        self.user(name, "demo", "--rights", right)
        who = self.who("tester", name, "--rights", right)
        return who._replace(login=self.login(name))

    def login(self, user):
        self.ctl("password", "set", user, stdin=PASSWORD + "\n")
        form = f"grant_type=password&username={user}&password={PASSWORD.replace(' ', '+')}"
        token = self.request("POST", "/oauth/token", form, []).json()["access_token"]
        self.secrets.append(token)
        return token

    def values(self, dialect):
        """A new task of ours, as the variables of the routes that lead to it."""

        def made(template):
            route = next(r for r in ROUTES if (r.method, r.template) == ("POST", template))
            answer = self.request(
                "POST", access.address(route, item), route.body, self.head(route)
            )
            return answer.json()

        item = {"inventory_id": os.urandom(8).hex(), "product": "adbreaks", "version": "1.0.1"}
        if dialect == "virtshell":
            task = made("/api/virtshell/v1/tasks")["task_id"]
            return {"key": task, "uuid": task, "status": "pending"}
        if dialect == "vionlabs":
            made("/tasks/catalog-item/{inventory_id}/product/{product}/version/{version}")
            return item
        if dialect == "uplynk":
            point = made("/api/v4/managed-slicer/slicers/ingest-points")["id"]
            tasks = self.uplynk("GET", "/ingest-points/tasks").json()["items"]
            return {"ingest_point_id": point, "task_id": tasks[-1]["id"]}
        if dialect == "fourhse":
            return {"id": made("/v2/task/create")["task_id"]}
        if dialect == "idol":
            return {"id": made("/api/v2/import-tasks")["data"]["id"]}
        return {"id": made("/v1/tasks")["id"]}

    def head(self, route):
        kind = access.BODY_TYPES.get(route.dialect)
        return self.bearer() + ([("Content-Type", kind)] if kind else [])

    def ask(self, route, values, *args, **named):
        return ask(self, route, values, *args, connection=self.connection, **named)


def shared():
    if not shared.instance:
        shared.instance = Table()
    return shared.instance


shared.instance = None
