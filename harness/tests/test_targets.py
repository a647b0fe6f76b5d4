import json
import textwrap
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from holdfast import targets
from holdfast.errors import UsageError

RUNNING = """
name = "mine"
roles = ["as", "rs"]
issuer = "https://as.test"
ca = "ca.pem"
[clients.main]
id = "suite"
auth = "client_secret_basic"
secret = { env = "MINE_SECRET" }
[resources.main]
url = "https://rs.test/protected"
canary = "protected text"
"""

STARTED = """
name = "lab"
roles = ["as", "rs"]
issuer = "{url.as}"
capabilities = ["dpop", "mtls"]

[vars]
nonces = "off"

[listeners]
as = { port = 8443 }

[[services]]
name = "server"
listeners = ["as"]
process = [
  "{python}", "{here}/serve.py",
  "--nonces", "{vars.nonces}",
]

[clients.main]
auth = "client_secret_basic"

[resources.main]
url = "{url.as}/resource"
canary = "protected"

[variants.nonce-required]
vars.nonces = "required"
capabilities_add = ["nonce-rs"]
capabilities_remove = ["mtls"]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "target.toml") -> str:
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text).lstrip("\n"))
    return str(file)


def problems(text: str, variant: str | None = None) -> list[str]:
    with pytest.raises(UsageError) as caught:
        targets.load(written(text), variant=variant)
    return str(caught.value).split("\n")


def test_a_target_that_runs_already_needs_eleven_lines(tmp_path: Path) -> None:
    target = targets.load(written(RUNNING))

    assert (target.name, target.started_by_lab, target.variant) == ("mine", False, "default")
    assert target.clients["main"].binding == "dpop"
    assert target.ca == str(tmp_path / "ca.pem")
    assert target.resource.url == "https://rs.test/protected"


def test_a_folder_is_as_good_as_its_file() -> None:
    written(RUNNING, "folder/target.toml")

    assert targets.load("folder").name == "mine"


def test_a_variant_is_laid_over_the_file() -> None:
    target = targets.load(written(STARTED), variant="nonce-required")

    assert target.vars == {"nonces": "required"}
    assert target.capabilities == ["dpop", "nonce-rs"]
    assert targets.variants(target) == ["default", "nonce-required"]


def test_a_variant_adds_services_and_removes_others_with_their_listeners() -> None:
    front = STARTED.replace("as = { port = 8443 }", "as = { port = 8443 }\nextra = { port = 8444 }").replace(
        "[clients.main]", "[[services]]\nname = 'extra'\nlisteners = ['extra']\nprocess = ['x']\n[clients.main]"
    )
    more = """
    [variants.other]
    listeners.third = { port = 8445 }
    services_remove = ["extra"]
    [[variants.other.services_add]]
    name = "third"
    listeners = ["third"]
    process = ["y"]
    """
    target = targets.load(written(front + textwrap.dedent(more)), variant="other")

    assert [service.name for service in target.services] == ["server", "third"]
    assert list(target.listeners) == ["as", "third"]
    place = target.where("services", 1, "process")
    assert written(front + textwrap.dedent(more)) in place
    line = int(place.split(":")[1])
    assert (Path("target.toml").read_text().splitlines())[line - 1] == 'process = ["y"]'


def test_variants_have_digests_of_their_own_and_a_changed_file_changes_them() -> None:
    file = written(STARTED)
    first, second = targets.load(file).digest, targets.load(file, variant="nonce-required").digest
    written("print()", "serve.py")

    assert len({first, second, targets.load(file).digest}) == 3


def test_the_digest_of_a_running_target_does_not_read_the_folder_around_it() -> None:
    file = written(RUNNING)
    before = targets.load(file).digest
    written("x", "other.txt")

    assert targets.load(file).digest == before


def test_an_unknown_target_is_told_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written(RUNNING, "rooms/strict/target.toml")
    monkeypatch.setattr("holdfast.rooms.reference_impls", lambda: tmp_path / "rooms")

    with pytest.raises(UsageError, match=r"target 'strikt' is not known \(did you mean strict\?\)"):
        targets.load("strikt")
    assert targets.load("strict").name == "mine"
    assert targets.names() == ["strict"]


def test_a_path_that_leads_nowhere_is_told() -> None:
    with pytest.raises(UsageError, match=r"nowhere/target\.toml: no such file"):
        targets.load("nowhere/target.toml")


def test_an_unknown_variant_is_told_with_the_nearest_name() -> None:
    assert problems(STARTED, variant="nonce-require") == [
        "target.toml: no variant 'nonce-require' (did you mean nonce-required?); it has default, nonce-required"
    ]


def test_broken_toml_is_told_with_line_and_column() -> None:
    assert problems('name = "x"\nroles = [\n') == ["target.toml:3:1: broken TOML: invalid value"]


def test_a_file_that_is_no_text_is_told() -> None:
    Path("target.toml").write_bytes(b"name = '\xff'")

    with pytest.raises(UsageError, match=r"target\.toml: byte 8: not UTF-8"):
        targets.load("target.toml")


def test_all_errors_are_told_at_once_in_the_order_of_the_lines() -> None:
    methods = get_args(targets.Client.model_fields["auth"].annotation)
    nearest = "(did you mean client_secret_basic?)"
    assert problems("""
        name = "x"
        summry = "typo"
        roles = ["rs", "rss"]
        [listeners]
        as = { port = "8443" }
        [clients.main]
        auth = "client_secret_basik"
        secret = "hunter2"
        [resources.main]
        methd = "GET"
        url = 5
    """) == [
        "target.toml:2: summry: unknown name (did you mean summary?)",
        'target.toml:3: roles[1]: "rss" is not one of as, rs, proxy (did you mean rs?)',
        "target.toml:5: listeners.as.port: must be a whole number",
        f'target.toml:7: clients.main.auth: "client_secret_basik" is not one of {", ".join(methods)} {nearest}',
        'target.toml:8: clients.main.secret: a secret is never written here: use { env = "NAME" } or { file = "path" }',
        "target.toml:9: resources.main.canary: is missing",
        "target.toml:10: resources.main.methd: unknown name (did you mean method?)",
        "target.toml:11: resources.main.url: must be text in quotes",
    ]


def test_a_literal_secret_does_not_appear_in_the_message() -> None:
    assert "hunter2" not in "".join(problems(RUNNING.replace('{ env = "MINE_SECRET" }', '"hunter2"')))


def test_an_unknown_placeholder_is_told_on_its_own_line_of_a_long_list() -> None:
    assert problems(STARTED.replace("{vars.nonces}", "{vars.nonce}")) == [
        "target.toml:17: services[0].process[3]: placeholder {vars.nonce} is not known (did you mean vars.nonces?)"
    ]


def test_braces_that_are_no_placeholder_are_text() -> None:
    body = "[resources.main]\nmethod = 'POST'\nbody = '{\"a\": {\"b\": 1}} {{suite_url}}'"
    target = targets.load(written(RUNNING.replace("[resources.main]", body)))

    assert target.filled({}).resource.body == '{"a": {"b": 1}} {suite_url}'


def test_an_error_in_a_variant_is_told_where_the_variant_stands() -> None:
    assert problems(STARTED + "windows.pst = 5\n") == ["target.toml:31: windows.pst: unknown name (did you mean past?)"]


def test_a_variant_changes_only_vars_that_are_there() -> None:
    found = problems(STARTED.replace('vars.nonces = "required"', 'vars.nonce = "required"'))

    assert "target.toml:28: variants.nonce-required.vars.nonce: [vars] has no 'nonce' to change" in found[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "suite"\n', "", "5: clients.main.id: is missing: the lab makes clients only for targets it starts"),
        ('secret = { env = "MINE_SECRET" }\n', "", "5: clients.main.secret: is missing: client_secret_basic needs"),
        ('{ env = "MINE_SECRET" }', "{ }", "8: clients.main.secret: name one place of the secret"),
        ('issuer = "https://as.test"\n', "", "2: roles: an authorization server needs issuer"),
        ('["as", "rs"]', '["rs", "proxy"]', "2: roles: a proxy needs [proxy]"),
        ("[resources.main]", "[resources.main]\nmethod = ''", '10: resources.main.method: "" must match'),
    ],
)
def test_what_a_running_target_lacks_is_told(old: str, new: str, message: str) -> None:
    assert any(found.startswith(f"target.toml:{message}") for found in problems(RUNNING.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'listeners = ["as"]',
            'listeners = ["ass"]',
            "14: services[0].listeners[0]: no listener is named 'ass' (did you",
        ),
        (
            "[clients.main]",
            "[[services]]\nname = 'server'\nprocess = ['x']\n[clients.main]",
            "21: services[1].name: a sec",
        ),
        ("[clients.main]", "[[services]]\nname = 'b'\n[clients.main]", "20: services[1]: needs process"),
        ("as = { port = 8443 }", "as = {}\nrs = {}", "11: listeners.rs: no service has it in its listeners"),
        (
            "[clients.main]",
            "[clients.main]\ngrants = ['authorization_code']",
            "21: clients.main.grants: authorization_",
        ),
        (
            "{url.as}/resource",
            "{url.as}/resource{bnd}",
            "24: resources.main.url: placeholder {bnd} is not known (did you",
        ),
    ],
)
def test_what_a_started_target_contradicts_is_told(old: str, new: str, message: str) -> None:
    assert any(found.startswith(f"target.toml:{message}") for found in problems(STARTED.replace(old, new)))


def test_a_proxy_stands_on_the_target_behind_it(tmp_path: Path) -> None:
    written(STARTED, "lab/target.toml")
    proxy = written(
        """
        name = "front"
        roles = ["proxy"]
        capabilities = ["forwarded-certificate"]
        [listeners]
        front = { port = 9443 }
        [[services]]
        name = "front"
        listeners = ["front"]
        process = ["{here}/proxy", "{url.as}"]
        [resources.main]
        url = "{url.front}/resource"
        canary = "protected"
        [proxy]
        upstream = "../lab"
        direct = "{url.as}/resource"
        [variants.nonce-required]
        vars.nonces = "required"
        """,
        "front/target.toml",
    )
    target = targets.load(proxy, variant="nonce-required")

    assert [(service.name, service.here) for service in target.services] == [
        ("server", str(tmp_path / "lab")),
        ("front", str(tmp_path / "front")),
    ]
    assert (list(target.clients), target.issuer, target.roles) == (["main"], "{url.as}", ["proxy"])
    assert target.vars == {"nonces": "required"}
    assert target.capabilities == ["dpop", "mtls", "forwarded-certificate"]
    assert target.where("services", 0, "process", 3) == "lab/target.toml:17: services[0].process[3]"
    assert target.where("services", 1, "process") == "front/target.toml:9: services[1].process"


def test_a_proxy_in_front_of_itself_is_told() -> None:
    text = RUNNING.replace('["as", "rs"]', '["proxy"]') + '[proxy]\nupstream = "./target.toml"\n'

    assert "leads back to itself" in problems(text)[0]


def test_a_secret_is_read_where_the_file_points(monkeypatch: pytest.MonkeyPatch) -> None:
    target = targets.load(written(RUNNING))
    secret = target.clients["main"].secret
    assert secret is not None
    with pytest.raises(
        UsageError, match=r"target\.toml:8: clients\.main\.secret: the environment variable MINE_SECRET"
    ):
        targets.reveal(target, secret, "clients", "main", "secret")

    monkeypatch.setenv("MINE_SECRET", "s3cret\n")
    assert targets.reveal(target, secret, "clients", "main", "secret") == "s3cret"


def test_filling_replaces_placeholders_everywhere_but_in_services() -> None:
    target = targets.load(written(STARTED)).filled({"url.as": "https://localhost:1"})

    assert (target.issuer, target.resource.url) == ("https://localhost:1", "https://localhost:1/resource")
    assert target.services[0].process == ["{python}", "{here}/serve.py", "--nonces", "{vars.nonces}"]


def test_filling_tells_what_has_no_value() -> None:
    with pytest.raises(
        UsageError, match=r"target\.toml:3: issuer: \{url\.as\} has no value here: only the lab knows it"
    ):
        targets.load(written(STARTED)).filled({})


def test_the_schema_takes_what_the_model_takes() -> None:
    import tomllib

    schema = targets.schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(tomllib.loads(STARTED), json.loads(json.dumps(schema)))
