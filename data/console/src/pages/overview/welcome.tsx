/** Shown instead of counts while there is no task: how to create the first one. */
import { Copy } from "../../ui/basics.tsx";

const commandOf = (origin: string) => `curl -H "Authorization: Bearer $POLYTASK_TOKEN" \\
  --json '{"kind": "hello", "fields": {"name": "my first task"}}' \\
  ${origin}/v1/tasks`;

export function Welcome() {
	const command = commandOf(location.origin);
	return (
		<section class="card welcome">
			<h2>Welcome</h2>
			<p>
				Polytask keeps tasks that clients of six APIs create, and hands them to workers. Here you see all of
				them together. There is none yet; this creates the first:
			</p>
			<pre>{command}</pre>
			<Copy text={command} label="Copy the command" />
			<p>
				If curl does not know the certificate, add <code>--cacert "$POLYTASK_CACERT"</code>. To look around,
				start a service by <code>./bootstrap run --demo</code>: it has a sandbox whose tasks move by
				themselves.
			</p>
		</section>
	);
}
