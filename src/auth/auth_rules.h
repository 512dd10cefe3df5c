#pragma once
/*
 * Values shared by the authorizer and the verifiers: the accepted clock skew and the reasons of
 * refusals.
 */
#include <stdint.h>

/* Largest accepted difference between our clock and a signed request's, in either direction. */
struct auth_clock_skew {
	int64_t virtshell_ms; /* header field Date */
	int64_t uplynk_ms;    /* member _timestamp of the message */
};

/* X-Polytask-Reason: nginx chooses the response body by it. */
#define AUTH_MISSING  "CredentialMissing"
#define AUTH_DENIED   "AccessDenied"
#define AUTH_EXPIRED  "CredentialExpired"
#define AUTH_REVOKED  "CredentialRevoked"
#define AUTH_MISMATCH "SignatureDoesNotMatch"
#define AUTH_SKEWED   "RequestTimeTooSkewed"
