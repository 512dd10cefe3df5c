#pragma once
/*
 * For this folder only: the credential that a request brings, found but not judged. Each way in
 * which a client may send one is a function here; authorize.c says which ways a dialect has.
 */
#include "base/err.h"
#include "http/request.h"

/* Fields of a form: as many as the dialect reads (fourhse_list_params.c). */
#define CREDENTIAL_FORM_MAX 128

enum credential_kind {
	CREDENTIAL_NONE = 0,
	CREDENTIAL_MALFORMED, /* one that cannot be read, or that stands twice */
	CREDENTIAL_TOKEN,
	CREDENTIAL_VIRTSHELL,
	CREDENTIAL_UPLYNK,
	CREDENTIAL_KINDS
};

/* Texts are borrowed from the request and its memory. */
struct credential {
	enum credential_kind kind;
	struct str text;      /* the token; VirtShell's header; Uplynk's msg */
	struct str signature; /* Uplynk's sig */
};

/*
 * One way: leaves the credential alone when nothing was sent that way. False only with
 * ERR_NO_MEMORY.
 */
typedef bool credential_extractor(
	const struct request *request, struct credential *credential, struct err *err);

/* Authorization: Bearer TOKEN (RFC 6750); also Authorization of other schemes is no bearer. */
credential_extractor credential_bearer;
/* Vionlabs (contract §1.5): ?key=TOKEN, X-API-Key: TOKEN. */
credential_extractor credential_query_key;
credential_extractor credential_api_key;
/* 4HSE (contract §3.7): ?access-token=TOKEN, or the same as a field of a form in the body. A body
 * that is no form of at most CREDENTIAL_FORM_MAX fields holds none. */
credential_extractor credential_query_access_token;
credential_extractor credential_form_access_token;
/* VirtShell (contract §5.6): X-VirtShell-Authorization, or whatever else is in Authorization. */
credential_extractor credential_virtshell;
credential_extractor credential_virtshell_standard;
/* Uplynk (contract §2.5): ?msg=MSG&sig=SIG, or Authorization: MSG SIG. */
credential_extractor credential_uplynk_query;
credential_extractor credential_uplynk_header;
