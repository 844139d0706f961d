# SPDX-License-Identifier: MIT
"""Which request begins next: the Schedule, with a clock of the test's own and without I/O."""

import gc
import itertools
import random
from collections import Counter

import pytest

from support.memory import resident
from support.simulation import built


@pytest.fixture(scope="module")
def turns(tmp_path_factory):
    return built(tmp_path_factory.mktemp("turns"))


def names(begun):
    return [name for _, _, name, _ in begun]


def connections(simulation, count):
    """Return the last `count` connections that have begun a request."""
    return [connection for *_, connection in simulation.begun[-count:]]


def test_no_more_connections_than_allowed(turns):
    simulation = turns.Simulation(10, 3)
    for number, host in itertools.product(range(5), "abcdef"):
        simulation.add(host, f"{host}{number}")
    simulation.turn()
    assert simulation.open == 10
    assert max(Counter(host for _, host, _, _ in simulation.begun).values()) <= 3


def test_one_host_gets_no_more_than_per_host(turns):
    simulation = turns.Simulation(10, 3)
    for number in range(20):
        simulation.add("a", str(number))
    simulation.turn()
    assert names(simulation.begun) == ["0", "1", "2"]
    assert simulation.open == 3 and simulation.queued == 17


def test_hosts_take_turns(turns):
    simulation = turns.Simulation(6, 6)
    for host, number in itertools.product("abc", range(4)):
        simulation.add(host, f"{host}{number}")
    simulation.turn()
    assert names(simulation.begun) == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_hosts_take_turns_on_one_connection(turns):
    simulation = turns.Simulation(1, 1)
    for host, number in itertools.product("abc", range(3)):
        simulation.add(host, f"{host}{number}")
    while simulation.outstanding:
        simulation.turn()
        [connection] = connections(simulation, 1)
        simulation.answer(connection)
        assert simulation.open == 1
    assert names(simulation.begun) == [f"{h}{n}" for n in range(3) for h in "abc"]


def test_requests_of_a_host_begin_in_order(turns):
    simulation = turns.Simulation(1, 1)
    for number in range(5):
        simulation.add("a", str(number))
    while simulation.outstanding:
        simulation.turn()
        simulation.answer(*connections(simulation, 1))
    assert names(simulation.begun) == ["0", "1", "2", "3", "4"]
    assert len({connection for *_, connection in simulation.begun}) == 1


def test_delay_between_beginnings(turns):
    simulation = turns.Simulation(10, 10, delay=2.0)
    for number, host in itertools.product(range(3), "ab"):
        simulation.add(host, f"{host}{number}")
    simulation.turn()
    assert names(simulation.begun) == ["a0", "b0"]
    while simulation.queued:
        assert simulation.next_time > simulation.now
        simulation.turn(simulation.next_time - simulation.now)
    assert [(time, name) for time, _, name, _ in simulation.begun] == [
        (0, "a0"), (0, "b0"), (2, "a1"), (2, "b1"), (4, "a2"), (4, "b2")]


def test_delay_goes_on_while_a_host_has_nothing(turns):
    simulation = turns.Simulation(10, 10, delay=2.0)
    simulation.add("a", "first")
    simulation.turn()
    simulation.answer(*connections(simulation, 1), False)
    simulation.turn(0.5)
    simulation.add("a", "second")
    simulation.turn()
    assert names(simulation.begun) == ["first"]
    simulation.turn(1.5)
    assert names(simulation.begun) == ["first", "second"]


def test_one_slow_host_costs_the_others_nothing(turns):
    """A thousand hosts, of which one never answers."""
    simulation = turns.Simulation(100, 4)
    for number, host in itertools.product(range(3), range(1000)):
        simulation.add(f"h{host}", f"{number}")
    for _ in range(100):
        simulation.add("slow", "never")
    running = []
    while simulation.outstanding > 100:
        before = len(simulation.begun)
        simulation.turn(1)
        running += [connection for _, host, _, connection in simulation.begun[before:]
                    if host != "slow"]
        assert running, "no place for the others"
        while running:
            simulation.answer(running.pop())
    assert [host for _, host, *_ in simulation.begun].count("slow") == 4
    # A hundred places less four: 3000 requests cannot be faster.
    assert simulation.now <= 3000 / 96 + 2


def test_longest_idle_connection_makes_room(turns):
    simulation = turns.Simulation(3, 3)
    for host in "abc":
        simulation.add(host, host)
    simulation.turn()
    a, b, c = connections(simulation, 3)
    for connection in (b, a, c):
        simulation.answer(connection)
    simulation.add("d", "d")
    simulation.turn()
    assert simulation.closed == [b] and simulation.open == 3


def test_own_idle_connection_is_used_before_others_are_closed(turns):
    simulation = turns.Simulation(2, 2)
    for host in "ab":
        simulation.add(host, host)
    simulation.turn()
    for connection in connections(simulation, 2):
        simulation.answer(connection)
    simulation.add("b", "again")
    simulation.turn()
    assert simulation.closed == [] and simulation.begun[-1][3].served == 2


def test_last_used_connection_is_used_first(turns):
    simulation = turns.Simulation(3, 3)
    for number in range(3):
        simulation.add("a", str(number))
    simulation.turn()
    first, second, third = connections(simulation, 3)
    for connection in (third, first, second):
        simulation.answer(connection)
    for number in range(3):
        simulation.add("a", str(number))
    simulation.turn()
    assert connections(simulation, 3) == [second, first, third]


def test_deadlines_of_waiting_requests(turns):
    simulation = turns.Simulation(1, 1)
    simulation.add("a", "runs")
    for name, due in [("late", 5.0), ("early", 1.0), ("never", float("inf")), ("soon", 2.0)]:
        simulation.add("a", name, due)
    simulation.turn()
    ended = []
    while simulation.now < 6:
        simulation.turn(0.5)
        ended += [(simulation.now, job.name, type(job.error)) for job in simulation.answers]
    assert ended == [(1, "early", TimeoutError), (2, "soon", TimeoutError),
                     (5, "late", TimeoutError)]
    assert simulation.queued == 1
    simulation.answer(*connections(simulation, 1))
    simulation.turn()
    assert names(simulation.begun) == ["runs", "never"]


def test_many_deadlines_of_one_host(turns):
    """Each comes in its time, and their timers do not add up."""
    simulation = turns.Simulation(1, 1)
    simulation.add("a", "runs")
    chance = random.Random(1)
    dues = {str(number): chance.uniform(1, 100) for number in range(3000)}
    for name, due in dues.items():
        simulation.add("a", name, due)
    simulation.turn()
    seen = {}
    while simulation.queued:
        simulation.turn(max(0.0, simulation.next_time - simulation.now))
        for job in simulation.answers:
            seen[job.name] = simulation.now
        assert simulation.timers < 600
    assert set(seen) == set(dues)
    assert all(0 <= seen[name] - due <= 0.02 for name, due in dues.items())


def test_timers_come_in_their_order_and_not_twice(turns):
    simulation = turns.Simulation(1, 1)
    simulation.add("a", "a")
    simulation.turn()
    [connection] = connections(simulation, 1)
    for when in (5.0, 7.0, 3.0, 4.0):
        simulation.alarm(connection, when)
    # Later times are for wake() to set again.
    assert simulation.next_time == 3 and simulation.timers == 2
    simulation.turn(3)
    assert connection.woken == [3]
    simulation.alarm(connection, 6.0)
    simulation.turn(2.5)
    assert connection.woken == [3]      # not at 5, either
    simulation.turn(2.5)
    assert connection.woken == [3, 8]
    assert simulation.timers == 0 and simulation.next_time == float("inf")


def test_timers_of_what_has_ended_are_dropped(turns):
    simulation = turns.Simulation(100_000, 100_000)
    for number in range(10_000):
        simulation.add("a", "a")
        simulation.turn()
        [connection] = connections(simulation, 1)
        simulation.alarm(connection, 1000.0 + number)
        simulation.answer(connection, False)
        simulation.drop(connection)
        assert simulation.timers <= 600
    assert simulation.hosts == []


def test_hosts_are_forgotten(turns):
    simulation = turns.Simulation(10, 2, delay=1.0)
    simulation.add("a", "a")
    simulation.turn()
    assert simulation.hosts == ["a"]
    simulation.answer(*connections(simulation, 1))
    simulation.turn()
    assert simulation.hosts == ["a"]        # It has an idle connection,
    simulation.close(*connections(simulation, 1))
    simulation.turn()
    assert simulation.hosts == ["a"]        # and a delay that goes on.
    simulation.turn(1)
    assert simulation.hosts == [] and simulation.timers == 0


def test_memory_stays_flat_over_many_hosts(turns):
    simulation = turns.Simulation(10, 2, delay=0.5)
    simulation.records = False

    def visit(count, first):
        for number in range(first, first + count):
            simulation.add(f"host{number}.example", "x", simulation.now + 1000)
            simulation.turn(0.1)
            # A connection stays open for a while, as an idle one.
            simulation.answer(simulation.last)
            if number % 2:
                simulation.close(simulation.last)
            assert [job.error for job in simulation.answers] == [None]

    visit(5000, 0)
    gc.collect()
    before, objects = resident(), len(gc.get_objects())
    visit(100_000, 5000)
    gc.collect()
    assert len(simulation.hosts) <= 20
    assert len(gc.get_objects()) - objects < 3000      # timers of the last hosts
    assert resident() - before < 4 << 20
    simulation.turn(10)


@pytest.mark.parametrize("seed", range(20))
def test_random_schedules_keep_the_rules(turns, seed):
    chance = random.Random(seed)
    most, per_host = chance.randint(1, 8), chance.randint(1, 3)
    delay = chance.choice([0.0, 0.0, 0.7])
    simulation = turns.Simulation(most, per_host, delay)
    added, ended, busy, seen = 0, [], [], 0
    for _ in range(2000):
        for _ in range(chance.choice([0, 0, 1, 3])):
            simulation.add(chance.choice("abcdefgh"), str(added), simulation.now
                           + chance.choice([0.5, 3.0, float("inf")]))
            added += 1
        simulation.turn(chance.choice([0, 0.1, 1.0]))
        busy += [connection for *_, connection in simulation.begun[seen:]]
        seen = len(simulation.begun)
        assert simulation.open <= most
        hosts = Counter(connection.host.key[1] for connection in busy)
        assert not hosts or max(hosts.values()) <= per_host
        if busy and chance.random() < 0.5:
            simulation.answer(busy.pop(chance.randrange(len(busy))), chance.random() < 0.7)
        ended += simulation.answers
    for _ in range(10_000):
        simulation.turn(1.0)
        busy += [connection for *_, connection in simulation.begun[seen:]]
        seen = len(simulation.begun)
        while busy:
            simulation.answer(busy.pop())
        ended += simulation.answers
        if not simulation.outstanding:
            break
    assert sorted(int(job.name) for job in ended) == list(range(added))
    assert simulation.queued == simulation.outstanding == 0
    starts = {}
    for time, host, *_ in simulation.begun:
        assert time - starts.get(host, -1.0) >= delay - 1e-9
        starts[host] = time
