"""Names of images as AWS, distributions and builders give them, each with the lineage that it tells."""

from __future__ import annotations

import pytest

from golden_ami.lineage.builds import may_hold_build, without_builds

UUID = "d9a3032a-921c-4c6d-b150-bde168105e42"

NAMES = {
    # Amazon Linux, Amazon ECS, Amazon EKS, Bottlerocket
    "al2023-ami-2023.9.20251117.1-kernel-6.1-x86_64": "al2023-ami-2023.9-kernel-6.1-x86_64",
    "al2023-ami-2023.9.20251117.1-kernel-6.12-arm64": "al2023-ami-2023.9-kernel-6.12-arm64",
    "al2023-ami-minimal-2023.5.20240805.0-kernel-6.1-x86_64": "al2023-ami-minimal-2023.5-kernel-6.1-x86_64",
    "al2023-ami-ecs-hvm-2023.0.20240725-kernel-6.1-x86_64": "al2023-ami-ecs-hvm-2023.0-kernel-6.1-x86_64",
    "amzn2-ami-hvm-2.0.20240620.0-x86_64-gp2": "amzn2-ami-hvm-2.0-x86_64-gp2",
    "amzn2-ami-kernel-5.10-hvm-2.0.20240719.0-x86_64-gp2": "amzn2-ami-kernel-5.10-hvm-2.0-x86_64-gp2",
    "amzn2-ami-ecs-kernel-5.10-hvm-2.0.20240725-x86_64-ebs": "amzn2-ami-ecs-kernel-5.10-hvm-2.0-x86_64-ebs",
    "amzn-ami-hvm-2018.03.0.20230807.0-x86_64-gp2": "amzn-ami-hvm-2018.03.0-x86_64-gp2",
    "amzn-ami-vpc-nat-2018.03.0.20230807.0-x86_64-ebs": "amzn-ami-vpc-nat-2018.03.0-x86_64-ebs",
    "amazon-eks-node-1.29-v20240605": "amazon-eks-node-1.29",
    "amazon-eks-arm64-node-1.30-v20240605": "amazon-eks-arm64-node-1.30",
    "amazon-eks-gpu-node-1.28-v20240129": "amazon-eks-gpu-node-1.28",
    "amazon-eks-node-al2023-x86_64-standard-1.30-v20240807": "amazon-eks-node-al2023-x86_64-standard-1.30",
    "bottlerocket-aws-k8s-1.29-x86_64-v1.20.3-5d9ac849": "bottlerocket-aws-k8s-1.29-x86_64-v1.20.3",
    "bottlerocket-aws-ecs-2-x86_64-v1.20.3-5d9ac849": "bottlerocket-aws-ecs-2-x86_64-v1.20.3",
    "Deep Learning AMI GPU PyTorch 2.3.0 (Ubuntu 20.04) 20240801": "Deep Learning AMI GPU PyTorch 2.3.0 (Ubuntu 20.04)",
    "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20240730":
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04)",
    # Windows
    "Windows_Server-2022-English-Full-Base-2024.06.13": "Windows_Server-2022-English-Full-Base",
    "Windows_Server-2019-English-Core-Base-2024.07.10": "Windows_Server-2019-English-Core-Base",
    "Windows_Server-2025-English-Full-Base-2025.01.15": "Windows_Server-2025-English-Full-Base",
    "Windows_Server-2012-R2_RTM-English-64Bit-Base-2024.06.13": "Windows_Server-2012-R2_RTM-English-64Bit-Base",
    "Windows_Server-2022-English-Full-SQL_2022_Standard-2024.07.10":
        "Windows_Server-2022-English-Full-SQL_2022_Standard",
    "Windows_Server-2022-English-Full-SQL_2019_Web-2024.07.10": "Windows_Server-2022-English-Full-SQL_2019_Web",
    "Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.07.10":
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29",
    "Windows_Server-2022-English-Full-ECS_Optimized-2024.07.10": "Windows_Server-2022-English-Full-ECS_Optimized",
    # Ubuntu, Debian
    "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20230816":
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server",
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20240701.1":
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240725":
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server",
    "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20240725":
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal",
    "ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240710":
        "ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server",
    "ubuntu-pro-server/images/hvm-ssd/ubuntu-jammy-22.04-amd64-pro-server-20240701":
        "ubuntu-pro-server/images/hvm-ssd/ubuntu-jammy-22.04-amd64-pro-server",
    "debian-12-amd64-20240717-1811": "debian-12-amd64",
    "debian-11-arm64-20240717-1811": "debian-11-arm64",
    "debian-12-backports-amd64-20240717-1811": "debian-12-backports-amd64",
    # Red Hat and its kin, SUSE, Oracle, others
    "RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3": "RHEL-9.4.0_HVM-x86_64-Hourly2-GP3",
    "RHEL-9.4.0_HVM-20240808-x86_64-16-Hourly2-GP3": "RHEL-9.4.0_HVM-x86_64-Hourly2-GP3",
    "RHEL-9.5.0_HVM-20241111-arm64-0-Access2-GP3": "RHEL-9.5.0_HVM-arm64-Access2-GP3",
    "RHEL-8.6.0_HVM_BETA-20220308-x86_64-0-Hourly2-GP2": "RHEL-8.6.0_HVM_BETA-x86_64-Hourly2-GP2",
    "RHEL-7.9_HVM-20221027-x86_64-0-Hourly2-GP2": "RHEL-7.9_HVM-x86_64-Hourly2-GP2",
    "Rocky-9-EC2-Base-9.4-20240523.0.x86_64": "Rocky-9-EC2-Base-9.4.x86_64",
    "Rocky-8-EC2-LVM-8.10-20240528.0.aarch64": "Rocky-8-EC2-LVM-8.10.aarch64",
    "AlmaLinux OS 9.4.20240805 x86_64": "AlmaLinux OS 9.4 x86_64",
    "AlmaLinux OS 8.10.20240820 aarch64": "AlmaLinux OS 8.10 aarch64",
    "CentOS Stream 9 x86_64 20240813": "CentOS Stream 9 x86_64",
    f"CentOS-7-2111-20220825_1.x86_64-{UUID}": f"CentOS-7-2111.x86_64-{UUID}",
    "suse-sles-15-sp5-v20240605-hvm-ssd-x86_64": "suse-sles-15-sp5-hvm-ssd-x86_64",
    "suse-sles-12-sp5-byos-v20240809-hvm-ssd-x86_64": "suse-sles-12-sp5-byos-hvm-ssd-x86_64",
    "openSUSE-Leap-15-5-v20240605-hvm-ssd-x86_64": "openSUSE-Leap-15-5-hvm-ssd-x86_64",
    "OL9.4-x86_64-HVM-2024-05-16": "OL9.4-x86_64-HVM",
    "Fedora-Cloud-Base-AmazonEC2.x86_64-40-1.14": "Fedora-Cloud-Base-AmazonEC2.x86_64-40-1.14",
    "Flatcar-stable-3815.2.5-hvm": "Flatcar-stable-3815.2.5-hvm",
    "talos-v1.7.5-us-east-1-amd64": "talos-v1.7.5-us-east-1-amd64",
    "FreeBSD 14.1-RELEASE-amd64 UFS": "FreeBSD 14.1-RELEASE-amd64 UFS",
    "FreeBSD 14.1-STABLE-amd64-20240801-9b95a3e95cb1-268183 UFS": "FreeBSD 14.1-STABLE-amd64 UFS",
    "kali-last-snapshot-amd64-2024.2.0-2024-06-05": "kali-last-snapshot-amd64-2024.2.0",
    # EC2 Image Builder, Packer, and pipelines
    "my-image 2022-10-26T22-30-12.345Z": "my-image",
    "base Version:1 Date:2024-08-01T12-30-45.123Z": "base",
    "base Version:12 Date:2025-01-15T02-00-00.001Z": "base",
    "packer-example 1718900000": "packer-example",
    "packer_linux-1718900000123": "packer_linux",
    "golden-2024-08-01": "golden",
    "golden-20240801": "golden",
    "golden_2024_08_01": "golden",
    "golden/2024/08/01": "golden",
    "golden20240801": "golden",
    "golden-20240801a": "golden",
    "golden-20240801120000": "golden",
    "golden-202408011230": "golden",
    "golden-20240801T120000Z": "golden",
    "golden-2024-08-01T12:30:45+00:00": "golden",
    "golden 2024-08-01 12:30:45 UTC": "golden",
    "golden-2024-08-01-12-30": "golden",
    "golden-2024-08-01-12-30-45": "golden",
    "golden-20240801-1230": "golden",
    "golden-2024.08.01-x86_64": "golden-x86_64",
    "golden (2024-08-01)": "golden",
    "golden [build 42, 2024-08-01]": "golden",
    "golden-2024-W31": "golden",
    "golden-01Aug2024": "golden",
    "golden-2024-Aug-01": "golden",
    "golden Aug 01, 2024": "golden",
    "golden-31.08.2024": "golden",
    "2024-08-01_golden": "golden",
    "golden-20240801-web": "golden-web",
    "golden-20240801-a1b2c3d": "golden",
    "golden-20250115-9f8e7d6": "golden",
    "golden-20240801-1234567": "golden",
    "golden-abcdefa-20240801": "golden",
    "golden-a1b2c3d": "golden",
    "golden-9f8e7d6-arm64": "golden-arm64",
    "golden-1234567": "golden",
    "golden-abc4567": "golden",
    "golden-4e5d6c7b8a9f0e1d2c3b4a5f6e7d8c9b0a1f2e3d": "golden",
    "golden git-abcdefa": "golden",
    "golden-1.4.2-12-g1a2b3c4": "golden-1.4.2",
    "golden-build-42": "golden",
    "golden-b42": "golden",
    "golden-linux-build-7": "golden-linux",
    "golden-linux-2024-Aug-01": "golden-linux",
    "golden #12": "golden",
    "golden-20240801.3": "golden",
    "golden-20240801-r2": "golden",
    "golden-base-v42": "golden-base",
    "golden-v3-20260401": "golden",
    "golden-rhel-9-20260401": "golden-rhel-9",
    "golden-rhel-9-v3": "golden-rhel-9",
    "golden-k8s-1.29.4-20260401-a1b2c3d": "golden-k8s-1.29.4",
    "golden-v1-v2": "golden",
    "golden-al2023-v42": "golden-al2023",
    "payments build-42": "payments",
    "payments Version:3 Date:2024-08-01T12-30-45.123Z": "payments",
    "golden Version:3": "golden",
    "Amazon Linux 2023 Version:3 Date:2024-08-01T12-30-45.123Z": "Amazon Linux 2023",
    "golden-20240801-1809": "golden",
    "debian-12-amd64-20240717-1809": "debian-12-amd64",
    "golden-aug2024": "golden",
    "golden-2024-Aug": "golden",
    "golden-2024Q3": "golden",
    "golden-Q3-2024": "golden",
    "golden-24w31": "golden",
    "golden-aug2024-prod": "golden-prod",
    # Nothing is left of these
    "20240801": "",
    "v42": "",
    "(2024-08-01)": "",
    "": "",
}  # fmt: skip

RELEASES = [
    ("golden-rhel-8", "golden-rhel-9"),
    ("ubuntu-20.04", "ubuntu-22.04"),
    ("golden-ubuntu-2004", "golden-ubuntu-2204"),
    ("golden-ubuntu-20240801-20.04", "golden-ubuntu-20240801-22.04"),
    ("golden-ubuntu-20240801-2004", "golden-ubuntu-20240801-2204"),
    ("golden-ubuntu-2024-08-01-20-04", "golden-ubuntu-2024-08-01-22-04"),
    ("ubuntu-20-04-2024", "ubuntu-22-04-2024"),
    ("golden-20-04-2024", "golden-22-04-2024"),
    ("ubuntu-20-04-2024-08-01", "ubuntu-22-04-2024-08-01"),
    ("amazon-linux-2", "amazon-linux-2023"),
    ("golden-al2-20240801", "golden-al2023-20240801"),
    ("windows-2019", "windows-2022"),
    ("windows-20240801-2019", "windows-20240801-2022"),
    ("windows-build-17763", "windows-build-20348"),
    ("windows-10-dec-2022", "windows-11-dec-2022"),
    ("sql-2017", "sql-2019"),
    ("node-18", "node-20"),
    ("node-v18", "node-v20"),
    ("golden-nodejs-v18-20240801", "golden-nodejs-v20-20240801"),
    ("k8s-1.29", "k8s-1.30"),
    ("k8s-v1-29", "k8s-v1-30"),
    ("eks-node-1.29-v20240605", "eks-node-1.30-v20240605"),
    ("RHEL Version:8", "RHEL Version:9"),
    ("RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3", "RHEL-9.5.0_HVM-20240605-x86_64-82-Hourly2-GP3"),
    ("golden 1.4.2", "golden 1.5.0"),
    ("golden-v1.4", "golden-v1.5"),
    ("golden-v2019", "golden-v2022"),
    ("golden-9-20240801", "golden-8-20240801"),
    ("amzn-ami-hvm-2017.09", "amzn-ami-hvm-2018.03"),
    ("fedora-coreos-40.20240728.2.0-x86_64", "fedora-coreos-40.20240728.3.0-x86_64"),
    ("windows-build-9200", "windows-build-9600"),
    ("windows-10-v1607", "windows-10-v1809"),
    ("windows-server-core-v1709", "windows-server-core-v1803"),
    ("rhel-build-8", "rhel-build-9"),
    ("java-build-17", "java-build-21"),
    ("python-build-311", "python-build-312"),
    ("rhel #8", "rhel #9"),
    ("c#11", "c#12"),
    ("photon-v4", "photon-v5"),
    ("photon-3-dec-2024", "photon-4-dec-2024"),
    ("rhel-golden-v8", "rhel-golden-v9"),
    ("rhel-base-v8-20240801", "rhel-base-v9-20240801"),
    (
        "Red Hat Enterprise Linux Version:8 Date:2024-08-01T12-30-45.123Z",
        "Red Hat Enterprise Linux Version:9 Date:2024-08-01T12-30-45.123Z",
    ),
    ("Oracle Linux Version:8 Date:2024-08-01", "Oracle Linux Version:9 Date:2024-08-01"),
    ("Rocky Linux build-8", "Rocky Linux build-9"),
    ("Rocky Linux #8", "Rocky Linux #9"),
    ("SUSE Linux Enterprise Server Version:12", "SUSE Linux Enterprise Server Version:15"),
    ("Windows Server Version:19", "Windows Server Version:22"),
    ("Amazon Linux version:2", "Amazon Linux version:3"),
    ("windows-20240801-1809", "windows-20240801-1909"),
    ("golden-win10-20240801-1607", "golden-win10-20240801-1709"),
    ("win-20240801-17763", "win-20240801-20348"),
    ("win-20240801-build17763", "win-20240801-build20348"),
    ("windows 10 build 17763", "windows 10 build 19041"),
    ("windows 2019 #17763", "windows 2019 #17134"),
    ("rhel [20240801] 8", "rhel [20240801] 9"),
    ("php-20240801-74", "php-20240801-82"),
    ("websphere-v8", "websphere-v9"),
    ("emr-v5", "emr-v6"),
    ("sonarqube-v9", "sonarqube-v10"),
    ("f5-bigip-v15-20240801", "f5-bigip-v16-20240801"),
    ("golden-os-v8", "golden-os-v9"),
    ("x86_64-websphere-x86_64-b8", "x86_64-websphere-x86_64-b9"),
    ("windows 10 may 2019", "windows 11 may 2019"),
    ("windows-may2019", "windows-oct2018"),
    # No releases, and no builds either
    ("golden-cafe123", "golden-cafe124"),
    ("team-abc2022", "team-abc2023"),
    ("golden-deadbeef-20240801", "golden-cafebabe-20240801"),
    ("golden-123456789012", "golden-210987654321"),
    ("golden-from-ami-0a1b2c3d4e5f60001", "golden-from-ami-0a1b2c3d4e5f60002"),
    ("copy of i-0a1b2c3d4e5f60001", "copy of i-0a1b2c3d4e5f60002"),
    (f"product-{UUID}", f"product-{UUID.replace('9', '8')}"),
    ("golden-2024-08", "golden-2024-09"),
    ("backup-db12345", "backup-db12346"),
]


@pytest.mark.parametrize("name", NAMES)
def test_of_a_name(name: str) -> None:
    assert without_builds(name) == NAMES[name]


@pytest.mark.parametrize("pair", RELEASES, ids="/".join)
def test_releases_stay_apart(pair: tuple[str, str]) -> None:
    one, other = map(without_builds, pair)
    assert one
    assert one != other


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("golden-base 1.4.2", True), ("golden-base-42", True), ("golden-2024-08", True), ("golden-v1.4-arm64", True),
        ("golden-20-04-2024", True), ("ubuntu 1 Aug 2024", True), ("golden-2016", True), ("rhel-golden-v8", True),
        ("golden-9", True), ("web-server-v42", True), ("golden-linux-42", True), ("windows-2022", False),
        (f"product-{UUID}", True), ("from ami-0a1b2c3d4e5f60001", True),
        ("golden-rhel-9", False), ("ubuntu-22.04", False), ("node-v18", False), ("windows-server-2022", False),
        ("rhel9", False), ("web", False), ("", False),
        ("golden-v42-prod", True), ("golden-42-hvm", True), ("web-base-1.2.3-x86_64-gp3", True), ("42-golden", True),
        ("golden-1.2.3-SNAPSHOT", True), ("golden-r42", True), ("golden-sprint42", True), ("golden-rc1", True),
        ("golden-build42a", True), ("golden-abcdefa-prod", True), ("payments-v42", True),
        ("golden-ubuntu2204-x86_64-gp3", False), ("k8s-1.29-us-east-1", False), ("golden-rke2-arm64", False),
        ("Windows_Server-2012-R2-64Bit-Base", False), ("Amazon Linux 2023 ec2", False),
        ("rhel-golden-v8-build-42", True), ("golden-rhel-9-42-prod", True),
        ("CentOS Stream 9", False), ("rocky-linux-9-hvm", False), ("Amazon Linux 2", False), ("web-pro-server-2", True),
    ],
)  # fmt: skip
def test_what_may_be_a_build_all_the_same_is_told(name: str, told: bool) -> None:
    assert without_builds(name) == name
    assert may_hold_build(name) is told


@pytest.mark.parametrize("name", ["jenkins-20240801-3", "docker 20240801 #3", "Rocky Linux build-8"])
def test_a_counter_that_was_kept_is_told_though_it_stands_behind_a_product_now(name: str) -> None:
    assert may_hold_build(name)


def test_2025_is_a_release_of_windows_server_as_2022_is() -> None:
    assert without_builds("windows-20240801-2025") == "windows-2025"
    assert without_builds("windows-20240801-2022") == "windows-2022"
