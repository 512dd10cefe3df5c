/*
 * Lints the OpenAPI documents that are named: one line of JSON a finding. Its library is looked for in
 * NODE_PATH, where `bootstrap check` has installed package.json.
 */
"use strict";

const { createConfig, lint } = require("@redocly/openapi-core");

// What is ours to decide: documents lie beside the service (server "/"), and the refusals that every
// operation shares are documented where they differ.
const rules = {
	extends: ["recommended"],
	rules: {
		"info-license": "off",
		"info-license-url": "off",
		"no-ambiguous-paths": "off",
		"no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
		"no-invalid-schema-examples": { severity: "error", allowAdditionalProperties: true },
		"no-invalid-parameter-examples": { severity: "error", allowAdditionalProperties: true },
		"operation-4xx-response": "off",
	},
};

async function main(files) {
	const config = await createConfig(rules);

	for (const file of files) {
		for (const problem of await lint({ ref: file, config })) {
			const at = problem.location[0];

			console.log(
				JSON.stringify({
					file,
					severity: problem.severity,
					rule: problem.ruleId,
					pointer: at ? at.pointer : "",
					message: problem.message,
				}),
			);
		}
	}
	console.log(JSON.stringify({ files: files.length }));
}

main(process.argv.slice(2)).catch((error) => {
	console.error(error);
	process.exit(1);
});
