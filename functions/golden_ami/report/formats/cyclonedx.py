"""CycloneDX 1.6 with VEX: the AMIs, the packages on them that are vulnerable, and what is said of each vulnerability.

An accepted risk is not a claim of being unaffected: its analysis is `exploitable` with the response `will_not_fix`,
and says who accepted it until when.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import fixed_version
from golden_ami.models import Finding, Package
from golden_ami.report.evidence import values
from golden_ami.report.findings import closed_words, every_finding, findings_of
from golden_ami.report.formats.streaming import members
from golden_ami.report.links import finding_url
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import value_of_ami
from golden_ami.storage.objects import Store

_SEVERITIES = {"INFORMATIONAL": "info", "UNTRIAGED": "unknown"}
# Inspector's packageManager -> purl type, where the name alone makes a valid purl. Those of an operating system
# need its distribution, which a finding does not say.
_PURLS = {
    "BUNDLER": "gem", "CARGO": "cargo", "COMPOSER": "composer", "DOTNET_CORE": "nuget", "GEMSPEC": "gem",
    "GOBINARY": "golang", "GOMOD": "golang", "JAR": "maven", "NODEPKG": "npm", "NPM": "npm", "NUGET": "nuget",
    "PIP": "pypi", "PIPENV": "pypi", "POETRY": "pypi", "POM": "maven", "PYTHONPKG": "pypi", "YARN": "npm",
}  # fmt: skip
_LOWER = ("composer", "golang", "pypi")  # types whose names have no capitals (package-url, purl-spec, types)

_SUPPRESSED = "suppressed by a rule of Amazon Inspector"


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """One BOM. Findings are read twice, for components and for vulnerabilities, so that neither is kept."""
    run = report.run
    known = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, run.execution_arn or run.run_id)}",
        "version": 1,
        "metadata": {
            "timestamp": run.completed_at,
            "tools": {"components": [{"type": "application", "name": "Golden AMI Assessment"}]},
            "component": {"type": "platform", "name": f"Golden AMIs of {run.account}", "bom-ref": "golden-amis"},
        },
    }
    components = (_component(store, ami) for ami in report.amis)
    members(out, known, components=components, vulnerabilities=_vulnerabilities(report, store))


def _component(store: Store, ami: AmiReport) -> dict[str, Any]:
    packages = {_ref(ami, package): package for finding, _ in findings_of(store, ami) for package in finding.packages}
    about = {"verdict": value_of_ami(ami), "amiId": ami.ami_id, "region": ami.region, "account": ami.account}
    reason = {"notAssessed": f"{ami.reason.code}: {ami.reason.message}"} if ami.reason else {}
    seen = {f"evidence.{kind}": text for kind, text in values(ami).items()}
    return {
        "type": "operating-system",
        "bom-ref": ami.key,
        "name": ami.name or ami.ami_id,
        "version": ami.ami_id,
        "properties": [{"name": f"golden-ami:{key}", "value": value} for key, value in (about | reason | seen).items()],
        **({"components": [_package(ref, package) for ref, package in packages.items()]} if packages else {}),
    }


def _ref(ami: AmiReport, package: Package) -> str:
    return "#".join([ami.key, package.name, package.version, package.architecture, package.path])


def _package(ref: str, package: Package) -> dict[str, Any]:
    found = {"type": "library", "bom-ref": ref, "name": package.name, "version": package.version}
    if purl := _purl(package):
        found["purl"] = purl
    return found


def _purl(package: Package) -> str:
    """The package URL; "" where the finding does not say enough for one: a Maven artifact without its group."""
    kind = _PURLS.get(package.manager, "")
    name = package.name.lower() if kind in _LOWER else package.name
    if kind == "maven":  # Inspector writes group:artifact
        name = name.replace(":", "/")
    if kind == "golang" and name in ("go:stdlib", "go/stdlib"):  # which is no module
        name = "stdlib"
    if kind == "pypi":
        name = name.replace("_", "-")
    parts = [quote(part, safe="") for part in name.split("/") if part.strip()]
    if not kind or not package.version.strip() or not parts or (kind == "maven" and len(parts) != 2):
        return ""
    return f"pkg:{kind}/{'/'.join(parts)}@{quote(package.version.strip(), safe='')}"


def _vulnerabilities(report: Report, store: Store) -> Iterator[dict[str, Any]]:
    for number, (ami, finding, status) in enumerate(every_finding(report, store)):
        yield _vulnerability(f"finding-{number}", report, ami, finding, status)


def _vulnerability(ref: str, report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> dict[str, Any]:
    url = finding_url(finding)
    cwes = [int(found[1]) for cwe in finding.cwes if (found := re.fullmatch("(?:CWE-)?0*([1-9][0-9]{0,8})", cwe))]
    analysis = _analysis(report, ami, finding, status)
    rating = {"severity": _SEVERITIES.get(finding.severity, finding.severity.lower())}
    return {
        "bom-ref": ref,
        "id": finding.vulnerability_id or finding.title,
        **({"source": {"url": url}} if url else {}),
        "ratings": [rating | ({} if finding.score is None else {"score": finding.score})],
        **({"cwes": cwes} if cwes else {}),
        **({"description": finding.description} if finding.description else {}),
        **({"recommendation": text} if (text := _recommendation(finding)) else {}),
        "affects": _affects(ami, finding),
        **({"analysis": analysis} if analysis else {}),
        "properties": _properties(finding, status),
    }


def _recommendation(finding: Finding) -> str:
    upgrades = [
        f"Upgrade {package.name} to {fixed}."
        for package in finding.packages
        if (fixed := fixed_version(package.fixed_in))
    ]
    return " ".join(dict.fromkeys([*upgrades, *filter(None, [finding.remedy])]))


def _affects(ami: AmiReport, finding: Finding) -> list[dict[str, Any]]:
    if not finding.packages:
        return [{"ref": ami.key}]
    refs = {_ref(ami, package): package.version for package in finding.packages}
    return [
        {"ref": ref, **({"versions": [{"version": version, "status": "affected"}]} if version else {})}
        for ref, version in refs.items()
    ]


def _analysis(report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> dict[str, Any] | None:
    if status.exception is not None:
        terms = report.exceptions[status.exception].exception
        detail = f"{terms.reason} (accepted by {terms.owner} until {terms.expires})"
        if not report.accepted_by(status):
            return {"state": "exploitable", "detail": f"the acceptance has expired: {detail}"}
        return {"state": "exploitable", "response": ["will_not_fix"], "detail": detail}
    if report.tolerates_suppressed(ami, finding):
        return {"state": "exploitable", "response": ["will_not_fix"], "detail": _SUPPRESSED}
    if finding.known_exploited_since:
        return {"state": "exploitable", "detail": f"CISA KEV lists it since {finding.known_exploited_since}"}
    return {"state": "in_triage", "detail": f"{_SUPPRESSED}, and judged"} if finding.suppressed else None


def _properties(finding: Finding, status: FindingStatus) -> list[dict[str, str]]:
    values = {
        "since": status.since,
        "change": status.change,
        "rule": status.rule,
        "tolerated": status.tolerated,
        "epss": "" if finding.epss is None else f"{finding.epss:g}",
        "suppressed": _SUPPRESSED if finding.suppressed else "",
        "closed": closed_words(finding),
    }
    return [{"name": f"golden-ami:{name}", "value": value} for name, value in values.items() if value]
