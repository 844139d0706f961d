# SPDX-License-Identifier: MIT
"""install() where other classes stand in http.client's place: for a time, or for good.

A class that derives from http.client's own inherits what install() puts there.  Nothing can be done
about one that does not, so that it is refused, by its name.
"""

import http.client
import re
import threading
from unittest import mock

import httpclient
import pytest

from support.installing import BEFORE, CLASSES, connect, exchange
from support.servers import ok, serving

pytestmark = pytest.mark.usefixtures("nothing_stays")

ORIGINALS = {cls.__name__: cls for cls in CLASSES}
NAMES = pytest.mark.parametrize("name", ORIGINALS)


def subclass(name, base=None):
    return type("Recording", (base or ORIGINALS[name],), {"__module__": "recorder"})


def method(cls):
    return "begin" if issubclass(cls, ORIGINALS["HTTPResponse"]) else "connect"


def is_ours(cls):
    return "httpclient" in getattr(cls, method(cls)).__code__.co_filename


def nothing_is_changed():
    """On http.client's own classes, whatever stands in the module."""
    return not httpclient.installed() and all(
        vars(cls)[name] is value for cls in CLASSES for name, value in BEFORE[cls][0].items())


def well(connection_class=None):
    """An exchange through the class that stands in the module, or the one given."""
    with serving(ok(b"well"), ok(b"well")) as server:
        connection = (connect(server) if connection_class is None
                      else connection_class(*server.address, timeout=20))
        assert exchange(connection) == exchange(connection) == (200, b"well")
        connection.close()


@NAMES
def test_subclass_in_place_stays_and_runs_on_httpclient(name, monkeypatch):
    """Put there before install(), as warcio does, and still there after uninstall()."""
    cls = subclass(name)
    monkeypatch.setattr(http.client, name, cls)
    for _ in range(2):
        with httpclient.installed() as now:
            assert now.left == [name] and f"left in place: {name}" in repr(now)
            assert f"{name}.{method(cls)}" in now.replaced
            assert getattr(http.client, name) is cls
            assert is_ours(cls) and is_ours(ORIGINALS[name])
            well()
            well(ORIGINALS["HTTPConnection"])
        assert getattr(http.client, name) is cls and not is_ours(cls)
        assert nothing_is_changed()
        well()
    monkeypatch.undo()


@NAMES
def test_subclass_from_install_on(name, monkeypatch):
    httpclient.install()
    cls = subclass(name)
    monkeypatch.setattr(http.client, name, cls)
    well()
    httpclient.install()
    with httpclient.installed() as now:
        assert now.left == [] and is_ours(cls)
    httpclient.uninstall()
    assert nothing_is_changed()
    with httpclient.installed() as now:
        assert now.left == [name] and is_ours(cls)
    monkeypatch.undo()


@NAMES
def test_subclass_that_goes_meanwhile(name, monkeypatch):
    monkeypatch.setattr(http.client, name, subclass(name))
    httpclient.install()
    monkeypatch.undo()
    assert getattr(http.client, name) is ORIGINALS[name]
    well()
    httpclient.uninstall()
    with httpclient.installed() as now:
        assert now.left == []


def test_connections_made_by_a_subclass_go_on(monkeypatch):
    """Before install(), with it and after it."""
    monkeypatch.setattr(http.client, "HTTPConnection", subclass("HTTPConnection"))
    with serving(*[ok(b"well")] * 3) as server:
        connection = connect(server)
        assert exchange(connection) == (200, b"well")
        with httpclient.installed():
            assert exchange(connection) == (200, b"well")
        assert exchange(connection) == (200, b"well")
        connection.close()
        assert server.accepted == 1
    monkeypatch.undo()


def test_replaced_classes_with_several_bases_stay(monkeypatch):
    """As wsgi_intercept has it; and a subclass of a subclass."""
    plain = subclass("HTTPConnection", subclass("HTTPConnection"))
    monkeypatch.setattr(http.client, "HTTPConnection", plain)
    if "HTTPSConnection" in ORIGINALS:
        secure = type("Secure", (ORIGINALS["HTTPSConnection"], plain), {})
        monkeypatch.setattr(http.client, "HTTPSConnection", secure)
    with httpclient.installed() as now:
        assert set(now.left) == {*ORIGINALS} - {"HTTPResponse"}
        well()
    monkeypatch.undo()


def test_subclass_with_the_same_name(monkeypatch):
    """It may call itself what it likes: the class that it derives from is served."""
    cls = type("HTTPConnection", (ORIGINALS["HTTPConnection"],), {"__module__": "http.client"})
    monkeypatch.setattr(http.client, "HTTPConnection", cls)
    with httpclient.installed():
        assert is_ours(ORIGINALS["HTTPConnection"]) and "connect" not in vars(cls)
        well()
    monkeypatch.undo()


class Unrelated:
    """VCR.py's classes are like this one."""

    def __init__(self, *args, **keywords):
        pass


def factory(*args, **keywords):
    return ORIGINALS["HTTPConnection"](*args, **keywords)


@NAMES
@pytest.mark.parametrize(("other", "who"), [
    (Unrelated, re.escape(f"{__name__}.Unrelated,")), (factory, "<function factory"),
    (mock.MagicMock(), "<MagicMock"), (mock.create_autospec(Unrelated), "<MagicMock")],
    ids=["class", "function", "mock", "autospec"])
def test_replacement_that_is_no_subclass_is_refused(name, other, who, monkeypatch):
    monkeypatch.setattr(http.client, name, other)
    says = f"^http.client.{name} has been replaced by {who}.*does not derive.*when it is back$"
    with pytest.raises(RuntimeError, match=says):
        httpclient.install()
    with pytest.raises(RuntimeError, match=says), httpclient.installed():
        pass
    assert nothing_is_changed()
    monkeypatch.undo()
    with httpclient.installed():
        well()


@NAMES
def test_replaced_for_a_time(name, monkeypatch):
    """By what install() refuses, after it: nothing is asked again until the next install()."""
    httpclient.install()
    for stop in (lambda: None, httpclient.uninstall):
        with monkeypatch.context() as patch:
            patch.setattr(http.client, name, Unrelated)
            with httpclient.installed():
                well(ORIGINALS["HTTPConnection"])
            stop()
        assert getattr(http.client, name) is ORIGINALS[name]
        well()
    assert nothing_is_changed()


@pytest.mark.skipif("HTTPSConnection" not in ORIGINALS, reason="no ssl")
def test_class_with_other_bases_is_refused():
    cls = ORIGINALS["HTTPSConnection"]
    before = cls.__bases__
    cls.__bases__ = (subclass("HTTPConnection"),)
    try:
        with pytest.raises(RuntimeError, match="the base classes of http.client.HTTPSConnection"):
            httpclient.install()
        assert not httpclient.installed()
    finally:
        cls.__bases__ = before


def test_threads_see_one_class(monkeypatch):
    cls = subclass("HTTPConnection")
    monkeypatch.setattr(http.client, "HTTPConnection", cls)
    errors = []

    def work():
        try:
            for _ in range(3):
                with httpclient.installed():
                    assert is_ours(cls)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and nothing_is_changed()
    monkeypatch.undo()
