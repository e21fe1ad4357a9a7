"""How containers are joined to networks, as requests for jobs and models say it."""

from typing import Any

from launcher.aws.options import AwsOptions


def network_fields(options: AwsOptions) -> dict[str, Any]:
    """Returns the fields of a request; none where nothing has been said."""
    fields: dict[str, Any] = {}
    if options.subnets:
        fields["VpcConfig"] = {
            "SecurityGroupIds": list(options.security_groups),
            "Subnets": list(options.subnets),
        }
    if options.network_isolation:
        fields["EnableNetworkIsolation"] = True
    return fields
