#pragma once
/*
 * Commands export (export_command.c) and import (import_command.c). An export is lines of JSON:
 *
 *     {"export":"polytask","version":2,"moment":"2026-11-26T16:20:00.123Z"}
 *     a line for each task, with the members of struct task (task/member.c)
 *     {"table":"users","key":"...","value":"..."}, with --all; both texts base64url
 *     {"lost":"...","tenant":"...","why":"..."}, with --salvage; import ignores it
 *     {"end":true,"tasks":2,"rows":1,"sha256":"..."}, of all lines before it
 *
 * In version 1 an absent time is 0 instead of null (task_json.h). Files of still older builds have
 * tasks of version 1 only, and no first and last line.
 */
#include "admin/admin.h"

admin_check_fn admin_check_export, admin_check_import;
admin_run_fn admin_export, admin_import;
/*
 * import --from (import_document.c): reads responses of a vendor's API (document_reader.h). Each
 * object that is refused is reported with its number and the reason, the others are stored.
 */
admin_run_fn admin_import_documents;
