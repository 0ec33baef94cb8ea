import { packageConfig } from "../../tsup.base.ts";

export default packageConfig(["src/cli.ts"]);
