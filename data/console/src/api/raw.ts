/** GET requests whose response is returned as it was sent, also most errors. */
import { problemOf, sendOnce } from "./http.ts";

export interface RawAnswer {
	status: number;
	text: string;
	isJson: boolean;
}

/**
 * A 401 does not end the session, because a token may be for some APIs only. Throws a Problem if the service cannot be
 * reached, or asks to wait: that is no answer about the task.
 */
export async function readRaw(
	path: string,
	headers: Record<string, string>,
	signal: AbortSignal,
): Promise<RawAnswer> {
	const response = await sendOnce(path, { headers, signal });
	if (response.headers.has("Retry-After")) throw await problemOf(response);
	const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
	return { status: response.status, text: await response.text(), isJson };
}
