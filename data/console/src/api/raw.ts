/** GET requests whose response is returned as it was sent, whatever its status. */
import { sendOnce } from "./http.ts";

export interface RawAnswer {
	status: number;
	text: string;
	isJson: boolean;
}

/**
 * A 401 does not end the session, because a token may be for some APIs only. Throws a Problem if the service cannot be
 * reached.
 */
export async function readRaw(
	path: string,
	headers: Record<string, string>,
	signal: AbortSignal,
): Promise<RawAnswer> {
	const response = await sendOnce(path, { headers, signal });
	const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
	return { status: response.status, text: await response.text(), isJson };
}
