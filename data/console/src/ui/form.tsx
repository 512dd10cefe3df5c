/** A form whose button is busy during its action, and which shows a failure. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/http.ts";
import { asProblem } from "../model/resource.ts";
import { Trouble } from "./basics.tsx";

export interface FormProps {
	/** The text of the button. */
	verb: string;
	submit: (data: FormData) => Promise<unknown>;
	children: ComponentChildren;
}

export function Form({ verb, submit, children }: FormProps) {
	const [isBusy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const onSubmit = async (event: SubmitEvent) => {
		event.preventDefault();
		setBusy(true);
		setProblem(undefined);
		try {
			await submit(new FormData(event.currentTarget as HTMLFormElement));
		} catch (error) {
			setProblem(asProblem(error));
		}
		setBusy(false);
	};
	return (
		<form class="dialog" onSubmit={onSubmit}>
			{children}
			{problem && <Trouble problem={problem} />}
			<footer>
				<button type="submit" class="primary" disabled={isBusy} aria-busy={isBusy}>
					{verb}
				</button>
			</footer>
		</form>
	);
}
