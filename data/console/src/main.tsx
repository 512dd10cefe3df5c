/** The entry point: starts the parts that live as long as the page, and draws it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { startLive } from "./model/live.ts";
import { startRouter } from "./model/router.ts";
import { startKeys } from "./ui/keys.ts";
import { startTheme } from "./ui/theme.ts";

startTheme();
startRouter();
startKeys();
startLive();
render(<App />, document.getElementById("app")!);
