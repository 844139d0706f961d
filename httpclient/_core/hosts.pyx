# SPDX-License-Identifier: MIT
"""Schedule: which request begins next, and on which connection.

Hosts that may begin a request take turns.  A host may begin one if a request waits for it, `delay`
has passed since the last one, and one of its connections is idle or it may open another one.  If
all connections are open, the one that has been idle longest is closed for the sake of another host.

Nothing here does I/O, and time() is the only clock, so that tests can set it.
"""
from collections import deque
from heapq import heapify, heappop, heappush

from .deadline cimport clock
from .job cimport COMPLETE, QUEUED, Job

cdef double INFINITE = float("inf")
cdef double GRAIN = 0.01        # seconds between two searches for expired Jobs in a queue
cdef Py_ssize_t FEW = 256       # entries of closed connections that stay among the timers


cdef class Timed:
    """Something that is woken at a certain time."""

    def __cinit__(self):
        self._alarm = INFINITE

    cdef int wake(self, double now) except -1:
        """Do what has to be done now; called once the time of set_timer() has come."""
        return 0


cdef class Host(Timed):
    """The requests to one origin that wait, and its connections."""

    def __cinit__(self):
        self._queue = deque()
        self._queue_due = INFINITE
        self._idle = []

    cdef int wake(self, double now) except -1:
        if now >= self._queue_due:
            self.expire_jobs(now)
        self._schedule.set_timer(self, self._queue_due)
        return self._schedule.list_host(self)

    cdef int expire_jobs(self, double now) except -1:
        """Finish the waiting Jobs whose deadline has passed."""
        cdef Job job
        cdef double due = INFINITE
        cdef list expired = []

        for job in self._queue:
            if job._done:
                continue
            if job._queue_due <= now:
                expired.append(job)
            elif job._queue_due < due:
                due = job._queue_due
        for job in expired:
            self._schedule.queued -= 1
            if job._due <= now:
                error = TimeoutError(f"the deadline of {job._seconds:g} s passed while the request "
                                     "waited for a connection")
            else:
                error = TimeoutError("timed out waiting for a connection")
            self._schedule.finish(job, error)
        while self._queue and (<Job> self._queue[0])._done:
            self._queue.popleft()
        self._queue_due = max(due, now + GRAIN)
        return 0


cdef class Schedule:
    """The requests that wait, the hosts, the timers, and the requests that have finished.

    :param connections: the most connections in all (int).
    :param per_host: the most connections to one host (int).
    :param delay: seconds between the beginnings of two requests to one host (float).
    """

    def __cinit__(self, *args, **keywords):
        self._hosts = {}
        self._turns = deque()
        self._idle = {}
        self._answers = deque()
        self._timers = []

    cdef double time(self) except? -1:
        return clock()

    # ---- hosts and their requests

    cdef Host host_of(self, tuple key):
        """Return the Host of a key; make it on first use."""
        cdef Host host

        found = self._hosts.get(key)
        if found is not None:
            return <Host> found
        host = Host.__new__(Host)
        host.key = key
        host._schedule = self
        self._hosts[key] = host
        return host

    cdef Host known_again(self, Host host):
        """Return the Host that stands for a key now; `host` may have been forgotten."""
        cdef Host known = host

        if host._forgotten:
            known = <Host> self._hosts.setdefault(host.key, host)
            known._forgotten = False
        return known

    cdef int forget_if_unused(self, Host host) except -1:
        """Forget a Host without requests and connections, unless its delay goes on."""
        if host._queue or host._open or host._listed or host._forgotten:
            return 0
        if host._next_start > self._now:
            return self.set_timer(host, host._next_start)
        del self._hosts[host.key]
        host._forgotten = True
        host._queue_due = INFINITE
        return self.drop_timer(host)

    cdef int enqueue(self, Host host, Job job, bint first) except -1:
        """Let a Job wait for its beginning, before all others of its host if `first`."""
        host = self.known_again(host)
        if first:
            host._queue.appendleft(job)
        else:
            host._queue.append(job)
        self.queued += 1
        if job._queue_due < host._queue_due:
            host._queue_due = job._queue_due
            self.set_timer(host, job._queue_due)
        return self.list_host(host)

    cdef Job next_job(self, Host host):
        """Take the next Job out of a host's queue; None if there is none."""
        cdef Job job

        while host._queue:
            job = <Job> host._queue.popleft()
            if not job._done:
                self.queued -= 1
                return job
        host._queue_due = INFINITE
        return None

    cdef int list_host(self, Host host) except -1:
        """Give a host a turn if it may begin a request; otherwise see to it that it gets one."""
        if host._listed or not host._queue:
            return 0 if host._listed else self.forget_if_unused(host)
        if host._next_start > self._now:
            return self.set_timer(host, host._next_start)
        if host._idle or host._open < self._most_per_host:
            self._turns.append(host)
            host._listed = True
        return 0

    cdef int start_jobs(self) except -1:
        """Begin all requests that may begin now, host by host."""
        cdef Host host

        while self._turns:
            host = <Host> self._turns[0]
            if not host._idle and self.open >= self._most:
                if not self._idle:
                    return 0    # A connection that becomes free goes on here.
                self.close_one(next(iter(self._idle)))
                continue
            self._turns.popleft()
            host._listed = False
            try:
                self.start_on(host)
            finally:
                self.list_host(host)
        return 0

    cdef int start_on(self, Host host) except -1:
        """Begin the next request of a host that may begin one."""
        cdef Job job
        cdef bint fresh

        if (host._next_start > self._now
                or not (host._idle or host._open < self._most_per_host)):
            return 0
        job = self.next_job(host)
        if job is None:
            return 0
        job._moments[QUEUED] = self._now
        try:
            fresh = job._fresh or not host._idle
            if fresh and host._idle and (host._open >= self._most_per_host
                                         or self.open >= self._most):
                self.close_one(host._idle[0])
            if self._delay > 0:
                host._next_start = self._now + self._delay
            self.begin(host, job, fresh)
        except BaseException:
            # A signal handler may raise one before a connection has taken the Job.
            if not job._done and job._transfer is None and job not in host._queue:
                self.enqueue(host, job, True)
            raise
        return 0

    cdef int begin(self, Host host, Job job, bint fresh) except -1:
        """Begin a request, on a new connection if `fresh`, else on one of the idle ones."""
        raise NotImplementedError

    cdef int close_one(self, object transfer) except -1:
        """Close an idle connection."""
        raise NotImplementedError

    cdef int finish(self, Job job, object error) except -1:
        """Hand out a Job that needs no connection any more."""
        if job._done:
            return 0
        job._done = True
        job._transfer = None
        job._upload = None
        if error is not None:
            job.error = error
        job._moments[COMPLETE] = self._now
        self.outstanding -= 1
        finished, job._finished = job._finished, None
        if finished is None:
            self._answers.append(job)
        else:
            finished(job)
        return 0

    # ---- timers

    cdef int set_timer(self, Timed timed, double when) except -1:
        """See to it that wake() is called at a time, or earlier."""
        if when >= timed._alarm or when == INFINITE:
            return 0
        if timed._alarm != INFINITE:
            self._dead_timers += 1      # The later entry is passed over.
        timed._alarm = when
        self._timer_count += 1
        timed._entry = self._timer_count
        heappush(self._timers, (when, self._timer_count, timed))
        return self.drop_dead_timers()

    cdef int drop_timer(self, Timed timed) except -1:
        """Call wake() no more."""
        if timed._alarm != INFINITE:
            timed._alarm = INFINITE
            timed._entry = 0
            self._dead_timers += 1
        return 0

    cdef int drop_dead_timers(self) except -1:
        """Drop the entries that are passed over, where they are most of all."""
        cdef Timed timed

        if self._dead_timers < FEW or 2 * self._dead_timers < len(self._timers):
            return 0
        kept = []
        for entry in self._timers:
            timed = <Timed> entry[2]
            if timed._entry == <Py_ssize_t> entry[1]:
                kept.append(entry)
        heapify(kept)
        self._timers = kept
        self._dead_timers = 0
        return 0

    cdef int expire(self, double now) except -1:
        """Wake what has to be woken by now."""
        cdef Timed timed
        cdef double when

        while self._timers:
            entry = self._timers[0]
            when = entry[0]
            timed = <Timed> entry[2]
            if timed._entry != <Py_ssize_t> entry[1]:
                heappop(self._timers)
                self._dead_timers -= 1
                continue
            if when > now:
                return 0
            heappop(self._timers)
            timed._alarm = INFINITE
            timed._entry = 0
            try:
                timed.wake(now)
            except BaseException:
                # A signal handler may raise one before all has been done.
                self.set_timer(timed, when)
                raise
        return 0

    cdef double next_timer(self) except? -1:
        """Return the time when the next timer has to be looked at; infinite if there is none."""
        return self._timers[0][0] if self._timers else INFINITE
