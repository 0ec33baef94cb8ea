// Checks that the pending changesets can be released: changesets reads its own settings and every pending file.
import getReleasePlan from "@changesets/get-release-plan";
import { type CheckResult, publishedPackages, repositoryRoot } from "./workspace.ts";

export async function checkChangesets(): Promise<CheckResult> {
  try {
    const { changesets, releases } = await getReleasePlan(repositoryRoot);
    const published = new Set(publishedPackages().map(({ manifest }) => manifest.name));
    const raised = releases.filter(({ type }) => type !== "none");
    const problems = changesets.flatMap(({ id, releases: named }) =>
      named
        .filter(({ name }) => !published.has(name))
        .map(({ name }) => `.changeset/${id}.md: ${name} is not published (name a package under packages/)`),
    );
    return { problems, summary: `${changesets.length} pending, ${raised.length} packages to release` };
  } catch (error) {
    return { problems: [`.changeset: ${(error as Error).message}`], summary: "" };
  }
}
