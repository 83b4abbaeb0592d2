"""The files in deploy/ are what they say: parsed, and checked where a tool for it is installed. Compose is not run."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from rollbook.cli.lazy import load
from rollbook.sdk.settings import ENVIRONMENT as SDK
from rollbook.server.settings import ENVIRONMENT as SERVER


@pytest.fixture
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture
def compose(deploy: Path) -> dict:
    return yaml.safe_load((deploy / "compose.yaml").read_text())


def options_of_serve() -> set[str]:
    return {option for parameter in load("serve").params for option in parameter.opts}


def test_every_service_of_the_compose_file_is_whole(compose):
    assert set(compose["services"]) == {"server", "database", "objects"}
    for name, service in compose["services"].items():
        assert ("image" in service) != ("build" in service), name
        assert "healthcheck" in service, name
        assert service["restart"] == "unless-stopped", name
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"], name
        assert set(service["networks"]) <= set(compose["networks"]), name
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        assert set(service.get("secrets", [])) <= set(compose.get("secrets", {})), name


def test_only_this_machine_reaches_what_compose_starts(compose):
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    assert compose["networks"]["inside"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == compose["services"]["objects"]["networks"] == ["inside"]


def test_no_secret_stands_in_a_file(deploy):
    secret = re.compile(r"(PASSWORD|SECRET|SECRET_ACCESS_KEY)(: |=)\s*(?P<value>\S+)")
    for path in deploy.iterdir():
        for found in secret.finditer(path.read_text()):
            assert found["value"].startswith(("${", "CHANGE-ME", "...")), f"{path.name}: {found[0]}"


def test_the_server_is_started_with_options_that_it_has(compose, deploy):
    unit = (deploy / "rollbook.service").read_text()
    image = (deploy / "Containerfile").read_text()
    given = [
        *compose["services"]["server"]["command"],
        *re.findall(r"--[a-z-]+", unit.split("ExecStart=")[1].split("\n")[0]),
    ]
    given += re.findall(r"--[a-z-]+", image.split("CMD")[-1])
    assert {word for word in given if word.startswith("--")} <= options_of_serve()


def test_every_setting_is_one_that_the_server_reads(compose, deploy):
    example = re.findall(r"^#? ?([A-Z][A-Z_]+)=", (deploy / "rollbook.env.example").read_text(), re.MULTILINE)
    names = {*example, *compose["services"]["server"]["environment"]}
    assert {name for name in names if name.startswith("ROLLBOOK_")} <= {*SDK, *SERVER}
    assert all(name.startswith(("ROLLBOOK_", "AWS_")) for name in names)


def test_the_image_copies_what_there_is(deploy, root):
    for line in re.findall(r"^COPY (?!--from)(.+)$", (deploy / "Containerfile").read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (root / source).exists(), source


def test_the_unit_is_hardened(deploy):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(deploy / "rollbook.service")
    service = parser["Service"]
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID", "LockPersonality"):
        assert service[name] == "yes", name
    assert (service["ProtectSystem"], service["UMask"], service["CapabilityBoundingSet"]) == ("strict", "0077", "")
    assert service["User"] == "rollbook"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit(deploy, tmp_path):
    program = tmp_path / "rollbook"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = (deploy / "rollbook.service").read_text().replace("/opt/rollbook/bin/rollbook", str(program))
    path = tmp_path / "rollbook.service"
    path.write_text(unit.replace("User=rollbook", "User=daemon").replace("Group=rollbook", "Group=daemon"))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "rollbook.service" in line]
    assert (done.returncode, ours) == (0, [])
