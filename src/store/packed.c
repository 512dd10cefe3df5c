#include "store/packed.h"

void packed_put_long_number(struct buf *out, uint64_t value)
{
	uint8_t bytes[10];
	size_t len = 0;

	for (; value > 0x7F; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	buf_put(out, bytes, len);
}

void packed_put_text(struct buf *out, struct str text)
{
	if (text.len > PACKED_TEXT_MAX) {
		out->failed = true;
		return;
	}
	packed_put_number(out, text.len);
	buf_put_str(out, text);
}

bool packed_read_long_number(struct str *in, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < in->len && i < 10; i++) {
		uint8_t byte = (uint8_t)in->ptr[i];

		if ((i == 9 && byte > 1) || (i > 0 && byte == 0))
			return false;
		sum |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			*value = sum;
			*in = str_skip(*in, i + 1);
			return true;
		}
	}
	return false;
}

bool packed_read_text(struct str *in, struct str *text)
{
	uint64_t len;

	if (!packed_read_number(in, &len) || len > in->len)
		return false;
	*text = (struct str){ in->ptr, (size_t)len };
	*in = str_skip(*in, (size_t)len);
	return true;
}
