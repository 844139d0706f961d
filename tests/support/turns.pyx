# SPDX-License-Identifier: MIT
"""A Schedule whose connections exist in name only, and whose clock is set by a test."""
from httpclient._core.hosts cimport Host, Schedule, Timed
from httpclient._core.job cimport Job


cdef class Connection(Timed):
    cdef readonly Host host
    cdef readonly Job job       # the one under way, or None
    cdef readonly int served    # Jobs that it has begun
    cdef readonly list woken    # times

    def __cinit__(self):
        self.woken = []

    cdef int wake(self, double now) except -1:
        self.woken.append(now)
        return 0


cdef class Request(Job):
    cdef readonly str name

    def __init__(self, name):
        self.name = name


cdef class Simulation(Schedule):
    """`begun` are (time, host's name, request's name, connection) in the order of the beginnings."""

    cdef public double now
    cdef readonly list begun
    cdef readonly list closed   # connections
    cdef readonly Connection last       # the one that has begun a request last
    cdef public bint records    # False: `begun` and `closed` stay empty

    def __init__(self, connections, per_host, delay=0.0):
        self._most = connections
        self._most_per_host = per_host
        self._delay = delay
        self.begun = []
        self.closed = []
        self.records = True

    cdef double time(self) except? -1:
        return self.now

    # ---- what a Transfer does

    cdef int begin(self, Host host, Job job, bint fresh) except -1:
        cdef Connection connection

        if fresh:
            connection = Connection.__new__(Connection)
            connection.host = host
            host._open += 1
            self.open += 1
        else:
            connection = host._idle.pop()
            del self._idle[connection]
        connection.job = job
        connection.served += 1
        job._transfer = self.last = connection
        if self.records:
            self.begun.append((self.now, host.key[1], (<Request> job).name, connection))
        return 0

    cdef int close_one(self, object transfer) except -1:
        cdef Connection connection = transfer

        if connection.job is None:
            connection.host._idle.remove(connection)
            del self._idle[connection]
        connection.host._open -= 1
        self.open -= 1
        if self.records:
            self.closed.append(connection)
        return self.list_host(connection.host)

    # ---- what a test does

    def add(self, str host, str name, double due=float("inf")):
        """Add a request for a host, with the time of its deadline."""
        cdef Request job = Request(name)

        job._due = job._queue_due = due
        self.outstanding += 1
        self.enqueue(self.host_of(("http", host, 80)), job, False)

    def turn(self, double seconds=0):
        """Let time pass, wake what is due, and begin what may begin."""
        self._now = self.now = self.now + seconds
        self.expire(self.now)
        self.start_jobs()

    def answer(self, Connection connection, bint keeps=True):
        """Finish the request of a connection, which is kept or closed."""
        job, connection.job = connection.job, None
        self.finish(<Job> job, None)
        if not keeps:
            connection.job = job
            self.close_one(connection)
            connection.job = None
            return
        connection.host._idle.append(connection)
        self._idle[connection] = None
        self.list_host(connection.host)

    def close(self, Connection connection):
        """Close an idle connection."""
        self.close_one(connection)

    def alarm(self, Connection connection, double when):
        self.set_timer(connection, when)

    def drop(self, Connection connection):
        self.drop_timer(connection)

    @property
    def answers(self):
        """The requests that have finished, in this order; they are removed."""
        found = list(self._answers)
        self._answers.clear()
        return found

    @property
    def next_time(self):
        return self.next_timer()

    @property
    def hosts(self):
        return [key[1] for key in self._hosts]

    @property
    def timers(self):
        return len(self._timers)
