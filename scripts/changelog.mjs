// How changesets writes changelogs: each change as it was described, and one line for the packages of ours that were raised.
// (Its own writer lists the commit of every change in every one of them.)

/** The entry of one change. Called by changesets, as set in `.changeset/config.json`. */
export async function getReleaseLine({ commit, summary }) {
  const place = commit ? `${commit.slice(0, 7)}: ` : "";
  return `- ${place}${summary.trim().replaceAll("\n", "\n  ")}`;
}

/** The entry for the packages that a package depends on; none where none was raised. */
export async function getDependencyReleaseLine(_changesets, raised) {
  return raised.length === 0
    ? ""
    : `- Needs ${raised.map(({ name, newVersion }) => `${name}@${newVersion}`).join(", ")}.`;
}
