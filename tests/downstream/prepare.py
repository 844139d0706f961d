# SPDX-License-Identifier: MIT
"""The environment of a suite, and its tests out of the source distribution; made once."""

import hashlib
import re
import shutil
import subprocess
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
    """RuntimeError, with all that it printed, if the command fails."""
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


def environment(suite, base, folder, wheel):
    """A virtual environment with the suite's package, what its tests need, and our wheel."""
    python = folder / "bin" / "python"
    text = "\n".join([base, suite.package, *suite.requires, *pinned()])
    fingerprint, made = hashlib.sha256(text.encode()).hexdigest(), folder / ".made"
    if not made.exists() or made.read_text(encoding="utf-8") != fingerprint:
        shutil.rmtree(folder, ignore_errors=True)
        call(base, "-m", "venv", folder)
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pinned()), encoding="utf-8")
        pip(python, "install", "--constraint", constraints, suite.package, *suite.requires)
        made.write_text(fingerprint, encoding="utf-8")
    pip(python, "install", "--no-deps", "--no-index", "--force-reinstall", wheel)
    return python


def source(suite, python, folder):
    """The folder of the unpacked source distribution."""
    version = version_of(suite.package)
    unpacked = folder / f"{suite.package}-{version}"
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip(python, "download", "--no-deps", "--no-binary", suite.package, "--dest", folder,
            f"{suite.package}=={version}")
        with tarfile.open(f"{unpacked}.tar.gz") as archive:
            archive.extractall(folder / f"{suite.package}.part", filter="data")
        for name, text in suite.files.items():
            (folder / f"{suite.package}.part" / unpacked.name / name).write_text(text)
        (folder / f"{suite.package}.part" / unpacked.name).rename(unpacked)
    return unpacked


def prepare(name, suite, base, wheel, venvs):
    """All of it, as a Prepared; `base` is the interpreter, `venvs` how their names begin."""
    python = environment(suite, base, Path(f"{venvs}-downstream-{name}").absolute(), wheel)
    packages = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    env = {key: value.format(packages=packages) for key, value in suite.env.items()}
    return Prepared(python, source(suite, python, BUILD), env)
