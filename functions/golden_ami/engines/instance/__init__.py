"""Engine `instance`: Amazon Inspector (`inspector2`) on a launched instance."""

from golden_ami.engines.base import Traits

TRAITS = Traits(
    needs_instances=True,
    needs_activation=True,
    has_benchmark=True,
    writes_back=lambda config: config.security_hub,
)
