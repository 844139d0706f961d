# SPDX-License-Identifier: MIT
"""examples/dask_fetch.py, on a cluster of two workers, each of them a process."""

from support.programs import imported, needs, pages, run
from support.servers import ok

needs("distributed")

from distributed import LocalCluster  # noqa: E402


def test_urls_of_a_host_are_in_one_part():
    urls = [f"http://host{n % 7}.example/{n}" for n in range(100)]
    parts = imported("dask_fetch").parts_by_host(urls, 4)
    assert sorted(sum(parts, [])) == sorted(urls) and 1 < len(parts) <= 4
    hosts = [{url.split("/")[2] for url in part} for part in parts]
    assert sum(map(len, hosts)) == 7


def test_program_fetches_with_two_workers():
    answers = {f"/{n}": ok(b"x" * n) for n in range(50)}
    with pages(answers) as first, pages(answers) as second, LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1",
            dashboard_address=None) as cluster:
        urls = [server.url + path for server in (first, second) for path in [*answers, "/none"]]
        lines = run("dask_fetch", "--scheduler", cluster.scheduler_address, "--parts", "8",
                    input="\n".join(urls))
    found = {url: (status, int(length)) for status, length, url in map(str.split, lines)}
    assert len(lines) == len(found) == 102
    assert found == {url: ("404", 0) if url.endswith("none")
                     else ("200", int(url.rpartition("/")[2])) for url in urls}
