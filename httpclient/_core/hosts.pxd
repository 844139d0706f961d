# SPDX-License-Identifier: MIT
from .job cimport Job


cdef class Timed:
    cdef double _alarm          # the time of its entry among the timers; infinite without one
    cdef Py_ssize_t _entry      # the number of that entry; 0 without one

    cdef int wake(self, double now) except -1


cdef class Host(Timed):
    cdef readonly tuple key     # (scheme, host, port)
    cdef object _queue          # deque of Jobs that have not begun
    cdef double _queue_due      # the earliest deadline among them
    cdef list _idle             # Transfers, the one that was used last at the end
    cdef Py_ssize_t _open       # Transfers, idle or not
    cdef double _next_start     # the time before which `delay` allows no request
    cdef bint _listed           # True if it waits for its turn
    cdef bint _forgotten        # True if it is not among the hosts of the schedule
    cdef Schedule _schedule

    cdef int wake(self, double now) except -1
    cdef int expire_jobs(self, double now) except -1


cdef class Schedule:
    cdef Py_ssize_t _most               # connections in all,
    cdef Py_ssize_t _most_per_host      # and to one host
    cdef double _delay                  # seconds between the beginnings of two requests to a host
    cdef readonly Py_ssize_t open       # Transfers, idle or not
    cdef readonly Py_ssize_t queued     # Jobs that have not begun
    cdef readonly Py_ssize_t outstanding    # Jobs that have not finished
    cdef dict _hosts                    # key -> Host
    cdef object _turns                  # deque of the Hosts that may begin a request
    cdef dict _idle                     # idle Transfers, the one that is idle longest first
    cdef object _answers                # deque of the Jobs that have finished
    cdef list _timers                   # a heap of (time, number, Timed)
    cdef Py_ssize_t _timer_count
    cdef Py_ssize_t _dead_timers
    cdef double _now                    # the time when this turn of the loop began

    cdef double time(self) except? -1
    cdef Host host_of(self, tuple key)
    cdef Host known_again(self, Host host)
    cdef int forget_if_unused(self, Host host) except -1
    cdef int enqueue(self, Host host, Job job, bint first) except -1
    cdef Job next_job(self, Host host)
    cdef int list_host(self, Host host) except -1
    cdef int start_jobs(self) except -1
    cdef int start_on(self, Host host) except -1
    cdef int begin(self, Host host, Job job, bint fresh) except -1
    cdef int close_one(self, object transfer) except -1
    cdef int finish(self, Job job, object error) except -1
    cdef int set_timer(self, Timed timed, double when) except -1
    cdef int drop_timer(self, Timed timed) except -1
    cdef int drop_dead_timers(self) except -1
    cdef int expire(self, double now) except -1
    cdef double next_timer(self) except? -1
