/* SPDX-License-Identifier: MIT */
/* What a request may consist of: legal beyond doubt, or somebody else decides. */
#ifndef HTTP1_REQUEST_H
#define HTTP1_REQUEST_H

#include "http1.h"

enum http1_rc http1_method(const uint8_t *buf, size_t end);
enum http1_rc http1_target(const uint8_t *buf, size_t end);
enum http1_rc http1_field_name(const uint8_t *buf, size_t end);
enum http1_rc http1_field_value(const uint8_t *buf, size_t end);

#endif
