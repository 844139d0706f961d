# SPDX-License-Identifier: MIT
"""Transfer: the requests and answers on one connection of a Fetcher.

Receiving and reuse are here.  Of the classes below, Sender sends the requests, and Link opens the
connection and closes it.
The response is read by ResponseFeed, which reads those of ResponseParser, too.

An exception of the server or of the system ends the request, as its Job's `error`.  One that is not
of the class Exception, such as KeyboardInterrupt, goes on to the caller, and so does one that a
signal handler raises.  If that comes out of a method of a plain socket, nothing is lost, and the
request goes on with the next turn of the loop.  Anywhere else, and in a TLS socket, whose methods
are Python code, bytes may have been lost or sent twice: then it is the error of the Job, too.
"""
from cpython.buffer cimport PyBUF_WRITE
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport uint8_t

from .bytes_builder cimport Result
from .intake cimport Intake
from .job cimport FIRST_OCTET, QUEUED, RESOLVED, Job
from .link cimport BUSY, CLOSED, CONNECTING, IDLE, SECURING, TUNNELLING
from .loop cimport BUFFER, Loop
from .poll cimport has_input
from .response_feed cimport NOT_PLAIN, UNTIL_CLOSE, ResponseFeed, new_feed
from .sender cimport Sender
from .store cimport is_of_python

from .._common.exceptions import HTTPException, IncompleteRead, RemoteDisconnected

cdef double INFINITE = float("inf")
cdef enum:
    RECEIVES = 4        # calls of recv_into() in one event


cdef class Transfer(Sender):
    """A connection that receives the answers to the requests that it sends."""

    def __cinit__(self):
        self._intake = Intake.__new__(Intake)

    # ---- events

    cdef int event(self, int fd, bint readable, bint writable) except -1:
        """Do what can be done now that a descriptor is ready."""
        try:
            if writable and self._output and not self.is_sending() and self._state != SECURING:
                # TLS waited for room to send something of its own, in the middle of a receive.
                self.look_for(False)
                readable = True
            if self._state == BUSY or self._state == TUNNELLING:
                if self.is_sending() and (writable or self._secure):
                    self.send_on()
                if readable and not self._paused and (
                        self._state == BUSY or self._state == TUNNELLING):
                    self.receive_on()
            elif self._state == IDLE:
                self.check_idle()
            elif self._state == CONNECTING:
                sock = self._race.ready(fd)
                if sock is not None:
                    self.connected(sock)
                else:
                    self.race_on()
            elif self._state == SECURING:
                self.progress()
                self.handshake_on()
        except BaseException as error:
            self.interrupted(error)
        return 0

    cdef int interrupted(self, object error) except -1:
        """End the request with what a step has raised, or let both go on where nothing is lost."""
        if isinstance(error, Exception):
            if self._state == CLOSED and self._job is None:
                raise error
            return self.abandon(error)
        if self._unsafe or self._secure or self._state == CONNECTING:
            self.abandon(error)
        raise error

    cdef bint check_idle(self) except -1:
        """Return True if an idle connection can be used; close it otherwise."""
        if self._secure:
            # A session ticket comes without content.
            try:
                self._recv_into(self._loop._buffer)
            except self._loop._cold.RECEIVE_LATER:
                return True
            except OSError as error:
                if is_of_python(error):
                    raise
        self.close()
        return False

    cdef int start(self, Job job) except -1:
        """Begin a request on the open connection."""
        self._job = job
        job._transfer = self
        job.reused = self._reused
        self._state = BUSY
        self._gave_octets = self._began = self._unsafe = self._hungry = False
        self._sending_failed = None
        self._out = job._head
        self._upload = job._upload
        self.progress()
        self.arm()
        return self.send_on()

    # ---- pauses

    cdef int pause(self) except -1:
        """Receive nothing more until resume()."""
        if self._state == BUSY and not self._paused:
            self._paused = True
            self.look_while_paused()
            self.progress()
        return 0

    cdef int resume(self) except -1:
        """Go on after pause(), and with a body that had no piece to send."""
        try:
            if self._state == BUSY and self._hungry:
                self.resume_sending()
            if self._state == BUSY and self._paused:
                self.resume_receiving()
        except BaseException as error:
            if not isinstance(error, Exception):
                self._unsafe = True     # Nothing would look for the rest.
            self.interrupted(error)
        return 0

    cdef int resume_receiving(self) except -1:
        self._paused = False
        if self._output:
            self._loop.watch_for(self._fd, True)
        else:
            self._loop.watch(self._fd, False, self)
        self.progress()
        self.arm()
        # TLS may have bytes that the poller does not know of.
        return self.receive_on()

    # ---- receiving

    cdef int receive_on(self) except -1:
        """Receive what has arrived, up to a bound."""
        cdef Job job = self._job
        cdef int times = RECEIVES
        cdef Py_ssize_t n, left

        while times:
            times -= 1
            left = NOT_PLAIN if job._feed is None else job._feed.plain_left()
            if self._receiver is None and (
                    left > BUFFER or left == UNTIL_CLOSE and self._intake.is_large()):
                n = self.receive_directly(job, left)
            else:
                n = self.receive_buffered(job)
            if n <= 0 or self._job is not job or self._paused:
                return 0
            if self._secure and self._state == BUSY:
                if self._sock.pending() == 0:
                    return 0
            elif n < BUFFER:
                return 0
        return 0

    cdef Py_ssize_t receive(self, object space) except? -2:
        """Return recv_into(space); -1 if nothing has arrived."""
        self._unsafe = False
        try:
            return self._recv_into(space)
        except self._loop._cold.RECEIVE_LATER:
            return -1
        except self._loop._cold.SEND_LATER:
            self.look_for(True)
            return -1

    cdef Py_ssize_t receive_buffered(self, Job job) except? -2:
        """Receive into the buffer of the loop; return what recv_into() does."""
        cdef ResponseFeed feed
        cdef bytes content
        cdef Py_ssize_t n = self.receive(self._loop._buffer)

        if n <= 0 or self._job is not job:
            if n == 0 and self._job is job:
                self.ended()
            return n
        self._unsafe = True
        self.arrived(job)
        feed = job._feed
        try:
            content = feed.take(<const uint8_t *> PyByteArray_AS_STRING(self._loop._buffer), n)
        except HTTPException as error:
            return self.broken(job, error)
        if self._state == TUNNELLING:
            self.take_tunnel(feed, content)
            return -1
        self.begin_content(job, content)
        if PyBytes_GET_SIZE(content):
            self.keep(job, content)
            if self._job is not job:
                return -1
        if feed._complete:
            # A record of TLS is received at a time, so another one may have arrived.
            self._has_more = self._secure or n == BUFFER
            self.complete(job)
            return -1
        return n

    cdef int broken(self, Job job, object error) except -2:
        """Keep the content before the octets that are refused, and raise the error."""
        partial = getattr(error, "partial", b"")
        if partial and self._state == BUSY:
            self.begin_content(job, partial)
            self.keep(job, partial)
            if self._job is not job:
                return -1       # The receiver has raised another error.
        raise error

    cdef int begin_content(self, Job job, bytes content) except -1:
        """Find out where the content goes, if the head of the response has just been read.

        `content` came with the head.
        """
        if not self._began and job._feed._status:
            self._began = True
            if not content and job._feed._left == 0 and self._loop._decodes:
                return 0        # Without content (HEAD, 204), its coding does not matter.
            if job._sink is not None or self._loop._decodes:
                self._receiver = self._loop._cold.receiver(job)
        return 0

    cdef int arrived(self, Job job) except -1:
        """Note that octets have arrived."""
        if not self._gave_octets:
            self._gave_octets = True
            if self._state == BUSY:
                job._moments[FIRST_OCTET] = self._loop._now
            if job._feed is None:
                job._feed = self.feed_for(job)
        return self.progress()

    cdef ResponseFeed feed_for(self, Job job):
        cdef Loop loop = self._loop

        if self._state == TUNNELLING:
            # As in a connection, only the status counts, and the head ends the response.
            return new_feed("HEAD", False, None, loop._limits, loop._cold.parsing)
        return new_feed(job._method, self._reused, loop._strict, loop._limits, loop._cold.parsing)

    cdef Py_ssize_t receive_directly(self, Job job, Py_ssize_t left) except? -2:
        """Receive content into its place; `left` bytes of it are to come, -1 if that is unknown.

        The last byte is left for receive_buffered(), which sees bytes after the content.
        """
        cdef Result result = self._intake.room(left)
        cdef Py_ssize_t room = result.size() - self._intake._have
        cdef Py_ssize_t n

        if left > 0:
            room = min(room, left - 1)
        view = PyMemoryView_FromMemory(
            <char *> result.octets() + self._intake._have, room, PyBUF_WRITE)
        try:
            n = self.receive(view)
        finally:
            view.release()      # The frames of an exception would keep it.
        if n <= 0 or self._job is not job:
            if n == 0 and self._job is job:
                self.ended()
            return n
        self.progress()
        job._feed.count_plain(n)
        self._intake.fill(n)
        self.check_size()
        return n

    cdef int check_size(self) except -1:
        """Raise an exception if there is too much content."""
        if 0 <= self._loop._max_content < self._intake.count:
            raise self._loop._cold.too_long(self._loop._max_content)
        return 0

    cdef int keep(self, Job job, bytes content) except -1:
        """Keep content, or give it to the receiver."""
        if self._receiver is None:
            self._intake.put(content)
            return self.check_size()
        try:
            self._receiver.take(content)
            self._loop._now = self._loop.time()     # A sink may take long.
        except BaseException as error:
            self.abandon(error)
            if not isinstance(error, Exception):
                raise
        return 0

    # ---- the end of a response

    cdef int ended(self) except -1:
        """Take the end of the stream."""
        cdef Job job = self._job
        cdef bytes content

        if not self._gave_octets and self._sending_failed is not None:
            raise self._sending_failed
        if job._feed is None:
            job._feed = self.feed_for(job)
        self._unsafe = True
        try:
            content = job._feed.finish()
        except HTTPException as error:
            self.broken(job, error)
            return 0
        if self._state == TUNNELLING:
            raise RemoteDisconnected(
                "the proxy closed the connection without an answer to CONNECT")
        self.begin_content(job, content)
        if PyBytes_GET_SIZE(content):
            self.keep(job, content)
        if self._job is job:
            self.complete(job)
        return 0

    cdef int complete(self, Job job) except -1:
        """Hand out the Job, and use the connection for the next one if it can be used."""
        cdef bint kept = not (job._feed._will_close or job._closes or self.is_sending()
                              or self._sending_failed is not None or job._feed._status == 101)

        if self._receiver is None:
            self.settle_content(job)
        else:
            try:
                self._receiver.end()
                self.settle_content(job)
            except BaseException as error:
                self.abandon(error)
                if not isinstance(error, Exception):
                    raise
                return 0
        self._job = None
        self._reused = True
        self._loop.finish(job, None)
        if self._state == CLOSED:
            return 0
        if self._paused and kept:
            self._paused = False
            self._loop.watch(self._fd, False, self)
        return self.free() if kept else self.close()

    cdef int settle_content(self, Job job) except -1:
        """Put the content into the Job."""
        if self._receiver is None:
            job.content = self._intake.take(self._loop._max_content)
        else:
            job.content = self._receiver.content()
            self._receiver = None
        return 0

    cdef int free(self) except -1:
        """Begin the host's next request on the connection, or let it be idle."""
        cdef Job job

        if self._has_more and has_input(self._sock) and not self.check_idle():
            return 0
        if self._loop._delay == 0 and not self._loop._turns:
            job = self._loop.next_job(self._host)
            if job is not None and job._fresh:
                self._loop.enqueue(self._host, job, True)
            elif job is not None:
                # What had arrived has been received.  If the server has closed the connection since
                # then, the request is repeated, so only one that is not is worth another look.
                try:
                    usable = ((job._repeats and job._retries > 0) or not has_input(self._sock)
                              or self.check_idle())
                except BaseException:
                    self._loop.enqueue(self._host, job, True)
                    raise
                if not usable:
                    return self._loop.enqueue(self._host, job, True)
                job._moments[QUEUED] = self._loop._now
                return self.start(job)
        if self._loop._idle_seconds == 0:
            return self.close()
        self._state = IDLE
        self._limit = self._loop._now + self._loop._idle_seconds
        self._host._idle.append(self)
        self._loop._idle[self] = None
        self.arm()
        return self._loop.list_host(self._host)

    cdef bint take_from_idle(self) except -1:
        """Begin to use an idle connection; return False if it had to be closed."""
        if has_input(self._sock) and not self.check_idle():
            return False
        self._host._idle.pop()      # begin() takes the last one.  remove() would search them all.
        del self._loop._idle[self]
        self._state = BUSY
        return True

    cdef int cancel(self, object error) except -1:
        """End the request with an error that is not the server's; close the connection."""
        self._gave_octets = True
        return self.abandon(error)

    cdef int abandon(self, object error) except -1:
        """End the request with an error, or let it be repeated; close the connection."""
        cdef Job job = self._job
        cdef Loop loop = self._loop
        cdef bint gone, repeat

        if job is None:
            return self.close()
        if self._state == TUNNELLING:
            job._feed = None        # It is the proxy's response.
        gone = (self._state == BUSY and not self._gave_octets
                and isinstance(error, loop._cold.GONE))
        repeat = (gone and self._reused and job._repeats and job._retries > 0
                  and job._due > loop._now)
        self._job = None
        self._upload = None
        try:
            if gone:
                loop._cold.session_failed(self._sock)
            self.settle_content(job)
            if job._feed is not None and job._feed._failed and hasattr(error, "partial"):
                # The feed knew no more than the content in the last octets.
                error.partial = job.content
                if isinstance(error, IncompleteRead):
                    error.args = job.content, *error.args[1:]
        finally:
            # Whatever a signal handler raises, the Job comes back.
            try:
                self.close()
            finally:
                self.hand_back(job, error, repeat)
        return 0

    cdef int hand_back(self, Job job, object error, bint repeat) except -1:
        """Finish a Job with an error, or let it wait for its repetition."""
        cdef int i

        if repeat and job._upload is not None:
            try:
                job._upload.rewind()
            except BaseException as failed:
                failed.__cause__ = error
                self._loop.finish(job, failed)
                if not isinstance(failed, Exception):
                    raise
                return 0
        if not repeat:
            return self._loop.finish(job, error)
        job._retries -= 1
        job.reused = False
        job._queue_due = job._due
        for i in range(RESOLVED, FIRST_OCTET + 1):
            job._moments[i] = 0
        job._fresh = True
        job._feed = None
        job._transfer = None
        return self._loop.enqueue(self._host, job, True)
