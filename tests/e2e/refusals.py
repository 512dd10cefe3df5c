"""Compares the refusal of a credential with the one that its dialect's module describes."""
import collections
import re

import caching
from dialects import DIALECTS

Refusal = collections.namedtuple("Refusal", "status body media challenge")


def refusal(dialect, status, sentence, challenge=None):
    body = DIALECTS[dialect].refusal_body(status, sentence)
    return Refusal(status, body, DIALECTS[dialect].media_type, challenge)


def unauthenticated(dialect, reason, kind="token"):
    """The refusal of a missing or invalid credential, by reason and by kind of credential."""
    known = DIALECTS[dialect]
    sentences = known.credential_sentences
    sentence = sentences.get(f"{reason} {kind}") or sentences.get(reason) or sentences["wrong"]
    challenge = known.challenges.get(reason, known.challenge)
    if reason == "absent" and known.bare_challenge:
        challenge = known.bare_challenge
    if challenge and "%s" in challenge:
        challenge %= sentence
    return refusal(dialect, known.unauthenticated, sentence, challenge)


def forbidden(dialect, right):
    """The refusal of a valid credential that lacks the right."""
    challenge = DIALECTS[dialect].scope_challenge
    return refusal(
        dialect, 403, DIALECTS[dialect].forbidden, challenge % right if challenge else None
    )


def difference(answer, want, hidden, method="GET"):
    """How an answer differs from a refusal, or None. hidden: texts that identify a principal."""
    request_id = answer.headers.get("X-Request-Id", "")
    if not re.fullmatch("[0-9a-f]{32}", request_id):
        return f"X-Request-Id {request_id!r}"
    got = Refusal(
        answer.status,
        answer.body.decode("utf-8", "replace"),
        answer.headers.get("Content-Type"),
        ", ".join(answer.headers.get_all("WWW-Authenticate") or []) or None,
    )
    body = "" if method == "HEAD" else want.body.replace("REQUEST", request_id)
    if got != want._replace(body=body):
        return f"{got}, not {want}"
    return caching.fault(answer) or leak(answer, hidden)


def leak(answer, hidden):
    """A header field or a text that a refusal must not contain, or None."""
    known = {"Retry-After", "Set-Cookie", "ETag", "Location", "Allow", "Link"} & set(
        answer.headers
    )
    known |= {n for n in answer.headers if re.match("x-(polytask|accel|pagination)", n.lower())}
    if known:
        return f"header {sorted(known)}"
    text = answer.body.decode("latin-1") + str(answer.headers)
    found = [word for word in hidden if word in text]
    return f"contains {found}" if found else None
