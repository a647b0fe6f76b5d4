"""Whether an answer may stay behind in a cache (RFC 9111)."""

from holdfast.exchange import Exchange

#: Statuses that a cache may keep without being told to (RFC 9110 section 15.1).
KEPT_BY_DEFAULT = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})


def may_be_stored(seen: Exchange) -> bool:
    """Tell whether any cache, a browser's included, may keep the answer (RFC 9111 section 3).

    An answer to GET or HEAD may be kept by its status alone; any answer by its own word that it stays fresh.
    """
    directives = _directives(seen)
    if "no-store" in directives or seen.status is None:
        return False
    lasts = any(directives.get(name, "0").strip('"') != "0" for name in ("max-age", "s-maxage"))
    if lasts or "public" in directives:
        return True
    by_default = seen.status in KEPT_BY_DEFAULT or seen.header("Expires") is not None
    return seen.request.method in {"GET", "HEAD"} and by_default


def _directives(seen: Exchange) -> dict[str, str]:
    """Give the directives of Cache-Control, names in lower case, each with its argument or an empty text."""
    parts = (part.strip() for line in seen.headers("Cache-Control") for part in line.split(","))
    pairs = (part.partition("=") for part in parts if part)
    return {name.strip().lower(): argument.strip() for name, _, argument in pairs}
