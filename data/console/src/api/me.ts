/** Who the caller is: GET /v1/me. */
import { Problem, read } from "./http.ts";
import type { Caller, Usage } from "./types.ts";

/** An integer that a double cannot hold is a bigint. */
const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint";

function isUsage(value: Usage | undefined): boolean {
	return isNumber(value?.used) && (value!.limit === null || isNumber(value!.limit));
}

/** Has the members that every page needs. */
function isCaller({ tenant, user, rights, tasks, bytes }: Partial<Caller>): boolean {
	const isNamed = typeof tenant === "string" && typeof user === "string";
	const hasRights = Array.isArray(rights) && rights.every((right) => typeof right === "string");
	return isNamed && hasRights && isUsage(tasks) && isUsage(bytes);
}

/** Something in between may answer in the place of the service. */
export async function readCaller(signal?: AbortSignal): Promise<Caller> {
	const caller = await read<Caller>("/v1/me", {}, signal);
	if (!isCaller(caller)) throw new Problem(0, { title: "The answer is not of the service." });
	return caller;
}
