# SPDX-License-Identifier: MIT
"""The iterator of a Fetcher ends as soon as nothing can come any more."""

from httpclient import Fetcher, fetcher
from httpclient._fetch.poller import SelectPoller
from support.pools import Paired
from support.servers import Server


def test_iteration_with_nothing_outstanding_waits_for_no_event(monkeypatch):
    """That its iterable has ended is found out after the last answer, beside an idle connection."""
    waits = []

    class Watched(SelectPoller):
        def poll(self, seconds):
            waits.append((fetching.outstanding, seconds))
            return super().poll(seconds)

    monkeypatch.setattr(fetcher, "pollers", lambda: [Watched])
    with Server(Paired()) as server, Fetcher(connections=1) as fetching:
        for count in (1, 3):
            answers = fetching.fetch(f"http://127.0.0.1:{server.port}/" for _ in range(count))
            assert [answer.status for answer in answers] == [200] * count
    assert {seconds for outstanding, seconds in waits if not outstanding} <= {0}
    assert any(outstanding for outstanding, _ in waits)
