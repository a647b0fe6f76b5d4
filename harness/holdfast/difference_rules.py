"""When several aspects that differ are one thing: each rule says what stands for all, what goes with it, and why."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from holdfast import jose

#: Aspect -> its value in the hostile message and in the honest one; None where it has no such thing.
Differing = Mapping[str, tuple[str | None, str | None]]

#: The aspect that stands for all, and those that go with it.
Merged = tuple[str, Iterable[str]]

BYTES, SIGNATURE, LINES = "bytes of the proof", "signature of the proof", "DPoP lines"
_PROOF = ("proof", BYTES, SIGNATURE, "name of the DPoP header")
_OF_THE_PLACE = ("token", "scheme of the token", "Authorization", "client ")
_OF_A_FORM = ("method", "body", "body parameter ", "header Content-Type")
_OF_A_GRANT = ("code", "code_verifier", "redirect_uri", "refresh_token", "scope")
_BRINGS_KEY = ("jwk", "jku", "x5u", "x5c")
_NAMES_KEY = ("kid", "jku", "x5u", "x5c", "x5t", "x5t#S256")
_WORDS = re.compile(r"[\w.:-]+")
#: Members that are missing at once where something else stands in place of a proof or a token.
_MANY = 4


@dataclass(frozen=True)
class Rule:
    """why: the reason for which they are one. merge: None where the rule does not apply."""

    why: str
    merge: Callable[[Differing], Merged | None]


def hostile(differing: Differing, name: str) -> str:
    """Give what the hostile message has there; empty where it has nothing, or nothing that differs."""
    return differing.get(name, ("", ""))[0] or ""


def _absent(differing: Differing, name: str) -> bool:
    return name in differing and differing[name][0] is None


def _named(differing: Differing, *starts: str) -> list[str]:
    return [name for name in differing if name.startswith(starts)]


def _another_token(differing: Differing) -> Merged | None:
    said = _named(differing, "token")
    missing = [name for name in said if _absent(differing, name)]
    return (said[0], said) if len(missing) >= _MANY else None


def _no_proof(differing: Differing) -> Merged | None:
    said = _named(differing, "proof ")
    missing = [name for name in said if _absent(differing, name)]
    return (said[0], _named(differing, *_PROOF)) if len(missing) >= _MANY else None


def _under_another_name(differing: Differing) -> Merged | None:
    there = next((name for name in _named(differing, "header ") if hostile(differing, name) == "a proof"), None)
    return (there, [LINES, *_named(differing, *_PROOF)]) if there else None


def _sent_before(differing: Differing) -> Merged | None:
    return ("proof", _named(differing, *_PROOF)) if "proof" in differing else None


def _none_or_several(differing: Differing) -> Merged | None:
    return (LINES, _named(differing, *_PROOF)) if LINES in differing else None


def _unreadable(differing: Differing) -> Merged | None:
    if BYTES not in differing or not _absent(differing, SIGNATURE):
        return None
    return BYTES, [SIGNATURE, *(name for name in _named(differing, "proof ") if _absent(differing, name))]


def _twice(differing: Differing) -> Merged | None:
    doubled = [name for name in differing if f"with {name.rpartition(' ')[2]} twice" in hostile(differing, BYTES)]
    return (BYTES, doubled) if doubled else None


def _as_bearer(differing: Differing) -> Merged | None:
    scheme = "scheme of the token"
    return (scheme, [LINES]) if scheme in differing and hostile(differing, LINES) == "0" else None


def _preflight(differing: Differing) -> Merged | None:
    asks = _named(differing, "header Access-Control-Request-")
    carries = _named(differing, "token", "place of the token", "scheme of the token", LINES, *_PROOF)
    return (asks[0], [*asks, *carries, "header Origin", "header Accept", "method"]) if asks else None


def _by_get(differing: Differing) -> Merged | None:
    moved = [name.rpartition(" ")[2] for name in _named(differing, "form parameter ") if _absent(differing, name)]
    pairs = [f"{where} parameter {name}" for name in moved for where in ("form", "query")]
    there = "method" in differing and all(name in differing for name in pairs)
    return ("method", [*pairs, "header Content-Type"]) if moved and there else None


def _another_grant(differing: Differing) -> Merged | None:
    grant = "form parameter grant_type"
    return (
        (grant, _named(differing, *(f"form parameter {name}" for name in _OF_A_GRANT))) if grant in differing else None
    )


def _no_credentials(differing: Differing) -> Merged | None:
    parts = ("Authorization", "client id", "form parameter client_id", "form parameter client_secret")
    return ("client secret", parts) if _absent(differing, "client secret") else None


def _one_body(differing: Differing) -> Merged | None:
    parts = _named(differing, "body")
    return (parts[0], parts) if len(parts) > 1 else None


def _other_scheme(differing: Differing) -> Merged | None:
    return ("scheme of the URL", ["host of the URL"]) if "scheme of the URL" in differing else None


def _elsewhere(differing: Differing) -> Merged | None:
    place = "place of the token"
    if place not in differing:
        return None
    headers = _named(differing, "header ")
    holding = [name for name in headers if name == "header Authorization" or "{token}" in hostile(differing, name)]
    form = _named(differing, *_OF_A_FORM) if "form" in hostile(differing, place) else []
    return place, [*_named(differing, *_OF_THE_PLACE), *holding, *form]


def _whole_key(differing: Differing) -> Merged | None:
    both = {"proof header jwk", "proof header alg"} <= differing.keys() and SIGNATURE not in differing
    return ("proof header jwk", ["proof header alg"]) if both else None


def _key_named(differing: Differing) -> Merged | None:
    said = [f"proof header {name}" for name in _NAMES_KEY if f"proof header {name}" in differing]
    gone = ["proof header jwk"] if _absent(differing, "proof header jwk") else []
    gone += [SIGNATURE] if gone or "proof header x5c" in said else []
    return (said[0], [*said, *gone]) if said else None


def _signature_follows(differing: Differing) -> Merged | None:
    made, alg = hostile(differing, SIGNATURE), hostile(differing, "proof header alg")
    others = _named(differing, "proof header", BYTES)
    as_alg_says = (made == "none" and alg.lower() == "none") or (made and alg in jose.SYMMETRIC)
    cut = made == "none" and BYTES in differing
    return (others[0], [SIGNATURE]) if others and (made == "client" or as_alg_says or cut) else None


def _crit(differing: Differing) -> Merged | None:
    demanded = hostile(differing, "proof header crit")
    if not demanded:
        return None
    members = [name for name in _named(differing, "proof header ") if f'"{name.rpartition(" ")[2]}"' in demanded]
    return "proof header crit", [*members, *([BYTES, SIGNATURE] if '"b64"' in demanded else [])]


def _nested(differing: Differing) -> Merged | None:
    return ("proof header cty", [BYTES]) if "proof header cty" in differing else None


def _renamed(differing: Differing) -> Merged | None:
    said = _named(differing, "proof ", "token claim")
    added = [name for name in said if not _absent(differing, name)]
    alike = len({"".join(filter(str.isalpha, name)).casefold() for name in said}) == 1
    return (added[0], said) if len(said) == 2 and len(added) == 1 and alike else None


def _token_key(differing: Differing) -> Merged | None:
    said = next((f"token header {name}" for name in _BRINGS_KEY if f"token header {name}" in differing), None)
    return (said, ["token header kid"]) if said and _absent(differing, "token header kid") else None


def _claimed(differing: Differing) -> Merged | None:
    claims = ("proof claim htm", "proof claim htu")
    for name in _named(differing, "header ", "query parameter ", "form parameter ", "body parameter "):
        words = [word for word in _WORDS.findall(hostile(differing, name)) if len(word) > 2 or word.isdigit()]
        found = [claim for claim in claims if any(word in hostile(differing, claim) for word in words)]
        if found:
            return name, found
    return None


def _captured(differing: Differing) -> Merged | None:
    jti = "proof claim jti"
    return (jti, ["proof claim nonce"]) if hostile(differing, jti) == "used before" else None


def _in_other_bytes(differing: Differing) -> Merged | None:
    jti = "proof claim jti"
    needed = BYTES in differing and hostile(differing, jti).endswith(("used before", "~~~~~"))
    return (BYTES, [jti]) if needed else None


def _made_elsewhere(differing: Differing) -> Merged | None:
    said = [name for name in ("proof header jwk", "proof claim htu", "proof claim htm") if name in differing]
    ath = "proof claim ath"
    return (said[0], [*said, ath]) if said and ath in differing and SIGNATURE not in differing else None


def _of_another(differing: Differing) -> Merged | None:
    whose = [name for name in ("token claim sub", "token claim client_id") if hostile(differing, name)]
    return (whose[0], _named(differing, "token")) if len(_named(differing, "token claim")) > 1 and whose else None


RULES: tuple[Rule, ...] = (
    Rule("a preflight carries neither token nor proof, and says what would come (CORS)", _preflight),
    Rule("what cannot be read says nothing", _unreadable),
    Rule("something that is no token of this kind differs from one in all that it says", _another_token),
    Rule("something that is no proof differs from one in all that it says", _no_proof),
    Rule("a proof under another name is no DPoP line", _under_another_name),
    Rule("a proof that was sent before was made for that request", _sent_before),
    Rule("what a proof says is not looked at where there is none, or more than one", _none_or_several),
    Rule("a member that stands twice has no one value", _twice),
    Rule("presented like a bearer token, or not at all, means without a proof too", _as_bearer),
    Rule("what is sent by GET stands in the query", _by_get),
    Rule("each grant has its own parameters", _another_grant),
    Rule("a client without credentials names itself in the form, if at all", _no_credentials),
    Rule("another scheme is at another port", _other_scheme),
    Rule("a resource's body is one thing, whatever it is made of", _one_body),
    Rule("a token stands in one place or another, and a form is posted", _elsewhere),
    Rule("another key brings its own algorithm, where the signature is right by both", _whole_key),
    Rule("a key that is named is not given as jwk, and signs where it is a certificate's", _key_named),
    Rule("the signature is made as alg says, or by the client's key over what was changed", _signature_follows),
    Rule("what crit names stands in the header (RFC 7515 section 4.1.11); b64 moves the payload (RFC 7797)", _crit),
    Rule("a JWT in a JWT is told by cty (RFC 7519 section 5.2)", _nested),
    Rule("a renamed member is missing under its own name", _renamed),
    Rule("a token that brings its key or says where it lies does not name one of the issuer's", _token_key),
    Rule("to claim another method or host is worth nothing without a proof made for it", _claimed),
    Rule("a proof with a used jti has the nonce of that time", _captured),
    Rule(
        "a captured proof in other bytes brings its jti; the other alphabet needs letters that show it", _in_other_bytes
    ),
    Rule(
        "a proof that was made for another request, or by its client, says so in each claim about it", _made_elsewhere
    ),
    Rule("another client's token differs in all that it says of that client", _of_another),
)
