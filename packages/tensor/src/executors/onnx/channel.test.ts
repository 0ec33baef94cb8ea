// A thread that cannot start.
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { workerChannel } from "./channel.ts";

it("says what to do where a bundler left the file of the thread behind", async () => {
  const channel = workerChannel(pathToFileURL("/no/such/folder/onnxWorker.js"));
  const text =
    "onnx executor: the file of its thread, /no/such/folder/onnxWorker.js, is not there, as in a program bundled into one file " +
    '(leave @llm/tensor out of the bundle, as an external package, or take onnxExecutor({ thread: "main" }))';
  await expect(channel.send({ kind: "providers" })).rejects.toThrow(text);
  await expect(channel.send({ kind: "providers" })).rejects.toThrow(text);
  expect(channel.broken).toBe(false);
  await channel.close();
});
