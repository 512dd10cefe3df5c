"""Credentials limited to dialects, and the user to whom a task is attributed."""
from dialects import DIALECTS, fourhse, native, uplynk, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from lib import run_tests
from principals import bearer, shared, signed
from tap import equal, ok


def dialects():
    """A credential limited to some dialects is authenticated by all and authorized by those."""
    instance = shared()
    token = instance.add_token("tester", "limited", "--dialects", "virtshell,idol")
    everywhere = instance.add_token("tester", "unlimited")
    for dialect in DIALECTS:
        wanted = {200} if dialect in ("virtshell", "idol") else {403}
        answer = instance.request("GET", DIALECTS[dialect].list_path, None, instance.bearer(token))
        ok(
            {answer.status} == wanted,
            f"{dialect}: status with a token for virtshell and idol",
            answer,
        )
        if answer.status == 403:
            challenge = DIALECTS[dialect].scope_challenge
            equal(
                answer.headers["WWW-Authenticate"],
                challenge and challenge % "read",
                f"{dialect}: the challenge of a 403",
            )
            equal(
                answer.headers["Content-Type"],
                instance.request(
                    "GET",
                    DIALECTS[dialect].list_path + "/none/at/all",
                    None,
                    instance.bearer(everywhere),
                ).headers["Content-Type"],
                f"{dialect}: 403 in its own format",
            )
        ok(
            bearer(instance, everywhere, dialect) in (200, 404),
            f"{dialect}: an unlimited token is accepted",
        )
    ok(
        instance.vionlabs("GET", "/none", key=token).status == 403,
        "vionlabs: the token in the query is refused as well",
    )
    answer = instance.post("/tasks", {"log": "x"}, instance.bearer(token))
    equal(answer.status, 200, "a limited token may write to its dialect")
    key, secret = instance.add_key("tester", "--id", "a" * 32, "--dialects", "uplynk")
    answer = signed(instance, key, secret)
    equal(
        (answer.status, answer.body),
        (403, b'{"error":"The credential does not allow this."}'),
        "a key limited to uplynk: VirtShell's signatures get 403",
    )
    msg, sig = uplynk_message(key, secret)
    instance.secrets += [msg, sig]
    answer = instance.request(
        "GET", with_query(DIALECTS["uplynk"].list_path, msg=msg, sig=sig), None, []
    )
    equal(answer.status, 200, "a key limited to uplynk: Uplynk's messages are accepted")


def created_by():
    """created_by is the user of the credential, whatever the body or the id of the key says."""
    instance = shared()
    maker = instance.ctl("user", "add", "maker", "--tenant", "makers").strip()
    token = instance.add_token("maker", "of-maker")
    key, secret = instance.add_key("maker", "--id", "b" * 32)
    listed = instance.bearer(token)

    def made_by():
        answer = instance.request("GET", native.PREFIX + "/tasks", None, listed)
        return {(task["dialect"], task["created_by"]) for task in answer.json()["items"]}

    answer = instance.request(
        "POST",
        virtshell.PREFIX + "/tasks",
        {"description": "x", "created": {"at": "1", "by": "another user"}},
        instance.sign("POST", virtshell.PREFIX + "/tasks", key=key, secret=secret),
    )
    equal(answer.status, 200, "VirtShell: signed POST")
    task = instance.request("GET", virtshell.PREFIX + "/tasks", None, listed).json()["tasks"][0]
    equal(task["created"]["by"], maker, "VirtShell: created.by is the user")
    msg, sig = uplynk_message(key, secret)
    instance.secrets += [msg, sig]
    answer = instance.request(
        "POST",
        with_query(uplynk.PREFIX + "/slicers/ingest-points", msg=msg, sig=sig),
        {
            "endpoint_name": "p",
            "server_region_id": "us-east-1",
            "stream_type_name": "SRT",
            "desc": "x",
        },
        [],
    )
    ok(answer.status in (200, 201), "Uplynk: signed POST of an ingest point", answer)
    body = [("Content-Type", "application/json")]
    answer = instance.request(
        "POST", fourhse.PREFIX + "/create", {"handler": "h"}, instance.bearer(token) + body
    )
    equal(
        (answer.status, answer.json()["user_id"]),
        (201, maker),
        "4HSE: user_id is the user by default",
    )
    answer = instance.request(
        "POST",
        fourhse.PREFIX + "/create",
        {"handler": "h", "user_id": "x"},
        instance.bearer(token) + body,
    )
    equal(
        (answer.status, answer.json()["user_id"]), (201, "x"), "4HSE: a user_id in the body is kept"
    )
    equal(
        made_by(),
        {("virtshell", maker), ("uplynk", maker), ("fourhse", maker)},
        "native: created_by is the user for tasks of all dialects",
    )


def ending():
    shared().stop("shared instance")


run_tests(dialects, created_by, ending)
