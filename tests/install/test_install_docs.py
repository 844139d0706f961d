# SPDX-License-Identifier: MIT
"""docs/installing.md: each recipe is run as it stands there; those for servers also in these.

They are skipped without gunicorn and Celery (``pip install httpclient-accel[downstream]``).
"""

import contextlib
import http.client
import importlib.util
import os
import queue
import re
import socket
import subprocess
import sys

import pytest

from support.paths import ROOT
from support.servers import ok, serving

PAGE = ROOT / "docs" / "installing.md"
if not PAGE.is_file():
    pytest.skip("no docs beside these tests", allow_module_level=True)

BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                    re.MULTILINE | re.DOTALL)
URL = "http://localhost:8080/"
FETCH = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1]).read())\n"
TEST_FETCH = ("import http.client\n\ndef test():\n"
              "    assert 'httpclient' in http.client.HTTPConnection.send.__code__.co_filename\n")


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def run(folder, *args):
    done = subprocess.run([sys.executable, *args], cwd=folder, env=environment(), timeout=120,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fetch.py").write_text(FETCH)
    (tmp_path / "test_fetch.py").write_text(TEST_FETCH)
    return tmp_path


def blocks(kind):
    return [pytest.param(text, id=str(number))
            for number, (language, text) in enumerate(BLOCKS) if language == kind]


@pytest.mark.parametrize("text", blocks("console"))
def test_each_documented_command_does_what_the_page_says(text, folder):
    with serving(*[ok(b"x")] * 3) as server:
        command = text.replace(URL, f"http://127.0.0.1:{server.port}/").split()
        assert command[:2] == ["$", "python"]
        done = run(folder, *command[2:])
    assert ("b'x'" in done.stdout) == ("fetch.py" in command)
    assert ("1 request, 1 response" in done.stderr) == ("--stats" in command)


@pytest.mark.parametrize("text", blocks("python"))
def test_each_documented_recipe_installs_httpclient(text, folder):
    """Each has httpclient installed: at the end, in what it defines, or in what it prints."""
    if "celery" in text:
        pytest.importorskip("celery")
    with serving(*[ok(b"x")] * 3) as server:
        text = text.replace(URL, f"http://127.0.0.1:{server.port}/")
        if "pytest" in text:
            (folder / "conftest.py").write_text(text)
            run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
            return
        text += "\nif __name__ == '__main__':\n"
        if "def post_worker_init" in text:
            text += "    post_worker_init(None)\n"
        if "def handler" in text:
            text += "    assert handler(None, None) == {'httpclient': True}\n"
        if "with httpclient.installed" in text or "uninstall()" in text or "spawn" in text:
            text += "    pass\n"
        else:
            text += "    import httpclient\n    assert httpclient.installed()\n"
        (folder / "recipe.py").write_text(text)
        done = run(folder, "recipe.py")
    if "urlopen" in text:
        assert done.stdout == "1\n" and server.accepted == 1
    if "spawn" in text:
        assert done.stdout == "True\n"
    if "uninstall()" in text:
        assert done.stdout.splitlines()[0].startswith("True <httpclient is installed")
        assert done.stdout.splitlines()[-1] == "False"


# ---- in the servers that the recipes are for

WHERE = """
import sys
import urllib.request


def where(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        reader = type(response.fp).__name__
        assert response.read() == b"x"
        return f"{bool(sys.modules['httpclient'].installed())} {reader}"
"""
APPLICATION = WHERE + """

def application(environ, start_response):
    answer = where(environ["HTTP_X_URL"]).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""
# The parent tells its child to do it, over the broker that is in its memory.
TASK = WHERE + """
import os

from celery.signals import worker_ready

app.conf.worker_hijack_root_logger = False


@app.task
def tell(parent, url, answer_to):
    assert os.getpid() != parent
    urllib.request.urlopen(answer_to, where(url).encode(), timeout=20).close()


@worker_ready.connect
def ready(**_):
    tell.delay(os.getpid(), os.environ["URL"], os.environ["ANSWER_TO"])
"""


def recipe(*words):
    found = [text for language, text in BLOCKS if language == "python"
             and all(word in text for word in words)]
    assert found, words
    return min(found, key=len)


@contextlib.contextmanager
def running(folder, *args, **options):
    """A process that is ended by SIGTERM and then ends well; it shows what it said if not."""
    with open(folder / "log", "w+b") as log:
        process = subprocess.Popen([sys.executable, *args], cwd=folder, stdout=log, stderr=log,
                                   **options)
        try:
            yield process
            process.terminate()
            assert process.wait(20) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            print((folder / "log").read_text(errors="replace"))


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")


@needs_fork
@pytest.mark.parametrize(("words", "place", "kind"), [
    (["httpclient.install()"], "gunicorn.conf.py", "sync"),
    (["def post_worker_init"], "gunicorn.conf.py", "sync"),
    (["httpclient.install()"], "app.py", "gevent"),
    (["def post_worker_init"], "gunicorn.conf.py", "gevent"),
], ids=["sync, configuration", "sync, hook", "gevent, application", "gevent, hook"])
def test_gunicorn_workers_run_on_httpclient(words, place, kind, folder):
    """The answer comes out of a worker, which has made a request itself."""
    pytest.importorskip("gunicorn")
    if kind == "gevent" and importlib.util.find_spec("gevent") is None:     # not imported here
        pytest.skip("gevent is not installed")
    files = {"app.py": APPLICATION, "gunicorn.conf.py": "control_socket_disable = True\n"}
    files[place] += recipe(*words)
    for name, text in files.items():
        (folder / name).write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(ok(b"x")) as server:
        listening = listener.fileno()
        with running(folder, "-m", "gunicorn", "--worker-class", kind, "--bind",
                     f"fd://{listening}", "app:application", env=environment(),
                     pass_fds=[listening]):
            connection = http.client.HTTPConnection(*listener.getsockname(), timeout=20)
            with contextlib.closing(connection):
                connection.request(
                    "GET", "/", headers={"X-Url": f"http://127.0.0.1:{server.port}/"})
                assert connection.getresponse().read() == b"True SocketReader"


@needs_fork
@pytest.mark.slow       # Celery ends after five seconds at the earliest
def test_celery_workers_run_on_httpclient(folder):
    """The answer comes out of a worker, forked by the process that has read the module."""
    pytest.importorskip("celery")
    answers = queue.Queue()
    (folder / "tasks.py").write_text(recipe("celery") + TASK)
    with serving(ok(b"x")) as server, serving(
            lambda request: answers.put(request.body) or ok()) as answering:
        variables = {"URL": f"http://127.0.0.1:{server.port}/",
                     "ANSWER_TO": f"http://127.0.0.1:{answering.port}/"}
        with running(folder, "-m", "celery", "-A", "tasks", "worker", "--pool", "prefork",
                     "--concurrency", "1", "--without-gossip", "--without-mingle",
                     env=environment() | variables):
            assert answers.get(timeout=20) == b"True SocketReader"


def test_page_has_all_its_commands_and_recipes():
    """Otherwise nothing of this file would say anything."""
    assert len(blocks("console")) == 3 and len(blocks("python")) == 10
