#pragma once
/* The header field Content-MD5 (RFC 1864): base64 of the MD5 of a body. */
#include "base/str.h"

#define CONTENT_MD5_SIZE 25 /* 24 characters and a NUL */

/* False if memory is exhausted. */
bool content_md5(struct str body, char text[CONTENT_MD5_SIZE]);
