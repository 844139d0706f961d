# SPDX-License-Identifier: MIT
"""Originals and Bindings: detect that a program has replaced a step that a call in C leaves out.

Programs override methods, set them on an object or a class, and rebind names of a module.  Then
the steps have to be taken one by one, so that the replacement is called.

CPython changes the version tag of a class whenever an attribute of the class or of one of its
base classes is set, so the attributes are compared once per tag.
"""
cimport cython
from cpython.dict cimport PyDict_Contains
from cpython.object cimport PyObject
from cpython.type cimport PyType_IsSubtype
from libc.stdint cimport uint64_t

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        unsigned int tp_version_tag

cdef extern from *:
    """
    /* Returns a number that changes with the dict, or 0 if this CPython has none. */
    static inline uint64_t
    httpclient_dict_version(PyObject *d)
    {
    #if PY_VERSION_HEX < 0x030C0000
        return ((PyDictObject *)d)->ma_version_tag;
    #else
        (void)d;
        return 0;
    #endif
    }
    """
    uint64_t dict_version "httpclient_dict_version"(dict d) noexcept

cdef extern from *:
    """
    /* Without a GIL, threads write tags and types in any order.  A tag beside the type of another
     * class does no harm, because tags are unique.
     */
    #ifdef Py_GIL_DISABLED
    #define httpclient_tag(place) _Py_atomic_load_uint_relaxed(place)
    #define httpclient_set_tag(place, tag) _Py_atomic_store_uint_relaxed(place, tag)
    #define httpclient_type(place) ((PyObject *)_Py_atomic_load_ptr_relaxed(place))
    #define httpclient_set_type(place, cls) _Py_atomic_store_ptr_relaxed(place, cls)
    #else
    #define httpclient_tag(place) (*(place))
    #define httpclient_set_tag(place, tag) (void)(*(place) = (tag))
    #define httpclient_type(place) (*(place))
    #define httpclient_set_type(place, cls) (void)(*(place) = (cls))
    #endif
    """
    unsigned int load_tag "httpclient_tag"(unsigned int *place) noexcept
    void store_tag "httpclient_set_tag"(unsigned int *place, unsigned int tag) noexcept
    PyObject *load_type "httpclient_type"(PyObject **place) noexcept
    void store_type "httpclient_set_type"(PyObject **place, PyObject *cls) noexcept

cdef object MISSING = object()


class _NotMine:
    """See NOT_MINE."""

    __slots__ = ()

    def __repr__(self):
        return "NOT_MINE"

    def __bool__(self):
        raise TypeError("compare with NOT_MINE by `is`")


# What a function of the fast lane returns if it does not apply, and has done nothing: None
# means that a value is absent.
NOT_MINE = _NotMine()


cdef unsigned int version_of(object cls) noexcept:
    return load_tag(&(<PyTypeObject *> <PyObject *> cls).tp_version_tag)


@cython.final
cdef class Originals:
    """Remembers the attributes `names` and `data` of a class, to compare other classes with.

    `data` are attributes that objects set themselves.  In a class they must only keep their
    defaults, that is, be no properties.
    """

    def __init__(self, cls, *names, data=()):
        self._names = names
        self._values = tuple([getattr(cls, name) for name in names])
        self._data = tuple(data)
        self._defaults = tuple([getattr(cls, name, MISSING) for name in data])

    cdef bint of_class(self, object cls) except -1:
        cdef unsigned int tag = version_of(cls)
        cdef int i

        if tag == 0 and self._names:
            getattr(cls, self._names[0], None)      # A look-up makes CPython assign a tag.
            tag = version_of(cls)
        if tag != 0:
            for i in range(KINDS):
                if (tag == load_tag(&self._tags[i])
                        and <PyObject *> cls == load_type(&self._types[i])):
                    return True
        for name, value in zip(self._names, self._values):
            if getattr(cls, name, MISSING) is not value:
                return False
        for name, value in zip(self._data, self._defaults):
            if getattr(cls, name, MISSING) is not value:
                return False
        # Another thread may have changed the class, and so its tag, during the comparison.
        if tag != 0 and tag == version_of(cls):
            with cython.critical_section(self):
                i = self._next
                self._next = (i + 1) % KINDS
                store_tag(&self._tags[i], 0)
                store_type(&self._types[i], <PyObject *> cls)
                store_tag(&self._tags[i], tag)
        return True

    cdef bint of_object(self, object obj, dict own) except -1:
        if not self.of_class(type(obj)):
            return False
        for name in self._names:
            if PyDict_Contains(own, name):
                return False
        return True

    def in_class(self, cls):
        """Return True if a class has all the remembered attributes."""
        return self.of_class(cls)

    def in_object(self, obj):
        """Return True if an object's class has them all, and its ``__dict__`` replaces none."""
        return self.of_object(obj, attributes(obj))


@cython.final
cdef class Bindings:
    """Remembers the values of `names` in a module's namespace; intact() compares them."""

    def __init__(self, dict namespace not None, *names):
        self._namespace = namespace
        self._names = names
        self._values = tuple([namespace[name] for name in names])

    cdef bint intact(self) except -1:
        cdef uint64_t version = dict_version(self._namespace)
        cdef Py_ssize_t i
        if version != 0 and version == self._version:
            return True
        for i in range(len(self._names)):
            if get(self._namespace, self._names[i], None) is not self._values[i]:
                return False
        if version != 0:
            self._version = version
        return True


@cython.final
cdef class Converter:
    """Returns an instance of a class as it is, and for another object otherwise(obj, class).

    The class is looked up by its `name` in a module's namespace, where install() exchanges it.
    """

    cdef dict _namespace
    cdef str _name
    cdef object _otherwise

    def __init__(self, dict namespace not None, str name not None, otherwise):
        self._namespace = namespace
        self._name = name
        self._otherwise = otherwise

    def __call__(self, obj):
        cls = self._namespace[self._name]
        if PyType_IsSubtype(type(obj), cls):
            return obj
        return self._otherwise(obj, cls)


@cython.final
cdef class Setting:
    """An attribute of an object whose value is the attribute `name` of its state.

    state_of(obj) returns the state, a ConnectionState or ResponseState.
    """

    cdef object _state_of
    cdef str _name

    def __init__(self, state_of, str name not None):
        self._state_of = state_of
        self._name = name

    def __get__(self, obj, owner):
        return self if obj is None else getattr(self._state_of(obj), self._name)

    def __set__(self, obj, value):
        setattr(self._state_of(obj), self._name, value)

    def __delete__(self, obj):
        """Give the attribute its default again."""
        setattr(self._state_of(obj), self._name, None)
