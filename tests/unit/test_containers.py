"""Dockerfile, compose file, Helm values and the page about them: linted, and held to each other without an engine."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from pipeline import __version__
from pipeline.domain.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "how-to" / "run-in-containers.md").read_text(encoding="utf-8")
DIGEST = re.compile(r"^[\w.-]+/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$")
#: The chart's names of what lies in each of its secrets (Airflow's Helm chart, values.yaml).
SECRET_KEYS = {
    "gelombang-database": {"connection"},
    "gelombang-fernet": {"fernet-key"},
    "gelombang-api": {"api-secret-key"},
    "gelombang-jwt": {"jwt-secret"},
    "gelombang-s3": {"user", "password"},
    "gelombang-page": {"passwords.json"},
}


def program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def values() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "values.yaml").read_text()))


def test_the_dockerfile_is_linted() -> None:
    done = program("hadolint", "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_the_image_has_two_stages_of_one_pinned_base_and_is_no_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    [base] = [line.removeprefix("ARG PYTHON=") for line in lines if line.startswith("ARG PYTHON=")]
    assert DIGEST.match(base)
    assert [line for line in lines if line.startswith("FROM ")] == ["FROM ${PYTHON} AS build", "FROM ${PYTHON}"]
    assert [line for line in lines if line.startswith("USER ")] == ["USER 50000:0"]


def test_what_the_dockerfile_copies_is_there_and_goes_to_the_builder_and_no_data_does() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M) for name in line.split()[:-1]
    }  # fmt: skip
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(line.startswith(f"!{name}") or line == "!requirements-*.lock" for line in ignored), name
    assert {line for line in ignored if line.startswith("!data")} == {"!data/calendar.toml", "!data/reference"}


def test_the_compose_file_is_one() -> None:
    done = program("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml")
    assert done.returncode == 0, done.stdout


def test_every_image_of_the_compose_file_is_pinned_or_ours() -> None:
    images = {name: service["image"] for name, service in compose()["services"].items()}
    assert images.pop("worker") == f"gelombang:{__version__}"
    assert {name for name, image in images.items() if not DIGEST.match(image)} == {
        "prepare", "api-server", "scheduler", "dag-processor", "triggerer"
    }  # fmt: skip


def test_a_part_of_airflow_writes_only_where_it_is_given_a_place() -> None:
    for name, service in compose()["services"].items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if service["image"].startswith("gelombang:"):
            assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "50000:0"), name


def test_only_the_page_is_reached_and_from_this_machine_alone() -> None:
    services = compose()["services"]
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "api-server": ["127.0.0.1:8080:8080"]
    }
    assert compose()["networks"]["inside"] == {"internal": True}
    assert {name for name, service in services.items() if "outside" in service["networks"]} == {"api-server"}


@pytest.mark.parametrize("name", ["compose.yaml", "values.yaml"])
def test_no_password_stands_in_a_file(name: str) -> None:
    text = (DEPLOY / name).read_text()
    for line in text.splitlines():
        if re.search(r"PASSWORD|SECRET(?!S:)|_KEY|CONN\b|BROKER_URL", line) and ":" in line:
            assert "${" in line or "$$" in line or "secretName" in line or "mountPath" in line or "_FILE:" in line or (
                "GELOMBANG_SECRETS" in line
            ), line  # fmt: skip


def names_of_settings(model: Any = Settings, prefix: str = "GELOMBANG_") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        found |= names_of_settings(field.annotation, f"{prefix}{name.upper()}__") if inner else {prefix + name.upper()}
    return found


def test_every_variable_of_ours_is_a_setting() -> None:
    text = "".join(path.read_text() for path in (ROOT / "Dockerfile", DEPLOY / "compose.yaml", DEPLOY / "values.yaml"))
    named = set(re.findall(r"\bGELOMBANG_[A-Z0-9_]+", text))
    assert len(named) > 6
    assert named <= names_of_settings()


def test_tables_about_people_are_sealed_in_both_forms_under_a_key_that_all_parts_share() -> None:
    environment = compose()["x-airflow"]["environment"]
    assert environment["GELOMBANG_ENCRYPTION__AT_REST"] == "true"
    assert {"name": "GELOMBANG_ENCRYPTION__AT_REST", "value": "true"} in values()["env"]
    assert "secrets:/var/lib/gelombang/secrets" in compose()["x-airflow"]["volumes"]
    assert any("persistentVolumeClaim" in volume for volume in values()["volumes"] if volume["name"] == "keys")


def test_make_env_writes_every_variable_once_for_its_owner_alone(tmp_path: Path) -> None:
    script = tmp_path / "make-env"
    script.write_bytes((DEPLOY / "make-env").read_bytes())
    script.chmod(0o755)
    subprocess.run([str(script)], check=True, capture_output=True)
    path = tmp_path / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = dict(line.split("=", 1) for line in path.read_text().splitlines())
    wanted = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert set(written) == wanted
    assert len(set(written.values())) == len(written)
    Fernet(written["FERNET_KEY"].encode())
    again = subprocess.run([str(script)], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert dict(line.split("=", 1) for line in path.read_text().splitlines()) == written


def test_the_values_run_one_version_as_nobody_on_a_read_only_root() -> None:
    found = values()
    assert found["executor"] == "KubernetesExecutor"
    assert found["defaultAirflowTag"] == __version__
    locked = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements-image.lock").read_text(), re.M)
    assert locked is not None
    assert found["airflowVersion"] == locked[1]
    container, pod = found["securityContexts"]["container"], found["securityContexts"]["pod"]
    assert (container["readOnlyRootFilesystem"], container["allowPrivilegeEscalation"]) == (True, False)
    assert (pod["runAsNonRoot"], pod["runAsUser"], found["uid"]) == (True, 50000, 50000)
    mounted = {mount["name"] for mount in found["volumeMounts"]}
    assert mounted == {volume["name"] for volume in found["volumes"]}


def test_the_secrets_of_the_values_are_those_that_the_page_makes() -> None:
    made: dict[str, set[str]] = {}
    for name, rest in re.findall(r"create secret generic (\S+) (.*)$", PAGE, re.M):
        made[name] = set(re.findall(r"--from-(?:literal|file)=([\w.-]+)[= ]?", rest))
    assert made == SECRET_KEYS
    found = values()
    named = {found["data"]["metadataSecretName"], *(found[key] for key in found if key.endswith("SecretName"))}
    named |= {one["secretName"] for one in found["secret"]}
    named |= {volume["secret"]["secretName"] for volume in found["apiServer"]["extraVolumes"]}
    assert named == set(made)


def test_the_commands_of_the_page_name_what_there_is() -> None:
    """`run-in-containers.md` is run nowhere: no machine of the tests has an engine. What it names is compared."""
    services, shown = compose()["services"], re.findall(r"^docker compose (.*)$", PAGE, re.M)
    assert len(shown) >= 4
    for command in shown:
        assert "--file deploy/compose.yaml" in command
        for service in re.findall(r"--scale (\w+)=|(?:exec|:ro) (\w+)", command):
            assert "".join(service) in services
    assert f"docker build --tag gelombang:{__version__} ." in PAGE
    for path in re.findall(r"deploy/[\w.-]+", PAGE):
        assert (ROOT / path).exists() or path == "deploy/.env"
