#pragma once
/*
 * The reasons of refusals, shared by the authorizer, the verifiers and the dialects.
 */

/* X-Polytask-Reason: nginx chooses the response body by it. */
#define AUTH_MISSING  "CredentialMissing"
#define AUTH_DENIED   "AccessDenied"
#define AUTH_EXPIRED  "CredentialExpired"
#define AUTH_REVOKED  "CredentialRevoked"
#define AUTH_MISMATCH "SignatureDoesNotMatch"
#define AUTH_SKEWED   "RequestTimeTooSkewed"
