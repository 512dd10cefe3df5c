#include "auth/user_network.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "auth/auth_record.h"
#include "base/encode.h"

/* Differs by user, so that the records do not show which users share a network. */
static bool network_digest(
	char digest[USER_NETWORK_DIGITS + 1], const char *name, struct str network, struct err *err)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	bool ok;

	buf_put_str(&text, str_cstr(name));
	buf_putc(&text, '\0');
	buf_put_str(&text, network);
	ok = buf_ok(&text) && EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL) == 1;
	buf_free(&text);
	if (!ok)
		return err_no_memory(err);
	hex_encode(digest, hash, USER_NETWORK_DIGITS / 2);
	return true;
}

bool user_knows_network(const struct user *user, struct str network)
{
	char digest[USER_NETWORK_DIGITS + 1];
	struct err err;

	return user->networks[0] && network_digest(digest, user->name, network, &err) &&
	       strstr(user->networks, digest) != NULL;
}

/* Puts the digest first. Of the others, as many stay as have room; each follows a comma. */
static bool apply_network(void *record, const void *data, struct err *err)
{
	struct user *user = record;
	const char *digest = data;
	struct str rest = str_cstr(user->networks);
	char networks[USER_NETWORKS_SIZE];
	size_t len = USER_NETWORK_DIGITS;

	(void)err;
	memcpy(networks, digest, len);
	while (rest.len > 0) {
		struct str other = str_split_next(&rest, ',');

		if (str_eq(other, str_cstr(digest)) || len + 1 + other.len >= sizeof(networks))
			continue;
		networks[len++] = ',';
		memcpy(networks + len, other.ptr, other.len);
		len += other.len;
	}
	networks[len] = '\0';
	memcpy(user->networks, networks, len + 1);
	return true;
}

bool user_note_network(
	struct store *store, const struct user *user, struct str network, struct err *err)
{
	char digest[USER_NETWORK_DIGITS + 1];
	struct user changed;
	const struct auth_record_update update = { &user_kind, user->name, &changed, apply_network,
		digest };

	if (!network_digest(digest, user->name, network, err))
		return false;
	/* Most logins are from the network of the last one: they write nothing. */
	return str_starts(str_cstr(user->networks), str_cstr(digest)) ||
	       auth_record_update(store, &update, err);
}
