"""A made-up run with every verdict, several targets and variants, and a target that answers with markup."""

from holdfast.results import (
    Behaviour,
    CaseResult,
    Evidence,
    EvidenceAt,
    ExchangeRecord,
    Impact,
    Jws,
    KnownFailure,
    Measurement,
    RequirementRow,
    Results,
    Score,
    Signal,
    TargetRun,
    TlsFacts,
    Verdict,
)

#: Every way out of a text that we know of, and then what cannot be seen.
HOSTILE = (
    "</script></style></textarea><script>window.__pwned=1</script><img src=x onerror=window.__pwned=1>"
    "\"'`=<!--]]>{{7*7}}{%x%}&lt;&amp;\\\x00\x1b[31m\x7f\x85\u2028\u2029\u202eevil\u2066\u200b\ufeff\U000e0041"
    "Z\u0300\u0301\u0302\u0303\u0304|*_~`[a](javascript:window.__pwned=1)@here #1 www.evil.test"
)
JWT_TEXT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.…"


def run() -> tuple[Results, dict[str, Evidence]]:
    """The results and, by case id, their evidence."""
    evidence: dict[str, Evidence] = {}
    targets = [
        _target("strict", "base", _holding("strict/base", evidence)),
        _target("sieve", "base", _leaking("sieve/base", evidence)),
        _target("sieve", "nonce-required", _leaking("sieve/nonce-required", evidence)),
        _wall(evidence),
        _cut_short(),
    ]
    results = Results(
        suite_version="0.1.0",
        commit="0123456789abcdef0123456789abcdef01234567",
        started="2026-01-02T03:04:05Z",
        seconds=83.4,
        command="holdfast run strict sieve wall slow --profile base",
        profile="base",
        jobs=8,
        waited=False,
        environment={"python": "3.11.7", "openssl": "3.0.11 (ssl), 3.5.0 (cryptography)", "system": HOSTILE},
        targets=targets,
        requirements=_requirements(),
        frameworks={"dpop": ["OWASP NHI4:2025 Insecure Authentication", HOSTILE]},
        score=Score(
            flaws=3,
            twins=15,
            exact=14,
            cases=2000,
            killed=1999,
            full=True,
            started="2026-01-01T02:03:04+00:00",
            commit="0123456789ab",
            suite_version="0.1.0",
        ),
    )
    return results, evidence


def _target(name: str, variant: str, cases: list[CaseResult]) -> TargetRun:
    return TargetRun(
        target=name,
        variant=variant,
        summary="An authorization server and a resource server in one" if name == "strict" else HOSTILE,
        roles=["as", "rs"],
        launch="process",
        digest="sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        capabilities=["dpop", "mtls", "introspection"],
        facts=[("issuer", "https://localhost:8443"), ("server", "made-up/1.0" if name == "strict" else HOSTILE)],
        checks=[
            ("clock", True, "0.1 s ahead"),
            ("honest request", name != "wall", HOSTILE if name == "wall" else "200"),
        ],
        findings=[] if name == "strict" else ["the metadata names a host that target.toml does not", HOSTILE],
        mends={HOSTILE: HOSTILE} if name == "sieve" else {},
        seconds=21.7,
        cases=cases,
    )


def _case(run: str, name: str, title: str, verdict: Verdict, impact: Impact, **more: object) -> CaseResult:
    fields = {
        "id": f"{run}/{name}",
        "case": name,
        "variant": run.partition("/")[2],
        "suite": name.partition("/")[0],
        "title": title,
        "requirement": "RFC9449-4.3-09",
        "impact": impact,
        "verdict": verdict,
        "seconds": 0.0421,
        "reproduce": f"holdfast run {run.replace('/', ' --variant ')} --case '{name}'",
    }
    return CaseResult.model_validate(fields | more)


def _holding(run: str, evidence: dict[str, Evidence]) -> list[CaseResult]:
    names = ("verbatim", "other-path", "other-host", "capitals", "percent")
    cases = [
        _case(run, f"dpop/test_htu.py::test_htu[resource-{name}]", "The htu claim names the request", "passed", "high")
        for name in names
    ]
    cases[1].signals = [_signal("passed", "401, DPoP challenge, error invalid_dpop_proof")]
    cases[2].measured = [
        _measured("age of a proof that is taken", 59.6, 60.6, "declared: 60 s"),
        _measured("copies of one proof let in at once", 1, 1, unit="of 20"),
    ]
    cases[3].measured = [_measured("a jti is remembered", 9)]
    _with_evidence(cases[1], evidence, _refused())
    missing = "the target does not claim par"
    cases.append(
        _case(
            run,
            "dpop/test_par.py::test_proof_at_par",
            "A pushed request is bound",
            "not applicable",
            "low",
            reason=missing,
        )
    )
    left = "left out by --no-wait: it waits 12 s of real time"
    cases.append(
        _case(
            run, "lifecycle/test_expiry.py::test_expiry", "A token ends when it says", "not run", "medium", reason=left
        )
    )
    return cases


def _leaking(run: str, evidence: dict[str, Evidence]) -> list[CaseResult]:
    replay = _case(
        run,
        "dpop/test_replay.py::test_captured_request_is_refused_a_second_time",
        "A request that the resource server has accepted once is refused the second time",
        "noted",
        "high",
        requirement="RFC9449-11.1-04-RS",
        rationale="Whoever reads one request off a log or a proxy could otherwise spend the token again.",
        expected="refused",
        actual="accepted: 200, no challenge, no error code",
        difference="replay: the same bytes again",
    )
    foreign = _case(
        run,
        "dpop/test_key.py::test_proof_by_another_key[resource]",
        "A proof by another key than the one the token is bound to is refused",
        "failed",
        "critical",
        endpoint="resource",
        rationale="With this a stolen token is good in anybody's hands: the binding protects nothing.",
        expected="refused",
        actual=f"accepted: 200, {HOSTILE}",
        difference="key: another (0ZcOCORZNYy…)",
        remarks=[f"assert <GET https://localhost/resource [key: another] -> 200, {HOSTILE}>.refused"],
    )
    foreign.behaviour = [
        Behaviour(topic="Certificate header of the client", about="Client-Cert", said="removed"),
        Behaviour(topic=HOSTILE, about=HOSTILE, said=HOSTILE),
    ]
    milder = _milder(run)
    replay.measured = [_measured("age of a proof that is taken", 7200, note=HOSTILE)]
    _with_evidence(replay, evidence, _accepted("resource"))
    _with_evidence(foreign, evidence, _accepted("resource"))
    _with_evidence(milder[0], evidence, [*_refused()[:1], *(_record(n, "hostile", 500, "broke") for n in range(2, 21))])
    _with_evidence(milder[2], evidence, _accepted("userinfo"))
    return [replay, foreign, *milder, *_worded(run)]


def _milder(run: str) -> list[CaseResult]:
    broke = _case(
        run,
        "dpop/test_shape.py::test_four_parts",
        "A proof that is no JWS is refused",
        "failed",
        "low",
        label="broke",
        reason="the target broke: <GET https://localhost/resource -> 500, broke>",
        expected="refused",
        actual="broke: 500",
        difference="parts: four",
    )
    known = _case(
        run, "mtls/test_bound.py::test_without_certificate", "A bound token needs its certificate", "failed", "high",
        requirement="RFC8705-3-01", expected="refused", actual="accepted: 200", difference="certificate: absent",
        known=KnownFailure(reason=HOSTILE, owner="gateway", expires="2026-06-30", link="javascript:window.__pwned=1"),
    )  # fmt: skip
    late = _case(
        run, "dpop/test_iat.py::test_old_proof[resource-1-hour]", "A proof an hour old is refused", "warning", "medium",
        requirement="RFC9449-11.1-01", expected="refused", actual="accepted: 200", difference="iat: -3600",
    )  # fmt: skip
    return [broke, known, late]


def _worded(run: str) -> list[CaseResult]:
    cases = []
    for number in range(1, 13):
        name = f"dpop/test_claims.py::test_claim[resource-{number}]"
        case = _case(run, name, "Every claim of a proof is looked at", "passed", "high", endpoint="resource")
        case.signals = [_signal("warning", f"400, no challenge, error {HOSTILE}")]
        cases.append(case)
    return cases


def _measured(
    name: str, at_least: float, at_most: float | None = None, note: str = "", *, unit: str = "s"
) -> Measurement:
    return Measurement(name=name, endpoint="resource", unit=unit, at_least=at_least, at_most=at_most, note=note)


def _signal(verdict: Verdict, seen: str) -> Signal:
    expected = "401, DPoP challenge, error invalid_dpop_proof"
    situation = "E-RS-02 the proof fails a check of RFC 9449 section 4.3"
    return Signal(
        name="wording", situation=situation, expected=expected, seen=seen, verdict=verdict, requirement="RFC9449-7.1-05"
    )


def _wall(evidence: dict[str, Evidence]) -> TargetRun:
    reason = f"the target refuses every honest request: {HOSTILE}"
    names = [f"dpop/test_htu.py::test_htu[resource-{name}]" for name in ("verbatim", "other-path", HOSTILE)]
    cases = [
        _case("wall/base", name, "The htu claim names the request", "inconclusive", "high", reason=reason)
        for name in names
    ]
    _with_evidence(cases[1], evidence, [_record(1, "control", 403, "refused"), _record(2, "hostile", None, "none")])
    wall = _target("wall", "base", cases)
    wall.problem = "the target refuses every honest request"
    return wall


def _cut_short() -> TargetRun:
    cases = [
        _case(
            "slow/base",
            "dpop/test_htu.py::test_htu[resource-verbatim]",
            "The htu claim names the request",
            "passed",
            "high",
        )
    ]
    reason = "the run was interrupted"
    cases += [
        _case("slow/base", f"dpop/test_late.py::test_late[{n}]", HOSTILE, "not run", "medium", reason=reason)
        for n in range(30)
    ]
    slow = _target("slow", "base", cases)
    slow.interrupted, slow.launch = True, "running"
    return slow


def _with_evidence(case: CaseResult, evidence: dict[str, Evidence], exchanges: list[ExchangeRecord]) -> None:
    evidence[case.id] = Evidence(case=case.id, exchanges=exchanges)
    case.evidence = EvidenceAt(offset=0, length=1)


def _refused() -> list[ExchangeRecord]:
    return [
        _record(1, "token", 200, "accepted"),
        _record(2, "control", 200, "accepted"),
        _record(3, "hostile", 401, "refused"),
        _record(4, "control", 200, "accepted"),
    ]


def _accepted(endpoint: str) -> list[ExchangeRecord]:
    found = _refused()
    found[2].outcome, found[2].status = "accepted", 200
    for record in found[1:]:
        record.endpoint = endpoint
    return found


def _record(number: int, purpose: str, status: int | None, outcome: str) -> ExchangeRecord:
    at_token, hostile = purpose == "token", purpose == "hostile"
    fields = {
        "number": number,
        "purpose": purpose,
        "endpoint": "token" if at_token else "resource",
        "sender": "thief" if hostile else "client",
        "difference": f"key: another ({HOSTILE})" if hostile else "",
        "control": 2 if hostile and number == 3 else None,
        "differs": [f"proof header jwk: {HOSTILE}, not absent", "method: GET, not POST"] if hostile else [],
        "shared": purpose == "control" and number == 2,
        "method": "POST" if at_token else "GET",
        "url": "https://localhost:8443/token" if at_token else "https://localhost:8444/resource?a=1",
        "request_headers": [("Host", "localhost"), ("Authorization", f"DPoP {JWT_TEXT}"), ("DPoP", JWT_TEXT)],
        "request_body": "grant_type=client_credentials&scope=read" if at_token else "",
        "request_raw": "GET /resource?a=1 HTTP/1.1\nHost: localhost\n\n",
        "status": status,
        "response_headers": [] if status is None else [("Content-Type", "text/html"), ("X-Evil", HOSTILE)],
        "response_body": "" if status is None else f"<html>{HOSTILE}</html>",
        "response_raw": "" if status is None else f"HTTP/1.1 {status}\n\n{HOSTILE}",
        "arrived": [f"GET /resource HTTP/1.1\nClient-Cert: {HOSTILE}"] if hostile else [],
        "error": "timeout: nothing within 10 s" if status is None else "",
        "outcome": outcome,
        "decoded": [] if at_token else _decoded(),
        "tls": TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", alpn="http/1.1", server_name="localhost"),
        "started": 1767323045.0 + number / 10,
        "seconds": 0.0123,
    }
    return ExchangeRecord.model_validate(fields)


def _decoded() -> list[Jws]:
    proof: dict[str, object] = {
        "jti": "«jti-1»",
        "htm": "GET",
        "htu": "https://localhost:8444/resource",
        "iat": 10**30,
        "ath": HOSTILE,
    }
    jwk = {"kty": "EC", "crv": "P-256", "x": "«x»", "y": "«y»"}
    token: dict[str, object] = {
        "iss": "https://localhost:8443",
        "cnf": {"jkt": "0ZcOCORZNYy"},
        HOSTILE: [1.5, None, True, "\ud800"],
    }
    return [
        Jws(kind="proof", header={"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, claims=proof),
        Jws(kind="token", header="not JSON: " + HOSTILE, claims=token, note=HOSTILE),
    ]


def _requirements() -> list[RequirementRow]:
    def row(identifier: str, level: str, summary: str, **more: object) -> RequirementRow:
        spec, section, _ = identifier.split("-", 2)
        link = f"https://www.rfc-editor.org/rfc/{spec.lower()}.html#section-{section}"
        fields = {"id": identifier, "spec": spec, "section": section, "role": "RS", "level": level, "summary": summary}
        return RequirementRow.model_validate({"link": link} | fields | more)

    claims = [f"dpop/test_claims.py::test_claim[resource-{number}]" for number in range(1, 31)]
    replay = "dpop/test_replay.py::test_captured_request_is_refused_a_second_time"
    return [
        row(
            "RFC9449-4.3-09",
            "MUST",
            "The htu claim is the URI of the request, without query and fragment.",
            cases=claims,
        ),
        row("RFC9449-11.1-01", "SHOULD", "A proof is taken only for a short time after it was made.", implied=True),
        row("RFC9449-11.1-04-RS", "SECURITY-CONSIDERATION", "A jti that was seen is not taken again.", cases=[replay]),
        row("RFC9449-7.1-05", "MUST", "A refusal names the error in a DPoP challenge.", link=f"javascript:{HOSTILE}"),
        row("RFC9449-4.2-12", "MUST", HOSTILE, untested="excluded: nobody outside sees how a jti was made"),
        row(
            "RFC9449-8-07",
            "MUST",
            "A client takes the nonce it is given.",
            untested="deferred: client suite",
            role="client",
        ),
        row("RFC8705-3-01", "MUST", "The certificate of the connection is the one the token is bound to."),
    ]
