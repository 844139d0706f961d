# SPDX-License-Identifier: MIT
"""What is shipped: the sdist is the whole source, the wheel holds nothing but what is imported.

`make test` names both by HTTPCLIENT_SDIST and HTTPCLIENT_WHEEL. Without these they are built here,
in a copy of the source tree; where there is none (tests of a wheel on its own) they are skipped.
"""

import email
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import httpclient
from support.paths import ROOT

DISTRIBUTION = "httpclient-accel"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
NAMED = "HTTPCLIENT_SDIST" in os.environ and "HTTPCLIENT_WHEEL" in os.environ
BUILD_TOOLS = ["build", "Cython", "setuptools"]


def compiled_modules():
    """The modules of _core: one a pyx; without a source tree, what is installed."""
    found = [path.stem for path in (ROOT / "httpclient" / "_core").glob("*.pyx")]
    core = Path(httpclient.__file__).parent / "_core"
    return sorted(found or [path.name.removesuffix(SUFFIX) for path in core.glob(f"*{SUFFIX}")])


MODULES = compiled_modules()


def needs_artefacts(test):
    """Marks what has to build first, and so takes most of a minute."""
    return test if NAMED else pytest.mark.slow(test)


def build(kind, source, folder):
    """Builds an sdist or a wheel with the tools at hand; returns its path."""
    done = subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", folder, source],
        cwd=source, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def source_tree():
    if not (ROOT / "setup.py").is_file():
        pytest.skip("no source tree beside these tests")
    return ROOT


@pytest.fixture(scope="session")
def sdist_path(tmp_path_factory, source_tree):
    if NAMED:
        return Path(os.environ["HTTPCLIENT_SDIST"])
    missing = [name for name in BUILD_TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"neither HTTPCLIENT_SDIST nor the tools to build it: {', '.join(missing)}")
    copy = tmp_path_factory.mktemp("source") / "tree"
    ignored = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "*.egg-info", ".hypothesis")
    shutil.copytree(source_tree, copy, ignore=ignored)
    return build("sdist", copy, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel_path(tmp_path_factory, sdist_path):
    if NAMED:
        return Path(os.environ["HTTPCLIENT_WHEEL"])
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(sdist_path, folder)
    [source] = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def in_sdist(sdist_path):
    """The files of the sdist, without its top folder."""
    with tarfile.open(sdist_path) as archive:
        names = [PurePosixPath(member.name) for member in archive if member.isfile()]
    assert {name.parts[0] for name in names} == {sdist_path.name.removesuffix(".tar.gz")}
    return {"/".join(name.parts[1:]) for name in names}


@pytest.fixture(scope="session")
def in_wheel(wheel_path):
    """The files of the wheel, without those of its dist-info folder."""
    with zipfile.ZipFile(wheel_path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="session")
def wheel_metadata(wheel_path):
    """METADATA and WHEEL of the wheel."""
    found = {}
    with zipfile.ZipFile(wheel_path) as archive:
        for name in archive.namelist():
            folder, _, last = name.rpartition("/")
            if folder.endswith(".dist-info") and last in ("METADATA", "WHEEL"):
                found[last] = email.message_from_bytes(archive.read(name))
    return found


def sources(folder, *endings):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.name.endswith(endings) and "__pycache__" not in path.parts
    }


# ---- pyproject.toml: each list of requirements stands there once, and the versions are pinned ----

@pytest.fixture(scope="session")
def pyproject(source_tree):
    return tomllib.loads(source_tree.joinpath("pyproject.toml").read_text(encoding="utf-8"))


def test_bounds_of_the_build_tools_stand_once(source_tree, pyproject):
    texts = [source_tree.joinpath(name).read_text(encoding="utf-8")
             for name in ("pyproject.toml", "Makefile")]
    bounds = re.findall(r"(?:Cython|setuptools)[<>=]=?", "".join(texts))
    assert sorted(bounds) == ["Cython>=", "setuptools>="]
    assert len(pyproject["build-system"]["requires"]) == len(bounds)


def test_wheels_are_tested_with_the_packages_of_the_extra(source_tree, pyproject):
    settings = pyproject["tool"]["cibuildwheel"]
    assert settings["test-extras"] == ["test"]
    assert not {"before-test", "test-groups", "test-requires"} & settings.keys()
    assert source_tree.joinpath(settings["test-environment"]["PIP_CONSTRAINT"]).is_file()


def test_each_requirement_is_pinned(source_tree, pyproject):
    lines = source_tree.joinpath(".github", "constraints.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^(\S+)==", lines, re.MULTILINE))
    needed = pyproject["build-system"]["requires"] + [
        each for extra in pyproject["project"]["optional-dependencies"].values() for each in extra]
    names = {re.match(r"[\w.-]+", each).group() for each in needed} - {DISTRIBUTION}
    assert names - pinned == set()


# ---- the sdist ----

# folder of the source tree -> endings of what the sdist has to hold of it
SHIPPED = [
    pytest.param("csrc", (".c", ".h"), id="csrc"),
    pytest.param("httpclient", (".py", ".pyi", ".pyx", ".pxd", "py.typed"), id="httpclient"),
    pytest.param("tests", (".py", ".c", ".h", ".pem", ".jsonl"), id="tests"),
    pytest.param("bench", (".py",), id="bench"),
    pytest.param(".github", (".txt", ".yml"), id="workflows"),
]


@needs_artefacts
@pytest.mark.parametrize(("folder", "endings"), SHIPPED)
def test_sdist_holds_the_source(in_sdist, folder, endings):
    wanted = sources(folder, *endings)
    assert wanted
    assert wanted - in_sdist == set()


@needs_artefacts
@pytest.mark.parametrize(
    "name",
    ["LICENSE", "README.md", "CHANGELOG.md", "COMPATIBILITY.md", "Makefile", "MANIFEST.in",
     "SECURITY.md", "PKG-INFO", "pyproject.toml", "setup.py", ".ci/run"])
def test_sdist_holds_the_file(in_sdist, name):
    assert name in in_sdist


@needs_artefacts
def test_sdist_holds_nothing_generated(in_sdist):
    c_files = {name for name in in_sdist if name.endswith((".c", ".h", ".cpp"))}
    assert {name.split("/")[0] for name in c_files} <= {"csrc", "tests"}
    assert not [name for name in in_sdist if name.endswith((".so", ".pyd", ".pyc", ".o"))]
    assert not [name for name in in_sdist if name.split("/")[0] in ("build", "dist", ".venv")]
    assert "httpclient/_install/sources.py" not in in_sdist


# ---- the wheel ----

@needs_artefacts
def test_wheel_holds_the_package_alone(in_wheel):
    extensions = {f"httpclient/_core/{module}{SUFFIX}" for module in MODULES}
    made = {"httpclient/_install/sources.py"}
    assert in_wheel == extensions | made | sources("httpclient", ".py", ".pyi", "py.typed")


@needs_artefacts
def test_wheel_holds_what_type_checkers_read(in_wheel):
    """py.typed, and stubs of the compiled modules alone: the other modules are annotated."""
    stubs = {f"httpclient/_core/{module}.pyi" for module in MODULES}
    assert {name for name in in_wheel if name.endswith(".pyi")} == stubs
    assert "httpclient/py.typed" in in_wheel


@needs_artefacts
def test_wheel_holds_no_source(in_wheel):
    endings = (".c", ".h", ".cpp", ".pyx", ".pxd", ".html")
    assert [name for name in in_wheel if name.endswith(endings)] == []


@needs_artefacts
def test_wheel_is_of_this_interpreter(wheel_path, wheel_metadata):
    assert wheel_metadata["WHEEL"]["Root-Is-Purelib"] == "false"
    python = "cp{}{}".format(*sys.version_info)
    threading = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    assert f"-{python}-{python}{threading}" in wheel_path.name


@needs_artefacts
def test_wheel_metadata_has_name_version_and_license(wheel_metadata):
    metadata = wheel_metadata["METADATA"]
    assert metadata["Name"] == DISTRIBUTION
    assert metadata["Version"] == httpclient.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]


# ---- what is installed: true of every environment that these tests may run in ----

def test_installed_version_is_the_one_of_the_package():
    assert importlib.metadata.version(DISTRIBUTION) == httpclient.__version__


def test_installed_needs_python_and_nothing_else():
    metadata = importlib.metadata.metadata(DISTRIBUTION)
    assert metadata["Requires-Python"] == ">=3.11"
    required = metadata.get_all("Requires-Dist", [])
    assert [line for line in required if "extra ==" not in line] == []


def test_sources_are_the_text_of_the_installed_modules():
    texts = importlib.import_module("httpclient._install.sources").SOURCES
    assert len(texts) > 20
    for name, text in texts.items():
        file = Path(httpclient.__file__).parent / f"{name.replace('.', '/')}.py"
        assert text == file.read_text(encoding="utf-8"), name


def test_there_is_a_core():
    assert {"chunked", "head", "reader", "request"} <= set(MODULES)


def test_package_comes_out_of_site_packages():
    installed = Path(sysconfig.get_path("platlib")) / "httpclient"
    assert Path(httpclient.__file__).resolve().parent == installed.resolve()


@pytest.mark.parametrize("module", MODULES)
def test_each_core_module_is_compiled(module):
    loaded = importlib.import_module(f"httpclient._core.{module}")
    assert isinstance(loaded.__spec__.loader, importlib.machinery.ExtensionFileLoader)
    assert loaded.__file__.endswith(SUFFIX)


def test_import_leaves_metadata_alone():
    """__version__ is a literal: reading it must not load importlib.metadata."""
    script = (
        "import sys, httpclient; httpclient.__version__; "
        "sys.exit('importlib.metadata' in sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", script], check=True, timeout=60)


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this interpreter has a GIL")
def test_import_leaves_the_gil_off():
    script = "import sys, httpclient; sys.exit(sys._is_gil_enabled())"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    subprocess.run([sys.executable, "-P", "-c", script], check=True, timeout=60, env=environment)
