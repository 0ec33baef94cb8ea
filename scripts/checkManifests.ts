// Holds the `package.json` of every published package to one shape, so that no package surprises the one who installs it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CheckResult, publishedPackages, repositoryRoot, type WorkspacePackage } from "./workspace.ts";

const engine = ">=20.19";
const publishedFiles = ["dist", "src", "README.md", "CHANGELOG.md", "LICENSE"];

/** One line for each rule that a package's manifest breaks; `hasFile` tells whether its folder holds a file. */
export function manifestProblems(
  { folder, manifest }: WorkspacePackage,
  hasFile: (name: string) => boolean = (name) => existsSync(join(repositoryRoot, folder, name)),
): string[] {
  const rules: readonly [holds: boolean, rule: string][] = [
    [manifest.name === `@llm/${folder.split("/").at(-1)}`, `name is @llm/ and the folder's name`],
    [!manifest.private, "is not private"],
    [(manifest.description ?? "").length >= 20, "description says in a sentence what it is"],
    [(manifest.keywords ?? []).length >= 3, "keywords name what one would search"],
    [manifest.license === "Apache-2.0", "license is Apache-2.0"],
    [manifest.type === "module", 'type is "module"'],
    [manifest.sideEffects !== undefined, "sideEffects is stated"],
    [manifest.engines?.node === engine, `engines.node is ${engine}`],
    [publishedFiles.every((file) => manifest.files?.includes(file)), `files holds ${publishedFiles.join(", ")}`],
    [manifest.files?.includes("!**/*.test.ts") === true, "files leaves out tests (!**/*.test.ts)"],
    [manifest.files?.includes("!**/__fixtures__") === true, "files leaves out fixtures (!**/__fixtures__)"],
    ["README.md", "LICENSE"].every(hasFile)
      ? [true, ""]
      : [false, "its folder holds README.md and LICENSE (copy the root's LICENSE)"],
    ["." in (manifest.exports ?? {}), 'exports has "."'],
  ];
  const targets = Object.entries(manifest.exports ?? {}).map(([path, target]): [boolean, string] => {
    const complete = typeof target === "object" && Object.keys(target).join() === "@llm/source,types,default";
    return [complete, `exports["${path}"] has @llm/source, types and default, in this order`];
  });
  const workspaceRanges = Object.entries(manifest.dependencies ?? {})
    .filter(([name]) => name.startsWith("@llm/"))
    .map(([name, range]): [boolean, string] => [range === "workspace:^", `depends on ${name} as "workspace:^"`]);
  return [...rules, ...targets, ...workspaceRanges]
    .filter(([holds]) => !holds)
    .map(([, rule]) => `${folder}/package.json: expected that ${rule}`);
}

export function checkManifests(): CheckResult {
  const packages = publishedPackages();
  return {
    problems: packages.flatMap((each) => manifestProblems(each)),
    summary: `${packages.length} packages`,
  };
}
