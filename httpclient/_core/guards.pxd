# SPDX-License-Identifier: MIT
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t

cdef enum:
    KINDS = 4       # classes that one Originals remembers


cdef class Originals:
    cdef tuple _names           # looked for in the class and in the object
    cdef tuple _values
    cdef tuple _data            # in the class alone: attributes that objects have
    cdef tuple _defaults
    cdef PyObject *_types[KINDS]    # the classes compared last, borrowed: only compared
    cdef unsigned int _tags[KINDS]  # their versions then; 0: none
    cdef int _next

    cdef bint of_class(self, object cls) except -1
    cdef bint of_object(self, object obj, dict own) except -1


cdef class Bindings:
    cdef dict _namespace
    cdef uint64_t _version      # of the namespace, when it was intact
    cdef tuple _names
    cdef tuple _values

    cdef bint intact(self) except -1


cdef extern from *:
    """
    /* A new reference to d[key], or to `otherwise`: in free-threaded Python a borrowed one
       may be gone before it is counted. */
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
    /* An object's __dict__, or an empty dict: those of other classes may have none. */
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
