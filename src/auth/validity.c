#include "auth/validity.h"

enum validity validity_at(bool revoked, int64_t expires, int64_t now)
{
	if (revoked)
		return VALIDITY_REVOKED;
	return expires != 0 && now >= expires ? VALIDITY_EXPIRED : VALIDITY_LIVE;
}

int64_t validity_earlier_end(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

int64_t validity_renewed_end(int64_t start, int64_t expires, int64_t now)
{
	return start == 0 || expires <= start ? expires : now + expires - start;
}
