# SPDX-License-Identifier: MIT
"""Crowd: the loop of a Fetcher, which many connections share.

A turn of the loop pulls requests as there is room, begins those that may begin, waits for events,
and lets the connections go on that have some.  Timers are looked at after the events, so what has
arrived in time counts, even if the program came back late.

One thread at a time runs turns.  Others may call add() and close(): these wake the one that waits.
Each method holds the critical section of the Crowd, which compiles to nothing in builds with a GIL.
While a socket's method waits, another thread may run a method: after such a call, a step looks at
the state again.
"""
import os

cimport cython

from .hosts cimport Host
from .job cimport ADDED, Job
from .link cimport CLOSED
from .loop cimport INPUT, OUTPUT, Loop
from .request cimport Heads
from .transfer cimport Transfer

cdef double INFINITE = float("inf")
cdef Py_ssize_t FAR = 10                # times `connections`: how far to look for other hosts
cdef double LONGEST = 86400.0           # seconds of one wait

cdef class Crowd(Loop):
    """The loop; Fetcher is its subclass in Python."""

    cdef object _written        # Writer.written(),
    cdef Heads _heads           # which does it for a URL of a known origin
    cdef list _sources          # iterators that give requests
    cdef object _pulled         # the request that the first of them gave, until it is added
    cdef object _make           # the class Answer
    cdef double _deadline       # seconds for a request that has none of its own
    cdef int _retries
    cdef bint _turning          # True during a turn
    cdef bint _closes_later     # True if close() was called during a turn
    cdef bint _waits            # True while it waits for events
    cdef readonly bint closed

    def __cinit__(self, *args, **keywords):
        self._sources = []

    def set_up(self, settings):
        """Set the settings, which have been checked; see fetcher.py for their names."""
        self._most = settings.connections
        self._most_per_host = settings.per_host
        self._delay = settings.delay
        self._timeout = settings.timeout
        self._deadline = settings.deadline
        self._idle_seconds = settings.idle
        self._max_content = -1 if settings.max_content is None else settings.max_content
        self._decodes = settings.decode
        self._strict = settings.strict
        self._limits = settings.limits
        self._retries = settings.retries
        self._written = settings.writer.written
        self._heads = settings.writer.heads
        self._make = settings.answer
        self._cold = settings.cold
        self._poller = settings.poller

    # ---- requests

    def host(self, key):
        """Return the Host of a key (scheme, host, port)."""
        return self.host_of(key)

    def add(self, request):
        """Add a request: a Request, or the URL of a GET (str).  See Fetcher.add()."""
        self.put(request, None)

    def add_with(self, request, finished):
        """Add a request, call finished(answer) instead of handing it out; return the Job."""
        return self.put(request, finished)

    @cython.critical_section
    cdef Job put(self, request, finished):
        cdef Job job

        if self.closed:
            raise RuntimeError("the Fetcher is closed; requests cannot be added")
        job = <Job> self._make.__new__(self._make)
        plain = self._heads.plain(<str> request) if type(request) is str else None
        if plain is not None:
            origin, job._head = <tuple> plain
            job._method = "GET"
            job._repeats = True
        else:
            origin, job._method, job._head, job._upload, job._closes, job._repeats = \
                self._written(request)
        job._retries = self._retries
        job._request = request
        job._finished = finished
        job._seconds = self._deadline
        if type(request) is not str:
            job._sink = request.sink
            if request.deadline is not None:
                job._seconds = request.deadline
        job._moments[ADDED] = self.time()
        if job._seconds != INFINITE:
            job._due = job._moments[ADDED] + job._seconds
        self.outstanding += 1
        self.enqueue(<Host> origin, job, False)
        if self._waits:
            self._wake()
        return job

    @cython.critical_section
    def add_source(self, source):
        """Pull requests from an iterator as there is room."""
        if self.closed:
            raise RuntimeError("the Fetcher is closed; requests cannot be added")
        self._sources.append(source)

    cdef int pull(self) except -1:
        """Pull requests from the iterators while there is room for more."""
        while self._sources and (
                self.queued < self._most
                or (self.queued < FAR * self._most and not self._turns and self.open < self._most)):
            if self._pulled is None:
                source = self._sources[0]
                try:
                    self._pulled = next(source)
                except StopIteration:
                    self.drop_source(source)
                    continue
                except Exception:
                    self.drop_source(source)
                    raise
                if not self._sources:
                    self._pulled = None     # The iterator has called fork(), and this is the child.
                    break
            try:
                self.put(self._pulled, None)
            except Exception:
                self._pulled = None
                raise
            # After KeyboardInterrupt, the next turn adds it.
            self._pulled = None
        return 0

    cdef int drop_source(self, object source) except -1:
        if self._sources and self._sources[0] is source:
            del self._sources[0]
        return 0

    @cython.critical_section
    def cancel(self, Job job not None, error):
        """End a request that has not finished, with an error; not while a turn is under way."""
        cdef Transfer transfer

        if job._done:
            return
        if job._transfer is not None:
            transfer = <Transfer> job._transfer
            transfer.cancel(error)
            return
        self.queued -= 1
        self.finish(job, error)

    # ---- the loop

    cdef int begin(self, Host host, Job job, bint fresh) except -1:
        cdef Transfer transfer

        while host._idle and not fresh:
            transfer = <Transfer> host._idle[len(host._idle) - 1]
            if transfer.take_from_idle():
                try:
                    transfer.start(job)
                except BaseException as error:
                    transfer.abandon(error)
                    if not isinstance(error, Exception):
                        raise
                return 0
        transfer = Transfer.__new__(Transfer)
        transfer._loop = self
        transfer._host = host
        return transfer.open(job, True)

    cdef int close_one(self, object transfer) except -1:
        return (<Transfer> transfer).close()

    def turn(self, double seconds):
        """Do one turn of the loop, which waits for events so long at most."""
        self.take_turn(seconds, True)

    @cython.critical_section
    cdef int take_turn(self, double seconds, bint waits_for_more) except -1:
        cdef Transfer transfer
        cdef double wait

        if self._turning:
            raise RuntimeError("a Fetcher waits for answers in one thread at a time, and not in a "
                               "function that it calls itself")
        if self.closed:
            return 0
        self._turning = True
        try:
            self._now = self.time()
            self.pull()
            self.start_jobs()
            wait = seconds
            if self._answers:
                wait = 0
            elif not (waits_for_more or self.outstanding or self._sources):
                wait = 0    # The iterable of requests has just ended: nothing can happen.
            elif self._timers:
                wait = min(wait, max(self.next_timer() - self._now, 0.0))
            self._waits = True
            try:
                events = self._poller.poll(None if wait == INFINITE else min(wait, LONGEST))
            finally:
                self._waits = False
            self._now = self.time()
            for fd, mask in events:
                found = self._by_descriptor.get(fd)
                if found is None:
                    self._after_wake()
                    continue
                transfer = <Transfer> found
                transfer.event(fd, mask & ~OUTPUT, mask & ~INPUT)
            if self._timers and self.next_timer() <= self._now:
                self.expire(self._now)
            self.start_jobs()
        finally:
            self._turning = False
            if self._closes_later:
                self.close()
        return 0

    @cython.critical_section
    def may_close(self):
        """Return True if the caller has to call end(); a turn that is under way does it itself."""
        if self.closed:
            return False
        if self._turning:
            self._closes_later = True
            self._wake()
            return False
        self.closed = True
        return True

    def __iter__(self):
        return self

    @cython.critical_section
    def __next__(self):
        while not self._answers:
            if self.closed:
                self._wait_for_close()
                if not self._answers:
                    raise StopIteration
            elif not (self.outstanding or self._sources):
                raise StopIteration
            else:
                self.take_turn(INFINITE, False)
        return self._answers.popleft()

    @property
    def waiting(self):
        """True if an answer can be taken without a turn."""
        return bool(self._answers)

    @property
    def pulling(self):
        """True if an iterable of requests has not ended."""
        return bool(self._sources)

    def next_wake(self):
        """Return the seconds until a turn is due without an event; infinite for never."""
        return self.next_timer() - self.time()

    # ---- the end

    def forget(self):
        """Drop all requests and connections in a process that has inherited them by fork()."""
        cdef Transfer transfer

        # The parent has the same poller, which must not be told anything.
        self._by_descriptor.clear()
        for transfer in self._transfers:
            transfer._state = CLOSED
            if transfer._job is not None:
                transfer._job._done = True
                transfer._job = None
            if transfer._sock is not None:
                os.close(transfer._sock.detach())   # A shutdown would reach the parent, too.
            if transfer._race is not None:
                transfer._race.close()
        self._transfers.clear()
        self._hosts.clear()
        self._idle.clear()
        self._turns.clear()
        self._answers.clear()
        self._timers.clear()
        self._sources.clear()
        self._pulled = None
        self.open = self.queued = self.outstanding = self._dead_timers = 0
        self._turning = False

    def end(self, error):
        """Finish all requests with an error, and close all connections."""
        cdef Transfer transfer
        cdef Host host
        cdef Job job
        cdef list failures = []     # what a signal handler raises meanwhile

        self._sources.clear()
        self._pulled = None
        self._turns.clear()
        for host in list(self._hosts.values()):
            host._listed = True     # It gets no turn.
            while (job := self.next_job(host)) is not None:
                try:
                    self.finish(job, error)
                except BaseException as failure:
                    failures.append(failure)
        for transfer in list(self._transfers):
            try:
                transfer.cancel(error)
            except BaseException as failure:
                failures.append(failure)
        self._hosts.clear()
        self._timers.clear()
        if failures:
            raise failures[0]
