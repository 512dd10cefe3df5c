#include "auth/credential_id.h"

#include <openssl/evp.h>

#include "base/encode.h"

#define TAG_SIZE   16
#define HASH_SIZE  (TOKEN_HASH_LEN / 2)
#define PLAIN_SIZE (1 + AUTH_NAME_MAX) /* the table, then the hash as bytes or the id of a key */
#define ID_BYTES   (TAG_SIZE + PLAIN_SIZE)

_Static_assert(BASE64URL_SIZE(ID_BYTES) <= ACCESS_ID_SIZE, "an id fits");
_Static_assert(CREDENTIAL_KEY_SIZE >= AUTH_NAME_MAX, "the id of a key fits");
_Static_assert(HASH_SIZE < AUTH_NAME_MAX, "a hash fits");

void credential_ids_init(struct credential_ids *ids, const struct store *store)
{
	store_auth_secret(store, STR("ids of credentials"), ids->secret);
}

/*
 * Encrypts `len` bytes and writes the tag, or decrypts them and compares it: *valid tells whether
 * it matches. Returns false if there is no memory.
 */
static bool run_cipher(const struct credential_ids *ids, bool encrypt, uint8_t tag[TAG_SIZE],
	const uint8_t *in, int len, uint8_t *out, bool *valid)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-SIV", NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int written;
	bool ok = cipher && context &&
		  EVP_CipherInit_ex2(context, cipher, ids->secret, NULL, encrypt, NULL) == 1 &&
		  (encrypt ||
			  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1);

	*valid = ok && EVP_CipherUpdate(context, out, &written, in, len) == 1 && written == len;
	if (encrypt)
		ok = *valid &&
		     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	return ok;
}

bool credential_id_make(const struct credential_ids *ids, enum store_table table, struct str key,
	char id[ACCESS_ID_SIZE], struct err *err)
{
	uint8_t plain[PLAIN_SIZE] = { (uint8_t)table }, bytes[ID_BYTES];
	size_t len = key.len;
	bool valid;

	if (table == STORE_TOKENS) {
		len = HASH_SIZE;
		if (!hex_decode(plain + 1, HASH_SIZE, key))
			return err_set(err, ERR_INTERNAL, NULL, NULL);
	} else {
		memcpy(plain + 1, key.ptr, len);
	}
	if (!run_cipher(ids, true, bytes, plain, (int)len + 1, bytes + TAG_SIZE, &valid))
		return err_no_memory(err);
	base64url_encode(id, bytes, TAG_SIZE + 1 + len);
	return true;
}

bool credential_id_parse(const struct credential_ids *ids, struct str id, enum store_table *table,
	char key[CREDENTIAL_KEY_SIZE], bool *valid, struct err *err)
{
	uint8_t plain[PLAIN_SIZE], bytes[ID_BYTES];
	size_t len = 0;

	*valid = base64url_decode(bytes, sizeof(bytes), &len, id) && len > TAG_SIZE + 1;
	if (!*valid)
		return true;
	len -= TAG_SIZE;
	if (!run_cipher(ids, false, bytes, bytes + TAG_SIZE, (int)len, plain, valid))
		return err_no_memory(err);
	if (!*valid)
		return true;
	*table = (enum store_table)plain[0];
	memset(key, 0, CREDENTIAL_KEY_SIZE);
	if (*table == STORE_TOKENS)
		hex_encode(key, plain + 1, HASH_SIZE);
	else
		memcpy(key, plain + 1, len - 1);
	return true;
}
