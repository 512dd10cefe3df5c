/** Ends a user or a credential: at a time, never, or at once and permanently. */
import { useState } from "preact/hooks";
import { revokeAccess, setEnd, type Access } from "../../api/users.ts";
import { localTime, zone } from "../../model/clock.ts";
import { caller } from "../../model/session.ts";
import { Action } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";

export interface EndingProps<T extends Access> {
	of: T;
	name: string;
	/** The consequences of a revocation. */
	about: string;
	/** Called with the changed user or credential. */
	done: (next: T) => void;
}

const DELAY = "It takes up to 5 s until this applies to all requests.";

function EndDialog<T extends Access>({ of, name, done, close }: EndingProps<T> & { close: () => void }) {
	const [end, setTime] = useState(of.expires_at ? localTime(Date.parse(of.expires_at)) : "");
	return (
		<Dialog title={`Set the end of ${name}`} close={close}>
			<label>
				Time, in {zone}
				<input
					type="datetime-local"
					max="9999-12-31T23:59"
					value={end}
					onInput={(event) => setTime(event.currentTarget.value)}
				/>
			</label>
			<p>{DELAY}</p>
			<footer>
				<Action run={async () => done(await setEnd(of, null))}>Never</Action>
				<Action
					kind="primary"
					disabled={!end}
					run={async () => done(await setEnd(of, new Date(end).toISOString()))}
				>
					Set the end
				</Action>
			</footer>
		</Dialog>
	);
}

function RevokeDialog<T extends Access>({
	of,
	name,
	about,
	done,
	close,
}: EndingProps<T> & { close: () => void }) {
	return (
		<Dialog title={`Revoke ${name}?`} close={close}>
			<p>{about} This cannot be undone.</p>
			<p>{DELAY}</p>
			<footer>
				<Action kind="danger" run={async () => done(await revokeAccess(of))}>
					Revoke
				</Action>
			</footer>
		</Dialog>
	);
}

/** The buttons for changes that the service allows. */
export function Ending<T extends Access>(props: EndingProps<T> & { hasEnd: boolean }) {
	const { of, name, hasEnd } = props;
	const [open, setOpen] = useState("");
	if (of.state === "revoked" || of.id === caller.value?.user) return null;
	const Opened = open === "end" ? EndDialog<T> : RevokeDialog<T>;
	const done = (next: T) => (setOpen(""), props.done(next));
	return (
		<span class="ending">
			{hasEnd && (
				<button type="button" aria-label={`Set end… ${name}`} onClick={() => setOpen("end")}>
					Set end…
				</button>
			)}
			<button type="button" class="danger" aria-label={`Revoke… ${name}`} onClick={() => setOpen("revoke")}>
				Revoke…
			</button>
			{open && <Opened {...props} done={done} close={() => setOpen("")} />}
		</span>
	);
}
