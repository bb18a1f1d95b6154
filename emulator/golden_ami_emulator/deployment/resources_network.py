"""Resource types of the network and of what is launched in it."""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.deployment.resources import (
    Made,
    Properties,
    ResourceType,
    StackPlace,
    numbers,
    only,
    tags,
    text,
    without,
)


def _tagged(kind: str, properties: Properties) -> list[Properties]:
    return [{"ResourceType": kind, "Tags": tags(properties)}] if properties.get("Tags") else []


def _vpc(place: StackPlace, _name: str, properties: Properties) -> Made:
    client = place.client("ec2")
    request = only(properties, "CidrBlock", "InstanceTenancy")
    vpc = client.create_vpc(**request, TagSpecifications=_tagged("vpc", properties))["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in properties:
            client.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": numbers(properties[name])}})
    return Made(vpc, {"VpcId": vpc, "CidrBlock": properties["CidrBlock"]})


def _subnet(place: StackPlace, _name: str, properties: Properties) -> Made:
    client = place.client("ec2")
    request = only(properties, "VpcId", "CidrBlock", "AvailabilityZone")
    subnet = client.create_subnet(**request, TagSpecifications=_tagged("subnet", properties))["Subnet"]
    public = numbers(properties.get("MapPublicIpOnLaunch", False))
    client.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": public})
    return Made(subnet["SubnetId"], {"SubnetId": subnet["SubnetId"], "AvailabilityZone": subnet["AvailabilityZone"]})


def _route_table(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = {"VpcId": properties["VpcId"], "TagSpecifications": _tagged("route-table", properties)}
    table = place.client("ec2").create_route_table(**request)["RouteTable"]["RouteTableId"]
    return Made(table, {"RouteTableId": table})


def _association(place: StackPlace, _name: str, properties: Properties) -> Made:
    return Made(place.client("ec2").associate_route_table(**properties)["AssociationId"])


def _gateway(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = {"TagSpecifications": _tagged("internet-gateway", properties)}
    gateway = place.client("ec2").create_internet_gateway(**request)["InternetGateway"]["InternetGatewayId"]
    return Made(gateway, {"InternetGatewayId": gateway})


def _attachment(place: StackPlace, _name: str, properties: Properties) -> Made:
    place.client("ec2").attach_internet_gateway(**properties)
    return Made(f"{properties['InternetGatewayId']}|{properties['VpcId']}")


def _detach(place: StackPlace, physical: str) -> None:
    gateway, _, vpc = physical.partition("|")
    place.client("ec2").detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def _route(place: StackPlace, _name: str, properties: Properties) -> Made:
    place.client("ec2").create_route(**properties)
    return Made(f"{properties['RouteTableId']}|{properties['DestinationCidrBlock']}")


def _delete_route(place: StackPlace, physical: str) -> None:
    table, _, destination = physical.partition("|")
    place.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def _security_group(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("ec2")
    request = {"GroupName": name, "Description": properties["GroupDescription"], **only(properties, "VpcId")}
    group = client.create_security_group(**request, TagSpecifications=_tagged("security-group", properties))["GroupId"]
    if properties.get("SecurityGroupEgress"):
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        client.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        egress = [_rule_of(rule, "Destination") for rule in properties["SecurityGroupEgress"]]
        client.authorize_security_group_egress(GroupId=group, IpPermissions=egress)
    if properties.get("SecurityGroupIngress"):
        ingress = [_rule_of(rule, "Source") for rule in properties["SecurityGroupIngress"]]
        client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress)
    return Made(group, {"GroupId": group, "VpcId": properties.get("VpcId", "")})


def _rule_of(rule: Properties, end: str) -> Properties:
    made = numbers(only(rule, "FromPort", "ToPort")) | {"IpProtocol": str(rule["IpProtocol"])}
    described = only(rule, "Description")
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    if f"{end}SecurityGroupId" in rule:
        made["UserIdGroupPairs"] = [{"GroupId": rule[f"{end}SecurityGroupId"], **described}]
    if f"{end}PrefixListId" in rule:
        made["PrefixListIds"] = [{"PrefixListId": rule[f"{end}PrefixListId"], **described}]
    return dict(made)


def _endpoint(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = without(properties, "PolicyDocument", "Tags", "PrivateDnsEnabled")
    if "PolicyDocument" in properties:
        request["PolicyDocument"] = text(properties["PolicyDocument"])
    if "PrivateDnsEnabled" in properties:
        request["PrivateDnsEnabled"] = numbers(properties["PrivateDnsEnabled"])
    endpoint = place.client("ec2").create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"]
    return Made(endpoint, {"Id": endpoint})


def _launch_template(place: StackPlace, name: str, properties: Properties) -> Made:
    request = {"LaunchTemplateName": name, "LaunchTemplateData": properties["LaunchTemplateData"]}
    made = place.client("ec2").create_launch_template(**request)["LaunchTemplate"]["LaunchTemplateId"]
    return Made(made, {"LatestVersionNumber": "1", "DefaultVersionNumber": "1", "LaunchTemplateId": made})


def _ec2(operation: str, parameter: str) -> Any:
    def delete(place: StackPlace, physical: str) -> None:
        getattr(place.client("ec2"), operation)(**{parameter: physical})

    return delete


KINDS: dict[str, ResourceType] = {
    "AWS::EC2::VPC": ResourceType(_vpc, _ec2("delete_vpc", "VpcId")),
    "AWS::EC2::Subnet": ResourceType(_subnet, _ec2("delete_subnet", "SubnetId")),
    "AWS::EC2::RouteTable": ResourceType(_route_table, _ec2("delete_route_table", "RouteTableId")),
    "AWS::EC2::SubnetRouteTableAssociation": ResourceType(
        _association, _ec2("disassociate_route_table", "AssociationId")
    ),
    "AWS::EC2::InternetGateway": ResourceType(_gateway, _ec2("delete_internet_gateway", "InternetGatewayId")),
    "AWS::EC2::VPCGatewayAttachment": ResourceType(_attachment, _detach),
    "AWS::EC2::Route": ResourceType(_route, _delete_route),
    "AWS::EC2::SecurityGroup": ResourceType(_security_group, _ec2("delete_security_group", "GroupId"), "GroupName"),
    "AWS::EC2::VPCEndpoint": ResourceType(
        _endpoint, lambda p, i: p.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[i])
    ),
    "AWS::EC2::LaunchTemplate": ResourceType(
        _launch_template, _ec2("delete_launch_template", "LaunchTemplateId"), "LaunchTemplateName"
    ),
}
