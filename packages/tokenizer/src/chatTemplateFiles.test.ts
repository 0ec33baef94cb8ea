import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadChatTemplate } from "./chatTemplateFiles.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chat-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const writeConfig = (config: object): Promise<void> =>
  writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));

it("reads the template and the special tokens of tokenizer_config.json", async () => {
  const chat_template = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}";
  await writeConfig({
    chat_template,
    bos_token: "<s>",
    eos_token: { content: "</s>", lstrip: false },
    pad_token: null,
  });
  expect((await loadChatTemplate(folder)).render([{ role: "user", content: "hi" }])).toBe("<s>hi</s>");
});

it("picks a template by name", async () => {
  await writeConfig({
    chat_template: [
      { name: "default", template: "plain" },
      { name: "tool_use", template: "tools" },
    ],
  });
  expect((await loadChatTemplate(folder)).render([])).toBe("plain");
  expect((await loadChatTemplate(folder, "tool_use")).render([])).toBe("tools");
  await expect(loadChatTemplate(folder, "rag")).rejects.toThrow('a chat_template named "rag"');
});

it("prefers the template files of newer models", async () => {
  await writeConfig({ chat_template: "old", bos_token: "<s>" });
  await writeFile(join(folder, "chat_template.jinja"), "new {{ bos_token }}");
  await mkdir(join(folder, "additional_chat_templates"));
  await writeFile(join(folder, "additional_chat_templates/rag.jinja"), "rag");
  expect((await loadChatTemplate(folder)).render([])).toBe("new <s>");
  expect((await loadChatTemplate(folder, "rag")).render([])).toBe("rag");
});

it("says what is missing or broken", async () => {
  await expect(loadChatTemplate(folder)).rejects.toThrow(`in ${folder}, found neither (base models have none`);
  await writeFile(join(folder, "tokenizer_config.json"), "{");
  await expect(loadChatTemplate(folder)).rejects.toThrow("tokenizer_config.json: not valid JSON");
  await writeConfig({ chat_template: 5 });
  await expect(loadChatTemplate(folder)).rejects.toThrow("chat_template: expected an array, got 5");
});
