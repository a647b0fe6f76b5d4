"""Results as JUnit XML: only failed is a failure, only inconclusive an error."""

from collections.abc import Iterator

from holdfast.report.findings import counts
from holdfast.report.text import for_xml as safe
from holdfast.results import CaseResult, Results, TargetRun


def junit(results: Results) -> str:
    """One testsuite for each variant of each target; a failure that a baseline names is skipped with its reason."""
    suites = [_suite(run, results) for run in results.targets]
    lines = ['<?xml version="1.0" encoding="utf-8"?>', '<testsuites name="holdfast">', *suites, "</testsuites>"]
    return "\n".join(lines) + "\n"


def _suite(run: TargetRun, results: Results) -> str:
    found = counts(run.cases)
    known = sum(case.known is not None and case.verdict == "failed" for case in run.cases)
    seconds = sum(case.seconds for case in run.cases)
    attributes = {
        "name": f"{run.target}/{run.variant}",
        "tests": str(len(run.cases)),
        "failures": str(found["failed"] - known),
        "errors": str(found["inconclusive"]),
        "skipped": str(found["not applicable"] + found["not run"] + known),
        "time": f"{seconds:.3f}",
        "timestamp": results.started,
    }
    facts = [("profile", results.profile), ("launch", run.launch), ("digest", run.digest)]
    facts += [("problem", run.problem)] if run.problem else []
    facts += [("interrupted", "true")] if run.interrupted else []
    body = [_properties(facts, "    "), *(_case(case) for case in run.cases)]
    return "\n".join([f"  <testsuite{_written(attributes)}>", *body, "  </testsuite>"])


def _written(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{safe(value)}"' for name, value in attributes.items())


def _properties(facts: list[tuple[str, str]], indent: str) -> str:
    lines = [f"{indent}  <property{_written({'name': name, 'value': value})}/>" for name, value in facts]
    return "\n".join([f"{indent}<properties>", *lines, f"{indent}</properties>"])


def _case(case: CaseResult) -> str:
    file, _, function = case.case.partition("::")
    attributes = {
        "classname": file.removesuffix(".py").replace("/", "."),
        "name": function or case.case,
        "time": f"{case.seconds:.3f}",
    }
    facts = [("verdict", case.verdict), ("requirement", case.requirement), ("impact", case.impact)]
    facts += [("label", case.label)] if case.label else []
    facts += [(f"signal {signal.verdict}", f"{signal.situation}: {signal.seen}") for signal in case.signals]
    lines = [f"    <testcase{_written(attributes)}>", _properties(facts, "      "), *_outcome(case), "    </testcase>"]
    return "\n".join(lines)


def _outcome(case: CaseResult) -> Iterator[str]:
    if case.verdict == "failed" and case.known:
        reason = f"known failure until {case.known.expires}: {case.known.reason}"
        yield f"      <skipped{_written({'type': 'known failure', 'message': reason})}/>"
    elif case.verdict == "failed":
        message = case.reason or f"expected {case.expected}, got {case.actual}"
        attributes = _written({"type": case.label or "failed", "message": message})
        yield f"      <failure{attributes}>{safe(_told(case))}</failure>"
    elif case.verdict == "inconclusive":
        yield f"      <error{_written({'type': 'inconclusive', 'message': case.reason})}>{safe(_told(case))}</error>"
    elif case.verdict in {"not applicable", "not run"}:
        yield f"      <skipped{_written({'message': f'{case.verdict}: {case.reason}'})}/>"


def _told(case: CaseResult) -> str:
    parts = [
        case.title,
        f"expected: {case.expected}" if case.expected else "",
        f"actual: {case.actual}" if case.actual else "",
        f"differs from the accepted request in: {case.difference}" if case.difference else "",
        *case.remarks,
        f"requirement: {case.requirement}",
        f"run again: {case.reproduce}" if case.reproduce else "",
    ]
    return "\n".join(part for part in parts if part)
