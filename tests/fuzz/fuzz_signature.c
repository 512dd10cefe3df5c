/* Parses the header field of a signed request, and its date. Accepted parts must be in range. */
#include <stdlib.h>

#include "auth/signature.h"
#include "base/date.h"
#include "fuzz_input.h"
#include "http/content_md5.h"

/* Years 1 to 9999, with a day of slack for the zone. */
#define DATE_LEAST (-62135596800000 - 86400000)
#define DATE_MOST  (253402300799000 + 86400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct str user = STR_NULL, signature = STR_NULL;
	char digest[CONTENT_MD5_SIZE];
	int64_t ms = 0;

	if (signature_split(text, &user, &signature)) {
		if (user.len == 0 || signature.len == 0 || user.len + signature.len >= text.len)
			abort();
		if (memchr(signature.ptr, ':', signature.len))
			abort();
	} else if (user.ptr || signature.ptr) {
		abort();
	}
	if (date_parse_rfc5322(&ms, text)) {
		if (ms < DATE_LEAST || ms > DATE_MOST)
			abort();
	} else if (ms != 0) {
		abort();
	}
	if (!content_md5(text, digest) || !signature_equal(str_cstr(digest), digest))
		abort();
	if (size != strlen(digest) && signature_equal(text, digest))
		abort();
	return 0;
}
