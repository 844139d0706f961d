# SPDX-License-Identifier: MIT
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t

cdef enum:
    KINDS = 4       # classes that one Originals remembers


cdef class Originals:
    cdef tuple _names           # attributes to compare in the class, and to look for in the object
    cdef tuple _values
    cdef tuple _data            # attributes to compare in the class alone
    cdef tuple _defaults
    cdef PyObject *_types[KINDS]    # the classes that passed last; borrowed, so never read
    cdef unsigned int _tags[KINDS]  # their version tags then; 0: none
    cdef int _next

    cdef bint of_class(self, object cls) except -1
    cdef bint of_object(self, object obj, dict own) except -1


cdef class Bindings:
    cdef dict _namespace
    cdef uint64_t _version      # the version of the namespace when it was last intact
    cdef tuple _names
    cdef tuple _values

    cdef bint intact(self) except -1


cdef extern from *:
    """
    /* Returns a new reference to d[key], or to `otherwise`.  Without a GIL, another thread could
       free the value between the look-up and the increment of a borrowed reference. */
    static inline PyObject *
    httpclient_get(PyObject *d, PyObject *key, PyObject *otherwise)
    {
        PyObject *value;
    #if PY_VERSION_HEX >= 0x030D0000
        if (PyDict_GetItemRef(d, key, &value) < 0)
            return NULL;
        if (value != NULL)
            return value;
    #else
        value = PyDict_GetItemWithError(d, key);
        if (value != NULL) {
            Py_INCREF(value);
            return value;
        }
        if (PyErr_Occurred())
            return NULL;
    #endif
        Py_INCREF(otherwise);
        return otherwise;
    }
    /* Returns an object's __dict__, or an empty dict if it has none. */
    static inline PyObject *
    httpclient_attributes(PyObject *obj)
    {
        PyObject *own = PyObject_GenericGetDict(obj, NULL);
        if (own == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            own = PyDict_New();
        }
        return own;
    }
    #define httpclient_set_attributes(obj, own) PyObject_GenericSetDict(obj, own, NULL)
    """
    object get "httpclient_get"(dict d, object key, object otherwise)
    dict attributes "httpclient_attributes"(object obj)
    int set_attributes "httpclient_set_attributes"(object obj, dict own) except -1
