"""What an answer allows a cache to do (RFC 9111)."""


def _values(answer, name):
    """All values of a header field; a raw answer has a plain dict."""
    if hasattr(answer.headers, "get_all"):
        return answer.headers.get_all(name) or []
    return [answer.headers[name]] if name in answer.headers else []


def fault(answer):
    """Why a cache could give the answer to others, or None."""
    if not answer.status:
        return None
    control = _values(answer, "Cache-Control")
    if control not in (["no-store"], ["private, no-cache"]):
        return f"Cache-Control {control}"
    if control != ["no-store"] and answer.status not in (200, 304):
        return f"Cache-Control {control}"
    vary = _values(answer, "Vary")
    if len(vary) != 1 or "Origin" not in vary[0]:
        return f"Vary {vary}"
    return None
