# SPDX-License-Identifier: MIT
"""Which suites there are, and what they need; versions are in .github/*.txt."""

from dataclasses import dataclass, field

UNTOUCHED = "untouched"
BEFORE = "before"       # install() before the package and its tests are imported
AFTER = "after"         # install() when all of them are imported
ADAPTER = "adapter"     # httpclient.transports in place of the package's own transport
HANDLER = "handler"     # examples/scrapy_handler.py in place of Scrapy's handler for HTTP/1.1
MODES = (UNTOUCHED, BEFORE, AFTER)


@dataclass(frozen=True)
class Suite:
    package: str            # what is tested: the source distribution's name, and what to import
    tests: list             # arguments for pytest, in the unpacked source distribution
    requires: list          # what else to install
    floor: int              # so many have to pass untouched, or it is no test of anything
    module: str = ""        # what to import, if it is not named like the package
    files: dict = field(default_factory=dict)   # left out of the source distribution: name -> text
    env: dict = field(default_factory=dict)     # {packages} is the environment's site-packages
    modes: tuple = MODES
    in_turn: bool = False   # its tests listen on a fixed port: one mode after the other


SUITES = {
    "urllib3": Suite(
        package="urllib3",
        tests=["test"],
        floor=2200,
        requires=[
            "anyio", "backports.zstd; python_version<'3.14'", "brotli", "cryptography", "h2",
            "httpx", "hypercorn", "idna", "pyopenssl", "pysocks", "pytest", "pytest-socket",
            "pytest-timeout", "quart", "quart-trio", "trio", "trustme"]),
    "requests": Suite(
        package="requests",
        tests=["tests"],
        floor=580,
        requires=["requests[socks]", "httpbin", "pytest", "pytest-httpbin", "pytest-mock",
                  "trustme"],
        modes=(*MODES, ADAPTER)),
    # It does not use http.client, so install() has no effect on it.  The extra httpx[cli] asks for
    # an older rich than the one of constraints.txt.
    "httpx": Suite(
        package="httpx",
        tests=["tests"],
        floor=1390,
        requires=["httpx[brotli,http2,socks,zstd]", "chardet", "click", "cryptography", "pygments",
                  "pytest", "rich", "trio", "trustme", "uvicorn"],
        modes=(UNTOUCHED, ADAPTER),
        in_turn=True),
    # Its HTTP layer; of what it does above that only what looks at responses and errors.
    "botocore": Suite(
        package="botocore",
        tests=[
            *(f"tests/unit/test_{name}.py" for name in (
                "awsrequest", "http_session", "http_client_exception_mapping", "endpoint",
                "response", "parsers", "handlers", "httpchecksum", "utils", "exceptions")),
            "tests/unit/response_parsing", "tests/unit/retries",
            *(f"tests/functional/test_{name}.py" for name in ("stub", "history", "events")),
            "tests/integration/test_client_http.py"],
        floor=1150,
        requires=["jsonschema", "pytest"]),
    "vcrpy": Suite(
        package="vcrpy",
        module="vcr",
        tests=["tests", "-m", "not online", "--ignore=tests/integration/test_aiohttp.py"],
        floor=480,
        requires=["boto3", "cryptography", "httpbin", "httplib2", "pysocks", "pytest",
                  "pytest-httpbin", "requests", "urllib3"],
        files={".editorconfig": "root = true\n"},
        env={"REQUESTS_CA_BUNDLE": "{packages}/pytest_httpbin/certs/client.pem"}),
    # The deselected test would wait three minutes for content that is announced to be too long:
    # the handler sees Content-Length only at the end.
    "scrapy": Suite(
        package="scrapy",
        tests=["tests/test_downloader_handler_twisted_http11.py", "--reactor=asyncio",
               "-m", "not requires_internet",
               "-W", "default::pytest.PytestRemovedIn10Warning",
               "-k", "not test_download_with_content_length"],
        floor=230,
        requires=["pytest", "pytest-rerunfailures", "pytest-twisted"],
        modes=(UNTOUCHED, HANDLER)),
}
