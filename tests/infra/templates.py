"""Reads the template as CloudFormation does, its short forms written out."""

import yaml

from launcher.aws.setup import TEMPLATE


class _Loader(yaml.SafeLoader):
    """Knows `!Ref` and the others."""


def _function(loader, name, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if name == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def read_template():
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (it is safe)


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(resource):
    """Every statement of a role, a policy or a bucket's policy, but not whom a role trusts."""
    properties = resource.get("Properties", {})
    documents = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
    documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    return [statement for document in documents for statement in document["Statement"]]


def launcher_statements(resources):
    """Every statement of the policies for those who type commands, but for a key of their own."""
    return [*statements(resources["TrainingPolicy"]), *statements(resources["EndpointPolicy"])]
