"""What is known of personal data in what leaves for a service."""

from jobs.models import TrainingFile
from jobs.training_data.findings import personal_kind


def personal_of(file: TrainingFile | None) -> str:
    """What is known of personal data in a file: "found", "none", or "unknown"."""
    if file is None:
        return "unknown"
    findings = file.report.get("findings", [])
    if any(personal_kind(str(finding.get("code", ""))) for finding in findings):
        return "found"
    return "none" if (file.report.get("statistics") or {}).get("personal") else "unknown"
