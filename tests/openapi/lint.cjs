/*
 * Lints the OpenAPI documents of its arguments and prints one line of JSON per finding. The library is
 * found by NODE_PATH: `bootstrap check` installs the dependencies of package.json there.
 */
"use strict";

const { createConfig, lint } = require("@redocly/openapi-core");

// Exceptions: the documents are served by the service itself (server "/"), and refusals that all
// operations share are documented only where they differ.
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
