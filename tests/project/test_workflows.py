# SPDX-License-Identifier: MIT
"""The GitHub workflows and the composite actions that they share: well-formed, least privilege,
pinned, and no steps written twice.

Each rule is a function that lists its violations, and each is shown here to find one, so that
the rule itself is tested. The schemas are those that check-jsonschema carries with it; nothing
is fetched. Skipped where the workflows are not: tests of a wheel on its own.
"""

import json
import re
import subprocess
import sys

import pytest

from support.paths import ROOT

ruamel_yaml = pytest.importorskip("ruamel.yaml", reason="comes with check-jsonschema")
pytest.importorskip("check_jsonschema", reason="validates the workflows")

FOLDER = ROOT / ".github"
WORKFLOWS = ["workflows/ci.yml", "workflows/wheels.yml"]
ACTIONS = ["actions/build-sdist/action.yml", "actions/unpack-sdist/action.yml"]

if not FOLDER.joinpath("workflows").is_dir():
    pytest.skip("no .github/workflows beside these tests", allow_module_level=True)


def load(text):
    return ruamel_yaml.YAML(typ="safe", pure=True).load(text)


def text_of(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def lists_of_steps(content):
    """The steps of each job of a workflow, or those of a composite action."""
    if "runs" in content:
        return {"runs": content["runs"]["steps"]}
    return {name: job.get("steps", []) for name, job in content["jobs"].items()}


def steps(content):
    for job, listed in lists_of_steps(content).items():
        for step in listed:
            yield job, step


# ---- rules for each workflow and each action: text -> violations ----

def unpinned_actions(text):
    """Every action is a full commit hash, with its release in a comment.

    An action of this repository begins with `$/`: GitHub takes it from the commit that runs.
    """
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
                        r"|\$/\.github/actions/[\w-]+")
    used = re.findall(r"^\s*(?:- )?uses:\s*(.*)$", text, re.MULTILINE)
    return [action for action in used if not pinned.fullmatch(action)]


def credentials_kept(text):
    """No checkout leaves its token in .git/config."""
    return [
        job
        for job, step in steps(load(text))
        if step.get("uses", "").startswith("actions/checkout@")
        and step.get("with", {}).get("persist-credentials") is not False
    ]


def scripts_with_foreign_text(text):
    """What an outsider can name (titles, branches) never becomes part of a script."""
    return [job for job, step in steps(load(text)) if "${{" in step.get("run", "")]


# ---- rules for each workflow ----

def permissions_by_default(text):
    """Nothing at the top; every job asks for what it needs, of two things only."""
    workflow = load(text)
    allowed = [{}, {"contents": "read"}, {"id-token": "write"}]
    found = [] if workflow.get("permissions") == {} else ["top"]
    jobs = workflow["jobs"].items()
    return found + [name for name, job in jobs if job.get("permissions") not in allowed]


def tokens_beside_code(text):
    """A job that may mint an identity runs the publishing action and no command of this project."""
    found = []
    for name, job in load(text)["jobs"].items():
        if "id-token" not in job.get("permissions", {}):
            continue
        actions = [step.get("uses", "").split("@")[0] for step in job["steps"]]
        if actions != ["actions/download-artifact", "pypa/gh-action-pypi-publish"]:
            found.append(name)
    return found


def jobs_without_timeout(text):
    return [name for name, job in load(text)["jobs"].items() if "timeout-minutes" not in job]


def jobs_beside_the_sdist(text):
    """The sdist comes first; every other job waits for it and checks nothing out."""
    found = []
    for name, job in load(text)["jobs"].items():
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        needs = job.get("needs", [])
        waits = "sdist" in ([needs] if isinstance(needs, str) else needs)
        if checks_out != (name == "sdist") or waits == (name == "sdist"):
            found.append(name)
    return found


def dangerous_triggers(text):
    return [name for name in ("pull_request_target", "workflow_run") if name in load(text)["on"]]


# ---- rules for all of them together: texts -> violations ----

def pins_that_disagree(texts):
    """One action is one version, in all places."""
    seen = {}
    for action, pin in re.findall(r"uses:\s*(\S+?)@(.*)$", "\n".join(texts), re.MULTILINE):
        seen.setdefault(action, set()).add(pin)
    return [action for action, pins in seen.items() if len(pins) > 1]


def steps_written_twice(texts):
    """Three steps in a row that several jobs need are a composite action."""
    seen, found = set(), []
    for text in texts:
        for job, listed in lists_of_steps(load(text)).items():
            plain = [json.dumps({**step, "name": ""}, sort_keys=True) for step in listed]
            for three in zip(plain, plain[1:], plain[2:]):
                found += [job] * (three in seen)
                seen.add(three)
    return found


HASH = "0123456789abcdef0123456789abcdef01234567"
PLAIN_JOB = "jobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n"
PLAIN_ACTION = ("name: a\ndescription: b\nruns:\n  using: composite\n  steps:\n"
                "    - {run: make, shell: bash}\n")
THREE_STEPS = "      - run: a\n      - run: b\n"

# rule, a workflow or an action that it has to object to
RULES = [
    pytest.param(unpinned_actions, "  - uses: actions/checkout@v7\n", id="pins"),
    pytest.param(unpinned_actions, "  - uses: ./.github/actions/a\n", id="commit that runs"),
    pytest.param(
        credentials_kept,
        PLAIN_JOB + f"      - uses: actions/checkout@{HASH}\n", id="credentials"),
    pytest.param(
        credentials_kept,
        PLAIN_ACTION + f"    - uses: actions/checkout@{HASH}\n", id="credentials in an action"),
    pytest.param(
        scripts_with_foreign_text,
        PLAIN_JOB.replace("make", "echo ${{ github.head_ref }}"), id="foreign text"),
    pytest.param(
        scripts_with_foreign_text,
        PLAIN_ACTION.replace("make", '"echo ${{ inputs.a }}"'), id="foreign text in an action"),
]

# rule, a workflow that it has to object to
WORKFLOW_RULES = [
    pytest.param(permissions_by_default, "permissions: {}\n" + PLAIN_JOB, id="permissions"),
    pytest.param(
        tokens_beside_code,
        PLAIN_JOB + "    permissions: {id-token: write}\n", id="identity beside code"),
    pytest.param(jobs_without_timeout, PLAIN_JOB, id="timeout"),
    pytest.param(jobs_beside_the_sdist, PLAIN_JOB, id="sdist first"),
    pytest.param(
        dangerous_triggers, "on: [pull_request_target]\n" + PLAIN_JOB, id="triggers"),
]

# rule, texts that it has to object to
RULES_FOR_ALL = [
    pytest.param(
        pins_that_disagree,
        [f"  - uses: a/b@{HASH} # v1.0.0\n", f"  - uses: a/b@{HASH} # v1.0.1\n"],
        id="one version"),
    pytest.param(steps_written_twice, [PLAIN_JOB + THREE_STEPS] * 2, id="steps in two workflows"),
    pytest.param(
        steps_written_twice,
        [PLAIN_JOB + THREE_STEPS + "      - {name: again, run: make}\n" + THREE_STEPS],
        id="steps under another name"),
]


@pytest.mark.parametrize(("rule", "bad"), [*RULES, *WORKFLOW_RULES, *RULES_FOR_ALL])
def test_each_rule_rejects_its_bad_example(rule, bad):
    assert rule(bad)


@pytest.mark.parametrize(("rule", "bad"), RULES)
@pytest.mark.parametrize("name", WORKFLOWS + ACTIONS)
def test_file_keeps_the_rule(name, rule, bad):
    assert rule(text_of(name)) == []


@pytest.mark.parametrize(("rule", "bad"), WORKFLOW_RULES)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_keeps_the_rule(name, rule, bad):
    assert rule(text_of(name)) == []


@pytest.mark.parametrize(("rule", "bad"), RULES_FOR_ALL)
def test_files_keep_the_rule(rule, bad):
    assert rule([text_of(name) for name in WORKFLOWS + ACTIONS]) == []


# ---- the schemas ----

def validate(path, schema):
    return subprocess.run(
        [sys.executable, "-P", "-m", "check_jsonschema",
         "--builtin-schema", f"vendor.github-{schema}", path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", WORKFLOWS + ACTIONS)
def test_file_fits_the_schema(name):
    done = validate(FOLDER / name, name.partition("/")[0])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("schema", "text"), [
    ("workflows", "on: push\n" + PLAIN_JOB.replace("runs-on", "run-on")),
    ("actions", PLAIN_ACTION.replace(", shell: bash", "")),
])
def test_schema_rejects_a_bad_file(tmp_path, schema, text):
    bad = tmp_path / "bad.yml"
    bad.write_text(text, encoding="utf-8")
    assert validate(bad, schema).returncode == 1


# ---- what is promised of them ----

def test_all_workflows_and_actions_are_looked_at():
    found = [path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.y*ml")]
    assert sorted(found) == ACTIONS + WORKFLOWS


def test_each_action_is_used_and_is_there():
    used = {step.get("uses", "")
            for name in WORKFLOWS + ACTIONS for _, step in steps(load(text_of(name)))}
    ours = {action for action in used if action.startswith("$/")}
    assert ours == {"$/.github/" + name.removesuffix("/action.yml") for name in ACTIONS}


def test_ci_covers_interpreters_and_systems():
    matrix = load(text_of("workflows/ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert set(matrix["python"]) == {"3.11", "3.12", "3.13", "3.14", "3.14t", "3.15", "3.15t"}
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_ci_installs_each_cross_compiler():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^CROSS := ((?:.*\\\n)*.*)", makefile, re.MULTILINE).group(1)
    compilers = re.findall(r":([\w-]+)-gcc:", targets)
    assert len(compilers) >= 5
    [_, install, run] = load(text_of("workflows/ci.yml"))["jobs"]["cross"]["steps"]
    packages = {"musl-tools" if name == "musl" else f"gcc-{name}" for name in compilers}
    assert {"qemu-user", *packages} <= set(install["run"].split())
    assert "make ctest-cross" in run["run"] and "NOT TESTED" in run["run"]


def test_wheels_are_published_from_a_tag_only():
    publish = load(text_of("workflows/wheels.yml"))["jobs"]["publish"]
    assert "github.ref_type == 'tag'" in publish["if"]
    assert set(publish["needs"]) == {"sdist", "wheels"}
    assert publish["permissions"] == {"id-token": "write"}
