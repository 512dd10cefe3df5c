import { render } from "preact";

render(<p>Polytask</p>, document.getElementById("app")!);
