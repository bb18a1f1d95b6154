"""What the embedded account gets for a configuration of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.errors import UsageError
from golden_ami_emulator.made_up import PATH

ROOT = Path(__file__).parents[3]
AMI = "ami-0123456789abcdef0"


def inputs(tmp_path: Path, document: Any, images: Any = None) -> Inputs:
    config = tmp_path / "amis.json"
    config.write_text(json.dumps(document))
    given = tmp_path / "images.json"
    given.write_text(json.dumps(images))
    return Inputs.read(config, given if images is not None else None, None)


def test_each_ami_that_is_named_has_an_image(tmp_path: Path) -> None:
    entries = [{"amiId": AMI, "instanceType": "m7gd.large"}, {"amiId": "ami-0a1b2c3d4e5f60001"}]
    found = inputs(tmp_path, {"amis": entries})
    images = {image.image_id: image for image in found.world.images}
    assert (images[AMI].name, images[AMI].architecture) == (f"made-up-{AMI}", "arm64")
    assert images["ami-0a1b2c3d4e5f60001"].name == "golden-al2023-web-2026-10-14", "of the samples"
    (note,) = found.notes
    assert f"made up for this run: {AMI}. The result says nothing about your AMIs" in note


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [("t4g.small", "arm64"), ("a1.large", "arm64"), ("c6gn.large", "arm64"), ("im4gn.large", "arm64"),
     ("t3.medium", "x86_64"), ("g4dn.xlarge", "x86_64"), ("g5g.xlarge", "arm64"), ("u7i-12tb.224xlarge", "x86_64")],
)  # fmt: skip
def test_the_architecture_is_the_instance_type_s(tmp_path: Path, kind: str, architecture: str) -> None:
    found = inputs(tmp_path, {"amis": [{"amiId": AMI, "instanceType": kind}]})
    (image,) = [image for image in found.world.images if image.image_id == AMI]
    assert image.architecture == architecture


def test_a_parameter_is_made_up_where_the_stack_may_read_it(tmp_path: Path) -> None:
    names = [f"{PATH}web", f"{PATH}web:3", "/aws/service/x/y", "/golden/web"]
    found = inputs(tmp_path, {"amis": [{"amiId": f"resolve:ssm:{name}"} for name in names]})
    assert list(found.world.parameters) == names[:3]
    images = {image.image_id for image in found.world.images}
    assert set(found.world.parameters.values()) <= images
    assert any("SSM parameters: /golden-amis/web (ami-" in note for note in found.notes)


def test_the_path_is_the_template_s() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    template = yaml.load((ROOT / "template.yaml").read_text(), Loader=Loader)
    assert template["Parameters"]["AmiParameterPath"]["Default"] == PATH


def test_elsewhere_is_said_to_be_missing(tmp_path: Path) -> None:
    entries = [{"amiId": AMI, "region": "eu-west-1"}, {"amiId": AMI, "account": "222222222222"}]
    found = inputs(tmp_path, {"amis": entries})
    assert AMI not in {image.image_id for image in found.world.images}
    assert found.notes == (
        "the embedded AWS has only us-east-1 of account 123456789012, so these are not assessed: " + f"{AMI}, {AMI}",
    )


def test_with_images_nothing_is_made_up(tmp_path: Path) -> None:
    entries = [{"amiId": AMI}, {"amiId": "resolve:ssm:/golden-amis/web"}, {"amiId": "resolve:ssm:/golden-amis/api"}]
    images = {"images": [{"imageId": AMI, "name": "web"}], "parameters": {"/golden-amis/web": AMI}}
    found = inputs(tmp_path, {"amis": entries}, images)
    assert [image.image_id for image in found.world.images] == [AMI]
    assert found.world.parameters == {"/golden-amis/web": AMI}
    assert found.notes == (
        "not in the file of --images, so the embedded account lacks it: resolve:ssm:/golden-amis/api",
    )
    assert inputs(tmp_path, {"amis": [{"amiId": AMI}]}, images["images"]).notes == ()


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ({"image": []}, "$.image: []; use images and parameters only"),
        ({"images": {}}, "$.images: {}; write a JSON list of images, or"),
        ({"images": [{"imageId": "x", "name": "y"}]}, '$.images[0].imageId: "x"; begin it with "ami-"'),
        ({"parameters": []}, '$.parameters: []; write {"/golden-amis/web": "ami-..."}'),
        ({"parameters": {"/a b": AMI}}, "$.parameters./a b: not a parameter's name; use letters, digits"),
        ({"parameters": {"/a": 3}}, "$.parameters./a: 3; write an AMI id as text"),
        (7, "$: 7; write a JSON list of images, or"),
    ],
)
def test_a_wrong_file_of_images_is_told(tmp_path: Path, images: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        inputs(tmp_path, {"amis": [{"amiId": AMI}]}, images)
    assert said in str(caught.value)


def test_what_aws_must_be_deployed_with_is_said(tmp_path: Path) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:web"
    settings = {"cis": "LEVEL_1", "routes": {"web": topic}, "act": {"events": True, "dryRun": False}}
    found = inputs(tmp_path, {"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}], **settings})
    assert found.notes == (
        f"deployed with CisBenchmark=true ActOnAmis=true OwnerTopicArns={topic}, "
        "which a stack in AWS needs for this configuration, too",
    )
