#include "admin/export_sum.h"

bool export_sum_begin(EVP_MD_CTX *sum)
{
	return sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1;
}

bool export_sum_add(EVP_MD_CTX *sum, struct str line)
{
	return EVP_DigestUpdate(sum, line.ptr, line.len) == 1 &&
	       EVP_DigestUpdate(sum, "\n", 1) == 1;
}

bool export_sum_end(EVP_MD_CTX *sum, char text[HEX_SIZE(EXPORT_SUM_SIZE)])
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_DigestFinal_ex(sum, bytes, &len) != 1 || len != EXPORT_SUM_SIZE)
		return false;
	hex_encode(text, bytes, len);
	return true;
}
