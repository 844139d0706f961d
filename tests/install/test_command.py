# SPDX-License-Identifier: MIT
"""`python -m httpclient` runs a program as `python` does, but on httpclient."""

import os
import re
import signal
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from httpclient._install import stats
from support.servers import ok, serving

SHOWS = """\
import sys
import http.client
print(__name__, sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
print(sorted(globals()), __package__, __spec__ and __spec__.name, type(__loader__).__name__)
print(globals().get("__file__"))
print(http.client.HTTPConnection.request.__module__)
print(http.client.HTTPConnection.request.__code__.co_filename, file=sys.stdout)
"""

ENDS = {
    "well": "pass",
    "status": "import sys; sys.exit(7)",
    "message": "raise SystemExit('a message')",
    "error": "def f():\n    raise ValueError('bad')\n\nf()",
    "chained": "try:\n    1 / 0\nexcept ArithmeticError as e:\n    raise KeyError(1) from e",
    "group": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "syntax": "def f(:\n    pass",
    "hook": "import sys\nsys.excepthook = lambda *args: print('hook', args[0], args[2].tb_lineno)\n"
            "1 / 0",
    "hook fails": "import sys\nsys.excepthook = lambda *args: {}[args[0]]\n1 / 0",
    "hook exits": "import sys\nsys.excepthook = lambda *args: sys.exit(7)\n1 / 0",
    "no hook": "import sys\nsys.excepthook = None\n1 / 0",
    "interrupt": "raise KeyboardInterrupt",
    "at exit": "import atexit, sys\natexit.register(print, 'the end')\nsys.exit('an error')",
    "encoding": "# coding: latin-1\nprint(ascii('\xe9'))",
}


def python(*args, **options):
    # Without PYTHONPATH and the like, as it is about sys.path, and not in a checkout.
    options.setdefault("cwd", sys.prefix)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("PYTHON")}
    return subprocess.run([sys.executable, *map(str, args)], capture_output=True, timeout=120,
                          env=environment, **options)


def both(*args, **options):
    """The outcomes without and with httpclient, which must be the same."""
    plain = python(*args, **options)
    ours = python("-m", "httpclient", *args, **options)
    assert (ours.returncode, ours.stderr) == (plain.returncode, plain.stderr), (
        ours.stderr.decode(), plain.stderr.decode())
    return plain.stdout.decode(), ours.stdout.decode()


def check_shown(plain, ours):
    """The program has seen the same, but for where http.client's functions come from."""
    plain, ours = plain.splitlines(), ours.splitlines()
    assert ours[:-1] == plain[:-1]
    assert "httpclient" in ours[-1] and "httpclient" not in plain[-1]


@pytest.fixture
def program(tmp_path):
    def make(source, name="program.py"):
        (tmp_path / name).write_bytes(source.encode("latin-1"))
        return tmp_path / name
    return make


def test_script_sees_what_python_shows_it(program, tmp_path):
    program(SHOWS)
    check_shown(*both("program.py", "-x", "--stats", "a b", cwd=tmp_path))
    check_shown(*both(tmp_path / "program.py", cwd="/"))


def test_linked_script_sees_what_python_shows_it(program, tmp_path):
    script = program(SHOWS)
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.py"
    try:
        link.symlink_to(script)
    except OSError:
        pytest.skip("no symbolic links here")
    check_shown(*both(link))


@pytest.mark.parametrize("path", ["./program.py", "a/../program.py", "./a", "a/../a/", "a/."])
def test_path_is_shown_as_given(path, program, tmp_path):
    program(SHOWS)
    (tmp_path / "a").mkdir()
    program(SHOWS, "a/__main__.py")
    check_shown(*both(path, cwd=tmp_path))
    check_shown(*both(f"{tmp_path}/{path}"))


def test_parent_of_linked_folder(program, tmp_path):
    """The file that is run is the one that the system finds by that path."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there" / "folder").mkdir(parents=True)
    program("print('here')", "here/program.py")
    program("print('there')", "there/program.py")
    try:
        (tmp_path / "here" / "link").symlink_to(tmp_path / "there" / "folder")
    except OSError:
        pytest.skip("no symbolic links here")
    plain, ours = both("here/link/../program.py", cwd=tmp_path)
    assert ours == plain


def test_working_folder_as_program_sees_what_python_shows_it(program, tmp_path):
    program(SHOWS, "__main__.py")
    check_shown(*both(".", cwd=tmp_path))


def test_module_sees_what_python_shows_it(program, tmp_path):
    program(SHOWS)
    check_shown(*both("-m", "program", "-m", "x", cwd=tmp_path))
    (tmp_path / "package").mkdir()
    program(SHOWS, "package/__main__.py")
    check_shown(*both("-mpackage", cwd=tmp_path))


@pytest.mark.parametrize("folder", ["folder", "program.zip"])
def test_folder_or_zip_file(folder, tmp_path):
    if folder.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / folder, "w") as file:
            file.writestr("__main__.py", SHOWS)
    else:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__main__.py").write_text(SHOWS)
    check_shown(*both(folder, "a", cwd=tmp_path))


def test_compiled_file_sees_what_python_shows_it(program, tmp_path):
    import py_compile
    py_compile.compile(str(program(SHOWS)), cfile=str(tmp_path / "program.pyc"))
    check_shown(*both("program.pyc", cwd=tmp_path))
    (tmp_path / "other-name").write_bytes((tmp_path / "program.pyc").read_bytes())
    check_shown(*both("other-name", cwd=tmp_path))
    (tmp_path / "program.pyc").write_bytes(bytes(16))
    both("program.pyc", cwd=tmp_path)


def test_code_and_standard_input(tmp_path):
    check_shown(*both("-c", SHOWS, "a", cwd=tmp_path))
    check_shown(*both("-", "a", cwd=tmp_path, input=SHOWS.encode()))


@pytest.mark.parametrize("how", ["script", "module", "code", "input"])
@pytest.mark.parametrize("end", ENDS)
def test_program_ends_as_it_does_with_python(end, how, program, tmp_path):
    source = ENDS[end]
    if (end, how) == ("encoding", "input"):
        pytest.skip("Python cannot decode it there")
    if how == "script":
        plain, ours = both(program(source))
    elif how == "module":
        program(source)
        plain, ours = both("-m", "program", cwd=tmp_path)
    elif how == "code":
        plain, ours = both("-c", source)
    else:
        plain, ours = both("-", input=source.encode("latin-1"))
    assert ours == plain


def test_missing_program_fails_as_it_does_with_python(tmp_path):
    both("nothing.py", cwd=tmp_path)
    both("-m", "nothing_of_that_name", cwd=tmp_path)
    (tmp_path / "folder").mkdir()
    both("folder", cwd=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals end no process there")
def test_killed_by_ctrl_c(program):
    script = program("import os, signal, time\n"
                     "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)")
    both(script)
    assert python("-m", "httpclient", script).returncode == -signal.SIGINT


def test_option_P_keeps_the_program_folder_off_sys_path(program, tmp_path):
    program(SHOWS)
    plain = python("-P", "program.py", cwd=tmp_path)
    ours = python("-P", "-m", "httpclient", "program.py", cwd=tmp_path)
    check_shown(plain.stdout.decode(), ours.stdout.decode())


@pytest.mark.parametrize(("args", "status", "says"), [
    ([], 2, "usage: python -m httpclient"), (["--help"], 0, "usage: python -m httpclient"),
    (["--version"], 0, "httpclient 0."), (["-m"], 2, "-m requires an argument"),
    (["-c"], 2, "-c requires an argument"), (["-x"], 2, "unknown option -x"),
    (["--stats"], 2, "--stats requires a program"),
])
def test_wrong_options_print_the_usage_and_set_the_status(args, status, says):
    done = python("-m", "httpclient", *args)
    assert done.returncode == status
    assert says in (done.stderr if status else done.stdout).decode()


def test_refused_install_does_not_run_the_program(program):
    """It says why, instead of running the program without."""
    script = program("print('runs')")
    done = python("-c", "import http.client, sys, runpy\n"
                        "class HTTPConnection: pass\n"
                        "http.client.HTTPConnection = HTTPConnection\n"
                        f"sys.argv = ['httpclient', {str(script)!r}]\n"
                        "runpy.run_module('httpclient', run_name='__main__')")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith(b"httpclient: http.client.HTTPConnection has been replaced by")


REQUESTS = """\
import http.client, sys, urllib.request
for _ in range(3):
    urllib.request.urlopen(sys.argv[1], timeout=20).read()
connection = http.client.HTTPConnection(sys.argv[1][7:-1], timeout=20)
for method in "GET", "POST":
    connection.request(method, "/")
    connection.getresponse().read()
connection.set_debuglevel(0)
connection.putrequest("GET", "/")
connection.endheaders()
connection.getresponse().read()
connection.close()
"""


@pytest.mark.parametrize("end", ["", "import sys; sys.exit(3)", "1 / 0"])
def test_stats_of_a_few_requests(end, program):
    """Too few to tell savings from chance: they are counted, and savings are not mentioned."""
    with serving(*[ok(b"0123456789")] * 6) as server:
        url = f"http://127.0.0.1:{server.port}/"
        done = python("-m", "httpclient", "--stats", program(REQUESTS + end), url)
    assert done.returncode == {"": 0, "1 / 0": 1}.get(end, 3)
    said = done.stderr.decode()
    octets = 6 * len(ok(b"0123456789"))
    about = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else "about "
    assert re.search(
        rf"^httpclient: {about}6 requests, 6 responses, {octets} bytes received; "
        r"\d+\.\d\d s of CPU time used\n"
        r"httpclient: too few responses for an estimate against http\.client\n\Z",
        said.replace("\r\n", "\n"), re.MULTILINE), said
    assert "saved" not in said


MANY = """\
import http.client, socket
ours, server = socket.socketpair()
connection = http.client.HTTPConnection("a.example")
connection.sock = ours
for _ in range(10_000):
    connection.request("GET", "/")
    server.recv(65536)
    server.sendall(b"HTTP/1.1 200 OK\\r\\nServer: x\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    connection.getresponse().read()
"""


def test_stats_of_many_requests(program):
    done = python("-m", "httpclient", "--stats", program(MANY))
    assert done.returncode == 0 and done.stderr.isascii()
    glance, caveat = done.stderr.decode().splitlines()
    saved = re.search(r"10000 requests, 10000 responses, 510 kB received; "
                      r"about (\d+(?:\.\d+)?) s of CPU time saved, \d+\.\d\d s used$", glance)
    assert saved and 0.05 <= float(saved[1]) < 60, glance
    theirs, ours = map(int, re.findall(r"(\d+) us", caveat))
    assert theirs > ours > 0
    assert caveat.startswith("httpclient: estimated ") and "start-up is not included" in caveat
    assert max(map(len, (glance, caveat))) < 130


# responses, seconds for one of http.client, and of httpclient -> what is said to be saved
SAVED = [
    (100_000, 60e-6, 10e-6, "5"), (20_000_000, 76.3e-6, 10e-6, "1300"),
    (1001, 60e-6, 10e-6, "0.05"), (2222, 60e-6, 10e-6, "0.11"),
    (900, 60e-6, 10e-6, None), (1, 60e-6, 10e-6, None), (0, 60e-6, 10e-6, None),
    (100_000, 10e-6, 10e-6, None), (100_000, 10e-6, 12e-6, None),
]


def counted(responses, octets=0):
    return SimpleNamespace(requests=responses, responses=responses, octets=octets)


@pytest.mark.parametrize(("responses", "theirs", "ours", "saved"), SAVED)
def test_savings_are_rounded_or_not_mentioned(responses, theirs, ours, saved):
    glance, _ = stats.text(counted(responses), 1.0, theirs, ours).splitlines()
    found = re.search(r"about (\S+) s of CPU time saved", glance)
    assert (found and found[1]) == saved
    assert ("saved" in glance) is (saved is not None)


@pytest.mark.parametrize(("octets", "size"), [
    (0, "0 bytes"), (1, "1 byte"), (9999, "9999 bytes"), (10_000, "10 kB"), (9_999_000, "9999 kB"),
    (9_999_499, "9999 kB"), (9_999_999, "10 MB"), (9_999_999_999, "10 GB"),
    (2_034_000_000, "2034 MB"), (10**14, "100000 GB")])
def test_stats_write_sizes_short(octets, size):
    assert f" {size} received;" in stats.text(counted(7, octets), 1.0, 1.0, 0.5)


@pytest.mark.parametrize(("responses", "theirs", "ours", "reason"), [
    (0, 60e-6, 10e-6, "no response came"), (7, 60e-6, 10e-6, "too few responses"),
    (10**6, 9e-6, 12e-6, "no faster here: 9 us each with http.client, 12 us with httpclient")])
def test_stats_say_why_no_saving_is_named(responses, theirs, ours, reason):
    _, why = stats.text(counted(responses), 1.0, theirs, ours).splitlines()
    assert reason in why


def test_stats_write_one_in_the_singular():
    said = stats.text(counted(1), 1.0, 1e-6, 1e-6)
    assert " 1 request, 1 response, " in said


@pytest.mark.parametrize(("gil", "said"), [
    (True, "httpclient: 7 requests, 7 responses"),
    (False, "httpclient: about 7 requests, 7 responses")])
def test_counts_without_a_gil_are_not_said_to_be_exact(gil, said, monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: gil, raising=False)
    assert stats.text(counted(7), 1.0, 1.0, 0.5).startswith(said)
    assert stats.text(counted(0), 1.0, 1.0, 0.5).startswith("httpclient: 0 requests, 0 responses")


def test_stats_without_a_response_say_so(program):
    done = python("-m", "httpclient", "--stats", program("print('runs')"))
    assert b"httpclient: 0 requests, 0 responses, 0 bytes received; " in done.stderr
    assert b"no response came over http.client" in done.stderr
    assert b"estimate" not in done.stderr and b"saved" not in done.stderr
    assert done.stdout.strip() == b"runs"


@pytest.mark.parametrize("source", ["sys.stderr = None", "sys.stderr.close()", "os._exit(5)",
                                    "os.kill(os.getpid(), signal.SIGTERM)",
                                    "os.execv(sys.executable, [sys.executable, '-c', ''])"])
def test_stats_without_stderr_are_dropped(source, program):
    """Not on standard output instead, and without a word about it."""
    if sys.platform == "win32" and source.startswith("os."):
        pytest.skip("ends a process otherwise there")
    script = program("import os, signal, sys\nsys.unraisablehook = print\n" + source)
    plain, ours = python(script), python("-m", "httpclient", "--stats", script)
    assert ours.returncode == plain.returncode
    assert ours.stdout == ours.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs descriptors that are inherited")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_stats_to_a_closed_pipe_leave_the_exit_status(unbuffered, program):
    read, write = os.pipe()
    os.close(read)
    script = program("import sys\nsys.unraisablehook = lambda _: print('unraisable')")
    done = subprocess.run([sys.executable, "-m", "httpclient", "--stats", script], stderr=write,
                          stdout=subprocess.PIPE, timeout=120, cwd=sys.prefix,
                          env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    os.close(write)
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_stats_once_for_a_program_that_forks(program):
    script = program("import os, sys\nprocess = os.fork()\nif process:\n    os.waitpid(process, 0)")
    done = python("-W", "ignore", "-m", "httpclient", "--stats", script)
    assert done.returncode == 0 and done.stderr.count(b"0 requests, 0 responses") == 1


POOL = """\
import http.client, multiprocessing, os, sys
import httpclient

def where(_):
    return http.client.HTTPConnection.request.__code__.co_filename

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    options = {"initializer": httpclient.install} if sys.argv[2:] else {}
    with context.Pool(1, **options) as pool:
        assert ("httpclient" in pool.map(where, [0])[0]) is (sys.argv[1:] != ["spawn"])
    print("well")
"""


@pytest.mark.parametrize("args", [["spawn"], ["spawn", "initializer"], ["fork"]])
def test_child_processes_can_use_httpclient(args, program):
    """A forked child has it; a spawned one begins anew, and installs it by an initializer."""
    if args == ["fork"] and not hasattr(os, "fork"):
        pytest.skip("needs fork()")
    done = python("-W", "ignore", "-m", "httpclient", program(POOL), *args)
    assert done.stdout.strip() == b"well", done.stderr.decode()


def test_pytest_runs_on_httpclient(program, tmp_path):
    program("import http.client\n\ndef test():\n"
            "    assert 'httpclient' in http.client.HTTPConnection.request.__code__.co_filename\n",
            "test_it.py")
    done = python("-m", "httpclient", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 0, done.stdout.decode()
