#include "auth/login_list.h"

#include "base/encode.h"

#define KEY_SIZE (TOKEN_HASH_LEN / 2)

bool login_list_put(struct str old, struct buf *value, void *data, struct err *err)
{
	struct login_list_change *change = data;
	char added[KEY_SIZE];
	size_t count = 1;

	if (!hex_decode(added, sizeof(added), str_cstr(change->added)))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	memset(change->dropped, '0', TOKEN_HASH_LEN);
	buf_put(value, added, sizeof(added));
	for (; old.len >= KEY_SIZE; old = str_skip(old, KEY_SIZE)) {
		if (memcmp(old.ptr, added, KEY_SIZE) == 0)
			continue;
		if (count++ < LOGINS_MAX)
			buf_put(value, old.ptr, KEY_SIZE);
		else
			hex_encode(change->dropped, old.ptr, KEY_SIZE);
	}
	return true;
}
