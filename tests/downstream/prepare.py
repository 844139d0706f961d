# SPDX-License-Identifier: MIT
"""The environment of a suite, and its tests out of the source distribution; made once."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "downstream"


@dataclass(frozen=True)
class Prepared:
    python: Path        # of the environment
    folder: Path        # the unpacked source distribution
    env: dict           # of the suite


def call(*command):
    """What the command prints; RuntimeError, with all of it, if it fails."""
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=900)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def pip(python, *args):
    return call(python, "-m", "pip", "--disable-pip-version-check", "--quiet", *args)


def name_of(line):
    """The package that a line of a file of constraints is about, as pip compares names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]*", line)[0]).lower()


def pinned():
    """The lines of .github/downstream.txt, and those of constraints.txt for all other packages."""
    common, own = ((ROOT / ".github" / name).read_text(encoding="utf-8").splitlines()
                   for name in ("constraints.txt", "downstream.txt"))
    names = {name_of(line) for line in own}
    return own + [line for line in common if name_of(line) not in names]


def version_of(package):
    found = [line for line in pinned() if name_of(line) == name_of(package)]
    if not found:
        raise RuntimeError(f"neither .github/constraints.txt nor downstream.txt has {package}")
    return found[0].partition("==")[2]


def environment(suite, folder, wheel):
    """A virtual environment with the suite's package, what its tests need, and our wheel."""
    python = folder / "bin" / "python"
    text = "\n".join([sys.version, sys.base_prefix, suite.package, *suite.requires, *pinned()])
    fingerprint, made = hashlib.sha256(text.encode()).hexdigest(), folder / ".made"
    if not made.exists() or made.read_text(encoding="utf-8") != fingerprint:
        call(sys.executable, "-m", "venv", "--clear", folder)
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pinned()), encoding="utf-8")
        pip(python, "install", "--constraint", constraints, suite.package, *suite.requires)
        made.write_text(fingerprint, encoding="utf-8")
    pip(python, "install", "--no-deps", "--no-index", "--force-reinstall", wheel)
    return python


def source(suite, python):
    """The folder of the unpacked source distribution."""
    name = f"{suite.package}-{version_of(suite.package)}"
    part = BUILD / f"{suite.package}.part"
    if not (BUILD / name).exists():
        pip(python, "download", "--no-deps", "--no-binary", suite.package, "--dest", BUILD,
            name.replace("-", "=="))
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(BUILD / f"{name}.tar.gz") as archive:
            archive.extractall(part, filter="data")
        for file, text in suite.files.items():
            (part / name / file).write_text(text, encoding="utf-8")
        (part / name).rename(BUILD / name)
    return BUILD / name


def prepare(name, suite, wheel):
    """All of it, as a Prepared; its environment lies beside the one that runs this."""
    python = environment(suite, Path(f"{sys.prefix}-downstream-{name}"), wheel)
    packages = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    env = {key: value.format(packages=packages) for key, value in suite.env.items()}
    return Prepared(python, source(suite, python), env)
