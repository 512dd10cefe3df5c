#pragma once
/*
 * Names of users: 1 to 254 bytes of UTF-8, the longest e-mail address (RFC 5321 section
 * 4.5.3.1.3). A name contains no control character, blank, invisible character or combining mark
 * of Latin letters, and none of the specials of RFC 5322 section 3.2.3 but '.' and '@': these
 * separate the parts of header fields and lists.
 *
 * New names are stored with ASCII letters in lower case, so no two of them differ in case only.
 * Other characters are compared by their bytes: there is no Unicode normalisation, and a letter
 * with a combining mark, such as U+0301, is rejected instead of being another name for U+00E9.
 */
#include "base/str.h"

#define USER_NAME_MAX 255 /* with the NUL */

bool user_name_is_valid(struct str name);
/*
 * Writes the stored form of a name, which ends with a NUL. Returns false and leaves *folded
 * unchanged if the name is not valid.
 */
bool user_name_fold(struct str name, char folded[USER_NAME_MAX]);
