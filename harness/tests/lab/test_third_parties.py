"""Third-party servers are judged to the end. What they are judged to be is nobody's business here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from holdfast import targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

    Judged = Callable[[str, str], Ran]

#: What has to be installed, by target.
NEEDS = {"oidc_provider": "node", "node_rs": "node", "mod_oauth2": "mod_oauth2"}

FLOWS = frozenset(
    {
        "lifecycle/test_grants.py::test_grant_with_a_proof_is_accepted[client-credentials]",
        "lifecycle/test_grants.py::test_grant_with_a_proof_is_accepted[code]",
        "lifecycle/test_refresh.py::test_refresh_with_the_same_key_is_accepted",
        "lifecycle/test_authorization_code_binding.py::test_pushed_request_with_a_proof_is_accepted",
        "lifecycle/test_authorization_code_binding.py::test_code_bound_by_dpop_jkt_is_redeemed_with_its_key",
    }
)
PROOF = frozenset(f"dpop/test_freshness.py::test_age[two-seconds-old-{at}]" for at in ("resource", "resource-post"))
CERTIFICATE = frozenset(
    f"mtls/test_certificate_bound_tokens.py::test_token_with_its_certificate_is_accepted[{at}]"
    for at in ("resource", "resource-post")
)

#: Of the flows, and of what nonces change.
NONCES = "nonce or test_grants or test_refresh or test_authorization_code_binding"
#: Of a resource server that differs in little from one that is asked everything.
SOME = "test_freshness or test_certificate_bound_tokens or test_downgrade or test_token_checks or test_proof_header"


@dataclass(frozen=True)
class Asked:
    """What a variant is asked. honest: cases that pass. many: how many are judged at least; part: which, or all.

    Fewer would mean that a client or a capability of the target file, or the suite's own issuer, is no longer seen.
    """

    honest: frozenset[str]
    many: int
    part: str = ""


ASKED: dict[tuple[str, str], Asked] = {
    ("oidc_provider", "default"): Asked(FLOWS, 280),
    ("oidc_provider", "nonce-optional"): Asked(FLOWS, 60, NONCES),
    ("oidc_provider", "nonce-required"): Asked(FLOWS, 60, NONCES),
    ("node_rs", "default"): Asked(PROOF, 1200),
    ("node_rs", "required"): Asked(PROOF, 150, SOME),
    ("node_rs", "certificates"): Asked(PROOF, 150, SOME),
    ("node_rs", "oauth4webapi"): Asked(PROOF, 1200),
    ("node_rs", "oauth4webapi-required"): Asked(PROOF, 150, SOME),
    ("mod_oauth2", "default"): Asked(PROOF | CERTIFICATE, 1300),
    ("mod_oauth2", "dpop"): Asked(PROOF, 150, SOME),
    ("mod_oauth2", "mtls"): Asked(CERTIFICATE, 15),
    ("mod_oauth2", "introspection"): Asked(PROOF | CERTIFICATE, 150, SOME),
    ("mod_oauth2", "behind"): Asked(PROOF, 1300),
    ("mod_oauth2", "layers"): Asked(PROOF | CERTIFICATE, 150, SOME),
}
EACH = [pytest.param(*server, marks=pytest.mark.requires(NEEDS[server[0]])) for server in ASKED]


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> "Judged":
    def run(target: str, variant: str) -> "Ran":
        part = ASKED[target, variant].part
        return holdfast("run", target, "--variant", variant, "--jobs", "16", *(["-k", part] if part else []))

    return run


def test_every_variant_is_asked() -> None:
    assert [*ASKED] == [(name, variant) for name in NEEDS for variant in targets.variants(targets.load(name))]


@pytest.mark.parametrize(("target", "variant"), EACH)
def test_every_variant_is_judged_and_nothing_is_inconclusive(judged: "Judged", target: str, variant: str) -> None:
    ran = judged(target, variant)

    assert [(case.id, case.verdict, case.reason) for case in ran.cases("inconclusive", "not run")] == []
    assert ran.variant(variant).problem == ""
    assert ran.code in {0, 1}


@pytest.mark.parametrize(("target", "variant"), EACH)
def test_what_is_there_is_judged_and_nothing_else(judged: "Judged", target: str, variant: str) -> None:
    asked = judged(target, variant).cases("passed", "failed", "warning", "noted")
    endpoints = {case.endpoint for case in asked}

    assert len(asked) >= ASKED[target, variant].many
    if targets.load(target).roles == ["rs"]:
        assert endpoints <= {"", "resource", "resource-post"}
    else:
        assert endpoints >= {"token", "par", "userinfo"}


@pytest.mark.parametrize(("target", "variant"), EACH)
def test_honest_requests_are_accepted(judged: "Judged", target: str, variant: str) -> None:
    assert ASKED[target, variant].honest - judged(target, variant).named("passed", variant=variant) == set()


@pytest.mark.requires("node")
def test_certificates_are_judged_where_the_target_file_claims_them(judged: "Judged") -> None:
    case, names = "mtls/test_certificate_bound_tokens.py", [name for target, name in ASKED if target == "node_rs"]
    asked = {
        name: any(one.case.startswith(case) for one in judged("node_rs", name).cases("passed", "failed"))
        for name in names
    }

    assert asked == {name: name == "certificates" for name in names}


@pytest.mark.requires("mod_oauth2", "containers")
@pytest.mark.parametrize("variant", ["default", "behind"])
def test_a_container_is_judged_to_the_end_and_leaves_nothing(
    holdfast: "Holdfast", left_in_docker: "Callable[[Ran], list[str]]", variant: str
) -> None:
    named = "test_age or with_its_certificate_is_accepted"
    contained = holdfast("run", "mod_oauth2", "--variant", variant, "--launch", "container", "-k", named)

    assert contained.cases("inconclusive", "not run") == []
    assert [(run.launch, run.problem) for run in contained.results.targets] == [("container", "")]
    assert ASKED["mod_oauth2", variant].honest - contained.named("passed", variant=variant) == set()
    assert left_in_docker(contained) == []
