/** The users of the tenant. The operator creates them with polytaskctl; an administrator can end them here. */
import { useEffect, useState } from "preact/hooks";
import { listUsers } from "../api/users.ts";
import { Empty, Loading, Trouble } from "../ui/basics.tsx";
import { useShortcuts } from "../ui/keys.ts";
import { More, usePages } from "../ui/pages.tsx";
import { UserRow } from "./users/user.tsx";

export function UsersPage() {
	const pages = usePages(listUsers, []);
	const [name, setName] = useState("");
	const { data, problem } = pages;
	useShortcuts([{ key: "/", about: "Search", run: () => document.getElementById("name")?.focus() }]);
	// A search looks at all users: the service cannot search by name.
	useEffect(() => {
		if (name) pages.more().catch(() => {});
	}, [name, data?.next]);
	const found = data?.items.filter((user) => user.name.toLowerCase().includes(name.toLowerCase())) ?? [];
	return (
		<div class="page">
			<header>
				<h1>Users</h1>
				<input
					id="name"
					type="search"
					placeholder="Name"
					aria-label="Search by name"
					value={name}
					onInput={(event) => setName(event.currentTarget.value.trim())}
				/>
			</header>
			{problem?.status === 404 && (
				<Empty title="This service does not show its users">
					<p>It is older than this page. The operator sees them with polytaskctl user list.</p>
				</Empty>
			)}
			{problem && problem.status !== 404 && <Trouble problem={problem} retry={pages.reload} />}
			{!data && !problem && <Loading />}
			{data && !found.length && !data.next && <Empty title="No user has such a name" />}
			<ul class="users">
				{found.map((user) => (
					<UserRow key={user.id} of={user} done={pages.replace} />
				))}
			</ul>
			<More of={pages} />
		</div>
	);
}
