"""What others wrote runs here as it was read: pinned, with no more rights than it needs, and without credentials."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted(Path(__file__).parents[2].glob(".github/workflows/*.yml"))
Workflow = dict[Any, Any]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def text(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text("utf-8")


@pytest.fixture
def jobs(text: str) -> dict[str, Workflow]:
    jobs: dict[str, Workflow] = yaml.safe_load(text)["jobs"]
    return jobs


def test_there_are_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "release"]


def test_actions_are_pinned_by_commit_and_their_version_is_said(text: str) -> None:
    used = re.findall(r"uses: *(.*)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_each_job_says_which_rights_it_needs_and_only_publishing_writes(text: str, jobs: dict[str, Workflow]) -> None:
    assert yaml.safe_load(text)["permissions"] == {}
    for name, job in jobs.items():
        assert job["permissions"] == {"contents": "write" if name == "publish" else "read"}, name


def test_no_credentials_are_left_for_the_steps_after_a_checkout(jobs: dict[str, Workflow]) -> None:
    checkouts = [
        step for job in jobs.values() for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_secrets_are_seen_by_single_steps_of_our_own_only(text: str, jobs: dict[str, Workflow]) -> None:
    steps = [step for job in jobs.values() for step in job["steps"]]
    with_secrets = [step for step in steps if "secrets." in str(step) or "github.token" in str(step)]
    assert all("uses" not in step for step in with_secrets)
    in_steps = sum(str(step).count("secrets.") for step in with_secrets)
    assert in_steps == len(re.findall(r"secrets\.\w", text))
