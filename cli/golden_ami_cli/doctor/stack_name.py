"""Stack names with which the template cannot be deployed: each would fail half way, and CloudFormation rolls back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from golden_ami_cli.doctor.model import Diagnosis, error, ok

CHECK = "stack name"
# The state machine has the stack's name: Step Functions' API reference, CreateStateMachine.
LONGEST = 80
# Names that CloudFormation makes up begin with the stack's, and these beginnings are refused. S3 User Guide, "General
# purpose bucket naming rules"; EC2 API Reference, CreateSecurityGroup.
RESERVED = {"xn--": "S3's bucket", "sthree-": "S3's bucket", "amzn-s3-demo-": "S3's bucket", "sg-": "EC2's group"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")  # CloudFormation's API reference, CreateStack


def examine_name(name: str) -> Diagnosis:
    """Whether a stack of this name can be deployed; asks nobody, so it may be called before there is one."""
    causes = list(_problems(name))
    if not causes:
        return ok(CHECK, f"{name} suits every resource that is named after it")
    remedy = f"deploy under another name, of at most {LONGEST} characters, such as golden-ami-assessment"
    return error(CHECK, f"{name}: {'; '.join(causes)}", remedy)


def _problems(name: str) -> Iterable[str]:
    if not _NAME.fullmatch(name):
        yield "CloudFormation takes letters, digits and hyphens, a letter first"
    if len(name) > LONGEST:
        yield f"{len(name)} characters; the state machine has the stack's name, and Step Functions takes {LONGEST}"
    for prefix, what in RESERVED.items():
        # The bucket's name is in lower case whatever the stack's is.
        if (name if prefix == "sg-" else name.lower()).startswith(prefix):
            yield f"begins with {prefix}, with which {what} names may not begin"
