"""Engine `ami`: Amazon Inspector's on-demand scan of an AMI, without an instance."""

from golden_ami.engines.base import Traits

TRAITS = Traits(needs_instances=False, newest_operation="StartOnDemandScan")
