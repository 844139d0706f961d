# SPDX-License-Identifier: MIT
"""Crowd: the loop of a Fetcher, which many connections share.

A turn of the loop pulls requests as there is room, begins those that may begin, waits for events,
and lets the connections go on that have some.  Timers are looked at after the events, so what has
arrived in time counts, even if the program came back late.

One thread at a time runs turns.  Others may call add() and close(): these wake the one that waits,
or call announce(), which sees to it that there is a turn.
Each method holds the critical section of the Crowd, which compiles to nothing in builds with a GIL.
While a socket's method waits, another thread may run a method: after such a call, a step looks at
the state again.
"""
import os

cimport cython

from .hosts cimport Host
from .job cimport ADDED, WAITS, Job
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
    cdef bint _waits            # True while it waits for events,
    cdef bint _pulls            # and while it takes requests from an iterator
    cdef bint _changed          # True if another thread has changed something during a turn
    cdef Py_ssize_t _batch      # the most events that the poller returns at once, or -1
    cdef readonly int failed_polls      # calls of the poller in a row that have raised an exception
    cdef list _cancelled        # (Job, error) that cancel() got during a turn
    cdef list _resumed          # Jobs that resume() got since the last turn
    cdef readonly bint closed
    cdef public object announce     # called if a turn is due, while none is under way; or None
    cdef public bint deferring      # True if cancel() must wait for a turn of another thread

    def __cinit__(self, *args, **keywords):
        self._sources = []
        self._cancelled = []
        self._resumed = []

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
        self._batch = settings.poller.batch

    # ---- requests

    def host(self, key):
        """Return the Host of a key (scheme, host, port)."""
        return self.host_of(key)

    def add(self, request):
        """Add a request: a Request, or the URL of a GET (str).  See Fetcher.add()."""
        self.put(request, None, None)

    def add_with(self, request, finished, waits=None):
        """Add a request, call finished(answer) instead of handing it out; return the Job.

        `waits`: the most seconds of a wait for a connection of the pool, and to connect, send and
        receive, a tuple of floats; None means the `timeout` of the Fetcher, and no limit for the
        first of them.
        """
        return self.put(request, finished, waits)

    @cython.critical_section
    cdef Job put(self, request, finished, waits):
        cdef Job job
        cdef int i

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
            job._due = job._queue_due = job._moments[ADDED] + job._seconds
        for i in range(WAITS):
            job._patience[i] = self._timeout
        if waits is not None:
            job._queue_due = min(job._due, job._moments[ADDED] + <double> waits[0])
            for i in range(WAITS):
                job._patience[i] = waits[1 + i]
        if self.closed:
            raise RuntimeError("the Fetcher was closed while the request was added")
        self.outstanding += 1
        self.enqueue(<Host> origin, job, False)
        self.notify()
        return job

    cdef int notify(self) except -1:
        """See to it that a turn takes notice of a change."""
        if self._waits:
            self._wake()
        elif self._turning:
            self._changed = self._changed or not self._pulls
        elif self.announce is not None:
            self.announce()
        return 0

    @cython.critical_section
    def add_source(self, source):
        """Pull requests from an iterator as there is room."""
        if self.closed:
            raise RuntimeError("the Fetcher is closed; requests cannot be added")
        self._sources.append(source)
        self.notify()

    cdef bint has_room(self) except -1:
        """Return True if there is room for more requests from the iterators."""
        # The answers come first: a program that is slow to take them needs no more, and the
        # memory of those that it has taken is used again while it is in the processor's cache.
        return not self._answers and (
            self.queued < self._most
            or (self.queued < FAR * self._most and not self._turns and self.open < self._most))

    cdef int pull(self) except -1:
        """Pull requests from the iterators while there is room for more."""
        while self._sources and self.has_room():
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
                self.put(self._pulled, None, None)
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
        """End a request that has not finished, with an error; during a turn, at the end of it."""
        if job._done:
            return
        if self._turning or self.deferring:
            self._cancelled.append((job, error))
            self.notify()
            return
        self._now = self.time()
        self.end_job(job, error)
        self.notify()       # Another request may begin in its place.

    cdef int end_job(self, Job job, object error) except -1:
        cdef Transfer transfer

        if job._done:
            return 0
        if job._transfer is not None:
            transfer = <Transfer> job._transfer
            return transfer.cancel(error)
        self.queued -= 1
        return self.finish(job, error)

    def pause(self, Job job not None):
        """Receive no more of an answer until resume(); for its sink, during a turn."""
        if job._transfer is not None:
            (<Transfer> job._transfer).pause()

    @cython.critical_section
    def resume(self, Job job not None):
        """Receive more of an answer after pause(), or send more of a body; soon, in a turn."""
        self._resumed.append(job)
        self.notify()

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

    @cython.critical_section
    cdef int take_turn(self) except -1:
        """Do one turn, which waits until there is an event or an answer."""
        cdef bint waits

        if self.closed:
            return 0        # In another thread, just now.
        self.enter()
        try:
            self.begin_requests()
            # Without any request, the iterable has just ended, and nothing can happen.
            waits = not self._answers and (self.outstanding > 0 or len(self._sources) > 0)
            self.take_events(INFINITE if waits else 0)
            self.start_jobs()
        finally:
            self.leave()
        return 0

    @cython.critical_section
    def turn(self, double seconds):
        """Do one turn, which waits for events so long at most, for a program that waits itself."""
        if self.closed:
            return
        self.enter()
        try:
            self.take_events(seconds)
            self.begin_requests()
        finally:
            self.leave()

    @cython.critical_section
    def start(self):
        """Begin the requests that can begin, for a program that takes turns later."""
        if self.closed:
            return
        self.enter()
        try:
            self.begin_requests()
        finally:
            self.leave()

    cdef int enter(self) except -1:
        if self._turning:
            raise RuntimeError("a Fetcher waits for answers in one thread at a time, and not in a "
                               "function that it calls itself")
        self._turning = True
        self._now = self.time()
        return 0

    cdef int leave(self) except -1:
        try:
            if self._cancelled:
                while self._cancelled:
                    job, error = self._cancelled.pop()
                    self.end_job(<Job> job, error)
                self.start_jobs()
        finally:
            self._turning = False
            if self._closes_later:
                self.close()
        return 0

    cdef int begin_requests(self) except -1:
        cdef Job job

        while self._resumed:
            job = self._resumed.pop()
            if job._transfer is not None:
                (<Transfer> job._transfer).resume()
        if self._sources:
            self._pulls = True
            try:
                self.pull()
            finally:
                self._pulls = False
            self._now = self.time()     # The iterator may have taken long.
        return self.start_jobs()

    cdef int take_events(self, double wait) except -1:
        """Wait for events, let the connections go on that have some, and look at the timers."""
        cdef double now
        cdef Py_ssize_t left

        if self._timers:
            wait = min(wait, max(self.next_timer() - self._now, 0.0))
        self._waits = True
        if self._changed:
            wait = 0
        self._changed = False
        self.failed_polls += 1
        try:
            events = self._poller.poll(None if wait == INFINITE else min(wait, LONGEST))
        finally:
            self._waits = False
        self.failed_polls = 0
        self._now = self.time()
        self.serve(events)
        if not self._timers or self.next_timer() > self._now:
            return 0
        # A timer must not come before an event that was there earlier.  epoll() returns events in
        # the order in which they came, so after so many, each connection has had its turn.
        now = self._now
        left = len(self._by_descriptor)
        while len(events) == self._batch and left > 0:
            left -= len(events)
            events = self._poller.poll(0)
            self.serve(events)
        self.expire(now)
        return 0

    cdef int serve(self, list events) except -1:
        """Let the connections go on that have events."""
        cdef Transfer transfer

        for fd, mask in events:
            found = self._by_descriptor.get(fd)
            if found is None:
                self._after_wake()
                continue
            transfer = <Transfer> found
            transfer.event(fd, mask & ~OUTPUT, mask & ~INPUT)
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
                if self.deferring:
                    self._take_over()
                self.take_turn()
        return self._answers.popleft()

    @property
    def waiting(self):
        """The number of answers that can be taken without a turn."""
        return len(self._answers)

    @property
    def pulling(self):
        """True if an iterable of requests has not ended."""
        return bool(self._sources)

    @property
    def starving(self):
        """True if start() would take a request from an iterable."""
        return bool(self._sources) and self.has_room()

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
        self._cancelled.clear()
        self._resumed.clear()
        self.open = self.queued = self.outstanding = self._dead_timers = 0
        self._turning = self._waits = self._pulls = self._changed = self._closes_later = False

    def end(self, error):
        """Finish all requests with an error, and close all connections."""
        cdef Transfer transfer
        cdef Host host
        cdef Job job
        cdef list failures = []     # what a signal handler raises meanwhile

        self._now = self.time()
        self._sources.clear()
        self._pulled = None
        self._resumed.clear()
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
