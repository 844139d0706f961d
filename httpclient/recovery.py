# SPDX-License-Identifier: MIT
"""Recovering: the part of HTTPConnection that has it idle or closed again after an exception.

Exceptions may come from anywhere: a signal handler, an audit hook, a subclass's method.
No line of the request that was being made may go out with the next one, no response may
be taken for another one's, and no state may last that no call leads out of.  A request
that has gone out in part is known by its Progress: the response that the server may have
given all the same can be read, and the connection ends with it.

The attributes are http.client's, or named like those: private ones of HTTPConnection.
"""
from ._core.progress import progress_of
from .exceptions import Aborted, HTTPException, renamed
from .response import HTTPResponse as _our_response_class

_CS_IDLE = "Idle"
_CS_REQ_STARTED = "Request-started"
_CS_REQ_SENT = "Request-sent"
_CS_AWAITED = "Response-awaited"    # not http.client's: two threads must not read two heads


class Recovering:
    """What a connection does with the remains of a request or response."""

    def _hc_moved(self, before, state):
        """Change the state in one step; return True if it was `before`."""
        return progress_of(self).moved(self.__dict__, before, state)

    def _hc_may_send(self, request):
        """From Request-started to Request-sent, in one step, for a request known by its token."""
        return progress_of(self).sending(self.__dict__, request)

    def _hc_answered(self, sock, response):
        """Be idle again in one step, with a response that is to be read; see Progress."""
        return progress_of(self).has_answered(self.__dict__, sock, response)

    def _hc_is_idle(self):
        """Return True if a request may begin; forget one whose answer nobody waits for."""
        progress = progress_of(self)
        if self._HTTPConnection__state == _CS_REQ_SENT and progress.end_abandoned():
            self._hc_drop()
            progress.unsent = self._hc_due = None
            self._HTTPConnection__state = _CS_IDLE
        return self._HTTPConnection__state == _CS_IDLE

    def _hc_give_up(self):
        """After an exception, leave nothing of the request that this thread has begun."""
        progress = progress_of(self)
        if not progress.is_own():
            return      # another thread has begun one since
        if self._HTTPConnection__state == _CS_REQ_STARTED:
            self._hc_reset()
        elif self._HTTPConnection__state == _CS_REQ_SENT and progress.unsent is None:
            self.close()    # nobody knows whether it has gone out

    def _hc_reset(self):
        """Back to where no request has been begun, unless another thread has begun one since."""
        if progress_of(self).reset(self.__dict__):
            self._hc_drop_lines()       # which may be no list

    def _hc_drop_lines(self):
        """Forget the lines of the request, if there is a list of them."""
        try:
            del self._buffer[:]
        except (AttributeError, TypeError):
            pass    # http.client's own method would not look for it

    def _hc_sending_failed(self, error, request):
        """Deal with an exception raised while `request`, its token, was being sent."""
        progress = progress_of(self)
        if progress.unsent is not request:
            # It has been closed, perhaps by another thread, which may use it again.
            if progress.aborted and isinstance(error, OSError):
                raise Aborted() from error
            return
        self._hc_drop_lines()
        if not isinstance(error, OSError):
            # Half a request is under way.
            self.close()
        # A server that has had enough may have answered: getresponse() tells.
        elif self.sock is None:
            self._hc_reset()
        elif self._hc_due is not None and isinstance(error, TimeoutError):
            self.close()
        else:
            progress.abandoned = True

    def _hc_cut_off(self, sock):
        """Note that bytes which send() was given have gone out in part on a socket."""
        if self.sock is not sock:
            return      # closed meanwhile, and perhaps in use again
        if self._HTTPConnection__state == _CS_IDLE:
            self._HTTPConnection__spoiled = self.sock
        elif (progress := progress_of(self)).unsent is None:
            progress.unsent = sock
            progress.abandoned = True

    def _hc_closed_meanwhile(self):
        """Raise, as another thread has closed the connection while a request was sent."""
        if (self._HTTPConnection__state == _CS_IDLE and self.sock is not None
                and self._HTTPConnection__answered is not self.sock):
            self._hc_drop()     # a connect() of a subclass's has opened it since
        raise Aborted()

    def _hc_forget_response(self):
        """Let go of the response before, if it has been read to its end."""
        response = self._HTTPConnection__response
        if response:
            if (isinstance(response, _our_response_class) and not response.isclosed()
                    and response._hc_lost()):
                response.close()    # a read of it has failed
            if response.isclosed():
                if getattr(response, "will_close", False):
                    # Decided after getresponse(): there was surplus, or the rest is lost.
                    self._HTTPConnection__spoiled = self._HTTPConnection__answered
                self._HTTPConnection__response = None

    def _hc_drop_spoiled(self):
        """Drop the socket if nobody knows what its next bytes are."""
        if self._HTTPConnection__spoiled and self._HTTPConnection__spoiled is self.sock:
            self._hc_drop()

    def _hc_drop(self):
        """Close the socket, so that send() opens another one.

        Not by close(): subclasses forget more in theirs than this is about.
        """
        sock, self.sock = self.sock, None
        self._HTTPConnection__spoiled = self._HTTPConnection__answered = None
        if sock is not None:
            sock.close()

    def _hc_spoil(self):
        """Close the socket of a connection that nobody can follow any more.

        `sock` stays for callers to look at, until the next request opens another.
        """
        self._HTTPConnection__spoiled = self.sock
        progress_of(self).unsent = None
        self._HTTPConnection__state = _CS_IDLE
        if self.sock is not None:
            self.sock.close()

    def _hc_beginning_failed(self, response, sock, error):
        """Restore the connection after reading a response head has failed."""
        renamed(error)
        try:
            if self.sock is not sock:   # closed meanwhile, and perhaps in use again
                if progress_of(self).aborted and isinstance(error, OSError):
                    raise Aborted() from error
                return
            due, self._hc_due = self._hc_due, None
            if isinstance(error, ConnectionError):
                self._hc_moved(_CS_AWAITED, _CS_REQ_SENT)   # close() may be overridden
                self.close()
                return
            # Half a head may be lost: what follows it is no response.
            fp = getattr(response, "fp", None)
            if (isinstance(error, HTTPException) or getattr(fp, "arrived", False)
                    or due is not None or self._HTTPConnection__state == _CS_IDLE):
                self._hc_spoil()
            elif (self._hc_moved(_CS_AWAITED, _CS_REQ_SENT)
                  or self._HTTPConnection__state == _CS_REQ_SENT):
                progress_of(self).abandoned = True
        finally:
            if response is not None:
                response.close()
