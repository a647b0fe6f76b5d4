"""How a lab is reached with curl: what is printed for which target."""

import shlex
import subprocess
from dataclasses import replace

from holdfast.lab import facts, guide
from holdfast.lab.guide import Asker, Facts, Place
from holdfast.target_model import Secret

KNOWN = Facts(
    name="mine",
    said="variant default, as process, since 2026",
    folder="/tmp/of a user",
    urls={"as": "https://localhost:1", "proxy": "https://localhost:2"},
    metadata="https://localhost:1/.well-known/oauth-authorization-server",
    token="https://localhost:1/token",
    bound=Asker("bound", ["-u", "id:secret"], ["--cert", '"$LAB/bound.crt"'], "read write"),
    proving=Asker("main", ["-u", "other:secret"], scope="read"),
    resource=Place("https://localhost:2/resource"),
)


def calls(known: Facts) -> list[str]:
    """Give the lines that call curl."""
    return [line for line in guide.lines(known) if "curl " in line and not line.startswith("#")]


def test_every_line_is_one_that_a_shell_takes() -> None:
    text = "\n".join(guide.lines(KNOWN))

    assert subprocess.run(["sh", "-n"], input=text, text=True, check=True).returncode == 0
    assert "LAB='/tmp/of a user'" in text
    assert all(line.startswith(("#", "curl ", "echo ")) or "=" in line.split()[0] for line in text.split("\n") if line)


def test_the_resource_is_asked_with_and_without_the_certificate_and_with_a_proof() -> None:
    metadata, token, shown, unshown, dpop_token, proven = calls(KNOWN)

    assert metadata.endswith(KNOWN.metadata)
    assert "-u id:secret --cert" in token
    assert "--data-urlencode 'scope=read write'" in token
    assert '--cert "$LAB/bound.crt"' in shown
    assert "--cert " not in unshown
    assert shown.replace('--cert "$LAB/bound.crt" ', "") == unshown
    assert '"DPoP: $("$HOLDFAST" lab proof mine POST https://localhost:1/token)"' in dpop_token
    assert 'lab proof mine GET https://localhost:2/resource --token "$DPOP_TOKEN")"' in proven


def test_what_is_behind_a_proxy_is_asked_through_it_and_past_it() -> None:
    asked = [shlex.split(line)[-1] for line in calls(replace(KNOWN, direct="https://localhost:3/resource"))]

    assert asked.count("https://localhost:2/resource") == 3
    assert asked.count("https://localhost:3/resource") == 3


def test_names_that_this_machine_does_not_know_are_told_to_curl() -> None:
    known = replace(
        KNOWN,
        metadata="https://as.mine.test:8443/metadata",
        connect={("as.mine.test", 8443): ("127.0.0.1", 32768), ("localhost", 2): ("127.0.0.1", 2)},
        urls={"as": "https://as.mine.test:8443"},
    )
    metadata, *others = calls(known)

    assert "--connect-to as.mine.test:8443:127.0.0.1:32768" in metadata
    assert [line for line in others if "--connect-to" in line] == []
    assert "# as  https://as.mine.test:8443  at 127.0.0.1:32768 of this machine" in guide.lines(known)


def test_where_nonces_are_demanded_one_is_got_first() -> None:
    lines = guide.lines(replace(KNOWN, nonces=frozenset({"as", "rs"})))

    assert len([line for line in lines if line.startswith("NONCE=")]) == 2
    assert len([line for line in lines if '--nonce "$NONCE"' in line]) == 2


def test_tokens_that_the_suite_minted_are_given_as_they_are() -> None:
    known = replace(KNOWN, token="", bound=Asker("bound", minted="ey.a.b"), proving=Asker("client", minted="ey.c.d"))
    lines = guide.lines(known)

    assert [line.split()[0] for line in lines if "TOKEN=" in line] == ["TOKEN=ey.a.b", "DPOP_TOKEN=ey.c.d"]


def test_a_resource_for_users_is_not_asked_with_a_token_of_the_client() -> None:
    assert [line for line in calls(replace(KNOWN, of_user=True)) if "/resource" in line] == []


def test_a_resource_is_asked_as_the_file_says() -> None:
    place = Place("https://localhost:2/a?b=c&d", "PUT", {"Content-Type": "text/x y"}, "it's")
    asked = next(line for line in calls(replace(KNOWN, resource=place)) if "localhost:2" in line)

    words = shlex.split(asked)
    assert words[words.index("-X") + 1] == "PUT"
    assert words[words.index("--data-raw") + 1] == "it's"
    assert "Content-Type: text/x y" in words
    assert words[-1] == place.url


def test_a_secret_that_the_user_keeps_is_named_and_not_shown() -> None:
    assert facts._secret(Secret(env="MINE"), "s3cret") == '"$MINE"'
    assert facts._secret(Secret(file="/a b"), "s3cret") == "\"$(cat '/a b')\""
    assert facts._secret(None, "made here") == "'made here'"
