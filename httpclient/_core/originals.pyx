# SPDX-License-Identifier: MIT
"""Originals: whether an object still has the methods that its class was defined with.

One call in C may stand for many methods only while nobody has overridden or
replaced any of them.  A class says so by its version tag, which CPython changes
whenever an attribute of the class or of a base of it is set: the attributes are
compared once per tag.
"""
cimport cython
from cpython.dict cimport PyDict_Contains
from cpython.object cimport PyObject

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        unsigned int tp_version_tag


@cython.final
cdef class Originals:
    """The attributes `names` of a class, as they are now."""

    cdef tuple _names
    cdef tuple _values
    cdef PyObject *_type        # the class that was compared last, borrowed: only compared
    cdef unsigned int _tag      # its version then; 0: none

    def __init__(self, cls, *names):
        self._names = names
        self._values = tuple([getattr(cls, name) for name in names])

    def in_class(self, cls):
        """Whether a class has them all."""
        cdef unsigned int tag = (<PyTypeObject *> <PyObject *> cls).tp_version_tag

        if tag != 0 and tag == self._tag and <PyObject *> cls == self._type:
            return True
        for name, value in zip(self._names, self._values):
            if getattr(cls, name) is not value:
                return False
        self._type = <PyObject *> cls
        self._tag = (<PyTypeObject *> <PyObject *> cls).tp_version_tag
        return True

    def in_object(self, obj):
        """Whether the class of an object has them all, and the object none of its own."""
        if not self.in_class(type(obj)):
            return False
        attributes = obj.__dict__
        for name in self._names:
            if PyDict_Contains(attributes, name):
                return False
        return True
