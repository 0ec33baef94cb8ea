// Uploading a model folder to the Hugging Face hub, by its own client.
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { TrainError } from "../errors.ts";

export interface PushToHubOptions {
  /** The folder to upload, as `writeHubFolder` makes it. Files whose name begins with a dot stay here. */
  readonly folder: string;
  /** `"owner/name"`; made where there is none. */
  readonly repository: string;
  /** With the right to write. Default: the environment's `HF_TOKEN`. */
  readonly token?: string | undefined;
  /** Only for a repository that is made. Default false. */
  readonly private?: boolean;
  /** Default "Upload model". */
  readonly message?: string;
  /** Another hub, for example one in the house. Default https://huggingface.co. */
  readonly url?: string;
}

/**
 * Uploads all files of a folder as one commit. Needs the package `@huggingface/hub`.
 *
 * Throws a `TrainError` without the package, without a token, for an empty folder, and with the hub's words when it refuses.
 *
 * @returns the commit's page.
 */
export async function pushToHub(options: PushToHubOptions): Promise<string> {
  const { folder, repository, token = process.env.HF_TOKEN, message = "Upload model", url } = options;
  if (!token) throw new TrainError("pushToHub: token expected, got none (give token, or set HF_TOKEN)");
  const hub = await import("@huggingface/hub").catch((error: Error) => {
    throw new TrainError("pushToHub: the package @huggingface/hub is missing (npm install @huggingface/hub)", {
      cause: error,
    });
  });
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name));
  if (names.length === 0) throw new TrainError(`pushToHub: ${folder} has no files (write it with writeHubFolder)`);
  const common = {
    repo: { type: "model", name: repository },
    accessToken: token,
    ...(url && { hubUrl: url }),
  } as const;
  try {
    await hub.createRepo({ ...common, visibility: options.private ? "private" : "public" }).catch((error: Error) => {
      // It is there already.
      if (!(error instanceof hub.HubApiError && error.statusCode === 409)) throw error;
    });
    const files = names.map((path) => ({
      path: relative(folder, path).replaceAll("\\", "/"),
      content: pathToFileURL(path),
    }));
    const output = await hub.uploadFiles({ ...common, files, commitTitle: message });
    return output!.commit.url;
  } catch (error) {
    throw new TrainError(`pushToHub: ${repository} could not be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
