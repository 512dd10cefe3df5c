/** The OpenAPI documents of all APIs that the service speaks. */
import { read } from "./http.ts";

/** An object of a document. Its members are of any type: documents are shown, not validated. */
export type JsonObject = Record<string, unknown>;

export interface Entry {
	name: string;
	/** The address below which the API is. */
	anchor: string;
	document: string;
	/** The address of its description in Markdown. */
	page: string | undefined;
}

interface Linkset {
	linkset: { anchor: string; "service-desc"?: { href: string }[]; "service-doc"?: { href: string }[] }[];
}

/** Reads the linkset of the APIs (RFC 9264); leaves out an API without a document. */
export async function listDocuments(signal?: AbortSignal): Promise<Entry[]> {
	return (await read<Linkset>("/v1/openapi/", {}, signal)).linkset.flatMap((link) => {
		const document = link["service-desc"]?.[0]?.href ?? "";
		const name = /([^/]+)\.json$/.exec(document)?.[1];
		return name ? [{ name, anchor: link.anchor, document, page: link["service-doc"]?.[0]?.href }] : [];
	});
}

export function readDocument(path: string, signal?: AbortSignal): Promise<JsonObject> {
	return read(path, {}, signal);
}
