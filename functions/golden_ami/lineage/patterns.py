"""What builds write into the names of images, and what only looks like it; regular expressions, each of a whole word.

Formats: ISO 8601; the time of a build of EC2 Image Builder ("Create a distribution configuration", AMI name); Packer's
`{{timestamp}}` and `{{isotime}}`; git's abbreviated object names (seven digits at least) and `git describe`.
"""

from __future__ import annotations

# What is found is replaced by a character that no image's name has: an instant, another mark, what stays whole.
INSTANT, MARK, WHOLE = "\x00", "\x01", "\x02"
FOUND = f"[{INSTANT}{MARK}]"

START, END = r"(?<![^\W_])", r"(?![^\W_])"  # no letter or digit before, behind
GAP = r"[\s\-_./@:,;+~#|=]"
ARCHITECTURE = r"(?:x86[_-]64|amd64|arm64|aarch64|i[3-6]86|x64|x86(?![_-]64))"

# ---------------------------------------------------------------- what is no build

# UUIDs (a product's in AWS Marketplace), and ids of what the image was made from.
IDS = (
    rf"{START}(?:[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
    rf"|(?:ami|i|snap|vol|vpc|subnet|sg|eni|lt)-(?:[0-9a-f]{{17}}|[0-9a-f]{{8}})){END}"
)
# Releases that are numbers of four digits: of Windows (also 1507 to 1909) and SQL Server, and 2204 for Ubuntu's 22.04.
# Builds of Windows that are releases: Microsoft, "Windows Server release information", "Windows release health".
_UBUNTU = r"(?:1[4-9]|2[0-9])[\-._/]?(?:04|10)(?![0-9])"
WINDOWS = (
    r"(?:1(?:507|511|607|70[39]|80[39]|90[39])|9[26]00|10240|10586|14393|15063|16299|17134|17763|1836[23]|1904[1-5]"
    r"|20348|22000|22621|22631|25398|26[12]00)"
)
ON_WINDOWS = r"(?<![^\W_])win(?:dows)?(?![^\W_0-9])"
NOT_A_RELEASE = rf"(?!(?:19|20)[0-9]{{2}}{END}|{WINDOWS}{END}|{_UBUNTU})"
_NOT_A_RELEASE_YEAR = r"(?!20(?:0[038]|1[24679]|2[258])(?![0-9]))"
# Behind these words a number is a release, as far as anyone can tell: `node-v18`, `windows-build-20348`.
# The list cannot be whole: of a word that is neither here nor among `ROLES`, nobody knows what a number behind it is.
PRODUCTS = frozenset({
    "al", "alinux", "alma", "almalinux", "alpine", "amazon", "amazonlinux", "amzn", "anolis", "ansible", "apache",
    "arch", "bionic", "cassandra", "cilium", "cloudlinux", "euleros", "flink", "gentoo", "grafana", "haproxy",
    "istio", "jboss", "k3s", "kops", "kylin", "mint", "nixos", "ocp", "oel", "openeuler", "openshift", "photon",
    "prometheus", "rabbitmq", "rke", "rke2", "sap", "solaris", "weblogic", "wildfly", "zookeeper",
    "bookworm", "bottlerocket", "bullseye", "buster", "centos", "consul", "containerd", "coreos", "corretto",
    "cuda", "debian", "docker", "dotnet", "driver", "ecs", "eks", "el", "elastic", "elasticsearch", "es", "fedora",
    "flatcar", "focal", "freebsd", "gitlab", "go", "golang", "hadoop", "iis", "jammy", "java", "jdk", "jenkins",
    "jre", "js", "k8s", "kafka", "kali", "kernel", "kubernetes", "leap", "linux", "macos", "mariadb", "mongo",
    "mongodb", "mssql", "mysql", "net", "nginx", "noble", "node", "nodejs", "nomad", "nvidia", "ol", "openjdk",
    "opensuse", "oracle", "oraclelinux", "perl", "pg", "php", "postgres", "postgresql", "pro", "py", "python",
    "pytorch", "redhat", "redis", "rhel", "rocky", "rockylinux", "ruby", "server", "sle", "sles", "sp", "spark",
    "splunk", "sql", "stream", "suse", "talos", "tensorflow", "tomcat", "trixie", "ubuntu", "vault", "win",
    "windows", "xenial",
    "activemq", "airflow", "angular", "artemis", "camunda", "ceph", "checkpoint", "cisco", "citrix", "confluence",
    "couchbase", "cpython", "db2", "drupal", "elixir", "emr", "enterprise", "envoy", "erlang", "exadata", "fortigate",
    "gcc", "hat", "hbase", "ibm", "influxdb", "jetty", "jira", "keycloak", "kibana", "kong", "liferay", "llvm",
    "logstash", "magento", "memcached", "neo4j", "nessus", "netapp", "nexus", "opensearch", "os", "paloalto",
    "pcluster", "scala", "sharepoint", "slurm", "solr", "sonarqube", "sqlserver", "teamcity", "traefik", "trino",
    "varnish", "websphere", "wlp", "zabbix",
})  # fmt: skip
# Of these, some: a number behind them may be a build's as well (`web-server-42`).
VAGUE_PRODUCTS = frozenset({"driver", "linux", "net", "os", "pro", "server", "stream"})
# What an image is for: a number with a letter behind these is the image's own, no product's (`golden-base-v42`).
ROLES = frozenset({
    "ami", "amis", "api", "app", "application", "apps", "backend", "base", "baseline", "bastion", "batch", "ci",
    "common", "default", "dev", "development", "ebs", "example", "family", "frontend", "gold", "golden", "gp2", "gp3",
    "hardened", "hvm", "image", "images", "main", "master", "packer", "prod", "production", "public", "qa", "runner",
    "secure", "service", "stage", "staging", "template", "test", "uat", "web", "website", "worker",
})  # fmt: skip
RELEASE_YEAR = r"(?:19|20)[0-9]{2}"
# Words of the letters a to f, and names of roles, with a number or year behind them.
_NOT_A_WORD = (
    r"(?!(?:[a-f]+(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}(?:dec|feb)"
    r"|(?:acceded|ad|add|babe|bad|bead|beaded|bed|bee|beef|beefcafe|cab|cad|cafe|cafebabe|cd|dad|db|dc|dead|deadbeef"
    r"|decade|decaf|decafbad|deed|deface|defaced|ec|ed|efface|effaced|face|faced|facade|fade|faded|fe|fed|fee|feed"
    r"|feedface)[0-9]*)"
    rf"{END})"
)

# ---------------------------------------------------------------- instants

_HOUR, _SIXTIETH = r"(?:[01][0-9]|2[0-3])", r"[0-5][0-9]"
_ZONE = r"(?:\s?(?:Z|UTC|GMT)|[+\-](?:0[0-9]|1[0-4]):?(?:00|30|45)(?![0-9]))?"
_SECONDS = rf"{_SIXTIETH}(?:[.,][0-9]{{1,9}})?"
# Behind a date whose parts `gap` parts. A time of two parts without T may be a release (22.04): then it stays.
_TIME = (
    rf"(?:T{_HOUR}[:\-._]?{_SIXTIETH}(?:[:\-._]?{_SECONDS})?{_ZONE}"
    rf"|[\s\-_.@/]{{0,2}}{_HOUR}(?P<part>[:\-._]?){_SIXTIETH}(?P=part){_SECONDS}{_ZONE}"
    rf"|[\s\-_.@/]{{0,2}}{_HOUR}:{_SIXTIETH}{_ZONE}"
    rf"|{_HOUR}{_SIXTIETH}{_ZONE}"
    rf"|[\s\-_.@/](?!{_UBUNTU}|{WINDOWS}{END}){_NOT_A_RELEASE_YEAR}{_HOUR}(?P=gap){_SIXTIETH}{_ZONE})?"
)
_LABEL = rf"(?:{START}(?:v|(?:date|built|build|created|timestamp|version)[:=\s_\-]{{1,2}}))?"
_YEAR, _MONTH, _DAY = r"(?:19|20)[0-9]{2}", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_NAMED_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_BLANKS = r"[\s\-_.,/]{0,2}"

# Year, month, day, with a time and a letter behind it; week; seconds or milliseconds since 1970; with the
# month as a word, unless a day in front may be a release.
INSTANTS = (
    rf"{_LABEL}(?<![0-9]){_YEAR}(?P<gap>[\-._/]?){_MONTH}(?P=gap){_DAY}{_TIME}[a-z]?{END}",
    rf"{_LABEL}{START}{_YEAR}[\-_.]?W(?:0[1-9]|[1-4][0-9]|5[0-3])(?:[\-_.]?[1-7])?{END}",
    rf"{_LABEL}{START}1[0-9]{{9}}(?:[0-9]{{3}})?{END}",
    rf"{_LABEL}{START}{_DAY}{_NAMED_MONTH}{_YEAR}{END}",
    rf"{START}{_YEAR}{_BLANKS}{_NAMED_MONTH}{_BLANKS}{_DAY}{END}",
    rf"{START}{_NAMED_MONTH}{_BLANKS}{_DAY}{_BLANKS}{_YEAR}{END}",
)
# With the day first, which may be a product's release: `windows-10-dec-2022`.
DAY_FIRST = (
    rf"{START}(?<![0-9][\-._/])(?!{_UBUNTU})(?:{_DAY}(?P<gap>[\-._/]){_MONTH}|{_MONTH}(?P<other>[\-._/]){_DAY})"
    rf"(?:(?P=gap)|(?P=other)){_YEAR}{END}",
    rf"{START}(?:0?[1-9]|[12][0-9]|3[01]){_BLANKS}{_NAMED_MONTH}{_BLANKS}{_YEAR}{END}",
)
# A month, quarter or week of a year, which may be a product's release: `windows-may2019`.
_QUARTER = r"q[1-4]"
MONTHS = (
    rf"{START}(?<![0-9][\s\-_.,/])(?:{_NAMED_MONTH}|{_QUARTER})[\s\-_.,/]?{_YEAR}{END}(?!{_BLANKS}[0-9])",
    rf"{START}(?<![0-9][\s\-_.,/]){_YEAR}[\s\-_.,/]?(?:{_NAMED_MONTH}|{_QUARTER}){END}(?!{_BLANKS}[0-9])",
    rf"{START}[23][0-9]w(?:0[1-9]|[1-4][0-9]|5[0-3]){END}",
)

# ---------------------------------------------------------------- commits


def _both_cases(pattern: str) -> str:
    """Hexadecimal digits are all lower case or all upper case."""
    return f"(?:{pattern}|{pattern.replace('a-f', 'A-F')})"


_MIXED = r"(?=[0-9a-f]*(?:[0-9][a-f]+[0-9]|[a-f][0-9]+[a-f]))"  # no word with a number before or behind it
COMMIT = _both_cases(rf"{START}{_MIXED}(?:[0-9a-f]{{7,40}}|[0-9a-f]{{64}}){END}")
# `git-…`, `sha:…`; and `g…` of `git describe`, with the number of commits since the version before it.
LABELLED_COMMIT = (
    rf"{START}(?:(?:git|sha|sha1|sha256|commit|rev|ref|hash)[\-_:.=\s]?[0-9a-f]{{7,64}}"
    rf"|(?:(?:(?<=\.[0-9]-)|(?<=\.[0-9]{{2}}-))[0-9]{{1,5}}-)?g(?=[a-f]*[0-9])[0-9a-f]{{7,40}}){END}"
)
# Twelve digits are an account's id.
LOOSE_COMMIT = _both_cases(rf"{START}(?![0-9]{{12}}{END}){_NOT_A_WORD}[0-9a-f]{{7,40}}{END}")
# The same without a date beside it; all letters may be a word then. Numbers of seven digits and more are no release.
TAIL_COMMIT = (
    _both_cases(rf"{START}{_NOT_A_WORD}(?=[0-9a-f]{{7,40}}{END})(?:[0-9]+[a-f]+|[a-f]+[0-9]+){END}")
    + rf"|{START}(?<![0-9]\.)(?:[0-9]{{7,11}}|[0-9]{{13,40}}){END}"
)

# ---------------------------------------------------------------- counters and versions

_BUILD = rf"{START}(?:build|bld)(?:[\s_\-]?(?:number|no|nr|id))?[\s\-_.:=#]{{0,2}}"
COUNTER = rf"(?:(?<![^\W_])#{NOT_A_RELEASE}[0-9]{{1,10}}|{_BUILD}{NOT_A_RELEASE}[0-9]{{1,4}})"
LONG_COUNTER = rf"{_BUILD}{NOT_A_RELEASE}[0-9]{{5,10}}"
VERSION_COUNTER = rf"{START}version[:=]\s?[0-9]{{1,3}}"  # as EC2 Image Builder's users write imagebuilder:buildVersion
SMALL_COUNTER = rf"(?:#|{START}(?:v|b|r|rev)?)(?P<number>{_NOT_A_RELEASE_YEAR}(?!{_UBUNTU})[0-9]{{1,6}})"

# ---------------------------------------------------------------- numbers

VERSION = r"v?[0-9]+(?:\.[0-9]+)*"
NUMBERED = rf"{START}[^\W_]*[0-9][^\W_]*(?:\.[0-9]+)*"  # a word with a number, or a version
# Words with numbers that stay from build to build: Regions, R2 of a release of Windows, types of volumes, and how
# Red Hat and Amazon name what an image is billed by or made for.
LASTING = (
    rf"{START}(?:[a-z]{{2}}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central){{1,2}}-[1-9]"
    rf"|(?<=20(?:08|12)[\s\-_.])r2|gp[23]|io[12]|s[ct]1|ec2|ec2launchv2|hourly2|access2|(?:32|64)-?bits?){END}"
)
