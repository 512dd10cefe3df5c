"""What an answer allows a cache to do (RFC 9111)."""


def fault(answer):
    """Why a cache could give the answer to others, or None."""
    if not answer.status:
        return None
    control = answer.headers.get_all("Cache-Control")
    if control not in (["no-store"], ["private, no-cache"]):
        return f"Cache-Control {control}"
    if control != ["no-store"] and answer.status not in (200, 304):
        return f"Cache-Control {control}"
    vary = answer.headers.get_all("Vary")
    if not vary or len(vary) != 1 or "Origin" not in vary[0]:
        return f"Vary {vary}"
    return None
