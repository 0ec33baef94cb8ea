import { packageConfig } from "../../tsup.base.ts";

// Worker threads are loaded by URL: they must lie beside the bundle (see countFiles.ts).
export default packageConfig(["src/countWorker.ts"]);
