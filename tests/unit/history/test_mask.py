"""No secret is shown or kept, and nothing else is lost."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.history.mask import MASK, masked, masked_text

SECRET = "Sup3rS3cret"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abcdefgh ", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="xyz", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "key",
    ["taskToken", "TaskToken", "userData", "UserData", "user-data", "user_data", "password", "dbPassword", "secret",
     "clientSecret", "aws_secret_access_key", "SecretAccessKey", "apiKey", "Authorization", "credentials",
     "sessionToken", "privateKey", "DB_PASS", "MY_KEY", "ExternalId", "MEMBER_EXTERNAL_ID", "passphrase"],
)  # fmt: skip
def test_secrets_are_known_by_their_key(key: str) -> None:
    assert masked({"a": [{key: SECRET}]}) == {"a": [{key: MASK}]}
    assert SECRET not in masked_text(json.dumps({key: {"deep": [SECRET]}}))


@pytest.mark.parametrize(
    "text",
    [
        f"failed: password={SECRET} was used",
        f'{{not json "token": "{SECRET}"',
        f"Authorization: Bearer {SECRET}",
        f"https://b.s3.amazonaws.com/k?X-Amz-Signature={SECRET}&x=1",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"userData: {SECRET}",
        f"userData: a b c {SECRET}\nmore {SECRET}",
        f"UserData=#!/bin/sh\nexport A={SECRET}\n",
        f"the script was #!/bin/bash\ncurl -u me {SECRET}",
        f"#cloud-config\nruncmd: [{SECRET}]",
        f"<powershell>\n$a = 1 {SECRET}</powershell>",
        "sent " + base64.b64encode(f"#!/bin/sh\nx {SECRET}".encode()).decode(),
        f"ghp_{SECRET}",
        f"gho_{SECRET}",
        f"github_pat_11A_{SECRET}",
        f"glpat-{SECRET}",
        f"xoxb-1-{SECRET}",
        f"eyJhbGciOiJIUzI1NiJ9.eyJ{SECRET}.x",
        f"Authorization: Basic {SECRET}==",
        f"curl -H 'Authorization: Token {SECRET}'",
        f"authorization={SECRET}",
        f"git clone https://user:{SECRET}@host/x",
        f"https://{SECRET}@host/x",
        f"https://user:p@{SECRET}@host/x",
        f"DB_PASS={SECRET}",
        f"DB_PASSWORD={SECRET}",
        f"A_TOKEN={SECRET}",
        f"A_SECRET: {SECRET}",
        f"MY_KEY={SECRET}",
        f'export DB_PASS="a {SECRET} b"',
        f"DB_PASS='a {SECRET}",
        f"DB_PASS=a,b;{SECRET}",
        f"x-pwd = {SECRET}",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{SECRET}\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_secrets_are_known_by_their_look(text: str) -> None:
    assert SECRET not in masked_text(text)


def test_access_key_ids_are_masked() -> None:
    assert masked_text("key AKIAIOSFODNN7EXAMPLE used") == f"key {MASK} used"


def test_json_in_text_in_json_is_opened() -> None:
    inner = json.dumps({"Payload": json.dumps({"taskToken": SECRET, "runId": "r"})})
    opened = json.loads(json.loads(masked_text(inner))["Payload"])
    assert opened == {"taskToken": MASK, "runId": "r"}


def test_what_is_no_secret_stays() -> None:
    data = {"runId": "r", "AMIsParamName": "ContinuousAssessmentInput", "userData": "", "batches": ["ami-1"], "n": 1}
    assert masked(data) == data
    assert masked_text('{ "a":  1 }') == '{ "a":  1 }'  # unchanged to the byte when nothing is hidden


@given(json_values)
def test_data_without_secrets_is_unchanged(value: Any) -> None:
    assert masked(value) == value
    assert masked_text(json.dumps(value)) == json.dumps(value)


@given(json_values)
def test_a_secret_never_survives_at_any_depth(value: Any) -> None:
    hidden = masked_text(json.dumps({"x": [value, {"taskToken": SECRET, "y": value}]}))
    assert SECRET not in hidden
