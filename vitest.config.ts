import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const conditions = ["@llm/source"];
const workersFromSource = fileURLToPath(new URL("scripts/workersFromSource.mjs", import.meta.url));

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "tests/**/*.test.ts", "scripts/**/*.test.ts"],
    setupFiles: ["tests/failOnConsole.ts"],
    pool: "forks",
    // Workers started by the code under test inherit this, so they run from TypeScript sources as well.
    execArgv: ["--import", workersFromSource, "--conditions=@llm/source", "--expose-gc"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
